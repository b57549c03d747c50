//! The last look at a candidate before it is offered: what rather stays unsaid. It never adds anything.

use crate::domain::kb::Candidate;

/// No password is longer, in bytes.
const LONGEST: usize = 120;

/// The candidate's words and what follows on their line: a sign in a password may look like the end of a sentence.
pub fn around<'a>(text: &'a str, candidate: &'a Candidate) -> &'a str {
    let rest = text.get(candidate.range.start..).unwrap_or(&candidate.quote);
    let most = rest.floor_char_boundary(candidate.quote.len() + LONGEST);
    let line = rest.get(candidate.quote.len()..most).and_then(|after| after.find('\n'));
    let end = line.map_or(most, |end| candidate.quote.len() + end);
    rest.get(..end).unwrap_or(rest)
}

/// Whether a bare "I don't want X any more" was read as taking a rule back. It forbids X, and what it forbids cannot be told from
/// what it revokes, so nothing is offered; a rule that is named as one is still taken back.
pub fn unwanted(candidate: &Candidate) -> bool {
    const WANT: [&str; 8] = [
        "i don't want",
        "i do not want",
        "i dont want",
        "we don't want",
        "we do not want",
        "non voglio",
        "non vogliamo",
        "non vorrei",
    ];
    const RULE: [&str; 10] = [
        "rule",
        "requirement",
        "convention",
        "policy",
        "guideline",
        "regola",
        "requisito",
        "convenzione",
        "vincolo",
        "kb",
    ];
    let quote = candidate.quote.to_lowercase().replace('\u{2019}', "'");
    candidate.revokes
        && candidate.text.is_empty()
        && WANT.iter().any(|want| quote.contains(want))
        && !RULE.iter().any(|rule| quote.contains(rule))
}
