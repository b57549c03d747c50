//! Lines under the bars and bullets of the blocks that hold them. It never looks at Markdown.

use crate::base::text;
use crate::draw::flow::{self, Flow};
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
        Self { width: width.max(1), lines: Vec::new(), parts: Vec::new(), gap: None }
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
        for spans in flow.lines(self.first_room(), self.room()) {
            self.line(spans);
        }
    }

    /// Writes one line, which must fit.
    pub(super) fn line(&mut self, spans: Vec<Span<'static>>) {
        if let Some(parts) = self.gap.take()
            && !self.lines.is_empty()
        {
            let prefix: Vec<Span<'static>> =
                self.parts.iter().take(parts).map(|part| part.rest.clone()).collect();
            self.lines.push(flow::prefixed(&prefix, Vec::new()));
        }
        let prefix: Vec<Span<'static>> = self
            .parts
            .iter_mut()
            .map(|part| part.first.take().unwrap_or_else(|| part.rest.clone()))
            .collect();
        self.lines.push(flow::prefixed(&prefix, spans));
    }

    /// Puts a pending bullet on a line of its own, before something that cannot share its line.
    pub(super) fn settle(&mut self) {
        if self.parts.iter().any(|part| part.first.is_some()) {
            self.line(Vec::new());
        }
    }
}
