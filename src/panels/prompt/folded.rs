//! Large pastes as one sign each: the sign stands in the text under the caret, and what was pasted beside it. It never loses a byte.

use std::borrow::Cow;
use std::sync::Arc;

/// A paste of more lines than this is folded.
const LINES: usize = 8;

/// A paste of more bytes than this is folded.
const BYTES: usize = 1_000;

/// Folded pastes in one draft.
const MOST: u32 = 1_000;

/// The sign of the first paste; the next ones have those before it. The end of the last private plane is the least used part of Unicode.
const SIGN: u32 = 0x10_fffd;

/// What was pasted and is folded. It only grows, so that undo finds everything again.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    pastes: Vec<Arc<str>>,
}

impl Folded {
    /// Whether a paste is large enough to be folded.
    pub fn wants(&self, pasted: &str) -> bool {
        let large = pasted.len() > BYTES || pasted.lines().nth(LINES).is_some();
        large && !pasted.trim().is_empty() && self.pastes.len() < MOST as usize
    }

    /// Folds a paste; gives the sign for it, the same one for the same text.
    pub fn fold(&mut self, pasted: &str) -> Option<char> {
        let known = self.pastes.iter().position(|paste| paste.as_ref() == pasted);
        let number = known.unwrap_or(self.pastes.len());
        let sign = char::from_u32(SIGN.checked_sub(u32::try_from(number).ok()?)?)?;
        if known.is_none() {
            self.pastes.push(pasted.into());
        }
        Some(sign)
    }

    /// What the sign stands for.
    pub fn behind(&self, sign: char) -> Option<&str> {
        let number = SIGN.checked_sub(u32::from(sign))?;
        self.pastes.get(usize::try_from(number).ok()?).map(AsRef::as_ref)
    }

    /// The text with what was pasted in the place of each sign.
    pub fn expand<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.pastes.is_empty() || !text.contains(is_sign) {
            return Cow::Borrowed(text);
        }
        let mut whole = String::with_capacity(text.len());
        for letter in text.chars() {
            match self.behind(letter) {
                Some(pasted) => whole.push_str(pasted),
                None => whole.push(letter),
            }
        }
        Cow::Owned(whole)
    }

    /// What is shown in the place of a cluster that is a folded paste.
    pub fn label(&self, cluster: &str) -> Option<String> {
        let sign = cluster.chars().next()?;
        let pasted = self.behind(sign)?;
        let number = SIGN - u32::from(sign) + 1;
        let size = match pasted.lines().count() {
            0 | 1 => format!("{} bytes", pasted.len()),
            lines => format!("{lines} lines"),
        };
        Some(format!("[paste {number} · {size}]"))
    }
}

/// Whether a character may stand for a paste.
pub fn is_sign(letter: char) -> bool {
    (SIGN - MOST + 1..=SIGN).contains(&u32::from(letter))
}

/// A text from outside, in which nothing may be taken for a paste.
pub fn without_signs(text: &str) -> Cow<'_, str> {
    if text.contains(is_sign) { Cow::Owned(text.replace(is_sign, "\u{fffd}")) } else { Cow::Borrowed(text) }
}
