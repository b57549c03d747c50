//! The conversation line by line, for screen readers and dumb terminals: what an entered line means, and what is asked next. It uses the
//! same state and the same deeds as the keys, and no line decides on an edit that was not asked about.

pub mod card;
pub mod compose;
pub mod login;
pub mod told;

use super::state::{Focus, Overlay, State, Turn};
use super::{actions, commands, overlay, review, trust, turn};
use crate::base::text;
use crate::domain::chat::Level;
use crate::domain::exchange::Outcome;
use crate::domain::kb::{Op, Span, joined};
use crate::panels::menu::{Item, Menu};
use crate::panels::prompt::editor::Editor;
use crate::panels::review::{Confirmation, Mode, Wish};
use crate::protocol::action::Action;
use crate::protocol::message::Effect;

/// How the conversation is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// Drawn on the whole screen.
    #[default]
    Screen,
    /// Told line by line.
    Linear(Asked),
    /// One message, whose reply is printed as it comes.
    Once,
}

/// Who answers the questions of the linear form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    Person,
    /// Input or output is no terminal: nobody has read a diff, so nobody can accept it.
    Nobody,
}

impl Form {
    /// What the user enters to accept what needs a second look.
    pub fn accept(self) -> &'static str {
        match self {
            Self::Screen => "a",
            Self::Linear(_) | Self::Once => "accept, typed in full,",
        }
    }

    /// Whether a diff is before the eyes in whole wherever it is asked about.
    pub fn shows_whole_diffs(self) -> bool {
        matches!(self, Self::Linear(_))
    }
}

/// Whether a line is part of a message: it may go on in the next one. Else it answers a question.
pub fn composes(state: &State) -> bool {
    match &state.focus {
        Focus::Prompt | Focus::Reading(_) | Focus::Overlay(Overlay::Pager(_) | Overlay::Compare(_)) => true,
        Focus::Review | Focus::Overlay(Overlay::Menu(_, _) | Overlay::Key(_) | Overlay::Trust(_)) => false,
    }
}

/// Whether nothing is under way, or an answer is waited for, so that a script's next line may be taken.
pub fn is_at_rest(state: &State) -> bool {
    let errands = &state.errands;
    (matches!(state.turn, Turn::Idle) || trust::is_asking(state))
        && errands.remember.is_empty()
        && errands.asking.is_none()
        && errands.saving.is_none()
        && state.recording.opening.is_none()
        && state.recording.picking.is_none()
        && state.connection.search == super::state::Search::Done
}

/// Whether the last reply failed, or the last message was not sent, which a script shall know.
pub fn last_reply_failed(state: &State) -> bool {
    if state.errands.doubted.is_some() {
        return true;
    }
    let reply = state.log.entries().iter().rev().find_map(|entry| state.log.reply(entry.id));
    reply.is_some_and(|reply| matches!(reply.outcome, Some(Outcome::Failed(_) | Outcome::Truncated)))
}

/// A message or an answer was entered.
pub fn entered(state: &mut State, said: &[Span]) -> Vec<Effect> {
    state.screen.pressed.forget();
    if state.screen.form == Form::Once {
        return turn::submit(state, said.to_vec());
    }
    let words = joined(said);
    let effects = match &state.focus {
        Focus::Prompt | Focus::Reading(_) => message(state, said),
        // A long text was printed whole; there is nothing to close.
        Focus::Overlay(Overlay::Pager(_) | Overlay::Compare(_)) => message(state, said),
        Focus::Overlay(Overlay::Trust(_)) => trust::entered(state, &words),
        _ if commands::is_command(&words) => message(state, said),
        Focus::Review => answer(state, words.trim()),
        Focus::Overlay(Overlay::Menu(_, _)) => choose(state, words.trim()),
        Focus::Overlay(Overlay::Key(_)) => login::provider_typed(state, words.trim()),
    };
    if matches!(state.focus, Focus::Review) && state.screen.form == Form::Linear(Asked::Nobody) {
        state.focus = Focus::Prompt;
        state.notice(Level::Warning, card::NOBODY.trim_end());
    }
    effects
}

/// Ctrl+C.
pub fn interrupted(state: &mut State) -> Vec<Effect> {
    if login::is_open(state) { login::leave(state) } else { actions::perform(state, Action::Interrupt) }
}

fn message(state: &mut State, said: &[Span]) -> Vec<Effect> {
    state.focus = Focus::Prompt;
    state.prompt.editor.set(said);
    let effects = actions::send(state);
    // A command that is not known was told; it does not become part of the next message.
    state.prompt.take();
    effects
}

/// A number or a name, where a list is to be chosen from.
fn choose(state: &mut State, words: &str) -> Vec<Effect> {
    if words.is_empty() {
        state.focus = Focus::Prompt;
        return Vec::new();
    }
    let Focus::Overlay(over) = &mut state.focus else { return Vec::new() };
    let Some(menu) = overlay::menu(over) else { return Vec::new() };
    let found = match words.parse::<usize>() {
        Ok(number) => number.checked_sub(1).filter(|at| *at < menu.shown().count()),
        Err(_) => named(menu, words),
    };
    match found {
        Some(at) => {
            menu.select(at);
            overlay::act(state, Action::Choose)
        }
        None => {
            state.note(format!("{words} is not in the list, or not the only one of that name"));
            Vec::new()
        }
    }
}

/// The place of the item with this name, or of the only one that holds it.
fn named(menu: &Menu, words: &str) -> Option<usize> {
    let words = words.to_lowercase();
    let name = |item: &Item| format!("{}{}", item.group, item.label).to_lowercase();
    if let Some(at) = menu.shown().position(|item| name(item) == words) {
        return Some(at);
    }
    let mut holding = menu.shown().enumerate().filter(|(_, item)| name(item).contains(&words));
    match (holding.next(), holding.next()) {
        (Some((at, _)), None) => Some(at),
        (Some(_) | None, _) => None,
    }
}

/// The answer to the question of the review.
fn answer(state: &mut State, words: &str) -> Vec<Effect> {
    match state.review.mode {
        Mode::Saving => state.note("KB.md is being written"),
        Mode::Editing(_) if words.is_empty() => state.review.mode = Mode::Looking,
        Mode::Editing(_) => {
            state.review.mode = Mode::Editing(field(words));
            review::confirm_field(state);
        }
        Mode::Reason(_) => reject(state, words),
        Mode::Looking if state.review.is_guarded(state.screen.now) => {
            state.note("that came before the question, so it decided nothing");
        }
        Mode::Looking => return decide(state, words),
    }
    Vec::new()
}

fn field(words: &str) -> Editor {
    let mut editor = Editor::default();
    editor.set_text(words);
    editor
}

fn reject(state: &mut State, reason: &str) {
    state.review.mode = Mode::Reason(field(reason));
    review::confirm_field(state);
}

fn decide(state: &mut State, words: &str) -> Vec<Effect> {
    let in_full = |word: &str| words == word;
    match state.review.confirmation {
        Confirmation::Armed(Wish::Write) if in_full("accept") => {
            return review::act(state, Action::AcceptWarned);
        }
        Confirmation::Armed(Wish::Session) if in_full("session") => {
            return review::act(state, Action::AcceptWarned);
        }
        Confirmation::Armed(_) => {
            state.review.confirmation = Confirmation::Open;
            state.review.message = Some("Nothing was decided.".to_string());
            return Vec::new();
        }
        Confirmation::Open => {}
    }
    let (word, rest) = words.split_once(char::is_whitespace).unwrap_or((words, ""));
    let alone = rest.trim().is_empty();
    let word = word.to_lowercase();
    let action = match word.as_str() {
        // A letter is typed too easily where it writes outside the project.
        "a" if alone && state.review.outside_agreed => {
            state.review.message = Some("Type accept in full to write there.".to_string());
            return Vec::new();
        }
        "a" | "accept" if alone => Action::Accept,
        "e" | "edit" if alone => Action::EditProposal,
        "s" | "session" if alone => Action::SessionOnly,
        "v" | "never" if alone => Action::NeverAsk,
        "n" | "next" if alone => Action::NextProposal,
        "p" | "previous" if alone => Action::PreviousProposal,
        "" | "l" | "leave" | "q" | "quit" if alone => Action::LeaveReview,
        "r" | "reject" => {
            reject(state, rest.trim());
            return Vec::new();
        }
        _ => {
            match words.parse::<usize>() {
                Ok(number) => review::pick(state, number),
                Err(_) => {
                    state.review.message =
                        Some("Type one of these letters or words, then Enter.".to_string());
                }
            }
            return Vec::new();
        }
    };
    review::act(state, action)
}

/// The words that stand before what is typed next; `None` while nothing is asked.
pub fn question(state: &State) -> Option<String> {
    if state.screen.form != Form::Linear(Asked::Person) {
        return None;
    }
    match &state.focus {
        Focus::Overlay(Overlay::Key(_)) => login::question(state),
        Focus::Prompt | Focus::Reading(_) | Focus::Overlay(Overlay::Pager(_) | Overlay::Compare(_)) => {
            matches!(state.turn, Turn::Idle).then(|| prompt(state))
        }
        Focus::Overlay(Overlay::Trust(_)) => Some(trust::QUESTION.to_string()),
        Focus::Overlay(Overlay::Menu(_, _)) => {
            Some("Number or name; Enter alone changes nothing > ".to_string())
        }
        Focus::Review => review_question(state),
    }
}

fn prompt(state: &State) -> String {
    let mut waiting = Vec::new();
    match state.review.pending.len() {
        0 => {}
        1 => waiting.push("1 KB.md edit waits: /review".to_string()),
        count => waiting.push(format!("{count} KB.md edits wait: /review")),
    }
    if !state.queue.is_empty() {
        waiting.push(format!("messages not sent: {}; Enter alone sends the next", state.queue.len()));
    }
    if waiting.is_empty() { "> ".to_string() } else { format!("({}) > ", waiting.join("; ")) }
}

/// The question of the review; none before there was time to read what it is about.
fn review_question(state: &State) -> Option<String> {
    let review = &state.review;
    let proposal = review.current()?;
    match review.mode {
        Mode::Saving => return None,
        Mode::Editing(_) => return Some("New words; Enter alone keeps them > ".to_string()),
        Mode::Reason(_) => return Some("Why not > ".to_string()),
        Mode::Looking if review.is_guarded(state.screen.now) => return None,
        Mode::Looking => {}
    }
    let all_the_same = "anything else decides nothing > ";
    match review.confirmation {
        Confirmation::Armed(Wish::Write) => {
            return Some(format!(
                "Read the warning above. Type accept in full to write it all the same; {all_the_same}"
            ));
        }
        Confirmation::Armed(Wish::Session) => {
            return Some(format!(
                "Read the warning above. Type session in full to keep it for this session all the same; {all_the_same}"
            ));
        }
        Confirmation::Open => {}
    }
    let mut choices = vec![if review.outside_agreed { "accept in full to write there" } else { "a accept" }];
    if proposal.edit.op != Op::Remove {
        choices.push("e edit");
    }
    choices.extend(["r reject", "s this session only", "v never ask"]);
    if proposal.options.rows().next().is_some() {
        choices.push("a number to choose");
    }
    if review.pending.len() > 1 {
        choices.extend(["n next", "p previous"]);
    }
    choices.push("l leave it");
    Some(format!("{} > ", choices.join(", ")))
}

/// What `/help` says here: keys of the screen are of no use.
pub fn help() -> String {
    let mut text = String::from(
        "dictum reads KB.md before every task, and writes down what you tell it, once you agree.\n\
         \n\
         Type a message, then Enter. One that is sent while a reply runs waits for its turn.\n\
         A line that ends with \\ goes on in the next one. A line of three double quotes opens a block of several lines, \
         another one ends it; what stands in a block counts as pasted, so no rule is taken from it.\n\
         Ctrl+C stops the reply; twice while nothing runs it quits. Ctrl+D quits.\n\
         Lists are chosen from by number or name.\n\
         \n\
         State a rule in your own words (from now on use pnpm), then /review shows the edit of KB.md. In a diff, + is a line that comes \
         and - one that goes. Answers:\n  \
         a accept, e edit, r reject (r and words: the reason), s for this session only, v never ask again in this project, \
         a number to choose, n next, p previous, l leave it\n\
         \n\
         Commands\n",
    );
    for command in commands::COMMANDS {
        let words = format!("/{} {}", command.name, command.arguments);
        text.push_str(&format!("  {}: {}\n", words.trim_end(), command.sentence));
    }
    text
}

/// A line as it may be printed: nothing in it moves a cursor or sets a colour.
fn printable(line: &str) -> String {
    text::expand_tabs(&text::sanitise(line).replace('\n', " "), 0)
}
