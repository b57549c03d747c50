//! Frames that are drawn over the last one: further words of a reply and letters of the draft change little of the screen, and the rest
//! is not drawn again. It never decides when a frame is drawn.

use crossterm::event::KeyEvent;
use ratatui::buffer::Buffer;
use ratatui::layout::Position;
use ratatui::widgets::{Clear, Widget};

use super::screen::{self, Areas};
use super::state::{Focus, State, Turn};
use super::{actions, status};
use crate::domain::exchange::ReplyEvent;
use crate::panels::transcript::{self, Grown, LineCache};
use crate::protocol::message::{Drawn, Event};

/// What came since the last frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Since {
    /// Further words of a reply.
    words: bool,
    /// Letters of the draft; where each part lay before them.
    letters: Option<Areas>,
    /// Anything else, which may change everything.
    rest: bool,
}

impl Since {
    /// Takes note of an event, before the state takes it in.
    pub fn note(&mut self, state: &State, event: &Event) {
        match event {
            Event::Replied { event: ReplyEvent::Text(_) | ReplyEvent::Thinking(_), .. } => self.words = true,
            Event::Key(key) if is_letter(state, *key) => {
                self.letters.get_or_insert_with(|| screen::layout(state));
            }
            _ => self.rest = true,
        }
    }

    /// Something happened that may change everything.
    pub fn note_change(&mut self) {
        self.rest = true;
    }

    /// Whether a frame over the last one shows all of it.
    pub fn fits(&self, state: &State) -> bool {
        if self.rest || !is_plain(state) {
            return false;
        }
        let areas = screen::layout(state);
        let typed = self.letters.is_none_or(|before| {
            draws_letters_alone(state) && !state.prompt.editor.is_empty() && areas == before
        });
        typed && (!self.moves_chat() || grows(state, areas))
    }

    /// Whether the chat is drawn: where nothing came, it is only looked at.
    fn moves_chat(&self) -> bool {
        self.words || self.letters.is_none()
    }
}

/// Whether nothing stands over the parts of the screen, and nothing ends by itself.
fn is_plain(state: &State) -> bool {
    matches!(state.focus, Focus::Prompt) && state.screen.hand.due().is_none() && !screen::completes(state)
}

/// Whether a key types a letter that changes the draft and nothing else.
fn is_letter(state: &State, key: KeyEvent) -> bool {
    is_plain(state) && draws_letters_alone(state) && actions::letter(state, key).is_some()
}

/// Whether a letter that is typed changes the draft and nothing else, where the screen is plain.
fn draws_letters_alone(state: &State) -> bool {
    state.prompt.vi.is_none() && !state.transcript.marking.is_active()
}

/// Whether further words of a reply change nothing but the chat's last lines and the status line, where the screen is plain.
fn grows(state: &State, areas: Areas) -> bool {
    matches!(state.turn, Turn::Replying(_))
        && state.transcript.follows()
        && !state.log.entries().is_empty()
        && screen::chat_area(state, areas.transcript).welcome.is_empty()
}

/// What a frame over the last one shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Over {
    /// Where the transcript stands.
    pub drawn: Drawn,
    pub grown: Grown,
    /// Where the caret belongs; `None` where it stays.
    pub caret: Option<Position>,
}

/// Draws over the last frame what came since, which [`Since::fits`] allows. `stands` is where the transcript stood in that frame.
pub fn view(state: &State, since: &Since, stands: Drawn, cache: &mut LineCache, buffer: &mut Buffer) -> Over {
    let areas = screen::layout(state);
    let mut over = Over { drawn: stands, grown: Grown::default(), caret: None };
    if since.moves_chat() {
        let chat = screen::chat_area(state, areas.transcript).log;
        let theme = &state.screen.theme;
        (over.drawn, over.grown) =
            transcript::grow(&state.transcript, &state.log, cache, theme, chat, buffer);
        // Beside the chat the rows stay.
        if !areas.side.is_empty()
            && let Some((moved, _)) = over.grown.up.take()
        {
            over.grown.rows = moved.collect();
        }
    }
    if since.letters.is_some() {
        Clear.render(areas.prompt, buffer);
        over.caret = screen::prompt(state, areas.prompt, buffer);
        over.grown.rows.extend(areas.prompt.top()..areas.prompt.bottom());
    }
    Clear.render(areas.status, buffer);
    status::view(state, areas.status, buffer);
    over.grown.rows.extend(areas.status.top()..areas.status.bottom());
    over
}
