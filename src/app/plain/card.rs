//! An edit of KB.md as plain lines: what it does and why, its diff, and what wants a second look. It decides nothing.

use crate::base::text;
use crate::domain::kb::options::{Row, Taken};
use crate::domain::kb::proposal::Proposal;
use crate::domain::kb::state;
use crate::domain::kb::warnings::Warning;
use crate::draw::patch;
use crate::panels::review::described;

/// Said where nobody can be asked.
pub const NOBODY: &str =
    "Nothing was written: only at a terminal, for input and output, can an edit be accepted.\n";

/// Unchanged lines around a change.
const CONTEXT: usize = 2;

/// An edit as the user judges it, on the KB.md `before`, with its place among those that wait.
pub fn of(proposal: &Proposal, (at, of): (usize, usize), before: Option<&str>, after: &str) -> String {
    let mut card = String::from("\n");
    let place = if of > 1 { format!(" {at} of {of}") } else { String::new() };
    card.push_str(&format!("KB.md edit{place}: {}\n", text::one_line(&proposal.title())));
    let mut told = |label: &str, words: &str| {
        let words = text::one_line(words);
        if !words.is_empty() {
            card.push_str(&format!("  {label}: {words}\n"));
        }
    };
    told("because", &proposal.candidate.reasons.join("; "));
    if !proposal.candidate.quote.trim().is_empty() {
        told("you said", &format!("\u{201c}{}\u{201d}", proposal.candidate.quote));
    }
    told("note", proposal.note.as_deref().unwrap_or_default());
    card.push_str(&patch::text(&patch::unified(before.unwrap_or_default(), after, CONTEXT)));
    let size = |text: &str| state::size(text.len() as u64);
    let now = before.map_or_else(|| "none".to_string(), size);
    card.push_str(&format!("KB.md: {now} now, {} after\n", size(after)));
    if let Some(lost) = proposal.loses() {
        card.push_str(&format!("! The old line also says: {}\n", text::one_line(&lost)));
    }
    if after.len() as u64 > state::LIMIT {
        let limit = state::size(state::LIMIT);
        card.push_str(&format!("! KB.md would be over the limit of {limit}, and then none of it is sent.\n"));
    }
    let mut warnings: Vec<String> = proposal.warnings.iter().map(Warning::sentence).collect();
    warnings.dedup();
    card.extend(warnings.iter().map(|warning| format!("! {warning}\n")));
    card
}

/// The numbered rows of an edit that may be chosen; empty when there are none.
pub fn choices(proposal: &Proposal) -> String {
    let mut lines = String::new();
    for (at, row) in proposal.options.rows().enumerate() {
        let (kind, edit, taken) = match row {
            Row::Choice(edit, taken) => ("instead", edit, taken),
            Row::Extra(edit, taken) => ("also", edit, taken),
        };
        let state = match taken {
            Taken::Yes => "chosen",
            Taken::No => kind,
        };
        lines.push_str(&format!("  {}. ({state}) {}\n", at + 1, text::one_line(&described(edit))));
    }
    lines
}
