//! One watched target: what it was at the last look, and which folders tell of its changes. It never changes a file.

use super::{Look, Target, TargetKind};
use crate::domain::kb::state::{FILE_NAME, KbState, LIMIT, Snapshot};
use crate::io::files::{self, Content, ReadError};
use crate::io::kbfile;
use crate::io::walk::{self, Reach};
use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Bounds of a persona folder: depth, entries, and bytes of one file whose content is compared.
const DEEPEST: usize = 8;
const MOST_ENTRIES: usize = 5_000;
const LARGEST: u64 = 1024 * 1024;

/// A chain of links that is longer than this leads nowhere on any system.
const MOST_LINKS: usize = 40;

/// Tells a folder from another of the same name.
pub(super) type Identity = (u64, u64);

/// What a target was when it was looked at.
#[derive(Clone, Debug)]
enum Seen {
    Kb(Snapshot),
    /// Each persona file with a hash of its content.
    Personas(BTreeMap<PathBuf, u64>),
    /// A hash of the content; `None` where there is no file.
    Settings(Option<u64>),
}

/// Cheap signs of change, for polling.
type Stamps = Vec<(PathBuf, u64, Option<SystemTime>, Identity)>;

/// A target with the memory of it.
pub(super) struct Sight {
    target: Target,
    seen: Option<Seen>,
    stamps: Stamps,
    /// Files that links of the target lead to.
    links: Vec<PathBuf>,
}

impl Sight {
    pub(super) fn new(target: Target) -> Self {
        let path = std::path::absolute(&target.path).unwrap_or(target.path);
        let target = Target { path, kind: target.kind };
        Self { target, seen: None, stamps: Vec::new(), links: Vec::new() }
    }

    pub(super) fn kind(&self) -> Look {
        match self.target.kind {
            TargetKind::KbFile => Look::Kb,
            TargetKind::PersonaFolder => Look::Personas,
            TargetKind::SettingsFile => Look::Settings,
        }
    }

    /// Takes what is there now as known.
    pub(super) fn remember(&mut self) {
        self.stamps = self.stamps_now();
        self.seen = Some(self.see());
    }

    /// Looks; tells of a difference from the last look.
    pub(super) fn look(&mut self) -> Option<Look> {
        let now = self.see();
        let same = self.seen.as_ref().is_some_and(|before| same(before, &now));
        self.seen = Some(now);
        (!same).then(|| self.kind())
    }

    /// Whether the cheap signs differ from the last time they were asked for.
    pub(super) fn stamp_changed(&mut self) -> bool {
        let now = self.stamps_now();
        let changed = now != self.stamps;
        self.stamps = now;
        changed
    }

    /// Whether a file that held text is gone or empty: an editor may be in the middle of a save.
    pub(super) fn looks_half_written(&self) -> bool {
        match (&self.seen, self.see()) {
            (Some(Seen::Kb(before)), Seen::Kb(now)) => {
                before.text().is_some_and(|text| !text.is_empty())
                    && matches!(now.state, KbState::Empty { .. } | KbState::Missing)
            }
            (Some(Seen::Personas(before)), Seen::Personas(now)) => {
                let empty = hash(b"");
                before.keys().any(|path| !now.contains_key(path))
                    || now.iter().any(|(path, hash)| *hash == empty && before.get(path) != Some(&empty))
            }
            (Some(Seen::Settings(before)), Seen::Settings(now)) => {
                before.is_some() && (now.is_none() || now == Some(hash(b"")))
            }
            (Some(Seen::Kb(_) | Seen::Personas(_) | Seen::Settings(_)) | None, _) => false,
        }
    }

    fn see(&self) -> Seen {
        match self.target.kind {
            TargetKind::KbFile => Seen::Kb(kbfile::read(parent(&self.target.path), LIMIT)),
            TargetKind::SettingsFile => {
                let path = &self.target.path;
                Seen::Settings(fs::metadata(path).ok().map(|meta| fingerprint(path, &meta)))
            }
            TargetKind::PersonaFolder => Seen::Personas(
                walk(&self.target.path)
                    .into_iter()
                    .filter(|(path, meta)| !meta.is_dir() && is_markdown(path))
                    .map(|(path, meta)| {
                        let hash = fingerprint(&path, &meta);
                        (path, hash)
                    })
                    .collect(),
            ),
        }
    }

    fn stamps_now(&self) -> Stamps {
        match self.target.kind {
            TargetKind::KbFile | TargetKind::SettingsFile => [parent(&self.target.path), &self.target.path]
                .into_iter()
                .filter_map(|path| Some((path.to_path_buf(), fs::metadata(path).ok()?)))
                .map(|(path, meta)| stamp(path, &meta))
                .collect(),
            TargetKind::PersonaFolder => {
                walk(&self.target.path).into_iter().map(|(path, meta)| stamp(path, &meta)).collect()
            }
        }
    }

    /// The folders whose events tell of this target now.
    pub(super) fn folders(&mut self) -> Vec<(PathBuf, Identity)> {
        let mut folders = Vec::new();
        self.links.clear();
        match self.target.kind {
            TargetKind::KbFile | TargetKind::SettingsFile => {
                folders.extend(nearest(parent(&self.target.path)));
                self.links.extend(link_chain(&self.target.path));
            }
            TargetKind::PersonaFolder => {
                // The parent tells when the folder is renamed away or made anew.
                folders.extend(nearest(&self.target.path));
                folders.extend(nearest(parent(&self.target.path)));
                for (path, meta) in walk(&self.target.path) {
                    if meta.is_dir() {
                        folders.push((path, identity(&meta)));
                    } else if is_markdown(&path) {
                        self.links.extend(link_chain(&path));
                    }
                }
            }
        }
        folders.extend(self.links.iter().filter_map(|link| nearest(parent(link))));
        folders
    }

    /// Whether an event at `path` may be about this target.
    pub(super) fn concerns(&self, path: &Path) -> bool {
        let above = |target: &Path| target.starts_with(path);
        let own = match self.target.kind {
            TargetKind::KbFile => {
                parent(path) == parent(&self.target.path)
                    && path.file_name().is_some_and(|name| name.eq_ignore_ascii_case(FILE_NAME))
            }
            TargetKind::SettingsFile => path == self.target.path,
            TargetKind::PersonaFolder => path.starts_with(&self.target.path),
        };
        own || above(&self.target.path) || self.links.iter().any(|link| above(link))
    }
}

fn same(before: &Seen, now: &Seen) -> bool {
    match (before, now) {
        (Seen::Kb(before), Seen::Kb(now)) => before.same_content(now),
        (Seen::Personas(before), Seen::Personas(now)) => before == now,
        (Seen::Settings(before), Seen::Settings(now)) => before == now,
        (Seen::Kb(_) | Seen::Personas(_) | Seen::Settings(_), _) => false,
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().unwrap_or(path)
}

/// The folder itself or the nearest one above it that is there.
fn nearest(path: &Path) -> Option<(PathBuf, Identity)> {
    path.ancestors().find_map(|folder| {
        let meta = fs::metadata(folder).ok().filter(Metadata::is_dir)?;
        Some((folder.to_path_buf(), identity(&meta)))
    })
}

/// Where a link leads, step by step.
fn link_chain(path: &Path) -> Vec<PathBuf> {
    let mut chain = Vec::new();
    let mut here = path.to_path_buf();
    while chain.len() < MOST_LINKS
        && let Ok(next) = fs::read_link(&here)
    {
        // `..` is taken away by asking the system, as folders on the way may be links too.
        let next = parent(&here).join(next);
        here = match (fs::canonicalize(parent(&next)), next.file_name()) {
            (Ok(folder), Some(name)) => folder.join(name),
            (Ok(_) | Err(_), _) => next,
        };
        chain.push(here.clone());
    }
    chain
}

/// Everything below a persona folder, within bounds, in a fixed order.
fn walk(folder: &Path) -> Vec<(PathBuf, Metadata)> {
    walk::walk(folder, Reach::Everything, &[])
        .follow_links(true)
        .max_depth(Some(DEEPEST))
        .sort_by_file_name(std::ffi::OsStr::cmp)
        .build()
        .take(MOST_ENTRIES)
        .flatten()
        .filter_map(|entry| {
            let meta = entry.metadata().ok()?;
            Some((entry.into_path(), meta))
        })
        .collect()
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
}

fn fingerprint(path: &Path, meta: &Metadata) -> u64 {
    match files::read_bounded(path, LARGEST) {
        Ok(Content::Whole(bytes)) => hash(&bytes),
        Ok(Content::TooLarge(size)) => hash(format!("{size} {:?}", meta.modified().ok()).as_bytes()),
        Err(ReadError::NotAFile(kind)) => hash(kind.word().as_bytes()),
        Err(ReadError::Io(error)) => hash(error.to_string().as_bytes()),
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

fn stamp(path: PathBuf, meta: &Metadata) -> (PathBuf, u64, Option<SystemTime>, Identity) {
    (path, meta.len(), meta.modified().ok(), identity(meta))
}

#[cfg(unix)]
fn identity(meta: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    (meta.dev(), meta.ino())
}

#[cfg(not(unix))]
fn identity(meta: &Metadata) -> Identity {
    let created = meta.created().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    (0, created.map_or(0, |age| age.as_secs()))
}

/// Whether a folder lies on a file system that accepts a watch and then stays silent on changes made elsewhere.
#[cfg(target_os = "linux")]
pub(super) fn tells_nothing(folder: &Path) -> bool {
    // NFS, CIFS, SMB, SMB2, 9p (Windows drives in WSL), virtiofs, FUSE; the numbers are from linux/magic.h and the kernel's sources.
    const SILENT: [u32; 7] =
        [0x6969, 0xff53_4d42, 0x517b, 0xfe53_4d42, 0x0102_1997, 0x6a65_6a63, 0x6573_5546];
    rustix::fs::statfs(folder).is_ok_and(|system| SILENT.contains(&(system.f_type as u32)))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn tells_nothing(_folder: &Path) -> bool {
    false
}
