//! The one door: an event changes the state and yields effects. It routes and does no work itself.

use crossterm::event::{KeyEventKind, MouseEvent, MouseEventKind};

use super::state::{EditingWhat, Focus, Overlay, Search, State};
use super::{
    actions, attaching, chat, context, keeping, mentions, messages, overlay, plain, reading, recording,
    review, screen, sessions, trust, turn,
};
use crate::base::text;
use crate::domain::chat::Level;
use crate::domain::exchange::Endpoint;
use crate::panels::transcript::Wish;
use crate::protocol::action::Action;
use crate::protocol::message::{Effect, Event, Millis, TaskId};

/// Lines that one notch of the wheel scrolls.
const WHEEL: isize = 3;

/// Changes the state by one event and tells what shall happen outside.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = route(state, event);
    effects.extend(trust::look(state));
    effects.extend(recording::look(state));
    keeping::look(state);
    mentions::look(state);
    messages::refresh_queue(state);
    effects
}

fn route(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Tick(now) => tick(state, now),
        Event::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        Event::Key(key) => actions::key(state, key),
        Event::Paste(text) => actions::paste(state, &text),
        Event::Mouse(mouse) => wheel(state, mouse),
        Event::Resized { columns, rows } => {
            (state.screen.columns, state.screen.rows) = (columns, rows);
            Vec::new()
        }
        Event::Drawn(drawn) => {
            state.transcript.settle(drawn);
            if matches!(state.focus, Focus::Review) {
                state.review.drawn(state.screen.now);
            }
            Vec::new()
        }
        Event::KbRead { task, snapshot } => turn::kb_read(state, task, snapshot),
        Event::MentionsRead { task, found } => attaching::read(state, task, found),
        Event::BodyMade { text } => {
            context::body_made(state, text);
            Vec::new()
        }
        Event::KbChanged(snapshot) => {
            review::kb_changed(state, snapshot);
            Vec::new()
        }
        Event::WatchDegraded(why) => {
            state.kb.degraded = Some(why);
            Vec::new()
        }
        Event::TablesMade(tables) => turn::tables_made(state, *tables),
        Event::PersonasLoaded(library) => chat::personas_loaded(state, library),
        Event::Discovered(found) => discovered(state, found),
        Event::Replied { task, event } => turn::replied(state, task, event),
        Event::ReplyEnded { task, outcome } => turn::ended(state, task, outcome),
        Event::KbSaved { task, snapshot } => review::saved(state, task, snapshot),
        Event::KbMoved { task, snapshot } => review::moved(state, task, snapshot),
        Event::KbSaveFailed { task, cause } => review::save_failed(state, task, &cause),
        Event::KbIsOutside { task, target } => review::outside(state, task, &target),
        Event::Copied { what, way } => {
            reading::copied(state, &what, way);
            Vec::new()
        }
        Event::BackgroundTold(background) => {
            state.screen.suit(background);
            state.dress();
            Vec::new()
        }
        Event::KbUndone { snapshot, summary } => review::undone(state, snapshot, summary),
        Event::KbUndoRefused { current, would_restore } => {
            review::undo_refused(state, &current, &would_restore)
        }
        Event::KbUndoFailed { cause } => {
            state.notice(Level::Warning, cause);
            Vec::new()
        }
        Event::NotesRead(notes) => {
            turn::notes_read(state, notes);
            Vec::new()
        }
        Event::TrustRead { trusted, from_git } => {
            trust::read(state, trusted, from_git);
            Vec::new()
        }
        Event::NeverRead { hashes } => {
            state.decided.never.add(hashes);
            Vec::new()
        }
        Event::NeverFailed { cause } => review::never_failed(state, &cause),
        Event::PromptsRead(prompts) => {
            keeping::read(state, prompts);
            Vec::new()
        }
        Event::StackRead(stack) => {
            state.kb.stack = stack;
            Vec::new()
        }
        Event::FilesListed(paths) => {
            state.prompt.mentions.take(paths, state.screen.now);
            Vec::new()
        }
        Event::Stored(told) => recording::told(state, told),
        Event::Exported(result) => {
            sessions::exported(state, result);
            Vec::new()
        }
        Event::Edited { task, result } => edited(state, task, result),
        Event::Entered(said) => plain::entered(state, &said),
        Event::Interrupted => actions::perform(state, Action::Interrupt),
        Event::Warned(text) => {
            state.notice(Level::Warning, text);
            Vec::new()
        }
        Event::Noted(text) => {
            state.note(text);
            Vec::new()
        }
    }
}

fn tick(state: &mut State, now: Millis) -> Vec<Effect> {
    state.screen.now = now;
    if state.screen.note.as_ref().is_some_and(|(_, until)| *until <= now) {
        state.screen.note = None;
    }
    let mut effects = keeping::when_due(state);
    effects.extend(recording::when_due(state));
    effects
}

fn wheel(state: &mut State, mouse: MouseEvent) -> Vec<Effect> {
    let by = match mouse.kind {
        MouseEventKind::ScrollUp => -WHEEL,
        MouseEventKind::ScrollDown => WHEEL,
        _ => return Vec::new(),
    };
    let (area, theme) = (screen::area(state), state.screen.theme.clone());
    match &mut state.focus {
        Focus::Prompt | Focus::Reading(_) => state.transcript.scroll(Wish::Lines(by)),
        Focus::Review => review::scroll(state, by),
        Focus::Overlay(over) => overlay::wheel(over, by, area, &theme),
    }
    Vec::new()
}

fn discovered(state: &mut State, found: Option<Endpoint>) -> Vec<Effect> {
    state.connection.search = Search::Done;
    // The user may have chosen a model while the search ran; the choice stands.
    if let Some(endpoint) = found
        && state.connection.is_offline()
    {
        state.note(format!("found {}: {}", endpoint.provider, endpoint.model));
        state.connection.endpoint = endpoint;
        sessions::take_wanted_model(state);
    }
    state.recording.wanted = None;
    Vec::new()
}

fn edited(state: &mut State, task: TaskId, result: Result<String, String>) -> Vec<Effect> {
    let Some((_, what)) = state.errands.editing.take_if(|(waiting, _)| *waiting == task) else {
        return Vec::new();
    };
    match (what, result) {
        (EditingWhat::Draft, Ok(text)) => {
            let before = state.prompt.editor.spans();
            let text = text::sanitise(&text);
            state.prompt.editor.set(&turn::origins_kept(&before, text.trim_end_matches('\n')));
        }
        (EditingWhat::Proposal(id), Ok(text)) => review::reworded(state, id, &text),
        // A message that was said stays as it was.
        (EditingWhat::Nothing, Ok(_)) => {}
        (EditingWhat::Draft | EditingWhat::Proposal(_) | EditingWhat::Nothing, Err(cause)) => {
            state.notice(Level::Warning, cause)
        }
    }
    vec![Effect::Redraw]
}

/// Puts an overlay over the chat.
pub fn open(state: &mut State, overlay: Overlay) {
    state.focus = Focus::Overlay(overlay);
}
