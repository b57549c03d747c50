//! Markdown to styled lines of a width. It never colours by itself, keeps nothing between two calls, and trusts no text.
//!
//! A block at the top level is drawn from its own text alone, with one blank line between two blocks. The streaming cache
//! relies on that: it draws finished blocks once and puts the rest behind them.

mod code;
mod inline;
mod page;
mod table;
mod writer;

pub(crate) use code::Memo;

use crate::base::text;
use crate::draw::flow::Flow;
use crate::draw::highlight::Highlighter;
use crate::draw::textmap::TextMap;
use crate::draw::theme::Theme;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
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
    Ink { width, theme, highlighter }.draw(&text::sanitise(source), &mut Memo::default(), 0)
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

/// The code blocks of a reply, as the model wrote them, in the order of their numbers on the screen.
pub fn code_blocks(source: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut inside = false;
    for event in Parser::new_ext(source, OPTIONS) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => {
                inside = true;
                blocks.push(String::new());
            }
            Event::End(TagEnd::CodeBlock) => inside = false,
            Event::Text(text) if inside => {
                if let Some(block) = blocks.last_mut() {
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

impl Ink<'_> {
    /// Draws sanitised text with so many code blocks before it; `memo` holds coloured code of an earlier drawing of the same beginning.
    pub(crate) fn draw(self, clean: &str, memo: &mut Memo, code_before: usize) -> Vec<Line<'static>> {
        let mut writer = writer::Writer::new(self, memo, code_before);
        for event in Parser::new_ext(clean, OPTIONS) {
            writer.event(event);
        }
        writer.finish()
    }

    /// What the lines of `draw` say. Colours say nothing, so none are needed.
    pub(crate) fn map(self, clean: &str, code_before: usize) -> TextMap {
        let mut memo = Memo::default();
        let mut writer = writer::Writer::recording(Ink { highlighter: None, ..self }, &mut memo, code_before);
        for event in Parser::new_ext(clean, OPTIONS) {
            writer.event(event);
        }
        writer.finish_map()
    }
}

#[cfg(test)]
mod tests;
