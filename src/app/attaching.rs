//! What a message mentions goes along with it: it is read when the message is sent, and what cannot go along is said before anything is
//! sent. It never sends by itself what was refused.

use super::context;
use super::plain::{Asked, Form};
use super::request;
use super::state::{Doubted, Gathering, State, Turn};
use crate::domain::attach::Attachment;
use crate::domain::attach::mention;
use crate::domain::attach::refusal::{Found, Refusal};
use crate::domain::chat::{EntryId, Level};
use crate::domain::kb::{Span, joined};
use crate::domain::models::Pictures;
use crate::protocol::message::{Agreed, Effect, Millis, TaskId};

/// The same message within this time is a key that was pressed too long, and no answer.
const GUARD: Millis = 500;

/// Asks for what a message mentions; nothing where it mentions nothing.
pub fn begin(state: &mut State, task: TaskId, entry: EntryId, message: &[Span]) -> Vec<Effect> {
    let agreed = agreed(state, message);
    let mentions = mention::of(message);
    if mentions.is_empty() {
        return Vec::new();
    }
    state.errands.gathering = Some(Gathering { task, entry, agreed, mentions: mentions.clone() });
    vec![Effect::ReadMentions { task, mentions, agreed }]
}

/// Whether the user was asked about just this message, and sends it again.
fn agreed(state: &mut State, message: &[Span]) -> Agreed {
    let words = joined(message);
    match state.errands.doubted.take() {
        // Nobody has read what a script was told.
        Some(_) if state.screen.form == Form::Linear(Asked::Nobody) => Agreed::No,
        Some(doubted) if doubted.message == words => Agreed::Yes,
        Some(_) | None => Agreed::No,
    }
}

/// Whether the same message comes again before anybody can have read why it was not sent.
pub fn is_too_soon(state: &State, message: &[Span]) -> bool {
    state.errands.doubted.as_ref().is_some_and(|doubted| {
        state.screen.now.saturating_sub(doubted.since) < GUARD && doubted.message == joined(message)
    })
}

/// It was read: the turn goes on, or the message comes back.
pub fn read(state: &mut State, task: TaskId, found: Vec<Found>) -> Vec<Effect> {
    let wanted = |gathering: &mut Gathering| gathering.task == task;
    let Some(gathering) = state.errands.gathering.take_if(wanted) else {
        return context::found(state, task, found);
    };
    let found = without_pictures(state, found);
    let mut attached: Vec<Attachment> = Vec::new();
    let mut refused: Vec<(String, Refusal)> = Vec::new();
    let mut folders = Vec::new();
    for one in found {
        match one {
            Found::Word => {}
            Found::Folder { name } => folders.push(format!("@{name}/ would send the names in it")),
            Found::Attached(one)
                if attached.iter().any(|known| known.name == one.name && known.extent == one.extent) => {}
            Found::Attached(one) => attached.push(one),
            Found::Refused { name, why } => refused.push((name, why)),
        }
    }
    if gathering.agreed == Agreed::No && !refused.is_empty() {
        return refuse(state, gathering.entry, &refused);
    }
    if !folders.is_empty() {
        state.note(folders.join(" · "));
    }
    state.log.attach(gathering.entry, attached);
    vec![Effect::ReadKb { task }]
}

/// Pictures for a model that takes none are refused here, where the model is known.
fn without_pictures(state: &mut State, found: Vec<Found>) -> Vec<Found> {
    let persona = state.personas.active.clone();
    let model = request::speaking(state, &persona).model;
    if state.connection.models.pictures(&model) != Pictures::Refused {
        return found;
    }
    let refuse = |one: Found| match one {
        Found::Attached(attached) if attached.is_picture() => {
            Found::Refused { name: attached.name, why: Refusal::NoPictures { model: model.clone() } }
        }
        Found::Attached(_) | Found::Word | Found::Folder { .. } | Found::Refused { .. } => one,
    };
    found.into_iter().map(refuse).collect()
}

/// Says why nothing was sent; the message is the draft again.
fn refuse(state: &mut State, entry: EntryId, refused: &[(String, Refusal)]) -> Vec<Effect> {
    let Some(message) = take_back(state, entry) else { return Vec::new() };
    let mut said: Vec<String> = refused.iter().map(|(name, why)| why.sentence(name)).collect();
    let names = |allowed: bool| {
        let names = refused.iter().filter(|(_, why)| why.may_be_allowed() == allowed);
        names.map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" and ")
    };
    said.push(match (names(true), names(false), state.screen.form) {
        (_, _, Form::Linear(Asked::Nobody) | Form::Once) => "The message was not sent.".to_string(),
        (allowed, _, _) if !allowed.is_empty() => {
            format!("Nothing was sent. The same message once more sends {allowed} along all the same.")
        }
        (_, words, _) => format!("Nothing was sent. The same message once more goes without {words}."),
    });
    state.errands.doubted = Some(Doubted { message: joined(&message), since: state.screen.now });
    state.notice(Level::Warning, said.join(" "));
    Vec::new()
}

/// Takes a message that was not sent out of the conversation: it becomes the draft, where there is none.
pub fn take_back(state: &mut State, entry: EntryId) -> Option<Vec<Span>> {
    let Turn::Reading { message, .. } = std::mem::take(&mut state.turn) else { return None };
    state.errands.gathering = None;
    let place = state.log.entries().iter().position(|known| known.id == entry);
    if let Some(place) = place {
        state.log.truncate(place);
    }
    back_to_draft(state, &message);
    Some(message)
}

/// What was typed meanwhile stays; the message is in the history in any case. Line by line there is no draft.
pub fn back_to_draft(state: &mut State, message: &[Span]) {
    if state.screen.form == Form::Screen && state.prompt.is_unused() {
        state.prompt.editor.set(message);
    }
}
