//! The body of a request while it comes in, piece by piece, with its limit; and its unpacking when it is complete.

use super::head::Framing;
use crate::server::error::ApiError;
use flate2::read::{DeflateDecoder, GzDecoder, ZlibDecoder};
use std::io::Read;

/// The longest line between chunks: a size in hexadecimal digits with extensions, or a trailer.
const CHUNK_LINE: usize = 1024;
/// How many trailers may follow the last chunk.
const TRAILERS: usize = 32;

/// A body that is being received.
#[derive(Debug)]
pub struct IncomingBody {
    bytes: Vec<u8>,
    limit: usize,
    expected: Expected,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// So many bytes, at least one, and then the end.
    Rest(u64),
    ChunkSize,
    /// So many bytes of a chunk, at least one.
    Chunk(u64),
    EndOfChunk,
    /// So many have come.
    Trailers(usize),
    Nothing,
}

impl IncomingBody {
    /// Expects a body.
    ///
    /// # Errors
    ///
    /// 413 when it is announced to be longer than the limit in bytes.
    pub fn new(framing: Framing, limit: usize) -> Result<Self, ApiError> {
        let expected = match framing {
            Framing::None | Framing::Length(0) => Expected::Nothing,
            Framing::Length(length) if length > limit as u64 => return Err(too_long(limit)),
            Framing::Length(length) => Expected::Rest(length),
            Framing::Chunked => Expected::ChunkSize,
        };
        Ok(Self { bytes: vec![], limit, expected })
    }

    /// A body that there is not.
    pub fn none() -> Self {
        Self { bytes: vec![], limit: 0, expected: Expected::Nothing }
    }

    /// Takes what belongs to the body from the front of what has come. Returns whether the body is complete.
    ///
    /// # Errors
    ///
    /// 413 when it grows over the limit, 400 when the chunks are wrong.
    pub fn take(&mut self, incoming: &mut Vec<u8>) -> Result<bool, ApiError> {
        let mut taken = 0;
        let result = loop {
            if self.expected == Expected::Nothing {
                break Ok(true);
            }
            match self.step(&incoming[taken..]) {
                Ok(Some(count)) => taken += count,
                Ok(None) => break Ok(false),
                Err(error) => break Err(error),
            }
        };
        incoming.drain(..taken);
        result
    }

    /// How many bytes have come so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing has come so far.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The body, unpacked as its `Content-Encoding` says.
    ///
    /// # Errors
    ///
    /// 413 when it is longer unpacked than the limit, 400 when it cannot be unpacked, 415 for other encodings.
    pub fn unpack(self, encoding: Option<&str>) -> Result<Vec<u8>, ApiError> {
        let encoding = encoding.unwrap_or("identity").to_ascii_lowercase();
        let bytes = self.bytes.as_slice();
        match encoding.as_str() {
            "identity" | "" => Ok(self.bytes),
            "gzip" | "x-gzip" => unpack(GzDecoder::new(bytes), self.limit),
            // Some clients leave away the frame that the standard asks for.
            "deflate" if is_zlib(bytes) => unpack(ZlibDecoder::new(bytes), self.limit),
            "deflate" => unpack(DeflateDecoder::new(bytes), self.limit),
            _ => Err(ApiError::new(415, format!("Unsupported Content-Encoding: {encoding}"))),
        }
    }

    /// Takes one part. Returns how many bytes it was; none when more must come first.
    fn step(&mut self, incoming: &[u8]) -> Result<Option<usize>, ApiError> {
        if let Expected::Rest(left) | Expected::Chunk(left) = self.expected {
            return self.take_bytes(incoming, left);
        }
        let Some(line) = chunk_line(incoming)? else { return Ok(None) };
        self.expected = match self.expected {
            Expected::ChunkSize => self.after_size(line)?,
            Expected::EndOfChunk if line.is_empty() => Expected::ChunkSize,
            Expected::EndOfChunk => return Err(wrong_chunk()),
            Expected::Trailers(_) if line.is_empty() => Expected::Nothing,
            Expected::Trailers(TRAILERS) => return Err(ApiError::new(431, "Too many trailers")),
            Expected::Trailers(count) => Expected::Trailers(count + 1),
            done @ (Expected::Rest(_) | Expected::Chunk(_) | Expected::Nothing) => done,
        };
        Ok(Some(line.len() + 2))
    }

    fn take_bytes(&mut self, incoming: &[u8], left: u64) -> Result<Option<usize>, ApiError> {
        let count = usize::try_from(left).unwrap_or(usize::MAX).min(incoming.len());
        if count == 0 {
            return Ok(None);
        }
        if self.bytes.len() + count > self.limit {
            return Err(too_long(self.limit));
        }
        self.bytes.extend_from_slice(&incoming[..count]);
        let left = left - count as u64;
        self.expected = match self.expected {
            Expected::Chunk(_) if left > 0 => Expected::Chunk(left),
            Expected::Chunk(_) => Expected::EndOfChunk,
            _ if left > 0 => Expected::Rest(left),
            _ => Expected::Nothing,
        };
        Ok(Some(count))
    }

    fn after_size(&self, line: &[u8]) -> Result<Expected, ApiError> {
        let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
        let digits = std::str::from_utf8(digits).map_err(|_| wrong_chunk())?;
        if digits.is_empty() || digits.len() > 16 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(wrong_chunk());
        }
        let size = u64::from_str_radix(digits, 16).map_err(|_| wrong_chunk())?;
        if size > (self.limit - self.bytes.len()) as u64 {
            return Err(too_long(self.limit));
        }
        Ok(if size == 0 { Expected::Trailers(0) } else { Expected::Chunk(size) })
    }
}

/// A line without its end; none when more must come.
fn chunk_line(incoming: &[u8]) -> Result<Option<&[u8]>, ApiError> {
    let Some(end) = incoming.iter().take(CHUNK_LINE).position(|&byte| byte == b'\n') else {
        return if incoming.len() < CHUNK_LINE { Ok(None) } else { Err(wrong_chunk()) };
    };
    let line = incoming[..end].strip_suffix(b"\r").filter(|line| !line.contains(&b'\r'));
    line.map(Some).ok_or_else(wrong_chunk)
}

fn unpack(decoder: impl Read, limit: usize) -> Result<Vec<u8>, ApiError> {
    let mut bytes = vec![];
    let result = decoder.take(limit as u64 + 1).read_to_end(&mut bytes);
    result.map_err(|error| ApiError::invalid(format!("The body cannot be unpacked: {error}")))?;
    if bytes.len() > limit { Err(too_long(limit)) } else { Ok(bytes) }
}

/// Whether bytes begin with the two of a zlib frame (RFC 1950 §2.2).
fn is_zlib(bytes: &[u8]) -> bool {
    matches!(bytes, [a, b, ..] if a & 0x0f == 8 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0)
}

fn too_long(limit: usize) -> ApiError {
    ApiError::new(413, format!("The body of the request is longer than {limit} bytes"))
}

fn wrong_chunk() -> ApiError {
    ApiError::invalid("Malformed chunk in the body of the request")
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;
    use std::io::Write;

    /// A body, and what came after it.
    type Received = (Vec<u8>, Vec<u8>);

    /// Feeds a text by pieces of a size. Returns none when the body is not complete.
    fn receive(framing: Framing, text: &[u8], piece: usize) -> Result<Option<Received>, u16> {
        let mut body = IncomingBody::new(framing, 100).map_err(|error| error.status)?;
        let mut incoming = vec![];
        let mut pieces = text.chunks(piece);
        while let Some(piece) = pieces.next() {
            incoming.extend_from_slice(piece);
            if body.take(&mut incoming).map_err(|error| error.status)? {
                incoming.extend(pieces.flatten());
                return Ok(Some((body.bytes, incoming)));
            }
        }
        Ok(None)
    }

    #[test]
    fn bodies_end_where_they_say() {
        for (framing, text, body, rest) in [
            (Framing::Length(5), "helloGET", "hello", "GET"),
            (Framing::Chunked, "5\r\nhello\r\n0\r\n\r\nGET", "hello", "GET"),
            (
                Framing::Chunked,
                "3;x=y\r\nabc\r\n00A \r\n0123456789\r\n0\r\nX: y\r\n\r\n",
                "abc0123456789",
                "",
            ),
            (Framing::Chunked, "0\r\n\r\n", "", ""),
        ] {
            for piece in 1..text.len() {
                let received = receive(framing, text.as_bytes(), piece).unwrap().unwrap();
                assert_eq!(received, (body.into(), rest.into()), "{text:?} by {piece}");
                let end = text.len() - rest.len() - 1;
                assert_eq!(receive(framing, &text.as_bytes()[..end], piece), Ok(None), "{text:?} by {piece}");
            }
        }
    }

    #[test]
    fn what_is_too_long_is_refused_before_it_comes() {
        assert_eq!(receive(Framing::Length(101), b"", 1), Err(413));
        assert_eq!(receive(Framing::Length(u64::MAX), b"", 1), Err(413));
        assert_eq!(receive(Framing::Chunked, b"65\r\n", 1), Err(413));
        assert_eq!(receive(Framing::Chunked, b"FFFFFFFFFFFFFFFF\r\n", 9), Err(413));
        let chunks = format!("{}\r\n", "64\r\n".to_owned() + &"a".repeat(100)) + "1\r\n";
        assert_eq!(receive(Framing::Chunked, chunks.as_bytes(), 1), Err(413));
    }

    #[test]
    fn wrong_chunks_are_refused() {
        for text in
            ["x\r\n", "\r\n", "-1\r\n", "0x1\r\n", "5\n", "1\r\nab\r\n", "1\r\na\n", "11111111111111111\r\n"]
        {
            assert_eq!(receive(Framing::Chunked, text.as_bytes(), 3), Err(400), "{text:?}");
        }
        assert_eq!(receive(Framing::Chunked, &[b'0'; 2000], 100), Err(400));
        let trailers = "0\r\n".to_owned() + &"a: b\r\n".repeat(33);
        assert_eq!(receive(Framing::Chunked, trailers.as_bytes(), 100), Err(431));
    }

    /// The encoders write their last bytes when they are dropped.
    fn pack_into(mut encoder: impl Write, length: usize) {
        encoder.write_all(&vec![b'a'; length]).unwrap();
    }

    #[test]
    fn packed_bodies_are_unpacked_up_to_the_limit() {
        let pack = |encoding: &str, length: usize| {
            let mut bytes = vec![];
            match encoding {
                "gzip" => pack_into(GzEncoder::new(&mut bytes, Compression::fast()), length),
                "zlib" => pack_into(ZlibEncoder::new(&mut bytes, Compression::fast()), length),
                _ => pack_into(DeflateEncoder::new(&mut bytes, Compression::fast()), length),
            }
            bytes
        };
        let unpack = |bytes: Vec<u8>, encoding: &str| {
            let body = IncomingBody { bytes, limit: 100, expected: Expected::Nothing };
            body.unpack(Some(encoding)).map(|bytes| bytes.len()).map_err(|error| error.status)
        };
        for (how, encoding) in [("gzip", "GZip"), ("gzip", "x-gzip"), ("zlib", "deflate"), ("raw", "deflate")]
        {
            assert_eq!(unpack(pack(how, 100), encoding), Ok(100), "{how} {encoding}");
            assert_eq!(unpack(pack(how, 1_000_000), encoding), Err(413), "{how} {encoding}");
        }
        assert_eq!(unpack(b"hello".to_vec(), "gzip"), Err(400));
        assert_eq!(unpack(b"hello".to_vec(), "br"), Err(415));
        assert_eq!(unpack(b"hello".to_vec(), "identity"), Ok(5));
    }

    proptest! {
        #[test]
        fn any_chunks_are_read_or_refused(text in "([0-9a-f]{1,2}(\r\n|;|\n)?[a-z\r\n]{0,5}){0,9}", piece in 1_usize..9) {
            let _ = receive(Framing::Chunked, text.as_bytes(), piece);
        }
    }
}
