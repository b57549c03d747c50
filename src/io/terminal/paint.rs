//! What the terminal shows, and the fewest bytes that make it show the next frame, in one write. It never asks the terminal anything,
//! never clears it, and writes nothing when a frame is as the one before.

mod pen;
mod row;
mod scroll;

use std::io::{self, Write};

use ratatui::buffer::{Buffer, Cell, CellDiffOption};
use ratatui::layout::{Position, Rect, Size};

use self::pen::Pen;
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
        let count = bytes.len();
        if count > 0 {
            self.out.write_all(&bytes)?;
            self.out.flush()?;
        }
        Ok(count)
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
        let mut pen = std::mem::take(&mut self.pen);
        if !area.is_empty() {
            self.cells(&mut pen);
        }
        let has_cells = !pen.out.is_empty();
        self.place_caret(caret, &mut pen);
        let body = std::mem::take(&mut pen.out);
        self.pen = pen;
        std::mem::swap(&mut self.shown, &mut self.next);
        self.trust = Trust::Cells;
        if has_cells { [BEGIN, &body, END].concat() } else { body }
    }

    fn cells(&mut self, pen: &mut Pen) {
        let width = usize::from(self.next.area.width);
        if self.trust == Trust::Nothing {
            pen.start();
            for (y, new) in (0..).zip(self.next.content.chunks(width)) {
                row::write(pen, y, None, new);
            }
        } else {
            let mut changes = changes(&self.shown, &self.next, width);
            if let Some(shift) = scroll::find(&self.shown, &self.next, &changes) {
                pen.shift(shift);
                shift.apply(&mut self.shown);
                changes = self::changes(&self.shown, &self.next, width);
            }
            let rows = self.shown.content.chunks(width).zip(self.next.content.chunks(width));
            for (y, ((old, new), _)) in (0..).zip(rows.zip(changes)).filter(|(_, (_, changed))| *changed) {
                row::write(pen, y, Some(old), new);
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

/// Which rows are to be written.
fn changes(old: &Buffer, new: &Buffer, width: usize) -> Vec<bool> {
    let always = |cell: &Cell| cell.diff_option == CellDiffOption::AlwaysUpdate;
    let rows = old.content.chunks(width).zip(new.content.chunks(width));
    rows.map(|(old, new)| old != new || new.iter().any(always)).collect()
}

#[cfg(test)]
mod tests;
