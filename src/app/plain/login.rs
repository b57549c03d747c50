//! A key that is entered line by line: when one is asked for, whose it is, and what becomes of it. What is entered is not shown, and nothing
//! here keeps it.

use super::{Asked, Form};
use crate::app::setup;
use crate::app::state::{Focus, Overlay, State, Turn};
use crate::base::text;
use crate::domain::key::{Hidden, owners};
use crate::panels::keyfield::KeyField;
use crate::protocol::message::Effect;

/// Whether the input is a terminal that can be told not to show what is typed.
pub fn is_possible(form: Form) -> bool {
    match form {
        Form::Screen => true,
        Form::Linear(Asked::Person) => cfg!(unix),
        Form::Linear(Asked::Nobody) | Form::Once => false,
    }
}

/// Whether the next line is a key, which the terminal must not show.
pub fn wants_key(state: &State) -> bool {
    state.screen.form != Form::Screen && field(state).is_some_and(|field| field.key.count() == 0)
}

fn field(state: &State) -> Option<&KeyField> {
    match &state.focus {
        Focus::Overlay(Overlay::Key(field)) => Some(field),
        Focus::Overlay(Overlay::Menu(_, _) | Overlay::Pager(_) | Overlay::Compare(_) | Overlay::Trust(_))
        | Focus::Prompt
        | Focus::Reading(_)
        | Focus::Review => None,
    }
}

/// What is asked of the user: the key, or whose it is.
pub fn question(state: &State) -> Option<String> {
    let field = field(state).filter(|_| matches!(state.turn, Turn::Idle))?;
    Some(match field.provider() {
        _ if field.key.count() > 0 => {
            format!("Whose key is it: {}? Enter alone drops it > ", owners().collect::<Vec<_>>().join(", "))
        }
        whose => {
            let whose = whose.map(|whose| format!(" of {whose}")).unwrap_or_default();
            let place = text::one_line(&field.file);
            format!(
                "Key{whose}, not shown as it is typed; once its provider accepts it, it is kept in {place}. Enter alone leaves it > "
            )
        }
    })
}

/// The key was entered.
pub fn key_typed(state: &mut State, key: &Hidden) -> Vec<Effect> {
    if key.count() == 0 {
        return leave(state);
    }
    if let Focus::Overlay(Overlay::Key(field)) = &mut state.focus {
        field.push(key.expose());
    }
    go_on(state)
}

/// It was entered whose key it is.
pub fn provider_typed(state: &mut State, words: &str) -> Vec<Effect> {
    if words.is_empty() {
        return leave(state);
    }
    let Focus::Overlay(Overlay::Key(field)) = &mut state.focus else { return Vec::new() };
    if !field.choose(words) {
        state.note(format!("{words} takes no key here"));
        return Vec::new();
    }
    go_on(state)
}

/// Whether a key, or whose it is, is asked for line by line.
pub fn is_open(state: &State) -> bool {
    state.screen.form != Form::Screen && field(state).is_some()
}

/// The question is left, and what was entered of its answer is dropped.
pub fn leave(state: &mut State) -> Vec<Effect> {
    state.focus = Focus::Prompt;
    state.note("no key was kept");
    Vec::new()
}

/// Tries the key, once it is known whose it is. The field closes: a key that is refused is entered anew.
fn go_on(state: &mut State) -> Vec<Effect> {
    let Some(provider) = field(state).and_then(KeyField::provider) else { return Vec::new() };
    let effects = setup::try_key(state);
    state.focus = Focus::Prompt;
    state.note(format!("asking {provider} whether it accepts the key …"));
    effects
}
