//! The conversation on the screen: entries to lines, cached, anchored. It never wraps again what did not change.

mod entry;
mod lines;
pub mod marking;
mod place;
pub mod reading;
mod said;

pub use lines::LineCache;
use lines::Row;

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use crate::domain::chat::Log;
use crate::draw::cells;
use crate::draw::theme::Theme;
use crate::protocol::message::{Anchor, Drawn};
use marking::Marking;
use place::{Ground, Place};
use reading::Reading;

/// What the user asked of the view since it was drawn last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    #[default]
    Stay,
    /// Lines up (negative) or down.
    Lines(isize),
    /// Pages of the visible height.
    Pages(isize),
    Top,
    /// The first line of the entry at this position.
    Entry(usize),
    /// The match of a search.
    Match(Match),
}

/// One of the places that hold the words of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Position of the entry in the log.
    pub entry: usize,
    /// The match of this number in the entry's text.
    pub number: usize,
}

/// Where the view stands. `anchor` is the first visible line; `None` follows the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Transcript {
    anchor: Option<Anchor>,
    /// Where the conversation ended when it was followed last: what comes after it is new.
    left: Option<Anchor>,
    /// Position of the first visible entry, and whether its first line is seen.
    first: (usize, bool),
    /// The first visible line in the last frame.
    shown: Option<Anchor>,
    wish: Wish,
    pub marking: Marking,
}

impl Transcript {
    /// Asks for movement; it is done when the heights are known, at drawing.
    pub fn scroll(&mut self, wish: Wish) {
        self.wish = match (self.wish, wish) {
            (Wish::Lines(before), Wish::Lines(by)) => Wish::Lines(before.saturating_add(by)),
            (Wish::Pages(before), Wish::Pages(by)) => Wish::Pages(before.saturating_add(by)),
            (_, wish) => wish,
        };
    }

    /// The first visible line; `None` while the end is followed.
    pub fn anchor(&self) -> Option<Anchor> {
        self.anchor
    }

    /// Stands at a line from now on; `None` follows the end.
    pub fn stand(&mut self, anchor: Option<Anchor>) {
        *self = Self {
            anchor,
            first: anchor.map_or((0, true), |anchor| (anchor.entry, false)),
            ..Self::default()
        };
    }

    /// Follows the end from now on.
    pub fn follow(&mut self) {
        (self.anchor, self.left, self.wish) = (None, None, Wish::Stay);
    }

    /// Position of the first visible entry, and whether its first line is seen, as drawn last.
    pub fn first(&self) -> (usize, bool) {
        self.first
    }

    /// The first visible line in the last frame: while it is the same, nothing was scrolled.
    pub fn shown(&self) -> Option<Anchor> {
        self.shown
    }

    /// Whether the view goes along with new text, as it did in the last frame.
    pub fn follows(&self) -> bool {
        self.anchor.is_none() && self.wish == Wish::Stay && !self.marking.is_active()
    }

    /// Takes over where the drawing found the view to be.
    pub fn settle(&mut self, drawn: Drawn) {
        self.anchor = drawn.top;
        self.left = drawn.left;
        self.first = drawn.first;
        self.shown = drawn.shown;
        self.wish = Wish::Stay;
        self.marking.settle(drawn.mark);
    }
}

/// Draws the visible lines and tells where the view stands.
pub fn view(
    model: &Transcript,
    log: &Log,
    reading: Option<&Reading>,
    cache: &mut LineCache,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Drawn {
    let entries = log.entries();
    if area.is_empty() {
        return Drawn { top: model.anchor, left: model.left, first: model.first, ..Drawn::default() };
    }
    cache.prepare(area.width, theme);
    cache.forget(entries);
    let mut ground = Ground { entries, cache };
    let height = usize::from(area.height);
    let over = ground.over();
    let end = ground.up(over, height);
    // A press is meant for what was shown, however much came after it.
    let rest = model.anchor.or(model.shown.filter(|_| model.marking.is_pressing()));
    let here = rest.map_or(end, |anchor| ground.found(anchor));
    let words = reading.and_then(Reading::sought).unwrap_or_default();
    let top = wished(model, &mut ground, words, height, here);
    let following = top >= end;
    let top = top.min(end);
    let first = (top.entry, top.part == 0 && top.line == 0);
    let active = model.marking.is_active();
    let mark = if active { model.marking.found(&mut ground, (here.min(end), top), area) } else { None };
    let marked = mark.and_then(|mark| mark.bounds());
    let mut at = top;
    let mut above: Option<(usize, Rect)> = None;
    let mut rows = Vec::with_capacity(height);
    for place in area.rows() {
        let Some((row, line)) = ground.line(&mut at) else { break };
        rows.push(row);
        cells::put(line, place, buffer);
        if let Some(reading) = reading {
            reading.mark(at.entry, place, theme, buffer);
            if let Some(above) = above.filter(|(entry, _)| *entry == at.entry) {
                reading.mark_over(at.entry, (above.1, place), theme, buffer);
            }
            above = Some((at.entry, place));
        }
        if let Some(marked) = marked {
            let line = Place { line: at.line.saturating_sub(1), ..at };
            marking::show(marked, &mut ground, line, place, theme, buffer);
        }
    }
    let shown = Some(ground.seen(top));
    // Whoever reads or marks is not carried on by new text.
    let follows = following && reading.is_none() && !active;
    ground.cache.remember(follows.then_some((area, rows)));
    let drawn = if follows {
        Drawn { first, shown, ..Drawn::default() }
    } else {
        // Where nothing moved, the anchor stays the one of the width that it was set at, so that resizing never makes it creep.
        let anchor = model.anchor.filter(|_| top == here).unwrap_or_else(|| ground.anchor(top));
        let last = ground.last();
        let left = model.left.unwrap_or_else(|| ground.anchor(last));
        let known = ground.found(left);
        let fresh = ground.between(at.max(known), last);
        Drawn { top: Some(anchor), left: Some(left), first, shown, mark, fresh, more: !following }
    };
    cache.settle();
    drawn
}

/// What a drawing over the last frame changed of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grown {
    /// The rows that are drawn anew.
    pub rows: Vec<u16>,
    /// The rows that moved up before that as a whole, and by how many.
    pub up: Option<(Range<u16>, u16)>,
}

/// Draws over the last frame what further words changed of it. Only for a view that follows the end and followed it in the last frame.
pub fn grow(
    model: &Transcript,
    log: &Log,
    cache: &mut LineCache,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> (Drawn, Grown) {
    let mut grown = Grown::default();
    if area.is_empty() {
        return (Drawn { first: model.first, ..Drawn::default() }, grown);
    }
    cache.prepare(area.width, theme);
    let before = cache.rows_of(area);
    let mut ground = Ground { entries: log.entries(), cache };
    let over = ground.over();
    let top = ground.up(over, usize::from(area.height));
    let first_row = ground.line(&mut { top }).map(|(row, _)| row);
    let is_first = |row: &Row| Some(*row) == first_row;
    let moved = before.as_ref().and_then(|before| before.iter().position(is_first)).unwrap_or(0);
    move_up(area, moved, buffer);
    grown.up = u16::try_from(moved).ok().filter(|by| *by > 0).map(|by| (area.top()..area.bottom(), by));
    let mut at = top;
    let mut rows = Vec::with_capacity(usize::from(area.height));
    for (number, place) in area.rows().enumerate() {
        let (row, line) = ground.line(&mut at).unzip();
        // Below the last line nothing was drawn, and nothing is.
        let stood = |before: &Vec<Row>| before.get(number + moved).copied() == row;
        let is_drawn = number + moved < usize::from(area.height) && before.as_ref().is_some_and(stood);
        if !is_drawn {
            Clear.render(place, buffer);
            if let Some(line) = line {
                cells::put(line, place, buffer);
            }
            grown.rows.push(place.y);
        }
        rows.extend(row);
    }
    ground.cache.remember(Some((area, rows)));
    let first = (top.entry, top.part == 0 && top.line == 0);
    let shown = Some(ground.seen(top));
    cache.settle();
    (Drawn { first, shown, ..Drawn::default() }, grown)
}

/// Moves what an area shows up by so many rows; what then stands in the last ones is of no meaning.
fn move_up(area: Rect, by: usize, buffer: &mut Buffer) {
    if by == 0 {
        return;
    }
    let width = usize::from(buffer.area.width);
    let (left, right) = (usize::from(area.left()), usize::from(area.right()));
    for row in usize::from(area.top())..usize::from(area.bottom()).saturating_sub(by) {
        let Some((above, below)) = buffer.content.split_at_mut_checked((row + by) * width) else { return };
        let to = above.get_mut(row * width + left..row * width + right);
        if let (Some(to), Some(from)) = (to, below.get_mut(left..right)) {
            to.swap_with_slice(from);
        }
    }
}

/// Where the view shall start, after the user's wish.
fn wished(model: &Transcript, ground: &mut Ground<'_>, words: &str, height: usize, here: Place) -> Place {
    let page = isize::try_from(height.saturating_sub(2).max(1)).unwrap_or(1);
    let by = match model.wish {
        Wish::Stay => return here,
        Wish::Lines(lines) => lines,
        Wish::Pages(pages) => pages.saturating_mul(page),
        Wish::Top => return Place::default(),
        Wish::Entry(entry) => return Place { entry, part: 0, line: 0 },
        Wish::Match(found) => {
            let place = ground.matched(found, words);
            let last = ground.down(here, height.saturating_sub(2));
            // A match in sight moves nothing; another one comes to the upper third.
            return if place >= here && place < last { here } else { ground.up(place, height / 3) };
        }
    };
    if by < 0 { ground.up(here, by.unsigned_abs()) } else { ground.down(here, by.unsigned_abs()) }
}
