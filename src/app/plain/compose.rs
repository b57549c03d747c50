//! Lines to one message: a `\` at the end goes on, three double quotes open and close a block. It never looks at what the words mean.

use crate::domain::kb::{Origin, Span};

/// What opens and closes a block.
const FENCE: &str = "\"\"\"";

/// Where the message stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Inside {
    #[default]
    Nothing,
    /// The line before ended with a `\`.
    Continued,
    Block,
}

/// A message on its way, line by line.
#[derive(Clone, Debug, Default)]
pub struct Composer {
    spans: Vec<Span>,
    inside: Inside,
}

impl Composer {
    /// Takes a line; gives the message once it is whole. What stands in a block counts as pasted, since nobody can tell.
    pub fn take(&mut self, line: &str) -> Option<Vec<Span>> {
        let trimmed = line.trim_end();
        match self.inside {
            Inside::Block => return self.in_block(line),
            Inside::Nothing | Inside::Continued => {}
        }
        if let Some(first) = line.trim_start().strip_prefix(FENCE) {
            self.inside = Inside::Block;
            return if first.trim().is_empty() { None } else { self.in_block(first) };
        }
        if let Some(before) = trimmed.strip_suffix(FENCE) {
            self.push(&format!("{}\n", before.trim_end()), Origin::Typed);
            self.inside = Inside::Block;
            return None;
        }
        if let Some(before) = trimmed.strip_suffix('\\') {
            self.push(&format!("{before}\n"), Origin::Typed);
            self.inside = Inside::Continued;
            return None;
        }
        self.push(line, Origin::Typed);
        Some(self.finish())
    }

    fn in_block(&mut self, line: &str) -> Option<Vec<Span>> {
        let Some(last) = line.trim_end().strip_suffix(FENCE) else {
            self.push(&format!("{line}\n"), Origin::Pasted);
            return None;
        };
        self.push(last, Origin::Pasted);
        Some(self.finish())
    }

    fn push(&mut self, text: &str, origin: Origin) {
        match self.spans.last_mut() {
            Some(last) if last.origin == origin => last.text.push_str(text),
            Some(_) | None => self.spans.push(Span { text: text.to_string(), origin }),
        }
    }

    /// Whether more lines are wanted.
    pub fn is_open(&self) -> bool {
        self.inside != Inside::Nothing
    }

    /// What there is, as a whole message; the composer begins anew.
    pub fn finish(&mut self) -> Vec<Span> {
        self.inside = Inside::Nothing;
        let mut spans = std::mem::take(&mut self.spans);
        if let Some(last) = spans.last_mut() {
            last.text.truncate(last.text.trim_end_matches('\n').len());
        }
        spans.retain(|span| !span.text.is_empty());
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The messages of some lines; `p:` stands before what counts as pasted.
    #[track_caller]
    fn check(lines: &[&str], expect: &[&str]) {
        let mut composer = Composer::default();
        let shown = |spans: Vec<Span>| {
            let one = |span: &Span| match span.origin {
                Origin::Pasted => format!("p:{}", span.text),
                _ => span.text.clone(),
            };
            spans.iter().map(one).collect::<Vec<_>>().join("|")
        };
        let said: Vec<String> = lines.iter().filter_map(|line| composer.take(line)).map(shown).collect();
        assert_eq!(said, expect, "{lines:?}");
        assert!(!composer.is_open(), "{lines:?}");
    }

    #[test]
    fn a_line_is_a_message() {
        check(&["one", "two", ""], &["one", "two", ""]);
    }

    #[test]
    fn a_backslash_goes_on() {
        check(&["one\\", "two \\", "three"], &["one\ntwo \nthree"]);
    }

    #[test]
    fn a_block_is_one_pasted_message() {
        check(&["\"\"\"", "one", "", "two\\", "\"\"\"", "three"], &["p:one\n\ntwo\\", "three"]);
        check(&["\"\"\"one", "two\"\"\""], &["p:one\ntwo"]);
        check(&["\"\"\"one\"\"\""], &["p:one"]);
    }

    #[test]
    fn words_before_a_block_are_typed() {
        check(&["why does this fail? \"\"\"", "Error: x", "\"\"\""], &["why does this fail?\n|p:Error: x"]);
        check(&["first\\", "\"\"\"", "x", "\"\"\""], &["first\n|p:x"]);
    }

    #[test]
    fn what_is_open_at_the_end_is_not_lost() {
        let mut composer = Composer::default();
        assert_eq!(composer.take("\"\"\""), None);
        assert_eq!(composer.take("half"), None);
        assert!(composer.is_open());
        assert_eq!(composer.finish(), [Span::pasted("half")]);
        assert!(!composer.is_open());
    }
}
