//! Markdown to styled lines of a width. It never colours by itself, keeps nothing between two calls, and trusts no text.
//!
//! A block at the top level is drawn from its own text alone, with one blank line between two blocks. The streaming cache
//! relies on that: it draws finished blocks once and puts the rest behind them.

mod code;
mod inline;
mod page;
mod table;
mod writer;

use std::borrow::Cow;

pub(crate) use code::Memo;

use crate::base::text;
use crate::draw::flow::Flow;
use crate::draw::highlight::Highlighter;
use crate::draw::textmap::TextMap;
use crate::draw::theme::Theme;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use ratatui::style::Style;
use ratatui::text::Line;

/// What is read beyond plain CommonMark.
const OPTIONS: Options =
    Options::ENABLE_TABLES.union(Options::ENABLE_STRIKETHROUGH).union(Options::ENABLE_TASKLISTS);

/// `source` as lines of at most `width` cells.
pub fn render(
    source: &str,
    width: usize,
    theme: &Theme,
    highlighter: Option<&Highlighter>,
) -> Vec<Line<'static>> {
    let clean = text::sanitise(source);
    Ink { width, theme, highlighter }.draw(Piece::whole(&clean), &mut Memo::default())
}

/// `source` as it was written, in one style, as lines of at most `width` cells.
pub fn render_plain(source: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    let flow = Flow::of(text::sanitise(source).trim_end_matches('\n'), style);
    flow.lines(width, width).into_iter().map(Line::from).collect()
}

/// What the lines of `render_plain` say, behind so many cells.
pub fn map_plain(source: &str, width: usize, lead: usize) -> TextMap {
    let mut map = TextMap::default();
    let flow = Flow::of(text::sanitise(source).trim_end_matches('\n'), Style::default());
    map.flow(&flow, (lead, lead), width);
    map
}

/// What a drawing depends on besides its text.
#[derive(Clone, Copy)]
pub(crate) struct Ink<'a> {
    pub width: usize,
    pub theme: &'a Theme,
    pub highlighter: Option<&'a Highlighter>,
}

/// The code blocks of a reply, byte for byte as the model wrote them, in the order of their numbers on the screen.
pub fn code_blocks(source: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut inside = false;
    for (event, range) in Parser::new_ext(source, OPTIONS).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                inside = true;
                blocks.push(String::new());
            }
            Event::End(TagEnd::CodeBlock) => inside = false,
            Event::Text(text) if inside => {
                if let Some(block) = blocks.last_mut() {
                    // The parser leaves the first half of such a line end out.
                    let before = source.get(..range.start).unwrap_or_default();
                    if text.starts_with('\n') && before.ends_with('\r') {
                        block.push('\r');
                    }
                    block.push_str(&text);
                }
            }
            _ => {}
        }
    }
    blocks
}

/// Where the top-level blocks of a text begin.
pub(crate) struct Cut {
    pub starts: Vec<Start>,
    /// Whether the text defines link references, which change the meaning of text before and after them.
    pub defines: bool,
}

/// The beginning of a top-level block.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    /// The start of its first line in the text.
    pub at: usize,
    /// The code blocks in it.
    pub code_blocks: usize,
}

/// Finds the top-level blocks of sanitised text.
pub(crate) fn cut(clean: &str) -> Cut {
    let parser = Parser::new_ext(clean, OPTIONS);
    let defines = parser.reference_definitions().iter().next().is_some();
    let mut starts: Vec<Start> = Vec::new();
    let mut depth = 0usize;
    for (event, range) in parser.into_offset_iter() {
        if depth == 0 && !matches!(event, Event::End(_)) {
            let before = clean.get(..range.start).unwrap_or_default();
            let at = before.rfind('\n').map_or(0, |end| end + 1);
            starts.push(Start { at, code_blocks: 0 });
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if let Some(start) = starts.last_mut() {
            start.code_blocks += usize::from(matches!(event, Event::Start(Tag::CodeBlock(_))));
        }
    }
    Cut { starts, defines }
}

/// The one top-level block that a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sole {
    Paragraph,
    Fence,
}

/// What sanitised text is, where it is one paragraph or one fenced block of code and nothing else, and can be cut at the beginning of a
/// line: nothing that began in a paragraph before, such as a link or strong words, goes on there.
pub(crate) fn sole(clean: &str, at: usize) -> Option<Sole> {
    let mut kind = None;
    let (mut depth, mut blocks, mut breaks) = (0_usize, 0, false);
    for (event, range) in Parser::new_ext(clean, OPTIONS).into_offset_iter() {
        blocks += usize::from(depth == 0 && !matches!(event, Event::End(_)));
        match event {
            Event::Start(Tag::Paragraph) if depth == 0 => kind = Some(Sole::Paragraph),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) if depth == 0 => kind = Some(Sole::Fence),
            Event::SoftBreak | Event::HardBreak => {
                breaks |= depth == 1 && range.contains(&at.saturating_sub(1))
            }
            _ => {}
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    kind.filter(|kind| blocks == 1 && (breaks || *kind == Sole::Fence))
}

/// Sanitised text to draw.
#[derive(Clone, Copy)]
pub(crate) struct Piece<'a> {
    pub clean: &'a str,
    /// The code blocks before it.
    pub code_before: usize,
    /// The line that opened the fence which it goes on with, and the code of it so far; both empty as a rule.
    pub opener: &'a str,
    pub before: &'a str,
}

impl<'a> Piece<'a> {
    /// Text before a cut in a paragraph: the line ends there, so a sign that says so is not shown.
    pub(crate) fn before_cut(clean: &'a str) -> &'a str {
        let Some(line) = clean.strip_suffix('\n') else { return clean };
        let signs = line.len() - line.trim_end_matches('\\').len();
        if signs % 2 == 1 { line.strip_suffix('\\').unwrap_or(line) } else { clean }
    }

    /// A whole text.
    fn whole(clean: &'a str) -> Self {
        Self { clean, code_before: 0, opener: "", before: "" }
    }

    /// What is parsed for it.
    fn parsed(&self) -> Cow<'a, str> {
        match self.opener {
            "" => self.clean.into(),
            opener => format!("{opener}{}", self.clean).into(),
        }
    }
}

impl Ink<'_> {
    /// Draws text; `memo` holds coloured code of an earlier drawing of the same beginning.
    pub(crate) fn draw(self, piece: Piece<'_>, memo: &mut Memo) -> Vec<Line<'static>> {
        let mut writer = writer::Writer::new(self, memo, piece);
        for event in Parser::new_ext(&piece.parsed(), OPTIONS) {
            writer.event(event);
        }
        writer.finish()
    }

    /// What the lines of `draw` say. Colours say nothing, so none are needed.
    pub(crate) fn map(self, piece: Piece<'_>) -> TextMap {
        let mut memo = Memo::default();
        let mut writer = writer::Writer::recording(Ink { highlighter: None, ..self }, &mut memo, piece);
        for event in Parser::new_ext(&piece.parsed(), OPTIONS) {
            writer.event(event);
        }
        writer.finish_map()
    }
}

#[cfg(test)]
mod tests;
