//! A long text to read: help, KB.md, a diff. It scrolls and closes, and never changes what it shows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

use super::menu::{frame, middle};
use crate::base::text;
use crate::draw::markdown;
use crate::draw::theme::Theme;

/// The most cells that the frame is wide.
const WIDTH: u16 = 120;

/// How the text is to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    Markdown(String),
    /// Line for line, wrapped at the edge.
    Verbatim(String),
    /// The same, each line in its tone.
    Told(Vec<Told>),
}

impl Content {
    /// As plain text.
    pub fn words(&self) -> String {
        match self {
            Self::Markdown(words) | Self::Verbatim(words) => words.clone(),
            Self::Told(lines) => lines.iter().map(|line| format!("{}\n", line.text)).collect(),
        }
    }
}

/// A line and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub tone: Tone,
    pub text: String,
}

impl Told {
    /// A line of this tone.
    pub fn new(tone: Tone, text: impl Into<String>) -> Self {
        Self { tone, text: text.into() }
    }
}

/// What a line is, which its colour tells beside its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    Text,
    Head,
    Dim,
    Added,
    Removed,
}

impl Tone {
    fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Text => theme.text,
            Self::Head => theme.strong,
            Self::Dim => theme.dim,
            Self::Added => theme.added,
            Self::Removed => theme.removed,
        }
    }
}

/// How high the frame is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Height {
    #[default]
    Whole,
    /// No higher than the text.
    Content,
}

/// The pager's model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pager {
    pub title: String,
    pub content: Content,
    height: Height,
    top: usize,
}

/// How far to scroll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scroll {
    Lines(isize),
    Top,
    End,
}

impl Pager {
    /// A pager at the first line.
    pub fn new(title: impl Into<String>, content: Content) -> Self {
        Self { title: title.into(), content, height: Height::default(), top: 0 }
    }

    /// The same in a frame of this height.
    pub fn of(self, height: Height) -> Self {
        Self { height, ..self }
    }

    /// Scrolls; `view` keeps the place within the text.
    pub fn scroll(&mut self, by: Scroll) {
        self.top = match by {
            Scroll::Lines(lines) => self.top.saturating_add_signed(lines),
            Scroll::Top => 0,
            Scroll::End => usize::MAX,
        };
    }

    /// Brings a place beyond the end back to it, at the size that it is drawn at.
    pub fn settle(&mut self, area: Rect, theme: &Theme) {
        let inner = frame(&self.title, theme).inner(middle(area, WIDTH, u16::MAX));
        let last = self.lines(inner.width, theme).len().saturating_sub(usize::from(inner.height));
        self.top = self.top.min(last);
    }

    /// The frame around so many lines.
    fn area(&self, area: Rect, lines: usize) -> Rect {
        let height = match self.height {
            Height::Whole => u16::MAX,
            Height::Content => u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(2),
        };
        middle(area, WIDTH, height)
    }

    fn lines(&self, width: u16, theme: &Theme) -> Vec<Line<'static>> {
        match &self.content {
            Content::Markdown(source) => {
                markdown::render(source, usize::from(width.saturating_sub(2)), theme, None)
            }
            Content::Verbatim(source) => {
                source.lines().flat_map(|line| rows(line, width, theme.text)).collect()
            }
            Content::Told(lines) => {
                lines.iter().flat_map(|told| rows(&told.text, width, told.tone.style(theme))).collect()
            }
        }
    }

    /// Draws the pager over an area; `keys` says what its keys do.
    pub fn view(&self, area: Rect, theme: &Theme, keys: &str, buffer: &mut Buffer) {
        let block = frame(&self.title, theme);
        let lines = self.lines(block.inner(middle(area, WIDTH, u16::MAX)).width, theme);
        let frame_area = self.area(area, lines.len());
        Clear.render(frame_area, buffer);
        let inner = block.inner(frame_area);
        let height = usize::from(inner.height);
        let top = self.top.min(lines.len().saturating_sub(height));
        let mut told = Vec::new();
        let shown = format!("{}–{} of {}", top + 1, (top + height).min(lines.len()), lines.len());
        // The keys need the room first.
        if lines.len() > height && text::width(&shown) + text::width(keys) + 5 <= usize::from(inner.width) {
            told.push(shown);
        }
        if !keys.is_empty() {
            told.push(keys.to_string());
        }
        let place = if told.is_empty() { String::new() } else { format!(" {} ", told.join(" · ")) };
        block
            .style(theme.text)
            .title_bottom(Line::styled(place, theme.dim).right_aligned())
            .render(frame_area, buffer);
        for (row, line) in lines.into_iter().skip(top).take(height).enumerate() {
            let y = inner.y + u16::try_from(row).unwrap_or(0);
            let place = Rect { x: inner.x + 1, y, width: inner.width.saturating_sub(2), height: 1 };
            if inner.width > 2 {
                line.render(place, buffer);
            }
        }
    }
}

/// A line as the rows that it takes at a width.
fn rows(line: &str, width: u16, style: Style) -> Vec<Line<'static>> {
    let rows = hanging(&text::expand_tabs(line, 0), usize::from(width.saturating_sub(2)));
    rows.into_iter().map(|row| Line::styled(row, style)).collect()
}

/// Wraps a line; where it is a table of two columns, what goes on stands below the second one.
fn hanging(line: &str, width: usize) -> Vec<String> {
    const LEAST: usize = 24;
    let start = line.len() - line.trim_start().len();
    let column = line
        .get(start..)
        .and_then(|rest| rest.rfind("  "))
        .map_or(0, |gap| text::width(line.get(..start + gap + 2).unwrap_or_default()));
    let indent = if column + LEAST <= width { column } else { 0 };
    text::wrap_hanging(line, width, width.saturating_sub(indent))
        .into_iter()
        .enumerate()
        .map(|(row, range)| {
            let words = line.get(range).unwrap_or_default().trim_end();
            if row == 0 { words.to_string() } else { format!("{:indent$}{}", "", words.trim_start()) }
        })
        .collect()
}
