//! Several answers to one message: asking again, and which of the answers is shown. Only the shown one goes along with later requests,
//! and none is ever thrown away.

use super::state::{Focus, State, Turn};
use super::{again, chat, compact, compare, turn};
use crate::domain::chat::EntryId;
use crate::domain::persona::Persona;
use crate::domain::settings;
use crate::panels::transcript::Wish as Scroll;
use crate::protocol::action::{Action, Context};
use crate::protocol::message::Effect;

/// Who is asked for another answer, this once; `None` is whoever would be asked for the next message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wish {
    pub persona: Option<Persona>,
    pub model: Option<String>,
}

/// `/retry [NAME]`: tries again what broke off, or asks for another answer to the newest message; a reply that runs is stopped first. Up to now it stays beside the new one.
pub fn retry(state: &mut State, words: &str) -> Vec<Effect> {
    if words.trim().is_empty() && compact::broke_off(state) {
        return compact::retry(state);
    }
    let wish = match wish(state, words) {
        Ok(wish) => wish,
        Err(why) => {
            state.note(why);
            return Vec::new();
        }
    };
    let newest = state.log.newest_said().and_then(|at| state.log.entries().get(at));
    let Some(message) = newest.map(|entry| again::spans_of(state, &entry.body)) else {
        state.note("there is no message to ask again about");
        return Vec::new();
    };
    let mut effects = turn::stop(state).unwrap_or_default();
    state.focus = Focus::Prompt;
    state.transcript.marking.clear();
    state.transcript.follow();
    effects.extend(turn::again(state, message, wish));
    effects
}

/// The same from the chat, where the newest answer is marked.
pub fn retry_marked(state: &mut State) -> Vec<Effect> {
    let Focus::Reading(reading) = &state.focus else { return Vec::new() };
    let marked = reading.marked.and_then(|at| state.log.said_for(at));
    if marked != state.log.newest_said() {
        let fork =
            state.tools.keymap.told("; ", Context::Reading, Action::Fork, "branches off at an earlier one");
        state.note(format!("only the newest answer is asked for again{fork}"));
        return Vec::new();
    }
    retry(state, "")
}

/// Whom the words name: a persona, a model, or one of each.
fn wish(state: &State, words: &str) -> Result<Wish, String> {
    let mut wish = Wish::default();
    for word in words.split_whitespace() {
        // An `@` says that it is a persona.
        let name = word.trim_start_matches('@');
        let endpoint = &state.connection.endpoint;
        let library = &state.personas.library;
        let model = if word == name { settings::resolve_model(endpoint, name) } else { None };
        let near = || chat::nearest(name, library).and_then(|near| library.get(&near).cloned());
        match (library.get(name).cloned(), model) {
            (Some(persona), _) => wish.persona = Some(persona),
            (None, Some(model)) if !state.connection.is_offline() => wish.model = Some(model),
            (None, _) => match near() {
                Some(persona) => wish.persona = Some(persona),
                None if state.connection.is_offline() => {
                    return Err(format!("there is no persona {name}, and no model is connected"));
                }
                // A server that does not tell its models has to know this one.
                None if endpoint.models.is_empty() && word == name => wish.model = Some(name.to_string()),
                None => {
                    return Err(format!(
                        "{word} is no persona and no model here; /persona and /model list them"
                    ));
                }
            },
        }
    }
    Ok(wish)
}

/// The message whose answers are meant: the one of the marked entry, else the newest.
pub fn meant(state: &State) -> Option<usize> {
    let marked = match &state.focus {
        Focus::Reading(reading) => reading.marked,
        Focus::Prompt | Focus::Review | Focus::Overlay(_) => None,
    };
    marked.and_then(|at| state.log.said_for(at)).or_else(|| state.log.newest_said())
}

/// Does what a key asks of the versions of an answer.
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if compare::is_open(state) {
        compare::act(state, action);
        return Vec::new();
    }
    match action {
        Action::VersionBefore => step(state, -1),
        Action::VersionAfter => step(state, 1),
        Action::Compare => compare::open(state),
        _ => {}
    }
    Vec::new()
}

/// That there is nothing to choose from, and how there would be.
pub const ONE: &str = "there is one answer to it; /retry asks for another";

fn step(state: &mut State, by: isize) {
    let Some(at) = meant(state) else {
        state.note(ONE);
        return;
    };
    let shown = state.log.version_at(at);
    match shown.number.checked_add_signed(by).filter(|number| (1..=shown.of).contains(number)) {
        _ if !shown.has_others() => state.note(ONE),
        Some(number) => show(state, at, number),
        None => state.note(format!(
            "version {} of {} is the {} one",
            shown.number,
            shown.of,
            if by < 0 { "first" } else { "last" }
        )),
    }
}

/// `/version [N]`.
pub fn choose(state: &mut State, words: &str) -> Vec<Effect> {
    let Some(at) = meant(state) else {
        state.note(ONE);
        return Vec::new();
    };
    let shown = state.log.version_at(at);
    match words.parse() {
        _ if !shown.has_others() => state.note(ONE),
        Ok(number) if (1..=shown.of).contains(&number) => show(state, at, number),
        Ok(_) | Err(_) => {
            state.note(format!(
                "version {} of {} is shown; /version 1 shows the first",
                shown.number, shown.of
            ));
        }
    }
    Vec::new()
}

/// Shows a version of the answer to the message at a position; from now on it is the one that goes along.
pub fn show(state: &mut State, said: usize, number: usize) {
    if running(state)
        .is_some_and(|entry| state.log.position(entry).and_then(|at| state.log.said_for(at)) == Some(said))
    {
        state.note("another version is on its way; it can be chosen when it has ended");
        return;
    }
    let Some(first) = state.log.show_version(said, number) else { return };
    state.transcript.marking.clear();
    match &mut state.focus {
        Focus::Reading(reading) => {
            reading.marked = Some(first);
            state.transcript.scroll(Scroll::Entry(first));
        }
        Focus::Prompt | Focus::Review | Focus::Overlay(_) => {
            if state.transcript.anchor().is_some() {
                state.transcript.scroll(Scroll::Entry(first));
            }
        }
    }
    let shown = state.log.version_at(said);
    state.note(format!("version {} of {} is shown, and goes along from here on", shown.number, shown.of));
}

/// The reply that is on its way.
fn running(state: &State) -> Option<EntryId> {
    match &state.turn {
        Turn::Replying(replying) => Some(replying.entry),
        Turn::Idle | Turn::Reading { .. } | Turn::Compacting(_) => None,
    }
}
