//! KB.md on disk: one look at it, and the only way in which dictum writes it. It never overwrites words it has not seen, and never
//! leaves anything but KB.md in the project.

mod journal;
mod undo;

pub use journal::{Journal, JournalError};
pub use undo::{Plan, UndoError, Undoing, Undone, preview, undo, undo_as_seen};

use super::files::{self, Content, LockError, ReadError, WriteError};
use super::trust;
use crate::domain::kb::journal::Provenance;
use crate::domain::kb::state::{FILE_NAME, KbState, LIMIT, Snapshot};
use crate::domain::trust::Item;
use sha2::{Digest, Sha256};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A lock is held for a few milliseconds; whoever has it longer is stuck.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many entries of a folder are looked through for a file whose name differs in case.
const MOST_ENTRIES: usize = 20_000;

/// Looks at the KB.md of `dir`. Never waits on a pipe, never reads more than `limit` bytes, follows links, fails in no case.
pub fn read(dir: &Path, limit: u64) -> Snapshot {
    Snapshot { state: look(&dir.join(FILE_NAME), dir, limit) }
}

fn look(path: &Path, dir: &Path, limit: u64) -> KbState {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return other_name(dir).map_or(KbState::Missing, |found| KbState::OtherName { found });
        }
        Err(error) => return KbState::Unreadable { cause: files::cause(&error) },
        Ok(meta) if meta.is_symlink() && dangles(path) => {
            let target = fs::read_link(path).unwrap_or_default();
            return KbState::DanglingLink { target: files::shown(&target) };
        }
        Ok(_) => {}
    }
    match files::read_bounded(path, limit) {
        Ok(Content::Whole(bytes)) => text_state(bytes),
        Ok(Content::TooLarge(bytes)) => KbState::TooLarge { bytes, limit },
        Err(ReadError::NotAFile(files::Kind::Directory)) => KbState::Directory,
        Err(ReadError::NotAFile(kind)) => KbState::NotAFile { kind: kind.word().to_string() },
        // Removed between the two looks.
        Err(ReadError::Io(error)) if error.kind() == ErrorKind::NotFound => KbState::Missing,
        Err(ReadError::Io(error)) => KbState::Unreadable { cause: files::cause(&error) },
    }
}

fn dangles(path: &Path) -> bool {
    fs::metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

fn text_state(bytes: Vec<u8>) -> KbState {
    let read_at = jiff::Zoned::now().strftime("%H:%M:%S").to_string();
    let (size, full) = (bytes.len() as u64, hash(&bytes));
    match String::from_utf8(bytes) {
        Ok(text) if text.trim_start_matches('\u{feff}').trim().is_empty() => KbState::Empty { text, read_at },
        Ok(text) => KbState::Read { text, bytes: size, hash: full.chars().take(8).collect(), read_at },
        Err(error) => {
            let good = error.utf8_error().valid_up_to();
            let line = error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count() + 1;
            KbState::NotUtf8 { line }
        }
    }
}

/// A file of the same letters in another case, such as `kb.md`.
fn other_name(dir: &Path) -> Option<String> {
    let mut found: Vec<String> = fs::read_dir(dir)
        .ok()?
        .take(MOST_ENTRIES)
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.eq_ignore_ascii_case(FILE_NAME))
        .collect();
    found.sort();
    found.into_iter().next()
}

/// SHA-256 in hexadecimal.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of what is kept of one file: sixteen digits of the hash of its path.
fn key(target: &Path) -> String {
    hash(target.as_os_str().as_encoded_bytes()).chars().take(16).collect()
}

/// What is kept of KB.md outside the project.
#[derive(Clone, Debug)]
pub struct Keep {
    /// The folder of the texts before each edit (see [`undo`]).
    pub undo: PathBuf,
    pub journal: Journal,
    /// The folder of what was looked at (see [`trust`]).
    pub trust: PathBuf,
}

impl Keep {
    /// What is kept below dictum's state folder, with a new session.
    pub fn below(state: &Path) -> Self {
        Self {
            undo: state.join("undo"),
            journal: Journal::begin(state.join("journal")),
            trust: state.join("trust"),
        }
    }
}

impl Keep {
    /// The user accepted this text, so it is not asked about again; where that cannot be kept, it is.
    fn looked_at(&self, dir: &Path, before: Option<&str>, now: &str) {
        let item = |text: &str| Item {
            name: FILE_NAME.to_string(),
            title: FILE_NAME.to_string(),
            text: text.to_string(),
        };
        let before = before.filter(|text| !text.trim().is_empty()).map(item);
        let _ = trust::follow(&self.trust, dir, before.as_ref(), &item(now));
    }
}

/// Whether a KB.md that is a link to a file outside the project may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// Answer [`SaveError::OutsideProject`], so that the user can be asked.
    Ask,
    /// The user has agreed.
    Allow,
}

/// A write that is on disk and was read back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// What KB.md is now.
    pub snapshot: Snapshot,
    /// The file that holds the bytes: where a link leads.
    pub target: PathBuf,
    /// Why the journal does not tell of it, where it does not.
    pub unrecorded: Option<String>,
}

/// Why nothing was written (but for [`SaveError::Overwritten`]).
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    #[error(
        "KB.md changed since this edit was made, so nothing was written; look at the new diff and accept again"
    )]
    Changed(Snapshot),
    #[error("{}", .0.explanation().unwrap_or_else(|| "KB.md cannot be written as it is.".to_string()))]
    NotUsable(Snapshot),
    #[error(
        "KB.md is a link to {}, outside this project, so nothing was written; allow it if that file is meant",
        files::shown(target)
    )]
    OutsideProject { target: PathBuf },
    #[error("the project folder {} cannot be entered ({cause}), so KB.md was not written", files::shown(dir))]
    NoFolder { dir: PathBuf, cause: String },
    #[error(
        "the edit was not written, because it could not be made undoable: the folder {} cannot be written ({cause}); \
         set XDG_STATE_HOME to a folder you may write",
        files::shown(dir)
    )]
    NoUndo { dir: PathBuf, cause: String },
    #[error("{0}")]
    Lock(#[from] LockError),
    #[error("{0}")]
    Write(WriteError),
    #[error("KB.md was written, but another program changed it at once; look at what it holds now")]
    Overwritten(Snapshot),
}

/// Writes `new` over the KB.md of `dir`, if that still holds `expected`: the text on which the edit was made, or `None` when there was
/// no file. The old text is kept for [`undo`], and the journal tells of it. Mode, owner and a link stay as they are.
pub fn save(
    dir: &Path,
    expected: Option<&str>,
    new: &str,
    keep: &Keep,
    outside: Outside,
    provenance: &Provenance,
) -> Result<Saved, SaveError> {
    let place = Place::find(dir)
        .map_err(|error| SaveError::NoFolder { dir: dir.to_path_buf(), cause: files::cause(&error) })?;
    if place.outside && outside == Outside::Ask {
        return Err(SaveError::OutsideProject { target: place.target });
    }
    let no_undo = |cause: String| SaveError::NoUndo { dir: keep.undo.clone(), cause };
    let store =
        undo::Store::open(&keep.undo, &place.target).map_err(|error| no_undo(files::cause(&error)))?;
    let _lock = files::lock(&store.lock_file(), PATIENCE)?;
    store.settle(dir);

    let most = LIMIT.max(expected.unwrap_or_default().len() as u64).max(new.len() as u64);
    let now = read(dir, most);
    match (&now.state, expected) {
        (KbState::Missing, None) => {}
        (_, Some(expected)) if now.text() == Some(expected) => {}
        (KbState::Missing, Some(_)) => return Err(SaveError::Changed(now)),
        _ if now.text().is_some() => return Err(SaveError::Changed(now)),
        _ => return Err(SaveError::NotUsable(now)),
    }
    store.announce(expected, new).map_err(|error| no_undo(error.to_string()))?;
    let written = match expected {
        None => files::create(&place.target, new.as_bytes(), 0o666),
        Some(expected) => files::replace(&place.target, new.as_bytes(), || holds(&place.target, expected)),
    };
    if let Err(error) = written {
        store.cancel();
        return Err(match error {
            WriteError::Changed(_) => SaveError::Changed(read(dir, most)),
            WriteError::ReadOnlyFile(_)
            | WriteError::ReadOnlyFolder(_)
            | WriteError::NoRoom(_)
            | WriteError::Io { .. } => SaveError::Write(error),
        });
    }
    store.commit();
    keep.looked_at(dir, expected, new);
    let unrecorded = keep.journal.record(&place.target, expected, Some(new), provenance);
    let snapshot = read(dir, most);
    if snapshot.text() != Some(new) {
        return Err(SaveError::Overwritten(snapshot));
    }
    Ok(Saved { snapshot, target: place.target, unrecorded })
}

/// Whether the file holds exactly this text.
fn holds(target: &Path, text: &str) -> bool {
    matches!(
        files::read_bounded(target, text.len() as u64),
        Ok(Content::Whole(bytes)) if bytes == text.as_bytes()
    )
}

/// Where KB.md really is.
struct Place {
    /// Without links.
    target: PathBuf,
    outside: bool,
}

impl Place {
    fn find(dir: &Path) -> std::io::Result<Self> {
        let root = fs::canonicalize(dir)?;
        let path = root.join(FILE_NAME);
        // A file that is not there yet, or a link that leads nowhere: the look at the file tells the two apart.
        let target = fs::canonicalize(&path).unwrap_or(path);
        let outside = !target.starts_with(&root);
        Ok(Self { target, outside })
    }
}
