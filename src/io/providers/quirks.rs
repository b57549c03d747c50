//! What a server turned out not to take, learned from its own refusal and left out from then on. It never gives up a parameter
//! without which a request means nothing.

use serde_json::{Value, json};

use super::trouble::Trouble;

/// Parameters that no refusal can take away.
const NEEDED: &[&str] =
    &["model", "messages", "system", "tools", "stream", "max_tokens", "max_completion_tokens"];
const LIMITS: &[&str] = &["max_completion_tokens", "max_tokens"];

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
}

impl Quirk {
    /// What the refusal teaches, if it names something in `body` that can be changed.
    pub fn learn(trouble: &Trouble, body: &Value) -> Option<Self> {
        if !matches!(trouble.status, Some(400 | 404 | 422 | 500)) || trouble.overflows() {
            return None;
        }
        let words = format!("{} {}", trouble.param, trouble.message);
        let has = |key: &str| body.get(key).is_some();
        if has("tools") && refuses_tools(&words.to_lowercase()) {
            return Some(Self::NoTools);
        }
        if !matches!(trouble.status, Some(400 | 422)) {
            return None;
        }
        if words.contains("cache_control") && body.to_string().contains("\"cache_control\"") {
            return Some(Self::NoCacheMarks);
        }
        if let Some(sent) = LIMITS.iter().find(|key| has(key))
            && LIMITS.iter().any(|key| names(&words, key))
        {
            let asked = body.get(*sent).and_then(Value::as_u64).unwrap_or_default();
            return match highest(&words) {
                Some(limit) if limit > 0 && limit < asked => Some(Self::LimitAt(limit)),
                Some(_) | None => LIMITS.iter().find(|key| *key != sent).map(|other| Self::LimitNamed(other)),
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
                if let Some(limit) = LIMITS.iter().find_map(|key| fields.shift_remove(*key)) {
                    fields.insert((*name).to_string(), limit);
                }
            }
            Self::LimitAt(limit) => {
                for key in LIMITS {
                    if let Some(value) = fields.get_mut(*key)
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
        }
    }
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
    PHRASES.iter().any(|phrase| message.contains(phrase))
        || (of_tools && NO.iter().any(|no| message.contains(no)))
}

/// Whether `message` holds `key` as a word of its own.
fn names(message: &str, key: &str) -> bool {
    message.split(|sign: char| !sign.is_ascii_alphanumeric() && sign != '_').any(|word| word == key)
}

/// The bound that a message states: `... > 8192, which is the maximum`, `supports at most 16384`.
fn highest(message: &str) -> Option<u64> {
    ["> ", "at most ", "<= "].iter().find_map(|lead| {
        let rest = message.get(message.find(lead)? + lead.len()..)?;
        let end = rest.find(|sign: char| !sign.is_ascii_digit()).unwrap_or(rest.len());
        rest.get(..end)?.parse().ok()
    })
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
        check("tools.0.function.parameters: schema is not valid JSON", None, &json!({ "stream": true }));
        check("unexpected tool_use_id in tool_result blocks", None, &json!({ "stream": true }));
        check("messages: text content blocks must be non-empty", None, &json!({ "stream": true }));
        check("the stream is full; model unknown", None, &json!({ "stream": true, "model": "m" }));
    }
}
