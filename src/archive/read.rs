//! Going through an archive member by member, within the limits. What is wrong with a member is found here.

use super::limits::{TooLong, Unpacked};
use super::names::{below, linked};
use super::{ArchiveError, Limits};
use flate2::read::MultiGzDecoder;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use tar::{Entry, EntryType};

/// A member's place and what is there.
#[derive(Debug)]
pub(super) struct Header {
    /// Below the directory; not empty.
    pub name: PathBuf,
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Directory,
    /// What it means, below the directory.
    Symlink(PathBuf),
    /// Another name for a file of the archive.
    HardLink(PathBuf),
}

/// Shows all members, with what is in them, to `visit`.
///
/// # Errors
///
/// The archive is damaged, too large, or has a member that leaves the directory; or what `visit` returns.
pub(super) fn members(
    gzip: impl Read,
    limits: &Limits,
    visit: &mut dyn FnMut(&Header, &mut dyn Read) -> Result<(), ArchiveError>,
) -> Result<(), ArchiveError> {
    let unpacked = Unpacked::new(MultiGzDecoder::new(BufReader::new(gzipped(gzip)?)), limits);
    let mut archive = tar::Archive::new(unpacked);
    let mut total: u64 = 0;
    let wrong = |error: io::Error, total: u64| match error.downcast::<TooLong>() {
        Ok(TooLong) => {
            ArchiveError::Total { size: total.max(limits.total.saturating_add(1)), limit: limits.total }
        }
        Err(error) => ArchiveError::Damaged(error),
    };
    for entry in archive.entries().map_err(|error| wrong(error, total))? {
        let mut entry = entry.map_err(|error| wrong(error, total))?;
        let Some(header) = header(&entry)? else { continue };
        let size = entry.size();
        if size > limits.file {
            return Err(ArchiveError::File { name: shown(&entry), size, limit: limits.file });
        }
        total = total.saturating_add(size);
        if total > limits.total {
            return Err(ArchiveError::Total { size: total, limit: limits.total });
        }
        visit(&header, &mut entry)?;
    }
    // What follows the last member holds the checksum: without it, an archive could have been cut off.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| wrong(error, total))?;
    Ok(())
}

/// Passes what begins as gzip files do.
fn gzipped(mut reader: impl Read) -> Result<impl Read, ArchiveError> {
    const MAGIC: [u8; 2] = [0x1f, 0x8b];
    let mut head = Vec::with_capacity(MAGIC.len());
    reader.by_ref().take(MAGIC.len() as u64).read_to_end(&mut head).map_err(ArchiveError::Damaged)?;
    if head == MAGIC { Ok(io::Cursor::new(head).chain(reader)) } else { Err(ArchiveError::NotGzip) }
}

/// What a member is. `None` if it is about the archive itself.
fn header<R: Read>(entry: &Entry<'_, R>) -> Result<Option<Header>, ArchiveError> {
    let invalid = || ArchiveError::Entry { name: shown(entry) };
    let path = entry.path().map_err(|_| invalid())?;
    let name = below(&path).ok_or_else(invalid)?;
    let target = || Ok(entry.link_name().map_err(|_| invalid())?.unwrap_or_default());
    let kind = match entry.header().entry_type() {
        EntryType::XGlobalHeader => return Ok(None),
        // In the oldest format, directories are files whose names end in a slash.
        EntryType::Regular if path.as_os_str().as_encoded_bytes().ends_with(b"/") => Kind::Directory,
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => Kind::File,
        EntryType::Directory => Kind::Directory,
        EntryType::Symlink => {
            let target: PathBuf = target()?.into_owned();
            let escapes = || ArchiveError::Link { name: shown(entry), target: target.display().to_string() };
            Kind::Symlink(linked(&name, &target).ok_or_else(escapes)?)
        }
        EntryType::Link => {
            let target = below(&target()?).filter(|target| !target.as_os_str().is_empty());
            Kind::HardLink(target.ok_or_else(invalid)?)
        }
        _ => return Err(invalid()),
    };
    match (name == Path::new(""), &kind) {
        // `tar czf x.tar.gz .` begins with the directory itself.
        (true, Kind::Directory) => Ok(None),
        (true, _) => Err(invalid()),
        (false, _) => Ok(Some(Header { name, kind, mode: entry.header().mode().unwrap_or(0o644) & 0o777 })),
    }
}

/// The name as the archive has it.
fn shown<R: Read>(entry: &Entry<'_, R>) -> String {
    String::from_utf8_lossy(&entry.path_bytes()).into_owned()
}
