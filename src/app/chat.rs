//! Who speaks and with which model, and starting afresh. It never touches the draft, the scroll or the history.

use super::overlay::persona_items;
use super::state::{Focus, MenuOf, ModelChoice, Overlay, State};
use crate::domain::chat::{Body, Level};
use crate::domain::persona::Library;
use crate::protocol::message::Effect;

/// Lets another persona speak from here on.
pub fn switch(state: &mut State, name: &str) {
    if state.personas.active.name == name {
        state.note(format!("{name} speaks already"));
        return;
    }
    match state.personas.library.get(name).cloned() {
        Some(persona) => {
            state.personas.active = persona;
            state.dress();
            state.connection.model = ModelChoice::Persona;
            let voice = state.personas.voice();
            // Two switches without a word between them are one, and there and back again is none.
            state.log.drop_trailing_divider();
            if state.log.last_voice().is_some_and(|before| before.name != voice.name) {
                state.log.push(Body::Divider { voice });
            }
        }
        None => {
            let close = nearest(name, &state.personas.library);
            let hint = close.map(|close| format!(" Did you mean {close}?")).unwrap_or_default();
            state.notice(
                Level::Warning,
                format!("There is no persona {name}.{hint} /persona lists them all."),
            );
        }
    }
}

/// A name that ends with, or contains, what was typed.
pub fn nearest(name: &str, library: &Library) -> Option<String> {
    let names = || library.listed.iter().map(|listed| &listed.persona.name);
    names()
        .find(|known| known.rsplit('.').next() == Some(name))
        .or_else(|| names().find(|known| known.contains(name)))
        .cloned()
}

/// The folders were read: the menu is true again, and the speaker keeps the last good text where the file broke.
pub fn personas_loaded(state: &mut State, library: Library) -> Vec<Effect> {
    let active = &state.personas.active;
    let broken = |library: &Library| library.broken.iter().find(|broken| broken.path == active.path).cloned();
    let gone = |why: String| format!("The file of {} {why}. Its last good text stays in use.", active.name);
    match (broken(&library), library.get(&active.name)) {
        // A file that broke does not hand its name to the one that it hid: the user chose this text.
        (Some(now), _) if broken(&state.personas.library).is_none() => {
            let text = gone(format!("broke: {}", now.cause));
            state.notice(Level::Warning, text);
        }
        (Some(_), _) => {}
        (None, Some(persona)) if persona != active => {
            let changed = persona.body != active.body;
            state.personas.active = persona.clone();
            state.dress();
            if changed {
                state.note(format!("{} was read anew", state.personas.active.name));
            }
        }
        (None, None) if state.personas.library.get(&active.name).is_some() => {
            let text = gone("is gone".to_string());
            state.notice(Level::Warning, text);
        }
        (None, Some(_) | None) => {}
    }
    let items = persona_items(&library);
    state.personas.library = library;
    if let Focus::Overlay(Overlay::Menu(MenuOf::Personas, menu)) = &mut state.focus {
        menu.refresh(items);
    }
    Vec::new()
}

/// Starts a new conversation; the draft, the queue and pending edits stay.
pub fn clear(state: &mut State) -> Vec<Effect> {
    let before = state.recording.session;
    let left = super::sessions::leave(state);
    let mut told = Vec::new();
    told.extend(before.map(|session| format!("session {session} is kept: /sessions")));
    told.extend(
        (left.rules > 0).then(|| format!("the rules for this session ended with it: {}", left.rules)),
    );
    let words = if told.is_empty() { "a new conversation begins".to_string() } else { told.join(" · ") };
    state.note(words);
    left.effects
}
