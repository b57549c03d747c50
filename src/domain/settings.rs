//! What can be set: read from files, merged in layers, with warnings that name file and key. It never opens a file and never reads
//! the environment.

pub mod endpoints;
pub mod keys;
pub mod project;
mod ways;

use toml::{Table, Value};

use self::endpoints::{KNOWN, Known, host, known, normalise, ollama_address};
use self::keys::Overrides;
use self::project::{ProjectNotes, Taken, Trust};
use self::ways::{on_exit, save_sessions, side_panel};
use super::exchange::{Endpoint, PROTOCOLS, Protocol};
use super::models::Models;
use crate::base::near::nearest;

pub use self::endpoints::resolve_model;

/// The default settings, which document every key.
pub const DEFAULTS: &str = include_str!("../../assets/settings.toml");

/// Every key, and whether a project may set it: it must not say where requests and keys go.
const KEYS: &[(&str, Reach)] = &[
    ("provider", Reach::User),
    ("model", Reach::User),
    ("base_url", Reach::User),
    ("protocol", Reach::User),
    ("api_key_env", Reach::User),
    ("api_key", Reach::User),
    ("ca_file", Reach::User),
    ("persona", Reach::Project),
    ("theme", Reach::User),
    ("side_panel", Reach::User),
    ("on_exit", Reach::User),
    ("save_sessions", Reach::User),
    ("keep_sessions_days", Reach::User),
    ("max_tokens", Reach::Project),
    ("kb_limit_bytes", Reach::Project),
    ("project_notes", Reach::Project),
    ("trust", Reach::User),
    ("tools", Reach::User),
    ("kb_extra_call", Reach::User),
    ("models", Reach::User),
    ("keys", Reach::User),
];

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

/// Who may set a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    User,
    Project,
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
    pub ca_file: Option<String>,
    pub persona: Option<String>,
    pub theme: Option<String>,
    pub side_panel: Option<SidePanel>,
    pub on_exit: Option<OnExit>,
    pub save_sessions: Option<SaveSessions>,
    pub keep_sessions_days: Option<u32>,
    pub max_tokens: Option<u32>,
    pub kb_limit_bytes: Option<u64>,
    /// What is taken from the project's folder.
    pub taken: Taken,
    pub tools: Option<Switch>,
    pub kb_extra_call: Option<Switch>,
    /// Rows that add to the table of models or change it.
    pub models: Option<Table>,
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

/// Reads one settings file. Each warning names the file and the key; what is wrong is left out, the rest counts.
pub fn parse(file: &str, text: &str, scope: Scope) -> (Values, Vec<String>) {
    let text = text.trim_start_matches('\u{feff}');
    let table: Table = match text.parse() {
        Ok(table) => table,
        Err(error) => {
            let line = error
                .span()
                .and_then(|span| text.get(..span.start))
                .map_or(1, |head| head.matches('\n').count() + 1);
            let cause = error.message().lines().next().unwrap_or_default().to_string();
            return (
                Values::default(),
                vec![format!("{file}:{line}: not read, because it is no valid TOML: {cause}.")],
            );
        }
    };
    let mut values = Values::default();
    let mut warnings = Vec::new();
    for (key, value) in &table {
        let taken = match KEYS.iter().find(|(name, _)| name == key) {
            None => Err(unknown(key)),
            Some((_, Reach::User)) if scope == Scope::Project => {
                Err("only your own config.toml may set it, not a project's".to_string())
            }
            Some(("keys", _)) => {
                let (overrides, refused) = keys::read(file, value);
                values.keys = Some(overrides);
                let path = |id: &str| if id.is_empty() { String::new() } else { format!(".{id}") };
                warnings
                    .extend(refused.iter().map(|(id, cause)| format!("{file}: keys{}: {cause}.", path(id))));
                Ok(())
            }
            Some(("models", _)) => value.as_table().map_or_else(
                || Err(format!("it must be a table, not {}", kind(value))),
                |rows| {
                    let wrong = Models::default().take(rows);
                    warnings.extend(wrong.iter().map(|(at, cause)| format!("{file}: models.{at}: {cause}.")));
                    values.models = Some(rows.clone());
                    Ok(())
                },
            ),
            Some(_) => values.set(key, value),
        };
        if let Err(cause) = taken {
            warnings.push(format!("{file}: {key}: {cause}."));
        }
    }
    (values, warnings)
}

fn unknown(key: &str) -> String {
    match nearest(key, KEYS.iter().map(|(name, _)| *name)) {
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
            "ca_file" => self.ca_file = words(value)?,
            "persona" => self.persona = words(value)?,
            "theme" => self.theme = words(value)?,
            "side_panel" => self.side_panel = Some(side_panel(value)?),
            "on_exit" => self.on_exit = Some(on_exit(value)?),
            "save_sessions" => self.save_sessions = Some(save_sessions(value)?),
            "keep_sessions_days" => self.keep_sessions_days = Some(number(value, 0)?),
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
            ca_file: top.ca_file.or(low.ca_file),
            persona: top.persona.or(low.persona),
            theme: top.theme.or(low.theme),
            side_panel: top.side_panel.or(low.side_panel),
            on_exit: top.on_exit.or(low.on_exit),
            save_sessions: top.save_sessions.or(low.save_sessions),
            keep_sessions_days: top.keep_sessions_days.or(low.keep_sessions_days),
            max_tokens: top.max_tokens.or(low.max_tokens),
            kb_limit_bytes: top.kb_limit_bytes.or(low.kb_limit_bytes),
            taken: top.taken.over(low.taken),
            tools: top.tools.or(low.tools),
            kb_extra_call: top.kb_extra_call.or(low.kb_extra_call),
            models: top.models.or(low.models),
            keys: top.keys.or(low.keys),
        }
    }
}

/// Text; blank text says nothing.
fn words(value: &Value) -> Result<Option<String>, String> {
    match value.as_str().map(str::trim) {
        Some(text) if text.chars().any(char::is_control) => Err("it holds control characters".to_string()),
        Some(text) => Ok((!text.is_empty()).then(|| text.to_string())),
        None => Err(format!("it must be text in quotes, not {}", kind(value))),
    }
}

fn protocol(value: &Value) -> Result<Option<Protocol>, String> {
    let Some(name) = words(value)? else { return Ok(None) };
    let names: Vec<&str> = PROTOCOLS.iter().map(|(name, _)| *name).collect();
    let found = Protocol::named(&name).map(Some);
    found.ok_or_else(|| format!("{name:?} is not known; there are {}", names.join(", ")))
}

fn switch(value: &Value) -> Result<Switch, String> {
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

fn number<N: TryFrom<i64>>(value: &Value, least: i64) -> Result<N, String> {
    let given =
        value.as_integer().ok_or_else(|| format!("it must be a whole number, not {}", kind(value)))?;
    let wrong = || format!("{given} is out of range; the least is {least}");
    if given < least { Err(wrong()) } else { N::try_from(given).map_err(|_| wrong()) }
}

fn kind(value: &Value) -> &'static str {
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

/// Merges the layers: defaults, the user's file, the project's, the environment, the command line.
pub fn merge(layers: &Layers) -> (Settings, Vec<String>) {
    let (defaults, mut warnings) = parse("settings.toml", DEFAULTS, Scope::User);
    let all = layers.flags.over(&layers.env).over(&layers.project).over(&layers.user).over(&defaults);
    let mut models = Models::built_in();
    // What is wrong in it was said when it was read.
    let _ = models.take(&all.models.unwrap_or_default());
    let settings = Settings {
        choice: choose(layers, &mut warnings),
        ca_file: all.ca_file,
        persona: all.persona,
        side_panel: all.side_panel.unwrap_or_default(),
        on_exit: all.on_exit.unwrap_or_default(),
        save_sessions: all.save_sessions.unwrap_or_default(),
        keep_sessions_days: all.keep_sessions_days.unwrap_or_default(),
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

/// The provider that the layers choose; `None` when they choose none.
fn provider(layers: &Layers, warnings: &mut Vec<String>) -> Option<&'static Known> {
    let sources = [
        (&layers.flags, "--provider"),
        (&layers.env, "DICTUM_PROVIDER"),
        (&layers.user, "config.toml: provider"),
    ];
    for (at, (values, source)) in sources.iter().enumerate() {
        if let Some(name) = &values.provider {
            let found = known(name);
            if found.is_none() {
                warnings.push(format!("{source}: {name:?} is no provider; there are {}.", names()));
            }
            return found;
        }
        // An address or a model that is named on the same level says who is meant, before lower levels do.
        if let Some(url) = &values.base_url {
            let of_host =
                KNOWN.iter().find(|known| !known.base_url.is_empty() && host(known.base_url) == host(url));
            let of_name = if url.contains("anthropic") { known("anthropic") } else { known("openai") };
            let lower =
                sources.iter().skip(at + 1).find_map(|(values, _)| known(values.provider.as_deref()?));
            return of_host.filter(|known| !known.key_env.is_empty()).or(lower).or(of_name);
        }
    }
    let own = |name: &str| layers.own.iter().find(|own| own.provider == name);
    let wanted = [&layers.flags, &layers.env, &layers.user].iter().find_map(|values| values.model.as_deref());
    let by_model = wanted.and_then(|model| match model {
        _ if model.starts_with("claude") => Some("anthropic"),
        _ if model.starts_with("gpt-") => Some("openai"),
        _ if model.starts_with("gemini-") => Some("gemini"),
        _ => None,
    });
    let has_key = |name: &&str| own(name).is_some_and(|own| own.key == KeyState::Present);
    // A server without a key is looked for: its address alone does not say that it runs.
    let hosted = |name: &str| known(name).is_some_and(|known| !known.key_env.is_empty());
    let has_base = |name: &&str| hosted(name) && own(name).is_some_and(|own| own.base_url.is_some());
    let all = || KNOWN.iter().map(|known| known.name);
    by_model.filter(has_key).or_else(|| all().find(has_key)).or_else(|| all().find(has_base)).and_then(known)
}

fn choose(layers: &Layers, warnings: &mut Vec<String>) -> Choice {
    let Some(known) = provider(layers, warnings) else { return Choice::Discover };
    let mut endpoint = known.endpoint();
    if known.protocol == Protocol::Offline {
        return Choice::Endpoint(endpoint);
    }
    // The file's address and model are meant for the file's provider, not for one that was chosen above it.
    let file = match layers.user.provider.as_deref() {
        Some(name) if name != known.name => Values::default(),
        Some(_) | None => layers.user.clone(),
    };
    let own = layers.own.iter().find(|own| own.provider == known.name);
    let spoken = layers.env.protocol.or(file.protocol);
    let own_base = own.and_then(|own| own.base_url.clone());
    let own_base = if known.name == "ollama" { own_base.map(|url| ollama_address(&url)) } else { own_base };
    let bases = [
        ("--base-url", layers.flags.base_url.clone()),
        ("DICTUM_BASE_URL", layers.env.base_url.clone()),
        (known.base_env, own_base),
        ("config.toml: base_url", file.base_url),
        ("", Some(known.base_url.to_string())),
    ];
    for (source, base) in bases {
        let Some(base) = base else { continue };
        endpoint.protocol = spoken.unwrap_or_else(|| known.protocol_at(&base));
        match normalise(endpoint.protocol, &base) {
            Ok(url) => {
                endpoint.base_url = url;
                break;
            }
            Err(cause) => warnings.push(format!("{source}: not used, because {cause}.")),
        }
    }
    let models = [
        layers.flags.model.clone(),
        layers.env.model.clone(),
        own.and_then(|own| own.model.clone()),
        file.model,
    ];
    let elsewhere = host(&endpoint.base_url) != host(known.base_url);
    endpoint.model = match models.into_iter().flatten().next() {
        Some(model) => model,
        // A server of one's own that only speaks like OpenAI's does not have its models: it is asked.
        None if elsewhere && known.protocol != Protocol::Anthropic => String::new(),
        None => known.model.to_string(),
    };
    Choice::Endpoint(endpoint)
}

fn names() -> String {
    KNOWN.iter().map(|known| known.name).collect::<Vec<_>>().join(", ")
}
