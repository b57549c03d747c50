//! Languages whose lines have a shape: patches, sessions of a shell, settings, Dockerfiles and makefiles. It never reads what
//! a command means.

use super::language::Language;
use super::quotes::{begins_text, flat, variable};
use super::scan::{Class, Scan, is_word, name, number, run};
use super::state::{Frame, Last, State};
use super::{shell, yaml};

/// What begins a line of a patch, and what that line is; the first row that fits counts.
const MARKS: &[(&str, Class)] = &[
    ("diff ", Class::Heading),
    ("index ", Class::Comment),
    ("--- ", Class::Heading),
    ("+++ ", Class::Heading),
    ("@@", Class::Comment),
    ("+", Class::Added),
    (">", Class::Added),
    ("-", Class::Removed),
    ("<", Class::Removed),
    ("!", Class::Number),
    ("\\ ", Class::Comment),
    ("new file", Class::Comment),
    ("deleted file", Class::Comment),
    ("old mode", Class::Comment),
    ("new mode", Class::Comment),
    ("similarity index", Class::Comment),
    ("rename ", Class::Comment),
    ("Binary files", Class::Comment),
];

/// Reads a line of a patch. Within a hunk `--- a` is a line that was removed, and not the name of a file.
pub(super) fn diff(state: &mut State, scan: &mut Scan<'_>) {
    let line = scan.rest();
    if let Some(&Frame::Hunk { old, new }) = state.frames.last() {
        state.frames.pop();
        let names_file = ["--- a/", "--- /dev/null", "+++ b/", "+++ /dev/null"];
        let (class, old_lines, new_lines) = match line.chars().next() {
            _ if names_file.iter().any(|start| line.starts_with(start)) => (None, old, new),
            Some('-') => (Some(Class::Removed), 1, 0),
            Some('+') => (Some(Class::Added), 0, 1),
            Some(' ') => (Some(Class::Plain), 1, 1),
            _ => (None, 0, 0),
        };
        let left = Frame::Hunk { old: old.saturating_sub(old_lines), new: new.saturating_sub(new_lines) };
        if left != (Frame::Hunk { old: 0, new: 0 }) {
            state.open(left);
        }
        if let Some(class) = class {
            scan.take_rest(class);
            return;
        }
    }
    let class =
        MARKS.iter().find(|(mark, _)| line.starts_with(mark)).map_or(Class::Plain, |(_, class)| *class);
    if line.starts_with("@@") {
        state.open(Frame::Hunk { old: count_after(line, '-'), new: count_after(line, '+') });
        // What follows the range names the function that the hunk is in.
        let range = line.get(2..).and_then(|rest| rest.find("@@")).map_or(line.len(), |at| at + 4);
        scan.take(range, class);
        scan.take_rest(Class::Function);
    }
    scan.take_rest(class);
}

/// The lines that `-1,5` or `+1` stands for in the range of a hunk.
fn count_after(range: &str, mark: char) -> usize {
    let Some((_, range)) = range.split_once(mark) else { return 0 };
    let range = range.split(' ').next().unwrap_or_default();
    range.split_once(',').map_or(Some(1), |(_, count)| count.parse().ok()).unwrap_or(0)
}

/// The bytes of the prompt that a line begins with.
pub(super) fn prompt(line: &str) -> usize {
    ["$ ", "% ", "❯ ", "➜ ", "# ", "> ", "PS> "]
        .iter()
        .find(|prompt| line.trim_start().starts_with(**prompt))
        .map_or(0, |prompt| line.len() - line.trim_start().len() + prompt.len())
}

/// Reads a line of a session: a command after its prompt, or what a command printed.
pub(super) fn console(state: &mut State, scan: &mut Scan<'_>, language: &'static Language) {
    if !scan.first {
        shell::token(state, scan, language);
        return;
    }
    let open = state.continued && state.last != Last::Open || !state.frames.is_empty();
    let prompt = prompt(scan.rest());
    if prompt > 0 {
        scan.take(prompt, Class::Comment);
        if !open {
            state.last = Last::Command;
        }
    } else if open {
        shell::token(state, scan, language);
    } else {
        state.last = Last::Open;
        scan.take_rest(Class::Plain);
    }
}

/// Reads a line of names and values: `NAME=value`, `[section]`, `export NAME=value`.
pub(super) fn setting(scan: &mut Scan<'_>, language: &Language) {
    scan.take_blanks();
    let rest = scan.rest();
    if rest.starts_with(['#', ';']) {
        scan.take_rest(Class::Comment);
    } else if rest.starts_with('[') {
        scan.take(rest.find(']').map_or(rest.len(), |at| at + 1), Class::Type);
        scan.take_rest(Class::Comment);
    } else {
        if rest.starts_with("export ") {
            scan.take("export".len(), Class::Keyword);
            scan.take_blanks();
        }
        let rest = scan.rest();
        let Some(mark) = rest.find(['=', ':']) else {
            let bare = rest.chars().all(|c| is_word(c) || matches!(c, '.' | '-' | ' '));
            scan.take_rest(if bare { Class::Property } else { Class::Plain });
            return;
        };
        scan.take(rest.get(..mark).map_or(0, |name| name.trim_end().len()), Class::Property);
        scan.take_blanks();
        scan.take_one(Class::Plain);
        scan.take_blanks();
        value(scan, language);
    }
}

fn value(scan: &mut Scan<'_>, language: &Language) {
    let rest = scan.rest();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''));
    let end = match quote {
        Some(quote) => {
            let close = rest.char_indices().skip(1).find(|(_, c)| *c == quote);
            close.map_or(rest.len(), |(at, _)| at + 1)
        }
        None => rest.find(" #").or_else(|| rest.find(" ;")).unwrap_or(rest.len()),
    };
    let text = rest.get(..end).unwrap_or_default();
    let class = if quote.is_some() { Class::Text } else { yaml::class_of(text.trim_end(), language) };
    let comment = scan.rest().len() - end;
    while scan.rest().len() > comment {
        let here = scan.rest().get(..scan.rest().len() - comment).unwrap_or_default();
        let at = here.find('$').filter(|_| quote != Some('\'')).unwrap_or(here.len());
        scan.take(at, class);
        let bytes = variable(here.get(at..).unwrap_or_default());
        if bytes > 1 {
            scan.take(bytes, Class::Property);
        } else if at < here.len() {
            scan.take_one(class);
        }
    }
    scan.take_rest(Class::Comment);
}

/// Reads a piece of a Dockerfile: an instruction, and the command line or the arguments after it.
pub(super) fn docker(state: &mut State, scan: &mut Scan<'_>, language: &'static Language) {
    if matches!(state.last, Last::Command | Last::Argument | Last::Assigned | Last::Loop) {
        let comment = scan.rest().trim_start().starts_with('#') && scan.read().trim().is_empty();
        if comment {
            scan.take_rest(Class::Comment)
        } else {
            shell::token(state, scan, language)
        }
        return;
    }
    if scan.take_blanks() {
        return;
    }
    let rest = scan.rest();
    let word = run(rest, |c| c.is_ascii_alphabetic());
    let text = rest.get(..word).unwrap_or_default();
    let alone = rest.get(word..).is_none_or(|rest| rest.is_empty() || rest.starts_with([' ', '\t']));
    let last = state.last;
    if scan.first && rest.starts_with('#') {
        scan.take_rest(Class::Comment);
    } else if word > 0
        && alone
        && (scan.first && !state.continued || last == Last::Keyword)
        && language.holds(&language.keywords, text)
    {
        scan.take(word, Class::Keyword);
        state.last = match text.to_ascii_uppercase().as_str() {
            _ if rest.get(word..).is_some_and(|rest| rest.trim_start().starts_with('[')) => Last::Value,
            "RUN" | "CMD" | "ENTRYPOINT" => Last::Command,
            "HEALTHCHECK" | "ONBUILD" => Last::Keyword,
            "FROM" => Last::NamesType,
            _ => Last::Value,
        };
        scan.take_blanks();
        options(scan);
    } else if word > 0 && alone && text.eq_ignore_ascii_case("as") && last == Last::Value {
        scan.take(word, Class::Keyword);
    } else if begins_text(state, scan, language, "", false) {
        state.last = last;
    } else if rest.starts_with("--") {
        options(scan);
    } else if rest.starts_with('$') {
        scan.take(variable(rest).max(1), Class::Property);
    } else {
        let bytes = run(rest, |c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '$')).max(1);
        let names = run(rest.get(..bytes).unwrap_or_default(), |c| is_word(c) || matches!(c, '.' | '-'));
        let piece = rest.get(..bytes).unwrap_or_default();
        let assigns = rest.get(names..).is_some_and(|rest| names > 0 && rest.starts_with('='));
        if last == Last::NamesType {
            scan.take(bytes, Class::Text);
            state.last = Last::Value;
        } else if assigns {
            scan.take(names, Class::Property);
            scan.take_one(Class::Plain);
        } else {
            let whole = number(piece) == piece.len() && piece.starts_with(|c: char| c.is_ascii_digit());
            scan.take(bytes, if whole { Class::Number } else { Class::Plain });
        }
    }
}

/// Reads the options after an instruction: `--from=build`.
fn options(scan: &mut Scan<'_>) {
    while scan.starts("--") {
        let rest = scan.rest();
        let end = run(rest, |c| !c.is_whitespace());
        let option = rest.get(..end).and_then(|option| option.find('=')).unwrap_or(end);
        scan.take(option, Class::Property);
        scan.take(end - option, Class::Plain);
        scan.take_blanks();
    }
}

/// Reads a piece of a makefile: a rule, a variable, or the command line after a tab.
pub(super) fn make(state: &mut State, scan: &mut Scan<'_>, language: &'static Language) {
    if state.last != Last::Open {
        shell::token(state, scan, language);
        return;
    }
    let rest = scan.rest();
    if scan.at() == 0 && rest.starts_with('\t') {
        scan.take_blanks();
        scan.take_while(Class::Keyword, |c| matches!(c, '@' | '-' | '+'));
        state.last = Last::Command;
        return;
    }
    scan.take_blanks();
    let rest = scan.rest();
    let word = run(rest, |c| is_word(c) || matches!(c, '.' | '-' | '/' | '%'));
    let text = rest.get(..word).unwrap_or_default();
    let after = rest.get(word..).unwrap_or_default().trim_start();
    if rest.starts_with('#') {
        scan.take_rest(Class::Comment);
    } else if language.holds(&language.literals, text) {
        scan.take(word, Class::Keyword);
        state.last = Last::Argument;
    } else if ["=", ":=", "?=", "+=", "::=", "!="].iter().any(|mark| after.starts_with(mark)) {
        scan.take(word, Class::Property);
        state.last = Last::Argument;
    } else if let Some(colon) = rest.find(':') {
        let targets = rest.get(..colon).unwrap_or_default();
        let class = if targets.starts_with('.') { Class::Keyword } else { Class::Function };
        scan.take(colon, class);
        state.last = Last::Argument;
    } else {
        state.last = Last::Argument;
        scan.take(name(rest), Class::Plain);
        flat(scan, Class::Plain, false);
    }
}
