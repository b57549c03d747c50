//! One line of any language to classified pieces: it hands each place to the reader of what is open there. It never goes back,
//! so that a line costs what its length costs.

use super::language::{Language, Shape};
use super::scan::{Class, Scan, run};
use super::state::{Frame, Last, State, Until};
use super::{code, css, http, lines, markdown, markup, quotes, shell, yaml};

/// The ends of the pieces of a line, and what each is.
pub(super) fn line(state: &mut State, text: &str) -> Vec<(usize, Class)> {
    let mut scan = Scan::new(text);
    let blank = text.trim().is_empty();
    choose_console(state, text);
    close_at_line(state, &mut scan);
    begin_line(state, blank);
    limit_to_end_tag(state, &mut scan);
    while !scan.done() || close_at_end_tag(state, &mut scan) {
        let before = scan.at();
        step(state, &mut scan);
        if scan.at() == before {
            scan.take_one(Class::Plain);
        }
    }
    state.begun |= !blank;
    // A comment between the lines of a command does not end it.
    let comment = state.base.shape == Shape::Docker && text.trim_start().starts_with('#');
    state.continued = text.trim_end().ends_with('\\') || state.continued && comment;
    state.end_line();
    for frame in scan.following() {
        state.open(frame);
    }
    scan.finish()
}

/// Reads the next piece.
fn step(state: &mut State, scan: &mut Scan<'_>) {
    let language = state.language();
    match state.frames.last() {
        Some(Frame::Comment(kind)) => quotes::comment(state, scan, language, *kind),
        Some(Frame::Text { quote, hashes }) => quotes::text(state, scan, language, *quote, *hashes),
        Some(Frame::Tag(tag)) => markup::tag(state, scan, *tag),
        Some(Frame::Children) => markup::children(state, scan),
        _ => match language.shape {
            Shape::Code => code::token(state, scan, language),
            Shape::Shell => shell::token(state, scan, language),
            Shape::Console => lines::console(state, scan, language),
            Shape::Docker => lines::docker(state, scan, language),
            Shape::Make => lines::make(state, scan, language),
            Shape::Yaml => yaml::token(state, scan, language),
            Shape::Settings => lines::setting(scan, language),
            Shape::Http => http::line(scan),
            Shape::Diff => lines::diff(state, scan),
            Shape::Markdown => markdown::token(state, scan),
            Shape::Markup => markup::text(state, scan, language),
            Shape::Css => css::token(state, scan, language),
            Shape::Flat(class) => quotes::flat(scan, class, language.has_sigils()),
        },
    }
}

/// A shell block that begins with a prompt shows a session; a session without one is a script.
fn choose_console(state: &mut State, text: &str) {
    if state.begun || text.trim().is_empty() {
        return;
    }
    let prompt = lines::prompt(text) > 0;
    match state.base.shape {
        Shape::Shell if prompt && !text.starts_with('#') => {
            state.base = Language::named_or_flat("console");
        }
        Shape::Console if !prompt => state.base = Language::named_or_flat("sh"),
        _ => {}
    }
}

/// Ends the outermost embedded language that ends before or with this line.
fn close_at_line(state: &mut State, scan: &mut Scan<'_>) {
    let line = scan.rest();
    let bare = line.trim();
    let mut closing = 0;
    let ended = state.frames.iter().position(|frame| {
        let Frame::Embed { until, .. } = frame else { return false };
        match until {
            Until::Fence(mark, count) => {
                let ends = run(bare, |c| c == *mark) == bare.len() && bare.len() >= *count;
                closing = if ends { line.len() } else { 0 };
                ends
            }
            Until::Line(starts) => starts.iter().any(|start| line.starts_with(start)),
            Until::Word(end) => {
                let after = bare.strip_prefix(end.as_ref());
                let ends = after.is_some_and(|after| after.trim_matches([';', ',', ')', '.']).is_empty());
                closing = if ends { line.len() - line.trim_start().len() + end.len() } else { 0 };
                ends
            }
            Until::Indent(indent) => !bare.is_empty() && run(line, |c| c == ' ') <= *indent,
            Until::Tag(_) | Until::Bracket(_) => false,
        }
    });
    if let Some(index) = ended {
        state.frames.truncate(index);
        state.last = Last::Open;
        scan.take(closing, Class::Comment);
    }
}

/// What a new line begins, whatever is on it.
fn begin_line(state: &mut State, blank: bool) {
    let language = state.language();
    match language.shape {
        Shape::Http if blank && state.begun => http::begin_body(state),
        Shape::Shell if !state.continued && !state.in_text() => state.last = Last::Command,
        Shape::Docker | Shape::Make if !state.continued && !state.in_text() => state.last = Last::Open,
        Shape::Yaml if state.is_level() => state.last = Last::Open,
        _ => {}
    }
}

/// Where the end tag of an embedded language is on this line, the language ends there.
pub(super) fn limit_to_end_tag(state: &State, scan: &mut Scan<'_>) {
    if let Some((_, name)) = state.end_tag() {
        let rest = scan.rest();
        let end = rest.match_indices("</").find(|(at, _)| {
            rest.get(at + 2..at + 2 + name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name))
        });
        scan.limit(end.map(|(at, _)| at));
    }
}

/// Goes on after an embedded language that ends on this line; tells whether there is more of the line.
fn close_at_end_tag(state: &mut State, scan: &mut Scan<'_>) -> bool {
    if !scan.is_limited() {
        return false;
    }
    if let Some((index, _)) = state.end_tag() {
        state.frames.truncate(index);
    }
    scan.limit(None);
    true
}
