//! The table of settings: every key, who may set it, and what it takes. The reading, the schema and `dictum config` follow it. It holds no
//! value.

/// Who may set a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    User,
    /// A project, too: it must not say where requests and keys go, or what is run.
    Project,
}

/// What a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any text; blank says nothing.
    Text,
    /// As `Text`, and never shown.
    Secret,
    /// One of these words, in any case.
    OneOf(&'static [&'static str]),
    /// One of these words, or true and false for "on" and "off".
    Switch(&'static [&'static str]),
    /// One of these words, or a list of names.
    Names(&'static [&'static str]),
    /// true or false.
    Flag,
    /// A whole number from the first to the last of these.
    Number(u64, u64),
    /// A table of models; see [`super::Models`].
    Models,
    /// A table of endpoints; see [`super::profiles`].
    Profiles,
    /// A table of actions with their keys.
    Keys,
}

/// One setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: &'static str,
    pub reach: Reach,
    pub kind: Kind,
}

const fn user(name: &'static str, kind: Kind) -> Row {
    Row { name, reach: Reach::User, kind }
}

const fn project(name: &'static str, kind: Kind) -> Row {
    Row { name, reach: Reach::Project, kind }
}

const U32: u64 = u32::MAX as u64;

/// Every setting, in the order in which `assets/settings.toml` documents them.
pub const KEYS: &[Row] = &[
    user("provider", Kind::Text),
    user("model", Kind::Text),
    user("base_url", Kind::Text),
    user("protocol", Kind::OneOf(&["", "anthropic", "chat", "responses", "ollama", "gemini"])),
    user("api_key_env", Kind::Text),
    user("api_key", Kind::Secret),
    user("key_command", Kind::Text),
    user("key_store", Kind::OneOf(&["file", "keyring"])),
    user("ca_file", Kind::Text),
    project("persona", Kind::Text),
    user("theme", Kind::Text),
    user("side_panel", Kind::OneOf(&["auto", "off"])),
    user("on_exit", Kind::OneOf(&["reply", "nothing"])),
    user("save_sessions", Kind::Switch(&["on", "off"])),
    user("keep_sessions_days", Kind::Number(0, U32)),
    user("vi", Kind::Flag),
    project("max_tokens", Kind::Number(1, U32)),
    project("kb_limit_bytes", Kind::Number(1024, i64::MAX as u64)),
    project("project_notes", Kind::Names(&["auto", "off"])),
    user("trust", Kind::OneOf(&["show", "ask", "always"])),
    user("tools", Kind::Switch(&["auto", "on", "off"])),
    user("kb_extra_call", Kind::Switch(&["auto", "on", "off"])),
    user("models", Kind::Models),
    user("profiles", Kind::Profiles),
    user("keys", Kind::Keys),
];

/// The setting of that name.
pub fn row(name: &str) -> Option<&'static Row> {
    KEYS.iter().find(|row| row.name == name)
}
