//! `dictum kb check`: prints what is wrong with KB.md, for people, for programs and for CI. What it mends goes through the review.

use std::io;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use super::Form;
use super::desk;
use super::review::write;
use crate::base::text;
use crate::domain::kb::check::{self, Finding};
use crate::domain::kb::document::Document;
use crate::domain::kb::facts::Tables;
use crate::domain::kb::journal::How;
use crate::domain::kb::proposal::{self, Proposal, Source};
use crate::domain::kb::state::{FILE_NAME, KbState, LIMIT, Snapshot};
use crate::domain::kb::warnings::Alarms;
use crate::domain::kb::{Candidate, Op};
use crate::io::{ground, kbfile};

/// The exit code for a KB.md that cannot be read.
const UNREADABLE: u8 = 2;

/// What is done with what is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// It is printed.
    Print(Form),
    /// It is printed, and what can be mended is offered as edits.
    Offer,
}

/// Checks the KB.md of a folder. 0: nothing is wrong; 1: something is; 2: it cannot be read.
pub fn run(directory: &Path, then: Then) -> Result<u8> {
    let kb = kbfile::read(directory, LIMIT);
    let Some(findings) = look(directory, &kb) else {
        let why = kb.explanation();
        let why = why
            .unwrap_or_else(|| "there is no KB.md in this folder, so there is nothing to check".to_string());
        eprintln!("dictum: {}", text::one_line(&why));
        return Ok(UNREADABLE);
    };
    let form = match then {
        Then::Print(form) => form,
        Then::Offer => Form::Text,
    };
    write(&mut io::stdout().lock(), &report(&findings, form))?;
    let fixes = check::fixes(&findings);
    if then == Then::Offer && !fixes.is_empty() {
        let alarms = Alarms::new();
        let proposals = fixes.into_iter().zip(1..).map(|((finding, edit), id)| {
            Proposal::new(
                id,
                candidate(finding, edit.op, &edit.text),
                edit.clone(),
                Source::Remembered,
                &alarms,
            )
        });
        let proposals = proposals.collect();
        let outcome = desk::review_here(directory, proposals, How::Check, &kb)?;
        if outcome.written > 0 {
            let left = look(directory, &kbfile::read(directory, LIMIT)).unwrap_or_default();
            write(&mut io::stdout().lock(), &format!("\n{}", summary(&left)))?;
            return Ok(u8::from(!left.is_empty()));
        }
    }
    Ok(u8::from(!findings.is_empty()))
}

/// What is wrong with this KB.md; `None` when it cannot be read.
fn look(directory: &Path, kb: &Snapshot) -> Option<Vec<Finding>> {
    let document = Document::parse(kb.text()?);
    let empty = matches!(kb.state, KbState::Empty { .. });
    let paths = if empty { Vec::new() } else { check::named_paths(&document) };
    Some(check::check(&Tables::new(), &document, &ground::read(directory, &paths)))
}

/// A finding is no one's words; what speaks for the edit is the finding itself.
fn candidate(finding: &Finding, op: Op, words: &str) -> Candidate {
    Candidate {
        quote: String::new(),
        text: words.to_string(),
        revokes: op == Op::Remove,
        reasons: vec![format!("{}: {}", finding.kind.word(), finding.sentence)],
        ..proposal::remembered("")
    }
}

/// The findings as a compiler would print them, or as JSON.
fn report(findings: &[Finding], form: Form) -> String {
    match form {
        Form::Text => {
            let rows = findings.iter().map(|finding| {
                let said =
                    format!("{FILE_NAME}:{}: {}: {}", finding.line, finding.kind.word(), finding.sentence);
                text::one_line(&said) + "\n"
            });
            rows.collect::<String>() + &summary(findings)
        }
        Form::Json => {
            let rows = findings.iter().map(|finding| {
                json!({
                    "file": FILE_NAME,
                    "line": finding.line,
                    "kind": finding.kind.word(),
                    "message": text::one_line(&finding.sentence),
                    "fix": finding.fix.as_ref().map(|edit| json!({"op": edit.op.word(), "text": text::one_line(&edit.text)})),
                })
            });
            format!("{:#}\n", Value::Array(rows.collect()))
        }
    }
}

fn summary(findings: &[Finding]) -> String {
    let fixable = check::fixes(findings).len();
    let count =
        |number: usize| if number == 1 { "1 finding".to_string() } else { format!("{number} findings") };
    match (findings.len(), fixable) {
        (0, _) => "KB.md: nothing to report\n".to_string(),
        (found, 0) => format!("KB.md: {}\n", count(found)),
        (found, fixable) => {
            format!("KB.md: {}; `dictum kb check --fix` offers to mend {fixable}\n", count(found))
        }
    }
}
