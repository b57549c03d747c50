//! Where the terminal writes next and in which style, and the shortest sequences that change it. It never knows what was written.

use std::io::Write;

use ratatui::buffer::Cell;
use ratatui::layout::Position;
use ratatui::style::{Color, Modifier};

use super::scroll::{Shift, Way};

/// The pen of the terminal, and the bytes that it writes.
#[derive(Default)]
pub(super) struct Pen {
    pub(super) out: Vec<u8>,
    /// `None` when terminals differ in where they are: behind the last column, and behind letters of doubtful width.
    pub(super) at: Option<Position>,
    look: Look,
}

/// The style of what is written.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Look {
    fg: Color,
    bg: Color,
    underline: Color,
    modifier: Modifier,
}

impl Look {
    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, underline: cell.underline_color, modifier: cell.modifier }
    }
}

/// Each attribute with the codes that set and reset it. Bold and dim share theirs.
const ATTRIBUTES: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

impl Pen {
    /// Whether cells like this one are written as things stand.
    pub(super) fn writes_like(&self, cell: &Cell) -> bool {
        self.look == Look::of(cell)
    }

    /// Makes a terminal in an unknown state one in the known state.
    pub(super) fn start(&mut self) {
        self.out.extend_from_slice(b"\x1b[r\x1b[m");
        self.look = Look::default();
        self.at = None;
    }

    /// Takes the style of a cell.
    pub(super) fn style(&mut self, cell: &Cell) {
        let (old, new) = (self.look, Look::of(cell));
        if old == new {
            return;
        }
        self.look = new;
        let onward = codes(old, new);
        let afresh = codes(Look::default(), new);
        // Writing to a vector cannot fail.
        let _ = match afresh.as_str() {
            "" => write!(self.out, "\x1b[m"),
            afresh if afresh.len() + 2 < onward.len() => write!(self.out, "\x1b[0;{afresh}m"),
            _ => write!(self.out, "\x1b[{onward}m"),
        };
    }

    /// Goes to a cell.
    pub(super) fn go(&mut self, to: Position) {
        let from = self.at.replace(to);
        let (row, column) = (to.y.saturating_add(1), to.x.saturating_add(1));
        // As above.
        let _ = match from {
            Some(from) if from == to => Ok(()),
            Some(from) if from.y == to.y && to.x == 0 => self.out.write_all(b"\r"),
            Some(from) if from.y == to.y && to.x > from.x => match to.x - from.x {
                1 => self.out.write_all(b"\x1b[C"),
                by => write!(self.out, "\x1b[{by}C"),
            },
            Some(from) if from.y == to.y => match from.x - to.x {
                by @ 1..=3 => self.out.write_all(&vec![b'\x08'; usize::from(by)]),
                by => write!(self.out, "\x1b[{by}D"),
            },
            // Never in the last row, so nothing scrolls.
            Some(from) if to.x == 0 && to.y == from.y + 1 => self.out.write_all(b"\r\n"),
            Some(_) | None if to.x == 0 => write!(self.out, "\x1b[{row}H"),
            Some(_) | None => write!(self.out, "\x1b[{row};{column}H"),
        };
    }

    /// Moves a block of rows. Lines are deleted and inserted within margins, which each terminal can, while the Linux console knows no
    /// other sequence for it, and no terminal keeps what leaves this way in its history.
    pub(super) fn shift(&mut self, shift: Shift) {
        // What comes in has the background of the pen.
        self.style(&Cell::EMPTY);
        let letter = match shift.way {
            Way::Up => 'M',
            Way::Down => 'L',
        };
        let (first, last, by) = (shift.top + 1, shift.bottom, shift.by);
        // As above. Where the pen goes with the margins, emulators differ.
        let _ = write!(self.out, "\x1b[{first};{last}r");
        self.at = None;
        self.go(Position { x: 0, y: shift.top });
        let _ = write!(self.out, "\x1b[{by}{letter}\x1b[r");
        self.at = None;
    }
}

/// The parameters that lead from one style to another.
fn codes(old: Look, new: Look) -> String {
    let mut codes: Vec<String> = Vec::new();
    let gone = old.modifier.difference(new.modifier);
    let mut kept = old.modifier.intersection(new.modifier);
    for (attribute, _, reset) in ATTRIBUTES {
        if gone.contains(attribute) {
            let reset_too = ATTRIBUTES.iter().filter(|(_, _, other)| *other == reset);
            for (attribute, _, _) in reset_too {
                kept.remove(*attribute);
            }
            codes.push(reset.to_string());
        }
    }
    codes.dedup();
    for (attribute, set, _) in ATTRIBUTES {
        if new.modifier.contains(attribute) && !kept.contains(attribute) {
            codes.push(set.to_string());
        }
    }
    if old.fg != new.fg {
        codes.push(color(new.fg, 30, 90));
    }
    if old.bg != new.bg {
        codes.push(color(new.bg, 40, 100));
    }
    if old.underline != new.underline {
        codes.push(underline(new.underline));
    }
    codes.join(";")
}

/// A color as parameters; `base` is the code of black, `bright` that of bright black.
fn color(color: Color, base: u8, bright: u8) -> String {
    let (named, extended) = (|code: u8| code.to_string(), base + 8);
    match color {
        Color::Reset => named(base + 9),
        Color::Black => named(base),
        Color::Red => named(base + 1),
        Color::Green => named(base + 2),
        Color::Yellow => named(base + 3),
        Color::Blue => named(base + 4),
        Color::Magenta => named(base + 5),
        Color::Cyan => named(base + 6),
        Color::Gray => named(base + 7),
        Color::DarkGray => named(bright),
        Color::LightRed => named(bright + 1),
        Color::LightGreen => named(bright + 2),
        Color::LightYellow => named(bright + 3),
        Color::LightBlue => named(bright + 4),
        Color::LightMagenta => named(bright + 5),
        Color::LightCyan => named(bright + 6),
        Color::White => named(bright + 7),
        Color::Indexed(index) => format!("{extended};5;{index}"),
        Color::Rgb(red, green, blue) => format!("{extended};2;{red};{green};{blue}"),
    }
}

/// The color of an underline, which has no short codes.
fn underline(color: Color) -> String {
    let index = match color {
        Color::Reset => return "59".to_string(),
        Color::Rgb(red, green, blue) => return format!("58;2;{red};{green};{blue}"),
        Color::Indexed(index) => index,
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightRed => 9,
        Color::LightGreen => 10,
        Color::LightYellow => 11,
        Color::LightBlue => 12,
        Color::LightMagenta => 13,
        Color::LightCyan => 14,
        Color::White => 15,
    };
    format!("58;5;{index}")
}
