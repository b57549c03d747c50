//! Where a block of thousands of lines is cut into pieces, so that a delta to it costs the piece that is open and not the block. A
//! paragraph and a fenced block of code are cut; lists, tables and quotes are not, since their parts depend on each other.
//!
//! A cut depends on the text up to the end of its line alone, never on what comes after it or on how the text came. It never draws.

use crate::draw::markdown::{self, Sole};

/// The bytes after which a cut is looked for.
pub(super) const LONG: usize = 4 * 1024;

/// The lines at which a cut is tried: a block that has no place for one there is not cut.
const TRIES: usize = 8;

/// What a piece is in when it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Begin {
    /// In nothing: it is a block, or the first piece of one.
    #[default]
    Anew,
    /// In a paragraph.
    Paragraph,
    /// In the fence that begins here in the text.
    Fence(usize),
}

/// Where the piece that begins at `from` ends, and in what the next one begins. `None` where it is not cut before `upto`, which is the
/// end of a complete line.
pub(super) fn cut(text: &str, from: usize, upto: usize, begin: Begin, long: usize) -> Option<(usize, Begin)> {
    let piece = text.get(from..upto)?;
    let fence = match begin {
        Begin::Fence(at) => Some(at),
        Begin::Anew if piece.starts_with("```") || piece.starts_with("~~~") => Some(from),
        Begin::Anew | Begin::Paragraph => None,
    };
    let (mut at, mut tries) = (0, 0);
    for line in piece.split_inclusive('\n') {
        let end = at + line.len();
        let goes_on = || match fence {
            Some(_) => inside_a_fence(line),
            None => inside_a_paragraph(line),
        };
        // A line that may still grow is no evidence.
        if at >= long && line.ends_with('\n') && goes_on() {
            let lead = opener(text, begin);
            let sole = markdown::sole(&format!("{lead}{}", piece.get(..end)?), lead.len() + at);
            match (sole, fence) {
                (Some(Sole::Fence), Some(fence)) => return Some((from + at, Begin::Fence(fence))),
                (Some(Sole::Paragraph), None) => return Some((from + at, Begin::Paragraph)),
                _ => {}
            }
            tries += 1;
            if tries == TRIES {
                return None;
            }
        }
        at = end;
    }
    None
}

/// The line that opens the fence which a piece begins in; nothing where it begins in none.
pub(super) fn opener(text: &str, begin: Begin) -> &str {
    let Begin::Fence(at) = begin else { return "" };
    text.get(at..).and_then(|fence| fence.split_inclusive('\n').next()).unwrap_or_default()
}

/// The code of the same fence before the piece that begins at `from`.
pub(super) fn code_before(text: &str, begin: Begin, from: usize) -> &str {
    let Begin::Fence(at) = begin else { return "" };
    text.get(at + opener(text, begin).len()..from).unwrap_or_default()
}

/// Whether a line may begin a piece inside a fence: a blank one or one that may close the fence says too little of where it stands.
fn inside_a_fence(line: &str) -> bool {
    let line = line.trim_start();
    !line.is_empty() && !line.starts_with("```") && !line.starts_with("~~~")
}

/// Whether a line that goes on with a paragraph is a paragraph by itself too, and stays one whatever comes after it.
fn inside_a_paragraph(line: &str) -> bool {
    let rest = line.trim_start_matches(|c: char| c.is_ascii_digit());
    let is_item = rest.len() < line.len() && rest.starts_with(['.', ')']);
    !is_item
        && !line.starts_with(|c: char| c.is_whitespace() || "-+*#>`~=|<_:\\".contains(c))
        && !line.contains('|')
        && !line.contains("]:")
}
