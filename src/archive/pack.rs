//! Packing a project's directory. The same files make the same bytes: members are sorted and carry no times or owners.

use super::listing::{Item, list};
use super::{Member, PackError};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use tar::{Builder, EntryType, Header};

/// What to do about special cases.
#[derive(Debug, Clone, Copy, Default)]
pub struct PackOptions<'a> {
    /// Links that leave the directory are replaced by what they point to.
    pub copy_outgoing_symlinks: bool,
    /// A file to leave out: the archive itself, when it is written into the directory.
    pub except: Option<&'a Path>,
}

/// Packs a directory, an absolute path, and tells of each member before it is packed. Returns the names of the workflow
/// files, `.dig` files at the top.
///
/// # Errors
///
/// The directory or a file in it cannot be read, a link leaves the directory, or the archive cannot be written.
pub fn pack(
    dir: &Path,
    options: &PackOptions<'_>,
    output: impl Write,
    progress: &mut dyn FnMut(Member<'_>),
) -> Result<Vec<String>, PackError> {
    let items = list(dir, options.copy_outgoing_symlinks, options.except)?;
    let mut archive = Builder::new(GzEncoder::new(output, Compression::default()));
    for item in &items {
        match &item.target {
            Some(target) => {
                progress(Member::Symlink { name: &item.name, target });
                append_link(&mut archive, &item.name, target).map_err(PackError::Output)?;
            }
            None => {
                progress(Member::File(&item.name));
                append_file(&mut archive, item)?;
            }
        }
    }
    let gzip = archive.into_inner().map_err(PackError::Output)?;
    gzip.finish().and_then(|mut output| output.flush()).map_err(PackError::Output)?;
    Ok(items.iter().filter_map(|item| workflow_file(dir, &item.name)).collect())
}

fn workflow_file(dir: &Path, name: &Path) -> Option<String> {
    let text = name.to_str()?;
    (text.ends_with(".dig") && !text.contains('/') && dir.join(name).is_file()).then(|| text.to_owned())
}

fn append_file(archive: &mut Builder<impl Write>, item: &Item) -> Result<(), PackError> {
    let unreadable = |source| PackError::Unreadable { path: item.source.clone(), source };
    let file = File::open(&item.source).map_err(unreadable)?;
    let found = file.metadata().map_err(unreadable)?;
    let mut header = header(EntryType::Regular, found.mode() & 0o777);
    header.set_size(found.len());
    named(archive, &mut header, &item.name, None).map_err(PackError::Output)?;
    // The header has told the size: fewer or more bytes would make what follows unreadable.
    let mut content = Content { file, left: found.len(), error: None };
    archive.append(&header, &mut content).map_err(PackError::Output)?;
    match content.error {
        Some(error) => Err(unreadable(error)),
        None if content.left > 0 || fs::metadata(&item.source).map_err(unreadable)?.len() != found.len() => {
            Err(PackError::Changed(item.source.clone()))
        }
        None => Ok(()),
    }
}

fn append_link(archive: &mut Builder<impl Write>, name: &Path, target: &Path) -> io::Result<()> {
    let mut header = header(EntryType::Symlink, 0o777);
    header.set_size(0);
    named(archive, &mut header, name, Some(target))?;
    archive.append(&header, io::empty())
}

fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

/// Puts names into a header. Long ones, and those whose encoding others could guess wrong, go before it in full.
fn named(
    archive: &mut Builder<impl Write>,
    header: &mut Header,
    name: &Path,
    target: Option<&Path>,
) -> io::Result<()> {
    let mut in_full = vec![];
    if header.set_path(name).is_err() || !name.as_os_str().is_ascii() {
        header.set_path(shortened(name))?;
        in_full.push(("path", name.as_os_str().as_bytes()));
    }
    if let Some(target) = target
        && (header.set_link_name_literal(target.as_os_str().as_bytes()).is_err()
            || !target.as_os_str().is_ascii())
    {
        header.set_link_name_literal(shortened(target).as_bytes())?;
        in_full.push(("linkpath", target.as_os_str().as_bytes()));
    }
    header.set_cksum();
    archive.append_pax_extensions(in_full)
}

/// Something for readers that do not know names in full.
fn shortened(name: &Path) -> String {
    let last = name.file_name().unwrap_or(OsStr::new("link")).as_bytes();
    last.iter().take(100).map(|&byte| if byte.is_ascii_graphic() { char::from(byte) } else { '_' }).collect()
}

/// At most as many bytes of a file as were announced, whatever becomes of the file meanwhile. Errors are kept apart from
/// those of the archive's writer.
struct Content {
    file: File,
    left: u64,
    error: Option<io::Error>,
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (file, left) = (&mut self.file, self.left);
        match file.take(left).read(buffer) {
            Ok(read) => {
                self.left -= read as u64;
                Ok(read)
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Err(error),
            Err(error) => {
                self.error = Some(error);
                Ok(0)
            }
        }
    }
}
