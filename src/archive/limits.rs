//! How large an uploaded archive may be, so that a small one cannot fill memory or disk.

use super::ArchiveError;
use std::io::{self, Read};

/// Bytes beside the contents of files: headers, padding, long names. Enough for tens of thousands of files.
const OVERHEAD: u64 = 32 << 20;

/// The greatest sizes that are accepted, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of the gzipped archive.
    pub compressed: u64,
    /// Of all its files together.
    pub total: u64,
    /// Of a single file in it.
    pub file: u64,
}

impl Limits {
    /// For archives whose size was checked before they were stored.
    pub const NONE: Self = Self::all(u64::MAX);

    /// The same for all three, as Digdag has it.
    pub const fn all(bytes: u64) -> Self {
        Self { compressed: bytes, total: bytes, file: bytes }
    }

    /// Checks the size of a gzipped archive.
    ///
    /// # Errors
    ///
    /// It is too large.
    pub fn check_compressed(&self, size: u64) -> Result<(), ArchiveError> {
        if size > self.compressed { Err(ArchiveError::Compressed { limit: self.compressed }) } else { Ok(()) }
    }
}

impl Default for Limits {
    /// Digdag's: 2 MiB.
    fn default() -> Self {
        Self::all(2 << 20)
    }
}

/// Ends reading, with [`TooLong`], where an unpacked archive is longer than its files may be together with what is round
/// them.
pub(super) struct Unpacked<R> {
    inner: R,
    left: u64,
}

/// An unpacked archive goes on and on.
#[derive(Debug, thiserror::Error)]
#[error("longer than the limit allows")]
pub(super) struct TooLong;

impl<R: Read> Unpacked<R> {
    pub(super) fn new(inner: R, limits: &Limits) -> Self {
        Self { inner, left: limits.total.saturating_mul(2).saturating_add(OVERHEAD) }
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| io::Error::other(TooLong))?;
        Ok(read)
    }
}
