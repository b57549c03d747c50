//! Whether an edit left alone what it does not speak of. It knows lines, not Markdown.

use dictum::domain::kb::{Edit, Op};

/// An add may bring a heading with its blank lines.
const NEW_HEADING: usize = 3;

/// Whether line ends, mark of byte order and final newline are as before, and no more lines changed than the edits explain. Numbers of a
/// list may move.
pub fn kept(before: &str, after: &str, edits: &[Edit]) -> bool {
    if before.is_empty() {
        return true;
    }
    let crlf = before.contains("\r\n");
    let mixed = lone_newline(before);
    let ends = end(before).is_empty() || end(before) == end(after);
    let alike = before.ends_with('\n') == after.ends_with('\n')
        && before.starts_with('\u{feff}') == after.starts_with('\u{feff}')
        && !(crlf && !mixed && lone_newline(after));
    let count = |op: Op| edits.iter().filter(|edit| edit.op == op).count();
    let (adds, replaces, removes) = (count(Op::Add), count(Op::Replace), count(Op::Remove));
    let (a, b) = (lines(before), lines(after));
    let same = matching(&a, &b);
    let heading = if adds > 0 { NEW_HEADING } else { 0 };
    ends && alike && a.len() - same <= replaces + removes && b.len() - same <= replaces + adds + heading
}

fn end(text: &str) -> &'static str {
    if text.contains("\r\n") {
        "\r\n"
    } else if text.contains('\n') {
        "\n"
    } else {
        ""
    }
}

fn lone_newline(text: &str) -> bool {
    text.replace("\r\n", "").contains('\n')
}

/// The lines without their ends, numbered items without their number.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| numberless(line.trim_end_matches('\r'))).collect()
}

fn numberless(line: &str) -> String {
    let body = line.trim_start();
    let rest = body.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = rest.len() < body.len() && rest.starts_with(['.', ')']);
    if !numbered {
        return line.to_string();
    }
    let margin: String = line.chars().take_while(|c| c.is_whitespace()).collect();
    format!("{margin}#{rest}")
}

/// How many lines stand in both: the longest common run, and so on to its left and right.
fn matching(a: &[String], b: &[String]) -> usize {
    let (mut from, mut to, mut length) = (0, 0, 0);
    for i in 0..a.len() {
        for j in 0..b.len() {
            let run = a[i..].iter().zip(&b[j..]).take_while(|(a, b)| a == b).count();
            if run > length {
                (from, to, length) = (i, j, run);
            }
        }
    }
    if length == 0 {
        return 0;
    }
    length + matching(&a[..from], &b[..to]) + matching(&a[from + length..], &b[to + length..])
}
