//! `dictum config`: where settings are, what is in force and why, and the changing of the user's own. It never prints a key of a provider,
//! and never changes a project's file.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::{Form, print, tui};
use crate::base::text;
use crate::cli::ConfigCommand;
use crate::domain::settings::endpoints::{KNOWN, known};
use crate::domain::settings::show::{From, Shown, shown};
use crate::domain::settings::{Scope, Values, parse, schema};
use crate::io::config::edit::{self, ConfigError};
use crate::io::config::{self, Loaded};
use crate::io::files;
use crate::protocol::action::ACTIONS;
use crate::protocol::keymap::Keymap;

/// The exit code for a key or a value that cannot be used.
const USAGE: u8 = 2;

/// Does what is asked and gives the exit code.
pub fn run(command: &ConfigCommand, flags: &Values, project: &Path) -> Result<u8> {
    match command {
        ConfigCommand::Path { json } => paths(&places(project), (*json).into()),
        ConfigCommand::Show { json } => {
            let loaded = config::load(flags, project);
            let rows = shown(&loaded.layers, &loaded.settings);
            let out = match Form::from(*json) {
                Form::Json => as_json(&rows),
                Form::Text => as_text(&rows, &loaded, project),
            };
            let keys = loaded.layers.user.keys.as_ref().map(|keys| Keymap::build(ACTIONS, keys).1);
            for warning in loaded.warnings.iter().chain(keys.iter().flatten()) {
                eprintln!("dictum: {}", text::one_line(warning));
            }
            print(&out)
        }
        ConfigCommand::Init => {
            let path = own()?;
            edit::init(&path)?;
            print(&format!("Written to {}; only you may read it.\n", files::shown(&path)))
        }
        ConfigCommand::Set { key, value } => {
            let path = own()?;
            match edit::set(&path, key, value, wrong) {
                Ok(()) => print(&format!("{} is set in {}.\n", text::one_line(key), files::shown(&path))),
                Err(ConfigError::Refused(why)) => {
                    eprintln!("dictum: {}", text::one_line(&why));
                    Ok(USAGE)
                }
                Err(error) => bail!(error),
            }
        }
        ConfigCommand::Schema => print(&format!("{:#}\n", schema::schema())),
    }
}

/// What the reading of a single file does not look at.
fn wrong(text: &str) -> Vec<String> {
    let (values, _) = parse("config.toml", text, Scope::User);
    let keys = values.keys.map(|keys| Keymap::build(ACTIONS, &keys).1);
    let theme = values.theme.as_deref().and_then(tui::unknown_theme);
    let unknown = values.provider.filter(|name| known(name).is_none()).map(|name| {
        let names: Vec<&str> = KNOWN.iter().map(|known| known.name).collect();
        format!("config.toml: provider: {name:?} is no provider; there are {}.", names.join(", "))
    });
    keys.unwrap_or_default().into_iter().chain(theme).chain(unknown).collect()
}

fn own() -> Result<PathBuf> {
    match config::user_file(&|name| env::var(name).ok()) {
        Some(path) => Ok(path),
        None => bail!(ConfigError::NoHome),
    }
}

/// The files with whose they are.
fn places(project: &Path) -> Vec<(&'static str, PathBuf)> {
    let user = config::user_file(&|name| env::var(name).ok());
    let mine = user.map(|path| ("user", path));
    mine.into_iter().chain([("project", config::project_file(project))]).collect()
}

fn paths(places: &[(&'static str, PathBuf)], form: Form) -> Result<u8> {
    let text = |(whose, path): &(&str, PathBuf)| {
        let there = if path.exists() { "" } else { "  (not there)" };
        format!("{whose:<8} {}{there}\n", files::shown(path))
    };
    let row = |(whose, path): &(&str, PathBuf)| {
        (whose.to_string(), json!({"path": files::shown(path), "exists": path.exists()}))
    };
    match form {
        Form::Text => print(&places.iter().map(text).collect::<String>()),
        Form::Json => print(&format!("{:#}\n", Value::Object(places.iter().map(row).collect()))),
    }
}

fn as_text(rows: &[Shown], loaded: &Loaded, project: &Path) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let words: Vec<String> = rows.iter().map(value).collect();
    let wide = words.iter().map(|words| text::width(words)).max().unwrap_or(0).min(40);
    let row = |(row, words): (&Shown, &String)| {
        let gap = " ".repeat(wide.saturating_sub(text::width(words)));
        format!("{:<width$}  {words}{gap}  {}\n", row.name, source(&row.from, loaded, project))
    };
    rows.iter().zip(&words).map(row).collect()
}

/// A value as the file writes it; of a secret, that there is one.
fn value(row: &Shown) -> String {
    match &row.value {
        None => "(set, not shown)".to_string(),
        Some(value) => text::one_line(&value.to_string()),
    }
}

fn source(from: &From, loaded: &Loaded, project: &Path) -> String {
    match from {
        From::Default => "default".to_string(),
        From::User => loaded.path.as_deref().map_or_else(String::new, files::shown),
        From::Project => files::shown(&config::project_file(project)),
        From::Variable(name) => format!("environment: {name}"),
        From::Flag(name) => format!("command line: {name}"),
        From::Provider => "the provider's own".to_string(),
        From::Found => "none is set: a server on this machine, else offline".to_string(),
    }
}

fn as_json(rows: &[Shown]) -> String {
    let row = |row: &Shown| {
        let (from, name) = match &row.from {
            From::Default => ("default", None),
            From::User => ("user", None),
            From::Project => ("project", None),
            From::Variable(name) => ("environment", Some(name)),
            From::Flag(name) => ("command line", Some(name)),
            From::Provider => ("provider", None),
            From::Found => ("search", None),
        };
        json!({"key": row.name, "value": row.value, "secret": row.value.is_none(), "from": from, "name": name})
    };
    format!("{:#}\n", Value::Array(rows.iter().map(row).collect()))
}
