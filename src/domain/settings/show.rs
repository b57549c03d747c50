//! Each setting with its value and where it comes from. It never shows a key of a provider.

use toml::{Table, Value};

use super::endpoints::{self, known};
use super::project::{ProjectNotes, Trust};
use super::table::{KEYS, Kind, Row};
use super::{
    Choice, DEFAULTS, KeyState, KeyStore, Layers, OnExit, PromptKeys, SaveSessions, Scope, Settings,
    SidePanel, Switch, Values, parse,
};

/// A setting as it is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    pub name: &'static str,
    /// `None` for a secret that is set.
    pub value: Option<Value>,
    pub from: From,
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    Default,
    User,
    Project,
    /// A variable of the environment.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
    /// What the provider in force usually has.
    Provider,
    /// Nothing says it, so it is looked for at the start.
    Found,
}

/// All settings, in the order of the table.
pub fn shown(layers: &Layers, settings: &Settings) -> Vec<Shown> {
    let (defaults, _) = parse("settings.toml", DEFAULTS, Scope::User);
    KEYS.iter().map(|row| one(row, layers, settings, &defaults)).collect()
}

fn one(row: &'static Row, layers: &Layers, settings: &Settings, defaults: &Values) -> Shown {
    let name = row.name;
    let flag = || From::Flag(format!("--{}", name.replace('_', "-")));
    let variable = || From::Variable(format!("DICTUM_{}", name.to_ascii_uppercase()));
    let below = [(&layers.project, From::Project), (&layers.user, From::User), (defaults, From::Default)];
    let above = [(&layers.flags, flag()), (&layers.env, variable())];
    let mut found = above.into_iter().chain(below).find_map(|(values, from)| Some((values.get(name)?, from)));
    if let Some(endpoint) = in_force(row, layers, settings, found.as_ref().map(|(_, from)| from)) {
        found = Some(endpoint);
    }
    let (value, from) = found.unwrap_or_else(|| (Value::String(String::new()), From::Default));
    let value = match value {
        Value::String(url) if name == "base_url" => Value::String(endpoints::shown(&url)),
        value => value,
    };
    let secret = row.kind == Kind::Secret && value.as_str().is_some_and(|text| !text.is_empty());
    Shown { name, value: (!secret).then_some(value), from }
}

/// Provider, model and address as they were chosen, where more than the layers has a say in it.
fn in_force(row: &Row, layers: &Layers, settings: &Settings, layer: Option<&From>) -> Option<(Value, From)> {
    let Choice::Endpoint(endpoint) = &settings.choice else {
        return (row.name == "provider").then(|| (Value::String(String::new()), From::Found));
    };
    let known = known(&endpoint.provider)?;
    let own = layers.own.iter().find(|own| own.provider == known.name);
    let said = matches!(layer, Some(From::Flag(_) | From::Variable(_)));
    let (value, by_variable, variable) = match row.name {
        "provider" => {
            let key = own.is_some_and(|own| own.key == KeyState::Present);
            (&endpoint.provider, key, known.key_env)
        }
        "model" => (&endpoint.model, own.is_some_and(|own| own.model.is_some()), known.model_env),
        "base_url" => (&endpoint.base_url, own.is_some_and(|own| own.base_url.is_some()), known.base_env),
        _ => return None,
    };
    let of_file = layer == Some(&From::User);
    let from = match layer {
        Some(from) if said => from.clone(),
        // The file speaks for a provider before a key in the environment does, but not for its model and address.
        Some(from) if of_file && row.name == "provider" => from.clone(),
        _ if by_variable => From::Variable(variable.to_string()),
        Some(from) if of_file && layers.user.get(row.name) == Some(Value::String(value.clone())) => {
            from.clone()
        }
        // An address is put into its plain form.
        Some(from) if of_file && row.name == "base_url" => from.clone(),
        _ => From::Provider,
    };
    Some((Value::String(value.clone()), from))
}

impl Values {
    /// What this layer says on a key, in the words of the file.
    pub fn get(&self, name: &str) -> Option<Value> {
        let text = |value: &Option<String>| value.clone().map(Value::String);
        let word = |value: Option<&'static str>| value.map(|word| Value::String(word.to_string()));
        match name {
            "provider" => text(&self.provider),
            "model" => text(&self.model),
            "base_url" => text(&self.base_url),
            "protocol" => word(self.protocol.map(super::Protocol::name)),
            "api_key_env" => text(&self.api_key_env),
            "api_key" => text(&self.api_key),
            "key_command" => text(&self.key_command),
            "key_store" => word(self.key_store.map(KeyStore::word)),
            "vi" => self.prompt_keys.map(|keys| Value::Boolean(keys == PromptKeys::Vi)),
            "profiles" => (!self.profiles.is_empty()).then(|| {
                Value::Array(
                    self.profiles.iter().map(|profile| Value::String(profile.name.clone())).collect(),
                )
            }),
            "project_notes" => self.taken.notes.as_ref().map(|notes| match notes {
                ProjectNotes::Auto => Value::String("auto".to_string()),
                ProjectNotes::Off => Value::String("off".to_string()),
                ProjectNotes::These(names) => {
                    Value::Array(names.iter().cloned().map(Value::String).collect())
                }
            }),
            "trust" => word(self.taken.trust.map(Trust::word)),
            "ca_file" => text(&self.ca_file),
            "persona" => text(&self.persona),
            "theme" => text(&self.theme),
            "side_panel" => word(self.side_panel.map(SidePanel::word)),
            "on_exit" => word(self.on_exit.map(OnExit::word)),
            "save_sessions" => word(self.save_sessions.map(SaveSessions::word)),
            "keep_sessions_days" => self.keep_sessions_days.map(|days| Value::Integer(days.into())),
            "max_tokens" => self.max_tokens.map(|tokens| Value::Integer(tokens.into())),
            "kb_limit_bytes" => {
                self.kb_limit_bytes.map(|bytes| Value::Integer(i64::try_from(bytes).unwrap_or(i64::MAX)))
            }
            "tools" => word(self.tools.map(Switch::word)),
            "kb_extra_call" => word(self.kb_extra_call.map(Switch::word)),
            "models" => self.models.clone().map(Value::Table),
            "keys" => self.keys.as_ref().map(|keys| {
                let row = |row: &super::keys::Override| {
                    let keys = row.keys.iter().cloned().map(Value::String).collect();
                    (row.id.clone(), Value::Array(keys))
                };
                Value::Table(keys.rows.iter().map(row).collect::<Table>())
            }),
            _ => None,
        }
    }
}

impl Switch {
    fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl SidePanel {
    fn word(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Off => "off",
        }
    }
}

impl KeyStore {
    fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Keyring => "keyring",
        }
    }
}

impl OnExit {
    fn word(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Nothing => "nothing",
        }
    }
}

impl SaveSessions {
    fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::settings::{Own, merge};

    /// A setting with its source, under these layers.
    #[track_caller]
    fn check(layers: &Layers, name: &str, value: &str, from: From) {
        let (settings, _) = merge(layers);
        let rows = shown(layers, &settings);
        assert_eq!(rows.len(), KEYS.len());
        let row = rows.iter().find(|row| row.name == name).unwrap();
        let shown = row.value.as_ref().map_or("hidden".to_string(), ToString::to_string);
        assert_eq!((shown.as_str(), &row.from), (value, &from), "{name}");
    }

    fn file(text: &str, scope: Scope) -> Values {
        parse("x", text, scope).0
    }

    #[test]
    fn each_value_names_its_source() {
        let mut layers = Layers {
            user: file(
                "theme = \"light\"\npersona = \"mine\"\nmax_tokens = 5\napi_key = \"sk-secret\"\ntools = \"off\"\n[keys]\nhelp = \"f2\"\n",
                Scope::User,
            ),
            project: file("persona = \"theirs\"\n", Scope::Project),
            ..Layers::default()
        };
        check(&layers, "theme", "\"light\"", From::User);
        check(&layers, "persona", "\"theirs\"", From::Project);
        check(&layers, "max_tokens", "5", From::User);
        check(&layers, "side_panel", "\"auto\"", From::Default);
        check(&layers, "api_key", "hidden", From::User);
        check(&layers, "tools", "\"off\"", From::User);
        check(&layers, "keys", "{ help = [\"f2\"] }", From::User);
        check(&layers, "provider", "\"\"", From::Found);
        layers.env.persona = Some("env".to_string());
        check(&layers, "persona", "\"env\"", From::Variable("DICTUM_PERSONA".to_string()));
        layers.flags.persona = Some("flag".to_string());
        check(&layers, "persona", "\"flag\"", From::Flag("--persona".to_string()));
        assert!(!format!("{:?}", shown(&layers, &merge(&layers).0)).contains("sk-secret"));
    }

    #[test]
    fn provider_model_and_address_are_those_in_force() {
        let own = Own {
            provider: "openai",
            key: KeyState::Present,
            base_url: None,
            model: Some("from-env".to_string()),
        };
        let mut layers = Layers { own: vec![own], ..Layers::default() };
        check(&layers, "provider", "\"openai\"", From::Variable("OPENAI_API_KEY".to_string()));
        check(&layers, "model", "\"from-env\"", From::Variable("OPENAI_MODEL".to_string()));
        check(&layers, "base_url", "\"https://api.openai.com/v1\"", From::Provider);
        layers.flags.model = Some("said".to_string());
        check(&layers, "model", "\"said\"", From::Flag("--model".to_string()));
        let mut layers = Layers {
            user: file(
                "provider = \"openai\"\nmodel = \"m\"\nbase_url = \"http://10.0.0.5:8000\"\n",
                Scope::User,
            ),
            ..Layers::default()
        };
        check(&layers, "provider", "\"openai\"", From::User);
        check(&layers, "model", "\"m\"", From::User);
        check(&layers, "base_url", "\"http://10.0.0.5:8000/v1\"", From::User);
        // The file's model is not meant for another provider.
        layers.flags.provider = Some("anthropic".to_string());
        check(&layers, "provider", "\"anthropic\"", From::Flag("--provider".to_string()));
        let (settings, _) = merge(&layers);
        let rows = shown(&layers, &settings);
        let model = rows.iter().find(|row| row.name == "model").unwrap();
        assert_eq!(model.from, From::Provider);
    }
}
