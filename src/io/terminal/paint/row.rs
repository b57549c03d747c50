//! Writes the difference of one row. Letters wider than a cell are written and replaced as a whole. It never leaves its row.

use ratatui::buffer::{Cell, CellDiffOption, CellWidth};
use ratatui::layout::Position;

use super::pen::Pen;

/// From so many cells on, erasing to the end of the row is shorter than blanks.
const BLANKS: usize = 4;

/// Unchanged cells up to so many are written again rather than passed over by a sequence.
const GAP: u16 = 3;

/// What has to happen to a cell.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Need {
    Keep,
    Write,
    /// What is there belongs to somebody else.
    Never,
}

/// Writes what is new in row `y`; without `old` everything is.
pub(super) fn write(pen: &mut Pen, y: u16, old: Option<&[Cell]>, new: &[Cell]) {
    let widths = widths(new);
    let needs = needs(old, new, &widths);
    // From here on the row is empty.
    let end = new.iter().rposition(|cell| *cell != Cell::EMPTY).map_or(0, |last| last + 1);
    let cells = new.iter().zip(&widths).zip(&needs).enumerate();
    for (at, ((cell, width), need)) in cells {
        if *need != Need::Write || *width == 0 {
            continue;
        }
        let x = u16::try_from(at).unwrap_or(u16::MAX);
        let rest = needs.get(at..).unwrap_or_default();
        let blanks = rest.iter().filter(|need| **need == Need::Write).count();
        if at >= end && blanks >= BLANKS && !rest.contains(&Need::Never) {
            pen.style(&Cell::EMPTY);
            pen.go(Position { x, y });
            pen.out.extend_from_slice(b"\x1b[K");
            return;
        }
        reach(pen, Position { x, y }, new, &widths, &needs);
        pen.style(cell);
        letter(pen, Position { x, y }, cell, usize::from(*width), new.len());
    }
}

/// How many cells the letter at each place takes; none, where the letter before it reaches over.
fn widths(row: &[Cell]) -> Vec<u8> {
    let mut widths = vec![0; row.len()];
    let mut at = 0;
    while let (Some(cell), Some(place)) = (row.get(at), widths.get_mut(at)) {
        let width = match cell.symbol().len() {
            1 => 1,
            _ => usize::from(cell.cell_width()).max(1),
        };
        // A letter that does not fit is written as a blank.
        let width = if at + width > row.len() { 1 } else { width };
        *place = u8::try_from(width).unwrap_or(1);
        at += width.min(usize::from(u8::MAX)).max(1);
    }
    widths
}

fn needs(old: Option<&[Cell]>, new: &[Cell], widths: &[u8]) -> Vec<Need> {
    let Some(old) = old else {
        return new.iter().map(|cell| if is_skipped(cell) { Need::Never } else { Need::Write }).collect();
    };
    let mut needs: Vec<Need> = old
        .iter()
        .zip(new)
        .zip(widths)
        .map(|((old, new), width)| match new.diff_option {
            _ if is_skipped(new) => Need::Never,
            CellDiffOption::AlwaysUpdate => Need::Write,
            CellDiffOption::None | CellDiffOption::Skip | CellDiffOption::ForcedWidth(_) => {
                if *width > 0 && old != new { Need::Write } else { Need::Keep }
            }
        })
        .collect();
    let before = self::widths(old);
    if before.iter().chain(widths).any(|width| *width > 1) {
        while whole_letters(&before, &mut needs) | whole_letters(widths, &mut needs) {}
    }
    needs
}

/// A letter of which a part is written is written as a whole, and so is what was under it. Tells whether that changed anything.
fn whole_letters(widths: &[u8], needs: &mut [Need]) -> bool {
    let mut changed = false;
    for (at, width) in widths.iter().enumerate().filter(|(_, width)| **width > 1) {
        let Some(cells) = needs.get_mut(at..at + usize::from(*width)) else { continue };
        if cells.contains(&Need::Write) && cells.contains(&Need::Keep) {
            cells.iter_mut().filter(|need| **need == Need::Keep).for_each(|need| *need = Need::Write);
            changed = true;
        }
    }
    changed
}

fn is_skipped(cell: &Cell) -> bool {
    #[expect(deprecated, reason = "others may still set it")]
    let skipped = cell.skip;
    skipped || cell.diff_option == CellDiffOption::Skip
}

/// Goes to a cell, over a short gap by writing what stands in it.
fn reach(pen: &mut Pen, to: Position, row: &[Cell], widths: &[u8], needs: &[Need]) {
    if let Some(from) = pen.at
        && from.y == to.y
        && (from.x..from.x.saturating_add(GAP + 1)).contains(&to.x)
    {
        let gap = usize::from(from.x)..usize::from(to.x);
        let cells = row.get(gap.clone()).unwrap_or_default();
        let plain = |cell: &Cell| {
            matches!(cell.symbol().as_bytes(), [b' '..=b'~'])
                && cell.diff_option == CellDiffOption::None
                && pen.writes_like(cell)
        };
        let alone = widths.get(gap.clone()).is_some_and(|widths| widths.iter().all(|width| *width == 1));
        let ours = needs.get(gap).is_some_and(|needs| !needs.contains(&Need::Never));
        if alone && ours && cells.iter().all(plain) {
            cells.iter().for_each(|cell| pen.out.extend_from_slice(cell.symbol().as_bytes()));
            pen.at = Some(to);
            return;
        }
    }
    pen.go(to);
}

/// Writes one letter where the pen is.
fn letter(pen: &mut Pen, at: Position, cell: &Cell, width: usize, columns: usize) {
    let symbol = cell.symbol();
    if let [byte @ b' '..=b'~'] = symbol.as_bytes() {
        pen.out.push(*byte);
    } else if is_blank(cell, width) {
        pen.out.extend(std::iter::repeat_n(b' ', width));
    } else {
        let doubtful = is_doubtful(symbol);
        if doubtful && width > 1 {
            // A terminal that takes the letter for narrower would show what was there before.
            pen.out.extend(std::iter::repeat_n(b' ', width));
            pen.at = None;
            pen.go(at);
        }
        pen.out.extend_from_slice(symbol.as_bytes());
        if doubtful {
            pen.at = None;
            return;
        }
    }
    let next = usize::from(at.x) + width;
    let next = u16::try_from(next).ok().filter(|_| next < columns);
    pen.at = next.map(|x| Position { x, ..at });
}

/// Whether blanks stand in for what cannot be written: nothing, controls, and a letter too wide for the rest of the row.
fn is_blank(cell: &Cell, width: usize) -> bool {
    let symbol = cell.symbol();
    match cell.diff_option {
        // Its maker knows what it does.
        CellDiffOption::ForcedWidth(_) => usize::from(cell.cell_width()) != width,
        CellDiffOption::None | CellDiffOption::Skip | CellDiffOption::AlwaysUpdate => {
            symbol.chars().any(char::is_control) || usize::from(symbol.cell_width()) != width
        }
    }
}

/// Whether terminals differ in how many cells a letter takes: joined ones and those with marks, and pictures, of which each year brings
/// new ones.
fn is_doubtful(symbol: &str) -> bool {
    let mut letters = symbol.chars();
    letters.next().is_some_and(|letter| letter >= '\u{1f000}') || letters.next().is_some()
}
