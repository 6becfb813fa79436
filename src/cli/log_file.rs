//! The log file of `-L`: appended to, and rolled over when it has grown too large. The older parts are kept as
//! `FILE.1.gz` (the newest) to `FILE.5.gz`.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The size in bytes at which a log file is rolled over.
pub const ROLL_OVER_AT: u64 = 10 * 1024 * 1024;

const KEPT: u32 = 5;

/// A log file that is being written.
#[derive(Debug)]
pub struct LogFile {
    path: PathBuf,
    file: File,
    size: u64,
    limit: u64,
}

impl LogFile {
    /// Opens the file at its end, or makes it; `limit` is the size in bytes at which it is rolled over.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn open(path: &Path, limit: u64) -> io::Result<Self> {
        let file = append_to(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, size, limit })
    }

    /// Writes a line, in one piece, and makes room before it when the file is full.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn write_line(&mut self, line: &str) -> io::Result<()> {
        if self.size >= self.limit {
            self.roll_over()?;
        }
        let text = format!("{line}\n");
        self.file.write_all(text.as_bytes())?;
        self.size += text.len() as u64;
        Ok(())
    }

    /// Goes on with the file that has the path now: somebody may have renamed the one that is being written.
    ///
    /// # Errors
    ///
    /// What the operating system says. The file that is being written stays.
    pub fn reopen(&mut self) -> io::Result<()> {
        *self = Self::open(&self.path, self.limit)?;
        Ok(())
    }

    fn roll_over(&mut self) -> io::Result<()> {
        for number in (1..KEPT).rev() {
            let older = self.part(number);
            if older.exists() {
                fs::rename(older, self.part(number + 1))?;
            }
        }
        let mut packed = GzEncoder::new(File::create(self.part(1))?, Compression::default());
        io::copy(&mut File::open(&self.path)?, &mut packed)?;
        packed.finish()?;
        self.file.set_len(0)?;
        self.size = 0;
        Ok(())
    }

    fn part(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}.gz"));
        name.into()
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    fn unpacked(path: &Path) -> String {
        let mut text = String::new();
        GzDecoder::new(File::open(path).unwrap()).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn full_files_are_packed_and_five_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dibble.log");
        let mut log = LogFile::open(&path, 8).unwrap();
        for number in 0..8 {
            log.write_line(&format!("line {number}")).unwrap();
            log.write_line("x").unwrap();
        }
        assert_eq!(fs::read_to_string(&path).unwrap(), "line 7\nx\n");
        assert_eq!(unpacked(&dir.path().join("dibble.log.1.gz")), "line 6\nx\n");
        assert_eq!(unpacked(&dir.path().join("dibble.log.5.gz")), "line 2\nx\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 6);
    }

    #[test]
    fn a_file_that_was_renamed_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let [path, renamed] = ["dibble.log", "dibble.log.old"].map(|name| dir.path().join(name));
        let mut log = LogFile::open(&path, 100).unwrap();
        log.write_line("one").unwrap();
        fs::rename(&path, &renamed).unwrap();
        log.write_line("two").unwrap();
        log.reopen().unwrap();
        log.write_line("three").unwrap();
        let text = |path| fs::read_to_string(path).unwrap();
        assert_eq!((text(renamed), text(path)), ("one\ntwo\n".to_owned(), "three\n".to_owned()));
    }

    #[test]
    fn an_existing_file_is_continued() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("dibble.log");
        fs::write(&path, "old\n").unwrap();
        LogFile::open(&path, 100).unwrap().write_line("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old\nnew\n");
    }
}
