//! The project's own files, read for what they state. It writes nothing, follows no link out of the project, and reads no file that is
//! not asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use super::files::{self, Content};
use super::walk::{Reach, gitignore, walk};
use crate::domain::kb::ground::{FILES, Ground, NAMES, RULES_FOLDER};
use crate::domain::stack::{self, Stack};

/// A larger file is no place where people state conventions.
const MOST_BYTES: u64 = 256 * 1024;

/// So many files of the rules folder are read.
const MOST_RULES: usize = 50;

/// So many entries of the project are looked through for a path; what is not found in a larger project may yet be there.
const MOST_ENTRIES: usize = 20_000;

/// Reads what the project states, and looks for the paths that are asked for.
pub fn read(directory: &Path, paths: &[String]) -> Ground {
    let Some(mut reader) = Reader::new(directory) else { return Ground::default() };
    for name in FILES {
        reader.read(name);
    }
    for name in reader.rules() {
        reader.read(&name);
    }
    let missing = missing(&reader.root, paths);
    Ground { missing, ..reader.ground() }
}

/// Reads only what tells what the project is made of.
pub fn stack(directory: &Path) -> Stack {
    let Some(mut reader) = Reader::new(directory) else { return Stack::default() };
    for name in stack::FILES {
        reader.read(name);
    }
    Stack::of(&reader.ground())
}

struct Reader {
    root: PathBuf,
    files: BTreeMap<String, String>,
    skipped: Vec<String>,
}

impl Reader {
    fn new(directory: &Path) -> Option<Self> {
        let root = fs::canonicalize(directory).ok()?;
        Some(Self { root, files: BTreeMap::new(), skipped: Vec::new() })
    }

    /// What was read, and which lockfiles and the like are there.
    fn ground(self) -> Ground {
        let names = NAMES.iter().filter(|name| self.inside(name).is_some_and(|path| path.is_file()));
        let names: BTreeSet<String> = names.map(|name| (*name).to_string()).collect();
        Ground { files: self.files, names, missing: BTreeSet::new(), skipped: self.skipped }
    }

    /// Where a name leads, if that is inside the project.
    fn inside(&self, name: &str) -> Option<PathBuf> {
        let path = fs::canonicalize(self.root.join(name)).ok()?;
        path.starts_with(&self.root).then_some(path)
    }

    fn read(&mut self, name: &str) {
        let path = self.root.join(name);
        if fs::symlink_metadata(&path).is_err() {
            return;
        }
        let shown = files::shown(Path::new(name));
        let Some(path) = self.inside(name) else {
            self.skipped.push(format!("{shown} leads out of the project"));
            return;
        };
        match files::read_bounded(&path, MOST_BYTES) {
            Ok(Content::Whole(bytes)) => match String::from_utf8(bytes) {
                Ok(text) => {
                    self.files.insert(name.to_string(), text);
                }
                Err(_) => self.skipped.push(format!("{shown} is not UTF-8")),
            },
            Ok(Content::TooLarge(_)) => self.skipped.push(format!("{shown} is too large")),
            Err(error) => self.skipped.push(format!("{shown} cannot be read ({error})")),
        }
    }

    /// The Markdown files of the rules folder, in order.
    fn rules(&self) -> Vec<String> {
        let Some(folder) = self.inside(RULES_FOLDER) else { return Vec::new() };
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let mut names: Vec<String> = entries
            .take(MOST_ENTRIES)
            .flatten()
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| name.ends_with(".md") || name.ends_with(".mdc"))
            .map(|name| format!("{RULES_FOLDER}/{name}"))
            .collect();
        names.sort();
        names.truncate(MOST_RULES);
        names
    }
}

/// The paths that are surely not in the project: neither at its root nor below any of its folders, and not made by a build.
fn missing(root: &Path, paths: &[String]) -> BTreeSet<String> {
    let ignored = gitignore(root);
    let mut open: BTreeSet<String> = paths
        .iter()
        .filter(|path| Path::new(path).components().all(|part| matches!(part, Component::Normal(_))))
        .filter(|path| !root.join(path).exists())
        .filter(|path| !ignored.matched_path_or_any_parents(path, false).is_ignore())
        .cloned()
        .collect();
    if open.is_empty() {
        return open;
    }
    let walk = walk(root, Reach::Everything, &["node_modules", ".git", "target"]).build();
    for (count, entry) in walk.flatten().enumerate() {
        if count >= MOST_ENTRIES {
            return BTreeSet::new();
        }
        open.retain(|path| !entry.path().ends_with(path));
    }
    open
}
