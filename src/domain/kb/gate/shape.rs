//! V4 and V6: a proposal is one plain line that is a rule, holds no secret and brings nothing that runs. It knows no KB.md.

use crate::domain::kb::Op;
use crate::domain::kb::arguments::{Proposed, short};
use crate::domain::kb::warnings::{self, Alarms};
use crate::domain::kb::words::fold;

/// Longest rule in characters.
pub const LONGEST: usize = 240;

/// V4: no field may carry a secret. The sentence repeats none of them.
pub fn without_secrets(alarms: &Alarms, proposed: &Proposed) -> Result<(), String> {
    let fields = [&proposed.text, &proposed.quote, &proposed.reason, &proposed.section, &proposed.supersedes];
    if fields.iter().any(|field| alarms.holds_secret(field)) {
        return Err("The edit holds what looks like a secret; secrets never go into KB.md.".to_string());
    }
    Ok(())
}

/// V6: one plain line that is a rule, no piece of a file. `typed` is what the user typed.
pub fn one_sentence(proposed: &Proposed, typed: &str) -> Result<(), String> {
    let text = proposed.text.as_str();
    if proposed.op == Op::Remove {
        return Ok(());
    }
    let refuse = |why: &str| Err(format!("\"{}\" is no single rule: {why}.", short(text)));
    if !text.chars().any(char::is_alphanumeric) {
        return Err("The edit has no text; give the rule as one sentence.".to_string());
    }
    if text.chars().count() > LONGEST {
        return refuse("it is too long, propose one sentence");
    }
    if text.contains(['\n', '\r']) || text.starts_with('#') || text.contains("```") || text.contains("~~~") {
        return refuse("it holds several lines or a heading, propose one sentence per edit");
    }
    if text.contains("<!--")
        || text.contains("-->")
        || !warnings::hidden(text).is_empty()
        || text.contains('\t')
    {
        return refuse("it holds a comment or invisible characters");
    }
    if elides(text) || elides(&proposed.supersedes) {
        return refuse("it stands for text that it leaves out; the rest of KB.md always stays as it is");
    }
    // The line that goes may hold one, too; keeping it is no invention.
    let kept = if proposed.op == Op::Replace { proposed.supersedes.as_str() } else { "" };
    let (typed, kept) = (typed.to_lowercase(), kept.to_lowercase());
    for mark in ["://", "www.", "|", "$(", "&&", ">>", "`;"] {
        if text.to_lowercase().contains(mark) && !typed.contains(mark) && !kept.contains(mark) {
            return refuse("it holds an address or a command that the user did not type");
        }
    }
    Ok(())
}

/// "[rest unchanged]", "... existing rules ...".
fn elides(text: &str) -> bool {
    const LEFT_OUT: &[&str] = &[
        "unchanged",
        "rest of",
        "remaining",
        "existing rules",
        "same as before",
        "omitted",
        "invariat",
        "il resto",
        "as before",
        "other rules",
        "altre regole",
        "come prima",
    ];
    let folded = fold(text).text;
    let bracketed = folded.contains(['[', '(', '<']);
    let dotted = folded.contains("...") || folded.contains('…');
    let dots = ["...", "…"].iter().any(|dots| folded.starts_with(dots) || folded.ends_with(dots));
    let speaks = LEFT_OUT.iter().any(|word| folded.contains(word));
    dots || (speaks && (bracketed || dotted || folded.split_whitespace().count() <= 4))
}

/// A text on one line, without what is not seen.
pub fn one_line(text: &str) -> String {
    let seen: String = text.chars().filter(|c| !warnings::is_hidden(*c)).collect();
    seen.split_whitespace().collect::<Vec<_>>().join(" ")
}
