//! A cursor over one line that remembers what each part of it is. It never decides what a part is.

use super::state::Frame;

/// One line names no more heredocs than this.
const MOST_PENDING: usize = 4;

/// What a piece of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Plain,
    Keyword,
    Text,
    Comment,
    Number,
    Type,
    Function,
    Property,
    Heading,
    Added,
    Removed,
    Strong,
    Emphasis,
}

/// One line on its way to pieces.
pub(super) struct Scan<'a> {
    line: &'a str,
    at: usize,
    /// Where the language that is being read ends on this line.
    limit: usize,
    /// The end of each piece, and what it is.
    pieces: Vec<(usize, Class)>,
    /// Nothing but blanks came yet.
    pub first: bool,
    /// No pattern closes on the rest of this line, so a slash divides.
    pub patternless: bool,
    /// Heredocs that begin with the next line.
    pending: Vec<Frame>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self {
            line,
            at: 0,
            limit: line.len(),
            pieces: Vec::new(),
            first: true,
            patternless: false,
            pending: Vec::new(),
        }
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &'a str {
        self.line.get(self.at..self.limit).unwrap_or_default()
    }

    /// What was read.
    pub(super) fn read(&self) -> &'a str {
        self.line.get(..self.at).unwrap_or_default()
    }

    pub(super) fn done(&self) -> bool {
        self.at >= self.limit
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Stops after so many more bytes; `None` goes on to the end of the line.
    pub(super) fn limit(&mut self, bytes: Option<usize>) {
        self.limit = bytes.map_or(self.line.len(), |bytes| (self.at + bytes).min(self.line.len()));
    }

    /// Whether the line ends where the reading stops.
    pub(super) fn is_limited(&self) -> bool {
        self.limit < self.line.len()
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn next(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The character before the one that is next.
    pub(super) fn previous(&self) -> Option<char> {
        self.read().chars().next_back()
    }

    /// Takes so many bytes, and the rest of a character that they would cut.
    pub(super) fn take(&mut self, bytes: usize, class: Class) {
        let mut end = (self.at + bytes).min(self.limit);
        while !self.line.is_char_boundary(end) {
            end += 1;
        }
        if end == self.at {
            return;
        }
        self.first &= self.line.get(self.at..end).is_some_and(|piece| piece.trim().is_empty());
        self.at = end;
        match self.pieces.last_mut() {
            Some((last, known)) if *known == class => *last = end,
            _ => self.pieces.push((end, class)),
        }
    }

    pub(super) fn take_one(&mut self, class: Class) {
        self.take(1, class);
    }

    pub(super) fn take_rest(&mut self, class: Class) {
        self.take(self.rest().len(), class);
    }

    /// Takes what `holds` is true of.
    pub(super) fn take_while(&mut self, class: Class, holds: impl Fn(char) -> bool) {
        self.take(run(self.rest(), holds), class);
    }

    /// Takes blanks; tells whether there were any.
    pub(super) fn take_blanks(&mut self) -> bool {
        let before = self.at;
        self.take_while(Class::Plain, char::is_whitespace);
        self.at > before
    }

    /// Remembers what opens with the next line.
    pub(super) fn follow(&mut self, frame: Frame) {
        if self.pending.len() < MOST_PENDING {
            self.pending.push(frame);
        }
    }

    /// What opens with the next line.
    pub(super) fn following(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.pending)
    }

    /// The pieces, up to the end of the line.
    pub(super) fn finish(mut self) -> Vec<(usize, Class)> {
        self.limit(None);
        self.take_rest(Class::Plain);
        self.pieces
    }
}

/// The bytes at the beginning of `text` that `holds` is true of.
pub(super) fn run(text: &str, holds: impl Fn(char) -> bool) -> usize {
    text.find(|c| !holds(c)).unwrap_or(text.len())
}

/// Whether `c` may stand in a name. Every letter beyond ASCII may, and every mark, so that no cluster is cut.
pub(super) fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || !c.is_ascii()
}

/// Whether a name may begin with `c`.
pub(super) fn begins_word(c: char) -> bool {
    is_word(c) && !c.is_ascii_digit()
}

/// The bytes of the name at the beginning of `text`.
pub(super) fn name(text: &str) -> usize {
    if text.starts_with(begins_word) { run(text, is_word) } else { 0 }
}

/// The bytes of the number at the beginning of `text`: `1_000`, `0xff`, `1.5e-3`, `10n`, `30s`.
pub(super) fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let at = |index: usize| bytes.get(index).copied().unwrap_or(0);
    let hex = at(0) == b'0' && matches!(at(1), b'x' | b'X');
    let mut end = 0;
    loop {
        let goes_on = match at(end) {
            b'.' => at(end + 1).is_ascii_digit() && at(end + 1) != b'.',
            b'+' | b'-' => {
                end > 0 && !hex && matches!(at(end - 1), b'e' | b'E') && at(end + 1).is_ascii_digit()
            }
            byte => byte.is_ascii_alphanumeric() || byte == b'_',
        };
        if !goes_on {
            return end;
        }
        end += 1;
    }
}
