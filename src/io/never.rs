//! The rules that a project is never asked about again, as hashes in the state folder, one file for each project. It never holds a
//! word of a rule.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{self, Content, LockError, ReadError, WriteError};
use crate::domain::kb::never::is_hash;

/// A lock is held for a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Some ten thousand hashes: nobody says no that often.
const LARGEST: u64 = 1024 * 1024;

/// Why the list could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum NeverError {
    #[error(
        "what you never want to be asked about is not known: {} cannot be read ({cause}); remove it to begin anew",
        files::shown(path)
    )]
    Read { path: PathBuf, cause: String },
    #[error("it holds for this session only: the folder {} cannot be made ({cause})", files::shown(path))]
    Folder { path: PathBuf, cause: String },
    #[error("it holds for this session only: {0}")]
    Lock(#[from] LockError),
    #[error("it holds for this session only: {0}")]
    Write(#[from] WriteError),
}

/// The hashes of a project. A project without a list has none.
pub fn read(folder: &Path, project: &Path) -> Result<Vec<String>, NeverError> {
    read_file(&place(folder, project))
}

/// Adds hashes to the project's list. Another dictum may do the same at the same time.
pub fn add(folder: &Path, project: &Path, hashes: &[String]) -> Result<(), NeverError> {
    let failed = |error: std::io::Error| NeverError::Folder {
        path: folder.to_path_buf(),
        cause: files::cause(&error),
    };
    files::private_folder(folder).map_err(failed)?;
    let path = place(folder, project);
    let _lock = files::lock(&path.with_extension("lock"), PATIENCE)?;
    let mut list = read_file(&path)?;
    let known = list.len();
    for hash in hashes {
        if is_hash(hash) && !list.contains(hash) {
            list.push(hash.clone());
        }
    }
    if list.len() == known {
        return Ok(());
    }
    let text: String = list.iter().map(|hash| format!("{hash}\n")).collect();
    if path.exists() {
        files::replace(&path, text.as_bytes(), || true)?;
    } else {
        files::create(&path, text.as_bytes(), 0o600)?;
    }
    Ok(())
}

fn read_file(path: &Path) -> Result<Vec<String>, NeverError> {
    let failed = |cause: String| NeverError::Read { path: path.to_path_buf(), cause };
    let bytes = match files::read_bounded(path, LARGEST) {
        Ok(Content::Whole(bytes)) => bytes,
        Ok(Content::TooLarge(_)) => return Err(failed("it is too large".to_string())),
        Err(ReadError::Io(error)) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error.to_string())),
    };
    let text = String::from_utf8(bytes).map_err(|_| failed("it is not UTF-8".to_string()))?;
    // A line that is no hash stands for nothing.
    Ok(text.lines().map(str::trim).filter(|line| is_hash(line)).map(str::to_string).collect())
}

/// A file named by the hash of the project's path, however it is reached.
fn place(folder: &Path, project: &Path) -> PathBuf {
    folder.join(format!("{}.txt", files::project_key(project)))
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
        let path = place(&folder, &project);
        fs::write(&path, [0xff, 0xfe]).unwrap();
        assert!(read(&folder, &project).unwrap_err().to_string().contains("not UTF-8"));
        add(&folder, &project, &[hash('b')]).unwrap_err();
        assert_eq!(fs::read(&path).unwrap(), [0xff, 0xfe]);
    }
}
