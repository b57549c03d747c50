//! The draft on rows of a width: where each row begins, where the caret is, and how it looks. It never changes the draft.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::editor::Editor;
use crate::base::text;

/// Tab stops in the draft, in cells.
const TAB: usize = 4;

/// One drawn row: a byte range of the text under the caret.
pub type Row = Range<usize>;

/// A draft at a width.
pub struct Sheet<'a> {
    editor: &'a Editor,
    width: usize,
    /// What is shown as selected.
    selection: Option<Range<usize>>,
}

impl<'a> Sheet<'a> {
    /// The draft on rows of `width` cells.
    pub fn new(editor: &'a Editor, width: u16) -> Self {
        Self { editor, width: usize::from(width.max(1)), selection: editor.selection() }
    }

    /// The same with this shown as selected.
    pub fn selecting(self, selection: Option<Range<usize>>) -> Self {
        Self { selection, ..self }
    }

    /// Breaks the draft into rows; every byte but the line feeds is in exactly one row.
    pub fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut start = 0;
        for line in self.editor.under_caret().split('\n') {
            let (mut from, mut used) = (start, 0);
            for (at, cluster, wide) in text::clusters(line) {
                let cells = self.cells(cluster, wide, used);
                if used > 0 && used + cells > self.width {
                    rows.push(from..start + at);
                    (from, used) = (start + at, 0);
                }
                used += cells;
            }
            // A full last row leaves no cell for the caret, so an empty row follows it.
            rows.push(from..start + line.len());
            if used >= self.width {
                rows.push(start + line.len()..start + line.len());
            }
            start += line.len() + 1;
        }
        rows
    }

    /// The cells of a cluster that stands at a column and is so wide by itself.
    fn cells(&self, cluster: &str, wide: usize, column: usize) -> usize {
        match (cluster, self.editor.label(cluster)) {
            ("\t", _) => TAB - column % TAB,
            (_, Some(label)) => text::width(&label).min(self.width),
            (_, None) => wide,
        }
    }

    /// What is shown for a cluster that stands at a column.
    fn shown(&self, cluster: &str, column: usize) -> String {
        match (cluster, self.editor.label(cluster)) {
            ("\t", _) => " ".repeat(TAB - column % TAB),
            (_, Some(label)) => text::truncate(&label, self.width),
            (_, None) => cluster.to_string(),
        }
    }

    fn part(&self, range: Row) -> &'a str {
        self.editor.under_caret().get(range).unwrap_or_default()
    }

    /// Row and column of the caret.
    pub fn locate(&self, rows: &[Row]) -> (usize, usize) {
        let caret = self.editor.caret();
        let row = rows.iter().rposition(|row| row.start <= caret).unwrap_or(0);
        let start = rows.get(row).map_or(0, |row| row.start);
        let mut column = 0;
        for (_, cluster, wide) in text::clusters(self.part(start..caret)) {
            column += self.cells(cluster, wide, column);
        }
        (row, column)
    }

    /// The byte offset one row above or below the caret, nearest to its column; `None` where there is no such row.
    pub fn next_to(&self, by: isize) -> Option<usize> {
        let rows = self.rows();
        let (row, column) = self.locate(&rows);
        let row = rows.get(row.checked_add_signed(by)?)?;
        let mut used = 0;
        for (at, cluster, wide) in text::clusters(self.part(row.clone())) {
            if used >= column {
                return Some(row.start + at);
            }
            used += self.cells(cluster, wide, used);
        }
        Some(row.end)
    }

    /// The first visible row of so many: the one with the caret is always visible.
    fn first(&self, rows: &[Row], height: u16) -> usize {
        (self.locate(rows).0 + 1).saturating_sub(usize::from(height))
    }

    /// The byte offset at a cell, counted from the first of `height` visible rows; the nearest one outside of them.
    pub fn pointed(&self, height: u16, row: isize, column: usize) -> usize {
        let rows = self.rows();
        let row = self.first(&rows, height).saturating_add_signed(row).min(rows.len().saturating_sub(1));
        let Some(row) = rows.get(row) else { return 0 };
        let mut used = 0;
        for (at, cluster, wide) in text::clusters(self.part(row.clone())) {
            used += self.cells(cluster, wide, used);
            if used > column {
                return row.start + at;
            }
        }
        row.end
    }

    /// Draws the draft into an area and tells where the caret is. The row with the caret is always visible.
    pub fn view(&self, area: Rect, style: Style, selected: Style, buffer: &mut Buffer) -> Option<Position> {
        if area.is_empty() {
            return None;
        }
        let rows = self.rows();
        let (row, column) = self.locate(&rows);
        let height = usize::from(area.height);
        let first = self.first(&rows, area.height);
        let selection = self.selection.clone().unwrap_or_default();
        for (y, range) in rows.iter().skip(first).take(height).enumerate() {
            let mut spans: Vec<Span<'static>> = Vec::new();
            let mut used = 0;
            for (at, cluster, wide) in text::clusters(self.part(range.clone())) {
                let words = self.shown(cluster, used);
                let style = if selection.contains(&(range.start + at)) { selected } else { style };
                match spans.last_mut().filter(|last| last.style == style) {
                    Some(last) => last.content.to_mut().push_str(&words),
                    None => spans.push(Span::styled(words, style)),
                }
                used += self.cells(cluster, wide, used);
            }
            let line = Rect { y: area.y + u16::try_from(y).unwrap_or(0), height: 1, ..area };
            Line::from(spans).render(line, buffer);
        }
        let x = u16::try_from(column).unwrap_or(u16::MAX).min(area.width - 1);
        let y = u16::try_from(row - first).unwrap_or(0);
        Some(Position { x: area.x + x, y: area.y + y })
    }
}

/// How many rows the draft takes at a width.
pub fn height(editor: &Editor, width: u16) -> u16 {
    u16::try_from(Sheet::new(editor, width).rows().len()).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn editor(draft: &str) -> Editor {
        let mut editor = Editor::default();
        editor.set_text(draft);
        editor
    }

    #[test]
    fn rows_break_at_the_width_and_leave_room_for_the_caret() {
        let shown = |draft: &str, width| {
            let rows = Sheet::new(&editor(draft), width).rows();
            rows.into_iter().map(|row| draft[row].to_string()).collect::<Vec<_>>()
        };
        assert_eq!(shown("abcdef", 4), ["abcd", "ef"]);
        assert_eq!(shown("abcd", 4), ["abcd", ""]);
        assert_eq!(shown("a\n\nb", 4), ["a", "", "b"]);
        assert_eq!(shown("日本語", 4), ["日本", "語"]);
        assert_eq!(shown("日", 1), ["日", ""]);
    }

    #[test]
    fn a_folded_paste_takes_the_cells_of_its_label() {
        let mut editor = editor("see ");
        editor.paste(&"line\n".repeat(5_000));
        let sheet = Sheet::new(&editor, 40);
        assert_eq!(sheet.rows().len(), 1);
        assert_eq!(sheet.locate(&sheet.rows()), (0, 4 + "[paste 1 · 5000 lines]".chars().count()));
        assert_eq!(Sheet::new(&editor, 10).rows().len(), 3);
    }
}
