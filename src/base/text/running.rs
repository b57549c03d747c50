//! Text that comes in pieces, made harmless as it comes. It never waits for the end of a line whose words are plain, and never lets half
//! of an escape sequence pass.

use super::sanitise::sanitise;

/// So many letters before a piece decide what it may show; see the limit of marks in `sanitise`.
const CONTEXT: usize = 64;

/// What stands at these letters is judged by what follows: joiners, and the flag that tags may follow.
const UNDECIDED: [char; 3] = ['\u{200d}', '\u{200c}', '\u{1f3f4}'];

/// Cleans pieces of a text. Joined, what it gives is the whole text as `sanitise` makes it, line by line.
#[derive(Clone, Debug, Default)]
pub struct Running {
    /// The end of what was given of this line.
    given: String,
    /// What came behind it and cannot be judged yet.
    held: String,
}

impl Running {
    /// Takes a piece; gives what is harmless whatever follows.
    pub fn feed(&mut self, piece: &str) -> String {
        let mut out = String::new();
        for part in piece.split_inclusive('\n') {
            // What holds a control character stays unsettled to its end, so a long line is not judged again with every piece.
            let open = self.held.is_empty() || self.held.ends_with(UNDECIDED);
            self.held.push_str(part);
            if part.ends_with('\n') {
                out.push_str(&self.line());
                self.given.clear();
            } else if open && is_settled(&self.given, &self.held) {
                let held = std::mem::take(&mut self.held);
                out.push_str(&held);
                self.remember(&held);
            }
        }
        out
    }

    /// The text is over: gives the rest.
    pub fn finish(&mut self) -> String {
        let rest = self.line();
        self.given.clear();
        rest
    }

    /// What was held back of a line that is whole.
    fn line(&mut self) -> String {
        let held = std::mem::take(&mut self.held);
        let end = if held.ends_with('\n') { "\n" } else { "" };
        let rest = held.trim_end_matches('\n').trim_end_matches('\r');
        let clean = sanitise(&format!("{}{rest}", self.given));
        let clean = match clean.strip_prefix(&self.given) {
            Some(clean) => clean.to_string(),
            None => sanitise(rest),
        };
        format!("{clean}{end}")
    }

    fn remember(&mut self, given: &str) {
        self.given.push_str(given);
        let letters = self.given.chars().count();
        if letters > CONTEXT {
            self.given = self.given.chars().skip(letters - CONTEXT).collect();
        }
    }
}

/// Whether the words stand as they are, whatever follows: a joiner is judged by what it joins.
fn is_settled(given: &str, held: &str) -> bool {
    if held.bytes().all(|byte| matches!(byte, 0x20..0x7f | b'\t')) {
        return true;
    }
    let both = format!("{given}{held}");
    !held.ends_with(UNDECIDED) && sanitise(&both) == both
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What comes of the pieces, one after the other.
    #[track_caller]
    fn check(pieces: &[&str], expect: &[&str]) {
        let mut running = Running::default();
        let mut given: Vec<String> = pieces.iter().map(|piece| running.feed(piece)).collect();
        given.push(running.finish());
        assert_eq!(given, expect, "{pieces:?}");
    }

    #[test]
    fn plain_words_pass_at_once() {
        check(&["Hel", "lo,\n\twor", "ld \u{fc}ber"], &["Hel", "lo,\n\twor", "ld \u{fc}ber", ""]);
        check(&["one\r", "\ntwo\r\n"], &["", "one\ntwo\n", ""]);
    }

    #[test]
    fn half_an_escape_sequence_waits_for_its_line() {
        check(&["a\u{1b}", "]52;c;ZXZpbA==", "\u{7}b\nc"], &["", "", "ab\nc", ""]);
        check(&["a", "\u{9b}31", "mred"], &["a", "", "", "red"]);
        check(&["x\u{202e}", "y"], &["", "", "x‹U+202E›y"]);
    }

    proptest! {
        #[test]
        fn any_pieces_make_the_clean_text(text in "[a-z \\n\u{1b}\u{9b}\\[\\];m\u{7}\r\u{200d}\u{202e}\u{1f468}\u{301}\u{e9}]{0,80}", cuts in prop::collection::vec(0usize..80, 0..6)) {
            let letters: Vec<char> = text.chars().collect();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(letters.len())).collect();
            cuts.sort_unstable();
            cuts.push(letters.len());
            let (mut running, mut out, mut from) = (Running::default(), String::new(), 0);
            for cut in cuts {
                out.push_str(&running.feed(&letters[from..cut].iter().collect::<String>()));
                from = cut;
            }
            out.push_str(&running.finish());
            let lines: String = text.split_inclusive('\n').map(|line| {
                let end = if line.ends_with('\n') { "\n" } else { "" };
                format!("{}{end}", sanitise(line.trim_end_matches('\n').trim_end_matches('\r')))
            }).collect();
            prop_assert_eq!(out, lines);
        }
    }
}
