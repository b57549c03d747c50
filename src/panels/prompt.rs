//! The multi-line prompt: draft, history, and how both look. It never sends; the app takes the draft.

pub mod editor;
pub mod history;
pub mod keeping;
pub mod queue;

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::Widget;

use crate::base::text;
use crate::domain::kb::{Origin, Span};
use editor::Editor;
use history::History;
use keeping::Keeping;

/// Tab stops in the draft, in cells.
const TAB: usize = 4;

/// The prompt's model.
#[derive(Clone, Debug, Default)]
pub struct Prompt {
    pub editor: Editor,
    pub history: History,
    pub keeping: Keeping,
}

/// One drawn row: a byte range of the draft.
pub type Row = Range<usize>;

impl Prompt {
    /// Takes the draft out and remembers it in the history.
    pub fn take(&mut self) -> Vec<Span> {
        let spans = self.editor.take();
        self.remember(spans.clone());
        spans
    }

    /// Adds to the history what is not blank and not the same as the last.
    pub fn remember(&mut self, spans: Vec<Span>) {
        self.history.remember(spans);
    }

    /// Shows another text; the draft that was there goes to the history.
    pub fn exchange(&mut self, spans: &[Span]) {
        let draft = self.editor.spans();
        self.remember(draft);
        self.editor.set(spans);
    }

    /// Whether the text is the user's own draft and nothing is in it.
    pub fn is_unused(&self) -> bool {
        self.editor.is_empty() && self.history.is_at_draft()
    }

    /// The drafts that would be lost now; the last one is the one that is shown.
    pub fn drafts(&self) -> Vec<Vec<Span>> {
        self.history.drafts(self.editor.spans())
    }

    /// Grows with every change of draft and history.
    pub fn revision(&self) -> u64 {
        self.editor.revision() + self.history.revision()
    }

    /// Inserts a paste as one piece: line ends become LF, control sequences go.
    pub fn paste(&mut self, pasted: &str) {
        self.editor.insert(&text::sanitise(pasted), Origin::Pasted);
    }

    /// Inserts typed text.
    pub fn type_text(&mut self, typed: &str) {
        self.editor.insert(typed, Origin::Typed);
    }

    /// Shows the message before in the history; the draft is kept aside. With the caret at the end of typed words, messages that begin
    /// with them are looked for.
    pub fn earlier(&mut self) {
        let shown = self.editor.spans();
        let beginning = match shown.as_slice() {
            [Span { text, origin: Origin::Typed }] if self.editor.is_at_end() => Some(text.clone()),
            _ => None,
        };
        if let Some(message) = self.history.earlier(shown, beginning) {
            self.editor.set(&message);
        }
    }

    /// Shows the message after in the history, at last the draft again.
    pub fn later(&mut self) {
        if let Some(message) = self.history.later(&self.editor.spans()) {
            self.editor.set(&message);
        }
    }

    /// Moves up one drawn row, or into the history from the first one.
    pub fn up(&mut self, width: u16) {
        let rows = rows(self.editor.text(), width);
        let (row, column) = locate(self.editor.text(), &rows, self.editor.caret());
        match row.checked_sub(1).and_then(|above| rows.get(above)) {
            Some(above) => self.editor.move_to(offset_at(self.editor.text(), above, column)),
            None => self.earlier(),
        }
    }

    /// Moves down one drawn row, or back through the history from the last one.
    pub fn down(&mut self, width: u16) {
        let rows = rows(self.editor.text(), width);
        let (row, column) = locate(self.editor.text(), &rows, self.editor.caret());
        match rows.get(row + 1) {
            Some(below) => self.editor.move_to(offset_at(self.editor.text(), below, column)),
            None => self.later(),
        }
    }
}

/// Breaks the draft into rows of at most `width` cells; every byte but the line feeds is in exactly one row.
pub fn rows(draft: &str, width: u16) -> Vec<Row> {
    let width = usize::from(width.max(1));
    let mut rows = Vec::new();
    let mut start = 0;
    for line in draft.split('\n') {
        let (mut from, mut used) = (start, 0);
        for (at, cluster, wide) in text::clusters(line) {
            let cells = cells(cluster, wide, used);
            if used > 0 && used + cells > width {
                rows.push(from..start + at);
                (from, used) = (start + at, 0);
            }
            used += cells;
        }
        // A full last row leaves no cell for the caret, so an empty row follows it.
        rows.push(from..start + line.len());
        if used >= width {
            rows.push(start + line.len()..start + line.len());
        }
        start += line.len() + 1;
    }
    rows
}

/// The cells of a cluster that stands at a column and is so wide by itself.
fn cells(cluster: &str, wide: usize, column: usize) -> usize {
    if cluster == "\t" { TAB - column % TAB } else { wide }
}

/// Row and column of a byte offset.
fn locate(draft: &str, rows: &[Row], caret: usize) -> (usize, usize) {
    let row = rows.iter().rposition(|row| row.start <= caret).unwrap_or(0);
    let start = rows.get(row).map_or(0, |row| row.start);
    let mut column = 0;
    for (_, cluster, wide) in text::clusters(draft.get(start..caret).unwrap_or_default()) {
        column += cells(cluster, wide, column);
    }
    (row, column)
}

/// The byte offset in `row` nearest to a column.
fn offset_at(draft: &str, row: &Row, column: usize) -> usize {
    let mut used = 0;
    for (at, cluster, wide) in text::clusters(draft.get(row.clone()).unwrap_or_default()) {
        if used >= column {
            return row.start + at;
        }
        used += cells(cluster, wide, used);
    }
    row.end
}

/// How many rows the draft takes at a width.
pub fn height(draft: &str, width: u16) -> u16 {
    u16::try_from(rows(draft, width).len()).unwrap_or(u16::MAX)
}

/// Draws the draft into an area and tells where the caret is. The row with the caret is always visible.
pub fn view(editor: &Editor, area: Rect, style: Style, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let draft = editor.text();
    let rows = rows(draft, area.width);
    let (row, column) = locate(draft, &rows, editor.caret());
    let height = usize::from(area.height);
    let first = (row + 1).saturating_sub(height);
    for (y, range) in rows.iter().skip(first).take(height).enumerate() {
        let mut shown = String::new();
        let mut used = 0;
        for (_, cluster, wide) in text::clusters(draft.get(range.clone()).unwrap_or_default()) {
            let cells = cells(cluster, wide, used);
            if cluster == "\t" {
                shown.extend(std::iter::repeat_n(' ', cells));
            } else {
                shown.push_str(cluster);
            }
            used += cells;
        }
        let line = Rect { y: area.y + u16::try_from(y).unwrap_or(0), height: 1, ..area };
        Line::styled(shown, style).render(line, buffer);
    }
    let x = u16::try_from(column).unwrap_or(u16::MAX).min(area.width - 1);
    let y = u16::try_from(row - first).unwrap_or(0);
    Some(Position { x: area.x + x, y: area.y + y })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prompt(draft: &str) -> Prompt {
        let mut prompt = Prompt::default();
        prompt.editor.set_text(draft);
        prompt
    }

    #[test]
    fn rows_break_at_the_width_and_leave_room_for_the_caret() {
        let shown = |draft: &str, width| {
            rows(draft, width).into_iter().map(|row| draft[row].to_string()).collect::<Vec<_>>()
        };
        assert_eq!(shown("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(shown("abcd", 4), ["abcd", ""]);
        assert_eq!(shown("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(shown("日本語", 4), ["日本", "語"]);
        assert_eq!(shown("日", 1), ["日", ""]);
    }

    #[test]
    fn up_goes_into_the_history_and_down_brings_the_draft_back() {
        let mut prompt = prompt("first");
        prompt.take();
        prompt.editor.set_text("draft");
        prompt.up(20);
        assert_eq!(prompt.editor.text(), "first");
        prompt.up(20);
        assert_eq!(prompt.editor.text(), "first");
        prompt.down(20);
        assert_eq!(prompt.editor.text(), "draft");
    }

    #[test]
    fn up_moves_between_drawn_rows_first() {
        let mut prompt = prompt("abcdef");
        prompt.up(4);
        assert_eq!(prompt.editor.caret(), 2);
    }

    #[test]
    fn a_paste_keeps_its_lines_and_loses_its_escapes() {
        let mut prompt = Prompt::default();
        prompt.paste("one\r\ntwo\u{1b}[31m!");
        assert_eq!(prompt.editor.text(), "one\ntwo!");
        assert_eq!(prompt.editor.spans()[0].origin, Origin::Pasted);
    }
}
