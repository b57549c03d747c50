//! A draft letter by letter, as vi counts: one visible character is one letter, and so is a folded paste. It changes nothing.

use unicode_segmentation::UnicodeSegmentation;

use crate::base::text;
use crate::panels::prompt::folded::is_sign;

/// What a letter is to the motions over words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Newline,
    Blank,
    Word,
    /// Scripts that put no spaces between words.
    Wide,
    /// A folded paste.
    Paste,
    Sign,
}

impl Class {
    pub fn is_space(self) -> bool {
        matches!(self, Self::Newline | Self::Blank)
    }
}

/// Whether words end at signs (`w`), or at white space alone (`W`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    Small,
    Big,
}

/// The letters of a text, by their number from 0.
pub(super) struct Letters<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Letters<'a> {
    pub fn new(text: &'a str) -> Self {
        Self { text, starts: text.grapheme_indices(true).map(|(at, _)| at).collect() }
    }

    pub fn count(&self) -> usize {
        self.starts.len()
    }

    /// The letter that begins at a byte, or after it.
    pub fn number(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start < byte)
    }

    /// The first byte of a letter; the end of the text behind the last one.
    pub fn byte(&self, letter: usize) -> usize {
        self.starts.get(letter).copied().unwrap_or(self.text.len())
    }

    pub fn get(&self, letter: usize) -> &'a str {
        self.text.get(self.byte(letter)..self.byte(letter + 1)).unwrap_or_default()
    }

    pub fn is(&self, letter: usize, wanted: char) -> bool {
        self.get(letter).starts_with(wanted)
    }

    pub fn class(&self, letter: usize, size: Size) -> Class {
        let shown = self.get(letter);
        let Some(first) = shown.chars().next() else { return Class::Newline };
        if first == '\n' {
            Class::Newline
        } else if first.is_whitespace() {
            Class::Blank
        } else if is_sign(first) {
            Class::Paste
        } else if size == Size::Big {
            Class::Word
        } else if first.is_alphanumeric() && text::width(shown) > 1 {
            Class::Wide
        } else if first.is_alphanumeric() || first == '_' {
            Class::Word
        } else {
            Class::Sign
        }
    }

    fn is_newline(&self, letter: usize) -> bool {
        letter < self.count() && self.is(letter, '\n')
    }

    /// The first letter of the line with a letter.
    pub fn line_start(&self, letter: usize) -> usize {
        (0..letter.min(self.count())).rev().find(|before| self.is_newline(*before)).map_or(0, |end| end + 1)
    }

    /// The line feed of the line with a letter, or the end of the text.
    pub fn line_end(&self, letter: usize) -> usize {
        (letter..self.count()).find(|at| self.is_newline(*at)).unwrap_or(self.count())
    }

    /// The last letter of the line that a caret can stand on.
    pub fn line_last(&self, letter: usize) -> usize {
        let (start, end) = (self.line_start(letter), self.line_end(letter));
        if end > start { end - 1 } else { start }
    }

    /// The first letter of the line that is no blank, else the last one.
    pub fn line_text(&self, letter: usize) -> usize {
        let (start, end) = (self.line_start(letter), self.line_end(letter));
        let found = (start..end).find(|at| self.class(*at, Size::Big) != Class::Blank);
        found.unwrap_or_else(|| self.line_last(letter))
    }

    /// The first letter of the line so many lines below (above when negative); `None` where there is no such line.
    pub fn line_at(&self, letter: usize, by: isize) -> Option<usize> {
        let mut start = self.line_start(letter);
        for _ in 0..by.unsigned_abs() {
            start = if by < 0 {
                self.line_start(start.checked_sub(1)?)
            } else {
                Some(self.line_end(start)).filter(|end| *end < self.count())? + 1
            };
        }
        Some(start)
    }

    /// Whether a letter is the line feed of an empty line, or the end of a text behind a line feed.
    fn is_empty_line(&self, letter: usize) -> bool {
        self.line_end(letter) == letter && self.line_start(letter) == letter
    }

    /// The first letter of the next word, or of an empty line; the end of the text after the last one.
    pub fn next_word(&self, from: usize, size: Size) -> usize {
        let class = self.class(from, size);
        let mut at = from;
        if class == Class::Newline {
            at += 1;
        } else if !class.is_space() {
            at = self.run_end(from, size);
        }
        while at < self.count() && self.class(at, size).is_space() {
            if at > from && self.is_empty_line(at) {
                return at;
            }
            at += 1;
        }
        at.min(self.count())
    }

    /// The last letter of the next word.
    pub fn next_end(&self, from: usize, size: Size) -> usize {
        let found = (from + 1..self.count()).find(|at| !self.class(*at, size).is_space());
        found.map_or(self.count().saturating_sub(1), |at| self.run_end(at, size) - 1)
    }

    /// The first letter of the word before, or of an empty line.
    pub fn word_before(&self, from: usize, size: Size) -> usize {
        let stops = |at: &usize| !self.class(*at, size).is_space() || self.is_empty_line(*at);
        let Some(at) = (0..from).rev().find(stops) else { return 0 };
        if self.class(at, size).is_space() { at } else { self.run_start(at, size) }
    }

    /// The first letter of a run of one class.
    pub fn run_start(&self, letter: usize, size: Size) -> usize {
        let class = self.class(letter, size);
        (0..letter).rev().take_while(|at| self.class(*at, size) == class).last().unwrap_or(letter)
    }

    /// The letter behind a run of one class.
    pub fn run_end(&self, letter: usize, size: Size) -> usize {
        let class = self.class(letter, size);
        (letter..self.count()).find(|at| self.class(*at, size) != class).unwrap_or(self.count())
    }
}
