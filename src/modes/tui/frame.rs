//! One frame: drawn anew, or over the last one where only words came. It never decides when.

use std::time::Instant;

use anyhow::Result;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};

use super::Session;
use super::pace::Why;
use crate::app::over::{self, Since};
use crate::app::state::Turn;
use crate::app::update::update;
use crate::app::{screen, vi};
use crate::domain::exchange::ReplyEvent;
use crate::io::terminal::caret;
use crate::protocol::message::{Drawn, Effect, Event};

impl Session<'_> {
    /// Why a frame is wanted for so many bytes of a reply.
    pub(super) fn why(&self, bytes: usize) -> Why {
        /// More than this at once is no trickle, and less of it in all is the beginning. Bytes.
        const FEW: usize = 512;
        let said = match &self.state.turn {
            Turn::Replying(replying) => {
                self.state.log.reply(replying.entry).map_or(0, |reply| reply.text.len())
            }
            Turn::Idle | Turn::Reading { .. } | Turn::Compacting(_) => 0,
        };
        if bytes > FEW || said < FEW { Why::Flow } else { Why::Words }
    }

    /// Draws what is there now, and lets the state know how it came out.
    pub(super) fn draw(&mut self) -> Result<()> {
        let from = Instant::now();
        let stands = self.paint()?;
        let shape = vi::caret_shape(&self.state);
        if let Some(shape) = shape.filter(|shape| Some(*shape) != self.caret) {
            caret::show(shape)?;
            self.caret = Some(shape);
        }
        self.pace.drawn(from, Instant::now());
        (self.since, self.stands) = (Since::default(), stands);
        // A terminal that is slow to take a frame has not shown it before now.
        let (due, now) = (self.state.next_change(), self.now());
        for effect in update(&mut self.state, Event::Tick(now)) {
            self.work.perform(effect);
        }
        for effect in update(&mut self.state, Event::Drawn(stands)) {
            // A copy may have waited for this frame.
            if let Some(Effect::Copy(clip)) = self.work.perform(effect) {
                self.copy(clip)?;
            }
        }
        // What came due meanwhile is not in the frame, and nothing else would bring it to the screen.
        if due.is_some_and(|at| at <= now) {
            self.since.note_change();
            self.pace.want(Why::Change);
        }
        Ok(())
    }

    fn paint(&mut self) -> Result<Drawn> {
        let (state, cache) = (&self.state, &mut self.cache);
        let area = screen::area(state);
        let size = Size { width: area.width, height: area.height };
        let mut stands = self.stands;
        if self.painter.goes_on(size) && self.since.fits(state) {
            let since = &self.since;
            self.painter.go_on(|buffer| {
                let over = over::view(state, since, stands, cache, buffer);
                stands = over.drawn;
                (over.grown.rows, over.grown.up, over.caret)
            })?;
            debug_assert!(self.shows_all(), "a frame over the last one differs from one drawn anew");
        } else {
            self.painter.frame(size, |buffer| {
                let (caret, drawn): (Option<Position>, Drawn) = screen::view(state, cache, buffer);
                stands = drawn;
                caret
            })?;
        }
        Ok(stands)
    }

    /// Whether the screen shows what a frame drawn anew would show.
    fn shows_all(&mut self) -> bool {
        let area: Rect = screen::area(&self.state);
        let mut whole = Buffer::empty(area);
        screen::view(&self.state, &mut self.cache, &mut whole);
        self.painter.shows(&whole)
    }
}

/// How many bytes of a reply an event brings; `None` where it brings anything else.
pub(super) fn words(event: &Event) -> Option<usize> {
    match event {
        Event::Replied { event: ReplyEvent::Text(text) | ReplyEvent::Thinking(text), .. } => Some(text.len()),
        _ => None,
    }
}
