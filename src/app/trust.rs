//! What a project brings is shown once before it is used, and as a diff when it changed elsewhere: one question, before the task that needs
//! it, with the draft kept. What the user edits while dictum runs, and what dictum wrote, is not asked about.

use std::collections::BTreeSet;

use super::attaching;
use super::plain::{Asked, Form};
use super::state::{Focus, Overlay, State, Turn};
use super::update::open;
use crate::base::text;
use crate::domain::chat::{Body, Level};
use crate::domain::kb::state::{FILE_NAME, size};
use crate::domain::persona::Source;
use crate::domain::settings::project::Trust;
use crate::domain::trust::{Item, Trusted};
use crate::draw::patch::{PatchKind, unified};
use crate::panels::pager::{Content, Pager};
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Effect, Millis, TaskId};

/// Nothing answers before there was time to see the question.
const GUARD: Millis = 500;

/// Lines around a change.
const AROUND: usize = 2;

/// What was looked at, and what is asked.
#[derive(Clone, Debug)]
pub struct Trusting {
    pub setting: Trust,
    pub trusted: Trusted,
    /// Files that are just as Git wrote them.
    pub from_git: BTreeSet<String>,
    /// Names of what a task of this session has used.
    used: BTreeSet<String>,
    /// Hashes that a run without a person was told of.
    told: BTreeSet<String>,
    asking: Option<Question>,
}

/// The open question.
#[derive(Clone, Debug)]
struct Question {
    items: Vec<Item>,
    since: Millis,
}

impl Default for Trusting {
    fn default() -> Self {
        Self {
            // Whoever asks for questions says so; the settings do.
            setting: Trust::Always,
            trusted: Trusted::default(),
            from_git: BTreeSet::new(),
            used: BTreeSet::new(),
            told: BTreeSet::new(),
            asking: None,
        }
    }
}

/// What was looked at before was read.
pub fn read(state: &mut State, trusted: Trusted, from_git: Vec<String>) {
    let known = std::mem::replace(&mut state.kb.trust.trusted, trusted);
    // What could not be kept holds at least in this session.
    state.kb.trust.trusted.join(known);
    state.kb.trust.from_git = from_git.into_iter().collect();
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

/// What the next request holds of the project.
fn used_next(state: &State) -> Vec<Item> {
    let mut items = Vec::new();
    if let Some(text) = state.kb.snapshot.text().filter(|text| !text.trim().is_empty()) {
        let (title, name) = (state.kb.snapshot.badge(state.kb.document.directives()), FILE_NAME.to_string());
        let title = title.split(", read ").next().unwrap_or_default().to_string();
        items.push(Item { name, title, text: text.to_string() });
    }
    items.extend(state.kb.notes.files.iter().map(|note| Item {
        name: note.path.clone(),
        title: format!("{}, {}", note.path, size(note.text.len() as u64)),
        text: note.text.clone(),
    }));
    let persona = &state.personas.active;
    items.extend((persona.source == Source::Project).then(|| Item::of_persona(persona)));
    items
}

/// Before a task: `None` when nothing is to be asked, else what is to be done while the user looks.
pub fn ask(state: &mut State) -> (Vec<Effect>, Next) {
    if state.kb.trust.setting == Trust::Always {
        return (Vec::new(), Next::Go);
    }
    let items = used_next(state);
    let mut effects = Vec::new();
    let mut unknown = Vec::new();
    for item in &items {
        let trust = &state.kb.trust;
        if trust.trusted.holds(item) {
            continue;
        }
        let own = trust.used.contains(&item.name) && !trust.from_git.contains(&item.name);
        if own {
            let before = trust.trusted.before(&item.name).unwrap_or_default();
            let note =
                format!("{} changed here: {}; this task uses it", item.name, counted(before, &item.text));
            state.note(note);
            effects.extend(accept(state, std::slice::from_ref(item)));
        } else {
            unknown.push(item.clone());
        }
    }
    if unknown.is_empty() {
        state.kb.trust.used.extend(items.into_iter().map(|item| item.name));
        // A KB.md that is begun while dictum runs is the user's own.
        state.kb.trust.used.insert(FILE_NAME.to_string());
        return (effects, Next::Go);
    }
    if state.screen.form == Form::Linear(Asked::Nobody) {
        tell(state, &unknown);
        return (effects, Next::Go);
    }
    // Whoever looks at the folder for the first time sees all of its personas at once.
    if state.kb.trust.trusted.files.is_empty() {
        let listed = state.personas.library.listed.iter().map(|listed| &listed.persona);
        let others = listed.filter(|persona| persona.source == Source::Project).map(Item::of_persona);
        let others: Vec<Item> = others.filter(|item| !unknown.contains(item)).collect();
        unknown.extend(others);
    }
    question(state, unknown);
    (effects, Next::Wait)
}

/// Whether the task may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    Go,
    Wait,
}

/// Nobody can be asked: it is said, and used in this run alone.
fn tell(state: &mut State, unknown: &[Item]) {
    for item in unknown {
        if state.kb.trust.told.insert(item.hash()) {
            let what = match state.kb.trust.trusted.before(&item.name) {
                None => "was not looked at in this folder yet".to_string(),
                Some(before) => format!("changed since it was looked at: {}", counted(before, &item.text)),
            };
            let text = format!(
                "{} {what}. It is used all the same, since nobody can be asked here; dictum on a terminal shows it once, and trust = \
                 \"always\" says nothing.",
                text::one_line(&item.title)
            );
            state.notice(Level::Warning, text);
        }
    }
}

/// `+2 −1 lines`, or what else changed.
fn counted(before: &str, after: &str) -> String {
    let lines = unified(before, after, 0);
    let count = |kind| lines.iter().filter(|line| line.kind == kind).count();
    format!("+{} −{} lines", count(PatchKind::Added), count(PatchKind::Removed))
}

fn question(state: &mut State, items: Vec<Item>) {
    let keys = &state.tools.keymap;
    let yes = keys.told(" · ", Context::Trust, Action::Trust, "uses it and sends");
    let no = keys.told(" · ", Context::Pager, Action::ClosePager, "back to the draft");
    let first = items.iter().all(|item| state.kb.trust.trusted.before(&item.name).is_none());
    let (title, head) = if first {
        (
            "First time in this folder",
            "This project brings what follows, and it is sent to the model with every task. Look at it once; later you see \
             only what others change.",
        )
    } else {
        (
            "Changed since you looked",
            "This changed outside dictum, for example by a git pull, and is sent to the model with every task.",
        )
    };
    let mut body = format!("{head}\n");
    for item in &items {
        body.push_str(&format!("\n── {}\n", text::one_line(&item.title)));
        match state.kb.trust.trusted.before(&item.name) {
            None => body.push_str(&text::sanitise(&item.text)),
            Some(before) => body.push_str(&diff(before, &item.text)),
        }
        if !body.ends_with('\n') {
            body.push('\n');
        }
    }
    let title =
        if state.screen.form == Form::Screen { format!("{title}{yes}{no}") } else { title.to_string() };
    open(state, Overlay::Pager(Pager::new(title, Content::Verbatim(body))));
    state.kb.trust.asking = Some(Question { items, since: state.screen.now });
}

fn diff(before: &str, after: &str) -> String {
    let line = |line: &crate::draw::patch::PatchLine| {
        let sign = match line.kind {
            PatchKind::Context => ' ',
            PatchKind::Added => '+',
            PatchKind::Removed => '-',
            PatchKind::Gap => return "  …\n".to_string(),
        };
        let note = if line.note.is_empty() { String::new() } else { format!("  ({})", line.note) };
        format!("{sign} {}{note}\n", line.text)
    };
    unified(before, after, AROUND).iter().map(line).collect()
}

/// The user has looked at these.
fn accept(state: &mut State, items: &[Item]) -> Vec<Effect> {
    items.iter().for_each(|item| state.kb.trust.trusted.add(item));
    vec![Effect::Trust { items: items.to_vec() }]
}

/// Yes: KB.md is read once more, since it may have changed meanwhile, and the task goes on.
pub fn agree(state: &mut State) -> Vec<Effect> {
    let now = state.screen.now;
    let early = |question: &Question| now.saturating_sub(question.since) < GUARD;
    if state.screen.form == Form::Screen && state.kb.trust.asking.as_ref().is_some_and(early) {
        return Vec::new();
    }
    let Some(question) = state.kb.trust.asking.take() else { return Vec::new() };
    state.focus = Focus::Prompt;
    let mut effects = accept(state, &question.items);
    if let Turn::Reading { task, .. } = &state.turn {
        effects.push(Effect::ReadKb { task: *task });
    }
    effects
}

/// No, or not now: nothing is sent, and the message is the draft again.
pub fn decline(state: &mut State) -> Vec<Effect> {
    if state.kb.trust.asking.take().is_none() {
        return Vec::new();
    }
    if matches!(state.focus, Focus::Overlay(_)) {
        state.focus = Focus::Prompt;
    }
    let said = |body: &Body| matches!(body, Body::User { .. });
    let entry = state.log.entries().iter().rev().find(|entry| said(&entry.body)).map(|entry| entry.id);
    let task = match &state.turn {
        Turn::Reading { task, .. } => Some(*task),
        Turn::Idle | Turn::Replying(_) => None,
    };
    if let Some(entry) = entry.filter(|_| task.is_some()) {
        attaching::take_back(state, entry);
    }
    state.note("nothing was sent; the next message asks again");
    task.map(|task: TaskId| Effect::Cancel { task }).into_iter().collect()
}

/// After every event: whoever goes elsewhere has said no.
pub fn look(state: &mut State) -> Vec<Effect> {
    let shown = matches!(&state.focus, Focus::Overlay(Overlay::Pager(_)));
    if is_asking(state) && !(shown && matches!(state.turn, Turn::Reading { .. })) {
        return decline(state);
    }
    Vec::new()
}

/// What was answered line by line.
pub fn entered(state: &mut State, words: &str) -> Vec<Effect> {
    match words.trim().to_lowercase().as_str() {
        "1" | "y" | "yes" => agree(state),
        _ => decline(state),
    }
}

/// The question line by line.
pub const QUESTION: &str = "1 use it and send, 2 leave it > ";
