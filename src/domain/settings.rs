//! What can be set: read from files, merged in layers, with warnings that name file and key. It never opens a file and never reads
//! the environment.

mod choose;
pub mod endpoints;
pub mod keys;
pub mod profiles;
pub mod project;
mod read;
pub mod schema;
pub mod show;
pub mod table;

use toml::{Table, Value};

use self::choose::{choose, roster};
use self::keys::Overrides;
use self::profiles::Profile;
use self::project::{ProjectNotes, Taken, Trust};
use self::read::{
    key_store, kind, number, on_exit, prompt_keys, protocol, save_sessions, side_panel, switch, words,
};
use self::table::{KEYS, Reach, row};
use super::exchange::{Endpoint, Protocol};
use super::models::Models;
use crate::base::near::nearest;

pub use self::endpoints::{resolve_model, wished_model};

/// The default settings, which document every key.
pub const DEFAULTS: &str = include_str!("../../assets/settings.toml");

/// A setting that can be left to dictum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Switch {
    #[default]
    Auto,
    On,
    Off,
}

/// When the side panel is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SidePanel {
    /// Where there is room for it.
    #[default]
    Auto,
    Off,
}

/// What the keys of the prompt are like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PromptKeys {
    #[default]
    Plain,
    Vi,
}

/// What stays on the shell's screen when dictum ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnExit {
    /// The last reply.
    #[default]
    Reply,
    Nothing,
}

/// Whether conversations are saved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SaveSessions {
    #[default]
    On,
    Off,
}

/// Where a key is kept that was pasted into dictum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyStore {
    /// A file that only its user can read.
    #[default]
    File,
    /// The keyring of the system.
    Keyring,
}

/// Whose file it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    User,
    Project,
}

/// The values of one layer; `None` where it says nothing.
#[derive(Clone, Default, PartialEq)]
pub struct Values {
    pub provider: Option<String>,
    pub model: Option<String>,
    pub base_url: Option<String>,
    pub protocol: Option<Protocol>,
    pub api_key_env: Option<String>,
    pub api_key: Option<String>,
    /// The command that prints the key.
    pub key_command: Option<String>,
    pub key_store: Option<KeyStore>,
    pub ca_file: Option<String>,
    pub persona: Option<String>,
    pub theme: Option<String>,
    pub side_panel: Option<SidePanel>,
    pub on_exit: Option<OnExit>,
    pub save_sessions: Option<SaveSessions>,
    pub keep_sessions_days: Option<u32>,
    pub prompt_keys: Option<PromptKeys>,
    pub max_tokens: Option<u32>,
    pub kb_limit_bytes: Option<u64>,
    /// What is taken from the project's folder.
    pub taken: Taken,
    pub tools: Option<Switch>,
    pub kb_extra_call: Option<Switch>,
    /// Rows that add to the table of models or change it.
    pub models: Option<Table>,
    /// Endpoints of the user's own.
    pub profiles: Vec<Profile>,
    pub keys: Option<Overrides>,
}

impl std::fmt::Debug for Values {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key stays out, so that no log can hold it.
        out.debug_struct("Values")
            .field("provider", &self.provider)
            .field("model", &self.model)
            .finish_non_exhaustive()
    }
}

/// All layers. `own` is what the environment says to a provider by its own variables.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    pub user: Values,
    pub project: Values,
    /// `DICTUM_*`.
    pub env: Values,
    pub own: Vec<Own>,
    pub flags: Values,
}

/// What the environment holds for one known provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    pub provider: &'static str,
    pub key: KeyState,
    pub base_url: Option<String>,
    pub model: Option<String>,
}

/// Whether the environment holds a key. The key itself never comes here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyState {
    #[default]
    Absent,
    Present,
}

/// What is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub choice: Choice,
    /// Who can be asked: every provider that has a key, the servers that may be on this machine, and the profiles.
    pub roster: Vec<Endpoint>,
    /// Endpoints of the user's own.
    pub profiles: Vec<Profile>,
    pub key_store: KeyStore,
    /// A file with certificates of authorities to be trusted besides the machine's own.
    pub ca_file: Option<String>,
    /// The persona to begin with.
    pub persona: Option<String>,
    /// `auto`, `dark` or `light`, or the name of a theme.
    pub theme: String,
    pub side_panel: SidePanel,
    pub on_exit: OnExit,
    pub save_sessions: SaveSessions,
    /// A session that did not change for so many days is deleted; 0 keeps all.
    pub keep_sessions_days: u32,
    /// The setting `vi`.
    pub prompt_keys: PromptKeys,
    /// Upper bound of a reply in tokens.
    pub max_tokens: u32,
    /// A larger KB.md, in bytes, is not sent whole.
    pub kb_limit_bytes: u64,
    /// The notes of other tools that are read beside KB.md.
    pub notes: ProjectNotes,
    pub trust: Trust,
    /// Whether models are given tools.
    pub tools: Switch,
    /// Whether an unsure rule is put to a model without tools in a small request of its own.
    pub kb_extra_call: Switch,
    /// What models hold and cost.
    pub models: Models,
    /// The keys of actions, where they are not the default ones.
    pub keys: Overrides,
}

/// Who is to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    Endpoint(Endpoint),
    /// Nothing is configured: look for a server on this machine, else answer offline.
    Discover,
}

/// As [`read`]; of text that is no TOML nothing counts, and that is the warning.
pub fn parse(file: &str, text: &str, scope: Scope) -> (Values, Vec<String>) {
    read(file, text, scope).unwrap_or_else(|why| (Values::default(), vec![why]))
}

/// Reads one settings file. Each warning names the file and the key; what is wrong is left out, the rest counts. Fails, with the line,
/// where the text is no TOML.
pub fn read(file: &str, text: &str, scope: Scope) -> Result<(Values, Vec<String>), String> {
    let text = text.trim_start_matches('\u{feff}');
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        let head = error.span().and_then(|span| text.get(..span.start));
        let line = head.map_or(1, |head| head.matches('\n').count() + 1);
        let cause = error.message().lines().next().unwrap_or_default();
        format!("{file}:{line}: not read, because it is no valid TOML: {cause}.")
    })?;
    let mut values = Values::default();
    let mut warnings = Vec::new();
    for (key, value) in &table {
        let taken = match row(key) {
            None => Err(unknown(key)),
            Some(row) if row.reach == Reach::User && scope == Scope::Project => {
                Err("only your own config.toml may set it, not a project's".to_string())
            }
            Some(row) if row.name == "keys" => {
                let (overrides, refused) = keys::read(file, value);
                values.keys = Some(overrides);
                let path = |id: &str| if id.is_empty() { String::new() } else { format!(".{id}") };
                warnings
                    .extend(refused.iter().map(|(id, cause)| format!("{file}: keys{}: {cause}.", path(id))));
                Ok(())
            }
            Some(row) if row.name == "models" => value.as_table().map_or_else(
                || Err(format!("it must be a table, not {}", kind(value))),
                |rows| {
                    let wrong = Models::default().take(rows);
                    warnings.extend(wrong.iter().map(|(at, cause)| format!("{file}: models.{at}: {cause}.")));
                    values.models = Some(rows.clone());
                    Ok(())
                },
            ),
            Some(row) if row.name == "profiles" => value.as_table().map_or_else(
                || Err(format!("it must be a table, not {}", kind(value))),
                |table| {
                    let (profiles, wrong) = profiles::read(table);
                    warnings
                        .extend(wrong.iter().map(|(at, cause)| format!("{file}: profiles.{at}: {cause}.")));
                    values.profiles = profiles;
                    Ok(())
                },
            ),
            Some(_) => values.set(key, value),
        };
        if let Err(cause) = taken {
            warnings.push(format!("{file}: {key}: {cause}."));
        }
    }
    Ok((values, warnings))
}

/// Why a key that is not in the table is left out.
pub fn unknown(key: &str) -> String {
    match nearest(key, KEYS.iter().map(|row| row.name)) {
        Some(name) => format!("there is no such key, perhaps `{name}` is meant"),
        None => "there is no such key".to_string(),
    }
}

impl Values {
    /// Takes one key of a file.
    fn set(&mut self, key: &str, value: &Value) -> Result<(), String> {
        match key {
            "provider" => self.provider = words(value)?.map(|name| name.to_ascii_lowercase()),
            "model" => self.model = words(value)?,
            "base_url" => self.base_url = words(value)?,
            "protocol" => self.protocol = protocol(value)?,
            "api_key_env" => self.api_key_env = words(value)?,
            "api_key" => self.api_key = words(value)?,
            "key_command" => self.key_command = words(value)?,
            "key_store" => self.key_store = Some(key_store(value)?),
            "ca_file" => self.ca_file = words(value)?,
            "persona" => self.persona = words(value)?,
            "theme" => self.theme = words(value)?,
            "side_panel" => self.side_panel = Some(side_panel(value)?),
            "on_exit" => self.on_exit = Some(on_exit(value)?),
            "save_sessions" => self.save_sessions = Some(save_sessions(value)?),
            "keep_sessions_days" => self.keep_sessions_days = Some(number(value, 0)?),
            "vi" => self.prompt_keys = Some(prompt_keys(value)?),
            "max_tokens" => self.max_tokens = Some(number(value, 1)?),
            "kb_limit_bytes" => self.kb_limit_bytes = Some(number(value, 1024)?),
            "project_notes" | "trust" => self.taken.set(key, value)?,
            "tools" => self.tools = Some(switch(value)?),
            "kb_extra_call" => self.kb_extra_call = Some(switch(value)?),
            _ => {}
        }
        Ok(())
    }

    /// What `self` says, and below it what `other` says.
    fn over(&self, other: &Self) -> Self {
        let (top, low) = (self.clone(), other.clone());
        Self {
            provider: top.provider.or(low.provider),
            model: top.model.or(low.model),
            base_url: top.base_url.or(low.base_url),
            protocol: top.protocol.or(low.protocol),
            api_key_env: top.api_key_env.or(low.api_key_env),
            api_key: top.api_key.or(low.api_key),
            key_command: top.key_command.or(low.key_command),
            key_store: top.key_store.or(low.key_store),
            ca_file: top.ca_file.or(low.ca_file),
            persona: top.persona.or(low.persona),
            theme: top.theme.or(low.theme),
            side_panel: top.side_panel.or(low.side_panel),
            on_exit: top.on_exit.or(low.on_exit),
            save_sessions: top.save_sessions.or(low.save_sessions),
            keep_sessions_days: top.keep_sessions_days.or(low.keep_sessions_days),
            prompt_keys: top.prompt_keys.or(low.prompt_keys),
            max_tokens: top.max_tokens.or(low.max_tokens),
            kb_limit_bytes: top.kb_limit_bytes.or(low.kb_limit_bytes),
            taken: top.taken.over(low.taken),
            tools: top.tools.or(low.tools),
            kb_extra_call: top.kb_extra_call.or(low.kb_extra_call),
            models: top.models.or(low.models),
            profiles: if top.profiles.is_empty() { low.profiles } else { top.profiles },
            keys: top.keys.or(low.keys),
        }
    }
}

/// Merges the layers: defaults, the user's file, the project's, the environment, the command line.
pub fn merge(layers: &Layers) -> (Settings, Vec<String>) {
    let (defaults, mut warnings) = parse("settings.toml", DEFAULTS, Scope::User);
    let all = layers.flags.over(&layers.env).over(&layers.project).over(&layers.user).over(&defaults);
    let mut models = Models::built_in();
    // What is wrong in it was said when it was read.
    let _ = models.take_own(&all.models.unwrap_or_default());
    let settings = Settings {
        choice: choose(layers, &mut warnings),
        roster: roster(layers),
        profiles: layers.user.profiles.clone(),
        key_store: all.key_store.unwrap_or_default(),
        ca_file: all.ca_file,
        persona: all.persona,
        side_panel: all.side_panel.unwrap_or_default(),
        on_exit: all.on_exit.unwrap_or_default(),
        save_sessions: all.save_sessions.unwrap_or_default(),
        keep_sessions_days: all.keep_sessions_days.unwrap_or_default(),
        prompt_keys: all.prompt_keys.unwrap_or_default(),
        theme: all.theme.unwrap_or_else(|| "auto".to_string()),
        max_tokens: all.max_tokens.unwrap_or(8192),
        kb_limit_bytes: all.kb_limit_bytes.unwrap_or(262_144),
        notes: all.taken.notes.unwrap_or_default(),
        trust: all.taken.trust.unwrap_or_default(),
        tools: all.tools.unwrap_or_default(),
        kb_extra_call: all.kb_extra_call.unwrap_or_default(),
        models,
        keys: all.keys.unwrap_or_default(),
    };
    (settings, warnings)
}
