//! Pieces of code as most languages write it: names, numbers, strings, comments and brackets, by the language's row. It never
//! looks further ahead than a bounded stretch of the line.

use super::language::{Capitals, Feature, Hash, Keys, Language};
use super::markup;
use super::quotes::{begins_comment, begins_text};
use super::scan::{Class, Scan, begins_word, is_word, name, number, run};
use super::state::{Frame, Last, State, Until};

/// How far a look ahead goes.
const AHEAD: usize = 160;

/// Reads the next piece.
pub(super) fn token(state: &mut State, scan: &mut Scan<'_>, language: &'static Language) {
    if scan.take_blanks() || begins_comment(state, scan, language) {
        return;
    }
    let rest = scan.rest();
    let Some(c) = scan.next() else { return };
    if begins_text(state, scan, language, "", key_may_stand(state, scan, language)) {
        return;
    }
    let after = rest.get(c.len_utf8()..).unwrap_or_default();
    let digit_next = after.starts_with(|c: char| c.is_ascii_digit());
    match c {
        '0'..='9' => numeral(state, scan, language),
        '.' if digit_next && state.last != Last::Value => numeral(state, scan, language),
        _ if begins_word(c) || language.name_marks.contains(c) && after.starts_with(begins_word) => {
            word(state, scan, language);
        }
        _ if language.sigils.contains(c) && after.starts_with(is_word) && scan.previous() != Some(c) => {
            let whole = 1 + run(after, is_word);
            as_value(state, scan, whole, Class::Property);
        }
        '@' if language.at != Class::Plain
            && after.strip_prefix('@').unwrap_or(after).starts_with(begins_word) =>
        {
            let whole = run(rest, |c| c == '@' || c == '.' || is_word(c));
            scan.take(whole, language.at);
            state.last = Last::Open;
        }
        ':' if language.colon != Class::Plain && after.starts_with(begins_word) && free(scan) => {
            let whole = 1 + run(after, |c| language.in_name(c));
            as_value(state, scan, whole, language.colon);
        }
        '#' if language.hash != Hash::Nothing => hash(state, scan, language),
        '/' if language.has(Feature::Patterns) && pattern(state, scan) => {}
        '<' if language.has(Feature::Jsx) && state.last != Last::Value && markup::opens_jsx(state, scan) => {}
        '<' if language.has(Feature::Heredocs) && heredoc(state, scan) => {}
        '[' if language.has(Feature::Sections) && scan.first && state.frames.is_empty() => {
            let end = rest.rfind(']').map_or(rest.len(), |at| at + 1);
            scan.take(rest.find('#').map_or(end, |at| end.min(at)), Class::Type);
        }
        '(' | '[' | '{' => {
            state.open(match c {
                '(' => Frame::Round,
                '[' => Frame::Square,
                _ => Frame::Curly,
            });
            scan.take_one(Class::Plain);
            state.last = Last::Open;
        }
        ')' | ']' | '}' => {
            state.close(c);
            scan.take_one(Class::Plain);
            state.last = if c == '}' { Last::Open } else { Last::Value };
        }
        _ => {
            let read_dot = scan.previous() == Some('.');
            let bytes = if after.starts_with(c) { 2 * c.len_utf8() } else { c.len_utf8() };
            scan.take(bytes, Class::Plain);
            state.last = match c {
                ',' | ';' => Last::Open,
                '.' if !after.starts_with('.') && !read_dot => Last::Dot,
                '+' | '-' if after.starts_with(c) => state.last,
                _ => Last::Operator,
            };
        }
    }
}

fn as_value(state: &mut State, scan: &mut Scan<'_>, bytes: usize, class: Class) {
    scan.take(bytes, class);
    state.last = Last::Value;
}

fn numeral(state: &mut State, scan: &mut Scan<'_>, language: &Language) {
    let rest = scan.rest();
    let date = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.' | '+' | '_');
    let bytes = if language.has(Feature::Sections) { run(rest, date) } else { number(rest) };
    let bytes = bytes.max(1);
    let key = language.has(Feature::Sections) && scan.first;
    let after = rest.get(bytes..).unwrap_or_default().trim_start();
    let class = if key && language.is_key_mark(after) { Class::Property } else { Class::Number };
    as_value(state, scan, bytes, class);
}

/// Whether nothing touches what is next from before.
fn free(scan: &Scan<'_>) -> bool {
    scan.previous().is_none_or(|c| c != ':' && !is_word(c) && c != ')')
}

/// Whether a key may stand here.
fn key_may_stand(state: &State, scan: &Scan<'_>, language: &Language) -> bool {
    let entry = scan.first || state.last == Last::Open;
    match language.keys {
        Keys::Nowhere => false,
        Keys::Entries => entry && !state.in_round(),
        Keys::Arguments => entry,
        Keys::Touching => !matches!(state.last, Last::Dot),
    }
}

fn is_key(state: &State, scan: &Scan<'_>, language: &Language, after: &str) -> bool {
    if !key_may_stand(state, scan, language) {
        return false;
    }
    if language.keys == Keys::Touching {
        let value = after.strip_prefix(':').is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        return value || after.trim_start().starts_with("=>");
    }
    let after = after.trim_start();
    let after = after.strip_prefix(['?', '!']).filter(|rest| rest.starts_with(':')).unwrap_or(after);
    language.is_key_mark(after)
}

/// Reads a name: a keyword, a type, a function, a key, or what it is by what stands around it.
fn word(state: &mut State, scan: &mut Scan<'_>, language: &'static Language) {
    let rest = scan.rest();
    let bytes = run(rest, |c| language.in_name(c)).max(1);
    let (word, after) = (rest.get(..bytes).unwrap_or_default(), rest.get(bytes..).unwrap_or_default());
    let quoted = after.starts_with(['"', '\'', '#']);
    if bytes <= 3 && quoted && begins_text(state, scan, language, word, false) {
        return;
    }
    let member = state.last == Last::Dot;
    if language.has(Feature::Statements) && begins_statement(state, scan) {
        let class = if is_key(state, scan, language, after) { Class::Property } else { Class::Keyword };
        as_value(state, scan, bytes, class);
        return;
    }
    if !member && is_key(state, scan, language, after) && !language.holds(&language.before_colon, word) {
        as_value(state, scan, bytes, Class::Property);
        return;
    }
    let first = scan.first;
    if language.has(Feature::Fields) && first && matches!(state.frames.last(), Some(Frame::Curly)) {
        as_value(state, scan, bytes, Class::Property);
        return;
    }
    if (!member || language.has(Feature::DottedKeywords))
        && let Some((class, last)) = listed(language, word, after)
    {
        // What only modifies a member leaves its place to a key.
        let last = match state.last {
            Last::Open if last == Last::Keyword && language.holds(&language.modifiers, word) => Last::Open,
            _ if first && last == Last::Keyword && language.holds(&language.modifiers, word) => Last::Open,
            // `CREATE TABLE IF NOT EXISTS users`
            Last::NamesType if last == Last::Keyword && language.any_case => Last::NamesType,
            _ => last,
        };
        scan.take(bytes, class);
        state.last = last;
        return;
    }
    let class = match state.last {
        Last::NamesFunction => Class::Function,
        Last::NamesType => Class::Type,
        _ => unlisted(language, word, after),
    };
    if class == Class::Function && after.starts_with('!') {
        scan.take(bytes + 1, class);
    } else {
        scan.take(bytes, class);
    }
    state.last = match state.last {
        Last::NamesFunction | Last::NamesType if after.starts_with(['.', ':']) => state.last,
        _ => Last::Value,
    };
}

fn begins_statement(state: &State, scan: &Scan<'_>) -> bool {
    let entry = scan.first || state.last == Last::Open;
    entry && matches!(state.frames.last(), None | Some(Frame::Curly | Frame::Embed { .. }))
}

/// What a word is by the lists of the language.
fn listed(language: &Language, word: &str, after: &str) -> Option<(Class, Last)> {
    let next = after.trim_start();
    let soft = || {
        let goes_on =
            next.starts_with(|c: char| is_word(c) || matches!(c, '"' | '\'' | '`' | '{' | '*' | '$' | '@'));
        next.len() < after.len() && goes_on && !next.starts_with("in ") && !next.starts_with("of ")
    };
    let keyword = language.holds(&language.keywords, word) && !called_by_name(language, word, after)
        || language.holds(&language.soft_keywords, word) && soft();
    if keyword {
        let last = if language.holds(&language.before_function, word) {
            Last::NamesFunction
        } else if language.holds(&language.before_type, word) {
            Last::NamesType
        } else {
            Last::Keyword
        };
        return Some((Class::Keyword, last));
    }
    if language.holds(&language.literals, word) {
        return Some((Class::Keyword, Last::Value));
    }
    let name = !language.any_case && next.starts_with(['.', '(']);
    if language.holds(&language.types, word) && !name {
        return Some((Class::Type, Last::Value));
    }
    None
}

/// Whether a keyword that is also a function, as `LEFT` and `REPLACE` in SQL, is called.
fn called_by_name(language: &Language, word: &str, after: &str) -> bool {
    after.starts_with('(') && language.holds(&language.functions, word)
}

/// What a word is that no list holds.
fn unlisted(language: &Language, word: &str, after: &str) -> Class {
    let called = after.starts_with('(')
        || language.has(Feature::Generics) && calls_generic(after)
        || language.has(Feature::Macros)
            && after.strip_prefix('!').is_some_and(|after| after.starts_with(['(', '[', '{']))
        || language.has(Feature::Arrows) && is_arrow(after);
    let capital = word.starts_with(|c: char| c.is_uppercase());
    let small = word.contains(|c: char| c.is_lowercase());
    match language.capitals {
        Capitals::Types | Capitals::Methods if capital && small => {
            if called && language.capitals == Capitals::Methods { Class::Function } else { Class::Type }
        }
        _ if called => Class::Function,
        Capitals::Types | Capitals::Methods if capital && word.chars().nth(1).is_none() => Class::Type,
        Capitals::Types | Capitals::Methods if capital && !small => Class::Number,
        Capitals::Types | Capitals::Methods | Capitals::Nothing => Class::Plain,
    }
}

/// Whether types in angle brackets, and then a call, follow a name: `<string, number>(`, `::<Vec<_>>(`.
fn calls_generic(after: &str) -> bool {
    let after = after.strip_prefix("::").unwrap_or(after);
    if !after.starts_with('<') {
        return false;
    }
    let mut depth = 0usize;
    for (at, c) in after.char_indices().take(AHEAD) {
        match c {
            '<' => depth += 1,
            '>' => {
                depth -= 1;
                if depth == 0 {
                    return after.get(at + 1..).is_some_and(|after| after.starts_with('('));
                }
            }
            ';' | '=' | '+' | '(' | ')' => return false,
            _ => {}
        }
    }
    false
}

/// Whether a function is bound to the name before `after`: ` = async (a) =>`, ` = function`, `: Handler = (a) =>`.
fn is_arrow(after: &str) -> bool {
    let trimmed = after.trim_start();
    let Some(value) = trimmed.strip_prefix('=').filter(|value| !value.starts_with(['=', '>'])) else {
        return false;
    };
    let value = value.trim_start();
    let value = value.strip_prefix("async").map_or(value, str::trim_start);
    if value.starts_with("function") {
        return true;
    }
    let bare = name(value);
    if bare > 0 {
        return value.get(bare..).is_some_and(|rest| rest.trim_start().starts_with("=>"));
    }
    if !value.starts_with(['(', '<']) {
        return false;
    }
    let mut depth = 0usize;
    let mut previous = ' ';
    for c in value.chars().take(AHEAD) {
        match c {
            '(' | '{' | '[' => depth += 1,
            ')' | '}' | ']' => depth = depth.saturating_sub(1),
            '>' if previous == '=' && depth == 0 => return true,
            ';' if depth == 0 => return false,
            _ => {}
        }
        previous = c;
    }
    // The parameters go on in the next line.
    depth > 0 && value.len() < AHEAD && value.trim_end().ends_with(['(', '{', ','])
}

fn hash(state: &mut State, scan: &mut Scan<'_>, language: &Language) {
    let rest = scan.rest();
    let attribute = rest.starts_with("#[") || rest.starts_with("#![");
    if language.hash == Hash::Attribute && attribute {
        let mark = if rest.starts_with("#![") { 3 } else { 2 };
        let path = rest.get(mark..).map_or(0, |rest| run(rest, |c| is_word(c) || c == ':' || c == '\\'));
        scan.take(mark, Class::Plain);
        scan.take(path, Class::Property);
        state.open(Frame::Square);
        state.last = Last::Value;
    } else if language.hash == Hash::Directive && scan.first {
        let word = rest.get(1..).map_or(0, |rest| {
            let blanks = run(rest, char::is_whitespace);
            blanks + rest.get(blanks..).map_or(0, name)
        });
        let include = rest.get(..=word).is_some_and(|word| word.ends_with("include"));
        scan.take(1 + word, Class::Keyword);
        scan.take_blanks();
        if include && scan.starts("<") {
            let end = scan.rest().find('>').map_or(0, |at| at + 1);
            scan.take(end, Class::Text);
        }
        state.last = Last::Keyword;
    } else {
        scan.take_one(Class::Plain);
        state.last = Last::Operator;
    }
}

/// Reads the pattern that begins here; tells whether one does.
fn pattern(state: &mut State, scan: &mut Scan<'_>) -> bool {
    if state.last == Last::Value || scan.patternless {
        return false;
    }
    let rest = scan.rest();
    let mut in_set = false;
    let mut chars = rest.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '[' => in_set = true,
            ']' => in_set = false,
            '/' if !in_set => {
                let flags = rest.get(at + 1..).map_or(0, |rest| run(rest, |c| c.is_ascii_lowercase()));
                as_value(state, scan, at + 1 + flags, Class::Text);
                return true;
            }
            _ => {}
        }
    }
    scan.patternless = true;
    false
}

/// Reads the mark of a heredoc, whose text begins with the next line; tells whether there is one.
pub(super) fn heredoc(state: &mut State, scan: &mut Scan<'_>) -> bool {
    let rest = scan.rest();
    if scan.previous() == Some('<') {
        return false;
    }
    let marks = run(rest, |c| c == '<');
    let Some(after) = rest.get(marks..).filter(|_| matches!(marks, 2 | 3)) else { return false };
    let bare = after.trim_start_matches(['-', '~', ' ']).trim_start_matches(['\'', '"', '\\']);
    let bytes = name(bare);
    let Some(word) = bare.get(..bytes).filter(|word| !word.is_empty() && word.len() < 64) else {
        return false;
    };
    let quoted = after.trim_start_matches(['-', '~', ' ']).starts_with('\'');
    let closing = bare.get(bytes..).is_some_and(|rest| rest.starts_with(['\'', '"']));
    let shift = after.starts_with(' ') || marks == 3 && word.chars().any(char::is_lowercase);
    if shift && !word.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
        return false;
    }
    let inner = match Language::named(word) {
        Some(language) => language,
        None if quoted => Language::named_or_flat("<<'"),
        None => Language::named_or_flat("<<"),
    };
    scan.take(marks + after.len() - bare.len() + bytes + usize::from(closing), Class::Comment);
    scan.follow(Frame::Embed { language: inner, until: Until::Word(word.into()) });
    if state.last != Last::Command {
        state.last = Last::Argument;
    }
    true
}
