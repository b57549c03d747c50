//! What a project brings is shown once before it is used, and as a diff when it changed elsewhere: one question, before the task that needs
//! it, with the draft kept. What the user edits while dictum runs is told and used; what dictum wrote is not asked about.

mod shown;

use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyEvent};

use super::plain::{Asked, Form};
use super::state::{Focus, Overlay, State, Tries, Turn};
use super::update::open;
use super::{actions, attaching, vi};
use crate::domain::chat::Level;
use crate::domain::kb::state::{FILE_NAME, Snapshot, size};
use crate::domain::persona::{Persona, Source};
use crate::domain::settings::project::Trust;
use crate::domain::trust::{Item, Trusted};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Effect, Millis, TaskId};

/// Nothing answers before there was time to see the question. Milliseconds.
const GUARD: Millis = 500;

/// The personas that nobody speaks with yet are shown along up to so many bytes; what is over that is shown when it is used.
const ALONG: usize = 64 * 1024;

/// What was looked at, and what is asked.
#[derive(Clone, Debug)]
pub struct Trusting {
    pub setting: Trust,
    pub trusted: Trusted,
    /// Why it is not known what was looked at before, where it is not.
    failed: Option<String>,
    /// Files that are just as Git wrote them.
    from_git: BTreeSet<String>,
    /// Names of what this session has used, or the user has looked at in it: whoever changes that meanwhile, unless Git did, is the user.
    used: BTreeSet<String>,
    /// Those that the user has looked at for the task that is about to go on.
    answered: BTreeSet<String>,
    /// What was told once and is not told again: hashes of texts, and what failed.
    told: BTreeSet<String>,
    /// KB.md as the running task uses it.
    passed: Option<Snapshot>,
    asking: Option<Question>,
}

/// The open question.
#[derive(Clone, Debug)]
struct Question {
    items: Vec<Item>,
    /// When it came, or when somebody last typed on who has not seen it.
    since: Millis,
}

/// Whether the task may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Go,
    Wait,
}

impl Default for Trusting {
    fn default() -> Self {
        Self {
            // Whoever asks for questions says so; the settings do.
            setting: Trust::Always,
            trusted: Trusted::default(),
            failed: None,
            from_git: BTreeSet::new(),
            used: BTreeSet::new(),
            answered: BTreeSet::new(),
            told: BTreeSet::new(),
            passed: None,
            asking: None,
        }
    }
}

/// What was looked at before was read, or could not be.
pub fn read(state: &mut State, read: Result<Trusted, String>, from_git: Vec<String>) {
    let trust = &mut state.kb.trust;
    let (trusted, failed) = match read {
        Ok(trusted) => (trusted, None),
        Err(cause) => (Trusted::default(), Some(cause)),
    };
    let known = std::mem::replace(&mut trust.trusted, trusted);
    // What could not be kept holds at least in this session.
    trust.trusted.join(known);
    trust.failed = failed;
    trust.from_git = from_git.into_iter().collect();
}

/// What was looked at could not be kept: what follows from that in the next session, by the setting.
pub fn not_kept(state: &mut State, cause: &str) {
    let next = match state.kb.trust.setting {
        Trust::Ask => "you will be asked again in the next session",
        Trust::Show => "it will be shown again in the next session",
        // Nothing is shown, so nothing follows.
        Trust::Always => return,
    };
    state.notice(Level::Warning, format!("{cause}; {next}."));
}

/// Whether the message of the turn may yet come back to the prompt.
pub fn holds_back(state: &State) -> bool {
    matches!(state.turn, Turn::Reading { .. })
        && (state.errands.gathering.is_some() || state.kb.trust.setting == Trust::Ask)
}

/// Whether the question is open.
pub fn is_asking(state: &State) -> bool {
    state.kb.trust.asking.is_some()
}

/// KB.md as the running task uses it: what changes meanwhile is for the next one, which looks at it first.
pub fn passed(state: &State) -> &Snapshot {
    state.kb.trust.passed.as_ref().unwrap_or(&state.kb.snapshot)
}

/// Whether KB.md holds what the running task does not use.
pub fn is_newer(state: &State) -> bool {
    passed(state).text() != state.kb.snapshot.text()
}

/// KB.md holds what dictum wrote into it, as the user accepted: the running task goes on with that, if it knew what was there before.
pub fn written(state: &mut State, snapshot: &Snapshot) {
    if state.kb.trust.passed.is_some() && !is_newer(state) {
        state.kb.trust.passed = Some(snapshot.clone());
    }
}

/// What the next request holds of the project.
fn used_next(state: &State) -> Vec<Item> {
    let mut items = Vec::new();
    if let Some(text) = state.kb.snapshot.text().filter(|text| !text.trim().is_empty()) {
        let title = state.kb.snapshot.brief(state.kb.document.directives());
        items.push(Item { name: FILE_NAME.to_string(), title, text: text.to_string() });
    }
    items.extend(state.kb.notes.files.iter().map(|note| Item {
        name: note.path.clone(),
        title: format!("{}, {}", note.path, size(note.text.len() as u64)),
        text: note.text.clone(),
    }));
    let persona = speaks_next(state);
    items.extend((persona.source == Source::Project).then(|| Item::of_persona(persona)));
    items
}

fn speaks_next(state: &State) -> &Persona {
    let wished = match &state.turn {
        Turn::Reading { again: Some(wish), .. } => wish.persona.as_ref(),
        Turn::Reading { again: None, .. } | Turn::Idle | Turn::Compacting(_) | Turn::Replying(_) => None,
    };
    wished.unwrap_or(&state.personas.active)
}

/// Before a task: whether it may go on, or the user is asked first.
pub fn ask(state: &mut State) -> (Vec<Effect>, Next) {
    if state.kb.trust.setting == Trust::Always {
        state.kb.trust.passed = None;
        return (Vec::new(), Next::Go);
    }
    let (effects, next) = look_through(state);
    if next == Next::Go {
        state.kb.trust.passed = Some(state.kb.snapshot.clone());
    }
    (effects, next)
}

fn look_through(state: &mut State) -> (Vec<Effect>, Next) {
    let items = used_next(state);
    let trust = &state.kb.trust;
    let fresh: Vec<&Item> = items.iter().filter(|item| !trust.trusted.holds(item)).collect();
    let is_own = |item: &Item| trust.used.contains(&item.name) && !trust.from_git.contains(&item.name);
    let (own, mut unknown): (Vec<Item>, Vec<Item>) = fresh.into_iter().cloned().partition(is_own);
    let nobody = match state.screen.form {
        Form::Once | Form::Linear(Asked::Nobody) => true,
        Form::Screen | Form::Linear(Asked::Person) => false,
    };
    if nobody {
        let fresh = [own, unknown].concat();
        tell_nobody(state, &fresh);
        return (Vec::new(), Next::Go);
    }
    if !unknown.is_empty() && state.kb.trust.trusted.files.is_empty() {
        along(state, &mut unknown);
    }
    if !unknown.is_empty() && state.kb.trust.setting == Trust::Ask {
        question(state, unknown);
        return (Vec::new(), Next::Wait);
    }
    let fresh = [own, unknown.clone()].concat();
    if let Some(failed) = state.kb.trust.failed.clone().filter(|_| !fresh.is_empty()) {
        tell_once(state, &failed);
    }
    show(state, &fresh, &unknown);
    let effects = if fresh.is_empty() { Vec::new() } else { accept(state, &fresh) };
    let trust = &mut state.kb.trust;
    trust.used.extend(items.into_iter().map(|item| item.name));
    trust.used.append(&mut trust.answered);
    // A KB.md that is begun while dictum runs is the user's own.
    trust.used.insert(FILE_NAME.to_string());
    (effects, Next::Go)
}

/// Shows in the chat what the task uses for the first time; `unknown` is what comes from elsewhere.
fn show(state: &mut State, fresh: &[Item], unknown: &[Item]) {
    let is_new = |item: &&Item| state.kb.trust.trusted.before(&item.name).is_none() && unknown.contains(item);
    let (new, changed): (Vec<&Item>, Vec<&Item>) = fresh.iter().partition(is_new);
    let first = (!new.is_empty()).then(|| shown::first_time(&new));
    let changed = changed.into_iter().map(|item| {
        let before = state.kb.trust.trusted.before(&item.name).unwrap_or_default();
        shown::changed(item, before, unknown.contains(item))
    });
    let words: Vec<String> = first.into_iter().chain(changed).collect();
    for words in words {
        state.notice(Level::Info, words);
    }
}

/// Whoever looks at the folder for the first time sees its personas at once, as far as that can be read.
fn along(state: &State, unknown: &mut Vec<Item>) {
    let mut bytes = 0;
    let listed = state.personas.library.listed.iter().map(|listed| &listed.persona);
    for item in listed.filter(|persona| persona.source == Source::Project).map(Item::of_persona) {
        bytes += item.text.len();
        if bytes <= ALONG && !unknown.contains(&item) {
            unknown.push(item);
        }
    }
}

/// Nobody can be asked: it is said in one line, and used in this run alone.
fn tell_nobody(state: &mut State, fresh: &[Item]) {
    if let Some(failed) = state.kb.trust.failed.clone() {
        tell_once(state, &failed);
    }
    let trust = &mut state.kb.trust;
    let new: Vec<&Item> = fresh.iter().filter(|item| trust.told.insert(item.hash())).collect();
    if !new.is_empty() {
        let words = shown::nobody_looked(&state.kb.trust.trusted, &new);
        state.notice(Level::Warning, words);
    }
}

fn tell_once(state: &mut State, words: &str) {
    if state.kb.trust.told.insert(words.to_string()) {
        state.notice(Level::Warning, words);
    }
}

fn question(state: &mut State, items: Vec<Item>) {
    let trust = &state.kb.trust;
    let pager = shown::pager(&items, &trust.trusted, trust.failed.as_deref(), state.screen.form);
    open(state, Overlay::Trust(pager));
    state.kb.trust.asking = Some(Question { items, since: state.screen.now });
}

/// The user has looked at these.
fn accept(state: &mut State, items: &[Item]) -> Vec<Effect> {
    items.iter().for_each(|item| state.kb.trust.trusted.add(item));
    vec![Effect::Trust { items: items.to_vec() }]
}

/// A key while the question is open. Whoever was typing when it came goes on typing, and answers nothing by that.
pub fn key(state: &mut State, key: KeyEvent, letter: Option<char>) -> Vec<Effect> {
    let keys = &state.tools.keymap;
    // What does not answer scrolls, as in any panel.
    let action = match keys.action(Context::Trust, key) {
        Some(Action::Trust) => Some(Action::Trust),
        Some(_) | None => keys.action(Context::Pager, key),
    };
    let early = state.kb.trust.asking.as_ref().is_some_and(|question| is_early(question, state.screen.now));
    // The way out sends nothing, so it is open at once where nobody types.
    let leaves = action == Some(Action::Interrupt)
        || (action == Some(Action::ClosePager) && letter.is_none() && state.prompt.editor.is_empty());
    if !early || leaves {
        return action.map(|action| actions::perform(state, action)).unwrap_or_default();
    }
    let types = match (key.code, letter) {
        // An answer that comes too early is no text.
        (_, Some(_)) => action != Some(Action::Trust) || !state.prompt.editor.is_empty(),
        (KeyCode::Backspace, None) => true,
        (_, None) => false,
    };
    if !types {
        return Vec::new();
    }
    if let Some(question) = &mut state.kb.trust.asking {
        question.since = state.screen.now;
    }
    match letter {
        Some(letter) => vi::type_letter(state, letter),
        None => actions::perform(state, Action::Backspace),
    }
}

/// The keys that answer, for the screen.
pub fn keys_in_words(state: &State) -> String {
    const WIDE: u16 = 60;
    let keys = &state.tools.keymap;
    let (yes, no, between) = if state.screen.columns < WIDE {
        ("yes", "no", " ")
    } else {
        ("uses it and sends", "back to the draft", " · ")
    };
    let yes = keys.told("", Context::Trust, Action::Trust, yes);
    let no = keys.told("", Context::Pager, Action::ClosePager, no);
    [yes, no].into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(between)
}

fn is_early(question: &Question, now: Millis) -> bool {
    now.saturating_sub(question.since) < GUARD
}

/// Yes: KB.md is read once more, since it may have changed meanwhile, and the task goes on.
pub fn agree(state: &mut State) -> Vec<Effect> {
    let Some(question) = state.kb.trust.asking.take() else { return Vec::new() };
    state.focus = Focus::Prompt;
    let mut effects = accept(state, &question.items);
    state.kb.trust.answered.extend(question.items.into_iter().map(|item| item.name));
    if let Turn::Reading { task, .. } = &state.turn {
        effects.push(Effect::ReadKb { task: *task });
    }
    effects
}

/// No, or not now: nothing is sent, and the message is the draft again, or waits where there is none.
fn decline(state: &mut State) -> Vec<Effect> {
    if state.kb.trust.asking.take().is_none() {
        return Vec::new();
    }
    if matches!(state.focus, Focus::Overlay(Overlay::Trust(_))) {
        state.focus = Focus::Prompt;
    }
    let (task, new) = match &state.turn {
        Turn::Reading { task, again, tries, .. } => (Some(*task), again.is_none() && *tries == Tries::First),
        Turn::Idle | Turn::Compacting(_) | Turn::Replying(_) => (None, false),
    };
    let said = state.log.newest_said().filter(|_| new);
    let entry = said.and_then(|at| state.log.entries().get(at)).map(|entry| entry.id);
    let free = state.prompt.is_unused();
    match (entry, state.screen.form) {
        (Some(entry), Form::Screen) => {
            attaching::take_back(state, entry);
            let back = state.tools.keymap.told("; ", Context::Prompt, Action::Previous, "brings it back");
            let back = if free { String::new() } else { back };
            state.note(format!("nothing was sent; the next message asks again{back}"));
        }
        (Some(entry), Form::Linear(_) | Form::Once) => {
            if let Some(message) = attaching::take_back(state, entry) {
                state.queue.put_first(message);
            }
            state.note("Nothing was sent; the next message asks again.");
        }
        (None, _) if task.is_some() => {
            state.turn = Turn::Idle;
            state.note("nothing was sent; the next message asks again");
        }
        // The message was dealt with otherwise.
        (None, _) => {}
    }
    task.map(|task: TaskId| Effect::Cancel { task }).into_iter().collect()
}

/// After every event: whoever goes elsewhere has said no.
pub fn look(state: &mut State) -> Vec<Effect> {
    let shown = matches!(&state.focus, Focus::Overlay(Overlay::Trust(_)));
    match (is_asking(state), shown && matches!(state.turn, Turn::Reading { .. })) {
        (true, false) => decline(state),
        (true, true) | (false, _) => Vec::new(),
    }
}

/// What was answered line by line.
pub fn entered(state: &mut State, words: &str) -> Vec<Effect> {
    match words.trim().to_lowercase().as_str() {
        "1" | "y" | "yes" => agree(state),
        "2" | "n" | "no" | "" => decline(state),
        _ => {
            state.note("Type 1 or 2, then Enter.");
            Vec::new()
        }
    }
}

/// The question line by line.
pub const QUESTION: &str = "1 use it and send, 2 leave it > ";
