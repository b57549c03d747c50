//! Which files are just as Git wrote them: after a pull or a checkout the index holds their time and size, after an edit by hand others. It
//! runs no program and writes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::files::{self, Content};

/// A larger index is not looked into, in bytes.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What the index says of a file: seconds and nanoseconds of its change, and its size.
type Stamp = (u32, u32, u32);

/// Those of the files, relative to the folder, that are as Git wrote them.
pub fn as_written(directory: &Path, root: &Path, names: &[String]) -> Vec<String> {
    let (Ok(directory), Ok(root)) = (fs::canonicalize(directory), fs::canonicalize(root)) else {
        return Vec::new();
    };
    // By their names in the index: a linked file is where it really lies.
    let mut wanted: BTreeMap<Vec<u8>, (Stamp, Vec<&String>)> = BTreeMap::new();
    for name in names {
        let Ok(path) = fs::canonicalize(directory.join(name.as_str())) else { continue };
        let Some(below) = path.strip_prefix(&root).ok().and_then(Path::to_str) else { continue };
        let Some(stamp) = stamp_of(&path) else { continue };
        wanted.entry(below.replace('\\', "/").into_bytes()).or_insert((stamp, Vec::new())).1.push(name);
    }
    if wanted.is_empty() {
        return Vec::new();
    }
    let mut same: BTreeSet<&String> = BTreeSet::new();
    let look = |name: &[u8], stamp: Stamp| {
        if let Some((now, names)) = wanted.get(name)
            && *now == stamp
        {
            same.extend(names);
        }
    };
    match index(&root).and_then(|bytes| each(&bytes, look)) {
        Some(()) => names.iter().filter(|name| same.contains(name)).cloned().collect(),
        None => Vec::new(),
    }
}

#[cfg(unix)]
fn stamp_of(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    let meta = fs::metadata(path).ok()?;
    // The index keeps the lower 32 bits of each.
    let low = |number: i64| (number.cast_unsigned() & 0xffff_ffff) as u32;
    Some((low(meta.mtime()), low(meta.mtime_nsec()), (meta.len() & 0xffff_ffff) as u32))
}

#[cfg(not(unix))]
fn stamp_of(path: &Path) -> Option<Stamp> {
    let meta = fs::metadata(path).ok()?;
    let since = meta.modified().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(((since.as_secs() & 0xffff_ffff) as u32, since.subsec_nanos(), (meta.len() & 0xffff_ffff) as u32))
}

/// The index of the repository at `root`; `None` where there is none that can be read.
fn index(root: &Path) -> Option<Vec<u8>> {
    let dot = root.join(".git");
    let folder = if dot.is_dir() { dot } else { linked(root, &dot)? };
    match files::read_bounded(&folder.join("index"), LARGEST).ok()? {
        Content::Whole(bytes) => Some(bytes),
        Content::TooLarge(_) => None,
    }
}

/// In a linked worktree `.git` is a file that names the folder.
fn linked(root: &Path, file: &Path) -> Option<PathBuf> {
    let Content::Whole(bytes) = files::read_bounded(file, 4_096).ok()? else { return None };
    let text = String::from_utf8(bytes).ok()?;
    Some(root.join(text.trim().strip_prefix("gitdir:")?.trim()))
}

/// Goes through the entries of an index of version 2, 3 or 4 with hashes of 20 bytes; `None` where it is none of these.
fn each(bytes: &[u8], mut look: impl FnMut(&[u8], Stamp)) -> Option<()> {
    /// Up to the flags: ten numbers of four bytes, the hash, the flags.
    const FIXED: usize = 62;
    let number = |at: usize| -> Option<u32> {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(four))
    };
    if bytes.get(..4)? != b"DIRC" {
        return None;
    }
    let (version, count) = (number(4)?, number(8)?);
    if !(2..=4).contains(&version) {
        return None;
    }
    let mut at = 12;
    let mut name: Vec<u8> = Vec::new();
    for _ in 0..count {
        let stamp = (number(at + 8)?, number(at + 12)?, number(at + 36)?);
        let flags = u16::from_be_bytes(bytes.get(at + 60..at + 62)?.try_into().ok()?);
        let extended = if version >= 3 && flags & 0x4000 != 0 { 2 } else { 0 };
        let mut from = at + FIXED + extended;
        if version == 4 {
            let (cut, read) = varint(bytes.get(from..)?)?;
            from += read;
            name.truncate(name.len().checked_sub(cut)?);
        } else {
            name.clear();
        }
        let length = bytes.get(from..)?.iter().position(|byte| *byte == 0)?;
        name.extend_from_slice(bytes.get(from..from + length)?);
        at = if version == 4 {
            from + length + 1
        } else {
            // Filled up with 1 to 8 zeros to a multiple of eight.
            at + (from - at + length + 8) / 8 * 8
        };
        // Of a file with conflicts there are several entries, none of them the file.
        if flags & 0x3000 == 0 {
            look(&name, stamp);
        }
    }
    Some(())
}

/// A number of any length, and the bytes that it takes.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value: usize = 0;
    for (at, byte) in bytes.iter().take(8).enumerate() {
        value = (value << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
        value += 1;
    }
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::process::Command;

    use super::*;

    fn git(folder: &Path, words: &[&str]) -> bool {
        let mut command = Command::new("git");
        command.current_dir(folder).args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(words);
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        command.output().is_ok_and(|output| output.status.success())
    }

    #[test]
    fn a_checked_out_file_is_known_from_one_that_was_edited() {
        let desk = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(desk.path()).unwrap();
        if !git(&root, &["init", "-q", "."]) {
            return;
        }
        fs::create_dir_all(root.join("web")).unwrap();
        for name in ["KB.md", "web/KB.md", "web/other.md"] {
            fs::write(root.join(name), "one\n").unwrap();
        }
        let names =
            vec!["KB.md".to_string(), "other.md".to_string(), "../KB.md".to_string(), "none".to_string()];
        let web = root.join("web");
        assert_eq!(as_written(&web, &root, &names), Vec::<String>::new(), "nothing is in the index");
        for version in ["2", "4"] {
            assert!(git(&root, &["add", "."]) && git(&root, &["update-index", "--index-version", version]));
            let all = ["KB.md", "other.md", "../KB.md"];
            assert_eq!(as_written(&web, &root, &names), all, "version {version}");
            fs::write(web.join("KB.md"), "one and two\n").unwrap();
            assert_eq!(as_written(&web, &root, &names), ["other.md", "../KB.md"], "version {version}");
        }
    }

    #[test]
    fn no_bytes_do_harm() {
        for bytes in [
            &b""[..],
            b"DIRC",
            b"DIRC\0\0\0\x04\xff\xff\xff\xff",
            b"DIRC\0\0\0\x02\0\0\0\x01abc",
            &[0xff; 400],
        ] {
            assert_eq!(each(bytes, |_, _| {}), None);
        }
    }
}
