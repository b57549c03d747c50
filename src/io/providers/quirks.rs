//! What a server turned out not to take, learned from its own refusal and left out from then on. It never gives up a parameter
//! without which a request means nothing.

use serde_json::{Map, Value, json};

use super::trouble::Trouble;
use super::wire::list;

/// Parameters that no refusal can take away.
const NEEDED: &[&str] = &[
    "model",
    "messages",
    "input",
    "contents",
    "system",
    "instructions",
    "systemInstruction",
    "tools",
    "stream",
    "store",
    "options",
    "generationConfig",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
];
/// Where the limit of the reply stands in a body, and its name.
const LIMITS: &[(&str, &str)] = &[
    ("/max_completion_tokens", "max_completion_tokens"),
    ("/max_tokens", "max_tokens"),
    ("/max_output_tokens", "max_output_tokens"),
    ("/generationConfig/maxOutputTokens", "maxOutputTokens"),
];
/// The two names of chat completions for one limit.
const TWINS: &[&str] = &["max_completion_tokens", "max_tokens"];
/// The field of a reply that holds its thinking, in chat completions.
const THOUGHTS: &str = "reasoning_content";
/// Fields that hold what only the model's provider can read, as they stand in a body.
const OPAQUE: &[&str] = &[
    "\"signature\":",
    "\"encrypted_content\":",
    "\"thoughtSignature\":",
    "\"reasoning_content\":",
    "\"reasoning_details\":",
    "\"extra_content\":",
    "\"redacted_thinking\"",
];

/// One thing that a server does not take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Quirk {
    /// Not this parameter of the body.
    Without(String),
    /// The token limit under this name.
    LimitNamed(&'static str),
    /// No more output tokens than this.
    LimitAt(u64),
    NoCacheMarks,
    NoTools,
    /// No visible thinking of the model.
    NoThinking,
    /// Nothing opaque of earlier replies.
    NoReplay,
    /// No reply without its thinking, be it empty.
    ThoughtsOfAll,
}

impl Quirk {
    /// What the refusal teaches, if it names something in `body` that can be changed.
    pub fn learn(trouble: &Trouble, body: &Value) -> Option<Self> {
        if !matches!(trouble.status, Some(400 | 404 | 422 | 500)) || trouble.overflows() {
            return None;
        }
        let words = format!("{} {}", trouble.param, trouble.message);
        if body.get("tools").is_some() && refuses_tools(&words.to_lowercase()) {
            return Some(Self::NoTools);
        }
        if !matches!(trouble.status, Some(400 | 422)) {
            return None;
        }
        let lower = words.to_lowercase();
        if misses_thoughts(&lower) && replies(body).any(|reply| reply.get(THOUGHTS).is_none()) {
            return Some(Self::ThoughtsOfAll);
        }
        if refuses_replay(&lower) && carries_opaque(body) {
            return Some(Self::NoReplay);
        }
        if refuses_thinking(&lower) && thinks(body) {
            return Some(Self::NoThinking);
        }
        if words.contains("cache_control") && body.to_string().contains("\"cache_control\"") {
            return Some(Self::NoCacheMarks);
        }
        if let Some((sent, asked)) = limit_of(body)
            && LIMITS.iter().any(|(_, key)| names(&words, key))
        {
            return match highest(&lower) {
                Some(limit) if limit > 0 && limit < asked => Some(Self::LimitAt(limit)),
                Some(_) | None if !TWINS.contains(&sent) => None,
                Some(_) | None => TWINS.iter().find(|key| **key != sent).map(|other| Self::LimitNamed(other)),
            };
        }
        let keys = body.as_object()?.keys();
        let named = keys.filter(|key| !NEEDED.contains(&key.as_str())).find(|key| names(&words, key));
        named.map(|key| Self::Without(key.clone()))
    }

    /// Changes `body` so that the server takes it.
    pub fn apply(&self, body: &mut Value) {
        let Some(fields) = body.as_object_mut() else { return };
        match self {
            Self::Without(key) => {
                fields.shift_remove(key);
            }
            Self::LimitNamed(name) => {
                if let Some(limit) = TWINS.iter().find_map(|key| fields.shift_remove(*key)) {
                    fields.insert((*name).to_string(), limit);
                }
            }
            Self::LimitAt(limit) => {
                for (path, _) in LIMITS {
                    if let Some(value) = body.pointer_mut(path)
                        && value.as_u64().is_some_and(|asked| asked > *limit)
                    {
                        *value = json!(limit);
                    }
                }
            }
            Self::NoCacheMarks => strip(body, "cache_control"),
            Self::NoTools => {
                fields.shift_remove("tools");
            }
            Self::NoThinking => {
                fields.shift_remove("think");
                fields.shift_remove("thinking");
                fields.shift_remove("reasoning");
                if let Some(config) = fields.get_mut("generationConfig").and_then(Value::as_object_mut) {
                    config.shift_remove("thinkingConfig");
                }
            }
            // The request itself is made without it; what stood in for thinking that there is none of goes, too.
            Self::NoReplay => {
                replies_mut(body).for_each(|reply| {
                    reply.shift_remove(THOUGHTS);
                });
            }
            Self::ThoughtsOfAll => {
                for reply in replies_mut(body).filter(|reply| !reply.contains_key(THOUGHTS)) {
                    reply.insert(THOUGHTS.to_string(), json!(""));
                }
            }
        }
    }

    /// Whether it takes back one of `known`: a limit that is refused under either name is no matter of names.
    pub fn takes_back(&self, known: &[Self]) -> bool {
        let names = |quirk: &Self| matches!(quirk, Self::LimitNamed(_));
        names(self) && known.iter().any(names)
    }

    /// What the user reads while the question is put anew; `None` where it makes no difference to the answer.
    pub fn announced(&self) -> Option<&'static str> {
        match self {
            Self::NoTools => Some("the model takes no tools; asking without them"),
            Self::NoReplay => Some("the earlier thinking was refused; asking without it"),
            Self::Without(_)
            | Self::LimitNamed(_)
            | Self::LimitAt(_)
            | Self::NoCacheMarks
            | Self::NoThinking
            | Self::ThoughtsOfAll => None,
        }
    }
}

/// The replies among the messages of chat completions.
fn replies(body: &Value) -> impl Iterator<Item = &Map<String, Value>> {
    let messages = list(body, &["messages"]).iter().filter_map(Value::as_object);
    messages.filter(|message| is_reply(message))
}

fn replies_mut(body: &mut Value) -> impl Iterator<Item = &mut Map<String, Value>> {
    let messages = body.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten();
    messages.filter_map(Value::as_object_mut).filter(|message| is_reply(message))
}

fn is_reply(message: &Map<String, Value>) -> bool {
    message.get("role").and_then(Value::as_str) == Some("assistant")
}

/// Whether the thinking of an earlier reply is missed: DeepSeek's servers and some others want it with each.
fn misses_thoughts(message: &str) -> bool {
    const MISSED: &[&str] = &["must be passed back", "is missing", "is required"];
    message.contains(THOUGHTS) && MISSED.iter().any(|missed| message.contains(missed))
}

/// Whether something opaque of an earlier reply is refused.
fn refuses_replay(message: &str) -> bool {
    const PHRASES: &[&str] = &[
        "signature",
        "thinking block",
        "`thinking`",
        "redacted_thinking",
        "encrypted content",
        "encrypted_content",
        "type 'reasoning'",
        "reasoning item",
        "reasoning_content",
        "reasoning_details",
        "extra_content",
    ];
    PHRASES.iter().any(|phrase| message.contains(phrase))
}

fn carries_opaque(body: &Value) -> bool {
    let body = body.to_string();
    OPAQUE.iter().any(|field| body.contains(field))
}

/// Whether the model does not think, or not in sight.
fn refuses_thinking(message: &str) -> bool {
    const NO: &[&str] = &["not support", "unsupported", "not enabled", "not available", "must be verified"];
    ["think", "reasoning"].iter().any(|word| message.contains(word))
        && NO.iter().any(|no| message.contains(no))
}

fn thinks(body: &Value) -> bool {
    body.get("think").is_some()
        || body.get("thinking").is_some()
        || body.get("reasoning").is_some()
        || body.pointer("/generationConfig/thinkingConfig").is_some()
}

/// Whether the model or the server has no tools at all. A complaint about one tool's schema is none.
fn refuses_tools(message: &str) -> bool {
    const PHRASES: &[&str] = &[
        "does not support tools",
        "tool choice requires",
        "tools param requires",
        "not support function calling",
        "support tool use",
    ];
    const NO: &[&str] = &[
        "not support",
        "unsupported",
        "unknown",
        "unrecogni",
        "unexpected",
        "not allowed",
        "not permitted",
        "not available",
        "not enabled",
        "extra inputs",
        "extra fields",
        "disabled",
    ];
    let of_tools = names(message, "tools")
        || ["tool calling", "tool calls", "function calling", "function calls"]
            .iter()
            .any(|name| message.contains(name));
    // What is wrong inside of one tool is not mended by giving up all.
    let inside = ["tools.", "tools["].iter().any(|lead| {
        let mut rest = message.split(lead).skip(1);
        rest.any(|rest| rest.starts_with(|sign: char| sign.is_ascii_digit()))
    });
    PHRASES.iter().any(|phrase| message.contains(phrase))
        || (of_tools && !inside && NO.iter().any(|no| message.contains(no)))
}

/// Whether `message` holds `key` as a word of its own.
fn names(message: &str, key: &str) -> bool {
    message.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').any(|word| word == key)
}

/// The limit of the reply in a body: its name and how much is asked for.
pub(super) fn limit_of(body: &Value) -> Option<(&'static str, u64)> {
    LIMITS.iter().find_map(|(path, name)| Some((*name, body.pointer(path)?.as_u64()?)))
}

/// The bound that a message in small letters states: `... > 8192, which is the maximum`, `supports at most 16384`, `must be less than or
/// equal to 4096`, `the valid range is [1, 8192]`, `from 1 (inclusive) to 65537 (exclusive)`.
fn highest(message: &str) -> Option<u64> {
    const LEADS: &[&str] =
        &["> ", "at most ", "<= ", "less than or equal to ", "no more than ", "not exceed "];
    let stated = LEADS.iter().find_map(|lead| number(message.get(message.find(lead)? + lead.len()..)?));
    stated.or_else(|| {
        let range = message.get(message.find("range")? + "range".len()..)?;
        [", ", ",", " to ", " and ", "-"].iter().find_map(|between| {
            let (lower, upper) = range.split_once(between)?;
            let bound = number(upper).filter(|_| lower.contains(|sign: char| sign.is_ascii_digit()))?;
            Some(if upper.contains("exclusive") { bound.saturating_sub(1) } else { bound })
        })
    })
}

/// The number that a text begins with, be it quoted.
fn number(text: &str) -> Option<u64> {
    let text = text.trim_start_matches(['`', '\'', '"', ' ']);
    let end = text.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(text.len());
    text.get(..end)?.parse().ok()
}

fn strip(value: &mut Value, key: &str) {
    match value {
        Value::Object(fields) => {
            fields.shift_remove(key);
            fields.values_mut().for_each(|value| strip(value, key));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| strip(value, key)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expect: Option<Quirk>, after: &Value) {
        let mut body = json!({
            "model": "m", "system": [{ "text": "x", "cache_control": {} }], "max_tokens": 9000, "tools": [1],
            "stream": true, "stream_options": { "include_usage": true },
        });
        let trouble = Trouble { status: Some(400), message: message.to_string(), ..Trouble::default() };
        let quirk = Quirk::learn(&trouble, &body);
        assert_eq!(quirk, expect, "{message}");
        if let Some(quirk) = quirk {
            quirk.apply(&mut body);
            assert_eq!(
                Quirk::learn(&trouble, &body).filter(|again| *again == quirk),
                None,
                "learned twice: {message}"
            );
        }
        for (key, value) in after.as_object().unwrap() {
            assert_eq!(body.get(key).unwrap_or(&Value::Null), value, "{message}: {key}");
        }
    }

    #[test]
    fn the_bound_of_a_limit_is_found_in_every_wording() {
        let words =
            |text: &str, expect: Option<u64>| assert_eq!(highest(&text.to_lowercase()), expect, "{text}");
        words(
            "`max_tokens` must be less than or equal to `4096`, the maximum value for `max_tokens` is less",
            Some(4096),
        );
        words("Invalid max_tokens value, the valid range of max_tokens is [1, 8192]", Some(8192));
        words("Range of max_tokens should be [1,2000]", Some(2000));
        words("max_tokens must be in the range 1-4096, or left out", Some(4096));
        words(
            "it has a maxOutputTokens value of 100000 but the supported range is from 1 (inclusive) to 65537 (exclusive).",
            Some(65536),
        );
        words("max_tokens: 9000 > 8192, which is the maximum", Some(8192));
        words("This model supports at most 16384 completion tokens", Some(16384));
        words("max_tokens is out of range", None);
        words("Unsupported parameter: 'max_tokens'", None);
    }

    #[test]
    fn a_refusal_takes_away_what_it_names_and_nothing_needed() {
        check(
            "Unrecognized request argument supplied: stream_options",
            Some(Quirk::Without("stream_options".to_string())),
            &json!({ "stream_options": null, "stream": true }),
        );
        check(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            Some(Quirk::LimitNamed("max_completion_tokens")),
            &json!({ "max_tokens": null, "max_completion_tokens": 9000 }),
        );
        check(
            "max_tokens: 9000 > 8192, which is the maximum allowed number of output tokens",
            Some(Quirk::LimitAt(8192)),
            &json!({ "max_tokens": 8192 }),
        );
        check(
            "system.0.cache_control: Extra inputs",
            Some(Quirk::NoCacheMarks),
            &json!({ "system": [{ "text": "x" }] }),
        );
        check("\"tiny\" does not support tools", Some(Quirk::NoTools), &json!({ "tools": null }));
        for refusal in [
            "Unknown parameter: 'tools'",
            "tools: Extra inputs are not permitted",
            "This model has no support: function calling is not enabled",
            "tool calling is unsupported by this server",
        ] {
            check(refusal, Some(Quirk::NoTools), &json!({ "tools": null, "stream": true }));
        }
        check("tools.0.function.strict: Extra inputs are not permitted", None, &json!({ "stream": true }));
        check("tools.0.function.parameters: schema is not valid JSON", None, &json!({ "stream": true }));
        check("unexpected tool_use_id in tool_result blocks", None, &json!({ "stream": true }));
        check("messages: text content blocks must be non-empty", None, &json!({ "stream": true }));
        check("the stream is full; model unknown", None, &json!({ "stream": true, "model": "m" }));
    }
}
