//! The source of Markdown: headings, lists, emphasis, links, and code in its own language. It never nests emphasis.

use super::language::Language;
use super::scan::{Class, Scan, run};
use super::state::{Last, State, Until};

/// Reads what a line begins with, or the next piece of its text.
pub(super) fn token(state: &mut State, scan: &mut Scan<'_>) {
    if scan.first && scan.previous().is_none_or(char::is_whitespace) {
        if scan.take_blanks() && scan.done() {
            return;
        }
        begin(state, scan);
    }
    while !scan.done() {
        inline(scan);
    }
}

fn begin(state: &mut State, scan: &mut Scan<'_>) {
    let rest = scan.rest();
    let Some(mark) = scan.next() else { return };
    let count = run(rest, |c| c == mark);
    let after = rest.get(count..).unwrap_or_default();
    let blank = after.is_empty() || after.starts_with(' ');
    match mark {
        '#' if count <= 6 && blank => scan.take_rest(Class::Heading),
        '`' | '~' if count >= 3 && !after.contains('`') => {
            let name = run(after.trim_start(), |c| !c.is_whitespace() && c != '{' && c != ':');
            let name = after.trim_start().get(..name).unwrap_or_default();
            scan.take_rest(Class::Comment);
            state.embed(Language::named_or_flat(name), Until::Fence(mark, count));
        }
        '-' if rest.trim_end() == "---" && !state.begun => {
            scan.take_rest(Class::Comment);
            state.embed(Language::named_or_flat("yaml"), Until::Line(&["---"]));
        }
        '-' | '*' | '_' | '=' if count >= 3 && after.trim().is_empty() => scan.take_rest(Class::Comment),
        '>' => {
            scan.take(count, Class::Comment);
            scan.take_blanks();
        }
        '-' | '*' | '+' if count == 1 && blank => {
            scan.take_one(Class::Keyword);
            scan.take_blanks();
            if ["[ ] ", "[x] ", "[X] "].iter().any(|task| scan.starts(task)) {
                scan.take(3, Class::Keyword);
            }
        }
        '0'..='9' => {
            let digits = run(rest, |c| c.is_ascii_digit());
            if rest.get(digits..).is_some_and(|rest| rest.starts_with(". ") || rest.starts_with(") ")) {
                scan.take(digits + 1, Class::Keyword);
            }
        }
        '|' if rest.chars().all(|c| matches!(c, '|' | '-' | ':' | ' ')) => scan.take_rest(Class::Comment),
        _ => {}
    }
    state.last = Last::Open;
}

/// Reads text up to a mark, and what the mark encloses when it is closed near by.
fn inline(scan: &mut Scan<'_>) {
    scan.take_while(Class::Plain, |c| !matches!(c, '`' | '*' | '_' | '[' | '!' | '<' | '\\'));
    let rest = scan.rest();
    let Some(mark) = scan.next() else { return };
    if mark == '\\' {
        scan.take(2, Class::Plain);
        return;
    }
    let count = run(rest, |c| c == mark);
    let within_word = scan.previous().is_some_and(char::is_alphanumeric);
    let end = match mark {
        '`' => closing(rest, count, mark),
        '*' | '_' if count <= 3 && !(mark == '_' && within_word) => {
            let begins = rest.get(count..).is_some_and(|rest| !rest.starts_with(char::is_whitespace));
            closing(rest, count, mark).filter(|_| begins)
        }
        '[' => link(rest),
        '<' => address(rest),
        _ => None,
    };
    match (mark, end) {
        ('`' | '<', Some(end)) => scan.take(end, Class::Text),
        ('*' | '_', Some(end)) => scan.take(end, if count == 1 { Class::Emphasis } else { Class::Strong }),
        ('[', Some(text)) => {
            scan.take(text, Class::Function);
            let rest = scan.rest();
            let end = rest.char_indices().take(NEAR).find(|(_, c)| *c == ')').map_or(0, |(at, _)| at + 1);
            scan.take(if rest.starts_with('(') { end } else { 0 }, Class::Text);
        }
        _ => scan.take(count, Class::Plain),
    }
}

/// What is enclosed is looked for this far, so that marks without an end cost little.
const NEAR: usize = 200;

/// The bytes of `<https://example.com>`.
fn address(rest: &str) -> Option<usize> {
    let (end, _) = rest.char_indices().take(NEAR).find(|(_, c)| *c == '>')?;
    rest.get(1..end)?.contains([':', '@']).then_some(end + 1)
}

/// Where the same run of marks stands again.
fn closing(rest: &str, count: usize, mark: char) -> Option<usize> {
    let mut run_length = 0;
    for (at, c) in rest.char_indices().skip(count).take(NEAR) {
        if c == mark {
            run_length += 1;
        } else {
            if run_length == count {
                return Some(at);
            }
            run_length = 0;
        }
    }
    (run_length == count && rest.len() <= count + NEAR).then_some(rest.len())
}

/// The bytes of `[text]` when `(address)` or `[name]` follows.
fn link(rest: &str) -> Option<usize> {
    let (end, _) = rest.char_indices().take(NEAR).find(|(_, c)| *c == ']')?;
    rest.get(end + 1..)?.starts_with(['(', '[', ':']).then_some(end + 1)
}
