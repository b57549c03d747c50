//! Reads the notes that a project keeps for other tools. It reads nothing outside the project, and nothing twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::files::{self, Content};
use super::root;
use crate::base::text;
use crate::domain::kb::state::{FILE_NAME, size};
use crate::domain::notes::{MOST_OF_ALL, MOST_OF_ONE, Note, Notes};
use crate::domain::settings::project::ProjectNotes;

/// The notes from the project's root down to the working folder.
pub fn read(directory: &Path, wanted: &ProjectNotes) -> Notes {
    let names = wanted.names();
    let Ok(directory) = fs::canonicalize(directory) else { return Notes::default() };
    if names.is_empty() {
        return Notes::default();
    }
    let root = root::of(&directory);
    let mut folders: Vec<&Path> =
        directory.ancestors().take_while(|folder| folder.starts_with(&root)).collect();
    folders.reverse();
    let mut reader = Reader {
        root: &root,
        directory: &directory,
        seen: BTreeSet::new(),
        texts: BTreeSet::new(),
        notes: Notes::default(),
    };
    // A link to KB.md, or a copy of it, says nothing new.
    let kb = directory.join(FILE_NAME);
    reader.seen.extend(fs::canonicalize(&kb).ok());
    if let Ok(Content::Whole(bytes)) = files::read_bounded(&kb, MOST_OF_ONE) {
        reader.texts.insert(String::from_utf8_lossy(&bytes).trim().to_string());
    }
    for folder in folders {
        for name in &names {
            reader.take(folder, name, &names);
        }
    }
    reader.notes
}

struct Reader<'a> {
    root: &'a Path,
    directory: &'a Path,
    /// Files without links, and texts without blanks at their ends, that were taken.
    seen: BTreeSet<PathBuf>,
    texts: BTreeSet<String>,
    notes: Notes,
}

impl Reader<'_> {
    fn take(&mut self, folder: &Path, name: &str, names: &[&str]) {
        let path = folder.join(name);
        let Ok(meta) = fs::symlink_metadata(&path) else { return };
        let shown = self.shown(folder, name);
        let Ok(target) = fs::canonicalize(&path) else {
            self.leave_out(format!("{shown} is a link to what is not there"));
            return;
        };
        if meta.is_dir() || self.seen.contains(&target) {
            return;
        }
        if !target.starts_with(self.root) {
            self.leave_out(format!("{shown} leads out of the project, so it is not sent"));
            return;
        }
        let whole = match files::read_bounded(&target, MOST_OF_ONE) {
            Ok(Content::Whole(bytes)) => match String::from_utf8(bytes) {
                Ok(whole) => whole,
                Err(_) => {
                    self.leave_out(format!("{shown} is not UTF-8, so it is not sent"));
                    return;
                }
            },
            Ok(Content::TooLarge(bytes)) => {
                let (bytes, most) = (size(bytes), size(MOST_OF_ONE));
                self.leave_out(format!(
                    "{shown} has {bytes}, over the limit of {most}, so none of it is sent"
                ));
                return;
            }
            Err(error) => {
                self.leave_out(format!("{shown} cannot be read ({error})"));
                return;
            }
        };
        let text = text::sanitise(whole.strip_prefix('\u{feff}').unwrap_or(&whole));
        let core = text.trim().to_string();
        // Some tools read another's file by a line that names it.
        let imports = core.strip_prefix('@').map(|name| name.trim_start_matches("./"));
        let says_nothing =
            core.is_empty() || imports.is_some_and(|name| name == FILE_NAME || names.contains(&name));
        if says_nothing || !self.texts.insert(core) {
            return;
        }
        let taken: u64 = self.notes.files.iter().map(|note| note.text.len() as u64).sum();
        if taken + text.len() as u64 > MOST_OF_ALL {
            self.leave_out(format!("{shown} has no room: notes may be {} together", size(MOST_OF_ALL)));
            return;
        }
        self.seen.insert(target);
        self.notes.files.push(Note { path: shown, text });
    }

    fn leave_out(&mut self, why: String) {
        self.notes.left_out.push(format!("{why}."));
    }

    /// The path from the working folder.
    fn shown(&self, folder: &Path, name: &str) -> String {
        let up = self.directory.strip_prefix(folder).map_or(0, |below| below.components().count());
        text::one_line(&files::shown(Path::new(&format!("{}{name}", "../".repeat(up)))))
    }
}
