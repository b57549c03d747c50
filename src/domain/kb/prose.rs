//! Running text: where a sentence ends, what a label and a bold heading look like. It knows nothing of Markdown blocks.

use std::ops::Range;

/// Words whose full stop ends no sentence.
const ABBREVIATIONS: &[&str] = &[
    "e.g", "i.e", "etc", "vs", "es", "ad es", "ecc", "cfr", "p.es", "z.b", "bzw", "usw", "p.ej", "approx",
    "no",
];

/// The text of a line that is nothing but bold, without a final colon.
pub fn bold_heading(line: &str) -> Option<&str> {
    let line = line.trim();
    let inner = line
        .strip_prefix("**")
        .and_then(|rest| rest.strip_suffix("**").or_else(|| rest.strip_suffix("**:")))
        .or_else(|| line.strip_prefix("__").and_then(|rest| rest.strip_suffix("__")))?;
    let inner = inner.trim().trim_end_matches(':').trim_end();
    (!inner.is_empty() && !inner.contains("**")).then_some(inner)
}

/// A label and the bytes where its value starts, for `**Label:** value`, `**Label**: value` and `Label: value`.
pub fn label(text: &str) -> Option<(&str, usize)> {
    let colon = text.find(':')?;
    let head = text.get(..colon)?;
    let name = head.trim().trim_matches(['*', '_', '`']).trim();
    let words = name.split_whitespace().count();
    let mut rest = text.get(colon + 1..)?;
    for mark in ["**", "__", "*"] {
        if head.trim_start().starts_with(mark) && !head.trim_end().ends_with(mark) {
            rest = rest.strip_prefix(mark).unwrap_or(rest);
        }
    }
    let value = rest.trim_start();
    let separated = rest.len() > value.len();
    let plain = !name.contains(['.', ';', '?', '!', ',', '/', '`', '(']) && !name.ends_with("http");
    ((1..=5).contains(&words) && plain && separated && !value.trim().is_empty())
        .then_some((name, text.len() - value.len()))
}

/// The sentences of a paragraph as byte ranges without the blanks between them. A paragraph that only introduces (it ends with a
/// colon) states nothing and gives none.
pub fn sentences(source: &str, paragraph: Range<usize>) -> Vec<Range<usize>> {
    let Some(text) = source.get(paragraph.clone()) else { return Vec::new() };
    let mut found = Vec::new();
    let mut open = 0;
    let mut comment_end = 0;
    // Where the last comment ends: one that opens behind it never closes.
    let last = text.rfind("-->").unwrap_or(0);
    for (at, c) in text.char_indices() {
        if c == '<' && at >= comment_end && at < last {
            let from = text.get(at..).unwrap_or("");
            let close = if from.starts_with("<!--") { from.find("-->") } else { None };
            comment_end = close.map_or(comment_end, |close| at + close + 3);
        }
        if at < comment_end {
            continue;
        }
        let wide = matches!(c, '。' | '！' | '？');
        if !(wide || matches!(c, '.' | '!' | '?')) {
            continue;
        }
        // What closes behind the stop belongs to the sentence: `**Use npm.** Use tabs.`
        let rest = text.get(at + c.len_utf8()..).unwrap_or("");
        let close = text.len() - rest.trim_start_matches(['*', '_', '"', '”', ')', '»']).len();
        let after = text.get(close..).unwrap_or("");
        let blank = after.starts_with(char::is_whitespace);
        let next = after.trim_start().chars().next();
        let starts = next.is_none_or(|next| next.is_uppercase() || !next.is_alphanumeric());
        if wide || (blank && starts && !abbreviates(text.get(open..at).unwrap_or(""), c)) {
            push_sentence(&mut found, text, open..close, paragraph.start);
            open = close;
        }
    }
    push_sentence(&mut found, text, open..text.len(), paragraph.start);
    found
}

/// A piece of text without the blanks and comments around it, and how many bytes go in front.
fn without_comments(raw: &str) -> (usize, &str) {
    let mut kept = raw.trim_start();
    while let Some(close) = kept.starts_with("<!--").then(|| kept.find("-->")).flatten() {
        kept = kept.get(close + 3..).unwrap_or("").trim_start();
    }
    let front = raw.len() - kept.len();
    let mut kept = kept.trim_end();
    while let Some(open) = kept.ends_with("-->").then(|| kept.rfind("<!--")).flatten() {
        kept = kept.get(..open).unwrap_or("").trim_end();
    }
    (front, kept)
}

fn push_sentence(found: &mut Vec<Range<usize>>, text: &str, range: Range<usize>, base: usize) {
    let Some(raw) = text.get(range.clone()) else { return };
    let (front, kept) = without_comments(raw);
    let start = range.start + front;
    if kept.chars().any(char::is_alphanumeric) && !kept.ends_with(':') {
        found.push(base + start..base + start + kept.len());
    }
}

fn abbreviates(before: &str, mark: char) -> bool {
    if mark != '.' {
        return false;
    }
    let last = before.split(|c: char| c.is_whitespace() || matches!(c, '(' | ',')).next_back().unwrap_or("");
    let last = last.to_lowercase();
    ABBREVIATIONS.contains(&last.as_str()) && last != "no"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &str) -> Vec<&str> {
        sentences(text, 0..text.len()).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn sentences_end_where_the_next_one_starts() {
        assert_eq!(
            cut("Use pnpm. Tests live in test/, e.g. test/a.ts. Done"),
            ["Use pnpm.", "Tests live in test/, e.g. test/a.ts.", "Done"]
        );
        assert_eq!(cut("Node 20.1 only."), ["Node 20.1 only."]);
        assert!(cut("The rules:").is_empty());
    }

    #[test]
    fn labels_are_short_and_have_a_value() {
        assert_eq!(label("Package manager: npm"), Some(("Package manager", 17)));
        assert_eq!(label("**Package manager:** npm"), Some(("Package manager", 21)));
        assert_eq!(label("**Package manager**: npm"), Some(("Package manager", 21)));
        assert_eq!(label("see https://a.b"), None);
        assert_eq!(label("The rules are:"), None);
    }
}
