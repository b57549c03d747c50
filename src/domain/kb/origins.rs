//! Where the words of a message came from, kept beside its text. It never guesses: lengths that do not fit a text say nothing of it.

use super::{Origin, Span};

/// The origins of a message's pieces in their order, with the bytes of each. Nothing where nobody knows them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origins(Vec<(Origin, usize)>);

impl Origins {
    /// Those of a message.
    pub fn of(message: &[Span]) -> Self {
        Self::new(message.iter().map(|span| (span.origin, span.text.len())))
    }

    /// From origins and lengths in bytes; empty pieces say nothing.
    pub fn new(pieces: impl Iterator<Item = (Origin, usize)>) -> Self {
        Self(pieces.filter(|(_, length)| *length > 0).collect())
    }

    /// The pieces: origin and length in bytes.
    pub fn pieces(&self) -> &[(Origin, usize)] {
        &self.0
    }

    /// The text in its pieces; `None` where the origins are not known, or are those of another text.
    pub fn spans(&self, text: &str) -> Option<Vec<Span>> {
        let mut rest = text;
        let mut spans = Vec::with_capacity(self.0.len());
        for (origin, length) in &self.0 {
            let (piece, after) = rest.split_at_checked(*length)?;
            spans.push(Span { text: piece.to_string(), origin: *origin });
            rest = after;
        }
        (rest.is_empty() && !spans.is_empty()).then_some(spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_apart_as_it_was_put_together() {
        let message = vec![Span::typed("see "), Span::pasted("ein Löwe"), Span::typed("!")];
        assert_eq!(Origins::of(&message).spans("see ein Löwe!"), Some(message));
    }

    #[test]
    fn lengths_of_another_text_say_nothing() {
        let origins = Origins::of(&[Span::typed("ab"), Span::pasted("cd")]);
        for other in ["", "abc", "abcde", "aüd"] {
            assert_eq!(origins.spans(other), None, "{other}");
        }
        assert_eq!(Origins::new([(Origin::Typed, usize::MAX)].into_iter()).spans("a"), None);
        assert_eq!(Origins::default().spans(""), None);
        assert_eq!(Origins::default().spans("a"), None);
    }
}
