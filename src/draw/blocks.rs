//! A growing text cut into the top-level blocks of its Markdown, so that each is parsed, wrapped and drawn by itself, once, and only
//! when it is seen. It keeps no drawn line.
//!
//! # Invariants
//!
//! 1. After `update`, the parts drawn one after the other equal `render(source, width, theme, highlighter)`, whatever the deltas were.
//! 2. A block is closed only when a *complete* line has begun another top-level block after it: Markdown is read line by line, and a
//!    closed block never opens again. A line that may still grow is no evidence (`#` begins a heading until it turns out to be `#tag`).
//! 3. The text of a block, parsed alone, gives what it gives in its place, because it begins at the top level and is drawn from its own
//!    text alone.
//! 4. A paragraph or a fence of thousands of lines is cut into pieces (`long`), and each piece is a part like a block. Where a
//!    paragraph was cut a line ends, and what begins in one piece and ends in a later one than the next, or turns all of it into a
//!    heading, counts in neither; else the first invariant holds for it too.
//! 5. Two things reach across blocks, and on sight of either the text is one open block: link reference definitions, which change text
//!    before them, and escape characters, whose strings may run over several lines.
//!
//! The cost of a delta depends on the open block, not on what is closed, but for one comparison of bytes that tells whether the text
//! is still the same.

mod long;

use std::borrow::Cow;
use std::ops::Range;

use crate::base::text;
use crate::draw::highlight::Highlighter;
use crate::draw::markdown::{self, Ink, Memo, Piece};
use crate::draw::textmap::TextMap;
use crate::draw::theme::Theme;
use long::Begin;
use ratatui::text::Line;

/// Whether more text may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    Open,
    Ended,
}

/// One closed block, or a closed piece of a long one.
#[derive(Clone, Debug)]
struct Block {
    /// Its text in `clean`.
    range: Range<usize>,
    /// The code blocks before it.
    code_before: usize,
    begin: Begin,
}

/// The blocks of one text.
#[derive(Debug)]
pub struct Blocks {
    /// The bytes after which a block is cut.
    long: usize,
    /// The sanitised text up to the end of the last complete line.
    clean: String,
    /// Where that line ends in the source.
    taken: usize,
    /// The source up to there, where it is not the same as `clean`.
    taken_from: Option<String>,
    closed: Vec<Block>,
    /// The width, and the first part of which something is seen there: a blank line stands before each part after it. At some widths
    /// there is no room for a lone bullet.
    first: Option<(usize, usize)>,
    /// Where the text after the closed blocks begins in `clean`, and how many code blocks are before it.
    open_from: usize,
    code_before: usize,
    open_begin: Begin,
    /// The text after the closed blocks, with the line that may still grow.
    open: String,
    /// No more text was to come.
    ended: bool,
    /// Something reaches across blocks.
    whole: bool,
    /// The coloured code of the open block.
    memo: Memo,
}

/// What closing blocks came to.
enum Closing {
    /// There is no more to close.
    Done,
    /// One was cut, and what comes after the cut is to be parsed anew.
    Cut,
    /// Link references are defined.
    Defines,
}

impl Default for Blocks {
    fn default() -> Self {
        Self::cut_after(long::LONG)
    }
}

impl Blocks {
    /// Blocks of which each is cut after so many bytes.
    pub fn cut_after(long: usize) -> Self {
        Self {
            long,
            clean: String::new(),
            taken: 0,
            taken_from: None,
            closed: Vec::new(),
            first: None,
            open_from: 0,
            code_before: 0,
            open_begin: Begin::Anew,
            open: String::new(),
            ended: false,
            whole: false,
            memo: Memo::default(),
        }
    }

    /// Takes in `source`, which as a rule is the last one with something added. Any other change begins anew. Gives how many parts,
    /// from the first on, are as they were.
    pub fn update(&mut self, source: &str, growth: Growth) -> usize {
        if !self.begins(source) {
            *self = Self::cut_after(self.long);
        }
        let kept = self.closed.len();
        let added = source.get(self.taken..).unwrap_or_default();
        if self.whole || added.contains(reaches_on) {
            return self.take_whole(source, growth);
        }
        let complete = match growth {
            Growth::Ended => added,
            Growth::Open => added.rfind('\n').and_then(|end| added.get(..=end)).unwrap_or_default(),
        };
        let rest = added.get(complete.len()..).unwrap_or_default();
        let from = self.clean.len();
        self.take(source, complete);
        if !self.close(from, growth) {
            return self.take_whole(source, growth);
        }
        self.ended = growth == Growth::Ended;
        let mut open = match growth {
            Growth::Open => self.clean.get(self.open_from..).unwrap_or_default().to_string(),
            // What is left holds no block.
            Growth::Ended => String::new(),
        };
        open.push_str(&text::sanitise(rest));
        // A definition has these two signs, and most lines do not: they are not parsed for it.
        if !rest.is_empty() && open.contains("]:") && markdown::cut(&self.with_opener(&open)).defines {
            return self.take_whole(source, growth);
        }
        self.open = open;
        kept
    }

    /// Closes what can be closed, now that there is text after `from`. Gives false where the text defines link references.
    ///
    /// Much text at once is taken in steps, since each cut in it has the rest of its step parsed again.
    fn close(&mut self, from: usize, growth: Growth) -> bool {
        let mut upto = from;
        loop {
            let goal = upto.saturating_add((upto - self.open_from).max(2 * self.long));
            let line = self.clean.bytes().skip(goal).position(|byte| byte == b'\n');
            upto = line.map_or(self.clean.len(), |end| goal + end + 1);
            let is_last = upto == self.clean.len();
            let growth = if is_last { growth } else { Growth::Open };
            loop {
                match self.close_once(upto, growth) {
                    Closing::Cut => {}
                    Closing::Done if is_last => return true,
                    Closing::Done => break,
                    Closing::Defines => return false,
                }
            }
        }
    }

    /// Closes blocks up to the first one that is to be cut, and what is cut off it.
    fn close_once(&mut self, upto: usize, growth: Growth) -> Closing {
        let live = self.clean.get(self.open_from..upto).unwrap_or_default();
        let lead = long::opener(&self.clean, self.open_begin).len();
        let cut = markdown::cut(&self.with_opener(live));
        if cut.defines {
            return Closing::Defines;
        }
        let (from, size) = (self.open_from, live.len());
        let place = |at: usize| from + at.saturating_sub(lead);
        let ends = cut.starts.iter().skip(1).map(|start| place(start.at)).chain([from + size]);
        let blocks: Vec<_> =
            cut.starts.iter().map(|start| (place(start.at), start.code_blocks)).zip(ends).collect();
        let whole = match growth {
            Growth::Ended => blocks.len(),
            Growth::Open => blocks.len().saturating_sub(1),
        };
        for (number, ((start, code_blocks), end)) in blocks.into_iter().enumerate() {
            // The first block begins where the one before it ended, be it with blank lines.
            let start = if number == 0 { from } else { start };
            if end - start > self.long
                && let Some((at, begin)) = long::cut(&self.clean, start, upto, self.open_begin, self.long)
            {
                self.close_to(at, begin, code_blocks);
                return Closing::Cut;
            }
            if number >= whole {
                break;
            }
            self.close_to(end, Begin::Anew, code_blocks);
        }
        Closing::Done
    }

    /// Closes what is open up to `end`, with its code blocks.
    fn close_to(&mut self, end: usize, next: Begin, code_blocks: usize) {
        self.closed.push(Block {
            range: self.open_from..end,
            code_before: self.code_before,
            begin: self.open_begin,
        });
        // The block of code that goes on counts where it ends.
        if !matches!(next, Begin::Fence(_)) {
            self.code_before += code_blocks;
        }
        self.memo.forget(code_blocks);
        self.open_from = end;
        self.open_begin = next;
    }

    /// Text as it is parsed where it goes on after the closed blocks.
    fn with_opener<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match long::opener(&self.clean, self.open_begin) {
            "" => text.into(),
            opener => format!("{opener}{text}").into(),
        }
    }

    /// How many parts there are: the closed blocks, and what is open.
    pub fn parts(&self) -> usize {
        self.closed.len() + usize::from(!self.open.is_empty())
    }

    /// How many of them stay as they are while the text only grows.
    pub fn closed(&self) -> usize {
        self.closed.len()
    }

    /// The Markdown of a part.
    pub fn text(&self, part: usize) -> &str {
        match self.closed.get(part) {
            Some(block) => self.clean.get(block.range.clone()).unwrap_or_default(),
            None if part == self.closed.len() => &self.open,
            None => "",
        }
    }

    /// Whether there is code in a part.
    pub fn has_code(&self, part: usize) -> bool {
        let text = self.text(part);
        matches!(self.begin(part), Begin::Fence(_)) || text.contains("```") || text.contains("~~~")
    }

    /// The lines of a part, with the blank line that separates it from what is before.
    pub fn draw(
        &mut self,
        part: usize,
        width: usize,
        theme: &Theme,
        highlighter: Option<&Highlighter>,
    ) -> Vec<Line<'static>> {
        let ink = Ink { width, theme, highlighter };
        let mut memo =
            if part == self.closed.len() { std::mem::take(&mut self.memo) } else { Memo::default() };
        let mut lines = self.piece(part).map(|piece| ink.draw(piece, &mut memo)).unwrap_or_default();
        if part == self.closed.len() {
            self.memo = memo;
        }
        if !lines.is_empty() && self.follows(part, Ink { highlighter: None, ..ink }) {
            lines.insert(0, Line::default());
        }
        lines
    }

    /// What the lines of a part say.
    pub fn map(&mut self, part: usize, width: usize, theme: &Theme) -> TextMap {
        let ink = Ink { width, theme, highlighter: None };
        let map = self.piece(part).map(|piece| ink.map(piece)).unwrap_or_default();
        if map.height() > 0 && self.follows(part, ink) { map.after_blank() } else { map }
    }

    /// In what a part begins.
    fn begin(&self, part: usize) -> Begin {
        self.closed.get(part).map_or(self.open_begin, |block| block.begin)
    }

    /// A part as it is drawn; `None` where there is none.
    fn piece(&self, part: usize) -> Option<Piece<'_>> {
        let (from, code_before) = match self.closed.get(part) {
            Some(block) => (block.range.start, block.code_before),
            None if part == self.closed.len() => (self.open_from, self.code_before),
            None => return None,
        };
        let begin = self.begin(part);
        let goes_on = part < self.closed.len() && self.begin(part + 1) == Begin::Paragraph;
        Some(Piece {
            clean: if goes_on { Piece::before_cut(self.text(part)) } else { self.text(part) },
            code_before,
            opener: long::opener(&self.clean, begin),
            before: long::code_before(&self.clean, begin, from),
        })
    }

    /// Whether a blank line stands before a part: something of one before it is seen, and it does not go on with that.
    fn follows(&mut self, part: usize, ink: Ink<'_>) -> bool {
        if self.begin(part) != Begin::Anew {
            return false;
        }
        if let Some((width, first)) = self.first
            && width == ink.width
        {
            return first < part;
        }
        let mut drawn =
            (0..part).map(|part| self.piece(part).map(|piece| ink.draw(piece, &mut Memo::default())));
        let found = drawn.position(|lines| lines.is_some_and(|lines| !lines.is_empty()));
        self.first = found.map(|first| (ink.width, first));
        found.is_some()
    }

    /// Whether `source` goes on from what was taken in.
    fn begins(&self, source: &str) -> bool {
        let same = || source.get(..self.taken) == Some(self.taken_from.as_deref().unwrap_or(&self.clean));
        self.whole || (same() && !(self.ended && source.len() > self.taken))
    }

    /// Takes complete lines in.
    fn take(&mut self, source: &str, complete: &str) {
        let clean = text::sanitise(complete);
        self.taken += complete.len();
        if self.taken_from.is_some() || clean != complete {
            self.taken_from = source.get(..self.taken).map(str::to_string);
        }
        self.clean.push_str(&clean);
    }

    /// Makes one block of everything.
    fn take_whole(&mut self, source: &str, growth: Growth) -> usize {
        *self = Self { whole: true, ..Self::cut_after(self.long) };
        let clean = text::sanitise(source);
        match growth {
            Growth::Open => self.open = clean,
            Growth::Ended => {
                self.closed.push(Block { range: 0..clean.len(), code_before: 0, begin: Begin::Anew });
                self.clean = clean;
            }
        }
        0
    }
}

/// Begins a sequence that may run over the end of a line.
fn reaches_on(c: char) -> bool {
    c == '\u{1b}' || ('\u{80}'..='\u{9f}').contains(&c)
}
