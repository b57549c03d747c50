//! What is kept of each project in a folder of the state folder, one private file for each, changed by one dictum at a time. It knows nothing
//! of what the files say.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{self, Content, LockError, ReadError, WriteError};

/// A lock is held for a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Why it could not be read or written, and what follows from that.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    #[error("{unknown}: {} cannot be read ({cause}); remove it to begin anew", files::shown(path))]
    Read { unknown: &'static str, path: PathBuf, cause: String },
    #[error("{lost}: the folder {} cannot be made ({cause})", files::shown(path))]
    Folder { lost: &'static str, path: PathBuf, cause: String },
    #[error("{lost}: {cause}")]
    Lock { lost: &'static str, cause: LockError },
    #[error("{lost}: {cause}")]
    Write { lost: &'static str, cause: WriteError },
}

/// One kind of what is kept.
pub struct Kept {
    /// The ending of the files' names.
    pub ending: &'static str,
    /// A file over this was not written by dictum. Bytes.
    pub largest: u64,
    /// What it means when it cannot be read, and what when it cannot be written.
    pub unknown: &'static str,
    pub lost: &'static str,
}

impl Kept {
    /// A file named by the hash of the project's path, however it is reached.
    pub fn place(&self, folder: &Path, project: &Path) -> PathBuf {
        folder.join(format!("{}.{}", files::project_key(project), self.ending))
    }

    /// What is kept of a project; the default where nothing is. `parse` gives the reason where the bytes make no sense.
    pub fn read<T: Default>(
        &self,
        folder: &Path,
        project: &Path,
        parse: impl FnOnce(Vec<u8>) -> Result<T, String>,
    ) -> Result<T, KeptError> {
        let path = self.place(folder, project);
        let read = match files::read_bounded(&path, self.largest) {
            Ok(Content::Whole(bytes)) => parse(bytes),
            Ok(Content::TooLarge(_)) => Err("it is too large".to_string()),
            Err(ReadError::Io(error)) if error.kind() == ErrorKind::NotFound => Ok(T::default()),
            Err(error) => Err(error.to_string()),
        };
        read.map_err(|cause| KeptError::Read { unknown: self.unknown, path, cause })
    }

    /// Changes what is kept of a project; `change` gives the new content, or nothing where it stays. Another dictum may do the same at the
    /// same time.
    pub fn change<T: Default>(
        &self,
        folder: &Path,
        project: &Path,
        parse: impl FnOnce(Vec<u8>) -> Result<T, String>,
        change: impl FnOnce(T) -> Option<String>,
    ) -> Result<(), KeptError> {
        let lost = self.lost;
        files::private_folder(folder).map_err(|error| KeptError::Folder {
            lost,
            path: folder.to_path_buf(),
            cause: files::cause(&error),
        })?;
        let path = self.place(folder, project);
        let lock = files::lock(&path.with_extension("lock"), PATIENCE);
        let _lock = lock.map_err(|cause| KeptError::Lock { lost, cause })?;
        let Some(text) = change(self.read(folder, project, parse)?) else { return Ok(()) };
        files::put_private(&path, text.as_bytes()).map_err(|cause| KeptError::Write { lost, cause })
    }
}
