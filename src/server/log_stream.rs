//! A log file, or the end of it, while it is sent: one gzip member, joined from the chunks in the store. However long the
//! file is, no more than one chunk is in memory.

use crate::store::Store;
use crate::store::task_logs::{self, Joined, LogFile};
use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

/// Reads a log file, as it is when reading begins.
#[derive(Debug)]
pub(super) struct LogStream {
    store: Arc<Store>,
    file: LogFile,
    /// The chunk that was read last, and the last one of all.
    read: u32,
    last: u32,
    /// None when the end of the member has been made.
    joined: Option<Joined>,
    /// What was made and not yet taken, from `place` on.
    part: Vec<u8>,
    place: usize,
}

impl LogStream {
    /// The chunks after the first number, up to the second; none when there are no such.
    pub(super) fn new(store: Arc<Store>, file: LogFile, chunks: Range<u32>) -> Self {
        let Range { start: read, end: last } = chunks;
        let part = Joined::BEGIN.to_vec();
        Self { store, file, read, last, joined: Some(Joined::default()), part, place: 0 }
    }

    /// Makes what follows; nothing at the end.
    fn next_part(&mut self) -> io::Result<Vec<u8>> {
        let Some(joined) = &mut self.joined else { return Ok(vec![]) };
        if self.read >= self.last {
            return Ok(self.joined.take().map(Joined::end).unwrap_or_default());
        }
        let next = self.store.read(|reader| task_logs::chunks(reader, &self.file, self.read, 1));
        let chunk = next.map_err(io::Error::other)?.pop();
        // Logs of old attempts are deleted one day. What is missing must not look like the end.
        let chunk = chunk.ok_or_else(|| io::Error::other("the log was deleted while it was read"))?;
        self.read = chunk.number;
        Ok(joined.add(&chunk.gzip)?.into_owned())
    }
}

impl Read for LogStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.place == self.part.len() && self.joined.is_some() {
            self.part = self.next_part()?;
            self.place = 0;
        }
        let read = (&self.part[self.place..]).read(buffer)?;
        self.place += read;
        Ok(read)
    }
}
