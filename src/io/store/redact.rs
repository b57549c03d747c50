//! Takes secrets out of what is stored: known shapes, private keys, and the keys of the providers. It never stores anything itself, and
//! lets no part of a reply out before it is known whether a secret begins there.

use std::cell::LazyCell;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use crate::domain::kb::secret::{Secrets, apart};
use crate::domain::kb::{Span, joined};
use crate::io::prompts::{LEFT_OUT, without};
use crate::io::providers::Keys;

/// Where a private key begins and ends. What is between is one, whatever it looks like.
const KEY_BEGINS: &str = "-----BEGIN ";
const KEY_ENDS: &str = "-----END ";

/// A run of letters without an end is held back up to this length. Bytes.
const LONGEST_RUN: usize = 256;

/// How much of what came before is looked at together with what is new. Bytes.
const WINDOW: usize = 512;

/// Finds what may not be stored.
pub(in crate::io) struct Redactor {
    /// Compiled when the first text is to be stored: who only looks does not wait for it.
    secrets: LazyCell<Secrets>,
    keys: Arc<Keys>,
}

impl Redactor {
    /// For the known shapes and these keys.
    pub fn new(keys: Arc<Keys>) -> Self {
        Self { secrets: LazyCell::new(Secrets::new), keys }
    }

    /// The text with other words in the place of each secret.
    pub fn text(&self, text: &str) -> String {
        replaced(text, 0, &self.ranges(text))
    }

    /// The pieces of a message, looked at as a whole.
    pub fn spans(&self, message: &[Span]) -> Vec<Span> {
        let whole = joined(message);
        without(&self.ranges(&whole), message)
    }

    /// Every text in a JSON value.
    pub fn value(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.value(field)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn ranges(&self, text: &str) -> Vec<Range<usize>> {
        let mut found = self.secrets.ranges(text);
        found.extend(self.keys.ranges(text));
        found.extend(private_keys(text));
        apart(found)
    }
}

/// Private keys with their bodies; one without an end goes to the end of the text.
fn private_keys(text: &str) -> Vec<Range<usize>> {
    let begins = text.match_indices(KEY_BEGINS).map(|(at, _)| at);
    let of_key = |at: &usize| {
        let line = text.get(*at..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        line.contains("PRIVATE KEY")
    };
    let to_end = |at: usize| {
        let rest = text.get(at..).unwrap_or_default();
        let end = rest.find(KEY_ENDS).map_or(rest.len(), |last| {
            last + rest.get(last..).and_then(|end| end.find('\n')).unwrap_or(rest.len() - last)
        });
        at..at + end
    };
    begins.filter(of_key).map(to_end).collect()
}

/// The text from `from` on, with other words in the place of the ranges. Of a range that began before, the rest is left out.
fn replaced(text: &str, from: usize, ranges: &[Range<usize>]) -> String {
    let (mut out, mut at) = (String::new(), from);
    for range in ranges.iter().filter(|range| range.end > from) {
        out.push_str(text.get(at..range.start.max(at)).unwrap_or_default());
        if range.start >= from {
            out.push_str(LEFT_OUT);
        }
        at = range.end.max(at);
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// A text that comes in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Stream {
    /// The end of what was let out, as it came.
    before: String,
    /// What is not let out yet, because a word goes on there.
    held: String,
}

impl Stream {
    /// Takes the next piece and gives what may be stored by now.
    pub fn feed(&mut self, redactor: &Redactor, piece: &str) -> String {
        self.held.push_str(piece);
        let run = self.held.bytes().rev().take_while(|byte| goes_on(*byte)).count();
        let ready = if run > LONGEST_RUN { self.held.len() } else { self.held.len() - run };
        let rest = self.held.split_off(ready);
        let fresh = std::mem::replace(&mut self.held, rest);
        if fresh.is_empty() {
            return fresh;
        }
        let from = self.before.len();
        self.before.push_str(&fresh);
        let out = replaced(&self.before, from, &redactor.ranges(&self.before));
        self.forget();
        out
    }

    /// Drops what no secret can reach back to.
    fn forget(&mut self) {
        let open = private_keys(&self.before).last().filter(|key| key.end == self.before.len()).cloned();
        let least = self.before.len().saturating_sub(WINDOW);
        let cut = match open {
            // Its end has not come, so its beginning stays in sight; of its body nothing is needed.
            Some(key) => {
                let head = self.before.get(key.start..).and_then(|key| key.find('\n'));
                let head = head.map_or(self.before.len(), |line| key.start + line + 1);
                let tail = self.before.ceil_char_boundary(least.max(head));
                let kept = self.before.get(key.start..head).unwrap_or_default().to_string();
                self.before = kept + self.before.get(tail..).unwrap_or_default();
                return;
            }
            None => self.before.ceil_char_boundary(least),
        };
        self.before = self.before.split_off(cut);
    }
}

/// Whether a word that may be a secret goes on with this byte. Letters of other scripts are in none.
fn goes_on(byte: u8) -> bool {
    byte.is_ascii_graphic()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor() -> Redactor {
        let keys = Keys::default();
        keys.insert("openai", "my-very-own-server-key");
        keys.insert("ollama", "none");
        Redactor::new(Arc::new(keys))
    }

    const KEY: &str = "sk-ant-api03-abcdefghijklmnop";

    #[test]
    fn shapes_private_keys_and_the_providers_keys_are_left_out() {
        let redactor = redactor();
        assert_eq!(redactor.text(&format!("use {KEY}, please")), format!("use {LEFT_OUT}, please"));
        assert_eq!(redactor.text("it is my-very-own-server-key!"), format!("it is {LEFT_OUT}!"));
        assert_eq!(redactor.text("none of it"), "none of it");
        let pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\nxyz\n-----END EC PRIVATE KEY-----";
        assert_eq!(redactor.text(&format!("see\n{pem}\nend")), format!("see\n{LEFT_OUT}\nend"));
        assert_eq!(redactor.text("-----BEGIN PRIVATE KEY-----\nMHc"), LEFT_OUT);
        let mut value = serde_json::json!({ "a": [KEY], "n": 1 });
        redactor.value(&mut value);
        assert_eq!(value, serde_json::json!({ "a": [LEFT_OUT], "n": 1 }));
    }

    #[test]
    fn no_piece_of_a_secret_is_let_out_however_it_is_cut() {
        let redactor = redactor();
        let pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIAbc\nxyz\n-----END EC PRIVATE KEY-----\n";
        let text = format!("réponse: {KEY} и 世界 my-very-own-server-key\n{pem}after it, the end. ");
        for size in 1..40 {
            let mut stream = Stream::default();
            let letters: Vec<char> = text.chars().collect();
            let mut out = String::new();
            for piece in letters.chunks(size) {
                out.push_str(&stream.feed(&redactor, &piece.iter().collect::<String>()));
            }
            for secret in ["abcdefgh", "sk-ant", "very-own", "MHcC", "xyz"] {
                assert!(!out.contains(secret), "{size}: {out}");
            }
            assert!(out.contains("réponse: ") && out.contains("世界"), "{size}: {out}");
            assert!(out.ends_with("after it, the end. "), "{size}: {out}");
        }
    }

    #[test]
    fn only_the_last_word_is_held_back() {
        let redactor = redactor();
        let mut stream = Stream::default();
        assert_eq!(stream.feed(&redactor, "one two thr"), "one two ");
        assert_eq!(stream.feed(&redactor, "ee 世"), "three 世");
        assert_eq!(stream.feed(&redactor, "界"), "界");
        let long = "x".repeat(300);
        assert_eq!(stream.feed(&redactor, &long), long);
        let mut long = Stream::default();
        let all: String = (0..10_000).map(|at| format!("word{at} ")).collect();
        let out: String = all.split_inclusive(' ').map(|piece| long.feed(&redactor, piece)).collect();
        assert_eq!(out, all);
        assert!(long.before.len() <= WINDOW);
    }
}
