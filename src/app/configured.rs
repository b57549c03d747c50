//! Settings that changed while dictum runs: what of them holds at once, and what from the next start on. It reads no file.

use super::state::State;
use crate::domain::chat::Level;
use crate::domain::settings::Settings;
use crate::protocol::action::ACTIONS;
use crate::protocol::keymap::Keymap;
use crate::protocol::message::{Effect, Reread};

/// When a change of a setting holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Now,
    NextStart,
}

/// Whether two settings differ in one of them.
type Differs = fn(&Settings, &Settings) -> bool;

/// Each setting, and when a change of it holds.
const CHANGES: &[(&str, When, Differs)] = &[
    ("theme", When::Now, |one, other| one.theme != other.theme),
    ("keys", When::Now, |one, other| one.keys.rows != other.keys.rows),
    ("side_panel", When::Now, |one, other| one.side_panel != other.side_panel),
    ("on_exit", When::Now, |one, other| one.on_exit != other.on_exit),
    ("max_tokens", When::Now, |one, other| one.max_tokens != other.max_tokens),
    ("tools", When::Now, |one, other| one.tools != other.tools),
    ("kb_extra_call", When::Now, |one, other| one.kb_extra_call != other.kb_extra_call),
    ("trust", When::Now, |one, other| one.trust != other.trust),
    ("provider, model or address", When::NextStart, |one, other| one.choice != other.choice),
    ("persona", When::NextStart, |one, other| one.persona != other.persona),
    ("key_store", When::NextStart, |one, other| one.key_store != other.key_store),
    ("ca_file", When::NextStart, |one, other| one.ca_file != other.ca_file),
    ("models", When::NextStart, |one, other| one.models != other.models),
    ("kb_limit_bytes", When::NextStart, |one, other| one.kb_limit_bytes != other.kb_limit_bytes),
    ("save_sessions", When::NextStart, |one, other| one.save_sessions != other.save_sessions),
    ("keep_sessions_days", When::NextStart, |one, other| one.keep_sessions_days != other.keep_sessions_days),
];

/// Takes what can change at once, and says in one note what did. The theme is the terminal's matter, and on_exit that of the end.
pub fn read_again(state: &mut State, reread: &Reread) -> Vec<Effect> {
    let Reread { before, after, warnings } = reread;
    state.screen.side =
        if before.side_panel == after.side_panel { state.screen.side } else { after.side_panel };
    state.connection.max_tokens = after.max_tokens;
    state.connection.proposing.tools = after.tools;
    state.connection.proposing.extra_call = after.kb_extra_call;
    state.kb.trust.setting = after.trust;
    let mut wrong = warnings.clone();
    if before.keys != after.keys {
        let (mut keymap, of_keys) = Keymap::build(ACTIONS, &after.keys);
        keymap.keyboard = state.tools.keymap.keyboard;
        state.tools.keymap = keymap;
        wrong.extend(of_keys);
    }
    for warning in wrong {
        state.notice(Level::Warning, warning);
    }
    let of = |wanted: When| {
        let changed = CHANGES.iter().filter(|(_, when, differs)| *when == wanted && differs(before, after));
        changed.map(|(name, _, _)| *name).collect::<Vec<_>>().join(", ")
    };
    let (now, later) = (of(When::Now), of(When::NextStart));
    let told = match (now.as_str(), later.as_str()) {
        ("", "") => return Vec::new(),
        (now, "") => format!("settings read again: {now}"),
        ("", later) => format!("settings read again; {later}: from the next start on"),
        (now, later) => format!("settings read again: {now}; {later}: from the next start on"),
    };
    state.note(told);
    Vec::new()
}
