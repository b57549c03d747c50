//! What is still open at the end of a line: strings, comments, brackets, tags, and languages within languages. It never
//! reads text.

use super::language::Language;

/// What is open is remembered up to this depth; deeper code keeps the colours of its surroundings.
const MAX_DEPTH: usize = 64;

/// The state between two lines of one block.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub base: &'static Language,
    pub frames: Vec<Frame>,
    pub last: Last,
    /// A line that is not blank came.
    pub begun: bool,
    /// The line before ended in a backslash.
    pub continued: bool,
}

/// Something that is open.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Frame {
    Round,
    Square,
    Curly,
    /// An expression in a string, up to this bracket.
    Insert(char),
    /// The comment of this row of the language's block comments.
    Comment(usize),
    /// The string of this row of the language's quotes, with so many `#` around it.
    Text {
        quote: usize,
        hashes: usize,
    },
    /// Between `<name` and `>`.
    Tag(Tag),
    /// Between the tags of a JSX element.
    Children,
    /// Another language.
    Embed {
        language: &'static Language,
        until: Until,
    },
    /// Lines that a hunk of a diff still holds of the old and the new file.
    Hunk {
        old: usize,
        new: usize,
    },
}

/// What a tag leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Element,
    Script,
    Style,
    Jsx,
    JsxEnd,
}

/// Where an embedded language ends.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Until {
    /// With a line of at least so many of this character.
    Fence(char, usize),
    /// With a line that begins with one of these, which belongs to the language around.
    Line(&'static [&'static str]),
    /// With a line that is this word, which a heredoc names.
    Word(Box<str>),
    /// With a line indented by no more than this.
    Indent(usize),
    /// With the end tag of this name.
    Tag(&'static str),
    /// With the bracket that nothing within it opened.
    Bracket(char),
}

/// What stood before, as far as it decides what comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// A bracket that opens, a comma, a semicolon, or nothing.
    Open,
    /// Something that can be divided.
    Value,
    Operator,
    Keyword,
    /// The next name is a member.
    Dot,
    /// The next name is that of a function.
    NamesFunction,
    /// The next name is that of a type.
    NamesType,
    /// In a shell: the next word is a command, an argument, the value of a variable, or the variable of a loop.
    Command,
    Argument,
    Assigned,
    Loop,
}

impl State {
    pub(super) fn new(base: &'static Language) -> Self {
        Self { base, frames: Vec::new(), last: Last::Open, begun: false, continued: false }
    }

    /// The language that is being read.
    pub(super) fn language(&self) -> &'static Language {
        let embedded = self.frames.iter().rev().find_map(|frame| match frame {
            Frame::Embed { language, .. } => Some(*language),
            _ => None,
        });
        embedded.unwrap_or(self.base)
    }

    pub(super) fn open(&mut self, frame: Frame) {
        if self.frames.len() < MAX_DEPTH {
            self.frames.push(frame);
        }
    }

    /// Begins another language.
    pub(super) fn embed(&mut self, language: &'static Language, until: Until) {
        self.open(Frame::Embed { language, until });
        self.last = Last::Open;
    }

    /// Closes the bracket that `close` belongs to, and what was left open in it. A bracket that nothing opened is ignored.
    pub(super) fn close(&mut self, close: char) {
        let mut found = None;
        for (index, frame) in self.frames.iter().enumerate().rev() {
            let fits = match frame {
                Frame::Round => close == ')',
                Frame::Square => close == ']',
                Frame::Curly => close == '}',
                Frame::Insert(end) => *end == close,
                Frame::Embed { until: Until::Bracket(end), .. } if *end == close => true,
                _ => break,
            };
            if fits {
                found = Some(index);
                break;
            }
        }
        if let Some(index) = found {
            self.frames.truncate(index);
        }
    }

    /// Whether the innermost bracket is round.
    pub(super) fn in_round(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Round | Frame::Insert(')')))
    }

    /// Whether nothing of the language that is being read is open.
    pub(super) fn is_level(&self) -> bool {
        matches!(self.frames.last(), None | Some(Frame::Embed { .. }))
    }

    /// Whether a string or a comment is open.
    pub(super) fn in_text(&self) -> bool {
        matches!(self.frames.last(), Some(Frame::Text { .. } | Frame::Comment(_)))
    }

    /// The outermost language that ends with an end tag: its place and the name of the tag.
    pub(super) fn end_tag(&self) -> Option<(usize, &'static str)> {
        self.frames.iter().enumerate().find_map(|(index, frame)| match frame {
            Frame::Embed { until: Until::Tag(name), .. } => Some((index, *name)),
            _ => None,
        })
    }

    /// Closes the strings that end with the line, and what is open in them.
    pub(super) fn end_line(&mut self) {
        let mut language = self.base;
        let ends = self.frames.iter().position(|frame| match frame {
            Frame::Embed { language: inner, .. } => {
                language = inner;
                false
            }
            Frame::Text { quote, .. } => language.quotes.get(*quote).is_none_or(|quote| !quote.lines),
            _ => false,
        });
        if let Some(index) = ends {
            self.frames.truncate(index);
            self.last = Last::Value;
        }
    }
}
