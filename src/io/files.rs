//! Reading within bounds, atomic writes, locks, and private folders. It never writes what was not asked, and never half of it.

use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use sha2::{Digest, Sha256};

/// Temporary files that stand beside a target for the moment of a write begin with the target's name and end like this.
const TEMP_MARK: &str = ".dictum-tmp";

/// A temporary file of this age belongs to a write that was killed, where the system cannot say so itself.
const STALE: Duration = Duration::from_secs(60);

/// A writer locks its temporary file as soon as it has made it, and surely within this time.
const LOCKED_BY: Duration = Duration::from_secs(1);

/// What a path turned out to be when it is no plain file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Directory,
    Pipe,
    Socket,
    Device,
}

impl Kind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Directory => "directory",
            Self::Pipe => "pipe",
            Self::Socket => "socket",
            Self::Device => "device",
        }
    }
}

/// What a bounded read brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Content {
    Whole(Vec<u8>),
    /// Over the limit; the size in bytes, nothing of the text.
    TooLarge(u64),
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("it is a {}", .0.word())]
    NotAFile(Kind),
    #[error("{}", cause(.0))]
    Io(#[from] io::Error),
}

/// Why a file could not be written; the file then holds its old bytes.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("{} is read-only, so it was not changed; make it writable (`chmod u+w`) and try again", shown(.0))]
    ReadOnlyFile(PathBuf),
    #[error(
        "the folder {} does not let files be written, so nothing was changed; check who may write there and try again",
        shown(.0)
    )]
    ReadOnlyFolder(PathBuf),
    #[error("no room is left to write {}, so nothing was changed; free some space and try again", shown(.0))]
    NoRoom(PathBuf),
    #[error("{} changed while it was about to be written, so nothing was written", shown(.0))]
    Changed(PathBuf),
    #[error("{} could not be written ({}), so nothing was changed", shown(path), cause(source))]
    Io { path: PathBuf, source: io::Error },
}

/// Why a lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another dictum has been writing the same file for {0} seconds; try again, or close it")]
    Busy(u64),
    #[error("the lock file {} cannot be used ({})", shown(path), cause(source))]
    Io { path: PathBuf, source: io::Error },
}

/// Reads a plain file of at most `limit` bytes. Never waits on a pipe or a device, and reads again when the file was being written
/// meanwhile.
pub fn read_bounded(path: &Path, limit: u64) -> Result<Content, ReadError> {
    let mut file = open_plain(path)?;
    let mut before = stamp(&file.metadata()?);
    // A writer that never rests is answered with what is there at the last look.
    let mut looks = 3;
    loop {
        let mut bytes = Vec::new();
        (&file).take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
        let meta = file.metadata()?;
        let (read, after) = (bytes.len() as u64, stamp(&meta));
        if read > limit {
            return Ok(Content::TooLarge(meta.len().max(read)));
        }
        looks -= 1;
        if before == after || looks == 0 {
            return Ok(Content::Whole(bytes));
        }
        before = after;
        file.rewind()?;
    }
}

/// Length and time of change, by which a write during a read shows.
fn stamp(meta: &Metadata) -> (u64, Option<SystemTime>) {
    (meta.len(), meta.modified().ok())
}

/// Opens a plain file for reading; looks at its type before, because opening a pipe waits and opening a device may act.
fn open_plain(path: &Path) -> Result<File, ReadError> {
    plain(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Another program may put a pipe there between the look and the opening.
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path)?;
    plain(&file.metadata()?)?;
    Ok(file)
}

fn plain(meta: &Metadata) -> Result<(), ReadError> {
    let kind = meta.file_type();
    if kind.is_file() {
        return Ok(());
    }
    if kind.is_dir() {
        return Err(ReadError::NotAFile(Kind::Directory));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Err(ReadError::NotAFile(Kind::Pipe));
        }
        if kind.is_socket() {
            return Err(ReadError::NotAFile(Kind::Socket));
        }
    }
    Err(ReadError::NotAFile(Kind::Device))
}

/// Replaces the bytes of the existing file `target` in one step: a reader sees the old or the new ones, also after a crash. Mode is
/// kept, the owner where the system allows it. `still_expected` is asked at the last moment before the step; on `false` nothing
/// happens. `target` is the file itself and no link, or the link would be replaced. Other hard links to the file keep the old bytes.
pub fn replace(target: &Path, bytes: &[u8], still_expected: impl FnOnce() -> bool) -> Result<(), WriteError> {
    let meta = fs::metadata(target).map_err(|source| write_error(target, source))?;
    if meta.permissions().readonly() || !writable(target) {
        return Err(WriteError::ReadOnlyFile(target.to_path_buf()));
    }
    let temp = temp_beside(target, bytes, 0o600)?;
    // The owner first: changing it may clear bits of the mode.
    keep_owner(temp.as_file(), &meta);
    temp.as_file().set_permissions(meta.permissions()).map_err(|source| write_error(target, source))?;
    temp.as_file().sync_all().map_err(|source| write_error(target, source))?;
    if !still_expected() {
        return Err(WriteError::Changed(target.to_path_buf()));
    }
    temp.persist(target).map_err(|error| write_error(target, error.error))?;
    sync_folder(target);
    Ok(())
}

/// Writes the new file `target` in one step; fails with [`WriteError::Changed`] when something of that name is there already. `mode`
/// is reduced by the user's umask, as for any new file.
pub fn create(target: &Path, bytes: &[u8], mode: u32) -> Result<(), WriteError> {
    let temp = temp_beside(target, bytes, mode)?;
    temp.as_file().sync_all().map_err(|source| write_error(target, source))?;
    temp.persist_noclobber(target).map_err(|error| match error.error.kind() {
        io::ErrorKind::AlreadyExists => WriteError::Changed(target.to_path_buf()),
        _ => write_error(target, error.error),
    })?;
    sync_folder(target);
    Ok(())
}

/// Writes a file of dictum's own for its owner alone, in one step, whether it is there or not. Only under a lock: of two that write at
/// once, one may fail.
pub fn put_private(target: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    if target.exists() { replace(target, bytes, || true) } else { create(target, bytes, 0o600) }
}

/// Removes a file and makes the removal last.
pub fn remove(target: &Path) -> Result<(), WriteError> {
    fs::remove_file(target).map_err(|source| write_error(target, source))?;
    sync_folder(target);
    Ok(())
}

fn temp_beside(target: &Path, bytes: &[u8], mode: u32) -> Result<tempfile::NamedTempFile, WriteError> {
    let folder = folder_of(target);
    let prefix = temp_prefix(target);
    sweep(folder, &prefix);
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(TEMP_MARK);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    let mut temp = builder.tempfile_in(folder).map_err(|source| write_error(target, source))?;
    // The lock goes with this process, which tells the file from one that a killed write left behind. Elsewhere than on Unix a lock
    // would keep readers out.
    #[cfg(unix)]
    let _ = temp.as_file().try_lock();
    temp.write_all(bytes).map_err(|source| write_error(target, source))?;
    Ok(temp)
}

fn temp_prefix(target: &Path) -> String {
    format!(".{}.", target.file_name().unwrap_or_default().to_string_lossy())
}

/// Removes what a killed write left behind.
fn sweep(folder: &Path, prefix: &str) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(prefix) && name.ends_with(TEMP_MARK) && left_behind(&entry) {
            // Another process may sweep too; whoever comes second has nothing to do.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Whether the writer of a temporary file is gone.
fn left_behind(entry: &fs::DirEntry) -> bool {
    let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|time| time.elapsed().ok());
    let Some(age) = age.filter(|age| *age > LOCKED_BY) else { return false };
    if age > STALE {
        return true;
    }
    cfg!(unix) && open_plain(&entry.path()).is_ok_and(|file| file.try_lock().is_ok())
}

fn folder_of(target: &Path) -> &Path {
    match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// A file system that cannot flush a folder loses at most the new name in a power cut, never the old bytes; so its refusal is no error.
fn sync_folder(target: &Path) {
    if let Ok(folder) = File::open(folder_of(target)) {
        let _ = folder.sync_all();
    }
}

#[cfg(unix)]
fn keep_owner(file: &File, old: &Metadata) {
    use std::os::unix::fs::MetadataExt;
    let Ok(new) = file.metadata() else { return };
    let owner = (new.uid() != old.uid()).then(|| rustix::fs::Uid::from_raw(old.uid()));
    let group = (new.gid() != old.gid()).then(|| rustix::fs::Gid::from_raw(old.gid()));
    if owner.is_none() && group.is_none() {
        return;
    }
    // Only root may give a file away; the group is often still possible then.
    if rustix::fs::fchown(file, owner, group).is_err() {
        let _ = rustix::fs::fchown(file, None, group);
    }
}

#[cfg(not(unix))]
fn keep_owner(_file: &File, _old: &Metadata) {}

/// Renaming over a file needs no right to write it, so that right is asked for here.
#[cfg(unix)]
fn writable(path: &Path) -> bool {
    rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
}

#[cfg(not(unix))]
fn writable(_path: &Path) -> bool {
    true
}

fn write_error(target: &Path, source: io::Error) -> WriteError {
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            WriteError::ReadOnlyFolder(folder_of(target).to_path_buf())
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            WriteError::NoRoom(target.to_path_buf())
        }
        _ => WriteError::Io { path: target.to_path_buf(), source },
    }
}

/// How a file is opened that is its owner's alone, where it is made.
pub fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

/// Held while a file is read, compared and written; released when dropped or when the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Locks the side file `path`, which is created when missing and stays. Waits at most `patience`.
pub fn lock(path: &Path, patience: Duration) -> Result<Lock, LockError> {
    let failed = |source| LockError::Io { path: path.to_path_buf(), source };
    let file = private().read(true).append(true).create(true).open(path).map_err(failed)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(Lock { _file: file }),
            // Such a file system has no locks; the comparison before the write still stands.
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Ok(Lock { _file: file });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) if start.elapsed() >= patience => {
                return Err(LockError::Busy(patience.as_secs()));
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// Whether other users of this machine can read a file.
#[cfg(unix)]
pub fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
}

/// Elsewhere a home folder is private by its own rules.
#[cfg(not(unix))]
pub fn others_can_read(_path: &Path) -> bool {
    false
}

/// Lets only its owner read and write a file (0600).
#[cfg(unix)]
pub fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))
}

/// As [`others_can_read`].
#[cfg(not(unix))]
pub fn make_private(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes sure of a folder that only its owner may enter (0700).
pub fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        builder.mode(0o700).create(path)?;
        let meta = fs::metadata(path)?;
        if meta.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    }
    #[cfg(not(unix))]
    builder.create(path)
}

/// Why there is no folder for dictum's own state.
#[derive(Debug, thiserror::Error)]
pub enum StateDirError {
    #[error("there is no home folder to keep dictum's state in; set HOME or XDG_STATE_HOME")]
    NoHome,
    #[error(
        "dictum's state folder {} cannot be made ({}); set XDG_STATE_HOME to a folder you may write",
        shown(path),
        cause(source)
    )]
    Io { path: PathBuf, source: io::Error },
}

/// The folder for locks, undo snapshots and sessions: `$XDG_STATE_HOME/dictum`, made private.
pub fn state_dir() -> Result<PathBuf, StateDirError> {
    use etcetera::BaseStrategy;
    let base = etcetera::base_strategy::Xdg::new().map_err(|_| StateDirError::NoHome)?;
    let path = base.state_dir().ok_or(StateDirError::NoHome)?.join("dictum");
    private_folder(&path).map_err(|source| StateDirError::Io { path: path.clone(), source })?;
    Ok(path)
}

/// What names a project in a state folder: a hash of its path, however it is reached.
pub fn project_key(project: &Path) -> String {
    let project = fs::canonicalize(project).unwrap_or_else(|_| project.to_path_buf());
    let hash = Sha256::digest(project.as_os_str().as_encoded_bytes());
    hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// A path as it may be shown: characters that could act on a terminal or hide become `\u{..}`.
pub fn shown(path: &Path) -> String {
    path.to_string_lossy()
        .chars()
        .flat_map(|c| {
            let plain = !c.is_control() && !hides(c);
            let escaped = (!plain).then(|| c.escape_unicode());
            escaped.into_iter().flatten().chain(plain.then_some(c))
        })
        .collect()
}

/// Zero-width, bidirectional and tag characters: they change what is seen without being seen.
fn hides(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// An error of the system in plain lower-case words, without its number.
pub fn cause(error: &io::Error) -> String {
    let words = error.to_string();
    let words = words.split(" (os error").next().unwrap_or_default();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
