//! Hard-wrapped text: whether a KB.md breaks its lines at a column, and a new text broken there. It never reflows what is there.

use std::mem::discriminant;

use super::document::{Document, Entry, Kind};
use super::line::{self, Line, Shape};
use super::prose;
use crate::base::text;

/// Columns that editors and style guides use; within what the lines allow, the first of them is meant.
const USUAL: &[usize] = &[80, 72, 100, 120, 79, 78, 88, 76, 70, 90, 110, 75, 65, 60];

/// A line broken before this column was broken for another reason.
const LEAST: usize = 50;

/// The column at which entries of this kind are broken, or all entries where none of this kind is; `None` when some line shows that there
/// is no such column.
pub fn column(kb: &Document, kind: &Kind) -> Option<usize> {
    let lines = line::lines(&kb.source);
    let alike = |entry: &&Entry| discriminant(&entry.kind) == discriminant(kind);
    let own = Breaks::of(kb, &lines, kb.entries.iter().filter(alike));
    if own.longest > 0 {
        return own.column();
    }
    Breaks::of(kb, &lines, kb.entries.iter()).column().filter(|column| own.within(*column))
}

/// What the lines of some entries say about a column.
struct Breaks {
    /// The widest line that another follows; 0 when there is none.
    longest: usize,
    /// So wide a line would have been had it taken one more word, at the least.
    limit: usize,
    /// Widths of the entries on one line.
    single: Vec<usize>,
}

impl Breaks {
    fn of<'a>(kb: &Document, lines: &[Line], entries: impl Iterator<Item = &'a Entry>) -> Self {
        let mut found = Self { longest: 0, limit: usize::MAX, single: Vec::new() };
        let mut seen = None;
        for entry in entries.filter(|entry| wraps(entry)) {
            let first = lines.partition_point(|line| line.next <= entry.span.start);
            let last = lines.partition_point(|line| line.end < entry.span.end);
            let own = lines.get(first..=last).unwrap_or(&[]);
            for pair in own.windows(2) {
                let [above, below] = pair else { continue };
                let width = line::columns(above.text(&kb.source).trim_end());
                let next = below.text(&kb.source).split_whitespace().next().map_or(0, text::width);
                found.longest = found.longest.max(width);
                found.limit = found.limit.min(width + next);
            }
            if let [line] = own
                && seen.replace(line.start) != Some(line.start)
            {
                found.single.push(line::columns(line.text(&kb.source).trim_end()));
            }
        }
        found
    }

    fn column(&self) -> Option<usize> {
        let range = self.longest..=self.limit;
        let column = USUAL.iter().copied().find(|usual| range.contains(usual)).unwrap_or(self.longest);
        (self.longest >= LEAST && self.longest <= self.limit && self.within(column)).then_some(column)
    }

    /// Whether hardly an entry on one line is longer.
    fn within(&self, column: usize) -> bool {
        self.single.iter().filter(|width| **width > column).count() * 4 <= self.single.len()
    }
}

fn wraps(entry: &Entry) -> bool {
    match entry.kind {
        Kind::Item { .. } | Kind::Sentence => true,
        Kind::Row | Kind::Label => false,
    }
}

/// Where a text is put and how it goes on below.
pub struct Room<'a> {
    /// Columns that are taken on its first line.
    pub taken: usize,
    pub column: usize,
    /// What its further lines begin with.
    pub indent: &'a str,
    pub eol: &'a str,
}

/// The text broken at the column. Code stays on one line, and no line begins with what Markdown would read as something else.
pub fn broken(text: &str, room: &Room<'_>) -> String {
    let indent = line::indent(room.indent).0;
    let mut lines: Vec<String> = Vec::new();
    let mut now = String::new();
    let mut used = room.taken;
    for word in words(text) {
        let width = text::width(&word);
        let fits = used + usize::from(!now.is_empty()) + width <= room.column;
        if now.is_empty() || fits || !begins_well(&word) {
            used += usize::from(!now.is_empty()) + width;
            if !now.is_empty() {
                now.push(' ');
            }
            now.push_str(&word);
        } else {
            lines.push(std::mem::replace(&mut now, word));
            used = indent + width;
        }
    }
    lines.push(now);
    // Lines that all look like `Label: value` would be read as labels.
    if lines.len() > 1 && lines.iter().all(|line| prose::label(line).is_some()) {
        return lines.join(" ");
    }
    lines.join(&format!("{}{}", room.eol, room.indent))
}

/// The words, with what stands between backticks kept together.
fn words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut ticks = 0;
    for word in text.split_whitespace() {
        match found.last_mut() {
            Some(open) if ticks % 2 == 1 => {
                open.push(' ');
                open.push_str(word);
            }
            Some(_) | None => found.push(word.to_string()),
        }
        ticks += word.matches('`').count();
    }
    found
}

fn begins_well(word: &str) -> bool {
    let plain = |text: &str| matches!(line::shape(text, 0), Shape::Text);
    plain(word) && plain(&format!("{word} x")) && !line::is_delimiter_row(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_where_its_siblings_are() {
        let room = Room { taken: 2, column: 20, indent: "  ", eol: "\n" };
        assert_eq!(broken("one two three four five six", &room), "one two three four\n  five six");
        assert_eq!(
            broken("aaaa bbbb cccc ddd - e", &room),
            "aaaa bbbb cccc ddd -\n  e",
            "no line opens a list"
        );
        assert_eq!(broken("aaaa bbbb cccc `d e f g h`", &room), "aaaa bbbb cccc\n  `d e f g h`");
    }

    #[test]
    fn lines_that_end_early_show_no_column() {
        let column = |text: &str| {
            let kb = Document::parse(text);
            column(&kb, &kb.entries[0].kind)
        };
        let long = "a".repeat(40);
        assert_eq!(column("- use tabs\n  and no spaces\n"), None);
        assert_eq!(column(&format!("- {long} {long}\n  {long}\n")), Some(100));
        assert_eq!(column(&format!("- {long} bbbbbbbbbb cc\n  dd\n- {long} {long}\n  e\n")), None);
    }
}
