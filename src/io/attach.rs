//! Reads what a message mentions, at the moment it is sent. It reads nothing outside the project and nothing that looks like a secret
//! before the user agreed, never waits on a pipe, and never gives more than the bounds.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::files::{self, Content as Bytes, ReadError};
use super::root;
use super::walk::{Reach, walk};
use crate::base::text;
use crate::domain::attach::mention::{Lines, Meaning, Mention};
use crate::domain::attach::refusal::{Found, Refusal, looks_secret};
use crate::domain::attach::{
    Attachment, Content, Extent, LARGEST_PICTURE, MOST_LISTED, MOST_OF_ALL, MOST_OF_ONE, Media,
};
use crate::protocol::message::Agreed;

/// No larger file is opened, in bytes, even if only a few lines of it are wanted.
const LARGEST: u64 = 32 * 1024 * 1024;

/// With less room than this for text, in bytes, nothing more goes along.
const LEAST: usize = 1024;

/// So many entries of a folder are looked at for its listing.
const MOST_ENTRIES: usize = 20_000;

/// Reads what is mentioned, one answer each, in order.
pub fn read(directory: &Path, mentions: &[Mention], agreed: Agreed) -> Vec<Found> {
    let mut reader = Reader { directory, root: root::of(directory), agreed, room: MOST_OF_ALL };
    mentions.iter().map(|mention| reader.find(mention)).collect()
}

struct Reader<'a> {
    directory: &'a Path,
    root: PathBuf,
    agreed: Agreed,
    /// Bytes of text that may still go along.
    room: usize,
}

impl Reader<'_> {
    fn find(&mut self, mention: &Mention) -> Found {
        let shown = |name: &str| text::one_line(name);
        if mention.is_address() {
            return Found::Refused { name: shown(&mention.written), why: Refusal::Address };
        }
        for meaning in mention.meanings() {
            let path = self.path(&meaning.path);
            if fs::symlink_metadata(&path).is_ok() {
                let name = shown(&meaning.path);
                return self.look(&path, &name, &meaning).unwrap_or_else(|why| Found::Refused { name, why });
            }
        }
        match mention.missing() {
            Some(name) => Found::Refused { name: shown(&name), why: Refusal::Missing },
            None => Found::Word,
        }
    }

    /// A path as the shell would read it.
    fn path(&self, path: &str) -> PathBuf {
        let home = || std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
        match (path.strip_prefix("~/"), home()) {
            (Some(below), Some(home)) => Path::new(&home).join(below),
            (Some(_) | None, _) => self.directory.join(path),
        }
    }

    fn look(&mut self, path: &Path, name: &str, meaning: &Meaning) -> Result<Found, Refusal> {
        let target = fs::canonicalize(path).map_err(|error| match error.kind() {
            ErrorKind::NotFound => Refusal::Unreadable { cause: "it is a link to what is not there".into() },
            _ => Refusal::Unreadable { cause: files::cause(&error) },
        })?;
        let meta =
            fs::metadata(&target).map_err(|error| Refusal::Unreadable { cause: files::cause(&error) })?;
        // `@/` is an alias in many projects, and `@..` no more than a slip.
        if meta.is_dir() && (!meaning.path.ends_with('/') || meaning.path.starts_with('/')) {
            let near = !meaning.path.starts_with(['/', '~', '.']);
            return Ok(if near { Found::Folder { name: name.to_string() } } else { Found::Word });
        }
        if self.agreed == Agreed::No {
            if !target.starts_with(&self.root) {
                return Err(Refusal::Outside { target: files::shown(&target) });
            }
            let below = target.strip_prefix(&self.root).unwrap_or(&target);
            if looks_secret(&meaning.path) || looks_secret(&below.to_string_lossy()) {
                return Err(Refusal::Secret);
            }
        }
        if self.room < LEAST {
            return Err(Refusal::NoRoom);
        }
        let found =
            if meta.is_dir() { listing(&target, name) } else { self.file(&target, name, meaning.lines)? };
        if let Content::Text(text) = &found.content {
            self.room = self.room.saturating_sub(text.len());
        }
        Ok(Found::Attached(found))
    }

    fn file(&self, path: &Path, name: &str, lines: Option<Lines>) -> Result<Attachment, Refusal> {
        let bytes = match files::read_bounded(path, LARGEST) {
            Ok(Bytes::Whole(bytes)) => bytes,
            Ok(Bytes::TooLarge(bytes)) => return Err(Refusal::TooLarge { bytes, most: LARGEST }),
            Err(ReadError::NotAFile(kind)) => {
                return Err(Refusal::NotAFile { kind: kind.word().to_string() });
            }
            Err(error) => return Err(Refusal::Unreadable { cause: error.to_string() }),
        };
        if let Some(media) = Media::of(&bytes) {
            return picture(name, media, &bytes);
        }
        let whole = String::from_utf8(bytes).map_err(|_| Refusal::Binary)?;
        if whole.contains('\0') {
            return Err(Refusal::Binary);
        }
        let whole = text::sanitise(whole.strip_prefix('\u{feff}').unwrap_or(&whole));
        part(name, &whole, lines, self.room.min(MOST_OF_ONE))
    }
}

fn picture(name: &str, media: Media, bytes: &[u8]) -> Result<Attachment, Refusal> {
    let size = bytes.len() as u64;
    if size > LARGEST_PICTURE {
        return Err(Refusal::PictureTooLarge { bytes: size });
    }
    let data: Arc<str> = STANDARD.encode(bytes).into();
    Ok(Attachment {
        name: name.to_string(),
        extent: Extent::Picture,
        bytes: size,
        left_out: String::new(),
        content: Content::Picture { media, data },
    })
}

/// The lines that are wanted, as many whole ones as have room.
fn part(name: &str, whole: &str, lines: Option<Lines>, room: usize) -> Result<Attachment, Refusal> {
    let all: Vec<&str> = whole.split_inclusive('\n').collect();
    let count = all.len();
    let (first, wanted) = match lines {
        None => (1, count),
        Some(Lines { first, last }) => (first, last.unwrap_or(first)),
    };
    if lines.is_some() && (first > count || first == 0) {
        return Err(Refusal::NoSuchLine { line: first, lines: count });
    }
    let mut taken = String::new();
    let mut last = first.saturating_sub(1);
    for line in all.iter().skip(last).take(wanted.saturating_sub(last)) {
        if taken.len() + line.len() > room {
            break;
        }
        taken.push_str(line);
        last += 1;
    }
    let mut left_out = String::new();
    if last < wanted.min(count) {
        if last < first {
            // Not one line has room: a part of it says more than nothing.
            let line = all.get(first - 1).copied().unwrap_or_default();
            let end = (0..=room.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
            taken.push_str(line.get(..end).unwrap_or_default());
            last = first;
            left_out = format!("the rest of line {first}");
        }
        if last < wanted.min(count) {
            let more = format!("lines {}-{}", last + 1, wanted.min(count));
            left_out = if left_out.is_empty() { more } else { format!("{left_out}, and {more}") };
        }
    } else if wanted > count {
        left_out = format!("lines {}-{wanted}, which are not there", count + 1);
    }
    let extent = match lines {
        None if left_out.is_empty() => Extent::Whole,
        None | Some(_) => Extent::Lines { first, last, of: count },
    };
    Ok(Attachment {
        name: name.to_string(),
        extent,
        bytes: taken.len() as u64,
        left_out,
        content: Content::Text(taken.into()),
    })
}

/// The names in a folder and below, folders with a slash. What .gitignore names and what is hidden stays out.
fn listing(folder: &Path, name: &str) -> Attachment {
    let walk = walk(folder, Reach::Shown, &["node_modules"]).build();
    let mut names: Vec<String> = Vec::new();
    for entry in walk.flatten().take(MOST_ENTRIES) {
        let Ok(below) = entry.path().strip_prefix(folder) else { continue };
        if below.as_os_str().is_empty() {
            continue;
        }
        let slash = if entry.file_type().is_some_and(|kind| kind.is_dir()) { "/" } else { "" };
        names.push(format!("{}{slash}", text::one_line(&below.to_string_lossy().replace('\\', "/"))));
    }
    // What lies high comes first, so that a cut leaves the outline.
    names.sort_by_key(|name| (name.trim_end_matches('/').matches('/').count(), name.clone()));
    let hidden = names.len().saturating_sub(MOST_LISTED);
    names.truncate(MOST_LISTED);
    names.sort();
    let text = if names.is_empty() {
        "(empty)\n".to_string()
    } else {
        names.iter().map(|name| format!("{name}\n")).collect()
    };
    Attachment {
        name: name.to_string(),
        extent: Extent::Listing { names: names.len() },
        bytes: text.len() as u64,
        left_out: if hidden > 0 { format!("{hidden} names further down") } else { String::new() },
        content: Content::Text(text.into()),
    }
}
