//! What can go wrong with a provider, read from any of the error shapes in use put into one form. It never
//! keeps raw JSON, and it never decides to wait: it only says whether another try can help.

use std::time::Duration;

use serde_json::Value;

use super::wire::{at, list, objects, text};
use super::words::words;
use crate::domain::roster::REFUSED;

/// No message is shown longer than this, in characters.
const LONGEST_MESSAGE: usize = 300;

/// An error that the server reported, in its status or inside the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trouble {
    /// The HTTP status, or the one that fits the kind of an error inside the stream.
    pub status: Option<u16>,
    pub kind: String,
    pub code: String,
    /// Plain text, one line.
    pub message: String,
    pub param: String,
    /// How long the server asks to wait.
    pub wait: Option<Duration>,
    /// `x-should-retry`, where the server sent it.
    pub should_retry: Option<bool>,
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    Said(Trouble),
    /// The conversation is longer than the model, or the server, takes.
    Overflow(Trouble),
    /// Something answered, but no model's server.
    Address(Address),
    Certificate(Certificate),
    Link(Link),
    /// Nothing came at all for so long.
    Silent(Duration),
    /// The stream stopped in the middle for so long.
    Stalled(Duration),
    /// A complete reply without a word.
    Empty,
    OnlyThinking,
    NoKey,
    BadKey,
    /// The command that prints the key did not, and why.
    KeyCommand(String),
    /// The system keyring gave no key, and why.
    Keyring(String),
    /// No model is named, and the server did not tell one.
    NoModel(String),
    /// The server says that the model takes no pictures, and the message shows one.
    NoPictures,
    /// The protocol is not reached over HTTP.
    NotHere,
}

/// What is wrong with an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// It answers with a web page of this title.
    WebPage(String),
    /// It sends on to there.
    Redirect(String),
    /// It answers in an unknown form.
    NotUnderstood,
    /// It answers compressed in this way, which nobody asked for.
    Encoded(String),
    /// It cannot be used at all.
    Bad(String),
}

/// Why a certificate is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Certificate {
    UnknownIssuer,
    Invalid(String),
    /// This machine has no certificate store.
    NoRoots,
    /// The variables that name one in its place do not, and why.
    Misled(String),
    /// The user's own file of authorities cannot be read.
    Unread {
        file: String,
        why: String,
    },
}

/// Why the connection did not stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nothing listens there.
    Refused,
    NoSuchHost,
    /// Not within the limit.
    Timeout,
    /// A proxy in between does not let it through.
    Proxy,
    /// It broke before anything came.
    Broken(String),
}

/// Whether another try can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    Never,
    /// After the time the server asks for, else after a growing pause.
    Later(Option<Duration>),
    /// The server is loading its model: ask until it has.
    Loading,
}

/// Where the request went, for the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub provider: String,
    /// The exact address.
    pub url: String,
    /// What stands in it behind the base URL, without the model.
    pub path: String,
    pub model: String,
    pub place: Place,
    /// The environment variable that holds the key.
    pub key_env: String,
}

/// Whether the server is on this machine or in its private network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Local,
    Remote,
}

/// How the providers say that a conversation is too long: codes first, then words.
const OVERFLOWS: &[&str] = &[
    "context_length_exceeded",
    "exceed_context_size",
    "request_too_large",
    // OpenAI and most compatible servers, Ollama, llama.cpp, LM Studio.
    "context length",
    "context window",
    "context size",
    "maximum context",
    "max context",
    "context overflow",
    // Anthropic.
    "prompt is too long",
    "context limit",
    // Gemini.
    "exceeds the maximum number of tokens",
    // xAI, Bedrock, Groq, Cohere.
    "maximum prompt length",
    "input is too long",
    "prompt too long",
    "reduce the length of the messages",
    "too many tokens",
];

impl Trouble {
    pub fn says(&self, words: &[&str]) -> bool {
        let all = format!("{} {} {}", self.kind, self.code, self.message).to_lowercase();
        words.iter().any(|word| all.contains(word))
    }

    /// Whether the history is longer than the model takes.
    pub fn overflows(&self) -> bool {
        let bad = matches!(self.status, Some(400 | 413 | 422 | 500) | None);
        // A single request that is more than a minute's allowance: no wait makes it fit.
        let alone = self.status == Some(429) && self.says(&["request too large"]);
        self.status == Some(413) || alone || (bad && self.says(OVERFLOWS))
    }

    /// Whether the account is used up, which waiting does not mend.
    pub fn quota(&self) -> bool {
        self.status == Some(402)
            || self.says(&["insufficient_quota", "billing_error", "credit balance", "insufficient balance"])
    }

    fn loading(&self) -> bool {
        self.status == Some(503) && self.says(&["loading model", "model is loading"])
    }

    fn again(&self) -> Again {
        if self.loading() {
            return Again::Loading;
        }
        let useful = match (self.should_retry, self.status) {
            (Some(answer), _) => answer,
            (None, _) if self.quota() => false,
            // A limit for the day is not over in the pauses between tries, unless the server says when it is.
            (None, _) if self.says(&["per day", "perday"]) => self.wait.is_some(),
            (None, Some(status)) => matches!(status, 408 | 409 | 429) || status >= 500,
            (None, None) => false,
        };
        if useful { Again::Later(self.wait) } else { Again::Never }
    }
}

impl Cause {
    /// What a server's error means.
    pub fn said(trouble: Trouble) -> Self {
        if trouble.overflows() { Self::Overflow(trouble) } else { Self::Said(trouble) }
    }

    /// Whether another try can help, as long as nothing was shown.
    pub fn again(&self, place: Place) -> Again {
        match self {
            Self::Said(trouble) => trouble.again(),
            // A server on this machine that is not there does not come by waiting.
            Self::Link(Link::Refused) if place == Place::Local => Again::Never,
            Self::Link(Link::Proxy) => Again::Never,
            Self::Link(_) => Again::Later(None),
            Self::Overflow(_)
            | Self::Address(_)
            | Self::Certificate(_)
            | Self::Silent(_)
            | Self::Stalled(_)
            | Self::Empty
            | Self::OnlyThinking
            | Self::NoKey
            | Self::BadKey
            | Self::KeyCommand(_)
            | Self::Keyring(_)
            | Self::NoModel(_)
            | Self::NoPictures
            | Self::NotHere => Again::Never,
        }
    }

    /// What is wrong with the certificates or the client, as a part of a sentence.
    pub fn in_words(&self) -> String {
        let Self::Certificate(fault) = self else { return self.in_brief() };
        match fault {
            Certificate::Unread { file, why } => format!("{file} cannot be read ({why})"),
            Certificate::NoRoots => "there is no certificate store".to_string(),
            Certificate::Misled(why) => why.clone(),
            Certificate::UnknownIssuer | Certificate::Invalid(_) => self.in_brief(),
        }
    }

    /// Why a provider does not list its models, in a few words.
    pub fn in_brief(&self) -> String {
        match self {
            Self::Said(Trouble { status: Some(401 | 403), .. }) => REFUSED.to_string(),
            Self::Said(Trouble { status: Some(404), .. }) => "lists no models".to_string(),
            Self::NoKey => "has no key".to_string(),
            Self::BadKey => "has a key with characters that no key has".to_string(),
            Self::KeyCommand(_) => "its key_command gave no key".to_string(),
            Self::Keyring(_) => "the system keyring gave no key".to_string(),
            Self::Link(Link::Refused) => "does not run".to_string(),
            Self::Link(Link::NoSuchHost) => "its host was not found".to_string(),
            Self::Link(Link::Timeout) | Self::Silent(_) | Self::Stalled(_) => "does not answer".to_string(),
            Self::Link(Link::Proxy) => "the proxy does not let it through".to_string(),
            Self::Certificate(_) => "its certificate is not trusted".to_string(),
            Self::Address(_) => "answers with no list of models".to_string(),
            Self::Said(_)
            | Self::Link(Link::Broken(_))
            | Self::Overflow(_)
            | Self::Empty
            | Self::OnlyThinking
            | Self::NoModel(_)
            | Self::NoPictures
            | Self::NotHere => self.brief(),
        }
    }

    /// A few words for the countdown of another try.
    pub fn brief(&self) -> String {
        match self {
            Self::Said(trouble) => match trouble.status {
                Some(408) => "the request timed out (408)".to_string(),
                Some(429) => "rate limit (429)".to_string(),
                Some(503) if trouble.loading() => "the model is being loaded".to_string(),
                Some(status @ (503 | 529)) => format!("overloaded ({status})"),
                Some(status) => format!("server error ({status})"),
                None => "server error".to_string(),
            },
            Self::Link(Link::Refused) => "connection refused".to_string(),
            Self::Link(Link::NoSuchHost) => "the host was not found".to_string(),
            Self::Link(Link::Timeout) => "no connection within the limit".to_string(),
            Self::Empty => "an empty reply".to_string(),
            Self::Link(Link::Broken(_) | Link::Proxy)
            | Self::Overflow(_)
            | Self::Address(_)
            | Self::Certificate(_)
            | Self::Silent(_)
            | Self::Stalled(_)
            | Self::OnlyThinking
            | Self::NoKey
            | Self::BadKey
            | Self::KeyCommand(_)
            | Self::Keyring(_)
            | Self::NoModel(_)
            | Self::NoPictures
            | Self::NotHere => "the connection broke".to_string(),
        }
    }
}

/// One plain line of what a server wrote: no control characters, no JSON, at most 300 characters.
pub fn plain(message: &str) -> String {
    let inner = message.find('{').map(|at| {
        let nested =
            objects(message).iter().map(|value| read_value(value).message).find(|text| !text.is_empty());
        nested.unwrap_or_else(|| {
            message.get(..at).unwrap_or_default().trim_end_matches([' ', '-', ':']).to_string()
        })
    });
    let text = inner.as_deref().unwrap_or(message);
    let words: String = text.chars().map(|sign| if is_plain(sign) { sign } else { ' ' }).collect();
    let mut line = String::new();
    for word in words.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line.chars().take(LONGEST_MESSAGE).collect()
}

/// Control characters and those that reorder or hide text do not belong into a message.
fn is_plain(sign: char) -> bool {
    !sign.is_control()
        && !matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The title of a web page.
pub fn title(html: &str) -> String {
    let lower = html.to_ascii_lowercase();
    let start = lower.find("<title").and_then(|at| lower.get(at..)?.find('>').map(|end| at + end + 1));
    let text = start.and_then(|start| {
        let end = lower.get(start..)?.find("</title")?;
        html.get(start..start + end)
    });
    plain(text.unwrap_or_default())
}

/// Reads the body of an answer with an error status, whatever its shape.
pub fn read_body(status: u16, body: &str) -> Trouble {
    let body = body.trim().trim_start_matches('\u{feff}');
    let mut trouble = if body.starts_with('<') {
        Trouble { message: title(body), ..Trouble::default() }
    } else {
        match objects(body.trim_start_matches('[').trim_end_matches(']')).first() {
            Some(value) => read_value(value),
            None => Trouble { message: plain(body), ..Trouble::default() },
        }
    };
    // Gemini says so in an answer 400.
    let bad_key = trouble.says(&["api_key_invalid", "api key not valid"]);
    trouble.status = Some(if bad_key { 401 } else { status });
    trouble.wait = trouble.wait.or_else(|| wait_in(&trouble.message));
    trouble
}

/// Reads an error value: an object with `error`, the error itself, or bare text.
pub fn read_value(value: &Value) -> Trouble {
    let error = at(value, &["error"]).unwrap_or(value);
    let message = [error, value].into_iter().map(words).find(|told| !told.is_empty());
    let number = |key| at(error, &[key]).and_then(|v| v.as_u64().or_else(|| v.as_str()?.parse().ok()));
    // Google names the kind `status`, and puts the rest into details.
    let kind = [text(error, &["type"]), text(error, &["status"])].into_iter().find(|kind| !kind.is_empty());
    let kind = kind.unwrap_or_default().to_string();
    let details = list(error, &["details"]);
    let reasons = details.iter().flat_map(|detail| {
        let violations = list(detail, &["violations"]).iter().map(|violation| text(violation, &["quotaId"]));
        violations.chain([text(detail, &["reason"])])
    });
    let code = [text(error, &["code"])].into_iter().chain(reasons).find(|code| !code.is_empty());
    let code = code.unwrap_or_default().to_string();
    let status = number("code").or_else(|| number("status")).and_then(|status| u16::try_from(status).ok());
    let status = status
        .filter(|status| (400..600).contains(status))
        .or_else(|| status_of(&kind))
        .or_else(|| status_of(&code));
    let message = message.unwrap_or_default();
    let delay = details.iter().map(|detail| text(detail, &["retryDelay"])).find(|delay| !delay.is_empty());
    let wait = delay.and_then(amount).or_else(|| wait_in(&message));
    let param = text(error, &["param"]).to_string();
    Trouble { status, kind, code, message, param, wait, should_retry: None }
}

/// The status that an error of this kind would have had.
fn status_of(kind: &str) -> Option<u16> {
    Some(match kind {
        "invalid_request_error"
        | "invalid_prompt"
        | "context_length_exceeded"
        | "exceed_context_size_error"
        | "INVALID_ARGUMENT" => 400,
        "authentication_error" | "invalid_api_key" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" | "model_not_found" => 404,
        "request_too_large" => 413,
        "rate_limit_error" | "rate_limit_exceeded" | "insufficient_quota" | "RESOURCE_EXHAUSTED" => 429,
        "api_error" | "server_error" | "internal_error" | "INTERNAL" => 500,
        "unavailable_error" | "insufficient_system_resource" | "UNAVAILABLE" => 503,
        "timeout_error" | "DEADLINE_EXCEEDED" => 504,
        "overloaded_error" => 529,
        _ => return None,
    })
}

/// The error in a frame of the stream, if it is one.
pub fn in_frame(frame: &Value) -> Option<Trouble> {
    let error = at(frame, &["error"]).or_else(|| at(frame, &["x_groq", "error"]));
    let is_list = |error: &Value| error.as_array().is_some_and(|items| !items.is_empty());
    if let Some(error) = error.filter(|error| error.is_object() || error.is_string() || is_list(error)) {
        return Some(read_value(error));
    }
    match text(frame, &["type"]) {
        "error" => return Some(read_value(frame)),
        "response.failed" => return Some(read_value(at(frame, &["response"]).unwrap_or(frame))),
        _ => {}
    }
    let reason = list(frame, &["candidates"]).first().map(|it| text(it, &["finishReason"]));
    if let Some("MALFORMED_FUNCTION_CALL" | "UNEXPECTED_TOOL_CALL") = reason {
        return Some(Trouble {
            status: Some(500),
            message: "the model made a call that cannot be read".to_string(),
            ..Trouble::default()
        });
    }
    let finish =
        list(frame, &["choices"]).first().map(|choice| text(choice, &["finish_reason"])).unwrap_or_default();
    match finish {
        "error" => Some(Trouble { message: "the model's host gave up".to_string(), ..Trouble::default() }),
        "insufficient_system_resource" => Some(Trouble {
            status: status_of(finish),
            message: "its machines are busy".to_string(),
            ..Trouble::default()
        }),
        _ => None,
    }
}

/// The error in an answer in which nothing else was found: some servers write one without saying that it is one.
pub fn in_strange(answer: &Value) -> Option<Trouble> {
    let is_told = ["errors", "detail"].iter().any(|name| at(answer, &[name]).is_some())
        || !text(answer, &["message"]).is_empty();
    let trouble = is_told.then(|| read_value(answer));
    trouble.filter(|trouble| !trouble.message.is_empty())
}

/// The wait in a message such as `Please try again in 1m5.289s`.
fn wait_in(message: &str) -> Option<Duration> {
    let lower = message.to_ascii_lowercase();
    let at =
        ["try again in ", "retry in "].iter().find_map(|lead| lower.find(lead).map(|at| at + lead.len()))?;
    amount(lower.get(at..)?)
}

/// The time at the beginning of `text`: `1m5.289s`, `120ms`, `34s`.
fn amount(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    loop {
        let end = rest.find(|sign: char| !sign.is_ascii_digit() && sign != '.').unwrap_or(rest.len());
        let (amount, tail) = rest.split_at(end);
        let Ok(amount) = amount.trim_end_matches('.').parse::<f64>() else { break };
        let tail = tail.trim_start();
        let units = [("ms", 0.001), ("h", 3600.0), ("m", 60.0), ("s", 1.0)];
        let Some((unit, worth)) = units.into_iter().find(|(unit, _)| tail.starts_with(unit)) else { break };
        seconds += amount * worth;
        rest = tail.strip_prefix(unit).unwrap_or_default();
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_found_in_a_message() {
        let check = |message: &str, expect: Option<f64>| {
            assert_eq!(wait_in(message).map(|wait| wait.as_secs_f64()), expect, "{message}");
        };
        check("Rate limit. Please try again in 5.25s. Visit us.", Some(5.25));
        check("try again in 120ms", Some(0.12));
        check("Please try again in 2m30.5s.", Some(150.5));
        check("try again in 20 seconds", Some(20.0));
        check("try again in a while", None);
        check("no such words", None);
    }

    #[test]
    fn a_message_becomes_one_plain_line() {
        let check = |message: &str, expect: &str| assert_eq!(plain(message), expect);
        check("two\n  lines\t\u{1b}[31m", "two lines [31m");
        check("litellm: {\"error\": {\"message\": \"inner {x}\"}}", "inner");
        check("failed: {broken", "failed");
        check("reversed \u{202e}text", "reversed text");
        assert_eq!(plain(&"你".repeat(900)).chars().count(), LONGEST_MESSAGE);
    }
}
