//! `dictum kb`: show the directives of a KB.md, and detect directives in messages. It never writes KB.md; the review does.

pub mod apply;
pub mod change;
pub mod check;
pub mod desk;
pub mod history;
pub mod init;
pub mod merge;
pub mod review;

use std::io::{BufRead, Write};

use anyhow::Context;
use serde_json::{Value, json};

use crate::domain::kb::detect::Detector;
use crate::domain::kb::document::Document;
use crate::domain::kb::edit;
use crate::domain::kb::reconcile::Reconciler;
use crate::domain::kb::{Band, Candidate, Edit, Span, Verdict};

pub use super::Form;

/// Lists the directives of a KB.md with line and section.
pub fn show(kb: &Document, form: Form) -> String {
    match form {
        Form::Text => as_text(kb),
        Form::Json => {
            let rows: Vec<Value> = kb
                .entries
                .iter()
                .map(|entry| json!({"line": entry.line, "section": kb.heading_of(entry), "text": entry.text}))
                .collect();
            format!("{:#}\n", Value::Array(rows))
        }
    }
}

fn as_text(kb: &Document) -> String {
    if kb.entries.is_empty() {
        return "KB.md holds no directives.\n".to_string();
    }
    let width = kb.entries.last().map_or(1, |entry| entry.line.to_string().len());
    let mut text = String::new();
    let mut section = None;
    for entry in &kb.entries {
        if entry.section != section
            && let Some(heading) = kb.heading_of(entry)
        {
            text.push_str(&format!("{heading}\n"));
        }
        section = entry.section;
        text.push_str(&format!("{:>width$}  {}\n", entry.line, entry.text));
    }
    text
}

/// Reads `{"id","message","kb"}` lines and answers each with `{"id","durable","proposals","kb_after"}`, found offline by rules alone. A
/// line that cannot be read is answered with `{"id","error"}`, and the rest goes on.
pub fn detect_jsonl(input: impl BufRead, mut output: impl Write) -> anyhow::Result<()> {
    let (detector, reconciler) = (Detector::new(), Reconciler::new());
    for line in input.split(b'\n') {
        let line = line.context("the input cannot be read any further")?;
        let line = String::from_utf8_lossy(&line);
        if line.trim().is_empty() {
            continue;
        }
        let answer = answer(&detector, &reconciler, line.trim());
        writeln!(output, "{answer}").context("the output cannot be written any further")?;
    }
    output.flush().context("the output cannot be written any further")
}

fn answer(detector: &Detector, reconciler: &Reconciler, line: &str) -> Value {
    let case: Value = match serde_json::from_str(line) {
        Ok(case) => case,
        Err(error) => {
            return json!({"id": null, "error": format!("the line is not JSON ({error}); skip or mend it")});
        }
    };
    let id = case.get("id").cloned().unwrap_or(Value::Null);
    let Some(message) = case.get("message").and_then(Value::as_str) else {
        return json!({"id": id, "error": "the line has no \"message\" text; add one"});
    };
    let kb = case.get("kb").and_then(Value::as_str).unwrap_or("");
    let document = Document::parse(kb);
    let strong: Vec<Candidate> = reconciler
        .heard(detector, &[Span::typed(message)], &document)
        .into_iter()
        .filter(|candidate| candidate.band == Band::Strong)
        .collect();
    let edits: Vec<Edit> = reconciler
        .reconcile_all(&document, &strong)
        .into_iter()
        .filter_map(|verdict| match verdict {
            Verdict::Change(edit) => Some(edit),
            Verdict::Known(_) | Verdict::NoSuchRule => None,
        })
        .collect();
    let mut answer = json!({
        "id": id,
        "durable": !strong.is_empty(),
        "proposals": edits.iter().map(proposal).collect::<Vec<_>>(),
        "kb_after": null,
    });
    if !edits.is_empty() {
        match edit::apply(kb, &edits) {
            Ok(after) => answer["kb_after"] = json!(after),
            Err(error) => answer["error"] = json!(error.to_string()),
        }
    }
    answer
}

fn proposal(edit: &Edit) -> Value {
    json!({
        "op": edit.op.word(),
        "text": edit.text,
        "supersedes": edit.supersedes.as_ref().map(|old| &old.text),
        "section": edit.section,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_listed_with_line_and_section() {
        let kb = Document::parse("# KB\n\n## Stack\n- Package manager: npm\n\n## Tests\n- Run them\n");
        assert_eq!(show(&kb, Form::Text), "Stack\n4  Package manager: npm\nTests\n7  Run them\n");
        let rows: Value = serde_json::from_str(&show(&kb, Form::Json)).expect("valid JSON");
        assert_eq!(rows[1], json!({"line": 7, "section": "Tests", "text": "Run them"}));
    }

    #[test]
    fn a_bad_line_is_answered_and_the_rest_goes_on() {
        let input = b"{\"id\":1,\"message\":\"hello\",\"kb\":\"\"}\nnot json\n{\"id\":3}\n\n{\"id\":4,\"message\":\"hi\"}\n";
        let mut output = Vec::new();
        detect_jsonl(&input[..], &mut output).expect("memory never fails");
        let rows: Vec<Value> = String::from_utf8(output)
            .expect("UTF-8")
            .lines()
            .map(|l| serde_json::from_str(l).expect("JSON"))
            .collect();
        assert_eq!(rows.len(), 4);
        assert!(rows[1]["error"].is_string() && rows[2]["id"] == 3 && rows[2]["error"].is_string());
        assert!(rows[3]["proposals"].is_array());
    }
}
