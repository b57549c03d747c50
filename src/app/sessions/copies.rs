//! Copies of a conversation: another session that branches off, and a file for others. It changes nothing in the session that is copied.

use super::finish;
use crate::app::again;
use crate::app::recording;
use crate::app::state::{Doubt, Focus, Stage, State};
use crate::domain::chat::{Body, Entry, Level};
use crate::domain::export::{self, Form};
use crate::domain::session::{Kept, title_of};
use crate::protocol::message::Effect;
use crate::protocol::sessions::{Export, Exported, Overwrite};

/// `/fork`: the conversation so far goes on as another session.
pub fn fork(state: &mut State) -> Vec<Effect> {
    fork_at(state, state.log.entries().len())
}

/// Branches off at a message: behind a reply, or before a message of the user, which becomes the draft.
pub fn fork_at_marked(state: &mut State) -> Vec<Effect> {
    let Focus::Reading(reading) = &state.focus else { return Vec::new() };
    let Some(marked) = reading.marked else { return Vec::new() };
    let Some(entry) = state.log.entries().get(marked) else { return Vec::new() };
    let said = entry.body.said().map(|_| again::spans_of(state, &entry.body));
    state.focus = Focus::Prompt;
    match said {
        Some(spans) => {
            let effects = fork_at(state, marked);
            state.prompt.exchange(&spans);
            effects
        }
        None => fork_at(state, marked + 1),
    }
}

/// Branches off before the entry at a position.
pub fn fork_at(state: &mut State, count: usize) -> Vec<Effect> {
    if state.log.entries().is_empty() {
        state.note("there is nothing to branch off from yet");
        return Vec::new();
    }
    let mut effects = finish(state);
    let before = std::mem::take(&mut state.recording);
    state.recording.storing = before.storing;
    state.recording.conversation = before.conversation;
    state.recording.left_out = before.left_out;
    state.recording.sealed = before.sealed;
    state.recording.parent = before.session;
    state.recording.apart = before.apart;
    state.log.truncate(count);
    state.log.take_touched();
    state.recording.anew(state.log.entries().iter().map(|entry| entry.id));
    let said = state.log.entries().iter().any(|entry| matches!(entry.body, Body::User { .. }));
    if said {
        state.recording.stage = Stage::Begun;
    }
    state.transcript.follow();
    state.note(match before.session {
        Some(session) => format!("a new session branches off here; session {session} stays as it was"),
        None => "the conversation branches off here".to_string(),
    });
    effects.extend(recording::now(state));
    effects
}

/// `/export [FORM] [FILE]`.
pub fn export(state: &mut State, words: &str) -> Vec<Effect> {
    let (first, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let (form, name) = match (Form::named(first), first.rsplit_once('.')) {
        (Some(form), _) => (form, rest.trim()),
        // The end of the name says what is meant.
        (None, Some((_, end))) => (Form::named(end).unwrap_or_default(), words.trim()),
        (None, None) => (Form::default(), words.trim()),
    };
    // What was told of the start of this run is no part of the conversation.
    let told = |entry: &&Entry| matches!(entry.body, Body::Notice { .. });
    let entries = state.log.entries().iter().skip_while(told);
    let entries: Vec<Kept> = entries
        .map(|entry| Kept { presence: entry.presence, ..Kept::new(None, entry.body.clone()) })
        .collect();
    let first = entries.iter().find_map(|kept| kept.body.said().map(title_of));
    let Some(title) = first else {
        state.note("there is nothing to export yet");
        return Vec::new();
    };
    let conversation = export::Conversation { session: state.recording.session, title, entries };
    let wish = Doubt::Overwrite(words.trim().to_string());
    let again = state.recording.doubt.take_if(|doubt| *doubt == wish).is_some();
    let overwrite = if again { Overwrite::Agreed } else { Overwrite::Never };
    let export = Export {
        conversation,
        form,
        name: (!name.is_empty()).then(|| name.to_string()),
        overwrite,
        command: words.trim().to_string(),
    };
    vec![Effect::Export(Box::new(export))]
}

/// The export was written, or was not.
pub fn exported(state: &mut State, result: Exported) {
    match result {
        Exported::Done { path } => {
            state.notice(
                Level::Good,
                format!("The conversation was written to {path}; only you may read it."),
            );
        }
        Exported::Exists { path, command } => {
            state.recording.doubt = Some(Doubt::Overwrite(command));
            let text = format!(
                "{path} is there already and was left as it is; the same command once more replaces it."
            );
            state.notice(Level::Warning, text);
        }
        Exported::Failed { cause } => {
            state.notice(Level::Warning, format!("Nothing was exported: {cause}."));
        }
    }
}
