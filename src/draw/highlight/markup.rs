//! Tags: those of HTML and its kin, and those within JavaScript. It never pairs a tag with its end.

use super::language::{Feature, Language};
use super::lexer::limit_to_end_tag;
use super::quotes::{begins_comment, begins_text};
use super::scan::{Class, Scan, is_word, run};
use super::state::{Frame, Last, State, Tag, Until};

/// Reads the text between tags, or the beginning of one.
pub(super) fn text(state: &mut State, scan: &mut Scan<'_>, language: &'static Language) {
    let braces = language.has(Feature::Braces);
    scan.take_while(Class::Plain, |c| c != '<' && c != '&' && !(braces && c == '{'));
    if scan.done() || begins_comment(state, scan, language) {
        return;
    }
    let rest = scan.rest();
    if let Some(entity) = rest.strip_prefix('&') {
        let name = run(entity, |c| c.is_ascii_alphanumeric() || c == '#');
        let ends = entity.get(name..).is_some_and(|rest| rest.starts_with(';'));
        if ends { scan.take(name + 2, Class::Number) } else { scan.take_one(Class::Plain) }
    } else if rest.starts_with('{') {
        expression(state, scan);
    } else {
        let mark = 1 + rest.get(1..).map_or(0, |rest| run(rest, |c| matches!(c, '/' | '!' | '?')));
        let name = rest.get(mark..).map_or(0, |rest| run(rest, in_tag_name));
        if name == 0 {
            scan.take(mark, Class::Plain);
            return;
        }
        let word = rest.get(mark..mark + name).unwrap_or_default();
        let tag = match word {
            _ if mark > 1 => Tag::Element,
            _ if word.eq_ignore_ascii_case("script") => Tag::Script,
            _ if word.eq_ignore_ascii_case("style") => Tag::Style,
            _ => Tag::Element,
        };
        scan.take(mark, Class::Plain);
        scan.take(name, class_of(word));
        state.open(Frame::Tag(tag));
    }
}

/// Begins an expression of a template: `{{ name }}`, `{name}`, `{#if name}`.
fn expression(state: &mut State, scan: &mut Scan<'_>) {
    let rest = scan.rest();
    scan.take(if rest.starts_with("{{") { 2 } else { 1 }, Class::Plain);
    if scan.rest().starts_with(['#', '/', ':', '@']) {
        let word = scan.rest().get(1..).map_or(0, |rest| run(rest, is_word));
        scan.take(1 + word, Class::Keyword);
    }
    state.embed(Language::named_or_flat("ts"), Until::Bracket('}'));
}

/// Reads what is between the name of a tag and its `>`.
pub(super) fn tag(state: &mut State, scan: &mut Scan<'_>, tag: Tag) {
    if scan.take_blanks() {
        return;
    }
    let rest = scan.rest();
    let language = state.language();
    if rest.starts_with("/>") {
        scan.take(2, Class::Plain);
        state.frames.pop();
        state.last = Last::Value;
    } else if rest.starts_with('>') {
        scan.take_one(Class::Plain);
        state.frames.pop();
        state.last = Last::Value;
        match tag {
            Tag::Script => state.embed(Language::named_or_flat("ts"), Until::Tag("script")),
            Tag::Style => state.embed(Language::named_or_flat("css"), Until::Tag("style")),
            Tag::Jsx => state.open(Frame::Children),
            Tag::JsxEnd | Tag::Element => {}
        }
        limit_to_end_tag(state, scan);
    } else if rest.starts_with('{') {
        if matches!(tag, Tag::Jsx | Tag::JsxEnd) {
            scan.take_one(Class::Plain);
            state.open(Frame::Curly);
            state.last = Last::Open;
        } else if language.has(Feature::Braces) {
            expression(state, scan);
        } else {
            scan.take_one(Class::Plain);
        }
    } else if !begins_text(state, scan, language, "", false) {
        let attribute =
            |c: char| !c.is_whitespace() && !matches!(c, '=' | '>' | '/' | '?' | '"' | '\'' | '{' | '<');
        let name = run(rest, attribute);
        if name == 0 { scan.take_one(Class::Plain) } else { scan.take(name, Class::Property) }
    }
}

/// Reads a tag where JavaScript may have one; tells whether it is one.
pub(super) fn opens_jsx(state: &mut State, scan: &mut Scan<'_>) -> bool {
    let Some(after) = scan.rest().get(1..) else { return false };
    let name = run(after, in_tag_name);
    let rest = after.get(name..).unwrap_or_default();
    let fragment = name == 0 && rest.starts_with('>');
    let element = after.starts_with(|c: char| c.is_alphabetic())
        && (rest.is_empty() || rest.starts_with([' ', '>', '/', '\t']))
        && !rest.trim_start().starts_with("extends ")
        // `<T>(a: T) =>` is a function of any type.
        && !(name == 1 && rest.starts_with(">("));
    if !fragment && !element {
        return false;
    }
    scan.take_one(Class::Plain);
    scan.take(name, class_of(after.get(..name).unwrap_or_default()));
    state.open(Frame::Tag(Tag::Jsx));
    true
}

/// Reads what is between the tags of a JSX element.
pub(super) fn children(state: &mut State, scan: &mut Scan<'_>) {
    scan.take_while(Class::Plain, |c| c != '<' && c != '{');
    let rest = scan.rest();
    if let Some(after) = rest.strip_prefix("</") {
        let name = run(after, in_tag_name);
        scan.take(2, Class::Plain);
        scan.take(name, class_of(after.get(..name).unwrap_or_default()));
        state.frames.pop();
        state.open(Frame::Tag(Tag::JsxEnd));
    } else if rest.starts_with('{') {
        scan.take_one(Class::Plain);
        state.open(Frame::Curly);
        state.last = Last::Open;
    } else if !rest.is_empty() && !opens_jsx(state, scan) {
        scan.take_one(Class::Plain);
    }
}

fn in_tag_name(c: char) -> bool {
    is_word(c) || matches!(c, '-' | ':' | '.')
}

/// A component has a capital letter; an element has none.
fn class_of(tag: &str) -> Class {
    if tag.starts_with(|c: char| c.is_uppercase()) && tag.contains(|c: char| c.is_lowercase()) {
        Class::Type
    } else {
        Class::Keyword
    }
}
