//! Which sessions are open in a dictum that runs: a locked file for each, which the system gives back when its process ends, however it
//! ends. It never writes into these files, and removes none that another dictum holds.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::io::files;

/// Looking whether a lock is free takes it for a moment, so one that is not had at once is tried again so often.
const TRIES: u32 = 5;

/// Between two tries.
const PAUSE: Duration = Duration::from_millis(2);

/// Around the number of the session in the name of its file.
const BEGIN: &str = "open-";
const END: &str = ".lock";

/// Whose a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holder {
    ThisRun,
    /// Another dictum that runs.
    Another,
}

/// The sessions that this run holds, and the folder in which all runs say which are theirs.
#[derive(Debug)]
pub(super) struct Claims {
    folder: PathBuf,
    held: HashMap<i64, File>,
}

impl Claims {
    pub fn new(store: &Path) -> Self {
        Self { folder: store.to_path_buf(), held: HashMap::new() }
    }

    fn path(&self, session: i64) -> PathBuf {
        self.folder.join(format!("{BEGIN}{session}{END}"))
    }

    /// Takes a session, where no other dictum has it. Where there are no locks, nobody can be asked and each takes it.
    pub fn take(&mut self, session: i64) -> Holder {
        if self.held.contains_key(&session) {
            return Holder::ThisRun;
        }
        let path = self.path(session);
        for _ in 0..TRIES {
            let Ok(file) = open(&path, Missing::Make) else { return Holder::ThisRun };
            match file.try_lock() {
                // The dictum that held it removed the file in between: this lock is one of nothing.
                Ok(()) if !stands(&file, &path) => {}
                Ok(()) => {
                    self.held.insert(session, file);
                    return Holder::ThisRun;
                }
                Err(TryLockError::Error(_)) => return Holder::ThisRun,
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
            }
        }
        Holder::Another
    }

    /// Gives a session back, if this run has it.
    pub fn leave(&mut self, session: i64) {
        if let Some(file) = self.held.remove(&session) {
            // The name goes while the lock is held, so that nobody holds a file that has none. One that stays behind is free.
            let _ = fs::remove_file(self.path(session));
            drop(file);
        }
    }

    /// Whether a dictum that runs has it, this one or another.
    pub fn is_live(&self, session: i64) -> bool {
        self.held.contains_key(&session) || self.is_elsewhere(session)
    }

    /// Whether another dictum has it.
    pub fn is_elsewhere(&self, session: i64) -> bool {
        if self.held.contains_key(&session) {
            return false;
        }
        let path = self.path(session);
        let Ok(file) = open(&path, Missing::Leave) else { return false };
        match file.try_lock() {
            Ok(()) => {
                // A killed dictum left it behind.
                if stands(&file, &path) {
                    let _ = fs::remove_file(&path);
                }
                false
            }
            Err(TryLockError::WouldBlock) => true,
            Err(TryLockError::Error(_)) => false,
        }
    }

    /// Every session that a dictum has which runs.
    pub fn all(&self) -> HashSet<i64> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let session = |entry: fs::DirEntry| {
            let name = entry.file_name();
            name.to_str()?.strip_prefix(BEGIN)?.strip_suffix(END)?.parse().ok()
        };
        entries.filter_map(session).filter(|session| self.is_live(*session)).collect()
    }
}

impl Drop for Claims {
    fn drop(&mut self) {
        for session in self.held.keys().copied().collect::<Vec<_>>() {
            self.leave(session);
        }
    }
}

/// What is done where the file is not there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Missing {
    Make,
    Leave,
}

fn open(path: &Path, missing: Missing) -> std::io::Result<File> {
    files::private().write(true).create(missing == Missing::Make).truncate(false).open(path)
}

/// Whether the file still has its name.
#[cfg(unix)]
fn stands(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of = |meta: fs::Metadata| (meta.dev(), meta.ino());
    file.metadata().map(of).ok() == fs::metadata(path).map(of).ok()
}

/// Elsewhere a file that is open keeps its name.
#[cfg(not(unix))]
fn stands(_file: &File, path: &Path) -> bool {
    path.exists()
}

#[cfg(test)]
mod tests;
