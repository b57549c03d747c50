//! The rules that a project is never asked about again, as hashes in the state folder, one file for each project. It never holds a
//! word of a rule.

use std::path::Path;

use super::kept::{Kept, KeptError};
use crate::domain::kb::never::is_hash;

const KEPT: Kept = Kept {
    ending: "txt",
    // Some ten thousand hashes: nobody says no that often.
    largest: 1024 * 1024,
    unknown: "what you never want to be asked about is not known",
    lost: "it holds for this session only",
};

/// The hashes of a project. A project without a list has none.
pub fn read(folder: &Path, project: &Path) -> Result<Vec<String>, KeptError> {
    KEPT.read(folder, project, parse)
}

/// Adds hashes to the project's list.
pub fn add(folder: &Path, project: &Path, hashes: &[String]) -> Result<(), KeptError> {
    KEPT.change(folder, project, parse, |mut list| {
        let known = list.len();
        for hash in hashes {
            if is_hash(hash) && !list.contains(hash) {
                list.push(hash.clone());
            }
        }
        (list.len() > known).then(|| list.iter().map(|hash| format!("{hash}\n")).collect())
    })
}

fn parse(bytes: Vec<u8>) -> Result<Vec<String>, String> {
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_string())?;
    // A line that is no hash stands for nothing.
    Ok(text.lines().map(str::trim).filter(|line| is_hash(line)).map(str::to_string).collect())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn hash(letter: char) -> String {
        letter.to_string().repeat(64)
    }

    #[test]
    fn what_was_added_is_read_in_the_next_session_and_by_this_project_alone() {
        let desk = tempfile::tempdir().unwrap();
        let (folder, one, other) =
            (desk.path().join("never"), desk.path().join("one"), desk.path().join("other"));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&other).unwrap();
        assert_eq!(read(&folder, &one).unwrap(), Vec::<String>::new());
        add(&folder, &one, &[hash('a'), "Use pnpm.".to_string()]).unwrap();
        add(&folder, &one, &[hash('b'), hash('a')]).unwrap();
        assert_eq!(read(&folder, &one.join("../one")).unwrap(), [hash('a'), hash('b')]);
        assert_eq!(read(&folder, &other).unwrap(), Vec::<String>::new());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            for entry in fs::read_dir(&folder).unwrap() {
                let meta = entry.unwrap().metadata().unwrap();
                assert_eq!(meta.permissions().mode() & 0o777, 0o600);
            }
        }
    }

    #[test]
    fn a_list_that_cannot_be_read_is_named_and_kept() {
        let desk = tempfile::tempdir().unwrap();
        let (folder, project) = (desk.path().join("never"), desk.path().to_path_buf());
        add(&folder, &project, &[hash('a')]).unwrap();
        let path = KEPT.place(&folder, &project);
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read(&folder, &project).unwrap_err().to_string().contains("not UTF-8"));
        add(&folder, &project, &[hash('b')]).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), [0xff, 0xfe]);
    }
}
