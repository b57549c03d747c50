//! YAML: keys, scalars, blocks of text, and the shell scripts that workflows hold. It never checks indentation.

use super::language::Language;
use super::quotes::{begins_text, flat};
use super::scan::{Class, Scan, number, run};
use super::state::{Frame, Last, State, Until};

/// Keys whose blocks of text are commands.
const SCRIPTS: &[&str] = &["run", "script", "before_script", "after_script", "command", "commands", "sh"];

/// Reads the next piece.
pub(super) fn token(state: &mut State, scan: &mut Scan<'_>, language: &'static Language) {
    if scan.take_blanks() {
        return;
    }
    let flow = !state.is_level();
    let rest = scan.rest();
    let Some(c) = scan.next() else { return };
    let ends = rest.get(c.len_utf8()..).is_none_or(|rest| rest.is_empty() || rest.starts_with(' '));
    match c {
        '#' if scan.previous().is_none_or(char::is_whitespace) => scan.take_rest(Class::Comment),
        '-' if !flow && scan.first && scan.at() == 0 && rest.starts_with("---") => {
            scan.take(3, Class::Comment);
            state.last = Last::Open;
        }
        '-' | '?' if !flow && state.last == Last::Open && ends => scan.take_one(Class::Keyword),
        '{' | '[' => {
            scan.take_one(Class::Plain);
            state.open(if c == '{' { Frame::Curly } else { Frame::Square });
            state.last = Last::Open;
        }
        '}' | ']' | ',' if flow => {
            scan.take_one(Class::Plain);
            state.close(c);
            state.last = Last::Open;
        }
        ':' if ends || flow => {
            scan.take_one(Class::Plain);
            state.last = Last::Assigned;
        }
        '&' | '*' | '!' if state.last != Last::Value => {
            scan.take_while(Class::Type, |c| !c.is_whitespace() && !matches!(c, ',' | ']' | '}'));
        }
        '|' | '>' if !flow && state.last != Last::Value && is_block(rest) => block(scan),
        '"' | '\'' if state.last != Last::Value => {
            begins_text(state, scan, language, "", true);
            state.last = Last::Value;
        }
        _ => scalar(state, scan, language, flow),
    }
}

/// Reads a scalar without quotes: a key when a colon follows.
fn scalar(state: &mut State, scan: &mut Scan<'_>, language: &Language, flow: bool) {
    let rest = scan.rest();
    let bytes = end_of_scalar(rest, flow);
    let text = rest.get(..bytes).unwrap_or_default();
    let after = rest.get(bytes..).unwrap_or_default();
    if after.starts_with(':') && state.last != Last::Value && (flow || state.last == Last::Open) {
        scan.take(bytes, Class::Property);
        state.last = Last::Value;
        return;
    }
    let whole = text.trim_end();
    let class = class_of(whole, language);
    // A scalar that holds a colon is a text, as it is up to there.
    let bytes = bytes.max(1);
    let text = Scan::new(rest.get(..bytes).unwrap_or_default());
    copy(scan, text, class);
    state.last = Last::Value;
}

fn copy(scan: &mut Scan<'_>, mut part: Scan<'_>, class: Class) {
    flat(&mut part, class, true);
    let mut start = 0;
    for (end, class) in part.finish() {
        scan.take(end - start, class);
        start = end;
    }
}

/// The bytes of the scalar at the beginning of `text`, without blanks at its end.
fn end_of_scalar(text: &str, flow: bool) -> usize {
    let mut previous = ' ';
    let mut end = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, c)| *c);
        let ends = match c {
            ':' => next.is_none_or(char::is_whitespace),
            '#' => previous.is_whitespace() && at > 0,
            ',' | ']' | '}' if flow => true,
            _ => false,
        };
        if ends {
            break;
        }
        if !c.is_whitespace() {
            end = at + c.len_utf8();
        }
        previous = c;
    }
    end
}

/// What a scalar without quotes is.
pub(super) fn class_of(text: &str, language: &Language) -> Class {
    let digits = text.trim_start_matches(['-', '+']);
    if language.holds(&language.literals, text) {
        Class::Keyword
    } else if digits.starts_with(|c: char| c.is_ascii_digit()) && number(digits) == digits.len() {
        Class::Number
    } else {
        Class::Text
    }
}

fn is_block(rest: &str) -> bool {
    let marks = run(rest, |c| matches!(c, '|' | '>' | '-' | '+' | '0'..='9'));
    rest.get(marks..).is_some_and(|rest| rest.trim().is_empty() || rest.trim_start().starts_with('#'))
}

/// Begins a block of text, which goes on as long as its lines are indented deeper than this one.
fn block(scan: &mut Scan<'_>) {
    let before = scan.read();
    let key = before.trim_start().trim_start_matches("- ").trim_end().trim_end_matches(':');
    let name = if SCRIPTS.contains(&key.trim_matches(['"', '\''])) { "sh" } else { "|" };
    let indent = run(before, |c| c == ' ');
    scan.take_while(Class::Keyword, |c| !c.is_whitespace());
    scan.take_blanks();
    scan.take_rest(Class::Comment);
    scan.follow(Frame::Embed { language: Language::named_or_flat(name), until: Until::Indent(indent) });
}
