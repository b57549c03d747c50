//! What the user has looked at in each project, as one private file for each below the state folder. It never trusts anything by itself.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{self, Content, LockError, ReadError, WriteError};
use super::{git, root};
use crate::domain::kb::state::FILE_NAME;
use crate::domain::notes::Notes;
use crate::domain::trust::{Item, Trusted};

/// A lock is held for a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// KB.md, notes and a shelf of personas are far below this, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Why it could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error(
        "what you looked at before is not known: {} cannot be read ({cause}); remove it to begin anew",
        files::shown(path)
    )]
    Read { path: PathBuf, cause: String },
    #[error(
        "you will be asked again in the next session: the folder {} cannot be made ({cause})",
        files::shown(path)
    )]
    Folder { path: PathBuf, cause: String },
    #[error("you will be asked again in the next session: {0}")]
    Lock(#[from] LockError),
    #[error("you will be asked again in the next session: {0}")]
    Write(#[from] WriteError),
}

/// What was looked at in a project; nothing where nothing was kept.
pub fn read(folder: &Path, project: &Path) -> Result<Trusted, TrustError> {
    read_file(&place(folder, project))
}

/// What was looked at or why that is not known, and which of the project's files are just as Git wrote them.
pub fn look(folder: &Path, project: &Path, notes: &Notes) -> (Result<Trusted, String>, Vec<String>) {
    let trusted = read(folder, project).map_err(|error| error.to_string());
    let mut names = vec![FILE_NAME.to_string()];
    names.extend(notes.files.iter().map(|note| note.path.clone()));
    names.extend(trusted.iter().flat_map(|trusted| trusted.files.keys().cloned()));
    names.sort();
    names.dedup();
    let from_git = git::as_written(project, &root::of(project), &names);
    (trusted, from_git)
}

/// Adds what was looked at. Another dictum may do the same at the same time.
pub fn add(folder: &Path, project: &Path, items: &[Item]) -> Result<(), TrustError> {
    let failed = |error: std::io::Error| TrustError::Folder {
        path: folder.to_path_buf(),
        cause: files::cause(&error),
    };
    files::private_folder(folder).map_err(failed)?;
    let path = place(folder, project);
    let _lock = files::lock(&path.with_extension("lock"), PATIENCE)?;
    let mut trusted = read_file(&path)?;
    let before = trusted.clone();
    items.iter().for_each(|item| trusted.add(item));
    if trusted == before {
        return Ok(());
    }
    let text = serde_json::to_string(&trusted).unwrap_or_default();
    if path.exists() {
        files::replace(&path, text.as_bytes(), || true)?;
    } else {
        files::create(&path, text.as_bytes(), 0o600)?;
    }
    Ok(())
}

/// dictum itself changed a file as the user accepted: the new text is as good as the old one was.
pub fn follow(folder: &Path, project: &Path, before: Option<&Item>, now: &Item) -> Result<(), TrustError> {
    let trusted = read(folder, project)?;
    if before.is_none_or(|before| trusted.holds(before)) {
        add(folder, project, std::slice::from_ref(now))
    } else {
        Ok(())
    }
}

fn read_file(path: &Path) -> Result<Trusted, TrustError> {
    let failed = |cause: String| TrustError::Read { path: path.to_path_buf(), cause };
    let bytes = match files::read_bounded(path, LARGEST) {
        Ok(Content::Whole(bytes)) => bytes,
        Ok(Content::TooLarge(_)) => return Err(failed("it is too large".to_string())),
        Err(ReadError::Io(error)) if error.kind() == ErrorKind::NotFound => return Ok(Trusted::default()),
        Err(error) => return Err(failed(error.to_string())),
    };
    serde_json::from_slice(&bytes).map_err(|error| failed(error.to_string()))
}

/// A file named by the hash of the project's path, however it is reached.
fn place(folder: &Path, project: &Path) -> PathBuf {
    folder.join(format!("{}.json", files::project_key(project)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn item(text: &str) -> Item {
        Item { name: "KB.md".into(), title: "KB.md".into(), text: text.into() }
    }

    #[test]
    fn what_was_looked_at_is_known_in_this_project_alone_and_private() {
        let desk = tempfile::tempdir().unwrap();
        let (folder, one, other) =
            (desk.path().join("trust"), desk.path().join("one"), desk.path().join("other"));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&other).unwrap();
        add(&folder, &one, &[item("a")]).unwrap();
        add(&folder, &one, &[item("b")]).unwrap();
        let known = read(&folder, &one.join("../one")).unwrap();
        assert!(known.holds(&item("a")) && known.holds(&item("b")));
        assert_eq!(read(&folder, &other).unwrap(), Trusted::default());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            for entry in fs::read_dir(&folder).unwrap() {
                assert_eq!(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
            }
        }
    }

    #[test]
    fn an_edit_of_dictum_is_trusted_only_where_the_file_was() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("trust");
        follow(&folder, desk.path(), Some(&item("hostile")), &item("hostile, and more")).unwrap();
        assert_eq!(read(&folder, desk.path()).unwrap(), Trusted::default());
        follow(&folder, desk.path(), None, &item("first")).unwrap();
        follow(&folder, desk.path(), Some(&item("first")), &item("second")).unwrap();
        assert!(read(&folder, desk.path()).unwrap().holds(&item("second")));
    }

    #[test]
    fn two_at_once_lose_nothing() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("trust");
        std::thread::scope(|scope| {
            for number in 0..8 {
                let folder = &folder;
                let project = desk.path();
                scope.spawn(move || add(folder, project, &[item(&number.to_string())]).unwrap());
            }
        });
        let known = read(&folder, desk.path()).unwrap();
        assert!((0..8).all(|number| known.holds(&item(&number.to_string()))));
    }

    #[test]
    fn what_cannot_be_kept_is_said_with_its_consequence() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("trust");
        fs::write(&folder, "a file stands in the way").unwrap();
        let error = add(&folder, desk.path(), &[item("a")]).unwrap_err().to_string();
        assert!(error.starts_with("you will be asked again in the next session: "), "{error}");
    }

    #[test]
    fn a_broken_file_is_named_and_kept() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("trust");
        add(&folder, desk.path(), &[item("a")]).unwrap();
        fs::write(place(&folder, desk.path()), "{").unwrap();
        assert!(read(&folder, desk.path()).unwrap_err().to_string().contains("remove it"));
        add(&folder, desk.path(), &[item("b")]).unwrap_err();
        assert_eq!(fs::read_to_string(place(&folder, desk.path())).unwrap(), "{");
    }
}
