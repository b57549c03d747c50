//! What is said goes to the store as it is said: whole entries at once, a reply that streams with every beat of its words. It never waits for
//! the store.

use std::collections::BTreeSet;

use super::state::{Given, ModelChoice, Recording, Spoken, Stage, State, Storing};
use super::{sessions, trust};
use crate::domain::briefing;
use crate::domain::chat::{Body, Entry, EntryId, Level, Presence, Reply};
use crate::domain::exchange::{Failure, Outcome};
use crate::domain::settings::endpoints::origin;
use crate::protocol::message::{Anchor, Effect, Millis};
use crate::protocol::sessions::{Ask, Change, Named, Record, Standing, Told};

/// The shortest time between two pieces of a reply. Words that trickle come less often, so each lot of them is stored before it is shown.
const BATCH: Millis = 75;

/// A piece that is due waits so long for something else to happen, since waking for it alone costs more than storing it.
const LATE: Millis = 25;

/// Looks whether something was said that is to be stored.
pub fn look(state: &mut State) -> Vec<Effect> {
    let (mut touched, moved) = (state.log.take_touched(), state.log.take_moved());
    touched.retain(|id| !is_sealed(state, *id));
    let rest: Vec<EntryId> = touched.iter().copied().filter(|id| rests_on_private(state, *id)).collect();
    state.recording.left_out.extend(rest);
    if touched.is_empty() && moved.is_empty() {
        return Vec::new();
    }
    let recording = &mut state.recording;
    match recording.storing {
        Storing::On => {
            // What was said in private may still go on.
            recording.open.extend(touched.iter().filter(|id| !recording.left_out.contains(*id)));
            recording.moved.extend(moved);
        }
        // It stays out, also when the rest is stored again. How what is stored takes part is no word that was said.
        Storing::Private => {
            recording.left_out.extend(touched);
            recording.moved.extend(moved);
            return give_marks(state);
        }
        Storing::Off | Storing::Unusable => return Vec::new(),
    }
    // A message that may yet come back to the prompt was not said.
    if trust::holds_back(state) {
        return Vec::new();
    }
    let recording = &mut state.recording;
    if recording.stage == Stage::Waiting && !begin(state) {
        return Vec::new();
    }
    let streams = |id: &EntryId| state.log.reply(*id).is_some_and(|reply| reply.outcome.is_none());
    if state.recording.moved.is_empty() && state.recording.open.iter().all(streams) {
        let now = state.screen.now;
        let due = *state.recording.due.get_or_insert((state.recording.stored + BATCH).max(now));
        return if due <= now { give(state, None) } else { Vec::new() };
    }
    now(state)
}

/// A session begins with the first message; what was told before it belongs to the start of the program.
fn begin(state: &mut State) -> bool {
    let entries = state.log.entries();
    let out = &state.recording.left_out;
    let says = |entry: &Entry| matches!(entry.body, Body::User { .. }) && !out.contains(&entry.id);
    let Some(first) = entries.iter().position(says) else { return false };
    let told = |entry: &&Entry| matches!(entry.body, Body::Notice { .. });
    let before = entries.iter().take(first);
    let left_out: Vec<EntryId> = before.filter(told).map(|entry| entry.id).collect();
    let recording = &mut state.recording;
    recording.open.retain(|id| !left_out.contains(id));
    recording.left_out.extend(left_out);
    recording.stage = Stage::Begun;
    true
}

/// Whether an entry is stored as it was when the rest became private. One that is gone is gone in the store, too.
fn is_sealed(state: &State, id: EntryId) -> bool {
    state.recording.sealed.contains_key(&id) && state.log.get(id).is_some()
}

/// Whether an entry tells what was said in private: it was sent then, is another answer to it, or a summary of it, of which a resumed session sends what
/// it has word for word.
fn rests_on_private(state: &State, id: EntryId) -> bool {
    let Some(at) = state.log.position(id) else { return false };
    let entries = state.log.entries();
    match entries.get(at).map(|entry| &entry.body) {
        Some(Body::Compaction { summary, kept, .. }) if !summary.is_empty() => {
            let covered = entries.get(..briefing::kept_from(&state.log, at, *kept)).unwrap_or_default();
            covered.iter().any(|entry| is_private(state, entry))
        }
        // It waited in the queue since then.
        Some(Body::User { text, .. }) if state.prompt.history.is_apart(text) => true,
        // What the store has a piece of is its already.
        Some(Body::Reply(_)) if !state.recording.given.contains_key(&id) => {
            let said = state.log.message_of(at).and_then(|said| entries.get(said));
            said.is_some_and(|said| is_private(state, said))
        }
        Some(
            Body::Compaction { .. }
            | Body::Reply(_)
            | Body::User { .. }
            | Body::Divider { .. }
            | Body::Notice { .. }
            | Body::Decision { .. },
        )
        | None => false,
    }
}

/// Whether words of the conversation are in the store in part at most.
fn is_private(state: &State, entry: &Entry) -> bool {
    let Recording { left_out, sealed, .. } = &state.recording;
    let said = matches!(entry.body, Body::User { .. } | Body::Reply(_));
    said && (left_out.contains(&entry.id) || sealed.contains_key(&entry.id))
}

/// What follows is private: a reply that is on its way ends here in the store, and what is not stored yet stays out.
pub fn seal(state: &mut State) -> Vec<Effect> {
    let left_out = &state.recording.left_out;
    let streams: Vec<EntryId> =
        state.recording.given.keys().copied().filter(|id| !left_out.contains(id)).collect();
    for id in streams {
        let Some(reply) = state.log.reply(id) else { continue };
        let mut reply = reply.clone();
        reply.outcome.get_or_insert_with(|| {
            Outcome::Failed(Failure::new(
                "Kept until here: /private was said while this reply came.",
                "What followed was not saved; say \u{201c}continue\u{201d} for the rest.",
            ))
        });
        state.recording.sealed.insert(id, Body::Reply(Box::new(reply)));
        state.recording.open.insert(id);
    }
    let recording = &mut state.recording;
    let (open, rest): (BTreeSet<EntryId>, BTreeSet<EntryId>) =
        std::mem::take(&mut recording.open).into_iter().partition(|id| recording.sealed.contains_key(id));
    recording.open = open;
    recording.left_out.extend(rest);
    give(state, None)
}

/// When a piece of a reply is stored, if nothing else happens before.
pub fn due(state: &State) -> Option<Millis> {
    state.recording.due.map(|due| due + LATE)
}

/// What is to be stored by now.
pub fn when_due(state: &mut State) -> Vec<Effect> {
    match state.recording.due {
        Some(due) if due <= state.screen.now => give(state, None),
        Some(_) | None => Vec::new(),
    }
}

/// Stores everything that is new, whether it is due or not, and how things stand.
pub fn now(state: &mut State) -> Vec<Effect> {
    let stands = standing(state);
    give(state, Some(stands))
}

fn give(state: &mut State, stands: Option<Standing>) -> Vec<Effect> {
    state.recording.due = None;
    match state.recording.storing {
        Storing::On if state.recording.stage == Stage::Begun => {}
        Storing::Private => return give_marks(state),
        Storing::On | Storing::Off | Storing::Unusable => return Vec::new(),
    }
    let open = std::mem::take(&mut state.recording.open);
    let mut moved = std::mem::take(&mut state.recording.moved);
    // Writing an entry says nothing of how it takes part.
    moved.extend(open.iter().filter(|id| presence(state, **id) != Some(Presence::Current)));
    let mut changes: Vec<Change> = open.into_iter().map(|id| change(state, id)).collect();
    changes.extend(moved.into_iter().filter_map(|id| mark(state, id)));
    let recording = &mut state.recording;
    let standing = stands.filter(|stands| recording.standing.as_ref() != Some(stands));
    if changes.is_empty() && standing.is_none() {
        return Vec::new();
    }
    if !changes.is_empty() {
        recording.stored = state.screen.now;
    }
    if standing.is_some() {
        recording.standing.clone_from(&standing);
    }
    record(recording, changes, standing)
}

/// While the rest is private, the session is told how what it has takes part; one that is gone is told nothing.
fn give_marks(state: &mut State) -> Vec<Effect> {
    if state.recording.session.is_none() {
        return Vec::new();
    }
    let moved = std::mem::take(&mut state.recording.moved);
    let marks: Vec<Change> = moved.into_iter().filter_map(|id| mark(state, id)).collect();
    if marks.is_empty() { Vec::new() } else { record(&state.recording, marks, None) }
}

fn record(recording: &Recording, changes: Vec<Change>, standing: Option<Standing>) -> Vec<Effect> {
    let record = Record {
        conversation: recording.conversation,
        session: recording.session,
        parent: recording.parent,
        changes,
        standing,
    };
    vec![Effect::Store(Box::new(Ask::Record(Box::new(record))))]
}

fn presence(state: &State, id: EntryId) -> Option<Presence> {
    state.log.get(id).map(|entry| entry.presence)
}

/// How an entry takes part; `None` where the store does not know the entry.
fn mark(state: &State, id: EntryId) -> Option<Change> {
    let presence = presence(state, id).filter(|_| !state.recording.left_out.contains(&id))?;
    Some(Change::Mark { entry: id, row: state.recording.rows.get(&id).copied(), presence })
}

fn change(state: &mut State, id: EntryId) -> Change {
    let given = &mut state.recording.given;
    let Some(entry) = state.log.get(id) else {
        given.remove(&id);
        return Change::Drop { entry: id };
    };
    if let Some(body) = state.recording.sealed.get(&id) {
        given.remove(&id);
        return Change::Put { entry: id, body: body.clone() };
    }
    let Body::Reply(reply) = &entry.body else { return Change::Put { entry: id, body: entry.body.clone() } };
    if reply.outcome.is_some() {
        given.remove(&id);
        return Change::Put { entry: id, body: entry.body.clone() };
    }
    let now = Given {
        text: reply.text.len(),
        thinking: reply.thinking.len(),
        model: reply.model.clone(),
        calls: reply.calls.len(),
    };
    let grown = given.get(&id).and_then(|before| grown(reply, before));
    given.insert(id, now);
    match grown {
        Some((text, thinking)) => Change::Grow { entry: id, text, thinking },
        None => Change::Put { entry: id, body: entry.body.clone() },
    }
}

/// What a reply has more than was stored of it; `None` when it is not just longer.
fn grown(reply: &Reply, before: &Given) -> Option<(String, String)> {
    if reply.model != before.model || reply.calls.len() != before.calls {
        return None;
    }
    let text = reply.text.get(before.text..)?;
    Some((text.to_string(), reply.thinking.get(before.thinking..)?.to_string()))
}

/// How things stand beside what was said.
fn standing(state: &State) -> Standing {
    let Spoken { provider, model, host, named } = spoken(state);
    Standing {
        persona: state.personas.active.name.clone(),
        provider,
        model,
        host,
        named,
        draft: state.prompt.drafts().pop().unwrap_or_default(),
        rules: state.decided.session.all().iter().map(|rule| rule.text.clone()).collect(),
        scroll: state.transcript.anchor().map(|anchor| stored_place(state, anchor)),
    }
}

/// Whom the conversation speaks with. Where nobody answers, the server that it spoke with before is not forgotten.
fn spoken(state: &State) -> Spoken {
    let (recording, endpoint) = (&state.recording, &state.connection.endpoint);
    let offline = state.connection.is_offline();
    if let Some(apart) = recording.apart.as_ref().filter(|_| offline) {
        return apart.clone();
    }
    let before = recording.standing.as_ref().filter(|_| offline).map(|standing| standing.host.clone());
    Spoken {
        provider: endpoint.provider.clone(),
        model: endpoint.model.clone(),
        host: before.unwrap_or_else(|| origin(&endpoint.base_url)),
        named: match state.connection.model {
            ModelChoice::Persona => Named::No,
            ModelChoice::User => Named::ByUser,
        },
    }
}

/// The place with its entry counted among those that are stored.
fn stored_place(state: &State, anchor: Anchor) -> Anchor {
    let before = state.log.entries().iter().take(anchor.entry);
    let stored = before.filter(|entry| !state.recording.left_out.contains(&entry.id)).count();
    Anchor { entry: stored, ..anchor }
}

/// Whether the store was given something of this conversation.
fn can_be_gone(state: &State) -> bool {
    match state.recording.storing {
        Storing::On | Storing::Private => true,
        Storing::Off | Storing::Unusable => false,
    }
}

/// The store tells something.
pub fn told(state: &mut State, told: Told) -> Vec<Effect> {
    match told {
        Told::Begun { conversation, session } => {
            if state.recording.conversation == conversation {
                state.recording.session = Some(session);
            }
        }
        Told::Failing { cause } => {
            let text = format!(
                "This session is not saved for now: {cause}. The chat goes on, and what is said meanwhile is saved as soon as that \
                 is possible."
            );
            state.notice(Level::Warning, text);
        }
        Told::Mended => state.note("the session is saved again, with what was said meanwhile"),
        Told::Late => {
            let text = "What was said last may not be saved: the disk, or another dictum, did not let it be written in time.";
            state.notice(Level::Warning, text);
        }
        Told::Unusable { cause } => {
            state.recording.storing = Storing::Unusable;
            state.recording.picking = None;
            state.notice(Level::Warning, format!("This session is not saved: {cause}. The chat goes on."));
            if state.recording.opening.is_some() {
                return sessions::not_opened(state, &cause);
            }
        }
        Told::Renewed { cause } => {
            let text = format!("Earlier sessions cannot be read: {cause}. A new file was begun.");
            state.notice(Level::Warning, text);
            state.log.take_touched();
            state.recording.anew(state.log.entries().iter().map(|entry| entry.id));
            return now(state);
        }
        Told::Gone { conversation } => {
            if state.recording.conversation == conversation && can_be_gone(state) {
                let effects = sessions::gone(state);
                let text = "This session was deleted elsewhere, so it is not saved any more; /new begins one that is.";
                state.notice(Level::Warning, text);
                return effects;
            }
        }
        Told::Listed { query, sessions } => sessions::listed(state, &query, sessions),
        Told::Opened(opened) => return sessions::opened(state, *opened),
        Told::NotOpened { cause } => return sessions::not_opened(state, &cause),
        Told::Renamed { session, title } => return sessions::renamed(state, session, &title),
        Told::Deleted { session, unsaid } => return sessions::deleted(state, session, &unsaid),
        Told::NotExpired { cause } => {
            state.notice(Level::Warning, format!("Old sessions are still kept: {cause}."));
        }
        Told::Refused { cause } => {
            state.recording.picking = None;
            state.notice(Level::Warning, format!("Nothing was done: {cause}."));
        }
    }
    Vec::new()
}
