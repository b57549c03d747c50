//! What an error says, found in whatever it is wrapped in. It never shows JSON.

use serde_json::Value;

use super::trouble::plain;
use super::wire::{at, list};

/// So many layers of an error are looked through.
const DEEPEST: usize = 8;

/// What an error says, however it is wrapped: bare text, an object that names it, or a list of such, as FastAPI writes them. Of a
/// parameter of the request the name stands before it.
pub fn words(error: &Value) -> String {
    within(error, DEEPEST)
}

fn within(value: &Value, depth: usize) -> String {
    let Some(depth) = depth.checked_sub(1) else { return String::new() };
    match value {
        Value::String(text) => told_in(text, depth).unwrap_or_else(|| plain(text)),
        Value::Array(items) => {
            let mut all: Vec<String> = Vec::new();
            for told in items.iter().map(|item| within(item, depth)).filter(|told| !told.is_empty()) {
                if !all.contains(&told) {
                    all.push(told);
                }
            }
            plain(&all.join("; "))
        }
        Value::Object(_) => {
            let raw = at(value, &["metadata", "raw"]);
            let named = ["message", "detail", "msg", "errors", "error"].map(|name| at(value, &[name]));
            let told = raw.into_iter().chain(named.into_iter().flatten()).map(|told| within(told, depth));
            let told = told.into_iter().find(|told| !told.is_empty()).unwrap_or_default();
            match location(value) {
                place if place.is_empty() || told.is_empty() => told,
                place => plain(&format!("{place}: {told}")),
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

/// What an error says that is itself JSON in a text.
fn told_in(text: &str, depth: usize) -> Option<String> {
    let inner: Value = serde_json::from_str(text.trim()).ok().filter(Value::is_object)?;
    Some(within(&inner, depth)).filter(|told| !told.is_empty())
}

/// The part of the request that a complaint is about, such as `tools.0.name`.
fn location(complaint: &Value) -> String {
    let parts = list(complaint, &["loc"]).iter().map(|part| match part {
        Value::String(name) => plain(name),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    });
    let parts: Vec<String> = parts.skip_while(|part| part == "body").collect();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use crate::io::providers::trouble::read_body;

    #[test]
    fn an_error_is_found_in_every_wrapping() {
        let check = |body: &str, expect: &str| assert_eq!(read_body(400, body).message, expect, "{body}");
        check(r#"{"errors":[{"message":"Authentication error"}]}"#, "Authentication error");
        check(r#"{"error":[{"message":"bad"},"worse","bad"]}"#, "bad; worse");
        check(r#"{"error":{"message":{"code":3,"message":"deep"}}}"#, "deep");
        check(r#"{"error":{"code":"x"},"message":"beside"}"#, "beside");
        check(r#"{"error":{"message":"outer","metadata":{"raw":"inner"}}}"#, "inner");
        check(r#"[{"error":{"message":"in a list"}}]"#, "in a list");
        check(r#"{"detail":[{"loc":["body","n",0],"msg":"wrong"},{"msg":"more"}]}"#, "n.0: wrong; more");
        check(
            r#"{"error":{"error":{"error":{"error":{"error":{"error":{"error":{"error":{"error":"x"}}}}}}}}}"#,
            "",
        );
    }
}
