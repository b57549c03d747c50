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
//! 4. Two things reach across blocks, and on sight of either the text is one open block: link reference definitions, which change text
//!    before them, and escape characters, whose strings may run over several lines.
//!
//! The cost of a delta depends on the open block, not on what is closed, but for one comparison of bytes that tells whether the text
//! is still the same.

use std::ops::Range;

use crate::base::text;
use crate::draw::highlight::Highlighter;
use crate::draw::markdown::{self, Ink, Memo};
use crate::draw::textmap::TextMap;
use crate::draw::theme::Theme;
use ratatui::text::Line;

/// Whether more text may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Growth {
    Open,
    Ended,
}

/// One closed block.
#[derive(Clone, Debug)]
struct Block {
    /// Its text in `clean`.
    range: Range<usize>,
    /// The code blocks before it.
    code_before: usize,
}

/// The blocks of one text.
#[derive(Debug, Default)]
pub struct Blocks {
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
    /// The text after the closed blocks, with the line that may still grow.
    open: String,
    /// No more text was to come.
    ended: bool,
    /// Something reaches across blocks.
    whole: bool,
    /// The coloured code of the open block.
    memo: Memo,
}

impl Blocks {
    /// Takes in `source`, which as a rule is the last one with something added. Any other change begins anew. Gives how many parts,
    /// from the first on, are as they were.
    pub fn update(&mut self, source: &str, growth: Growth) -> usize {
        if !self.begins(source) {
            *self = Self::default();
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
        self.take(source, complete);
        let live = self.clean.get(self.open_from..).unwrap_or_default();
        let cut = markdown::cut(live);
        if cut.defines {
            return self.take_whole(source, growth);
        }
        let ends = cut.starts.iter().skip(1).map(|start| start.at).chain([live.len()]);
        let count = match growth {
            Growth::Ended => cut.starts.len(),
            Growth::Open => cut.starts.len().saturating_sub(1),
        };
        let from = self.open_from;
        for (start, end) in cut.starts.iter().zip(ends).take(count) {
            self.closed.push(Block { range: from + start.at..from + end, code_before: self.code_before });
            self.code_before += start.code_blocks;
            self.memo.forget(start.code_blocks);
            self.open_from = from + end;
        }
        self.ended = growth == Growth::Ended;
        let mut open = match growth {
            Growth::Open => self.clean.get(self.open_from..).unwrap_or_default().to_string(),
            // What is left holds no block.
            Growth::Ended => String::new(),
        };
        open.push_str(&text::sanitise(rest));
        // A definition has these two signs, and most lines do not: they are not parsed for it.
        if !rest.is_empty() && open.contains("]:") && markdown::cut(&open).defines {
            return self.take_whole(source, growth);
        }
        self.open = open;
        kept
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

    /// The lines of a part, with the blank line that separates it from what is before.
    pub fn draw(
        &mut self,
        part: usize,
        width: usize,
        theme: &Theme,
        highlighter: Option<&Highlighter>,
    ) -> Vec<Line<'static>> {
        let ink = Ink { width, theme, highlighter };
        let mut lines = match self.closed.get(part) {
            Some(block) => self.draw_closed(block, ink),
            None if part == self.closed.len() => ink.draw(&self.open, &mut self.memo, self.code_before),
            None => return Vec::new(),
        };
        if !lines.is_empty() && self.follows(part, Ink { highlighter: None, ..ink }) {
            lines.insert(0, Line::default());
        }
        lines
    }

    /// What the lines of a part say.
    pub fn map(&mut self, part: usize, width: usize, theme: &Theme) -> TextMap {
        let ink = Ink { width, theme, highlighter: None };
        let code_before = self.closed.get(part).map_or(self.code_before, |block| block.code_before);
        let map = ink.map(self.text(part), code_before);
        if map.height() > 0 && self.follows(part, ink) { map.after_blank() } else { map }
    }

    fn draw_closed(&self, block: &Block, ink: Ink<'_>) -> Vec<Line<'static>> {
        let clean = self.clean.get(block.range.clone()).unwrap_or_default();
        ink.draw(clean, &mut Memo::default(), block.code_before)
    }

    /// Whether something of a part before this one is seen.
    fn follows(&mut self, part: usize, ink: Ink<'_>) -> bool {
        if let Some((width, first)) = self.first
            && width == ink.width
        {
            return first < part;
        }
        let found = self.closed.iter().take(part).position(|block| !self.draw_closed(block, ink).is_empty());
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
        *self = Self { whole: true, ..Self::default() };
        let clean = text::sanitise(source);
        match growth {
            Growth::Open => self.open = clean,
            Growth::Ended => {
                self.closed.push(Block { range: 0..clean.len(), code_before: 0 });
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
