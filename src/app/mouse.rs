//! What the mouse asks for: the wheel scrolls, the left button marks the conversation and moves in the draft, the right one copies. A
//! mark alone copies nothing.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::state::{Focus, State};
use super::{overlay, reading, review, screen};
use crate::panels::prompt::rows::Sheet;
use crate::panels::transcript::Wish;
use crate::panels::transcript::marking::{self, Copyable};
use crate::protocol::action::{Action, Context};
use crate::protocol::mark::{Mark, Unit};
use crate::protocol::message::{Anchor, Effect, Millis};

/// Lines that one notch of the wheel scrolls.
const WHEEL: isize = 3;

/// A second press on the same cell within this time is a double click. Milliseconds.
const TWICE: Millis = 400;

/// Between two steps while the pointer is held beyond the edge. Milliseconds.
const STEP: Millis = 50;

/// The hand on the mouse.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hand {
    holds: Option<Holds>,
    /// The last press: where, when, and how many in a row it was.
    pressed: (Position, Millis, u8),
    /// Beyond the edge of the chat.
    beyond: Option<Beyond>,
}

/// Where the button went down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Chat,
    Draft,
}

/// The pointer is held above or below the chat, so that the view moves on.
#[derive(Clone, Copy, Debug)]
struct Beyond {
    /// Lines of a step; up is negative.
    by: isize,
    due: Millis,
    /// The first line at the last step: when it stays, there is nothing more.
    shown: Option<Anchor>,
}

impl Hand {
    /// When the view moves on by itself.
    pub fn due(&self) -> Option<Millis> {
        self.beyond.map(|beyond| beyond.due)
    }

    /// Counts presses on one cell in a row: one, two or three.
    fn count(&mut self, at: Position, now: Millis) -> u8 {
        let (before, then, count) = self.pressed;
        let again = before == at && count > 0 && now.saturating_sub(then) <= TWICE;
        let count = if again { count % 3 + 1 } else { 1 };
        self.pressed = (at, now, count);
        count
    }
}

/// Handles what the mouse did.
pub fn handle(state: &mut State, mouse: MouseEvent) -> Vec<Effect> {
    let at = Position::new(mouse.column, mouse.row);
    match mouse.kind {
        MouseEventKind::ScrollUp => wheel(state, -WHEEL),
        MouseEventKind::ScrollDown => wheel(state, WHEEL),
        MouseEventKind::Down(MouseButton::Left) => press(state, at),
        MouseEventKind::Drag(MouseButton::Left) => drag(state, at),
        MouseEventKind::Up(MouseButton::Left) => release(state),
        MouseEventKind::Down(MouseButton::Right) => return copy(state),
        MouseEventKind::Down(MouseButton::Middle)
        | MouseEventKind::Up(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Drag(MouseButton::Right | MouseButton::Middle)
        | MouseEventKind::Moved
        | MouseEventKind::ScrollLeft
        | MouseEventKind::ScrollRight => {}
    }
    Vec::new()
}

fn wheel(state: &mut State, by: isize) {
    let (area, theme) = (screen::area(state), state.screen.theme.clone());
    match &mut state.focus {
        Focus::Prompt | Focus::Reading(_) => state.transcript.scroll(Wish::Lines(by)),
        Focus::Review => review::scroll(state, by),
        Focus::Overlay(over) => overlay::wheel(over, by, area, &theme),
    }
}

fn press(state: &mut State, at: Position) {
    release(state);
    state.transcript.marking.clear();
    if !matches!(state.focus, Focus::Prompt | Focus::Reading(_)) {
        return;
    }
    let count = state.screen.hand.count(at, state.screen.now);
    let areas = screen::layout(state);
    if areas.transcript.contains(at) && !screen::chat_area(state, areas.transcript).log.is_empty() {
        let unit = match count {
            2 => Unit::Word,
            3 => Unit::Line,
            _ => Unit::Letter,
        };
        state.transcript.marking.press(at, unit);
        state.screen.hand.holds = Some(Holds::Chat);
    } else if areas.prompt.contains(at) {
        reading::leave(state);
        let place = pointed(state, screen::draft_area(state, areas.prompt), at);
        state.prompt.editor.move_to(place);
        state.screen.hand.holds = Some(Holds::Draft);
    }
}

/// The byte of the draft under the pointer, the nearest one beside it.
fn pointed(state: &State, area: Rect, at: Position) -> usize {
    let row = isize::try_from(i32::from(at.y) - i32::from(area.y)).unwrap_or(0);
    let column = usize::from(at.x.saturating_sub(area.x));
    Sheet::new(&state.prompt.editor, area.width).pointed(area.height, row, column)
}

fn drag(state: &mut State, at: Position) {
    match state.screen.hand.holds {
        Some(Holds::Chat) => {
            state.transcript.marking.drag(at);
            let area = screen::layout(state).transcript;
            let by = match at.y {
                y if y < area.y => -steps(area.y - y),
                y if y >= area.bottom() => steps(y - area.bottom() + 1),
                // There is no row above the first one of the screen to go to.
                0 => -1,
                _ => 0,
            };
            let now = state.screen.now;
            state.screen.hand.beyond = (by != 0).then_some(match state.screen.hand.beyond {
                Some(beyond) => Beyond { by, ..beyond },
                None => Beyond { by, due: now, shown: None },
            });
            move_on(state);
        }
        Some(Holds::Draft) => {
            let area = screen::draft_area(state, screen::layout(state).prompt);
            let place = pointed(state, area, at);
            state.prompt.editor.select(|editor| editor.move_to(place));
        }
        None => {}
    }
}

/// Lines of a step, by the distance from the edge in rows.
fn steps(distance: u16) -> isize {
    isize::try_from(distance.min(5)).unwrap_or(1)
}

/// Scrolls on when the pointer is held beyond the edge and it is time to.
pub fn move_on(state: &mut State) {
    let Some(beyond) = state.screen.hand.beyond.filter(|beyond| beyond.due <= state.screen.now) else {
        return;
    };
    let shown = state.transcript.shown();
    if shown == beyond.shown {
        // The end of the conversation, or its beginning; the next movement tries again.
        state.screen.hand.beyond = None;
        return;
    }
    state.transcript.scroll(Wish::Lines(beyond.by));
    state.screen.hand.beyond = Some(Beyond { due: state.screen.now + STEP, shown, ..beyond });
}

fn release(state: &mut State) {
    if state.screen.hand.holds.take() == Some(Holds::Chat) {
        state.transcript.marking.release();
    }
    state.screen.hand.beyond = None;
}

/// Takes the mark away.
pub fn drop_mark(state: &mut State) {
    state.transcript.marking.clear();
    state.screen.hand.beyond = None;
}

/// Copies what is marked in the conversation, else what is selected in the draft.
pub fn copy(state: &mut State) -> Vec<Effect> {
    match state.transcript.marking.copy() {
        Copyable::Now(mark) => copy_mark(state, &mark),
        Copyable::Soon => Vec::new(),
        Copyable::Nothing => {
            drop_mark(state);
            copy_selection(state).unwrap_or_default()
        }
    }
}

/// A frame found what was pointed at: a copy that waited for it is made.
pub fn drawn(state: &mut State) -> Vec<Effect> {
    let marking = &mut state.transcript.marking;
    if !marking.takes_wish() {
        return Vec::new();
    }
    match marking.copy() {
        Copyable::Now(mark) => copy_mark(state, &mark),
        Copyable::Soon | Copyable::Nothing => Vec::new(),
    }
}

fn copy_mark(state: &mut State, mark: &Mark) -> Vec<Effect> {
    let area = screen::chat_area(state, screen::layout(state).transcript).log;
    let unfold = state.tools.keymap.hint(Context::Everywhere, Action::Unfold);
    let text = marking::copied(mark, &state.log, area.width, &state.screen.theme, unfold);
    drop_mark(state);
    match text {
        Some(text) if !text.trim().is_empty() => return reading::clip(lines_in_words(&text), &text),
        Some(_) => state.note("not copied: there is no text in what was marked"),
        None => state.note("not copied: the text has changed since it was marked; mark it again"),
    }
    Vec::new()
}

/// Copies what is selected in the draft, where something is.
pub fn copy_selection(state: &mut State) -> Option<Vec<Effect>> {
    let text = state.prompt.take_selected()?;
    Some(reading::clip(format!("{} of the draft", lines_in_words(&text)), &text))
}

fn lines_in_words(text: &str) -> String {
    match text.lines().count() {
        0 | 1 => "1 line".to_string(),
        count => format!("{count} lines"),
    }
}
