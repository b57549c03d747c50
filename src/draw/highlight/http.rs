//! Requests and answers as they are sent: the first line, headers, and a body of JSON. It never reads a body of another kind.

use super::language::Language;
use super::quotes::flat;
use super::scan::{Class, Scan, number, run};
use super::state::{State, Until};

/// What ends a body: the next message of the same block.
const NEXT: &[&str] = &["###", "HTTP/", "GET ", "POST ", "PUT ", "PATCH ", "DELETE ", "HEAD ", "OPTIONS "];

/// The body begins.
pub(super) fn begin_body(state: &mut State) {
    state.embed(Language::named_or_flat("json"), Until::Line(NEXT));
}

/// Reads a line before the body.
pub(super) fn line(scan: &mut Scan<'_>) {
    let rest = scan.rest();
    if rest.starts_with('#') || rest.starts_with("//") {
        scan.take_rest(Class::Comment);
    } else if rest.starts_with("HTTP/") {
        scan.take_while(Class::Keyword, |c| !c.is_whitespace());
        scan.take_blanks();
        scan.take(number(scan.rest()), Class::Number);
        scan.take_rest(Class::Text);
    } else if let Some(method) = method(rest) {
        scan.take(method, Class::Keyword);
        scan.take_blanks();
        let version = scan.rest().rfind(" HTTP/").unwrap_or(scan.rest().len());
        scan.take(version, Class::Text);
        scan.take_rest(Class::Keyword);
    } else {
        let name = run(rest, |c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '@' | '.'));
        let marked = rest.get(name..).is_some_and(|rest| rest.trim_start().starts_with([':', '=']));
        if name > 0 && marked {
            scan.take(name, Class::Property);
            scan.take_blanks();
            scan.take_one(Class::Plain);
            scan.take_blanks();
        }
        flat(scan, Class::Text, true);
    }
}

/// The bytes of the method that a request begins with.
fn method(line: &str) -> Option<usize> {
    let bytes = run(line, |c| c.is_ascii_uppercase());
    let target = line.get(bytes..)?.strip_prefix(' ')?;
    let begins = ["/", "http", "{{", "*", "ws"].iter().any(|start| target.trim_start().starts_with(start));
    (bytes > 2 && begins).then_some(bytes)
}
