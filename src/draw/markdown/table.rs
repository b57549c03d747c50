//! Tables that fit: columns share the width, cells wrap, and what is too narrow becomes a list. It never reads Markdown.

use super::page::Page;
use crate::base::text;
use crate::draw::flow::Flow;
use crate::draw::textmap::Piece;
use crate::draw::theme::Theme;
use pulldown_cmark::Alignment;
use ratatui::style::Style;
use ratatui::text::Span;

/// What stands between two columns.
const BETWEEN: &str = " │ ";
const CROSSING: &str = "─┼─";
const BETWEEN_CELLS: usize = 3;

/// A column is not made narrower than its longest word, up to this many cells.
const LEAST_COLUMN: usize = 12;

/// A table that is being read; the first row is the head.
pub(super) struct Table {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<Flow>>,
}

impl Table {
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self { alignments, rows: Vec::new() }
    }

    pub(super) fn row(&mut self) {
        self.rows.push(Vec::new());
    }

    pub(super) fn cell(&mut self, cell: Flow) {
        if let Some(row) = self.rows.last_mut() {
            row.push(cell);
        }
    }

    /// Writes the table as columns when the page has room for them, else each row as a list of its cells.
    pub(super) fn write(&self, page: &mut Page, theme: &Theme) {
        page.settle();
        match self.column_widths(page.room()) {
            Some(widths) => self.write_columns(&widths, page, theme),
            None => self.write_records(page, theme),
        }
    }

    /// The width of each column; `None` when the columns do not fit.
    fn column_widths(&self, room: usize) -> Option<Vec<usize>> {
        let count = self.alignments.len();
        let room = room.checked_sub(BETWEEN_CELLS * count.saturating_sub(1))?;
        let mut natural = vec![1; count];
        let mut least = vec![1; count];
        for row in &self.rows {
            for ((cell, natural), least) in row.iter().zip(&mut natural).zip(&mut least) {
                *natural = cell.width().max(*natural);
                *least = cell.word_width().min(LEAST_COLUMN).max(*least);
            }
        }
        let shared = |cap: usize| {
            natural.iter().zip(&least).map(move |(natural, least)| (*natural).min(cap.max(*least)))
        };
        if shared(0).sum::<usize>() > room {
            return None;
        }
        // The widest cap under which all columns still fit.
        let (mut fits, mut too_wide) = (0, room + 1);
        while too_wide - fits > 1 {
            let cap = fits.midpoint(too_wide);
            if shared(cap).sum::<usize>() <= room { fits = cap } else { too_wide = cap }
        }
        Some(shared(fits).collect())
    }

    fn write_columns(&self, widths: &[usize], page: &mut Page, theme: &Theme) {
        let rows: Vec<Vec<Vec<Vec<Span<'static>>>>> = self
            .rows
            .iter()
            .map(|row| row.iter().zip(widths).map(|(cell, width)| cell.lines(*width, *width)).collect())
            .collect();
        // With cells of several lines, a rule after each row tells where the next one begins.
        let ruled = rows.iter().skip(1).flatten().any(|cell| cell.len() > 1);
        let rule: String = widths.iter().map(|width| "─".repeat(*width)).collect::<Vec<_>>().join(CROSSING);
        let last = rows.len().saturating_sub(1);
        for (number, (row, flows)) in rows.iter().zip(&self.rows).enumerate() {
            self.write_row(row, flows, widths, page, theme);
            if number == 0 || (ruled && number < last) {
                page.ornament(&Flow::of(&rule, theme.faint));
            }
        }
    }

    /// The cells before text of so many cells in a column.
    fn free_before(&self, column: usize, free: usize) -> usize {
        match self.alignments.get(column) {
            Some(Alignment::Right) => free,
            Some(Alignment::Center) => free / 2,
            Some(Alignment::None | Alignment::Left) | None => 0,
        }
    }

    /// What a row says, cells parted by tabs, and the pieces of it in each drawn line.
    fn said(&self, flows: &[Flow], widths: &[usize], height: usize) -> (String, Vec<Vec<Piece>>) {
        let (mut said, mut pieces, mut cell) = (String::new(), vec![Vec::new(); height], 0);
        for (column, width) in widths.iter().enumerate() {
            if column > 0 {
                said.push('\t');
            }
            let rows = flows.get(column).map(|flow| flow.rows(*width, *width)).unwrap_or_default();
            let last = rows.len().saturating_sub(1);
            for (number, row) in rows.iter().enumerate() {
                let free = width.saturating_sub(text::width(row.shown.trim_end()));
                let start = said.len();
                said.push_str(row.shown.trim_end());
                if let Some(line) = pieces.get_mut(number) {
                    let cell = cell + self.free_before(column, free);
                    line.push(Piece { cell, column: row.column, range: start..said.len() });
                }
                if number < last {
                    said.push_str(&row.passed.replace('\n', " "));
                }
            }
            cell += width + BETWEEN_CELLS;
        }
        said.push('\n');
        (said, pieces)
    }

    fn write_row(
        &self,
        cells: &[Vec<Vec<Span<'static>>>],
        flows: &[Flow],
        widths: &[usize],
        page: &mut Page,
        theme: &Theme,
    ) {
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        let (said, mut pieces) =
            if page.is_recording() { self.said(flows, widths, height) } else { Default::default() };
        for line in 0..height {
            let mut spans = Vec::new();
            for (column, width) in widths.iter().enumerate() {
                if column > 0 {
                    spans.push(Span::styled(BETWEEN, theme.faint));
                }
                let content = cells.get(column).and_then(|cell| cell.get(line)).cloned().unwrap_or_default();
                let used: usize = content.iter().map(|span| text::width(&span.content)).sum();
                let free = width.saturating_sub(used);
                let before = self.free_before(column, free);
                spans.push(Span::raw(" ".repeat(before)));
                spans.extend(content);
                spans.push(Span::raw(" ".repeat(free - before)));
            }
            spans.retain(|span| !span.content.is_empty());
            // The whole row is said where it begins.
            let (now, back) = if line == 0 { (said.as_str(), 0) } else { ("", said.len()) };
            page.pieces(spans, now, back, pieces.get_mut(line).map(std::mem::take).unwrap_or_default());
        }
    }

    fn write_records(&self, page: &mut Page, theme: &Theme) {
        let Some((head, rows)) = self.rows.split_first() else { return };
        for (number, row) in rows.iter().enumerate() {
            if number > 0 {
                page.gap();
            }
            for (name, cell) in
                head.iter().zip(row).filter(|(name, cell)| !name.is_empty() || !cell.is_empty())
            {
                let mut flow = name.clone();
                if !name.is_empty() {
                    flow.push(": ", theme.strong);
                }
                flow.append(cell);
                page.flow(&flow);
            }
        }
        if rows.is_empty() {
            for name in head.iter().filter(|name| !name.is_empty()) {
                page.flow(name);
            }
        }
    }

    /// The style that the cells of the newest row add.
    pub(super) fn cell_style(&self, theme: &Theme) -> Style {
        if self.rows.len() == 1 { theme.strong } else { Style::default() }
    }
}
