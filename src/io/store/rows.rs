//! An entry of the log as a row and back: its kind, its text, and the rest as JSON. It never fails on what a row holds.

use serde_json::{Map, Value, json};

use super::redact::Redactor;
use crate::base::text;
use crate::domain::attach::{Attachment, Content, Extent};
use crate::domain::chat::{Body, Level, Presence, Reply, ToolCall, ToolResult, Voice};
use crate::domain::exchange::{Failure, Outcome, StopReason, Usage};
use crate::domain::kb::origins::Origins;
use crate::domain::kb::{Origin, Span};
use crate::io::prompts::{self, Piece};
use crate::protocol::message::Anchor;

/// An entry as it is written.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row {
    pub kind: &'static str,
    pub text: String,
    /// JSON.
    pub more: String,
}

pub(super) const USER: &str = "user";
pub(super) const REPLY: &str = "reply";
const DIVIDER: &str = "divider";
const NOTICE: &str = "notice";
const DECISION: &str = "decision";
const COMPACTION: &str = "compaction";

/// The entry without secrets.
pub(super) fn row(body: &Body, redactor: &Redactor) -> Row {
    let row = |kind, text: &str, more: Value| Row { kind, text: redactor.text(text), more: more.to_string() };
    match body {
        Body::User { text, attached, origins } => {
            let mut fields = Map::new();
            if !attached.is_empty() {
                fields.insert("attached".to_string(), attached.iter().map(attached_value).collect());
            }
            if let Some(origins) = origins_value(text, origins, redactor) {
                fields.insert("origins".to_string(), origins);
            }
            row(USER, text, Value::Object(fields))
        }
        Body::Reply(reply) => row(REPLY, &reply.text, reply_value(reply, redactor)),
        Body::Divider { voice } => row(DIVIDER, "", json!({ "voice": voice_value(voice) })),
        Body::Notice { level, text } => row(NOTICE, text, json!({ "level": level_word(*level) })),
        Body::Decision { level, summary, diff } => {
            let more = json!({ "level": level_word(*level), "diff": redactor.text(diff) });
            row(DECISION, summary, more)
        }
        Body::Compaction { text, summary, kept, usage, model } => {
            let mut more = json!({ "summary": redactor.text(summary), "kept": kept });
            if let Some(fields) = more.as_object_mut().filter(|_| !model.is_empty()) {
                fields.insert("usage".to_string(), usage_value(*usage));
                fields.insert("model".to_string(), model.as_str().into());
            }
            row(COMPACTION, text, more)
        }
    }
}

/// What went along is kept by name and size: its contents may be large, or no longer true, when the session is gone on with.
fn attached_value(attached: &Attachment) -> Value {
    let extent = match attached.extent {
        Extent::Whole => Value::Null,
        Extent::Lines { first, last, of } => json!({ "first": first, "last": last, "of": of }),
        Extent::Listing { names } => json!({ "names": names }),
        Extent::Picture => json!({ "picture": true }),
    };
    json!({ "name": attached.name, "bytes": attached.bytes, "extent": extent, "left_out": attached.left_out })
}

fn attached(more: &Map<String, Value>) -> Vec<Attachment> {
    let kept = more.get("attached").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let one = |value: &Value| {
        let words =
            |name: &str| value.get(name).and_then(Value::as_str).map(text::one_line).unwrap_or_default();
        let extent = value.get("extent");
        let number = |name: &str| {
            let number = extent.and_then(|extent| extent.get(name)).and_then(Value::as_u64);
            number.and_then(|number| usize::try_from(number).ok())
        };
        let extent = match (number("first"), number("last"), number("of"), number("names")) {
            (Some(first), Some(last), Some(of), _) => Extent::Lines { first, last, of },
            (_, _, _, Some(names)) => Extent::Listing { names },
            _ if extent.is_some_and(|extent| extent.get("picture").is_some()) => Extent::Picture,
            _ => Extent::Whole,
        };
        let bytes = value.get("bytes").and_then(Value::as_u64).unwrap_or_default();
        Attachment { name: words("name"), extent, bytes, left_out: words("left_out"), content: Content::Gone }
    };
    kept.iter().map(one).filter(|attached| !attached.name.is_empty()).collect()
}

const TYPED: &str = "typed";
const PASTED: &str = "pasted";

/// Where the words of a message came from, as they are stored: with a secret that stands in two pieces left out of both.
fn origins_value(text: &str, origins: &Origins, redactor: &Redactor) -> Option<Value> {
    let stored = Origins::of(&redactor.spans(&origins.spans(text)?));
    let word = |origin: Origin| match origin {
        Origin::Typed => TYPED,
        // What is not typed counts as pasted when it comes back: it may not become a directive.
        Origin::Pasted | Origin::FileMention | Origin::Tool | Origin::Model | Origin::SlashExpansion => {
            PASTED
        }
    };
    Some(stored.pieces().iter().map(|(origin, length)| json!([word(*origin), length])).collect())
}

/// Origins as they were written; none where one of them is not known here.
fn origins(more: &Map<String, Value>) -> Origins {
    let one = |value: &Value| {
        let origin = match value.get(0)?.as_str()? {
            TYPED => Origin::Typed,
            PASTED => Origin::Pasted,
            _ => return None,
        };
        Some((origin, usize::try_from(value.get(1)?.as_u64()?).ok()?))
    };
    let written = more.get("origins").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let pieces: Option<Vec<_>> = written.iter().map(one).collect();
    Origins::new(pieces.unwrap_or_default().into_iter())
}

fn voice_value(voice: &Voice) -> Value {
    json!({ "name": voice.name, "color": voice.color })
}

fn usage_value(usage: Usage) -> Value {
    json!({ "input": usage.input, "output": usage.output, "cached": usage.cached, "written": usage.written })
}

/// What was used; nothing where nothing is kept of it.
fn usage(more: &Map<String, Value>) -> Usage {
    let count = |name: &str| more.get("usage").and_then(|usage| usage.get(name)).and_then(Value::as_u64);
    Usage {
        input: count("input"),
        output: count("output"),
        cached: count("cached"),
        written: count("written"),
    }
}

fn reply_value(reply: &Reply, redactor: &Redactor) -> Value {
    // Identifiers only look like secrets, and a call that lost its own could not be answered.
    let call = |call: &ToolCall| json!({ "id": call.id, "name": call.name, "arguments": redactor.text(&call.arguments) });
    let result = |result: &ToolResult| json!({ "id": result.id, "text": redactor.text(&result.text), "failed": result.failed });
    let mut outcome = reply.outcome.as_ref().map_or(Value::Null, outcome_value);
    redactor.value(&mut outcome);
    let mut value = json!({
        "voice": voice_value(&reply.voice),
        "model": reply.model,
        "provider": reply.provider,
        "kb": reply.kb,
        "thinking": redactor.text(&reply.thinking),
        "calls": reply.calls.iter().map(call).collect::<Vec<_>>(),
        "results": reply.results.iter().map(result).collect::<Vec<_>>(),
        "usage": usage_value(reply.usage),
        "outcome": outcome,
    });
    if let Some(fields) = value.as_object_mut().filter(|_| reply.version > 0) {
        fields.insert("version".to_string(), reply.version.into());
    }
    value
}

/// The name of the field that says how an entry takes part; what takes part as usual has none.
const PRESENCE: &str = "presence";
const OTHER_VERSION: &str = "other version";
const TAKEN_BACK: &str = "taken back";

/// How an entry takes part, as it is written.
pub(super) fn presence_word(presence: Presence) -> &'static str {
    match presence {
        Presence::Current => "",
        Presence::OtherVersion => OTHER_VERSION,
        Presence::TakenBack => TAKEN_BACK,
    }
}

/// How an entry takes part.
pub(super) fn presence(more: &str) -> Presence {
    // Hardly any has the field, so most are not read for it.
    if !more.contains(PRESENCE) {
        return Presence::Current;
    }
    let more: Map<String, Value> = serde_json::from_str(more).unwrap_or_default();
    match more.get(PRESENCE).and_then(Value::as_str) {
        Some(OTHER_VERSION) => Presence::OtherVersion,
        Some(TAKEN_BACK) => Presence::TakenBack,
        Some(_) | None => Presence::Current,
    }
}

fn outcome_value(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Complete(reason) => json!({ "complete": match reason {
            StopReason::EndTurn => "end",
            StopReason::ToolUse => "tool",
            StopReason::MaxTokens => "length",
            StopReason::Refusal => "refusal",
            StopReason::Other(words) => words,
        }}),
        Outcome::Truncated => json!({ "cut": true }),
        Outcome::Failed(failure) => json!({ "failed": failure.what, "next": failure.next }),
        Outcome::Cancelled => json!({ "stopped": true }),
    }
}

fn level_word(level: Level) -> &'static str {
    match level {
        Level::Info => "info",
        Level::Good => "good",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

/// The entry of a row; `None` for a kind that is not known. A file that others may have written is cleaned for the screen.
pub(super) fn body(kind: &str, words: String, more: &str) -> Option<Body> {
    let more: Map<String, Value> = serde_json::from_str(more).unwrap_or_default();
    let level = || match more.get("level").and_then(Value::as_str) {
        Some("good") => Level::Good,
        Some("warning") => Level::Warning,
        Some("error") => Level::Error,
        Some(_) | None => Level::Info,
    };
    Some(match kind {
        USER => {
            Body::User { text: text::sanitise(&words), attached: attached(&more), origins: origins(&more) }
        }
        REPLY => Body::Reply(Box::new(reply(words, &more))),
        DIVIDER => Body::Divider { voice: voice(&more) },
        NOTICE => Body::Notice { level: level(), text: words },
        COMPACTION => Body::Compaction {
            text: words,
            summary: string(&more, "summary"),
            kept: more
                .get("kept")
                .and_then(Value::as_u64)
                .and_then(|kept| usize::try_from(kept).ok())
                .unwrap_or(1),
            usage: usage(&more),
            model: string(&more, "model"),
        },
        DECISION => Body::Decision { level: level(), summary: words, diff: string(&more, "diff") },
        _ => return None,
    })
}

fn string(fields: &Map<String, Value>, name: &str) -> String {
    fields.get(name).and_then(Value::as_str).unwrap_or_default().to_string()
}

fn voice(more: &Map<String, Value>) -> Voice {
    match more.get("voice") {
        Some(Value::Object(voice)) => Voice { name: string(voice, "name"), color: string(voice, "color") },
        Some(_) | None => Voice::default(),
    }
}

/// A reply without an outcome was cut when dictum ended.
fn reply(words: String, more: &Map<String, Value>) -> Reply {
    let objects = |name: &str| {
        let items = more.get(name).and_then(Value::as_array).cloned().unwrap_or_default();
        items.into_iter().filter_map(|item| match item {
            Value::Object(fields) => Some(fields),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
        })
    };
    let call = |fields: Map<String, Value>| ToolCall {
        id: string(&fields, "id"),
        name: string(&fields, "name"),
        arguments: string(&fields, "arguments"),
    };
    let result = |fields: Map<String, Value>| ToolResult {
        id: string(&fields, "id"),
        text: string(&fields, "text"),
        failed: fields.get("failed").and_then(Value::as_bool).unwrap_or_default(),
    };
    Reply {
        voice: voice(more),
        text: words,
        thinking: string(more, "thinking"),
        calls: objects("calls").map(call).collect(),
        results: objects("results").map(result).collect(),
        outcome: Some(outcome(more.get("outcome"))),
        usage: usage(more),
        model: string(more, "model"),
        provider: string(more, "provider"),
        kb: string(more, "kb"),
        // What only its maker can read cannot be looked through for secrets, so it is not stored; a model answers without it.
        opaque: Vec::new(),
        version: more
            .get("version")
            .and_then(Value::as_u64)
            .and_then(|at| u32::try_from(at).ok())
            .unwrap_or(0),
    }
}

/// Whether a reply has no end yet.
pub(super) fn is_open(more: &str) -> bool {
    let more: Map<String, Value> = serde_json::from_str(more).unwrap_or_default();
    !more.get("outcome").is_some_and(Value::is_object)
}

/// The end of a reply in a copy that was made while another dictum still wrote it.
pub(super) fn still_written() -> Outcome {
    Outcome::Failed(Failure::new(
        "Not whole: another dictum was still writing this reply.",
        "What had come by then is here; say \u{201c}continue\u{201d} for the rest.",
    ))
}

fn outcome(value: Option<&Value>) -> Outcome {
    let Some(Value::Object(fields)) = value else {
        return Outcome::Failed(Failure::new(
            "Cut: dictum ended before this reply did.",
            "What had come by then is here; say \u{201c}continue\u{201d} for the rest.",
        ));
    };
    if fields.contains_key("failed") {
        return Outcome::Failed(Failure::new(string(fields, "failed"), string(fields, "next")));
    }
    if fields.contains_key("stopped") {
        return Outcome::Cancelled;
    }
    match fields.get("complete").and_then(Value::as_str) {
        None => Outcome::Truncated,
        Some("end") => Outcome::Complete(StopReason::EndTurn),
        Some("tool") => Outcome::Complete(StopReason::ToolUse),
        Some("length") => Outcome::Complete(StopReason::MaxTokens),
        Some("refusal") => Outcome::Complete(StopReason::Refusal),
        Some(words) => Outcome::Complete(StopReason::Other(words.to_string())),
    }
}

/// A draft as it is written.
pub(super) fn draft_text(draft: &[Span], redactor: &Redactor) -> String {
    serde_json::to_string(&prompts::pieces(&redactor.spans(draft))).unwrap_or_default()
}

/// A draft as it was written; empty when it is none.
pub(super) fn draft(text: &str) -> Vec<Span> {
    prompts::spans(serde_json::from_str::<Vec<Piece>>(text).unwrap_or_default())
}

/// The rules of a session as they are written.
pub(super) fn rules_text(rules: &[String], redactor: &Redactor) -> String {
    let clean: Vec<String> = rules.iter().map(|rule| redactor.text(rule)).collect();
    serde_json::to_string(&clean).unwrap_or_default()
}

/// Rules as they were written; none when they are none.
pub(super) fn rules(written: &str) -> Vec<String> {
    let rules: Vec<String> = serde_json::from_str(written).unwrap_or_default();
    rules.iter().map(|rule| text::one_line(rule)).collect()
}

/// A place in the conversation as it is written; empty for its end.
pub(super) fn scroll_text(scroll: Option<Anchor>) -> String {
    scroll.map_or_else(String::new, |at| {
        format!("{} {} {} {} {}", at.entry, at.part, at.line, at.width, at.letters)
    })
}

/// A place as it was written.
pub(super) fn scroll(text: &str) -> Option<Anchor> {
    let mut numbers = text.split(' ').map(|number| number.parse::<usize>().ok());
    let mut next = || numbers.next().flatten();
    let (entry, part, line) = (next()?, next()?, next()?);
    let width = u16::try_from(next()?).ok()?;
    Some(Anchor { entry, part, line, width, letters: next()? })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::kb::joined;
    use crate::io::providers::Keys;

    /// Entries of every kind and end.
    fn bodies() -> Vec<Body> {
        let failure = Failure::new("No.", "Try again.");
        let outcomes = [
            Outcome::Complete(StopReason::EndTurn),
            Outcome::Complete(StopReason::ToolUse),
            Outcome::Complete(StopReason::MaxTokens),
            Outcome::Complete(StopReason::Refusal),
            Outcome::Complete(StopReason::Other("pause".into())),
            Outcome::Truncated,
            Outcome::Failed(failure),
            Outcome::Cancelled,
        ];
        let voice = Voice { name: "reviewer".into(), color: "yellow".into() };
        let reply = |outcome| {
            Body::Reply(Box::new(Reply {
                voice: voice.clone(),
                text: "Some\ntext.".into(),
                thinking: "Hm.".into(),
                calls: vec![ToolCall { id: "c".into(), name: "t".into(), arguments: "{}".into() }],
                results: vec![ToolResult { id: "c".into(), text: "ok".into(), failed: true }],
                outcome: Some(outcome),
                usage: Usage { input: Some(3), output: None, cached: Some(1), written: Some(2) },
                model: "m".into(),
                provider: "p".into(),
                kb: "1a2b3c4d".into(),
                version: 2,
                opaque: Vec::new(),
            }))
        };
        let mut all: Vec<Body> = outcomes.into_iter().map(reply).collect();
        all.push(Body::User {
            text: "hello\nthere".into(),
            attached: Vec::new(),
            origins: Origins::default(),
        });
        let extents = [
            Extent::Whole,
            Extent::Lines { first: 10, last: 40, of: 120 },
            Extent::Listing { names: 3 },
            Extent::Picture,
        ];
        let attached = extents.map(|extent| Attachment {
            name: "src/a.ts".into(),
            extent,
            bytes: 1_229,
            left_out: "lines 41-120".into(),
            content: Content::Gone,
        });
        all.push(Body::User {
            text: "look".into(),
            attached: attached.to_vec(),
            origins: Origins::default(),
        });
        let message = [Span::typed("see "), Span::pasted("ein Löwe")];
        let text = joined(&message);
        all.push(Body::User { text, attached: Vec::new(), origins: Origins::of(&message) });
        all.push(Body::Divider { voice: voice.clone() });
        let used = Usage { input: Some(9), ..Usage::default() };
        for (usage, model) in [(Usage::default(), ""), (Usage::default(), "m"), (used, "m")] {
            let (text, summary) = ("told".into(), "in short".into());
            all.push(Body::Compaction { text, summary, kept: 2, usage, model: model.into() });
        }
        for level in [Level::Info, Level::Good, Level::Warning, Level::Error] {
            all.push(Body::Notice { level, text: "note".into() });
            all.push(Body::Decision { level, summary: "done".into(), diff: "+ a".into() });
        }
        all
    }

    #[test]
    fn every_entry_comes_back_as_it_was() {
        let redactor = Redactor::new(Arc::new(Keys::default()));
        for before in bodies() {
            let row = row(&before, &redactor);
            assert_eq!(body(row.kind, row.text, &row.more), Some(before));
        }
    }

    #[test]
    fn contents_of_what_went_along_are_not_kept() {
        let attached = Attachment {
            name: "a.ts".into(),
            extent: Extent::Whole,
            bytes: 7,
            left_out: String::new(),
            content: Content::Text("const a".into()),
        };
        let said = Body::User { text: "look".into(), attached: vec![attached], origins: Origins::default() };
        let row = row(&said, &Redactor::new(Arc::new(Keys::default())));
        assert!(!row.more.contains("const a"), "{}", row.more);
    }

    #[test]
    fn origins_are_those_of_the_text_without_its_secrets() {
        let message = [
            Span::typed("use sk-ant-"),
            Span::pasted("api03-abcdefghijklmnop"),
            Span::pasted(" here"),
            Span::typed(" with @a.ts"),
        ];
        let text = joined(&message);
        let said = Body::User { text, attached: Vec::new(), origins: Origins::of(&message) };
        let row = row(&said, &Redactor::new(Arc::new(Keys::default())));
        let Some(Body::User { text, origins, .. }) = body(row.kind, row.text, &row.more) else {
            panic!("no message")
        };
        let left = Span::typed(format!("use {}", prompts::LEFT_OUT));
        assert_eq!(origins.spans(&text), Some(vec![left, Span::pasted(" here"), Span::typed(" with @a.ts")]));
    }

    #[test]
    fn origins_that_are_not_known_here_are_none() {
        for more in [
            r#"{"origins":[["typed",2],["dreamt",2]]}"#,
            r#"{"origins":[["typed",-1]]}"#,
            r#"{"origins":[["typed"]]}"#,
            r#"{"origins":"typed"}"#,
        ] {
            let Some(Body::User { origins, .. }) = body(USER, "abcd".into(), more) else { panic!("{more}") };
            assert_eq!(origins, Origins::default(), "{more}");
        }
    }

    #[test]
    fn what_is_no_row_of_ours_harms_nothing() {
        assert_eq!(body("later", String::new(), "{}"), None);
        let Some(Body::Reply(reply)) = body(REPLY, "half".into(), "[nonsense") else { panic!("no reply") };
        assert_eq!(reply.text, "half");
        assert!(matches!(&reply.outcome, Some(Outcome::Failed(failure)) if failure.what.starts_with("Cut")));
        assert_eq!(
            body(USER, "a\u{1b}[31mb".into(), ""),
            Some(Body::User { text: "ab".into(), attached: Vec::new(), origins: Origins::default() })
        );
        assert_eq!(draft("no"), Vec::<Span>::new());
        assert_eq!(scroll("1 2"), None);
        let anchor = Anchor { entry: 1, part: 2, line: 3, width: 80, letters: 5 };
        assert_eq!(scroll(&scroll_text(Some(anchor))), Some(anchor));
    }
}
