//! Command lines: commands, options, variables, redirections. It never knows which commands there are.

use super::code::heredoc;
use super::language::{Language, Shape};
use super::quotes::{begins_comment, begins_text, variable};
use super::scan::{Class, Scan, name, run};
use super::state::{Frame, Last, State};

/// Reads the next piece.
pub(super) fn token(state: &mut State, scan: &mut Scan<'_>, language: &'static Language) {
    if scan.take_blanks() {
        if state.last == Last::Assigned {
            state.last = Last::Command;
        }
        return;
    }
    let free = scan.previous().is_none_or(|c| c.is_whitespace() || matches!(c, ';' | '(' | '&' | '|'));
    if free && begins_comment(state, scan, language) {
        return;
    }
    let last = state.last;
    if begins_text(state, scan, language, "", false) {
        state.last = last;
        return;
    }
    let rest = scan.rest();
    let Some(c) = scan.next() else { return };
    let after = rest.get(c.len_utf8()..).unwrap_or_default();
    match c {
        '$' if after.starts_with('(') => substitution(state, scan, language),
        '$' => {
            let bytes = variable(rest);
            if bytes == 0 {
                scan.take_one(Class::Plain)
            } else {
                scan.take(bytes, Class::Property)
            }
            state.last = argument_after(last);
        }
        '\\' => scan.take(1 + after.chars().next().map_or(0, char::len_utf8), Class::Plain),
        '|' | '&' | ';' | '`' => {
            scan.take_one(Class::Plain);
            state.last = Last::Command;
        }
        '(' => {
            scan.take_one(Class::Plain);
            state.open(Frame::Round);
            state.last = Last::Command;
        }
        ')' => {
            let inserted = state.frames.last() == Some(&Frame::Insert(')'));
            state.close(')');
            scan.take_one(Class::Plain);
            state.last = if inserted { Last::Argument } else { Last::Command };
        }
        '<' if heredoc(state, scan) => {}
        '<' | '>' => {
            scan.take_while(Class::Plain, |c| matches!(c, '<' | '>' | '&' | '|'));
            if last == Last::Command && scan.next().is_none() {
                state.last = Last::Command;
            }
            if last != Last::Command {
                state.last = Last::Argument;
            }
        }
        '{' | '}' | '!' if last == Last::Command => scan.take_one(Class::Plain),
        '{' | '}' => scan.take_one(Class::Plain),
        _ => word(state, scan, language),
    }
}

fn argument_after(last: Last) -> Last {
    if last == Last::Command { Last::Argument } else { last }
}

/// `$(command)`, or `$(NAME)` in a makefile.
fn substitution(state: &mut State, scan: &mut Scan<'_>, language: &Language) {
    let inner = scan.rest().get(2..).unwrap_or_default();
    let bytes = name(inner);
    if language.shape == Shape::Make && inner.get(bytes..).is_some_and(|rest| rest.starts_with(')')) {
        scan.take(bytes + 3, Class::Property);
        state.last = argument_after(state.last);
        return;
    }
    scan.take(2, Class::Plain);
    state.open(Frame::Insert(')'));
    state.last = Last::Command;
}

fn word(state: &mut State, scan: &mut Scan<'_>, language: &Language) {
    let rest = scan.rest();
    let ends = |c: char| {
        c.is_whitespace()
            || matches!(c, '"' | '\'' | '$' | '|' | '&' | ';' | '(' | ')' | '<' | '>' | '`' | '\\')
    };
    let bytes = run(rest, |c| !ends(c));
    let (word, after) = (rest.get(..bytes).unwrap_or_default(), rest.get(bytes..).unwrap_or_default());
    let names = name(word);
    let assigns =
        word.get(names..).is_some_and(|rest| names > 0 && (rest.starts_with('=') || rest.starts_with("+=")));
    if assigns && state.last != Last::Assigned {
        scan.take(names, Class::Property);
        let mark = if word.get(names..).is_some_and(|rest| rest.starts_with('+')) { 2 } else { 1 };
        scan.take(mark, Class::Plain);
        scan.take(bytes - names - mark, value(word.get(names + mark..).unwrap_or_default()));
        if state.last == Last::Command {
            state.last = Last::Assigned;
        }
        return;
    }
    if state.last == Last::Command && after.starts_with(')') && !state.in_round() {
        // What a case stands for.
        scan.take(bytes, Class::Text);
        return;
    }
    if state.last == Last::Command {
        let (class, last) = if language.holds(&language.keywords, word) {
            let last = match word {
                "for" | "case" | "select" => Last::Loop,
                "function" => Last::NamesFunction,
                "export" | "local" | "declare" | "readonly" | "typeset" | "alias" | "unset" | "return"
                | "exit" | "source" | "set" | "shift" | "break" | "continue" | "trap" | "[" | "[[" => {
                    Last::Argument
                }
                _ => Last::Command,
            };
            (Class::Keyword, last)
        } else if language.holds(&language.functions, word) {
            (Class::Function, Last::Command)
        } else if word.starts_with('-') {
            // An option of a command that runs another one, as in `sudo -E make`.
            (Class::Property, Last::Command)
        } else {
            (Class::Function, Last::Argument)
        };
        scan.take(bytes, class);
        state.last = last;
        return;
    }
    if word.starts_with('-') && word.len() > 1 {
        let option = word.find('=').unwrap_or(bytes);
        scan.take(option, Class::Property);
        scan.take(bytes - option, Class::Plain);
    } else if state.last == Last::NamesFunction {
        scan.take(bytes, Class::Function);
        state.last = Last::Command;
    } else if state.last == Last::Loop && word == "in" {
        scan.take(bytes, Class::Keyword);
        state.last = if after.trim().is_empty() { Last::Command } else { Last::Argument };
    } else {
        scan.take(bytes, value(word));
    }
}

fn value(word: &str) -> Class {
    let number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    if number && word != "." && word != ".." { Class::Number } else { Class::Plain }
}
