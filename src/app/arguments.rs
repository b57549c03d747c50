//! What may follow a command's name: personas and models, completed like the name itself. It runs nothing.

use super::commands;
use super::state::State;
use crate::base::text;
use crate::panels::complete::Choice;

/// Choices that are offered at once.
const MOST: usize = 8;

/// A name, and what it names.
struct Name {
    name: String,
    detail: String,
}

/// The command in the draft and the last word after it, where one is being typed.
fn typed(draft: &str) -> Option<(&str, &str)> {
    let (command, rest) = draft.strip_prefix('/')?.split_once(' ')?;
    let word = rest.rsplit(' ').next().unwrap_or(rest);
    (!draft.contains('\n')).then_some((command, word))
}

/// The names that may stand there.
fn names(state: &State, command: &str) -> Vec<Name> {
    let personas = || {
        let listed = state.personas.library.listed.iter();
        listed.map(|listed| Name {
            name: listed.persona.name.clone(),
            detail: format!(
                "persona · {}",
                text::one_line(listed.persona.description.lines().next().unwrap_or_default())
            ),
        })
    };
    let endpoint = &state.connection.endpoint;
    let models = || {
        let known = endpoint.models.iter().cloned();
        known.map(|name| Name { name, detail: format!("model · {}", endpoint.provider) })
    };
    match command {
        "persona" => personas().collect(),
        "model" => models().collect(),
        "retry" => personas().chain(models()).collect(),
        _ => Vec::new(),
    }
}

/// The names that the word under the caret may become: those that begin like it, then those that hold it.
fn found(state: &State) -> Vec<Name> {
    let editor = &state.prompt.editor;
    let draft = editor.under_caret();
    let Some((command, word)) = typed(draft).filter(|_| editor.is_at_end()) else { return Vec::new() };
    let word = word.trim_start_matches('@').to_lowercase();
    let rank = |name: &Name| match name.name.to_lowercase() {
        // What stands there whole needs no completing.
        name if name == word => None,
        name if name.starts_with(&word) => Some(0),
        name if name.contains(&word) => Some(1),
        _ => None,
    };
    let mut names: Vec<(usize, Name)> =
        names(state, command).into_iter().filter_map(|name| Some((rank(&name)?, name))).collect();
    names.sort_by_key(|(rank, _)| *rank);
    names.into_iter().map(|(_, name)| name).take(MOST).collect()
}

/// The same as rows above the prompt.
pub fn choices(state: &State) -> Vec<Choice> {
    let choice = |name: Name| Choice { word: name.name, detail: name.detail, ..Choice::default() };
    found(state).into_iter().map(choice).collect()
}

/// Tab: the first name that fits, else what it does elsewhere.
pub fn complete(state: &mut State) {
    let Some(first) = found(state).into_iter().next() else {
        commands::complete(&mut state.prompt.editor);
        return;
    };
    let draft = state.prompt.editor.under_caret().to_string();
    let kept = draft.rfind(' ').and_then(|at| draft.get(..=at)).unwrap_or_default();
    state.prompt.editor.set_text(&format!("{kept}{} ", first.name));
}
