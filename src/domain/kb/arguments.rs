//! The arguments of a `propose_kb_edit` call, read leniently: models leave commas, fences and wrappers behind. It judges no content.

use serde_json::{Map, Value};

use super::Op;

/// One edit as the model wrote it; empty strings where it said nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposed {
    pub op: Op,
    pub section: String,
    pub text: String,
    pub supersedes: String,
    pub reason: String,
    pub quote: String,
}

/// Fields that name another file or carry a whole one; this tool takes neither.
const FOREIGN: &[&str] = &[
    "path",
    "file",
    "filename",
    "file_path",
    "filepath",
    "target",
    "content",
    "new_content",
    "contents",
    "full_text",
    "new_file",
    "patch",
    "diff",
    "document",
    "kb_md",
    "markdown",
];

/// Reads the edits of a call. Each edit that cannot be read, or the whole when it is no JSON, gives a sentence that says why.
pub fn read(arguments: &str) -> Vec<Result<Proposed, String>> {
    let value = match parse(arguments) {
        Some(value) => value,
        None => {
            return vec![Err("The arguments are not valid JSON, so nothing was proposed; call again with {\"edits\": [...]}.".into())];
        }
    };
    let edits = match value {
        Value::Array(edits) => edits,
        Value::Object(mut object) => {
            if let Some(field) = foreign(&object) {
                return vec![Err(refused_field(field))];
            }
            match object.remove("edits") {
                Some(Value::Array(edits)) => edits,
                Some(Value::String(inner)) => return read(&inner),
                Some(edit) => vec![edit],
                None => vec![Value::Object(object)],
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    if edits.is_empty() {
        return vec![Err("The call holds no edits; when there is nothing to propose, do not call.".into())];
    }
    edits.iter().map(proposed).collect()
}

fn refused_field(field: &str) -> String {
    format!("The tool edits single lines of KB.md and takes no \"{field}\"; propose each rule as one edit.")
}

fn foreign(object: &Map<String, Value>) -> Option<&'static str> {
    FOREIGN.iter().copied().find(|field| match object.get(*field) {
        None | Some(Value::Null) => false,
        Some(Value::String(path)) => {
            !path.is_empty() && !path.trim_start_matches("./").eq_ignore_ascii_case("KB.md")
        }
        Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => true,
    })
}

fn proposed(edit: &Value) -> Result<Proposed, String> {
    let Some(object) = edit.as_object() else {
        return Err(
            "An edit is not a JSON object; give op, section, text, supersedes, reason and quote.".into()
        );
    };
    if let Some(field) = foreign(object) {
        return Err(refused_field(field));
    }
    let field = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or("").trim().to_string();
    let op = match field("op").to_lowercase().as_str() {
        "add" => Op::Add,
        "replace" => Op::Replace,
        "remove" => Op::Remove,
        other => return Err(format!("The op \"{}\" is unknown; use add, replace or remove.", short(other))),
    };
    Ok(Proposed {
        op,
        section: field("section"),
        text: bare(&field("text")).to_string(),
        supersedes: field("supersedes"),
        reason: field("reason"),
        quote: field("quote"),
    })
}

/// The words without a list marker that the model copied along: KB.md's own marker is put before them.
fn bare(text: &str) -> &str {
    let rest =
        ["- [ ] ", "- [x] ", "- ", "* ", "+ ", "• "].iter().find_map(|marker| text.strip_prefix(marker));
    rest.unwrap_or(text).trim_start()
}

/// The first 40 characters, for messages.
pub fn short(text: &str) -> String {
    let mut cut: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
    if text.chars().nth(40).is_some() {
        cut.push('…');
    }
    cut
}

fn parse(arguments: &str) -> Option<Value> {
    let open = arguments.find(['{', '['])?;
    let close = arguments.rfind(['}', ']'])?;
    let body = arguments.get(open..close + 1)?;
    value(body).or_else(|| {
        // One edit a line, or words between them.
        let edits: Vec<Value> = objects(body).into_iter().filter_map(value).collect();
        (!edits.is_empty()).then_some(Value::Array(edits))
    })
}

fn value(json: &str) -> Option<Value> {
    serde_json::from_str(json).or_else(|_| serde_json::from_str(&without_trailing_commas(json))).ok()
}

/// The stretches from an opening brace to the one that closes it, outside strings.
fn objects(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut inside, mut escaped, mut depth, mut open) = (false, false, 0_usize, 0);
    for (at, c) in text.char_indices() {
        if inside {
            inside = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => inside = depth > 0,
            '{' => {
                if depth == 0 {
                    open = at;
                }
                depth += 1;
            }
            '}' if depth > 0 => {
                depth -= 1;
                found.extend(text.get(open..=at).filter(|_| depth == 0));
            }
            _ => {}
        }
    }
    found
}

/// Drops commas that stand before a closing bracket, outside strings.
fn without_trailing_commas(json: &str) -> String {
    let mut kept = String::with_capacity(json.len());
    let mut pending = String::new();
    let (mut inside, mut escaped) = (false, false);
    for c in json.chars() {
        if inside {
            kept.push(c);
            inside = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        if !pending.is_empty() && !c.is_whitespace() {
            let drop = matches!(c, '}' | ']');
            kept.push_str(if drop { "" } else { &pending });
            pending.clear();
        }
        match c {
            ',' => pending.push(c),
            other if !pending.is_empty() && other.is_whitespace() => pending.push(other),
            other => {
                inside = other == '"';
                kept.push(other);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_json_is_read() {
        let edit = r#"{"op":"add","section":null,"text":"Use tabs, always,","quote":"use tabs",}"#;
        for arguments in [
            format!("{{\"edits\":[{edit},]}}"),
            format!("[{edit}]"),
            edit.to_string(),
            format!("```json\n{{\"edits\": {edit} }}\n```"),
            format!("Here it is: {edit} (a brace {{ in \"words\")"),
        ] {
            let read = read(&arguments);
            assert_eq!(read.len(), 1, "{arguments}");
            assert_eq!(
                read[0].as_ref().map(|edit| edit.text.as_str()),
                Ok("Use tabs, always,"),
                "{arguments}"
            );
        }
    }

    #[test]
    fn one_edit_a_line_is_read() {
        let lines = concat!(
            "{\"op\":\"add\",\"text\":\"- Use {tabs}\",\"quote\":\"use {tabs}\"}\n",
            "and also\n{\"op\":\"remove\",\"supersedes\":\"a \\\"}\\\" b\",},\n"
        );
        let read = read(lines);
        assert_eq!(read.len(), 2, "{read:?}");
        assert_eq!(read[0].as_ref().map(|edit| edit.text.as_str()), Ok("Use {tabs}"));
        assert_eq!(read[1].as_ref().map(|edit| edit.supersedes.as_str()), Ok("a \"}\" b"));
    }

    #[test]
    fn other_shapes_are_refused_with_a_sentence() {
        for arguments in [
            "",
            "Use tabs",
            "{\"edits\":[",
            "{\"edits\":[]}",
            "{\"op\":\"rewrite\"}",
            "[1]",
            "{\"path\":\"a.md\",\"op\":\"add\"}",
        ] {
            assert!(read(arguments).iter().all(Result::is_err), "{arguments}");
        }
    }
}
