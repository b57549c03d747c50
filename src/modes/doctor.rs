//! `dictum doctor`: what works here, what does not, and what to do about it, a line each. It changes nothing, and shows no key.

mod machine;
mod project;
mod providers;

use std::path::Path;

use anyhow::Result;
use serde_json::json;

use super::{Form, conversation, print};
use crate::base::text;
use crate::cli::{DoctorArguments, Invocation};
use crate::io::config;

/// Whether something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    Good,
    /// It works without, or may be meant so.
    Note,
    Broken,
}

impl Health {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Note => "note",
            Self::Broken => "broken",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub area: &'static str,
    pub health: Health,
    pub what: String,
    /// What to do; empty when there is nothing to do.
    pub next: String,
}

impl Finding {
    fn good(area: &'static str, what: impl Into<String>) -> Self {
        Self { area, health: Health::Good, what: what.into(), next: String::new() }
    }

    fn note(area: &'static str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { area, health: Health::Note, what: what.into(), next: next.into() }
    }

    fn broken(area: &'static str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self { area, health: Health::Broken, what: what.into(), next: next.into() }
    }
}

/// Looks at everything; gives exit code 1 when something is broken.
pub fn run(invocation: &Invocation, arguments: &DoctorArguments, directory: &Path) -> Result<u8> {
    let loaded = config::load(&invocation.values(), directory);
    let mut findings = machine::terminal();
    findings.extend(project::configuration(&loaded));
    findings.extend(providers::keys(&loaded));
    findings.extend(machine::network(&loaded));
    let runtime = conversation::threads()?;
    findings.extend(runtime.block_on(providers::reached(&loaded, arguments.online.into())));
    findings.extend(project::knowledge(directory, loaded.settings.kb_limit_bytes));
    findings.extend(project::personas(directory));
    findings.extend(project::state());
    let keys = &loaded.keys;
    for finding in &mut findings {
        // Words of servers and names of files are among them.
        finding.what = keys.redact(&text::one_line(&finding.what));
        finding.next = keys.redact(&text::one_line(&finding.next));
    }
    print(&told(&findings, arguments.json.into()))?;
    Ok(u8::from(findings.iter().any(|finding| finding.health == Health::Broken)))
}

fn told(findings: &[Finding], form: Form) -> String {
    let count = |health: Health| findings.iter().filter(|finding| finding.health == health).count();
    let (broken, notes) = (count(Health::Broken), count(Health::Note));
    match form {
        Form::Json => {
            let row = |finding: &Finding| {
                json!({
                    "area": finding.area,
                    "state": finding.health.word(),
                    "what": finding.what,
                    "next": finding.next,
                })
            };
            let all: Vec<_> = findings.iter().map(row).collect();
            format!("{:#}\n", json!({ "broken": broken, "notes": notes, "findings": all }))
        }
        Form::Text => {
            let row = |finding: &Finding| {
                let next = if finding.next.is_empty() { String::new() } else { format!(" {}", finding.next) };
                format!("{:<7} {:<11} {}{next}\n", finding.health.word(), finding.area, finding.what)
            };
            let all: String = findings.iter().map(row).collect();
            let end = match (broken, notes) {
                (0, 0) => "Everything is as it should be.".to_string(),
                (0, notes) => format!("Nothing is broken; notes: {notes}."),
                (broken, _) => format!("Broken: {broken}; what to do stands behind each."),
            };
            format!("{all}\n{end}\n")
        }
    }
}
