//! Code blocks: coloured, and remembered while a reply streams. It never wraps.

use crate::draw::highlight::{Highlighter, Session};
use crate::draw::theme::Theme;
use ratatui::text::Span;

/// The coloured lines of the code blocks of a text that is drawn again and again while it grows.
///
/// A block is known by its place in the text. What is remembered of it holds as long as its language and its lines stay.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    blocks: Vec<Painted>,
}

/// The code of a block.
#[derive(Clone, Copy)]
pub(super) struct Code<'a> {
    pub language: &'a str,
    /// What is before it in the same block, and drawn elsewhere.
    pub before: &'a str,
    pub text: &'a str,
}

/// One block: its lines but the last, the state after them, and the last line, which may still grow.
#[derive(Debug)]
struct Painted {
    language: String,
    /// How much of the block is before it.
    before: usize,
    lines: Vec<(String, Vec<Span<'static>>)>,
    after: Session,
    last: Option<(String, Vec<Span<'static>>)>,
}

impl Memo {
    /// Forgets the first `count` blocks, which will not be drawn again.
    pub(crate) fn forget(&mut self, count: usize) {
        self.blocks.drain(..count.min(self.blocks.len()));
    }

    /// The coloured lines of block number `index`.
    pub(super) fn paint(
        &mut self,
        index: usize,
        code: Code<'_>,
        theme: &Theme,
        highlighter: &Highlighter,
    ) -> Vec<Vec<Span<'static>>> {
        if self.blocks.get(index).is_none_or(|block| !block.begins(code)) {
            self.blocks.truncate(index);
            let after = highlighter.after(code.language, code.before.lines());
            let language = code.language.to_string();
            let before = code.before.len();
            self.blocks.push(Painted { language, before, lines: Vec::new(), after, last: None });
        }
        match self.blocks.get_mut(index) {
            Some(block) => block.paint(code.text, theme, highlighter),
            None => highlighter.lines(code.language, code.text.lines(), theme),
        }
    }
}

impl Painted {
    /// Whether `code` begins with the remembered lines, and goes on after them.
    fn begins(&self, code: Code<'_>) -> bool {
        let mut lines = code.text.lines();
        self.language == code.language
            && self.before == code.before.len()
            && self.lines.iter().all(|(known, _)| lines.next() == Some(known.as_str()))
            && (self.lines.is_empty() || lines.next().is_some())
    }

    fn paint(&mut self, code: &str, theme: &Theme, highlighter: &Highlighter) -> Vec<Vec<Span<'static>>> {
        let mut rest = code.lines().skip(self.lines.len()).peekable();
        let mut painted: Vec<Vec<Span<'static>>> =
            self.lines.iter().map(|(_, spans)| spans.clone()).collect();
        while let Some(line) = rest.next() {
            if rest.peek().is_some() {
                let spans = highlighter.line(&mut self.after, line, theme);
                painted.push(spans.clone());
                self.lines.push((line.to_string(), spans));
                self.last = None;
            } else {
                let known = self.last.take().filter(|(text, _)| text == line).map(|(_, spans)| spans);
                let spans = known.unwrap_or_else(|| highlighter.line(&mut self.after.clone(), line, theme));
                painted.push(spans.clone());
                self.last = Some((line.to_string(), spans));
            }
        }
        painted
    }
}
