//! Whether a message takes back the one before it ("scratch that", "anzi no"). It never finds a directive and never looks at KB.md.

use super::words::fold;

/// Words that may stand before the taking back.
const OPENERS: &[&str] = &[
    "no", "oh", "ah", "ok", "okay", "hmm", "sorry", "wait", "actually", "please", "scusa", "aspetta",
    "vabbe", "ma",
];

/// What takes back, when nothing but a mark follows it.
const PHRASES: &[&str] = &[
    "scratch that",
    "scratch it",
    "strike that",
    "forget it",
    "forget that",
    "forget this",
    "forget what i said",
    "forget what i just said",
    "never mind",
    "nevermind",
    "cancel that",
    "ignore that",
    "disregard that",
    "on second thought",
    "on second thoughts",
    "i take that back",
    "i take it back",
    "i changed my mind",
    "i've changed my mind",
    "wait no",
    "no wait",
    "actually no",
    "just kidding",
    "lascia stare",
    "lascia perdere",
    "lasciamo stare",
    "lasciamo perdere",
    "anzi no",
    "no anzi",
    "come non detto",
    "ripensandoci",
    "ci ho ripensato",
    "ho cambiato idea",
    "dimentica quello che ho detto",
    "dimenticalo",
    "dimenticatelo",
    "scherzavo",
];

/// Whether the typed message begins by taking back what was said before it.
pub fn retracts(typed: &str) -> bool {
    let folded = fold(typed).text;
    let mut rest = folded.trim_start();
    // "no, wait, forget it": each opener may be one, and the phrase may itself begin with one.
    loop {
        if PHRASES.iter().any(|phrase| begins(rest, phrase)) {
            return true;
        }
        let opener = OPENERS.iter().find_map(|word| {
            let after = rest.strip_prefix(word)?;
            after.starts_with([' ', ',', '.', '!', '-', ':']).then_some(after)
        });
        match opener {
            Some(after) => rest = after.trim_start_matches([' ', ',', '.', '!', '-', ':']),
            None => return false,
        }
    }
}

/// Whether the text begins with the phrase, commas between its words aside, and the phrase ends there.
fn begins(text: &str, phrase: &str) -> bool {
    let mut rest = text;
    for (at, word) in phrase.split(' ').enumerate() {
        if at > 0 {
            rest = rest.trim_start_matches([' ', ',']);
        }
        match rest.strip_prefix(word) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    match rest.trim_start_matches(' ').chars().next() {
        None => true,
        Some(mark) => !mark.is_alphanumeric() && !matches!(mark, '\'' | '`' | '"' | '/' | '?'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_takes_back_is_told_from_one_that_speaks_of_something() {
        for text in [
            "scratch that",
            "no, forget it",
            "No wait, never mind.",
            "actually, no",
            "wait, no! use yarn",
            "forget it, use yarn from now on",
            "anzi, no",
            "Lascia stare.",
            "oh, ci ho ripensato",
            "forget what I said",
        ] {
            assert!(retracts(text), "{text}");
        }
        for text in [
            "",
            "no",
            "never mind the warnings, fix the test",
            "ignore that file",
            "forget that rule",
            "forget what I said about pnpm",
            "no tests yet?",
            "actually not sure",
            "does \"forget it\" appear in the log?",
            "cancel that order in the handler",
            "forget it?",
        ] {
            assert!(!retracts(text), "{text}");
        }
    }
}
