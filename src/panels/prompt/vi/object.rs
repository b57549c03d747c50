//! vi's text objects: words, quoted text, text in brackets. It changes nothing.

use std::ops::Range;

use super::letters::{Class, Letters, Size};

/// A thing around the caret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Object {
    Word(Size),
    Quoted(char),
    /// Between this pair of signs.
    Bracketed(char, char),
}

/// Whether the quotes, the brackets or the white space around a thing belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Inner,
    Around,
}

/// The letters of the object around a letter; `None` where there is none.
pub(super) fn range(
    letters: &Letters<'_>,
    at: usize,
    object: Object,
    scope: Scope,
    count: usize,
) -> Option<Range<usize>> {
    match object {
        Object::Word(size) => words(letters, at, size, scope, count),
        Object::Quoted(quote) => quoted(letters, at, quote, scope),
        Object::Bracketed(open, close) => bracketed(letters, at, (open, close), scope, count),
    }
}

fn words(letters: &Letters<'_>, at: usize, size: Size, scope: Scope, count: usize) -> Option<Range<usize>> {
    let line_end = letters.line_end(at);
    if at >= line_end {
        return None;
    }
    let is_blank = |at: usize| letters.class(at, size) == Class::Blank;
    let start = letters.run_start(at, size);
    let mut end = at;
    for _ in 0..count.max(1) {
        if end >= line_end {
            break;
        }
        let led = is_blank(end);
        end = letters.run_end(end, size);
        if scope == Scope::Around && end < line_end && led != is_blank(end) {
            end = letters.run_end(end, size);
        }
    }
    // Without white space after it, a word takes what is before it.
    let bare = scope == Scope::Around && !is_blank(at) && !is_blank(end.saturating_sub(1));
    let before = start.checked_sub(1).filter(|before| bare && is_blank(*before));
    Some(before.map_or(start, |before| letters.run_start(before, size))..end)
}

fn quoted(letters: &Letters<'_>, at: usize, quote: char, scope: Scope) -> Option<Range<usize>> {
    let line = letters.line_start(at)..letters.line_end(at);
    let is_escaped = |at: &usize| at.checked_sub(1).is_some_and(|before| letters.is(before, '\\'));
    let quotes: Vec<usize> =
        line.clone().filter(|at| letters.is(*at, quote)).filter(|at| !is_escaped(at)).collect();
    // The first pair that is not over yet.
    let (open, close) = quotes.chunks_exact(2).find_map(|pair| match pair {
        [open, close] if at <= *close => Some((*open, *close)),
        _ => None,
    })?;
    Some(match scope {
        Scope::Inner => open + 1..close,
        Scope::Around => {
            let is_blank = |at: &usize| letters.class(*at, Size::Big) == Class::Blank;
            let end = (close + 1..line.end).find(|at| !is_blank(at)).unwrap_or(line.end);
            let before = (line.start..open).rev().take_while(is_blank).last();
            if end > close + 1 { open..end } else { before.unwrap_or(open)..end }
        }
    })
}

fn bracketed(
    letters: &Letters<'_>,
    at: usize,
    (open, close): (char, char),
    scope: Scope,
    count: usize,
) -> Option<Range<usize>> {
    let mut start = at;
    if !letters.is(at, open) || count > 1 {
        let levels = if letters.is(at, open) { count - 1 } else { count.max(1) };
        for _ in 0..levels {
            start = opening(letters, start, (open, close))?;
        }
    }
    let mut depth = 0usize;
    let end = (start + 1..letters.count()).find(|at| {
        if letters.is(*at, open) {
            depth += 1;
        } else if letters.is(*at, close) {
            if depth == 0 {
                return true;
            }
            depth -= 1;
        }
        false
    })?;
    Some(match scope {
        Scope::Inner => start + 1..end,
        Scope::Around => start..end + 1,
    })
}

/// The opening sign of the pair around a letter, itself not counted.
fn opening(letters: &Letters<'_>, at: usize, (open, close): (char, char)) -> Option<usize> {
    let mut depth = 0usize;
    (0..at).rev().find(|at| {
        if letters.is(*at, close) {
            depth += 1;
        } else if letters.is(*at, open) {
            if depth == 0 {
                return true;
            }
            depth -= 1;
        }
        false
    })
}
