//! How the chunks of task logs are compressed. Each is a gzip member of its own, and those of a file can be joined to one
//! member without being compressed again: Digdag's web pages read no further than to the end of the first.

use flate2::read::MultiGzDecoder;
use flate2::{Compress, Compression, Crc, FlushCompress};
use std::borrow::Cow;
use std::io::{self, Read};
use std::sync::Mutex;

/// Makes a chunk's gzip member. Do this before the transaction begins.
pub fn compress(text: &[u8]) -> Vec<u8> {
    let mut gzip = Vec::with_capacity(text.len() / 2 + 64);
    gzip.extend_from_slice(&HEADER);
    deflate(text, &mut gzip);
    gzip.extend_from_slice(&LAST_BLOCK);
    let mut checksum = Crc::new();
    checksum.update(text);
    gzip.extend_from_slice(&trailer(checksum.sum(), checksum.amount()));
    gzip
}

/// Joins chunks, in order, to one gzip member.
#[derive(Debug, Default)]
pub struct Joined {
    checksum: crc32fast::Hasher,
}

impl Joined {
    /// What stands before the first chunk.
    pub const BEGIN: &[u8] = &HEADER;

    /// What stands for a chunk.
    ///
    /// # Errors
    ///
    /// It is no gzip member.
    pub fn add<'a>(&mut self, gzip: &'a [u8]) -> io::Result<Cow<'a, [u8]>> {
        if let Some((blocks, checksum)) = taken_apart(gzip) {
            self.checksum.combine(&checksum);
            return Ok(Cow::Borrowed(blocks));
        }
        // It was written by a version that did not let its chunks be joined.
        let mut text = vec![];
        MultiGzDecoder::new(gzip).read_to_end(&mut text)?;
        self.checksum.update(&text);
        let mut blocks = vec![];
        deflate(&text, &mut blocks);
        Ok(Cow::Owned(blocks))
    }

    /// What stands behind the last chunk.
    pub fn end(self) -> Vec<u8> {
        let length = self.checksum.total_len();
        [LAST_BLOCK.as_slice(), &trailer(self.checksum.finalize(), length as u32)].concat()
    }
}

/// Deflate, no name, no time, from an unknown system.
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// An empty block that is the last one.
const LAST_BLOCK: [u8; 2] = [3, 0];
/// The end of the empty block that flushing leaves. What comes before the last block then ends with a whole byte.
const FLUSHED: [u8; 4] = [0, 0, 0xff, 0xff];
const TRAILER: usize = 8;

/// Adds the blocks of a text, none of them the last one, to the end of `deflated`.
fn deflate(text: &[u8], deflated: &mut Vec<u8>) {
    // Setting a compressor up costs more time than compressing the log of a usual task, and 300 KB as long as it is kept.
    static COMPRESSOR: Mutex<Option<Compress>> = Mutex::new(None);
    let new = || Compress::new(Compression::default(), false);
    match COMPRESSOR.try_lock() {
        Ok(mut compressor) => deflate_with(compressor.get_or_insert_with(new), text, deflated),
        // Somebody else is at it, with much text perhaps.
        Err(_) => deflate_with(&mut new(), text, deflated),
    }
}

fn deflate_with(compressor: &mut Compress, text: &[u8], deflated: &mut Vec<u8>) {
    compressor.reset();
    loop {
        let done = usize::try_from(compressor.total_in()).unwrap_or(text.len());
        deflated.reserve(text.len() / 2 + 64);
        // It fails only when there is nothing left to do.
        let compressed = compressor.compress_vec(&text[done..], deflated, FlushCompress::Sync);
        let all_in = compressor.total_in() == text.len() as u64;
        if compressed.is_err() || (all_in && deflated.len() < deflated.capacity()) {
            return;
        }
    }
}

/// The blocks of a member, and the checksum of its text; none when it was not made by [`compress`].
fn taken_apart(gzip: &[u8]) -> Option<(&[u8], crc32fast::Hasher)> {
    let rest = gzip.strip_prefix(&HEADER)?;
    let (rest, trailer) = rest.split_at_checked(rest.len().checked_sub(TRAILER)?)?;
    let blocks = rest.strip_suffix(&LAST_BLOCK)?;
    if !blocks.ends_with(&FLUSHED) {
        return None;
    }
    let number =
        |at: usize| -> Option<u32> { Some(u32::from_le_bytes(trailer.get(at..at + 4)?.try_into().ok()?)) };
    Some((blocks, crc32fast::Hasher::new_with_initial_len(number(0)?, number(4)?.into())))
}

fn trailer(checksum: u32, length: u32) -> [u8; TRAILER] {
    let mut trailer = [0; TRAILER];
    trailer[..4].copy_from_slice(&checksum.to_le_bytes());
    trailer[4..].copy_from_slice(&length.to_le_bytes());
    trailer
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn texts() -> Vec<Vec<u8>> {
        let noise = (0..300_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        vec![vec![], b"one line\n".to_vec(), b"x".repeat(1_000_000), noise, b"again\n".to_vec()]
    }

    /// Reads one member, like a program that knows of no others, and wants nothing behind it.
    fn one_member(gzip: &[u8]) -> Vec<u8> {
        let mut decoder = GzDecoder::new(gzip);
        let mut text = vec![];
        decoder.read_to_end(&mut text).unwrap();
        assert!(decoder.into_inner().is_empty());
        text
    }

    fn joined(chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut joined = Joined::default();
        let mut gzip = Joined::BEGIN.to_vec();
        for chunk in chunks {
            gzip.extend_from_slice(&joined.add(chunk).unwrap());
        }
        gzip.extend_from_slice(&joined.end());
        gzip
    }

    #[test]
    fn every_text_comes_back() {
        for text in texts() {
            assert_eq!(one_member(&compress(&text)), text);
        }
    }

    #[test]
    fn chunks_are_joined_without_being_compressed_again() {
        let texts = texts();
        let chunks: Vec<Vec<u8>> = texts.iter().map(|text| compress(text)).collect();
        for chunk in chunks.iter().filter(|chunk| chunk.len() > 30) {
            assert!(matches!(Joined::default().add(chunk).unwrap(), Cow::Borrowed(_)));
        }
        assert_eq!(one_member(&joined(&chunks)), texts.concat());
        assert_eq!(one_member(&joined(&chunks[1..2])), texts[1]);
        assert_eq!(one_member(&joined(&[])), b"");
    }

    #[test]
    fn chunks_of_others_are_joined_too() {
        let mut other = GzEncoder::new(vec![], Compression::best());
        other.write_all(b"from elsewhere\n").unwrap();
        let chunks = [compress(b"one\n"), other.finish().unwrap(), compress(b"two\n")];
        assert_eq!(one_member(&joined(&chunks)), b"one\nfrom elsewhere\ntwo\n");
    }

    #[test]
    fn what_is_no_gzip_is_refused() {
        for gzip in [&b""[..], b"no gzip at all, but long enough to be one", &HEADER] {
            assert!(Joined::default().add(gzip).is_err());
        }
    }
}
