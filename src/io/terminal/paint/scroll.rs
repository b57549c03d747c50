//! Finds the block of rows that moved up or down between two frames. It never draws: what came in is left to the difference.

use std::ops::Range;

use ratatui::buffer::{Buffer, Cell, CellDiffOption};

/// What moving a block costs in bytes.
const COST: usize = 24;

/// What going to a place costs in bytes.
const GOING: usize = 6;

/// So few rows that changed are written sooner than it is found out whether they moved.
const FEWEST: usize = 3;

/// Which way a block moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Up,
    Down,
}

/// Rows `top..bottom` move by `by` rows; what leaves them is lost, what comes in is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shift {
    pub(super) top: u16,
    pub(super) bottom: u16,
    pub(super) by: u16,
    pub(super) way: Way,
}

impl Shift {
    /// The rows of a block move up by so many; `None` where none stays.
    pub(super) fn up(block: Range<u16>, by: u16) -> Option<Self> {
        let (top, bottom) = (block.start, block.end);
        (by < bottom.saturating_sub(top)).then_some(Self { top, bottom, by, way: Way::Up })
    }

    /// Does to a buffer what the terminal does to its screen.
    pub(super) fn apply(self, buffer: &mut Buffer) {
        let width = usize::from(buffer.area.width);
        let (top, bottom, by) = (usize::from(self.top), usize::from(self.bottom), usize::from(self.by));
        let Some(block) = buffer.content.get_mut(top * width..bottom * width) else { return };
        let moved = (by * width).min(block.len());
        let kept = block.len() - moved;
        match self.way {
            Way::Up => {
                block.rotate_left(moved);
                block.iter_mut().skip(kept).for_each(Cell::reset);
            }
            Way::Down => {
                block.rotate_right(moved);
                block.iter_mut().take(moved).for_each(Cell::reset);
            }
        }
    }
}

/// What is known of one row of both frames.
struct Row {
    old: u64,
    new: u64,
    /// About how many bytes make the one the other.
    changed: usize,
    /// About how many bytes it takes on an empty row.
    ink: usize,
}

/// A block of the rows that are looked at, which moves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Block {
    /// Bytes that need not be written, about.
    saved: usize,
    top: usize,
    bottom: usize,
    by: usize,
    way: Way,
}

/// The move that saves most, if one saves anything; `changes` tells of each row whether it differs.
pub(super) fn find(old: &Buffer, new: &Buffer, changes: &[bool]) -> Option<Shift> {
    if changes.iter().filter(|changed| **changed).count() < FEWEST {
        return None;
    }
    let width = usize::from(new.area.width).max(1);
    let pairs = old.content.chunks(width).zip(new.content.chunks(width));
    let first = changes.iter().position(|changed| *changed)?;
    let last = changes.iter().rposition(|changed| *changed)?;
    let mut rows = Vec::with_capacity(last + 1 - first);
    for (old, new) in pairs.take(last + 1).skip(first) {
        if old.iter().chain(new).any(is_special) {
            return None;
        }
        rows.push(Row {
            old: hash(old),
            new: hash(new),
            changed: bytes(old.iter().zip(new).map(|(old, new)| old != new)),
            ink: bytes(new.iter().map(|cell| *cell != Cell::EMPTY)),
        });
    }
    if rows.iter().map(|row| row.changed).sum::<usize>() <= COST {
        return None;
    }
    let moves = (1..rows.len()).flat_map(|by| [(by, Way::Up), (by, Way::Down)]);
    let best = moves.filter_map(|(by, way)| best_block(&rows, by, way)).max()?;
    let row = |at: usize| u16::try_from(first + at).ok();
    Some(Shift {
        top: row(best.top)?,
        bottom: row(best.bottom)?,
        by: u16::try_from(best.by).ok()?,
        way: best.way,
    })
}

/// About how many bytes it takes to write these cells of a row.
fn bytes(cells: impl Iterator<Item = bool>) -> usize {
    let (mut bytes, mut next) = (0, None);
    for (at, _) in cells.enumerate().filter(|(_, written)| *written) {
        let gap = next.map_or(GOING, |next| at - next);
        bytes += gap.min(GOING) + 1;
        next = Some(at + 1);
    }
    bytes
}

/// Cells that are drawn by rules of their own stay where they are.
fn is_special(cell: &Cell) -> bool {
    #[expect(deprecated, reason = "others may still set it")]
    let skipped = cell.skip;
    skipped || cell.diff_option != CellDiffOption::None
}

/// The block that moves by so many rows and saves most.
fn best_block(rows: &[Row], by: usize, way: Way) -> Option<Block> {
    let moved = |at: usize| {
        let (from, to) = match way {
            Way::Up => (at + by, at),
            Way::Down => (at, at + by),
        };
        matches!((rows.get(from), rows.get(to)), (Some(from), Some(to)) if from.old == to.new)
    };
    let mut best = None;
    let mut start = 0;
    // No row moves from or to beyond the last, so the last run ends within the loop.
    for at in (0..rows.len()).filter(|at| !moved(*at)) {
        if at > start {
            best = best.max(block(rows, start, at + by, by, way));
        }
        start = at + 1;
    }
    best
}

/// The block between two rows, when moving it saves more than what then comes in costs.
fn block(rows: &[Row], top: usize, bottom: usize, by: usize, way: Way) -> Option<Block> {
    let block = rows.get(top..bottom)?;
    let incoming = match way {
        Way::Up => block.get(block.len() - by..)?,
        Way::Down => block.get(..by)?,
    };
    let changed: usize = block.iter().map(|row| row.changed).sum();
    let drawn: usize = incoming.iter().map(|row| row.ink).sum();
    let saved = changed.checked_sub(drawn + COST).filter(|saved| *saved > 0)?;
    Some(Block { saved, top, bottom, by, way })
}

/// A quick hash of what a row says. Rows that collide, or differ in their style alone, are told apart again when the difference is drawn,
/// so nobody gains by choosing them.
fn hash(row: &[Cell]) -> u64 {
    let mix = |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    row.iter().fold(0, |hash, cell| {
        let word = cell.symbol().bytes().fold(0_u64, |word, byte| word.rotate_left(8) ^ u64::from(byte));
        mix(hash, word)
    })
}
