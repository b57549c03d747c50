//! Lines under the bars and bullets of the blocks that hold them. It never looks at Markdown.

use crate::base::text;
use crate::draw::flow::{self, Flow};
use crate::draw::textmap::{Piece, TextMap};
use ratatui::text::{Line, Span};

/// The cells that a bar or an indentation must leave to the text; with less it is left out.
const LEAST_ROOM: usize = 6;

/// The lines so far, and what stands before the next one.
pub(super) struct Page {
    width: usize,
    lines: Vec<Line<'static>>,
    /// Only what takes cells: however deep blocks are nested, there are never more of these than columns.
    parts: Vec<Part>,
    /// A blank line is due before the next line, under this many parts.
    gap: Option<usize>,
    /// What the lines say, where that is asked for.
    map: Option<TextMap>,
}

/// What one block puts before its lines.
struct Part {
    /// Before the first line, when that differs.
    first: Option<Span<'static>>,
    rest: Span<'static>,
    cells: usize,
}

/// A mark to return to: where the lines of a block began, and how many parts there were.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    lines: usize,
    parts: usize,
}

impl Page {
    pub(super) fn new(width: usize) -> Self {
        Self { width: width.max(1), lines: Vec::new(), parts: Vec::new(), gap: None, map: None }
    }

    /// A page that also records what its lines say.
    pub(super) fn recording(width: usize) -> Self {
        Self { map: Some(TextMap::default()), ..Self::new(width) }
    }

    /// What its lines say; nothing when that was not recorded.
    pub(super) fn into_map(self) -> TextMap {
        self.map.unwrap_or_default()
    }

    pub(super) fn is_recording(&self) -> bool {
        self.map.is_some()
    }

    pub(super) fn into_lines(self) -> Vec<Line<'static>> {
        self.lines
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { lines: self.lines.len(), parts: self.parts.len() }
    }

    /// Whether lines were written since `mark`.
    pub(super) fn grew_since(&self, mark: Mark) -> bool {
        self.lines.len() > mark.lines
    }

    /// Takes away the parts that were added since `mark`; a bullet that found no text gets a line of its own.
    pub(super) fn close(&mut self, mark: Mark) {
        if self.parts.iter().skip(mark.parts).any(|part| part.first.is_some()) {
            self.line(Vec::new());
        }
        self.parts.truncate(mark.parts);
    }

    /// Asks for a blank line before the next line. Of several requests the outermost holds.
    pub(super) fn gap(&mut self) {
        let parts = self.parts.len();
        self.gap = Some(self.gap.map_or(parts, |asked| asked.min(parts)));
    }

    /// Adds a bar before all lines to come.
    pub(super) fn bar(&mut self, bar: Span<'static>) {
        let cells = text::width(&bar.content);
        if self.room().saturating_sub(cells) >= LEAST_ROOM {
            self.parts.push(Part { first: None, rest: bar, cells });
        }
    }

    /// Adds a bullet before the next line, and its width in blanks before the lines after it.
    pub(super) fn bullet(&mut self, bullet: Span<'static>) {
        let cells = text::width(&bullet.content);
        if self.first_room() <= cells {
            return;
        }
        let hangs = self.room().saturating_sub(cells) >= LEAST_ROOM;
        let cells = if hangs { cells } else { 0 };
        self.parts.push(Part { first: Some(bullet), rest: Span::raw(" ".repeat(cells)), cells });
    }

    /// The cells that a line has for its text.
    pub(super) fn room(&self) -> usize {
        self.width - self.parts.iter().map(|part| part.cells).sum::<usize>().min(self.width - 1)
    }

    /// The same for the next line, which may carry a bullet.
    fn first_room(&self) -> usize {
        let cells = |part: &Part| part.first.as_ref().map_or(part.cells, |first| text::width(&first.content));
        self.width.saturating_sub(self.parts.iter().map(cells).sum())
    }

    /// Writes text, broken to the room there is.
    pub(super) fn flow(&mut self, flow: &Flow) {
        let (first, room) = (self.first_room(), self.room());
        let rows = if self.is_recording() { flow.rows(first, room) } else { Vec::new() };
        let mut rows = rows.iter();
        for spans in flow.lines(first, room) {
            let lead = self.put(spans);
            if let (Some(map), Some(row)) = (&mut self.map, rows.next()) {
                map.row(lead, row);
            }
        }
    }

    /// Writes one line of text, which must fit.
    pub(super) fn line(&mut self, spans: Vec<Span<'static>>) {
        let said =
            self.is_recording().then(|| spans.iter().map(|span| span.content.as_ref()).collect::<String>());
        let lead = self.put(spans);
        if let (Some(map), Some(said)) = (&mut self.map, said) {
            map.show(lead, 0, &said);
            map.pass("\n");
        }
    }

    /// Writes one line that shows `said` in these pieces of the text; their ranges count from `back` bytes before its present end.
    pub(super) fn pieces(&mut self, spans: Vec<Span<'static>>, said: &str, back: usize, pieces: Vec<Piece>) {
        let lead = self.put(spans);
        let Some(map) = &mut self.map else { return };
        let base = map.text().len().saturating_sub(back);
        map.pass(said);
        for piece in pieces {
            let range = base + piece.range.start..base + piece.range.end;
            map.point(Piece { cell: lead + piece.cell, range, ..piece });
        }
    }

    /// Writes lines that say nothing themselves: a rule, the label of a block.
    pub(super) fn ornament(&mut self, flow: &Flow) {
        for spans in flow.lines(self.first_room(), self.room()) {
            let holds_bullet = self.holds_bullet();
            self.put(spans);
            if let Some(map) = self.map.as_mut().filter(|_| holds_bullet) {
                map.pass("\n");
            }
        }
    }

    fn holds_bullet(&self) -> bool {
        self.parts.iter().any(|part| part.first.is_some())
    }

    /// Adds a line to the page and begins it in the record, with its bullets. Gives the cell of what stands behind them.
    fn put(&mut self, spans: Vec<Span<'static>>) -> usize {
        if let Some(parts) = self.gap.take()
            && !self.lines.is_empty()
        {
            let prefix: Vec<Span<'static>> =
                self.parts.iter().take(parts).map(|part| part.rest.clone()).collect();
            self.lines.push(flow::prefixed(&prefix, Vec::new()));
            if let Some(map) = &mut self.map {
                map.blank();
            }
        }
        let lead = self.begin_record();
        let prefix: Vec<Span<'static>> = self
            .parts
            .iter_mut()
            .map(|part| part.first.take().unwrap_or_else(|| part.rest.clone()))
            .collect();
        self.lines.push(flow::prefixed(&prefix, spans));
        lead
    }

    /// Begins a line in the record. Bullets are text, as Markdown writes them, with the indentation that tells their depth; bars and
    /// the indentation of other lines are not.
    fn begin_record(&mut self) -> usize {
        let Some(map) = &mut self.map else { return 0 };
        let holds_bullet = self.parts.iter().any(|part| part.first.is_some());
        map.begin();
        let mut cell = 0;
        for part in &self.parts {
            let shown = part.first.as_ref().unwrap_or(&part.rest).content.as_ref();
            if holds_bullet && (part.first.is_some() || shown.trim().is_empty()) {
                map.show(cell, 0, &shown.replace('•', "-"));
            }
            cell += text::width(shown);
        }
        cell
    }

    /// Puts a pending bullet on a line of its own, before something that cannot share its line.
    pub(super) fn settle(&mut self) {
        if self.holds_bullet() {
            self.line(Vec::new());
        }
    }
}
