//! The texts that KB.md held before dictum wrote it, and the way back to them. It never overwrites what was written since.

use super::{Keep, PATIENCE, Place, hash, holds, key, read};
use crate::domain::kb::journal::{How, Provenance};
use crate::domain::kb::state::{LIMIT, Snapshot};
use crate::io::files::{self, Content, LockError, WriteError};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// So many steps back are kept for each file.
const KEPT: usize = 20;

/// A record holds one KB.md as JSON, whose escapes make it at most six times as long.
const LARGEST_RECORD: u64 = 64 * 1024 * 1024;

/// One write of KB.md, as kept on disk.
#[derive(Serialize, Deserialize)]
struct Record {
    /// What the file held; `None` when it was not there.
    before: Option<String>,
    /// SHA-256 of what was written, in hexadecimal.
    after: String,
    after_bytes: u64,
    /// For a person who looks into the folder.
    target: String,
}

/// The records of one file: a private folder named by the hash of the file's path.
pub(super) struct Store {
    folder: PathBuf,
    target: String,
}

impl Store {
    pub(super) fn open(undo_dir: &Path, target: &Path) -> io::Result<Self> {
        files::private_folder(undo_dir)?;
        let folder = undo_dir.join(key(target));
        files::private_folder(&folder)?;
        Ok(Self { folder, target: files::shown(target) })
    }

    /// The side file whose lock whoever writes KB.md holds.
    pub(super) fn lock_file(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// Records a write that is about to happen; [`Store::commit`] or [`Store::cancel`] follows.
    pub(super) fn announce(&self, before: Option<&str>, after: &str) -> Result<(), WriteError> {
        let record = Record {
            before: before.map(str::to_string),
            after: hash(after.as_bytes()),
            after_bytes: after.len() as u64,
            target: self.target.clone(),
        };
        let path = self.pending();
        let json = serde_json::to_vec(&record)
            .map_err(|error| WriteError::Io { path: path.clone(), source: io::Error::other(error) })?;
        files::create(&path, &json, 0o600)
    }

    /// The announced write is on disk: its record becomes the newest, and the oldest beyond [`KEPT`] go.
    pub(super) fn commit(&self) {
        let numbers = self.numbers();
        let number = numbers.last().map_or(1, |last| last + 1);
        // Should the renaming fail, the record stays announced and is settled by whoever comes next.
        let _ = fs::rename(self.pending(), self.path(number));
        let surplus = (numbers.len() + 1).saturating_sub(KEPT);
        for old in numbers.iter().take(surplus) {
            // One record too many does no harm; the next write tries again.
            let _ = fs::remove_file(self.path(*old));
        }
    }

    /// The announced write did not happen.
    pub(super) fn cancel(&self) {
        let _ = fs::remove_file(self.pending());
    }

    /// Decides over a write whose process died: it happened if KB.md holds its text.
    pub(super) fn settle(&self, dir: &Path) {
        let Ok(record) = load(self.pending()) else { return self.cancel() };
        let current = read(dir, LIMIT.max(record.after_bytes));
        if current.text().is_some_and(|text| hash(text.as_bytes()) == record.after) {
            self.commit();
        } else {
            self.cancel();
        }
    }

    /// The newest record is undone. Should it stay in place, the next undo finds that KB.md does not hold its text, and stops.
    fn drop_last(&self) {
        if let Some(last) = self.numbers().last() {
            let _ = files::remove(&self.path(*last));
        }
    }

    fn last(&self) -> Result<Record, UndoError> {
        let number = self.numbers().last().copied().ok_or(UndoError::Nothing)?;
        load(self.path(number))
    }

    /// The numbers of the records, oldest first.
    fn numbers(&self) -> Vec<u64> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let mut numbers: Vec<u64> = entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".json")?.parse().ok())
            .collect();
        numbers.sort_unstable();
        numbers
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:08}.json"))
    }

    fn pending(&self) -> PathBuf {
        self.folder.join("announced")
    }
}

fn load(path: PathBuf) -> Result<Record, UndoError> {
    let Ok(Content::Whole(bytes)) = files::read_bounded(&path, LARGEST_RECORD) else {
        return Err(UndoError::Record(path));
    };
    serde_json::from_slice(&bytes).map_err(|_| UndoError::Record(path))
}

/// What an undo did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone {
    /// KB.md holds its earlier text again.
    Restored(Snapshot),
    /// KB.md was made by the edit, so it is gone again.
    Removed,
}

impl Undone {
    /// The sentence for the user.
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::Restored(_) => "KB.md is back to what it held before the last edit.",
            Self::Removed => "KB.md was made by the last edit, so it is removed again.",
        }
    }
}

/// An undo that is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undoing {
    pub undone: Undone,
    /// Why the journal does not tell of it, where it does not.
    pub unrecorded: Option<String>,
}

/// What an undo would do, for the user to see first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub current: Snapshot,
    /// The text that comes back; `None` when the file is removed.
    pub restores: Option<String>,
}

/// Why nothing was undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    #[error("there is no further edit of KB.md to undo here")]
    Nothing,
    #[error(
        "KB.md changed since dictum's last edit, so nothing was undone; the diff shows what undo would restore"
    )]
    ChangedSince { current: Snapshot, would_restore: Option<String> },
    #[error("the project folder {} cannot be entered ({cause}), so nothing was undone", files::shown(dir))]
    NoFolder { dir: PathBuf, cause: String },
    #[error("the folder {} cannot be used ({cause}), so nothing was undone", files::shown(dir))]
    NoStore { dir: PathBuf, cause: String },
    #[error("the undo record {} cannot be read, so nothing was undone; remove it to reach the one before", files::shown(.0))]
    Record(PathBuf),
    #[error("{0}")]
    Lock(#[from] LockError),
    #[error("{0}")]
    Write(WriteError),
}

/// What [`undo`] would do now.
pub fn preview(dir: &Path, keep: &Keep) -> Result<Plan, UndoError> {
    let (_, store) = open(dir, &keep.undo)?;
    let _lock = files::lock(&store.lock_file(), PATIENCE)?;
    plan(dir, &store)
}

/// Takes back the last write of [`super::save`], if KB.md still holds exactly what was written. Repeated, it goes further back.
pub fn undo(dir: &Path, keep: &Keep) -> Result<Undoing, UndoError> {
    take_back(dir, keep, None)
}

/// Does what the user has seen in `seen`, and nothing else: another program may have undone that step meanwhile.
pub fn undo_as_seen(dir: &Path, keep: &Keep, seen: &Plan) -> Result<Undoing, UndoError> {
    take_back(dir, keep, Some(seen))
}

fn take_back(dir: &Path, keep: &Keep, seen: Option<&Plan>) -> Result<Undoing, UndoError> {
    let (place, store) = open(dir, &keep.undo)?;
    let _lock = files::lock(&store.lock_file(), PATIENCE)?;
    let Plan { current, restores } = plan(dir, &store)?;
    let differs = |seen: &Plan| seen.current.text() != current.text() || seen.restores != restores;
    if seen.is_some_and(differs) {
        return Err(UndoError::ChangedSince { current, would_restore: restores });
    }
    let written = match (&restores, current.text()) {
        (Some(before), Some(text)) => {
            files::replace(&place.target, before.as_bytes(), || holds(&place.target, text))
        }
        (Some(before), None) => files::create(&place.target, before.as_bytes(), 0o666),
        (None, _) => files::remove(&place.target),
    };
    match written {
        Ok(()) => store.drop_last(),
        Err(WriteError::Changed(_)) => {
            return Err(UndoError::ChangedSince { current: read(dir, LIMIT), would_restore: restores });
        }
        Err(error) => return Err(UndoError::Write(error)),
    }
    let provenance = Provenance { how: How::Undo, quote: String::new() };
    if let Some(restored) = &restores {
        keep.looked_at(dir, current.text(), restored);
    }
    let unrecorded = keep.journal.record(&place.target, current.text(), restores.as_deref(), &provenance);
    let undone = match restores {
        Some(before) => Undone::Restored(read(dir, LIMIT.max(before.len() as u64))),
        None => Undone::Removed,
    };
    Ok(Undoing { undone, unrecorded })
}

fn open(dir: &Path, undo_dir: &Path) -> Result<(Place, Store), UndoError> {
    let place = Place::find(dir)
        .map_err(|error| UndoError::NoFolder { dir: dir.to_path_buf(), cause: files::cause(&error) })?;
    let store = Store::open(undo_dir, &place.target)
        .map_err(|error| UndoError::NoStore { dir: undo_dir.to_path_buf(), cause: files::cause(&error) })?;
    Ok((place, store))
}

/// What the newest record says, if KB.md still holds what was written with it.
fn plan(dir: &Path, store: &Store) -> Result<Plan, UndoError> {
    store.settle(dir);
    let record = store.last()?;
    let current = read(dir, LIMIT.max(record.after_bytes));
    if current.text().is_some_and(|text| hash(text.as_bytes()) == record.after) {
        Ok(Plan { current, restores: record.before })
    } else {
        Err(UndoError::ChangedSince { current, would_restore: record.before })
    }
}
