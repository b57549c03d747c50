//! The `[profiles]` table of a settings file: endpoints of the user's own, each with a name. It never holds a key, and never shows a header.

use std::fmt;

use toml::{Table, Value};

use super::endpoints::{known, normalise};
use super::{protocol, words};
use crate::domain::exchange::{Endpoint, Protocol};

/// An endpoint of the user's own.
#[derive(Clone, PartialEq)]
pub struct Profile {
    /// What it is chosen by; no provider that dictum knows has the same.
    pub name: String,
    pub protocol: Protocol,
    /// As the adapters want it.
    pub base_url: String,
    /// The model where none is named; empty means: the first that the server names.
    pub model: String,
    /// Models that are listed where the server lists none.
    pub models: Vec<String>,
    /// The environment variable of its key; empty when none is named.
    pub key_env: String,
    /// The command that prints its key; empty when none is named.
    pub key_command: String,
    /// Sent with each request. A value that begins with `$` names an environment variable.
    pub headers: Vec<(String, String)>,
    /// Put into the body of each request.
    pub body: Table,
}

impl fmt::Debug for Profile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A header may be a key, so no log holds one.
        out.debug_struct("Profile")
            .field("name", &self.name)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Profile {
    /// Where it is reached.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            protocol: self.protocol,
            provider: self.name.clone(),
            base_url: self.base_url.clone(),
            model: self.model.clone(),
            models: self.models.clone(),
        }
    }
}

/// Reads the table. Each warning names the place below `profiles` and what is wrong with it; a profile without a usable address is left
/// out, of the others what is right counts.
pub fn read(table: &Table) -> (Vec<Profile>, Vec<(String, String)>) {
    let (mut profiles, mut warnings) = (Vec::new(), Vec::new());
    for (name, value) in table {
        match profile(name, value, &mut warnings) {
            Ok(profile) => profiles.push(profile),
            Err(cause) => warnings.push((name.clone(), cause)),
        }
    }
    (profiles, warnings)
}

fn profile(name: &str, value: &Value, warnings: &mut Vec<(String, String)>) -> Result<Profile, String> {
    let plain = |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || matches!(sign, '-' | '_');
    if name.is_empty() || !name.chars().all(plain) {
        return Err("a name is made of small letters, digits, - and _".to_string());
    }
    if known(name).is_some() {
        return Err("a provider of that name is known already; choose another name".to_string());
    }
    let fields = value.as_table().ok_or("it must be a table with `base_url`")?;
    let url = fields.get("base_url").ok_or("it must say its `base_url`")?;
    let url = words(url).map_err(|cause| format!("base_url: {cause}"))?.unwrap_or_default();
    let spoken = match fields.get("protocol") {
        Some(value) => protocol(value).map_err(|cause| format!("protocol: {cause}"))?,
        None => None,
    };
    let spoken = spoken.or_else(|| known("openai").map(|openai| openai.protocol_at(&url)));
    let spoken = spoken.unwrap_or(Protocol::Chat);
    let base_url = normalise(spoken, &url).map_err(|cause| format!("base_url: {cause}"))?;
    let mut profile = Profile {
        name: name.to_string(),
        protocol: spoken,
        base_url,
        model: String::new(),
        models: Vec::new(),
        key_env: String::new(),
        key_command: String::new(),
        headers: Vec::new(),
        body: Table::new(),
    };
    for (key, value) in fields {
        if let Err(cause) = profile.set(key, value) {
            warnings.push((format!("{name}.{key}"), cause));
        }
    }
    if profile.model.is_empty() {
        profile.model = profile.models.first().cloned().unwrap_or_default();
    }
    Ok(profile)
}

impl Profile {
    fn set(&mut self, key: &str, value: &Value) -> Result<(), String> {
        match key {
            "base_url" | "protocol" => {}
            "model" => self.model = words(value)?.unwrap_or_default(),
            "key_env" => self.key_env = words(value)?.unwrap_or_default(),
            "key_command" => self.key_command = words(value)?.unwrap_or_default(),
            "models" => {
                let list = value.as_array().ok_or("it must be a list of models")?;
                let names: Result<Vec<Option<String>>, String> = list.iter().map(words).collect();
                self.models = names?.into_iter().flatten().collect();
            }
            "headers" => {
                let table = value.as_table().ok_or("it must be a table of names and texts")?;
                for (name, value) in table {
                    let value = words(value).map_err(|cause| format!("{name}: {cause}"))?;
                    self.headers.extend(value.map(|value| (name.to_ascii_lowercase(), value)));
                }
            }
            "body" => self.body = value.as_table().cloned().ok_or("it must be a table of fields")?,
            _ => {
                return Err("there is no such field; there are protocol, base_url, model, models, key_env, \
                            key_command, headers and body"
                    .to_string());
            }
        }
        Ok(())
    }
}
