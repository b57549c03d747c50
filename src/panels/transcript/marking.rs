//! Text marked with the mouse: from what is pointed at to places in the text, how it looks, and what a copy holds. It never copies by
//! itself, and nothing in it moves with the view.

use std::collections::hash_map::DefaultHasher;
use std::hash::Hasher;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;

use super::lines::LineCache;
use super::place::{Ground, Place};
use crate::domain::chat::Log;
use crate::draw::textmap::TextMap;
use crate::draw::theme::Theme;
use crate::protocol::mark::{Mark, Spot, Stretch, Unit};

/// What is marked, and what the pointer does to it. Where that is in the text is found at drawing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marking {
    mark: Option<Mark>,
    /// A press that was not found in the text yet.
    press: Option<(Position, Unit)>,
    /// Where the pointer is, while the button is held and until the frame after that.
    pointer: Option<Position>,
    button: Button,
    /// Whether a copy waits for the place of the pointer to be found.
    wish: Wish,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Button {
    #[default]
    Up,
    /// Pressed here, and not moved yet.
    Pressed,
    Dragged,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Wish {
    #[default]
    None,
    Copy,
}

/// What a copy can be made of now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copyable {
    Now(Mark),
    /// After the next frame.
    Soon,
    Nothing,
}

impl Marking {
    /// The button goes down over the chat; a mark that was there is gone.
    pub fn press(&mut self, at: Position, unit: Unit) {
        *self = Self {
            press: Some((at, unit)),
            pointer: Some(at),
            button: Button::Pressed,
            mark: None,
            wish: Wish::None,
        };
    }

    /// The pointer moves with the button down.
    pub fn drag(&mut self, at: Position) {
        if self.button == Button::Pressed && self.pointer == Some(at) {
            return;
        }
        if self.button != Button::Up {
            (self.pointer, self.button) = (Some(at), Button::Dragged);
        }
    }

    /// The button goes up; the mark stays.
    pub fn release(&mut self) {
        // A click alone marks no letter.
        let clicked = self.button == Button::Pressed;
        if clicked && self.unit() == Unit::Letter {
            self.clear();
        }
        self.button = Button::Up;
    }

    /// Nothing is marked any more.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// The screen has another size: what is pointed at is not known any more.
    pub fn resized(&mut self) {
        *self = Self { mark: self.mark, ..Self::default() };
    }

    fn unit(&self) -> Unit {
        self.press.map(|(_, unit)| unit).or(self.mark.map(|mark| mark.unit)).unwrap_or_default()
    }

    /// Whether something is marked, or will be with the next frame.
    pub fn stands(&self) -> bool {
        let soon = self.pointer.is_some() && (self.button != Button::Pressed || self.unit() != Unit::Letter);
        soon || self.mark.is_some_and(|mark| mark.to.is_some())
    }

    /// Whether the view must stay where it is.
    pub fn is_active(&self) -> bool {
        self.press.is_some() || self.button != Button::Up || self.stands()
    }

    /// Whether the view must be what the press was made on.
    pub(super) fn is_pressing(&self) -> bool {
        self.press.is_some()
    }

    /// What a copy takes. When that is not known yet, the copy is due after the next frame.
    pub fn copy(&mut self) -> Copyable {
        if self.press.is_some() || self.pointer.is_some() {
            self.wish = Wish::Copy;
            return Copyable::Soon;
        }
        self.mark.filter(|mark| mark.bounds().is_some()).map_or(Copyable::Nothing, Copyable::Now)
    }

    /// Takes over what a frame found; tells whether a copy is due.
    pub(super) fn settle(&mut self, mark: Option<Mark>) {
        self.mark = mark;
        self.press = None;
        if self.button == Button::Up {
            self.pointer = None;
        }
    }

    /// Whether a copy that waited is due, once.
    pub fn takes_wish(&mut self) -> bool {
        std::mem::take(&mut self.wish) == Wish::Copy
    }

    /// The mark after this frame. A press is looked for in the view that it was made on, the pointer in the one that is drawn.
    pub(super) fn found(
        &self,
        ground: &mut Ground<'_>,
        (before, now): (Place, Place),
        area: Rect,
    ) -> Option<Mark> {
        let mut mark = match self.press {
            Some((at, unit)) => {
                let from = pointed(ground, before, area, at, unit)?;
                Mark { unit, from, to: None }
            }
            None => self.mark.filter(|mark| stays(ground, mark))?,
        };
        if let Some(at) = self.pointer
            && (mark.unit != Unit::Letter || self.button != Button::Pressed)
        {
            mark.to = pointed(ground, now, area, at, mark.unit).or(mark.to);
        }
        Some(mark)
    }
}

/// The text at a place of the screen, with the view beginning at `top`. Beside the view it is the nearest text.
fn pointed(ground: &mut Ground<'_>, top: Place, area: Rect, at: Position, unit: Unit) -> Option<Stretch> {
    let row = at.y.clamp(area.y, area.bottom().saturating_sub(1)) - area.y;
    let mut cell = usize::from(at.x.saturating_sub(area.x));
    if at.y < area.y {
        cell = 0;
    } else if at.y >= area.bottom() {
        cell = usize::MAX;
    }
    let mut place = ground.down(top, usize::from(row));
    if place >= ground.over() {
        place = ground.up(place, 1);
        cell = usize::MAX;
    }
    let map = ground.map(place)?;
    let range = map.at(place.line, cell);
    let range = match unit {
        Unit::Letter => range,
        Unit::Word => map.word_of(&range),
        Unit::Line => map.line_of(&range),
    };
    let print = print(map, range.end);
    Some(Stretch { entry: place.entry, part: place.part, start: range.start, end: range.end, print })
}

fn print(map: &TextMap, end: usize) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(map.text().as_bytes().get(..end).unwrap_or_default());
    hasher.finish()
}

/// Whether both ends of a mark still have the text before them that they had.
fn stays(ground: &mut Ground<'_>, mark: &Mark) -> bool {
    [Some(mark.from), mark.to].into_iter().flatten().all(|end| {
        let place = Place { entry: end.entry, part: end.part, line: 0 };
        ground.map(place).is_some_and(|map| end.end <= map.text().len() && print(map, end.end) == end.print)
    })
}

/// The marked bytes of a part's text, open to the end where the mark goes on.
fn within((start, end): (Spot, Spot), entry: usize, part: usize) -> Range<usize> {
    let here = (entry, part);
    let from = match here.cmp(&(start.0, start.1)) {
        std::cmp::Ordering::Less => return 0..0,
        std::cmp::Ordering::Equal => start.2,
        std::cmp::Ordering::Greater => 0,
    };
    match here.cmp(&(end.0, end.1)) {
        std::cmp::Ordering::Less => from..usize::MAX,
        std::cmp::Ordering::Equal => from..end.2,
        std::cmp::Ordering::Greater => 0..0,
    }
}

/// Shows what is marked in a drawn line, also where there is no colour.
pub(super) fn show(
    bounds: (Spot, Spot),
    ground: &mut Ground<'_>,
    at: Place,
    area: Rect,
    theme: &Theme,
    buffer: &mut Buffer,
) {
    let marked = within(bounds, at.entry, at.part);
    if marked.is_empty() {
        return;
    }
    let style = theme.selection.add_modifier(Modifier::REVERSED);
    for (cell, cells) in ground.map(at).map(|map| map.cells(at.line, &marked)).unwrap_or_default() {
        let place =
            |cell: usize| area.x.saturating_add(u16::try_from(cell).unwrap_or(u16::MAX)).min(area.right());
        let (left, right) = (place(cell), place(cell + cells));
        buffer.set_style(Rect { x: left, width: right - left, ..area }, style);
    }
}

/// What a copy of a mark holds; `None` when the text is not what was marked any more.
pub fn copied(mark: &Mark, log: &Log, width: u16, theme: &Theme, unfold: String) -> Option<String> {
    let mut cache = LineCache::default();
    cache.name_unfolding(unfold);
    cache.prepare(width, theme);
    let mut ground = Ground { entries: log.entries(), cache: &mut cache };
    let bounds = mark.bounds().filter(|_| stays(&mut ground, mark))?;
    let mut copy = String::new();
    for entry in bounds.0.0..=bounds.1.0 {
        for part in 0..ground.parts(entry) {
            let marked = within(bounds, entry, part);
            if marked.is_empty() {
                continue;
            }
            let Some(map) = ground.map(Place { entry, part, line: 0 }) else { continue };
            let text = map.text();
            copy.push_str(text.get(marked.start..marked.end.min(text.len())).unwrap_or_default());
        }
    }
    Some(copy)
}
