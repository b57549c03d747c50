//! Slash commands: the table from which running, completion, palette and help derive. A command never hides what it did.

use super::state::State;
use super::{
    actions, again, chat, compact, compare, context, models, overlay, reading, review, sessions, setup, turn,
    usage, versions,
};
use crate::domain::chat::Level;
use crate::domain::kb::{Origin, Span};
use crate::panels::prompt::editor::Editor;
use crate::protocol::action::{Action, Context};
use crate::protocol::message::Effect;

/// One slash command.
#[derive(Clone, Copy)]
pub struct Command {
    pub name: &'static str,
    /// What may follow the name, for people; empty when nothing may.
    pub arguments: &'static str,
    pub sentence: &'static str,
    run: fn(&mut State, &str) -> Vec<Effect>,
}

impl Command {
    /// The word that may follow the name as it stands: `undo` of `[undo]`; none of `[NAME]`.
    pub fn word(&self) -> Option<&'static str> {
        let word = self.arguments.strip_prefix('[')?.strip_suffix(']')?;
        word.chars().all(|letter| letter.is_ascii_lowercase()).then_some(word)
    }
}

/// Every command, in the order of the help.
pub const COMMANDS: &[Command] = &[
    Command { name: "persona", arguments: "[NAME]", sentence: "Choose who speaks", run: persona },
    Command {
        name: "model",
        arguments: "[NAME]",
        sentence: "Choose the model, of any provider; PROVIDER/NAME says whose",
        run: model,
    },
    Command {
        name: "login",
        arguments: "[PROVIDER]",
        sentence: "Connect a model: paste a key, or use a server of this machine",
        run: setup::login,
    },
    Command {
        name: "kb",
        arguments: "[undo]",
        sentence: "Show KB.md as the model is sent it; undo takes the last edit back",
        run: kb,
    },
    Command {
        name: "context",
        arguments: "[raw] [MESSAGE]",
        sentence: "Show what the next request holds, in parts with their sizes; raw shows its bytes",
        run: context::begin,
    },
    Command { name: "remember", arguments: "TEXT", sentence: "Offer TEXT as a KB.md edit", run: remember },
    Command {
        name: "review",
        arguments: "",
        sentence: "Decide on the pending KB.md edits",
        run: go_to_review,
    },
    Command {
        name: "rules",
        arguments: "[drop N]",
        sentence: "Show the rules for this session only; drop takes one out, or all",
        run: rules,
    },
    Command {
        name: "copy",
        arguments: "[N]",
        sentence: "Copy the last reply to the clipboard, or its code block N",
        run: reading::copy_last,
    },
    Command {
        name: "usage",
        arguments: "",
        sentence: "Show what the conversation fills and costs",
        run: usage::show,
    },
    Command {
        name: "compact",
        arguments: "",
        sentence: "Make room: older turns are sent as a summary; KB.md and persona stay whole",
        run: compact::by_hand,
    },
    Command {
        name: "undo",
        arguments: "",
        sentence: "Take your last message back into the prompt",
        run: undo,
    },
    Command {
        name: "retry",
        arguments: "[NAME]",
        sentence: "Ask again, or try again what broke off; NAME is a persona or model for this once",
        run: versions::retry,
    },
    Command {
        name: "version",
        arguments: "[N]",
        sentence: "Show version N of the newest answer; alone it tells which there are",
        run: versions::choose,
    },
    Command {
        name: "compare",
        arguments: "",
        sentence: "Compare two versions of the newest answer",
        run: compare_versions,
    },
    Command {
        name: "sessions",
        arguments: "[TEXT]",
        sentence: "Resume an earlier session of this folder; TEXT searches titles and words",
        run: sessions::pick,
    },
    Command { name: "new", arguments: "", sentence: "Start a new session; this one is kept", run: clear },
    Command { name: "clear", arguments: "", sentence: "The same as /new", run: clear },
    Command {
        name: "rename",
        arguments: "TITLE",
        sentence: "Give this session a title; #N TITLE gives session N one",
        run: sessions::rename,
    },
    Command { name: "fork", arguments: "", sentence: "Go on in a copy of this session", run: fork },
    Command {
        name: "private",
        arguments: "[off]",
        sentence: "Save nothing more of this session; off saves it again",
        run: private,
    },
    Command {
        name: "export",
        arguments: "[FORM] [FILE]",
        sentence: "Write this conversation to a file; FORM is md or json",
        run: sessions::export,
    },
    Command { name: "help", arguments: "", sentence: "Show all keys and commands", run: help },
    Command { name: "quit", arguments: "", sentence: "Leave dictum", run: quit },
];

/// Whether a draft is a command: one line, a slash, then letters or nothing yet. A path such as `/api/v2 is slow` is not.
pub fn is_command(draft: &str) -> bool {
    let draft = draft.trim();
    let Some(rest) = draft.strip_prefix('/') else { return false };
    let name = rest.split_whitespace().next().unwrap_or_default();
    !draft.contains('\n') && name.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')
}

/// Runs the command in the draft. An unknown one stays in the draft, with a hint.
pub fn run(state: &mut State) -> Vec<Effect> {
    let draft = state.prompt.editor.text().trim().to_string();
    let (name, rest) = draft.split_once(char::is_whitespace).unwrap_or((&draft, ""));
    let name = name.trim_start_matches('/');
    let matching: Vec<&Command> = COMMANDS.iter().filter(|command| command.name.starts_with(name)).collect();
    let exact = COMMANDS.iter().find(|command| command.name == name);
    match (exact, matching.as_slice()) {
        (Some(command), _) | (None, &[command]) => {
            state.prompt.take();
            state.queue.forget_edited();
            (command.run)(state, rest.trim())
        }
        (None, []) => {
            state.note(format!("there is no command /{name}; /help lists them"));
            Vec::new()
        }
        (None, _) if name.is_empty() => {
            let complete = state.tools.keymap.told("; ", Context::Prompt, Action::Complete, "completes it");
            state.note(format!("name a command{complete}"));
            Vec::new()
        }
        (None, several) => {
            let names: Vec<String> = several.iter().map(|command| format!("/{}", command.name)).collect();
            state.note(format!("/{name} could be {}", names.join(" or ")));
            Vec::new()
        }
    }
}

/// Runs a command chosen in the palette; one that needs words is put into the prompt instead, before the draft is lost.
pub fn from_palette(state: &mut State, name: &str) -> Vec<Effect> {
    let (name, word) = name.split_once(' ').unwrap_or((name, ""));
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else { return Vec::new() };
    if command.arguments.is_empty() || command.arguments.starts_with('[') {
        return (command.run)(state, word);
    }
    state.prompt.exchange(&[Span::typed(format!("/{} ", command.name))]);
    Vec::new()
}

/// The commands that the draft may become; empty when it is no command or has its argument already.
pub fn completions(draft: &str) -> Vec<&'static Command> {
    match draft.strip_prefix('/') {
        Some(name) if name.chars().all(|letter| letter.is_ascii_lowercase()) => {
            COMMANDS.iter().filter(|command| command.name.starts_with(name)).collect()
        }
        Some(_) | None => Vec::new(),
    }
}

/// Tab: the first completion, or a tab's worth of nothing.
pub fn complete(editor: &mut Editor) {
    let first = completions(editor.under_caret()).first().map(|command| command.name);
    match first {
        Some(name) => editor.set_text(&format!("/{name} ")),
        None if editor.is_empty() => {}
        None => editor.insert("    ", Origin::Typed),
    }
}

fn persona(state: &mut State, name: &str) -> Vec<Effect> {
    if name.is_empty() {
        return actions::perform(state, Action::Personas);
    }
    chat::switch(state, name);
    Vec::new()
}

fn model(state: &mut State, name: &str) -> Vec<Effect> {
    match name {
        "" => models::show(state),
        name => models::named(state, name),
    }
}

fn kb(state: &mut State, what: &str) -> Vec<Effect> {
    match what {
        "" | "show" => actions::perform(state, Action::Knowledge),
        "undo" => vec![Effect::UndoKb],
        other => {
            state.notice(Level::Warning, format!("/kb {other} is not known; there are /kb and /kb undo."));
            Vec::new()
        }
    }
}

fn remember(state: &mut State, text: &str) -> Vec<Effect> {
    if text.is_empty() {
        if let Some(unsure) = state.decided.unsure.take() {
            return turn::remember(state, unsure);
        }
        state.note("say what: /remember Use pnpm for installs");
        return Vec::new();
    }
    turn::remember(state, text.to_string())
}

fn go_to_review(state: &mut State, _: &str) -> Vec<Effect> {
    review::toggle(state);
    Vec::new()
}

fn rules(state: &mut State, what: &str) -> Vec<Effect> {
    let number = what.trim_start_matches("drop").trim();
    let count = state.decided.session.all().len();
    match (what, number, number.parse::<usize>()) {
        ("", ..) => overlay::session(state),
        (_, "all", _) => {
            let ended = state.decided.session.clear();
            state.notice(Level::Info, format!("Rules for this session that no longer hold: {ended}."));
        }
        (_, _, Ok(number)) => match state.decided.session.drop_numbered(number) {
            Some(text) => state.notice(Level::Info, format!("No longer holds for this session: {text}")),
            None => state.note(format!("there is no rule {number}; this session has {count}")),
        },
        (_, _, Err(_)) => state.note("name the rule by its number: /rules drop 1, or /rules drop all"),
    }
    Vec::new()
}

fn clear(state: &mut State, _: &str) -> Vec<Effect> {
    chat::clear(state)
}

fn undo(state: &mut State, _: &str) -> Vec<Effect> {
    again::take_back(state)
}

fn compare_versions(state: &mut State, _: &str) -> Vec<Effect> {
    compare::open(state);
    Vec::new()
}

fn fork(state: &mut State, _: &str) -> Vec<Effect> {
    sessions::fork(state)
}

fn private(state: &mut State, word: &str) -> Vec<Effect> {
    sessions::private(state, word)
}

fn help(state: &mut State, _: &str) -> Vec<Effect> {
    actions::perform(state, Action::Help)
}

fn quit(_: &mut State, _: &str) -> Vec<Effect> {
    vec![Effect::Quit]
}
