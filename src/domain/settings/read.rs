//! From a TOML value to the value of a setting. The error says in words what was expected; it never says where.

use toml::Value;

use super::{KeyStore, OnExit, PromptKeys, SaveSessions, SidePanel, Switch};
use crate::domain::exchange::{PROTOCOLS, Protocol};

/// Text; blank text says nothing.
pub(super) fn words(value: &Value) -> Result<Option<String>, String> {
    match value.as_str().map(str::trim) {
        Some(text) if text.chars().any(char::is_control) => Err("it holds control characters".to_string()),
        Some(text) => Ok((!text.is_empty()).then(|| text.to_string())),
        None => Err(format!("it must be text in quotes, not {}", kind(value))),
    }
}

pub(super) fn protocol(value: &Value) -> Result<Option<Protocol>, String> {
    let Some(name) = words(value)? else { return Ok(None) };
    let names: Vec<&str> = PROTOCOLS.iter().map(|(name, _)| *name).collect();
    let found = Protocol::named(&name).map(Some);
    found.ok_or_else(|| format!("{name:?} is not known; there are {}", names.join(", ")))
}

pub(super) fn switch(value: &Value) -> Result<Switch, String> {
    match value.as_str().map(|word| word.trim().to_ascii_lowercase()).as_deref() {
        Some("auto" | "") => Ok(Switch::Auto),
        Some("on") => Ok(Switch::On),
        Some("off") => Ok(Switch::Off),
        Some(other) => Err(format!("{other:?} is not known; there are \"auto\", \"on\" and \"off\"")),
        None => match value.as_bool() {
            Some(true) => Ok(Switch::On),
            Some(false) => Ok(Switch::Off),
            None => Err(format!("it must be \"auto\", \"on\" or \"off\", not {}", kind(value))),
        },
    }
}

pub(super) fn prompt_keys(value: &Value) -> Result<PromptKeys, String> {
    match value.as_bool() {
        Some(true) => Ok(PromptKeys::Vi),
        Some(false) => Ok(PromptKeys::Plain),
        None => Err(format!("it must be true or false, without quotes, not {}", kind(value))),
    }
}

pub(super) fn on_exit(value: &Value) -> Result<OnExit, String> {
    match words(value)?.map(|word| word.to_ascii_lowercase()).as_deref() {
        None | Some("reply") => Ok(OnExit::Reply),
        Some("nothing") => Ok(OnExit::Nothing),
        Some(other) => Err(format!("{other:?} is not known; there are \"reply\" and \"nothing\"")),
    }
}

pub(super) fn key_store(value: &Value) -> Result<KeyStore, String> {
    match words(value)?.map(|word| word.to_ascii_lowercase()).as_deref() {
        None | Some("file") => Ok(KeyStore::File),
        Some("keyring") => Ok(KeyStore::Keyring),
        Some(other) => Err(format!("{other:?} is not known; there are \"file\" and \"keyring\"")),
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

pub(super) fn number<N: TryFrom<i64>>(value: &Value, least: i64) -> Result<N, String> {
    let given =
        value.as_integer().ok_or_else(|| format!("it must be a whole number, not {}", kind(value)))?;
    let wrong = || format!("{given} is out of range; the least is {least}");
    if given < least { Err(wrong()) } else { N::try_from(given).map_err(|_| wrong()) }
}

pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a fraction",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}
