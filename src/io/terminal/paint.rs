//! What the terminal shows, and the fewest bytes that make it show the next frame, in one write. It never asks the terminal anything,
//! never clears it, and writes nothing when a frame is as the one before.

mod pen;
mod row;
mod scroll;

use std::io::{self, Write};
use std::ops::Range;

use ratatui::buffer::{Buffer, Cell, CellDiffOption};
use ratatui::layout::{Position, Rect, Size};

use self::pen::Pen;
use self::scroll::Shift;
use super::Screen;

/// The marks of a synchronised update, between which a terminal that knows them does not show what comes.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Whether what is believed to be on the screen is there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Another program may have written: everything is drawn.
    Nothing,
    Cells,
}

/// What was drawn over a frame: the rows that may differ from it, once those of a block have moved up by so many, and where the caret
/// belongs, unless it stays.
pub type Over = (Vec<u16>, Option<(Range<u16>, u16)>, Option<Position>);

/// Where the caret is, as far as the terminal was told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Caret {
    Unknown,
    Hidden,
    At(Position),
}

/// Draws frames on the terminal.
pub struct Painter {
    out: Screen,
    pen: Pen,
    shown: Buffer,
    next: Buffer,
    /// The rows in which `next`, which held the frame before, differs from what is shown.
    stale: Vec<u16>,
    trust: Trust,
    caret: Caret,
}

impl Default for Painter {
    fn default() -> Self {
        Self {
            out: Screen::default(),
            pen: Pen::default(),
            shown: Buffer::default(),
            next: Buffer::default(),
            stale: Vec::new(),
            trust: Trust::Nothing,
            caret: Caret::Unknown,
        }
    }
}

impl Painter {
    /// Draws a frame of a size; `draw` fills the empty buffer and tells where the caret belongs. Gives the number of bytes written.
    pub fn frame(
        &mut self,
        size: Size,
        draw: impl FnOnce(&mut Buffer) -> Option<Position>,
    ) -> io::Result<usize> {
        let bytes = self.bytes(size, draw);
        self.write(&bytes)
    }

    /// Whether a frame of this size can be drawn over the last one.
    pub fn goes_on(&self, size: Size) -> bool {
        self.trust == Trust::Cells && self.shown.area == Rect::from((Position::ORIGIN, size))
    }

    /// Draws a frame over the last one, which [`goes_on`](Self::goes_on) allows; `draw` is given what is shown. Gives the number of
    /// bytes written.
    pub fn go_on(&mut self, draw: impl FnOnce(&mut Buffer) -> Over) -> io::Result<usize> {
        let bytes = self.further_bytes(draw);
        self.write(&bytes)
    }

    /// Whether this is what is shown, as far as is known.
    pub fn shows(&self, frame: &Buffer) -> bool {
        self.shown == *frame
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !bytes.is_empty() {
            self.out.write_all(bytes)?;
            self.out.flush()?;
        }
        Ok(bytes.len())
    }

    /// The content of the screen is unknown from now on; the next frame draws all of it.
    pub fn forget(&mut self) {
        self.trust = Trust::Nothing;
        self.caret = Caret::Unknown;
    }

    /// The bytes that lead from the last frame to this one.
    fn bytes(&mut self, size: Size, draw: impl FnOnce(&mut Buffer) -> Option<Position>) -> Vec<u8> {
        let area = Rect::from((Position::ORIGIN, size));
        if self.next.area == area {
            self.next.reset();
        } else {
            self.next = Buffer::empty(area);
        }
        let caret = draw(&mut self.next).filter(|caret| area.contains(*caret));
        // A terminal of another size has moved what it showed, each in its own way.
        if self.shown.area != area {
            self.forget();
        }
        let rows: Vec<u16> = (0..area.height).collect();
        self.lead_to_next(&rows, caret)
    }

    /// As `bytes`, for a frame that is drawn over the last one.
    fn further_bytes(&mut self, draw: impl FnOnce(&mut Buffer) -> Over) -> Vec<u8> {
        if self.next.area != self.shown.area {
            self.next = self.shown.clone();
            self.stale.clear();
        }
        let width = usize::from(self.next.area.width);
        for row in std::mem::take(&mut self.stale) {
            let cells = usize::from(row) * width..(usize::from(row) + 1) * width;
            if let (Some(next), Some(shown)) =
                (self.next.content.get_mut(cells.clone()), self.shown.content.get(cells))
            {
                next.clone_from_slice(shown);
            }
        }
        let stays = match self.caret {
            Caret::At(position) => Some(position),
            Caret::Hidden | Caret::Unknown => None,
        };
        let (rows, up, caret) = draw(&mut self.next);
        let caret = caret.or(stays);
        if let Some(shift) = up.and_then(|(block, by)| Shift::up(block, by)) {
            self.pen.shift(shift);
            shift.apply(&mut self.shown);
        }
        self.lead_to_next(&rows, caret)
    }

    /// The bytes that lead from what is shown to the next frame, which differs in these rows at most and is shown from then on.
    fn lead_to_next(&mut self, rows: &[u16], caret: Option<Position>) -> Vec<u8> {
        let mut pen = std::mem::take(&mut self.pen);
        self.stale.clear();
        if !self.next.area.is_empty() {
            self.cells(rows, &mut pen);
        }
        let has_cells = !pen.out.is_empty();
        self.place_caret(caret, &mut pen);
        let body = std::mem::take(&mut pen.out);
        self.pen = pen;
        std::mem::swap(&mut self.shown, &mut self.next);
        self.trust = Trust::Cells;
        if has_cells { [BEGIN, &body, END].concat() } else { body }
    }

    fn cells(&mut self, rows: &[u16], pen: &mut Pen) {
        let width = usize::from(self.next.area.width);
        if self.trust == Trust::Nothing {
            pen.start();
            for (y, new) in (0..).zip(self.next.content.chunks(width)) {
                row::write(pen, y, None, new);
                self.stale.push(y);
            }
        } else {
            let mut changes = changes(&self.shown, &self.next, rows);
            if let Some(shift) = scroll::find(&self.shown, &self.next, &changes) {
                pen.shift(shift);
                shift.apply(&mut self.shown);
                let moved: Vec<u16> = rows.iter().copied().chain(shift.top..shift.bottom).collect();
                changes = self::changes(&self.shown, &self.next, &moved);
            }
            let rows = self.shown.content.chunks(width).zip(self.next.content.chunks(width));
            for (y, ((old, new), _)) in (0..).zip(rows.zip(changes)).filter(|(_, (_, changed))| *changed) {
                row::write(pen, y, Some(old), new);
                self.stale.push(y);
            }
        }
        pen.style(&Cell::EMPTY);
    }

    /// Moves the caret; it is hidden and shown only when it goes and comes.
    fn place_caret(&mut self, wanted: Option<Position>, pen: &mut Pen) {
        let Some(position) = wanted else {
            if self.caret != Caret::Hidden {
                pen.out.extend_from_slice(b"\x1b[?25l");
                self.caret = Caret::Hidden;
            }
            return;
        };
        pen.go(position);
        if !matches!(self.caret, Caret::At(_)) {
            pen.out.extend_from_slice(b"\x1b[?25h");
        }
        self.caret = Caret::At(position);
    }
}

/// Which of all rows are to be written, where no others than these can differ.
fn changes(old: &Buffer, new: &Buffer, rows: &[u16]) -> Vec<bool> {
    let always = |cell: &Cell| cell.diff_option == CellDiffOption::AlwaysUpdate;
    let width = usize::from(new.area.width);
    let mut changes = vec![false; usize::from(new.area.height)];
    for row in rows {
        let cells = usize::from(*row) * width..(usize::from(*row) + 1) * width;
        let (old, new) = (old.content.get(cells.clone()), new.content.get(cells));
        let always = new.is_some_and(|new| new.iter().any(always));
        if let Some(change) = changes.get_mut(usize::from(*row)) {
            *change = old != new || always;
        }
    }
    changes
}

#[cfg(test)]
mod tests;
