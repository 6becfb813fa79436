//! Looking into an uploaded archive without extracting it: which workflows it has, and the texts of files that are asked
//! for. Only those are held in memory.

use super::read::{Header, Kind, members};
use super::{ArchiveError, IgnoreRules, Limits};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// Links that lead to links.
const MAX_LINKS: usize = 40;

/// What is in an archive.
#[derive(Debug)]
pub struct Contents<'a> {
    gzip: &'a [u8],
    limits: Limits,
    /// All but the directories.
    members: BTreeMap<PathBuf, Found>,
    ignored: IgnoreRules,
}

#[derive(Debug)]
enum Found {
    File,
    /// To another path below the directory.
    Link(PathBuf),
}

/// Files of an archive, as far as they are at hand. Asking for one that is not makes it be fetched for the next round.
#[derive(Debug)]
pub struct Files<'a> {
    contents: &'a Contents<'a>,
    held: HashMap<PathBuf, Vec<u8>>,
    wanted: RefCell<BTreeSet<PathBuf>>,
}

impl<'a> Contents<'a> {
    /// Goes through a whole archive once.
    ///
    /// # Errors
    ///
    /// It is no archive, passes the limits, or could not be extracted: members that leave the directory, that lie below
    /// a file or a link, or that are neither file, directory nor link.
    pub fn read(gzip: &'a [u8], limits: &Limits) -> Result<Self, ArchiveError> {
        limits.check_compressed(gzip.len() as u64)?;
        let mut found = BTreeMap::new();
        let mut rules = String::new();
        members(gzip, limits, &mut |header, content| {
            if IgnoreRules::is_ignore_file(&header.name) && header.kind == Kind::File {
                rules.clear();
                let mut bytes = vec![];
                content.read_to_end(&mut bytes).map_err(ArchiveError::Damaged)?;
                rules.push_str(&String::from_utf8_lossy(&bytes));
            }
            add(&mut found, header)
        })?;
        let inside_another = found
            .keys()
            .find(|name: &&PathBuf| name.ancestors().skip(1).any(|above| found.contains_key(above)));
        if let Some(name) = inside_another {
            return Err(ArchiveError::Entry { name: name.display().to_string() });
        }
        let ignored = IgnoreRules::parse(&rules).map_err(ArchiveError::Ignore)?;
        Ok(Self { gzip, limits: *limits, members: found, ignored })
    }

    /// The workflows, by name: `.dig` files at the top, and links to files that are named so.
    pub fn workflows(&self) -> Vec<String> {
        let named = |path: &PathBuf| {
            let name = path.to_str()?.strip_suffix(".dig")?;
            let is_top = !name.contains('/') && !name.is_empty();
            (is_top && !self.ignored.ignore(path, false) && self.resolve(path).is_some())
                .then(|| name.to_owned())
        };
        let mut names: Vec<String> = self.members.keys().filter_map(named).collect();
        names.sort();
        names
    }

    /// Does some work that reads files, again and again until all the files that it asks for are at hand: what it finds
    /// in one file makes it ask for others.
    ///
    /// # Errors
    ///
    /// None for an archive that could be read before.
    pub fn with_files<T>(&self, mut work: impl FnMut(&Files<'_>) -> T) -> Result<T, ArchiveError> {
        let mut files = Files { contents: self, held: HashMap::new(), wanted: RefCell::default() };
        loop {
            let result = work(&files);
            let wanted = files.wanted.take();
            if wanted.is_empty() {
                return Ok(result);
            }
            self.fetch(&wanted, &mut files.held)?;
        }
    }

    /// The file that a path means when links are followed.
    fn resolve(&self, path: &Path) -> Option<PathBuf> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let next = path.ancestors().find_map(|above| match self.members.get(above)? {
                Found::Link(target) => Some(target.join(path.strip_prefix(above).ok()?)),
                Found::File => None,
            });
            match next {
                Some(next) => path = next.components().collect(),
                None => return self.members.contains_key(&path).then_some(path),
            }
        }
        None
    }

    fn fetch(
        &self,
        wanted: &BTreeSet<PathBuf>,
        held: &mut HashMap<PathBuf, Vec<u8>>,
    ) -> Result<(), ArchiveError> {
        held.extend(wanted.iter().map(|name| (name.clone(), vec![])));
        members(self.gzip, &self.limits, &mut |header, content| {
            if header.kind == Kind::File && wanted.contains(&header.name) {
                let mut bytes = vec![];
                content.read_to_end(&mut bytes).map_err(ArchiveError::Damaged)?;
                held.insert(header.name.clone(), bytes);
            }
            Ok(())
        })
    }
}

impl Files<'_> {
    /// The content of a file. `None` if there is no such file, or if it has yet to be fetched.
    pub fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let file = self.contents.resolve(path)?;
        let bytes = self.held.get(&file).cloned();
        if bytes.is_none() {
            self.wanted.borrow_mut().insert(file);
        }
        bytes
    }
}

/// Later members take the places of earlier ones of the same name, as in extraction.
fn add(members: &mut BTreeMap<PathBuf, Found>, header: &Header) -> Result<(), ArchiveError> {
    let invalid = || ArchiveError::Entry { name: header.name.display().to_string() };
    let found = match &header.kind {
        Kind::Directory if header.name.ancestors().any(|above| members.contains_key(above)) => {
            return Err(invalid());
        }
        Kind::Directory => return Ok(()),
        Kind::File => Found::File,
        Kind::Symlink(target) => Found::Link(target.clone()),
        Kind::HardLink(target)
            if target != &header.name && matches!(members.get(target), Some(Found::File)) =>
        {
            Found::Link(target.clone())
        }
        Kind::HardLink(_) => return Err(invalid()),
    };
    members.insert(header.name.clone(), found);
    Ok(())
}
