//! Edits of KB.md as a unified patch, as git and diff write it, and back. It reads no file, takes a patch of KB.md alone, and trusts
//! nothing in it: what it gives are edits like any other, which still have to be reviewed.

mod edits;

use similar::TextDiff;

use super::state::FILE_NAME;
use crate::base::text;

pub use edits::edits;

/// Unchanged lines around a change.
const CONTEXT: usize = 3;

/// Stands for a file that is not there.
const NO_FILE: &str = "/dev/null";

/// What git puts before a path.
const PREFIXES: [&str; 7] = ["a/", "b/", "i/", "w/", "c/", "o/", "./"];

/// Why a patch is not taken; each says what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    #[error(
        "there is no patch in it; `dictum -p` prints one when it hears a rule, and so does `git diff KB.md`"
    )]
    None,
    #[error("it changes {0}, and only KB.md may be changed here; `git apply` takes patches of other files")]
    OtherFile(String),
    #[error("it deletes or renames KB.md; do that by hand")]
    NotText,
    #[error("line {0} of it does not fit its hunk; make the patch anew")]
    Torn(usize),
    #[error("it changes more of KB.md than its rules ({0}); `git apply` takes such a patch")]
    NoRules(String),
    #[error("the lines that it takes out are no longer in KB.md: {0}")]
    Gone(String),
}

/// One line of a hunk, without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    Context(String),
    Removed(String),
    Added(String),
}

/// Lines that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hunk {
    /// The line of the old text where it begins, from 1.
    pub line: usize,
    pub rows: Vec<Row>,
}

/// The patch that turns `before` (`None`: no file) into `after`; empty when they are the same. Its lines hold nothing invisible, so of a
/// file that does, `kb apply` takes it and git may not.
pub fn write(before: Option<&str>, after: &str) -> String {
    let old = before.unwrap_or_default();
    if before == Some(after) {
        return String::new();
    }
    let from = if before.is_some() { format!("a/{FILE_NAME}") } else { NO_FILE.to_string() };
    let diff = TextDiff::from_lines(old, after);
    let patch =
        diff.unified_diff().context_radius(CONTEXT).header(&from, &format!("b/{FILE_NAME}")).to_string();
    patch.split_inclusive('\n').map(harmless).collect()
}

/// A line as it may be shown. Its line end stays what it is.
fn harmless(line: &str) -> String {
    let body = line.trim_end_matches(['\n', '\r']);
    let end = line.get(body.len()..).unwrap_or_default();
    let end = if end.ends_with("\r\n") { "\r\n" } else { "\n" };
    format!("{}{end}", clean(body))
}

/// How a line reads in a patch: twice clean is the same as once.
fn clean(line: &str) -> String {
    text::sanitise(line).replace('\n', " ")
}

/// Reads the hunks. `folder` is where KB.md lies below the root of the repository, with a slash behind each name; git names it so. Words before, between and after them are passed over, as `patch` does.
pub fn read(patch: &str, folder: &str) -> Result<Vec<Hunk>, PatchError> {
    let mut lines = patch.lines().enumerate().peekable();
    let mut hunks = Vec::new();
    let mut found = Found::Nothing;
    while let Some((at, line)) = lines.next() {
        if let Some(paths) = line.strip_prefix("diff --git ") {
            found = Found::Git;
            // Both halves are the same name, which may hold blanks.
            let half = paths.split_at_checked(paths.len() / 2).map_or(paths, |(half, _)| half);
            let word = paths.split(' ').next().unwrap_or_default();
            is_ours(half, folder).or_else(|_| is_ours(word, folder))?;
            continue;
        }
        let taken_away = ["deleted file", "rename ", "copy ", "GIT binary", "Binary files"]
            .iter()
            .any(|word| line.starts_with(word));
        if found == Found::Git && taken_away {
            return Err(PatchError::NotText);
        }
        if let (Some(old), Some(new)) =
            (line.strip_prefix("--- "), lines.peek().and_then(|(_, next)| next.strip_prefix("+++ ")))
        {
            if path(old) != NO_FILE {
                is_ours(path(old), folder)?;
            }
            if path(new) == NO_FILE {
                return Err(PatchError::NotText);
            }
            is_ours(path(new), folder)?;
            lines.next();
            found = Found::File;
            continue;
        }
        if found == Found::File
            && let Some(header) = line.strip_prefix("@@ ")
        {
            hunks.push(hunk(header, at, &mut lines)?);
        }
    }
    if hunks.is_empty() { Err(PatchError::None) } else { Ok(hunks) }
}

/// The rows that belong to the header at line `at`, counted from 0.
fn hunk<'a>(
    header: &str,
    at: usize,
    lines: &mut impl Iterator<Item = (usize, &'a str)>,
) -> Result<Hunk, PatchError> {
    let (line, mut old, mut new) = counts(header).ok_or(PatchError::Torn(at + 1))?;
    let mut rows = Vec::new();
    while old > 0 || new > 0 {
        let (at, row) = lines.next().ok_or(PatchError::Torn(at + 1))?;
        let row = row_of(row);
        let (of_old, of_new) = match &row {
            Some(Row::Context(_)) => (1, 1),
            Some(Row::Removed(_)) => (1, 0),
            Some(Row::Added(_)) => (0, 1),
            // "No newline at the end of the file": KB.md keeps the end that it has.
            None => (0, 0),
        };
        old = usize::checked_sub(old, of_old).ok_or(PatchError::Torn(at + 1))?;
        new = usize::checked_sub(new, of_new).ok_or(PatchError::Torn(at + 1))?;
        rows.extend(row);
    }
    Ok(Hunk { line, rows })
}

/// How far a patch was recognised.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Found {
    Nothing,
    /// The head that git writes.
    Git,
    /// The names of the file.
    File,
}

/// The path of a `---` or `+++` line; a time may follow.
fn path(words: &str) -> &str {
    words.split('\t').next().unwrap_or_default().trim_end()
}

fn is_ours(path: &str, folder: &str) -> Result<(), PatchError> {
    let bare = PREFIXES.iter().find_map(|prefix| path.strip_prefix(prefix)).unwrap_or(path);
    let names_it = |path: &str| path.strip_prefix(folder).unwrap_or(path) == FILE_NAME;
    if names_it(bare) || names_it(path) { Ok(()) } else { Err(PatchError::OtherFile(text::one_line(bare))) }
}

/// `-12,7 +12,8 @@ ...`: the first old line, and how many old and new lines there are.
fn counts(header: &str) -> Option<(usize, usize, usize)> {
    let mut words = header.split(' ');
    let range = |word: &str| -> Option<(usize, usize)> {
        let (line, count) = word.split_once(',').unwrap_or((word, "1"));
        Some((line.parse().ok()?, count.parse().ok()?))
    };
    let (line, old) = range(words.next()?.strip_prefix('-')?)?;
    let (_, new) = range(words.next()?.strip_prefix('+')?)?;
    (words.next() == Some("@@")).then_some((line, old, new))
}

/// A line of a hunk; editors and mail take the blank of an empty line away. `None` for a remark.
fn row_of(line: &str) -> Option<Row> {
    let body = |rest: &str| clean(rest.trim_end_matches('\r'));
    let mut letters = line.chars();
    match letters.next() {
        Some('+') => Some(Row::Added(body(letters.as_str()))),
        Some('-') => Some(Row::Removed(body(letters.as_str()))),
        Some('\\') => None,
        Some(' ') => Some(Row::Context(body(letters.as_str()))),
        Some(_) | None => Some(Row::Context(body(line))),
    }
}

#[cfg(test)]
#[path = "patch/tests.rs"]
mod tests;
