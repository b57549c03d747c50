//! Strings, comments, and texts with variables in them. It never reads what stands around them.

use super::language::{Escape, Language, Quote};
use super::scan::{Class, Scan, begins_word, is_word, name, run};
use super::state::{Frame, Last, State};

/// Reads the comment that is open, up to its end or the end of the line.
pub(super) fn comment(state: &mut State, scan: &mut Scan<'_>, language: &Language, kind: usize) {
    let Some((open, close)) = language.block_comments.get(kind) else {
        state.frames.pop();
        return;
    };
    let rest = scan.rest();
    let first = rest.char_indices().find_map(|(at, _)| {
        let here = rest.get(at..)?;
        let closes = here.starts_with(close);
        (closes || language.nested_comments && here.starts_with(open)).then_some((at, closes))
    });
    match first {
        Some((at, true)) => {
            scan.take(at + close.len(), Class::Comment);
            state.frames.pop();
        }
        Some((at, false)) => {
            scan.take(at + open.len(), Class::Comment);
            state.open(Frame::Comment(kind));
        }
        None => scan.take_rest(Class::Comment),
    }
}

/// Reads the comment that begins here; tells whether one does.
pub(super) fn begins_comment(state: &mut State, scan: &mut Scan<'_>, language: &Language) -> bool {
    let rest = scan.rest();
    // The longer mark counts: `--[[` opens a block where `--` opens a line.
    if let Some(kind) = language.block_comments.iter().position(|(open, _)| rest.starts_with(open)) {
        let open = language.block_comments.get(kind).map_or(0, |(open, _)| open.len());
        scan.take(open, Class::Comment);
        state.open(Frame::Comment(kind));
        return true;
    }
    if language.line_comments.iter().any(|mark| rest.starts_with(mark)) {
        scan.take_rest(Class::Comment);
        return true;
    }
    false
}

/// The kind of string that begins with `rest` after `prefix`: its row, the bytes of its opening, and its hashes.
fn opening(language: &Language, prefix: &str, rest: &str) -> Option<(usize, usize, usize)> {
    language.quotes.iter().enumerate().find_map(|(index, quote)| {
        let fits = if prefix.is_empty() {
            quote.prefix.is_empty()
        } else {
            quote.prefix.split(' ').any(|known| known.eq_ignore_ascii_case(prefix))
        };
        let hashes = if quote.hashes && fits { run(rest, |c| c == '#') } else { 0 };
        let open = rest.get(hashes..).is_some_and(|rest| rest.starts_with(quote.open));
        (fits && open && hashes < 256).then_some((index, hashes + quote.open.len(), hashes))
    })
}

/// Reads the opening of a string after `prefix`, or all of it when it is a key; tells whether there is one.
pub(super) fn begins_text(
    state: &mut State,
    scan: &mut Scan<'_>,
    language: &'static Language,
    prefix: &str,
    may_be_key: bool,
) -> bool {
    let rest = scan.rest().get(prefix.len()..).unwrap_or_default();
    let Some((index, length, hashes)) = opening(language, prefix, rest) else { return false };
    let Some(quote) = language.quotes.get(index) else { return false };
    let inner = rest.get(length..).unwrap_or_default();
    if quote.single {
        let whole = single(inner);
        if whole == 0 {
            // A lifetime or a label, not a character.
            let bytes = length + run(inner, is_word);
            scan.take(prefix.len() + bytes, Class::Type);
        } else {
            scan.take(prefix.len() + length + whole, Class::Text);
            state.last = Last::Value;
        }
        return true;
    }
    if may_be_key
        && hashes == 0
        && let Some(end) = end_of(inner, quote)
        && language.is_key_mark(inner.get(end..).unwrap_or_default().trim_start())
    {
        scan.take(prefix.len() + length + end, Class::Property);
        state.last = Last::Value;
        return true;
    }
    scan.take(prefix.len() + length, Class::Text);
    state.open(Frame::Text { quote: index, hashes });
    state.last = Last::Value;
    true
}

/// The bytes of one character and its closing quote; 0 when there is no such thing.
fn single(inner: &str) -> usize {
    let mut chars = inner.char_indices();
    match chars.next() {
        Some((_, '\\')) => {
            // The longest escape is that of a code point: `\u{10ffff}`.
            let end = inner.char_indices().skip(2).take(10).find(|(_, c)| *c == '\'');
            end.map_or(0, |(at, _)| at + 1)
        }
        Some((_, c)) if c != '\'' => match chars.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        _ => 0,
    }
}

/// Where a string that begins before `inner` ends on this line.
fn end_of(inner: &str, quote: &Quote) -> Option<usize> {
    let mut at = 0;
    while let Some(c) = inner.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = inner.get(at..).unwrap_or_default();
        if c == '\\' && quote.escape == Escape::Backslash {
            at += 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
        } else if rest.starts_with(quote.close) {
            return Some(at + quote.close.len());
        } else {
            at += c.len_utf8();
        }
    }
    None
}

/// Reads the string that is open, up to its end, an expression in it, or the end of the line.
pub(super) fn text(state: &mut State, scan: &mut Scan<'_>, language: &Language, index: usize, hashes: usize) {
    let Some(quote) = language.quotes.get(index) else {
        state.frames.pop();
        return;
    };
    let rest = scan.rest();
    let mut at = 0;
    while let Some(c) = rest.get(at..).and_then(|rest| rest.chars().next()) {
        let here = rest.get(at..).unwrap_or_default();
        let after = here.get(c.len_utf8()..).unwrap_or_default();
        if let Some(insert) = quote.inserts.iter().find(|insert| here.starts_with(**insert)) {
            // `{{` is a bracket and no expression.
            if insert.len() == 1 && after.starts_with(insert) {
                at += 2;
                continue;
            }
            scan.take(at, Class::Text);
            scan.take(insert.len(), Class::Plain);
            state.open(Frame::Insert(if insert.ends_with('(') { ')' } else { '}' }));
            state.last = if insert.ends_with('(') { Last::Command } else { Last::Open };
            return;
        }
        if quote.variables && c == '$' {
            let bytes = variable(here);
            if bytes > 0 {
                scan.take(at, Class::Text);
                scan.take(bytes, Class::Property);
                return;
            }
        }
        if c == '\\' && quote.escape == Escape::Backslash {
            at += 1 + after.chars().next().map_or(0, char::len_utf8);
        } else if let Some(end) = here.strip_prefix(quote.close) {
            if run(end, |c| c == '#') < hashes {
                at += c.len_utf8();
            } else if quote.escape == Escape::Doubled && end.starts_with(quote.close) {
                at += 2 * quote.close.len();
            } else {
                scan.take(at + quote.close.len() + hashes, Class::Text);
                state.frames.pop();
                state.last = after_text(state.last);
                return;
            }
        } else {
            at += c.len_utf8();
        }
    }
    scan.take_rest(Class::Text);
}

/// A shell goes on with arguments after a string; elsewhere a string is a value.
fn after_text(last: Last) -> Last {
    match last {
        Last::Argument | Last::Assigned | Last::Loop => last,
        Last::Command => Last::Argument,
        _ => Last::Value,
    }
}

/// The bytes of the variable that begins `text` with a dollar: `$name`, `$1`, `${name:-default}`, `${{ name }}`.
pub(super) fn variable(text: &str) -> usize {
    let Some(after) = text.strip_prefix('$') else { return 0 };
    match after.chars().next() {
        Some('{') => {
            let mut depth = 0usize;
            for (at, c) in after.char_indices().take(200) {
                depth = match c {
                    '{' => depth + 1,
                    '}' => depth.saturating_sub(1),
                    _ => depth,
                };
                if depth == 0 {
                    return at + 2;
                }
            }
            0
        }
        Some(c) if begins_word(c) => 1 + name(after),
        Some('0'..='9' | '@' | '*' | '#' | '?' | '!' | '$' | '-') => 2,
        _ => 0,
    }
}

/// Reads a text that ends with the line; its variables stand out when it has any.
pub(super) fn flat(scan: &mut Scan<'_>, class: Class, variables: bool) {
    while !scan.done() {
        let rest = scan.rest();
        let dollar = if variables { rest.find('$') } else { None };
        let Some(at) = dollar else {
            scan.take_rest(class);
            return;
        };
        scan.take(at, class);
        let bytes = variable(scan.rest());
        if bytes > 1 { scan.take(bytes, Class::Property) } else { scan.take_one(class) }
    }
}

impl Language {
    /// Whether `rest` begins with a mark that follows a key.
    pub(super) fn is_key_mark(&self, rest: &str) -> bool {
        self.key_marks
            .iter()
            .any(|mark| rest.strip_prefix(mark).is_some_and(|after| !after.starts_with([':', '=', '>', '~'])))
    }

    pub(super) fn has_sigils(&self) -> bool {
        !self.sigils.is_empty()
    }
}
