//! The one maker of walks through folders. It opens no ignore file that is not a plain one of bounded size: a link to a device or a pipe
//! would wait for ever, or take the keys that are typed.

use std::fs;
use std::path::{Path, PathBuf};

use ignore::gitignore::{Gitignore, GitignoreBuilder, gitconfig_excludes_path};
use ignore::{DirEntry, WalkBuilder};

use super::files::{self, Content};
use super::root;

/// A larger ignore file is not read, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// What a folder says of its own files.
const IGNORE_FILES: [&str; 2] = [".gitignore", ".ignore"];

/// Which entries a walk meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Those that are neither hidden nor named in an ignore file.
    Shown,
    Everything,
}

/// A walk below `folder` that leaves out what bears one of the names `skipped`. It does not enter a folder whose ignore file may not be
/// opened; where that is the first folder or one above it, no ignore file of the project counts.
pub fn walk(folder: &Path, reach: Reach, skipped: &'static [&'static str]) -> WalkBuilder {
    let mut walk = WalkBuilder::new(folder);
    let named =
        move |entry: &DirEntry| entry.file_name().to_str().is_some_and(|name| skipped.contains(&name));
    if reach == Reach::Everything {
        walk.standard_filters(false).filter_entry(move |entry| !named(entry));
        return walk;
    }
    let canonical = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
    let heard = canonical.ancestors().all(may_be_read);
    walk.require_git(false)
        .ignore(heard)
        .git_ignore(heard)
        .parents(heard)
        // It leads through files of `.git`, which may be anything where a folder was unpacked and not cloned.
        .git_exclude(false)
        .git_global(gitconfig_excludes_path().is_none_or(|path| is_plain(&path)))
        .filter_entry(move |entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !named(entry) && (!is_folder || entry.depth() == 0 || may_be_read(entry.path()))
        });
    let project = root::of(&canonical);
    if let Some(exclude) = exclude(&project) {
        walk.current_dir(project);
        // A line that is not understood ignores nothing.
        let _ = walk.add_ignore(exclude);
    }
    walk
}

/// What the `.gitignore` of a folder says; nothing where it may not be opened.
pub fn gitignore(folder: &Path) -> Gitignore {
    let mut builder = GitignoreBuilder::new(folder);
    let path = folder.join(".gitignore");
    if let Ok(Content::Whole(bytes)) = files::read_bounded(&path, LARGEST) {
        for line in String::from_utf8_lossy(&bytes).lines() {
            // As above.
            let _ = builder.add_line(Some(path.clone()), line);
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

/// Whether the ignore files of a folder may be opened.
fn may_be_read(folder: &Path) -> bool {
    IGNORE_FILES.iter().all(|name| is_plain(&folder.join(name)))
}

/// Whether opening a path neither waits nor acts; what is not there, or is a folder, fails at once.
fn is_plain(path: &Path) -> bool {
    fs::metadata(path).map_or(true, |meta| meta.is_dir() || (meta.is_file() && meta.len() <= LARGEST))
}

/// What the user keeps out of a repository without telling it, if that is a plain file.
fn exclude(project: &Path) -> Option<PathBuf> {
    let path = project.join(".git/info/exclude");
    fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path) -> Vec<String> {
        let walk = walk(root, Reach::Shown, &["node_modules"]).build().flatten();
        let mut names: Vec<String> = walk
            .filter_map(|entry| entry.path().strip_prefix(root).ok()?.to_str().map(str::to_string))
            .filter(|name| !name.is_empty())
            .collect();
        names.sort();
        names
    }

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let desk = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = desk.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        desk
    }

    #[test]
    fn what_is_ignored_in_any_way_stays_out() {
        let desk = project(&[
            (".gitignore", "dist/\n"),
            (".git/info/exclude", "mine.md\n"),
            ("dist/a.js", ""),
            ("mine.md", ""),
            ("node_modules/a.js", ""),
            ("src/.ignore", "b.md\n"),
            ("src/a.md", ""),
            ("src/b.md", ""),
            ("src/dist/a.js", ""),
        ]);
        assert_eq!(names(desk.path()), ["src", "src/a.md"]);
        assert_eq!(names(&desk.path().join("src")), ["a.md"], "the folders above count, too");
    }

    #[cfg(unix)]
    #[test]
    fn an_ignore_file_that_is_no_plain_one_is_not_opened() {
        let files = [("a.md", ""), ("src/b.md", ""), ("src/deep/c.md", "")];
        for (ignore, from, expect) in [
            (".gitignore", "", vec!["a.md", "src", "src/b.md", "src/deep", "src/deep/c.md"]),
            (".ignore", "src", vec!["b.md", "deep", "deep/c.md"]),
            ("src/.gitignore", "", vec!["a.md"]),
            ("src/deep/.gitignore", "", vec!["a.md", "src", "src/b.md"]),
            (".git/info/exclude", "", vec!["a.md", "src", "src/b.md", "src/deep", "src/deep/c.md"]),
        ] {
            let desk = project(&files);
            fs::create_dir_all(desk.path().join(".git/info")).unwrap();
            let pipe = desk.path().join("pipe");
            let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
            rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
            let hidden = desk.path().join(".pipe");
            fs::rename(pipe, &hidden).unwrap();
            std::os::unix::fs::symlink(hidden, desk.path().join(ignore)).unwrap();
            let (sender, receiver) = std::sync::mpsc::channel();
            let root = desk.path().join(from);
            std::thread::spawn(move || {
                let _ = gitignore(&root);
                sender.send(names(&root))
            });
            let found = receiver.recv_timeout(std::time::Duration::from_secs(20));
            assert_eq!(found.unwrap(), expect, "{ignore} from {from:?}");
        }
    }
}
