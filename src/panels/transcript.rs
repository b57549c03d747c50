//! The conversation on the screen: entries to lines, cached, anchored. It never wraps again what did not change.

mod entry;
mod lines;
mod place;

pub use lines::LineCache;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use crate::domain::chat::Log;
use crate::draw::theme::Theme;
use crate::protocol::message::{Anchor, Drawn};
use place::{Ground, Place};

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
}

/// Where the view stands. `anchor` is the first visible line; `None` follows the end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Transcript {
    anchor: Option<Anchor>,
    /// Where the conversation ended when it was followed last: what comes after it is new.
    left: Option<Anchor>,
    wish: Wish,
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

    /// Follows the end from now on.
    pub fn follow(&mut self) {
        *self = Self::default();
    }

    /// Takes over where the drawing found the view to be.
    pub fn settle(&mut self, drawn: Drawn) {
        self.anchor = drawn.top;
        self.left = drawn.left;
        self.wish = Wish::Stay;
    }
}

/// Draws the visible lines and tells where the view stands.
pub fn view(
    model: &Transcript,
    log: &Log,
    cache: &mut LineCache,
    theme: &Theme,
    area: Rect,
    buffer: &mut Buffer,
) -> Drawn {
    let entries = log.entries();
    if area.is_empty() {
        return Drawn { top: model.anchor, left: model.left, fresh: 0 };
    }
    cache.prepare(area.width, theme);
    cache.forget(entries);
    let mut ground = Ground { entries, cache };
    let height = usize::from(area.height);
    let over = ground.over();
    let end = ground.up(over, height);
    let here = model.anchor.map_or(end, |anchor| ground.found(anchor));
    let top = wished(model, &mut ground, height, here, end);
    let following = top >= end;
    let top = top.min(end);
    let mut at = top;
    for row in 0..height {
        let Some(line) = ground.line(&mut at) else { break };
        let y = area.y + u16::try_from(row).unwrap_or(0);
        line.render(Rect { y, height: 1, ..area }, buffer);
    }
    let drawn = if following {
        Drawn::default()
    } else {
        // Where nothing moved, the anchor stays the one of the width that it was set at, so that resizing never makes it creep.
        let anchor = model.anchor.filter(|_| top == here).unwrap_or_else(|| ground.anchor(top));
        let last = ground.last();
        let left = model.left.unwrap_or_else(|| ground.anchor(last));
        let known = ground.found(left);
        Drawn { top: Some(anchor), left: Some(left), fresh: ground.between(at.max(known), last) }
    };
    cache.settle();
    drawn
}

/// Where the view shall start, after the user's wish.
fn wished(model: &Transcript, ground: &mut Ground<'_>, height: usize, here: Place, end: Place) -> Place {
    let page = isize::try_from(height.saturating_sub(2).max(1)).unwrap_or(1);
    let by = match model.wish {
        Wish::Stay if model.anchor.is_none() => return end,
        Wish::Stay => return here,
        Wish::Lines(lines) => lines,
        Wish::Pages(pages) => pages.saturating_mul(page),
        Wish::Top => return Place::default(),
    };
    if by < 0 { ground.up(here, by.unsigned_abs()) } else { ground.down(here, by.unsigned_abs()) }
}
