//! What the user has looked at in each project, as one private file for each below the state folder. It never trusts anything by itself.

use std::collections::BTreeSet;
use std::path::Path;

use super::kept::{Kept, KeptError};
use super::{git, root};
use crate::domain::kb::state::FILE_NAME;
use crate::domain::notes::Notes;
use crate::domain::trust::{Item, Trusted};

const KEPT: Kept = Kept {
    ending: "json",
    // KB.md, notes and a shelf of personas are far below this.
    largest: 16 * 1024 * 1024,
    unknown: "what you looked at before is not known",
    lost: "What you looked at could not be kept",
};

/// What was looked at in a project; nothing where nothing was kept.
pub fn read(folder: &Path, project: &Path) -> Result<Trusted, KeptError> {
    KEPT.read(folder, project, parse)
}

/// What was looked at or why that is not known, and which of the project's files are just as Git wrote them. That is asked only of what may
/// be new: not of KB.md and notes that were looked at as they are.
pub fn look(
    folder: &Path,
    project: &Path,
    kb: Option<&str>,
    notes: &Notes,
) -> (Result<Trusted, String>, Vec<String>) {
    let trusted = read(folder, project).map_err(|error| error.to_string());
    let mut names: BTreeSet<String> =
        trusted.iter().flat_map(|trusted| trusted.files.keys().cloned()).collect();
    let noted = notes.files.iter().map(|note| (note.path.as_str(), note.text.as_str()));
    for (name, text) in [(FILE_NAME, kb.unwrap_or_default())].into_iter().chain(noted) {
        if trusted.as_ref().is_ok_and(|trusted| trusted.knows(name, text)) {
            names.remove(name);
        } else {
            names.insert(name.to_string());
        }
    }
    let names: Vec<String> = names.into_iter().collect();
    let from_git = git::as_written(project, &root::of(project), &names);
    (trusted, from_git)
}

/// Adds what was looked at.
pub fn add(folder: &Path, project: &Path, items: &[Item]) -> Result<(), KeptError> {
    KEPT.change(folder, project, parse, |mut trusted| {
        let before = trusted.clone();
        items.iter().for_each(|item| trusted.add(item));
        (trusted != before).then(|| serde_json::to_string(&trusted).unwrap_or_default())
    })
}

/// dictum itself changed a file as the user accepted: the new text is as good as the old one was.
pub fn follow(folder: &Path, project: &Path, before: Option<&Item>, now: &Item) -> Result<(), KeptError> {
    let trusted = read(folder, project)?;
    if before.is_none_or(|before| trusted.holds(before)) {
        add(folder, project, std::slice::from_ref(now))
    } else {
        Ok(())
    }
}

fn parse(bytes: Vec<u8>) -> Result<Trusted, String> {
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
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
    fn what_cannot_be_kept_is_said_with_its_cause() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("trust");
        fs::write(&folder, "a file stands in the way").unwrap();
        let error = add(&folder, desk.path(), &[item("a")]).unwrap_err().to_string();
        assert!(error.starts_with("What you looked at could not be kept: the folder "), "{error}");
    }

    #[test]
    fn a_broken_file_is_named_and_kept() {
        let desk = tempfile::tempdir().unwrap();
        let folder = desk.path().join("trust");
        add(&folder, desk.path(), &[item("a")]).unwrap();
        fs::write(KEPT.place(&folder, desk.path()), "{").unwrap();
        assert!(read(&folder, desk.path()).unwrap_err().to_string().contains("remove it"));
        add(&folder, desk.path(), &[item("b")]).unwrap_err();
        assert_eq!(fs::read_to_string(KEPT.place(&folder, desk.path())).unwrap(), "{");
    }
}
