//! One line of KB.md taken apart: line end, indent, marker, checkbox, heading, fence, table cells. It never looks at another line.

use std::ops::Range;

use super::document::Marker;

/// Byte positions of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    pub start: usize,
    /// End of the content, before the line end.
    pub end: usize,
    /// Start of the next line; equals `end` when the file ends without a line end.
    pub next: usize,
}

impl Line {
    /// The content without its line end.
    pub fn text<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.start..self.end).unwrap_or("")
    }

    /// The bytes of the line end: empty, `\n`, `\r\n` or `\r`.
    pub fn eol<'a>(&self, source: &'a str) -> &'a str {
        source.get(self.end..self.next).unwrap_or("")
    }
}

/// The lines of a text; a byte order mark belongs to no line. A final line end opens no further line.
pub fn lines(source: &str) -> Vec<Line> {
    let bytes = source.as_bytes();
    let mut found = Vec::new();
    let mut start = if source.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        let width = match byte {
            b'\n' => 1,
            b'\r' if bytes.get(at + 1) == Some(&b'\n') => 2,
            b'\r' => 1,
            _ => 0,
        };
        if width == 0 {
            at += 1;
            continue;
        }
        found.push(Line { start, end: at, next: at + width });
        at += width;
        start = at;
    }
    if start < source.len() {
        found.push(Line { start, end: source.len(), next: source.len() });
    }
    found
}

/// What a line looks like by itself; only its neighbours decide what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    Blank,
    Fence {
        mark: char,
        length: usize,
    },
    Heading {
        level: usize,
        text: Range<usize>,
    },
    /// `===`, a Setext underline below a paragraph.
    DoubleUnderline,
    /// `---`, `***`: a Setext underline below a paragraph (dashes only), a break elsewhere.
    Break {
        dashes: Dashes,
    },
    Item(ItemLine),
    Comment,
    /// Quotes, HTML, link definitions and images: text that states no rule.
    Aside,
    Text,
}

/// Whether a break is made of dashes alone and so can underline a heading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dashes {
    Solid,
    Other,
}

/// A list item's line; ranges are bytes in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemLine {
    pub columns: usize,
    /// Columns from the line start to the text.
    pub content: usize,
    pub marker: Marker,
    /// Byte range of the digits or the bullet.
    pub mark: Range<usize>,
    pub checkbox: Option<char>,
    pub text: Range<usize>,
}

/// Columns of the leading blanks (a tab reaches the next multiple of four) and their length in bytes.
pub fn indent(text: &str) -> (usize, usize) {
    let mut columns = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b' ' => columns += 1,
            b'\t' => columns += 4 - columns % 4,
            _ => return (columns, at),
        }
    }
    (columns, text.len())
}

/// Columns that a line takes.
pub fn columns(text: &str) -> usize {
    let (columns, bytes) = indent(text);
    columns + crate::base::text::width(text.get(bytes..).unwrap_or(""))
}

/// Names the shape of the line that starts at byte `start` of the source.
pub fn shape(text: &str, start: usize) -> Shape {
    let (columns, skip) = indent(text);
    let rest = text.get(skip..).unwrap_or("");
    let bare = rest.trim_end();
    if bare.is_empty() {
        return Shape::Blank;
    }
    if let Some(fence) = fence(bare) {
        return fence;
    }
    if columns < 4
        && let Some(heading) = heading(rest, start + skip)
    {
        return heading;
    }
    if let Some(line) = underline_or_break(bare) {
        return line;
    }
    if let Some(item) = item(text, columns, skip, start) {
        return Shape::Item(item);
    }
    if bare.starts_with("<!--") {
        return Shape::Comment;
    }
    if is_aside(bare) { Shape::Aside } else { Shape::Text }
}

fn fence(bare: &str) -> Option<Shape> {
    let mark = bare.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = bare.chars().take_while(|c| *c == mark).count();
    let info = bare.get(length..).unwrap_or("");
    (length >= 3 && !(mark == '`' && info.contains('`'))).then_some(Shape::Fence { mark, length })
}

/// Whether this line closes the fence that was opened with `mark` repeated `length` times.
pub fn closes(text: &str, mark: char, length: usize) -> bool {
    let bare = text.trim();
    bare.chars().all(|c| c == mark) && bare.chars().count() >= length
}

fn heading(rest: &str, start: usize) -> Option<Shape> {
    let level = rest.bytes().take_while(|byte| *byte == b'#').count();
    let after = rest.get(level..).unwrap_or("");
    if !(1..=6).contains(&level) || !(after.is_empty() || after.starts_with([' ', '\t'])) {
        return None;
    }
    let title = after.trim();
    let open = start + level + (after.len() - after.trim_start().len());
    let unclosed = title.trim_end_matches('#');
    let title =
        if unclosed.is_empty() || unclosed.ends_with([' ', '\t']) { unclosed.trim_end() } else { title };
    Some(Shape::Heading { level, text: open..open + title.len() })
}

fn underline_or_break(bare: &str) -> Option<Shape> {
    if bare.bytes().all(|byte| byte == b'=') {
        return Some(Shape::DoubleUnderline);
    }
    let mark = bare.chars().next().filter(|c| matches!(c, '-' | '*' | '_'))?;
    let marks = bare.chars().filter(|c| *c == mark).count();
    if !bare.chars().all(|c| c == mark || c == ' ' || c == '\t') {
        return None;
    }
    let solid = mark == '-' && marks == bare.len() && marks >= 2;
    if solid {
        Some(Shape::Break { dashes: Dashes::Solid })
    } else {
        (marks >= 3).then_some(Shape::Break { dashes: Dashes::Other })
    }
}

fn item(text: &str, columns: usize, skip: usize, start: usize) -> Option<ItemLine> {
    let rest = text.get(skip..)?;
    let (marker, mark_len, width) = marker(rest)?;
    let after = rest.get(width..)?;
    let gap = after.len() - after.trim_start_matches([' ', '\t']).len();
    if gap == 0 && !after.is_empty() {
        return None;
    }
    let mut open = skip + width + gap;
    let checkbox = checkbox(text.get(open..)?);
    if let Some((_, length)) = checkbox {
        open += length;
    }
    let gap_columns = if gap == 0 { 1 } else { indent(after).0.min(4) };
    let body = text.get(open..)?.trim_end();
    Some(ItemLine {
        columns,
        content: columns + rest.get(..width)?.chars().count() + gap_columns,
        marker,
        mark: start + skip..start + skip + mark_len,
        checkbox: checkbox.map(|(state, _)| state),
        text: start + open..start + open + body.len(),
    })
}

/// The marker, the bytes of its digits or bullet, and its whole width in bytes.
fn marker(rest: &str) -> Option<(Marker, usize, usize)> {
    let first = rest.chars().next()?;
    if matches!(first, '-' | '*' | '+' | '•') {
        return Some((Marker::Bullet(first), first.len_utf8(), first.len_utf8()));
    }
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&digits) {
        return None;
    }
    let delimiter = rest.get(digits..)?.chars().next().filter(|c| matches!(c, '.' | ')'))?;
    let value = rest.get(..digits)?.parse().ok()?;
    Some((Marker::Number { value, delimiter }, digits, digits + 1))
}

/// The state of a checkbox at the start of `text`, and its bytes with the blanks after it.
fn checkbox(text: &str) -> Option<(char, usize)> {
    let mut chars = text.strip_prefix('[')?.chars();
    let state = chars.next().filter(|c| matches!(c, ' ' | 'x' | 'X'))?;
    let rest = chars.as_str().strip_prefix(']')?;
    let blanks = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    (blanks > 0).then_some((state, text.len() - rest.len() + blanks))
}

fn is_aside(bare: &str) -> bool {
    let html = bare.strip_prefix('<').is_some_and(|rest| {
        rest.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?'))
            && bare.contains('>')
    });
    let image = bare.starts_with("![") || bare.starts_with("[![");
    let definition = bare.starts_with('[') && bare.contains("]: ");
    bare.starts_with('>') || html || image || definition
}

/// The cells of a table row with the blanks around them, as bytes relative to `text`; `None` when there is no `|`.
pub fn cells(text: &str) -> Option<Vec<Range<usize>>> {
    let mut bars = Vec::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == '|' && !escaped {
            bars.push(at);
        }
        escaped = c == '\\' && !escaped;
    }
    if bars.is_empty() {
        return None;
    }
    let mut edges = Vec::with_capacity(bars.len() + 2);
    let (head, tail) = (text.len() - text.trim_start().len(), text.trim_end().len());
    if bars.first() != Some(&head) {
        edges.push(None);
    }
    edges.extend(bars.iter().copied().map(Some));
    if bars.last().map(|at| at + 1) != Some(tail) {
        edges.push(None);
    }
    let mut found = Vec::new();
    for pair in edges.windows(2) {
        if let [left, right] = pair {
            let open = left.map_or(head, |at| at + 1);
            let close = right.unwrap_or(tail);
            found.push(open..close.max(open));
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Whether the line is the `|---|:--:|` row below a table's head.
pub fn is_delimiter_row(text: &str) -> bool {
    text.contains('|')
        && text.contains('-')
        && cells(text).is_some_and(|cells| {
            cells.iter().all(|cell| {
                let cell = text.get(cell.clone()).unwrap_or("").trim();
                let dashes = cell.trim_start_matches(':').trim_end_matches(':');
                !dashes.is_empty() && dashes.bytes().all(|byte| byte == b'-')
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_is_seen_and_the_mark_is_skipped() {
        let ends: Vec<_> = lines("\u{feff}a\r\nb\nc\rd").iter().map(|l| (l.start, l.end, l.next)).collect();
        assert_eq!(ends, [(3, 4, 6), (6, 7, 8), (8, 9, 10), (10, 11, 11)]);
    }

    #[test]
    fn a_bullet_needs_a_gap_and_three_dashes_are_no_bullet() {
        assert!(matches!(shape("- a", 0), Shape::Item(_)));
        assert!(matches!(shape("-a", 0), Shape::Text));
        assert!(matches!(shape("- - -", 0), Shape::Break { .. }));
        assert!(matches!(shape("12) a", 0), Shape::Item(_)));
        assert!(matches!(shape("2024. a", 0), Shape::Item(_)));
        assert!(matches!(shape("1.5 a", 0), Shape::Text));
    }

    #[test]
    fn cells_are_cut_at_bare_bars() {
        let cut = |text: &str| {
            cells(text).map(|c| c.iter().map(|r| text[r.clone()].trim().to_string()).collect::<Vec<_>>())
        };
        assert_eq!(cut("| a | b \\| c |"), Some(vec!["a".into(), "b \\| c".into()]));
        assert_eq!(cut("a | b"), Some(vec!["a".into(), "b".into()]));
        assert_eq!(cut("no bars"), None);
    }
}
