//! Earlier conversations: choosing, resuming, naming, deleting, branching off, and keeping one out of the store. It never sends by itself
//! what comes back, and never takes KB.md from the past.

mod copies;
mod list;
pub mod model;

pub use copies::{export, exported, fork, fork_at, fork_at_marked};
pub use list::{choose, delete_chosen, filter_changed, listed, no_doubt, pick, rename_chosen};

use std::collections::HashSet;

use super::keeping;
use super::recording;
use super::state::{Fixed, Focus, ModelChoice, Spoken, Stage, State, Storing};
use super::turn;
use crate::domain::chat::{Body, Level};
use crate::domain::kb::session::SessionRules;
use crate::domain::kb::{Span, joined};
use crate::domain::session::{SessionId, Summary};
use crate::protocol::message::{Anchor, Effect};
use crate::protocol::sessions::{Ask, Elsewhere, Named, Opened, Standing, Which};

/// What a conversation begins with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    #[default]
    New,
    /// The last session of this folder.
    Continue,
    Resume(SessionId),
    /// The user chooses one.
    Pick,
}

fn ask(ask: Ask) -> Vec<Effect> {
    vec![Effect::Store(Box::new(ask))]
}

/// What is to be done for a beginning, once the first frame is there.
pub fn begin(state: &mut State, begin: Begin) -> Vec<Effect> {
    match begin {
        Begin::New => Vec::new(),
        Begin::Continue => resume(state, Which::Last),
        Begin::Resume(session) => resume(state, Which::Numbered(session)),
        Begin::Pick => pick(state, ""),
    }
}

fn resume(state: &mut State, which: Which) -> Vec<Effect> {
    state.recording.opening.get_or_insert_default();
    ask(Ask::Open { which })
}

/// Keeps a message back that is sent while a session is being opened: it belongs there. Gives it back when none is.
pub fn held(state: &mut State, message: Vec<Span>) -> Option<Vec<Span>> {
    match &mut state.recording.opening {
        Some(waiting) => {
            waiting.push(message);
            state.note("the session is being opened; your message follows");
            None
        }
        None => Some(message),
    }
}

/// The session is there: it takes the place of the conversation.
pub fn opened(state: &mut State, opened: Opened) -> Vec<Effect> {
    let waiting = state.recording.opening.take();
    let fixed = state.recording.fixed;
    let Left { effects, told, .. } = leave(state);
    let Opened { summary, standing, entries, elsewhere } = opened;
    let rows: Vec<Option<i64>> = entries.iter().map(|kept| kept.row).collect();
    let ids = state.log.restore(entries.into_iter().map(|kept| (kept.body, kept.presence)));
    let back = ids.last().copied();
    let rows = ids.iter().copied().zip(rows).filter_map(|(id, row)| Some((id, row?))).collect();
    // What was told of the start of this run is not part of what comes back.
    let left_out = told.into_iter().map(|body| state.log.push(body)).collect();
    state.log.take_touched();
    state.recording.left_out = left_out;
    state.recording.back = back;
    let mut told = vec![format!("session {} goes on: {}", summary.id, summary.title)];
    match elsewhere {
        Elsewhere::Nothing => {}
        Elsewhere::Newer(newer) => {
            told.push(format!("session {newer} is newer, but open in another dictum"));
        }
        Elsewhere::This => told = vec![branched(&summary)],
    }
    if elsewhere == Elsewhere::This {
        // A copy is stored with its first message: until then there is nothing that the other dictum does not keep.
        state.recording.anew(ids.into_iter());
        state.recording.parent = Some(summary.id);
    } else {
        state.recording.rows = rows;
        state.recording.session = Some(summary.id);
        state.recording.stage = Stage::Begun;
        state.recording.standing = Some(standing.clone());
    }
    state.transcript.stand(standing.scroll.filter(|anchor| stands(state, *anchor)));
    let (missing, asked) = speak_again(state, &standing, fixed);
    told.extend(missing);
    draft_again(state, &standing.draft);
    if !standing.rules.is_empty() {
        told.push(format!("its own rules hold again: {}", standing.rules.len()));
        state.decided.session = SessionRules::again(standing.rules);
    }
    state.note(told.join(" · "));
    state.focus = Focus::Prompt;
    let sent = waiting.unwrap_or_default();
    let effects = effects.into_iter().chain(asked);
    effects.chain(sent.into_iter().flat_map(|message| turn::submit(state, message))).collect()
}

fn branched(summary: &Summary) -> String {
    let Summary { id, title, .. } = summary;
    format!("session {id} is open in another dictum; a copy of it branches off here: {title}")
}

/// What a conversation leaves behind.
pub struct Left {
    pub effects: Vec<Effect>,
    /// What was told before its first word, where none was said.
    told: Vec<Body>,
    /// How many rules of the session ended with it.
    pub rules: usize,
}

/// Stops what goes on, stores what was said, and leaves the session to others.
fn finish(state: &mut State) -> Vec<Effect> {
    let mut effects = turn::stop(state).unwrap_or_default();
    effects.extend(super::proposing::stop_asking(state));
    effects.extend(recording::look(state));
    effects.extend(recording::now(state));
    effects.extend(close(state));
    effects
}

/// The session is free for another dictum.
fn close(state: &State) -> Vec<Effect> {
    let recording = &state.recording;
    if recording.stage == Stage::Waiting {
        return Vec::new();
    }
    ask(Ask::Close { conversation: recording.conversation, session: recording.session })
}

/// Ends the conversation, stored as it is, and begins an empty one.
pub fn leave(state: &mut State) -> Left {
    let effects = finish(state);
    let said = state.log.entries().iter().any(|entry| matches!(entry.body, Body::User { .. }));
    let told = if said {
        Vec::new()
    } else {
        let notices = state.log.entries().iter().map(|entry| entry.body.clone());
        notices.filter(|body| matches!(body, Body::Notice { .. })).collect()
    };
    state.log.clear();
    if state.recording.storing == Storing::Private {
        state.prompt.end_private();
    }
    state.recording.next();
    let rules = state.decided.forget_words();
    state.transcript.follow();
    state.transcript.marking.clear();
    Left { effects, told, rules }
}

/// Whether a stored place can be one of this conversation.
fn stands(state: &State, anchor: Anchor) -> bool {
    anchor.entry < state.log.entries().len()
}

/// Persona, provider and model as they were, unless the command line says otherwise; gives a persona that could not be had, and what is to
/// be asked.
fn speak_again(state: &mut State, standing: &Standing, fixed: Fixed) -> (Option<String>, Vec<Effect>) {
    let mut missing = None;
    if fixed.persona == Named::No && !standing.persona.is_empty() {
        match state.personas.library.get(&standing.persona).cloned() {
            Some(persona) => {
                state.personas.active = persona;
                state.dress();
            }
            None => {
                let now = &state.personas.active.name;
                missing = Some(format!("{} is not here any more, {now} speaks", standing.persona));
            }
        }
    }
    let nobody = standing.model.is_empty() && standing.host.is_empty();
    if fixed.model == Named::ByUser || nobody {
        return (missing, Vec::new());
    }
    state.connection.model = match standing.named {
        Named::No => ModelChoice::Persona,
        Named::ByUser => ModelChoice::User,
    };
    let spoken = Spoken {
        provider: standing.provider.clone(),
        model: standing.model.clone(),
        host: standing.host.clone(),
        named: standing.named,
    };
    let asked = model::want(state, spoken);
    (missing, asked)
}

/// The draft comes back; what stands in the prompt now is the user's newest word and goes to the history.
fn draft_again(state: &mut State, draft: &[Span]) {
    let shown = state.prompt.editor.spans();
    if draft.is_empty() || joined(draft) == joined(&shown) {
        return;
    }
    if state.prompt.is_unused() {
        state.prompt.editor.set(draft);
    } else {
        state.prompt.exchange(draft);
    }
}

/// The session could not be opened: the conversation goes on as it is.
pub fn not_opened(state: &mut State, cause: &str) -> Vec<Effect> {
    state.notice(Level::Warning, format!("No session was resumed: {cause}."));
    let waiting = state.recording.opening.take().unwrap_or_default();
    waiting.into_iter().flat_map(|message| turn::submit(state, message)).collect()
}

/// `/rename [#N] TITLE`.
pub fn rename(state: &mut State, words: &str) -> Vec<Effect> {
    let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let (session, title) = match first.strip_prefix('#').and_then(|_| first.parse().ok()) {
        Some(session) => (Some(session), rest.trim()),
        None => (state.recording.session, words.trim()),
    };
    match session {
        _ if title.is_empty() => state.note("say the title: /rename Migration of the orders"),
        None => state.note("this conversation is not saved, so it has no title"),
        Some(session) => return ask(Ask::Rename { session, title: title.to_string() }),
    }
    Vec::new()
}

/// It has its new title.
pub fn renamed(state: &mut State, session: SessionId, title: &str) -> Vec<Effect> {
    state.note(format!("session {session} is called {title} now"));
    filter_changed(state)
}

/// It is deleted, and what nobody else says leaves the history of the prompt, too.
pub fn deleted(state: &mut State, session: SessionId, unsaid: &HashSet<String>) -> Vec<Effect> {
    state.prompt.history.forget(unsaid);
    let own = state.recording.session == Some(session);
    let mut effects = if own { gone(state) } else { Vec::new() };
    if own && state.recording.storing == Storing::Private {
        state.note(format!("session {session} is deleted; what is said here now is not saved, until /new"));
    } else {
        state.note(format!("session {session} is deleted"));
    }
    effects.extend(filter_changed(state));
    effects
}

/// The session of this conversation is deleted: what follows is private.
pub fn gone(state: &mut State) -> Vec<Effect> {
    let mut effects = Vec::new();
    // Where nothing is saved, that stays so with the next conversation.
    if state.recording.storing == Storing::On {
        effects = keeping::begin_private(state);
        state.recording.storing = Storing::Private;
    }
    state.log.take_touched();
    state.log.take_moved();
    state.recording.gone(state.log.entries().iter().map(|entry| entry.id));
    effects
}

/// `/private` and `/private off`.
pub fn private(state: &mut State, word: &str) -> Vec<Effect> {
    let (storing, text) = match (state.recording.storing, word) {
        (_, word) if !matches!(word, "" | "on" | "off") => {
            state.note("there are /private and /private off");
            return Vec::new();
        }
        (Storing::Off, _) => {
            state.note("no session is saved: --no-save or save_sessions says so");
            return Vec::new();
        }
        (Storing::Unusable, _) => {
            state.note("sessions cannot be saved in this run, so nothing of it is");
            return Vec::new();
        }
        (Storing::Private, "off") => {
            (Storing::On, "From here on this session is saved; what was said in private is not.".to_string())
        }
        (Storing::On, "off") => {
            state.note("this session is saved already");
            return Vec::new();
        }
        (Storing::Private, _) => {
            state.note("this session is not being saved; /private off saves it again");
            return Vec::new();
        }
        (Storing::On, _) => {
            let before = match state.recording.session {
                Some(session) => {
                    format!(" What was said before is session {session}; /sessions deletes it.")
                }
                None => String::new(),
            };
            (Storing::Private, format!("From here on nothing of this session is saved, until /new.{before}"))
        }
    };
    let mut effects = match storing {
        Storing::Private => keeping::begin_private(state),
        Storing::On | Storing::Off | Storing::Unusable => {
            state.prompt.end_private();
            Vec::new()
        }
    };
    // What is said in private stays out, also when the rest is saved again.
    effects.extend(recording::seal(state));
    state.recording.storing = storing;
    state.notice(Level::Info, text);
    recording_forgets(state);
    effects
}

/// The notice itself belongs to neither side.
fn recording_forgets(state: &mut State) {
    let touched = state.log.take_touched();
    state.recording.left_out.extend(touched);
}
