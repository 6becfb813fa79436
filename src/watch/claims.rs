//! The claims of this process, and who else would start what is scheduled in the directories that it watches.

use super::claim::{Claim, Role, holders_of};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Claims by the paths of directories. Those that were found in a folder have none, for there may be many and each is an
/// open file: the folder has one for all.
#[derive(Debug, Default)]
pub(super) struct Claims {
    named: BTreeMap<PathBuf, Claim>,
    folder: Option<(PathBuf, Claim)>,
}

impl Claims {
    /// Claims a directory that somebody named, if it is not yet. Tells which other processes watch it.
    pub(super) fn of_named(&mut self, directory: &Path) -> Vec<u32> {
        let claim = renewed(self.named.remove(directory), directory, Role::Project);
        let others = self.found_by_others(directory, claim.as_ref().map(Claim::others).unwrap_or_default());
        self.named.extend(claim.map(|claim| (directory.to_owned(), claim)));
        others
    }

    /// Tells which other processes watch a directory in the folder.
    pub(super) fn of_found(&self, directory: &Path) -> Vec<u32> {
        self.found_by_others(directory, holders_of(directory, Role::Project))
    }

    /// Claims the directory whose sub-directories are projects. Tells which other processes watch it as such.
    pub(super) fn of_folder(&mut self, folder: &Path) -> Vec<u32> {
        let claim = renewed(self.folder.take().map(|(_, claim)| claim), folder, Role::Folder);
        let others = claim.as_ref().map(Claim::others).unwrap_or_default();
        self.folder = claim.map(|claim| (folder.to_owned(), claim));
        others
    }

    /// With those that find it in its parent. Who watches our own folder has been told.
    fn found_by_others(&self, directory: &Path, mut others: Vec<u32>) -> Vec<u32> {
        let own = self.folder.as_ref().map(|(folder, _)| folder.as_path());
        let parent = directory.parent().filter(|parent| Some(*parent) != own);
        others.extend(parent.map(|parent| holders_of(parent, Role::Folder)).unwrap_or_default());
        others
    }
}

/// The claim of the directory that has this path now.
fn renewed(claim: Option<Claim>, directory: &Path, role: Role) -> Option<Claim> {
    claim.filter(|claim| claim.is_of(directory)).or_else(|| Claim::new(directory, role))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_second_one_notices_the_first_whatever_both_were_told() {
        let root = tempfile::tempdir().unwrap();
        let (folder, project) = (root.path(), root.path().join("p"));
        fs::create_dir(&project).unwrap();
        let own = std::process::id();
        let (mut one, mut two) = (Claims::default(), Claims::default());
        assert_eq!((one.of_named(&project), one.of_named(&project)), (vec![], vec![]));
        assert_eq!((two.of_named(&project), one.of_named(&project)), (vec![own], vec![own]));
        drop(two);
        let mut two = Claims::default();
        assert_eq!((two.of_folder(folder), two.of_found(&project)), (vec![], vec![own]));
        assert_eq!(one.of_named(&project), [own]);
        let mut three = Claims::default();
        assert_eq!((three.of_folder(folder), three.of_named(&project)), (vec![own], vec![own]));
        drop((one, three));
        assert_eq!((two.of_folder(folder), two.of_found(&project)), (vec![], vec![]));
    }
}
