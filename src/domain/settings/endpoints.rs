//! The providers that dictum knows by name, their addresses written one way, and which model a persona's wish means. It never
//! asks a server and never holds a key.

use crate::domain::exchange::{Endpoint, Protocol};

/// A provider known by name. Any other server is reached as `openai` with a base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    pub name: &'static str,
    pub protocol: Protocol,
    pub base_url: &'static str,
    /// The environment variable of its key; empty when it takes none.
    pub key_env: &'static str,
    /// Environment variables of its own for address and model; empty when it has none.
    pub base_env: &'static str,
    pub model_env: &'static str,
    /// The model where none is set; empty means: the first that the server names.
    pub model: &'static str,
}

/// One row adds one provider.
pub const KNOWN: &[Known] = &[
    Known {
        name: "anthropic",
        protocol: Protocol::Anthropic,
        base_url: "https://api.anthropic.com",
        key_env: "ANTHROPIC_API_KEY",
        base_env: "ANTHROPIC_BASE_URL",
        model_env: "ANTHROPIC_MODEL",
        model: "claude-sonnet-4-5",
    },
    Known {
        name: "openai",
        protocol: Protocol::Chat,
        base_url: "https://api.openai.com/v1",
        key_env: "OPENAI_API_KEY",
        base_env: "OPENAI_BASE_URL",
        model_env: "OPENAI_MODEL",
        model: "gpt-5.1",
    },
    hosted("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    hosted("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    hosted("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    hosted("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    hosted("ollama", "http://127.0.0.1:11434/v1", ""),
    hosted("lmstudio", "http://127.0.0.1:1234/v1", ""),
    hosted("llamacpp", "http://127.0.0.1:8080/v1", ""),
    Known {
        name: "offline",
        protocol: Protocol::Offline,
        base_url: "",
        key_env: "",
        base_env: "",
        model_env: "",
        model: "",
    },
];

/// A server that speaks chat completions.
const fn hosted(name: &'static str, base_url: &'static str, key_env: &'static str) -> Known {
    Known { name, protocol: Protocol::Chat, base_url, key_env, base_env: "", model_env: "", model: "" }
}

/// The aliases that personas use for Anthropic's models.
const ALIASES: &[(&str, &str)] =
    &[("sonnet", "claude-sonnet-4-5"), ("opus", "claude-opus-4-5"), ("haiku", "claude-haiku-4-5")];

/// The provider of that name, in any case.
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

impl Known {
    /// The endpoint at its own address.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint {
            protocol: self.protocol,
            provider: self.name.to_string(),
            base_url: self.base_url.to_string(),
            model: self.model.to_string(),
            models: Vec::new(),
        }
    }
}

/// The host of an address, in small letters, without port and brackets.
pub fn host(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    host.to_ascii_lowercase()
}

/// Writes a base URL as the adapters want it, whether it was given with or without `/v1`, a trailing slash or the full path. The
/// error says what is wrong with it.
pub fn normalise(protocol: Protocol, url: &str) -> Result<String, &'static str> {
    let url = url.trim();
    if url.is_empty() {
        return Err("it is empty");
    }
    if url.chars().any(|sign| sign.is_whitespace() || sign.is_control()) {
        return Err("it holds blanks");
    }
    let url = match url.split_once("://") {
        Some(("http" | "https", _)) => url.to_string(),
        Some(_) => return Err("it must begin with http:// or https://"),
        // A bare host: local servers speak plain HTTP, all others do not.
        None if is_local_name(&host(url)) => format!("http://{url}"),
        None => format!("https://{url}"),
    };
    if host(&url).is_empty() {
        return Err("it names no host");
    }
    let (address, query) = match url.split_once('?') {
        Some((address, query)) => (address, format!("?{query}")),
        None => (url.as_str(), String::new()),
    };
    let authority = address.split("://").nth(1).unwrap_or_default().split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Err("it must not hold a user or password");
    }
    let mut address = address.trim_end_matches('/');
    let endings: &[&str] = match protocol {
        Protocol::Anthropic => &["/messages", "/v1"],
        Protocol::Chat | Protocol::Offline => &["/chat/completions", "/models"],
    };
    for ending in endings {
        address = address.strip_suffix(ending).unwrap_or(address).trim_end_matches('/');
    }
    let bare = address.ends_with(authority) && address.matches('/').count() == 2;
    let path = if bare && protocol == Protocol::Chat { "/v1" } else { "" };
    Ok(format!("{address}{path}{query}"))
}

/// The address of `path` below a normalised base URL; a query of the base stays at the end.
pub fn join(base: &str, path: &str) -> String {
    match base.split_once('?') {
        Some((address, query)) => format!("{address}{path}?{query}"),
        None => format!("{base}{path}"),
    }
}

fn is_local_name(host: &str) -> bool {
    host == "localhost"
        || host.starts_with("127.")
        || host.starts_with("192.168.")
        || host.starts_with("10.")
        || host == "::1"
}

/// Whether the server is on this machine or in its own network, where a request costs nothing.
pub fn is_near(base_url: &str) -> bool {
    let host = host(base_url);
    let second = host.strip_prefix("172.").and_then(|rest| rest.split('.').next()?.parse::<u8>().ok());
    // "10." begins names, too.
    let numbers = host.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ':'));
    (is_local_name(&host) && (numbers || host == "localhost"))
        || host == "host.docker.internal"
        || [".localhost", ".local", ".internal", ".lan"].iter().any(|end| host.ends_with(end))
        || (numbers && second.is_some_and(|second| (16..32).contains(&second)))
}

/// Whether a model answers in words: embedding, speech and picture models do not.
pub fn chats(model: &str) -> bool {
    const OTHERS: &[&str] = &[
        "embed",
        "bge-",
        "bge:",
        "e5-",
        "minilm",
        "gte-",
        "rerank",
        "whisper",
        "tts",
        "dall-e",
        "stable-diffusion",
        "moderation",
        "clip-",
        "realtime",
        "transcribe",
        "sora",
        "gpt-image",
        "babbage",
        "davinci",
    ];
    let model = model.to_ascii_lowercase();
    !model.is_empty() && !OTHERS.iter().any(|word| model.contains(word))
}

/// The model that a persona's `model:` means at this endpoint. `None`: it is not to be had here, so the caller keeps the model in
/// use and says so.
pub fn resolve_model(endpoint: &Endpoint, wanted: &str) -> Option<String> {
    let wanted = wanted.trim();
    let lower = wanted.to_ascii_lowercase();
    if wanted.is_empty() || lower == "inherit" || lower == "default" || wanted == endpoint.model {
        return Some(endpoint.model.clone());
    }
    if let Some(member) = endpoint.models.iter().find(|model| *model == wanted) {
        return Some(member.clone());
    }
    match endpoint.protocol {
        Protocol::Anthropic => {
            let alias = ALIASES.iter().find(|(alias, _)| *alias == lower).map(|(_, id)| (*id).to_string());
            alias.or_else(|| lower.starts_with("claude-").then_some(lower))
        }
        Protocol::Chat => {
            (host(&endpoint.base_url) == "api.openai.com" && is_openai_id(&lower)).then_some(lower)
        }
        Protocol::Offline => None,
    }
}

fn is_openai_id(id: &str) -> bool {
    let numbered = |rest: &str| rest.starts_with(|sign: char| sign.is_ascii_digit());
    let whole = !id.contains(char::is_whitespace);
    whole
        && (id.starts_with("gpt-")
            || id.starts_with("chatgpt-")
            || id.strip_prefix('o').is_some_and(numbered))
}
