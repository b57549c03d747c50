//! Style sheets: selectors, properties and values. It never knows which properties there are.

use super::language::Language;
use super::quotes::{begins_comment, begins_text};
use super::scan::{Class, Scan, is_word, run};
use super::state::{Frame, Last, State};

/// Reads the next piece. `Last::Assigned` is within a value, `Last::Open` where a rule or a property may begin.
pub(super) fn token(state: &mut State, scan: &mut Scan<'_>, language: &'static Language) {
    if scan.take_blanks()
        || scan.previous() != Some(':') && begins_comment(state, scan, language)
        || quoted(state, scan, language)
    {
        return;
    }
    let rest = scan.rest();
    let Some(c) = scan.next() else { return };
    let in_value = state.last == Last::Assigned;
    let after = rest.get(c.len_utf8()..).unwrap_or_default();
    let digit = |c: char| c.is_ascii_digit();
    let begins_name = |text: &str| text.starts_with(|c: char| is_word(c) && !c.is_ascii_digit() || c == '-');
    match c {
        '{' | '}' | ';' => {
            scan.take_one(Class::Plain);
            match c {
                '{' => state.open(Frame::Curly),
                '}' => state.close('}'),
                _ => {}
            }
            state.last = if c == ';' && state.in_round() { state.last } else { Last::Open };
        }
        '(' | '[' => {
            scan.take_one(Class::Plain);
            state.open(if c == '(' { Frame::Round } else { Frame::Square });
        }
        ')' | ']' => {
            scan.take_one(Class::Plain);
            state.close(c);
        }
        '#' if after.starts_with('{') => {
            scan.take(2, Class::Plain);
            state.open(Frame::Insert('}'));
        }
        '#' if in_value => scan.take(1 + run(after, is_word), Class::Number),
        '@' => {
            scan.take(1 + run(after, in_name), Class::Keyword);
            state.last = Last::Value;
        }
        '!' if in_value => scan.take(1 + run(after, is_word), Class::Keyword),
        '0'..='9' | '.' | '+' | '-'
            if c.is_ascii_digit() || after.strip_prefix('.').unwrap_or(after).starts_with(digit) =>
        {
            if in_value || c.is_ascii_digit() || state.in_round() {
                let sign = usize::from(!c.is_ascii_digit());
                let digits =
                    rest.get(sign..).map_or(0, |rest| run(rest, |c| is_word(c) || matches!(c, '.' | '%')));
                scan.take(sign + digits, Class::Number);
            } else {
                scan.take_one(Class::Plain);
            }
        }
        '.' | '#' if !in_value && begins_name(after) => {
            scan.take(1 + run(after, in_name), Class::Type);
            state.last = Last::Value;
        }
        ':' if !in_value && begins_name(after.strip_prefix(':').unwrap_or(after)) && !state.in_round() => {
            scan.take(1 + run(after, |c| in_name(c) || c == ':'), Class::Function);
            state.last = Last::Value;
        }
        '&' | '*' if !in_value => {
            scan.take_one(Class::Keyword);
            state.last = Last::Value;
        }
        '$' => name(state, scan, 1 + run(after, in_name)),
        _ if begins_name(rest) => name(state, scan, run(rest, in_name)),
        _ => scan.take_one(Class::Plain),
    }
}

/// An address in `url(...)` has marks of its own.
fn quoted(state: &mut State, scan: &mut Scan<'_>, language: &'static Language) -> bool {
    let last = state.last;
    let bare = scan.read().ends_with("url(") && !scan.rest().starts_with(['"', '\'', '$', '#']);
    if bare {
        scan.take_while(Class::Text, |c| c != ')' && c != ';');
        return !scan.starts("(");
    }
    let quoted = begins_text(state, scan, language, "", false);
    state.last = last;
    quoted
}

fn name(state: &mut State, scan: &mut Scan<'_>, bytes: usize) {
    let rest = scan.rest();
    let (word, after) = (rest.get(..bytes).unwrap_or_default(), rest.get(bytes..).unwrap_or_default());
    let own = word.starts_with("--") || word.starts_with('$');
    if state.last == Last::Assigned {
        let class = match after.chars().next() {
            Some('(') => Class::Function,
            _ if own => Class::Property,
            _ => Class::Plain,
        };
        scan.take(bytes, class);
        return;
    }
    let value = after.trim_start().strip_prefix(':');
    if state.in_round() {
        scan.take(bytes, if value.is_some() || own { Class::Property } else { Class::Plain });
    } else if state.last == Last::Open && value.is_some_and(|value| own || declares(value)) {
        scan.take(bytes, Class::Property);
        scan.take_blanks();
        scan.take_one(Class::Plain);
        state.last = Last::Assigned;
    } else {
        let class = match after.chars().next() {
            Some('(') => Class::Function,
            _ if matches!(state.frames.last(), Some(Frame::Square)) => Class::Property,
            _ => Class::Keyword,
        };
        scan.take(bytes, class);
        state.last = Last::Value;
    }
}

/// Whether a value follows the colon, and not a pseudo-class before a block.
fn declares(value: &str) -> bool {
    let mut previous = ' ';
    for c in value.chars() {
        match c {
            ';' | '}' => return true,
            '{' if previous != '#' => return false,
            _ => previous = c,
        }
    }
    true
}

fn in_name(c: char) -> bool {
    is_word(c) || c == '-'
}
