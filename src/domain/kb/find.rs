//! Which lines of KB.md a person means by a number or by some words. It takes words as they are and guesses no meaning.

use super::document::{Document, Entry};
use super::proposal::folded;

/// The entries on a 1-based line: the one that starts there, the sentences of a paragraph, or the one that runs over it.
pub fn on_line(kb: &Document, line: usize) -> Vec<&Entry> {
    let starts: Vec<&Entry> = kb.entries.iter().filter(|entry| entry.line == line).collect();
    if !starts.is_empty() {
        return starts;
    }
    let covers = |entry: &&Entry| {
        let span = kb.source.get(entry.span.clone()).unwrap_or_default();
        (entry.line..=entry.line + span.matches('\n').count()).contains(&line)
    };
    kb.entries.iter().filter(covers).collect()
}

/// The entries that `what` names: a line number, or words that all stand in the entry, if only as the beginning of one of its own. An
/// entry of exactly these words is meant alone.
pub fn named<'a>(kb: &'a Document, what: &str) -> Vec<&'a Entry> {
    if let Ok(line) = what.trim().parse() {
        return on_line(kb, line);
    }
    let wanted = folded(what);
    if wanted.is_empty() {
        return Vec::new();
    }
    let exact: Vec<&Entry> = kb.entries.iter().filter(|entry| folded(&entry.text) == wanted).collect();
    if !exact.is_empty() {
        return exact;
    }
    let holds = |entry: &&Entry| {
        let text = folded(&entry.text);
        wanted.split(' ').all(|word| text.split(' ').any(|theirs| theirs.starts_with(word)))
    };
    kb.entries.iter().filter(holds).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KB: &str = "# KB\n\n- Use pnpm.\n- Tests run with\n  Vitest.\n- Use pnpm in CI, too.\n\nDates are in UTC. Times, too.\n";

    #[track_caller]
    fn check(what: &str, expect: &[&str]) {
        let kb = Document::parse(KB);
        let found: Vec<&str> = named(&kb, what).into_iter().map(|entry| entry.text.as_str()).collect();
        assert_eq!(found, expect, "{what}");
    }

    #[test]
    fn a_number_names_the_line_that_show_prints() {
        check("3", &["Use pnpm."]);
        check("5", &["Tests run with Vitest."]);
        check("8", &["Dates are in UTC.", "Times, too."]);
        check("1", &[]);
        check("99", &[]);
    }

    #[test]
    fn words_name_every_line_that_holds_them_all() {
        check("use PNPM", &["Use pnpm."]);
        check("pnpm", &["Use pnpm.", "Use pnpm in CI, too."]);
        check("pnpm ci", &["Use pnpm in CI, too."]);
        check("test", &["Tests run with Vitest."]);
        check("mocha", &[]);
        check("?", &[]);
    }
}
