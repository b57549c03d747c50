//! Settings that are one word of a few: how the words are read. It never decides what is in force.

use toml::Value;

use super::{OnExit, SaveSessions, SidePanel, kind, words};

pub(super) fn on_exit(value: &Value) -> Result<OnExit, String> {
    match words(value)?.map(|word| word.to_ascii_lowercase()).as_deref() {
        None | Some("reply") => Ok(OnExit::Reply),
        Some("nothing") => Ok(OnExit::Nothing),
        Some(other) => Err(format!("{other:?} is not known; there are \"reply\" and \"nothing\"")),
    }
}

pub(super) fn save_sessions(value: &Value) -> Result<SaveSessions, String> {
    match (value.as_bool(), value.as_str().map(|word| word.trim().to_ascii_lowercase()).as_deref()) {
        (Some(true), _) | (None, Some("on" | "")) => Ok(SaveSessions::On),
        (Some(false), _) | (None, Some("off")) => Ok(SaveSessions::Off),
        (None, Some(other)) => Err(format!("{other:?} is not known; there are \"on\" and \"off\"")),
        (None, None) => Err(format!("it must be \"on\" or \"off\", not {}", kind(value))),
    }
}

pub(super) fn side_panel(value: &Value) -> Result<SidePanel, String> {
    match words(value)?.map(|word| word.to_ascii_lowercase()).as_deref() {
        None | Some("auto") => Ok(SidePanel::Auto),
        Some("off") => Ok(SidePanel::Off),
        Some(other) => Err(format!("{other:?} is not known; there are \"auto\" and \"off\"")),
    }
}
