//! Tells the program which commit it is built from, for `--version`. It needs no git and never fails: where there is no repository, such as
//! in an unpacked archive, the version stands alone.
//!
//! `DICTUM_COMMIT` in the environment says it for packagers. A build for debugging does not say it, so that a commit does not mean building
//! everything anew.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

/// So many digits name a commit.
const DIGITS: usize = 12;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DICTUM_COMMIT");
    let given = env::var("DICTUM_COMMIT").ok().filter(|commit| is_commit(commit));
    let debug = env::var("PROFILE").is_ok_and(|profile| profile == "debug");
    let told = match given {
        Some(commit) => short(&commit),
        None if debug => "debug build".to_string(),
        None => head().map(|commit| short(&commit)).unwrap_or_default(),
    };
    let told = if told.is_empty() { told } else { format!(" ({told})") };
    println!("cargo::rustc-env=DICTUM_BUILT_FROM={told}");
}

fn is_commit(text: &str) -> bool {
    text.len() >= 7 && text.chars().all(|letter| letter.is_ascii_hexdigit())
}

fn short(commit: &str) -> String {
    commit.chars().take(DIGITS).collect()
}

/// The commit that is checked out, as git's files tell it; looked at again when they change. A repository around the crate's folder is
/// another one's.
fn head() -> Option<String> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?);
    let git = folder(&root.join(".git"))?;
    let head = read(&git.join("HEAD"))?;
    let Some(name) = head.strip_prefix("ref: ") else { return Some(head).filter(|head| is_commit(head)) };
    // In a further working tree the branches are those of the first one.
    let common = read(&git.join("commondir")).map_or_else(|| git.clone(), |path| git.join(path));
    let packed = || {
        let refs = read(&common.join("packed-refs"))?;
        let found = refs.lines().find_map(|line| line.strip_suffix(name)?.strip_suffix(' '));
        found.map(str::to_string)
    };
    read(&common.join(name)).or_else(packed).filter(|commit| is_commit(commit))
}

/// Git's own folder; in a further working tree `.git` is a file that names it.
fn folder(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.to_path_buf());
    }
    let named = read(git)?;
    let path = named.strip_prefix("gitdir: ")?;
    Some(git.parent()?.join(path))
}

fn read(path: &Path) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    println!("cargo::rerun-if-changed={}", path.display());
    Some(text.trim().to_string())
}
