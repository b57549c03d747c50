//! The one door: an event changes the state and yields effects. It routes and does no work itself.

use crossterm::event::KeyEventKind;

use super::state::{EditingWhat, Focus, Overlay, Search, State};
use super::{
    actions, attaching, chat, configured, context, keeping, mentions, messages, models, mouse, pasting,
    plain, reading, recording, review, sessions, setup, tables, trust, turn,
};
use crate::base::text;
use crate::domain::chat::Level;
use crate::domain::exchange::Endpoint;
use crate::protocol::message::{Effect, Event, Millis, TaskId};

/// Changes the state by one event and tells what shall happen outside.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = route(state, event);
    effects.extend(trust::look(state));
    effects.extend(recording::look(state));
    state.prompt.settle_vi();
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
        Event::Paste(text) => pasting::paste(state, &text),
        Event::Mouse(event) => mouse::handle(state, event),
        Event::Resized { columns, rows } => {
            (state.screen.columns, state.screen.rows) = (columns, rows);
            state.transcript.marking.resized();
            Vec::new()
        }
        Event::Drawn(drawn) => {
            state.transcript.settle(drawn);
            if matches!(state.focus, Focus::Review) {
                state.review.drawn(state.screen.now);
            }
            mouse::drawn(state)
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
        Event::DetectorMade(detector) => tables::detector_made(state, *detector),
        Event::ReconcilerMade(reconciler) => tables::reconciler_made(state, *reconciler),
        Event::PersonasLoaded(library) => chat::personas_loaded(state, library),
        Event::ModelsListed { provider, found } => {
            models::listed(state, &provider, found);
            setup::refresh(state);
            Vec::new()
        }
        Event::SettingsRead(reread) => configured::read_again(state, &reread),
        Event::SettingsBroken(why) => {
            state.notice(Level::Warning, format!("{why} The settings from before go on to hold."));
            Vec::new()
        }
        Event::KeyTyped(key) => plain::login::key_typed(state, &key),
        Event::KeyTried { endpoint, tried } => {
            setup::tried(state, *endpoint, tried);
            Vec::new()
        }
        Event::KeyKept { provider, kept } => {
            setup::kept(state, &provider, kept, "");
            Vec::new()
        }
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
        Event::TrustFailed { cause } => {
            trust::not_kept(state, &cause);
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
        Event::Interrupted => plain::interrupted(state),
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
    mouse::move_on(state);
    let mut effects = keeping::when_due(state);
    effects.extend(recording::when_due(state));
    effects
}

fn discovered(state: &mut State, found: Option<Endpoint>) -> Vec<Effect> {
    state.connection.search = Search::Done;
    // The user may have chosen a model while the search ran; the choice stands.
    if let Some(endpoint) = found
        && state.connection.is_offline()
    {
        state.note(format!("found {}: {}", endpoint.provider, endpoint.model));
        state.connection.roster.seat(endpoint.clone());
        state.connection.endpoint = endpoint;
    }
    let effects = sessions::model::take(state);
    setup::at_first(state);
    effects
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
