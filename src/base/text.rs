//! Text made safe and measured: sanitising, widths, wrapping by graphemes. It never draws.
//!
//! Every measure here counts terminal cells the way ratatui draws them: grapheme by grapheme, control characters not at all.

mod running;
mod sanitise;
mod unspaced;
mod wrap;

pub use running::Running;
pub use sanitise::{has_spelled, is_hidden, one_line, sanitise, spelled};
pub use unspaced::{apart, is_unspaced, parts};
pub use wrap::{wrap, wrap_hanging};

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns between two tab stops.
pub const TAB: usize = 4;

/// What stands where something had to be left out.
pub const ELLIPSIS: &str = "…";

/// The cells that `text` takes when ratatui draws it on one row.
///
/// Newlines and tabs take none, because the screen drops them: expand tabs and split lines first.
pub fn width(text: &str) -> usize {
    if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return text.len();
    }
    clusters(text).map(|(_, _, cells)| cells).sum()
}

/// The graphemes of `text` with their byte offset and their cells.
///
/// Runs of ASCII are stepped over byte by byte, which keeps a line of a megabyte cheap.
pub fn clusters(text: &str) -> impl Iterator<Item = (usize, &str, usize)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        let first = *bytes.get(at)?;
        let alone = bytes.get(at + 1).is_none_or(u8::is_ascii);
        let cluster = if (0x20..0x7f).contains(&first) && alone {
            text.get(at..at + 1)?
        } else {
            text.get(at..)?.graphemes(true).next()?
        };
        let start = at;
        at += cluster.len();
        Some((start, cluster, cluster_width(cluster)))
    })
}

/// The cells of one grapheme, as ratatui counts them: half-width sound marks take a cell of their own.
fn cluster_width(cluster: &str) -> usize {
    match cluster.as_bytes() {
        [byte] => usize::from((0x20..0x7f).contains(byte)),
        _ if cluster.contains(char::is_control) => 0,
        _ => cluster.width() + cluster.chars().filter(|c| matches!(c, '\u{ff9e}' | '\u{ff9f}')).count(),
    }
}

/// The cells of one character on its own.
fn char_width(c: char) -> usize {
    c.width().unwrap_or(0) + usize::from(matches!(c, '\u{ff9e}' | '\u{ff9f}'))
}

/// At most `cells` cells of `text`; an ellipsis stands for what was cut.
pub fn truncate(text: &str, cells: usize) -> String {
    let mut used = 0;
    let mut keep = 0;
    for (start, cluster, wide) in clusters(text) {
        used += wide;
        if used > cells {
            let head = text.get(..keep).unwrap_or_default();
            return if cells == 0 { String::new() } else { format!("{head}{ELLIPSIS}") };
        }
        if used < cells {
            keep = start + cluster.len();
        }
    }
    text.to_string()
}

/// `text` with each tab replaced by the spaces up to the next stop; `column` is where its first character will stand.
pub fn expand_tabs(text: &str, column: usize) -> String {
    if !text.contains('\t') {
        return text.to_string();
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut at = column;
    for (_, cluster, wide) in clusters(text) {
        match cluster {
            "\t" => {
                let gap = TAB - at % TAB;
                out.extend(std::iter::repeat_n(' ', gap));
                at += gap;
            }
            "\n" => {
                out.push('\n');
                at = 0;
            }
            other => {
                out.push_str(other);
                at += wide;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
