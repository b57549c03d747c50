//! What is told of one message, as JSON events, one on a line. No control or invisible character stands in a line as it is: each is
//! escaped, so that the words are whole and no terminal obeys them.

use serde_json::{Value, json};

use super::{End, News};
use crate::base::text;
use crate::domain::attach::{Attachment, Extent};
use crate::domain::chat::Level;
use crate::domain::kb::proposal::Proposal;
use crate::domain::kb::warnings::Warning;
use crate::domain::session::SessionId;

/// The event of some news.
pub fn event(news: &News) -> String {
    line(&match news {
        News::Start { persona, provider, model, kb } => json!({
            "type": "start", "persona": persona, "provider": provider, "model": model,
            "kb": (!kb.is_empty()).then_some(kb),
        }),
        News::Text(text) => json!({"type": "text", "text": text}),
        News::Thinking(text) => json!({"type": "thinking", "text": text}),
        News::Usage(usage) => json!({
            "type": "usage", "input": usage.input, "output": usage.output, "cached": usage.cached, "written": usage.written,
        }),
        News::Retry { attempt, seconds, cause } => {
            json!({"type": "retry", "attempt": attempt, "seconds": seconds, "cause": cause})
        }
        News::Silence(seconds) => json!({"type": "waiting", "seconds": seconds}),
        News::Notice(level, text) => json!({"type": "notice", "level": word(*level), "text": text}),
        News::Attached(one) => attached(one),
        News::Failed { what, next } => json!({"type": "failed", "what": what, "next": next}),
    })
}

fn attached(one: &Attachment) -> Value {
    let (first, last, of) = match one.extent {
        Extent::Lines { first, last, of } => (Some(first), Some(last), Some(of)),
        Extent::Whole | Extent::Listing { .. } | Extent::Picture => (None, None, None),
    };
    json!({
        "type": "attached", "name": one.name, "bytes": one.bytes, "first": first, "last": last, "of": of,
        "left_out": (!one.left_out.is_empty()).then_some(&one.left_out),
    })
}

/// The event of an edit of KB.md that was not made; `patch` is the one of all edits.
pub fn proposal(proposal: &Proposal, patch: Option<&str>) -> String {
    let edit = &proposal.edit;
    let old = edit.supersedes.as_ref().map(|old| json!({"line": old.line, "text": old.text}));
    line(&json!({
        "type": "proposal",
        "op": edit.op.word(),
        "text": edit.text,
        "supersedes": old,
        "section": edit.section,
        "because": proposal.candidate.reasons,
        "quote": proposal.candidate.quote,
        "warnings": proposal.warnings.iter().map(Warning::sentence).collect::<Vec<_>>(),
        "patch": patch,
    }))
}

/// The last event; `code` is the exit code.
pub fn end(end: End, code: u8, session: Option<SessionId>) -> String {
    line(&json!({"type": "end", "outcome": end.word(), "code": code, "session": session.map(|id| id.0)}))
}

fn word(level: Level) -> &'static str {
    match level {
        Level::Info => "info",
        Level::Good => "good",
        Level::Warning => "warning",
        Level::Error => "error",
    }
}

/// Outside of strings JSON holds no such character, so each can be escaped where it stands.
fn line(value: &Value) -> String {
    let plain = value.to_string();
    let mut out = String::with_capacity(plain.len() + 1);
    for letter in plain.chars() {
        if letter.is_control() || text::is_hidden(letter) {
            let mut units = [0; 2];
            out.extend(letter.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(letter);
        }
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a30_no_control_character_stands_in_a_line_and_none_is_lost() {
        let hostile = "\u{1b}]52;c;x\u{7}\u{9b}2J\u{202e}\u{e0041}\u{7f} \u{fc} \u{1f600}\n";
        let event = event(&News::Text(hostile.to_string()));
        assert!(event.trim_end_matches('\n').chars().all(|letter| !letter.is_control()), "{event:?}");
        assert!(!event.contains(['\u{202e}', '\u{e0041}']) && event.contains("\u{fc} \u{1f600}"));
        let read: Value = serde_json::from_str(&event).unwrap();
        assert_eq!(read["text"], hostile);
    }
}
