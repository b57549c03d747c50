//! Earlier conversations: choosing, resuming, naming, deleting, branching off, and keeping one out of the store. It never sends by itself
//! what comes back, and never takes KB.md from the past.

use super::recording;
use super::state::{Doubt, Fixed, Focus, MenuOf, ModelChoice, Overlay, Search, Stage, State, Storing};
use super::turn;
use super::update::open;
use crate::domain::chat::{Body, Entry, Level};
use crate::domain::export::{self, Form};
use crate::domain::kb::Span;
use crate::domain::session::{Kept, SessionId, Summary, ago, title_of};
use crate::panels::menu::{Item, Menu};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Anchor, Effect};
use crate::protocol::sessions::{Ask, Export, Exported, Named, Opened, Overwrite, Standing, Which};

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
    let Opened { summary, standing, entries } = opened;
    let mut back = None;
    for kept in entries {
        back = Some(match kept.body {
            body @ (Body::Decision { .. } | Body::Compaction { .. }) => state.log.push_folded(body),
            body @ (Body::User { .. } | Body::Reply(_) | Body::Divider { .. } | Body::Notice { .. }) => {
                state.log.push(body)
            }
        });
    }
    // What was told of the start of this run is not part of what comes back.
    let left_out = told.into_iter().map(|body| state.log.push(body)).collect();
    state.log.take_touched();
    state.recording.left_out = left_out;
    state.recording.back = back;
    state.recording.session = Some(summary.id);
    state.recording.stage = Stage::Begun;
    state.transcript.stand(standing.scroll.filter(|anchor| stands(state, *anchor)));
    let mut told = vec![format!("session {} goes on: {}", summary.id, summary.title)];
    told.extend(speak_again(state, &standing, fixed));
    draft_again(state, &standing.draft);
    state.recording.standing = Some(standing);
    state.note(told.join(" · "));
    state.focus = Focus::Prompt;
    let sent = waiting.unwrap_or_default();
    effects.into_iter().chain(sent.into_iter().flat_map(|message| turn::submit(state, message))).collect()
}

/// What a conversation leaves behind.
pub struct Left {
    pub effects: Vec<Effect>,
    /// What was told before its first word, where none was said.
    told: Vec<Body>,
    /// How many rules of the session ended with it.
    pub rules: usize,
}

/// Stops what goes on and stores what was said.
fn finish(state: &mut State) -> Vec<Effect> {
    let mut effects = turn::stop(state).unwrap_or_default();
    effects.extend(super::proposing::stop_asking(state));
    effects.extend(recording::look(state));
    effects.extend(recording::now(state));
    effects
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
    state.recording.next();
    let rules = state.decided.forget_words();
    state.transcript.follow();
    Left { effects, told, rules }
}

/// Whether a stored place can be one of this conversation.
fn stands(state: &State, anchor: Anchor) -> bool {
    anchor.entry < state.log.entries().len()
}

/// Persona and model as they were, unless the command line says otherwise; gives what could not be had.
fn speak_again(state: &mut State, standing: &Standing, fixed: Fixed) -> Option<String> {
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
    if fixed.model == Named::ByUser || standing.model.is_empty() {
        return missing;
    }
    state.connection.model = match standing.named {
        Named::No => ModelChoice::Persona,
        Named::ByUser => ModelChoice::User,
    };
    state.recording.wanted = Some((standing.provider.clone(), standing.model.clone()));
    take_wanted_model(state);
    if state.recording.wanted.is_some() && state.connection.search == Search::Done {
        state.recording.wanted = None;
        let before = format!("{} · {} answered before", standing.provider, standing.model);
        missing = Some(missing.map_or(before.clone(), |more| format!("{more} · {before}")));
    }
    missing
}

/// Takes the model that the session spoke with, when its provider is the one in use.
pub fn take_wanted_model(state: &mut State) {
    let endpoint = &mut state.connection.endpoint;
    let fits = |(provider, model): &mut (String, String)| {
        *provider == endpoint.provider && (endpoint.models.is_empty() || endpoint.models.contains(model))
    };
    if let Some((_, model)) = state.recording.wanted.take_if(fits) {
        endpoint.model = model;
    }
}

/// The draft comes back; what stands in the prompt now is the user's newest word and goes to the history.
fn draft_again(state: &mut State, draft: &[Span]) {
    let shown = state.prompt.editor.spans();
    if draft.is_empty() || turn::joined(draft) == turn::joined(&shown) {
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

/// `/sessions`: the list of what was kept in this folder.
pub fn pick(state: &mut State, query: &str) -> Vec<Effect> {
    state.recording.picking = Some(query.to_string());
    ask(Ask::List { query: query.to_string() })
}

/// What a search found, for the list that is open or was asked for.
pub fn listed(state: &mut State, query: &str, sessions: Vec<Summary>) {
    let items: Vec<Item> =
        sessions.into_iter().map(|summary| item(summary, state.recording.session)).collect();
    if let Focus::Overlay(Overlay::Menu(MenuOf::Sessions, menu)) = &mut state.focus {
        // An answer to letters that were typed on since is stale.
        if menu.filter() == query {
            menu.refresh(items);
        }
        return;
    }
    if state.recording.picking.take_if(|wanted| wanted == query).is_none() {
        return;
    }
    if items.is_empty() {
        state.note(match query {
            "" => "no session was kept in this folder yet".to_string(),
            words => format!("no session of this folder speaks of {words}"),
        });
        return;
    }
    let keys = &state.tools.keymap;
    let told = |action, words| keys.told(" · ", Context::Menu, action, words);
    let title = format!(
        "Sessions{}{}{}",
        told(Action::Choose, "resumes"),
        told(Action::RenameItem, "renames"),
        told(Action::Remove, "deletes")
    );
    let menu = Menu::searched(title, items, query);
    open(state, Overlay::Menu(MenuOf::Sessions, menu));
}

fn item(summary: Summary, current: Option<SessionId>) -> Item {
    let when = if current == Some(summary.id) { "this one".to_string() } else { ago(summary.age) };
    let speaker = [&summary.persona, &summary.model].map(String::as_str);
    let speaker: Vec<&str> = speaker.into_iter().filter(|word| !word.is_empty()).collect();
    let messages = if summary.messages == 1 { "message" } else { "messages" };
    let preview = format!(
        "{}\n\n#{} · {} {messages} · {}\n{}\n\n{}",
        summary.title,
        summary.id,
        summary.messages,
        ago(summary.age),
        speaker.join(" · "),
        summary.words
    );
    Item {
        id: summary.id.to_string(),
        label: if summary.title.is_empty() { format!("#{}", summary.id) } else { summary.title },
        tag: when,
        preview,
        ..Item::default()
    }
}

/// The words of the list's filter changed: the store looks for them.
pub fn filter_changed(state: &mut State) -> Vec<Effect> {
    match &state.focus {
        Focus::Overlay(Overlay::Menu(MenuOf::Sessions, menu)) => {
            ask(Ask::List { query: menu.filter().to_string() })
        }
        Focus::Overlay(Overlay::Menu(_, _) | Overlay::Pager(_) | Overlay::Key(_))
        | Focus::Prompt
        | Focus::Reading(_)
        | Focus::Review => Vec::new(),
    }
}

/// The chosen session is resumed.
pub fn choose(state: &mut State, id: &str) -> Vec<Effect> {
    match id.parse() {
        Ok(session) if state.recording.session == Some(session) => {
            state.note(format!("session {session} is this one"));
            Vec::new()
        }
        Ok(session) => resume(state, Which::Numbered(session)),
        Err(_) => Vec::new(),
    }
}

fn chosen(state: &State) -> Option<SessionId> {
    let Focus::Overlay(Overlay::Menu(MenuOf::Sessions, menu)) = &state.focus else { return None };
    menu.selected()?.id.parse().ok()
}

/// Deletes the chosen session when it is asked for twice.
pub fn delete_chosen(state: &mut State) -> Vec<Effect> {
    let Some(session) = chosen(state) else { return Vec::new() };
    let wish = Doubt::Delete(session);
    if state.recording.doubt.take_if(|doubt| *doubt == wish).is_some() {
        return ask(Ask::Delete { session });
    }
    state.recording.doubt = Some(wish);
    let again = state.tools.keymap.told("", Context::Menu, Action::Remove, "again deletes it");
    if let Focus::Overlay(Overlay::Menu(MenuOf::Sessions, menu)) = &mut state.focus {
        menu.retag(&session.to_string(), &again);
    }
    Vec::new()
}

/// A key that is not the one which deletes takes the question back.
pub fn no_doubt(state: &mut State) -> Vec<Effect> {
    match state.recording.doubt.take() {
        Some(Doubt::Delete(_)) => filter_changed(state),
        Some(Doubt::Overwrite(_)) | None => Vec::new(),
    }
}

/// The chosen session gets its new title in the prompt.
pub fn rename_chosen(state: &mut State) {
    let Focus::Overlay(Overlay::Menu(MenuOf::Sessions, menu)) = &state.focus else { return };
    let Some(item) = menu.selected().cloned() else { return };
    state.focus = Focus::Prompt;
    state.prompt.exchange(&[Span::typed(format!("/rename #{} {}", item.id, item.label))]);
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

/// It is deleted.
pub fn deleted(state: &mut State, session: SessionId) -> Vec<Effect> {
    if state.recording.session == Some(session) {
        state.recording.session = None;
        state.recording.storing = Storing::Private;
        state.note(format!("session {session} is deleted; what is said here now is not saved, until /new"));
    } else {
        state.note(format!("session {session} is deleted"));
    }
    filter_changed(state)
}

/// `/private` and `/private off`.
pub fn private(state: &mut State, word: &str) {
    let recording = &mut state.recording;
    let (storing, text) = match (recording.storing, word) {
        (_, word) if !matches!(word, "" | "on" | "off") => {
            state.note("there are /private and /private off");
            return;
        }
        (Storing::Off, _) => {
            state.note("no session is saved: --no-save or save_sessions says so");
            return;
        }
        (Storing::Unusable, _) => {
            state.note("sessions cannot be saved in this run, so nothing of it is");
            return;
        }
        (Storing::Private, "off") => {
            (Storing::On, "From here on this session is saved; what was said in private is not.".to_string())
        }
        (Storing::On, "off") => {
            state.note("this session is saved already");
            return;
        }
        (Storing::Private, _) => {
            state.note("this session is not being saved; /private off saves it again");
            return;
        }
        (Storing::On, _) => {
            let before = match recording.session {
                Some(session) => {
                    format!(" What was said before is session {session}; /sessions deletes it.")
                }
                None => String::new(),
            };
            (Storing::Private, format!("From here on nothing of this session is saved, until /new.{before}"))
        }
    };
    recording.storing = storing;
    // What is said in private stays out, also when the rest is saved again.
    recording.left_out.extend(std::mem::take(&mut recording.open));
    state.notice(Level::Info, text);
    recording_forgets(state);
}

/// The notice itself belongs to neither side.
fn recording_forgets(state: &mut State) {
    let touched = state.log.take_touched();
    state.recording.left_out.extend(touched);
}

/// `/fork`: the conversation so far goes on as another session.
pub fn fork(state: &mut State) -> Vec<Effect> {
    fork_at(state, state.log.entries().len())
}

/// Branches off at a message: behind a reply, or before a message of the user, which becomes the draft.
pub fn fork_at_marked(state: &mut State) -> Vec<Effect> {
    let Focus::Reading(reading) = &state.focus else { return Vec::new() };
    let Some(marked) = reading.marked else { return Vec::new() };
    let said = match state.log.entries().get(marked).map(|entry| &entry.body) {
        Some(Body::User { text }) => Some(text.clone()),
        Some(
            Body::Reply(_)
            | Body::Divider { .. }
            | Body::Notice { .. }
            | Body::Decision { .. }
            | Body::Compaction { .. },
        ) => None,
        None => return Vec::new(),
    };
    state.focus = Focus::Prompt;
    match said {
        Some(text) => {
            let effects = fork_at(state, marked);
            let spans = state.prompt.history.spans_of(&text).unwrap_or_else(|| vec![Span::pasted(text)]);
            state.prompt.exchange(&spans);
            effects
        }
        None => fork_at(state, marked + 1),
    }
}

fn fork_at(state: &mut State, count: usize) -> Vec<Effect> {
    if state.log.entries().is_empty() {
        state.note("there is nothing to branch off from yet");
        return Vec::new();
    }
    let mut effects = finish(state);
    let before = std::mem::take(&mut state.recording);
    state.recording.storing = before.storing;
    state.recording.conversation = before.conversation;
    state.recording.left_out = before.left_out;
    state.recording.parent = before.session;
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

/// `/export [md|json] [FILE]`.
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
    let entries: Vec<Kept> = entries.map(|entry| Kept { at: None, body: entry.body.clone() }).collect();
    let first = entries.iter().find_map(|kept| match &kept.body {
        Body::User { text } => Some(title_of(text)),
        Body::Reply(_)
        | Body::Divider { .. }
        | Body::Notice { .. }
        | Body::Decision { .. }
        | Body::Compaction { .. } => None,
    });
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
