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
    /// Another variable that may hold it; empty when there is none.
    pub other_key_env: &'static str,
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
        other_key_env: "",
        base_env: "ANTHROPIC_BASE_URL",
        model_env: "ANTHROPIC_MODEL",
        model: "claude-sonnet-5-5",
    },
    Known {
        name: "openai",
        protocol: Protocol::Responses,
        base_url: "https://api.openai.com/v1",
        key_env: "OPENAI_API_KEY",
        other_key_env: "",
        base_env: "OPENAI_BASE_URL",
        model_env: "OPENAI_MODEL",
        model: "gpt-5.5",
    },
    Known {
        name: "gemini",
        protocol: Protocol::Gemini,
        base_url: "https://generativelanguage.googleapis.com/v1beta",
        key_env: "GEMINI_API_KEY",
        other_key_env: "GOOGLE_API_KEY",
        base_env: "GOOGLE_GEMINI_BASE_URL",
        model_env: "GEMINI_MODEL",
        model: "gemini-flash-latest",
    },
    hosted("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    hosted("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    hosted("mistral", "https://api.mistral.ai/v1", "MISTRAL_API_KEY"),
    hosted("deepseek", "https://api.deepseek.com/v1", "DEEPSEEK_API_KEY"),
    Known {
        name: "ollama",
        protocol: Protocol::Ollama,
        base_url: "http://127.0.0.1:11434",
        key_env: "",
        other_key_env: "",
        base_env: "OLLAMA_HOST",
        model_env: "",
        model: "",
    },
    hosted("lmstudio", "http://127.0.0.1:1234/v1", ""),
    hosted("llamacpp", "http://127.0.0.1:8080/v1", ""),
    Known {
        name: "offline",
        protocol: Protocol::Offline,
        base_url: "",
        key_env: "",
        other_key_env: "",
        base_env: "",
        model_env: "",
        model: "",
    },
];

/// A server that speaks chat completions.
const fn hosted(name: &'static str, base_url: &'static str, key_env: &'static str) -> Known {
    Known {
        name,
        protocol: Protocol::Chat,
        base_url,
        key_env,
        other_key_env: "",
        base_env: "",
        model_env: "",
        model: "",
    }
}

/// The model of an endpoint where none is named. A server of one's own that only speaks like a provider does not have its models: it is
/// asked.
pub fn usual_model(endpoint: &Endpoint) -> String {
    let Some(known) = known(&endpoint.provider) else { return endpoint.model.clone() };
    let elsewhere = host(&endpoint.base_url) != host(known.base_url);
    if elsewhere && known.protocol != Protocol::Anthropic { String::new() } else { known.model.to_string() }
}

/// Whether the endpoint is a provider's own address, which answers nobody without a key.
pub fn needs_key(endpoint: &Endpoint) -> bool {
    known(&endpoint.provider)
        .is_some_and(|known| !known.key_env.is_empty() && host(known.base_url) == host(&endpoint.base_url))
}

const GEMINI_HOST: &str = "generativelanguage.googleapis.com";

/// The aliases that personas use for Anthropic's models.
const ALIASES: &[(&str, &str)] =
    &[("sonnet", "claude-sonnet-5-5"), ("opus", "claude-opus-5-5"), ("haiku", "claude-haiku-5-5")];

/// The provider of that name, in any case.
pub fn known(name: &str) -> Option<&'static Known> {
    KNOWN.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}

impl Known {
    /// What is spoken at an address that the user gave. A full path says it itself; OpenAI's newer protocol is spoken by its own host, and
    /// the native ones of Ollama and Gemini not below the path that they have for chat completions.
    pub fn protocol_at(&self, url: &str) -> Protocol {
        let path = url.split(['?', '#']).next().unwrap_or_default().trim().trim_end_matches('/');
        let by_path = PATHS.iter().find(|(end, _)| path.ends_with(end)).map(|(_, protocol)| *protocol);
        let chat = match self.protocol {
            Protocol::Ollama => path.ends_with("/v1"),
            Protocol::Gemini => path.ends_with("/openai"),
            Protocol::Responses => host(url) != host(self.base_url),
            Protocol::Anthropic | Protocol::Chat | Protocol::Offline => false,
        };
        by_path.unwrap_or(if chat { Protocol::Chat } else { self.protocol })
    }

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

/// The paths below which a protocol is spoken.
const PATHS: &[(&str, Protocol)] = &[
    ("/chat/completions", Protocol::Chat),
    ("/responses", Protocol::Responses),
    ("/messages", Protocol::Anthropic),
    ("/api/chat", Protocol::Ollama),
];

/// The address that the variable OLLAMA_HOST means: `host`, `host:port`, `:port`, an address, and `0.0.0.0` for this machine.
pub fn ollama_address(text: &str) -> String {
    let text = text.trim().trim_end_matches('/');
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let (rest, path) = rest.split_once('/').unwrap_or((rest, ""));
    let rest =
        if rest.starts_with(':') { format!("127.0.0.1{rest}") } else { rest.replace("0.0.0.0", "127.0.0.1") };
    let has_port = rest.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let port = if has_port || text.contains("://") { "" } else { ":11434" };
    let path = if path.is_empty() { String::new() } else { format!("/{path}") };
    format!("{scheme}://{rest}{port}{path}")
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

/// Scheme, host and port of an address: neither path nor query, nor a user with a password. Empty where it names no host.
pub fn origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if host.is_empty() { String::new() } else { format!("{scheme}://{host}").to_ascii_lowercase() }
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
        Protocol::Responses => &["/responses", "/models"],
        Protocol::Ollama => &["/chat", "/api", "/v1"],
        Protocol::Gemini => &["/openai", "/models"],
    };
    for ending in endings {
        address = address.strip_suffix(ending).unwrap_or(address).trim_end_matches('/');
    }
    let bare = address.ends_with(authority) && address.matches('/').count() == 2;
    let path = match protocol {
        Protocol::Chat | Protocol::Responses if bare => "/v1",
        Protocol::Gemini if bare => "/v1beta",
        // Gemini's own address for chat completions.
        Protocol::Chat if authority == GEMINI_HOST && !address.ends_with("/openai") => "/openai",
        Protocol::Anthropic
        | Protocol::Chat
        | Protocol::Responses
        | Protocol::Ollama
        | Protocol::Gemini
        | Protocol::Offline => "",
    };
    Ok(format!("{address}{path}{query}"))
}

/// The address of `path` below a normalised base URL; a query of the base stays, behind one of the path.
pub fn join(base: &str, path: &str) -> String {
    match base.split_once('?') {
        Some((address, query)) => {
            let sign = if path.contains('?') { '&' } else { '?' };
            format!("{address}{path}{sign}{query}")
        }
        None => format!("{base}{path}"),
    }
}

/// An address as it may be shown: what stands in its query may be a key, but for the version of an interface.
pub fn shown(url: &str) -> String {
    let Some((address, query)) = url.split_once('?') else { return url.to_string() };
    let field = |field: &str| match field.split_once('=') {
        Some((name, value)) if !value.is_empty() && !OPEN_FIELDS.contains(&name) => format!("{name}=[key]"),
        Some(_) | None => field.to_string(),
    };
    let fields: Vec<String> = query.split('&').map(field).collect();
    format!("{address}?{}", fields.join("&"))
}

/// Fields of a query that hold no secret: the version of an interface, and what the adapters ask for themselves.
const OPEN_FIELDS: &[&str] = &["api-version", "alt", "limit", "pageSize"];

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
    // Ollama's own name of a model without a tag.
    let tagged = format!("{wanted}:latest");
    if let Some(member) = endpoint.models.iter().find(|model| **model == tagged) {
        return Some(member.clone());
    }
    match endpoint.protocol {
        Protocol::Anthropic => {
            let alias = ALIASES.iter().find(|(alias, _)| *alias == lower).map(|(_, id)| (*id).to_string());
            alias.or_else(|| lower.starts_with("claude-").then_some(lower))
        }
        Protocol::Gemini => {
            let lower = lower.strip_prefix("models/").unwrap_or(&lower);
            lower.starts_with("gemini-").then(|| lower.to_string())
        }
        Protocol::Chat | Protocol::Responses => {
            (host(&endpoint.base_url) == "api.openai.com" && is_openai_id(&lower)).then_some(lower)
        }
        Protocol::Ollama | Protocol::Offline => None,
    }
}

/// As [`resolve_model`]; an endpoint whose models nobody listed is trusted to have the model, unless the name is known to be another house's.
pub fn wished_model(endpoint: &Endpoint, wanted: &str) -> Option<String> {
    let resolved = resolve_model(endpoint, wanted);
    let wanted = wanted.trim();
    let is_name = !wanted.contains(char::is_whitespace);
    let unlisted = endpoint.models.is_empty() && !has_own_names(endpoint);
    resolved.or_else(|| (unlisted && is_name && !is_elsewhere(endpoint, wanted)).then(|| wanted.to_string()))
}

/// Whether all models of an endpoint are its maker's, so that their names can be told without a list.
fn has_own_names(endpoint: &Endpoint) -> bool {
    match endpoint.protocol {
        Protocol::Anthropic | Protocol::Gemini | Protocol::Offline => true,
        Protocol::Chat | Protocol::Responses => {
            endpoint.provider == "openai" || host(&endpoint.base_url) == "api.openai.com"
        }
        Protocol::Ollama => false,
    }
}

/// Whether a name is one of a model that the endpoint cannot have.
fn is_elsewhere(endpoint: &Endpoint, wanted: &str) -> bool {
    const MAKERS: &[&str] = &["claude-", "gpt-3", "gpt-4", "gpt-5", "gemini-"];
    let lower = wanted.to_ascii_lowercase();
    let own_host =
        known(&endpoint.provider).is_some_and(|known| host(known.base_url) == host(&endpoint.base_url));
    let is_alias = ALIASES.iter().any(|(alias, _)| *alias == lower);
    let is_makers = MAKERS.iter().any(|beginning| lower.starts_with(beginning));
    match endpoint.provider.as_str() {
        _ if is_alias => true,
        "openrouter" if own_host => !wanted.contains('/'),
        _ => own_host && is_makers,
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
