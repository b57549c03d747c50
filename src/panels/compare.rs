//! Two texts side by side, or one after the other where there is no room: it scrolls both by the same share, and never changes them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::menu::frame;
use super::pager::Scroll;
use crate::base::text;
use crate::domain::chat::EntryId;
use crate::draw::markdown;
use crate::draw::theme::Theme;

/// From this width on the two stand side by side.
const WIDE: u16 = 100;

/// The comparison's model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compare {
    /// The message that both answer.
    pub message: EntryId,
    /// The numbers of the two versions.
    pub left: usize,
    pub right: usize,
    /// The first visible line of the longer one.
    top: usize,
}

/// One of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    pub head: String,
    /// The colour of who gave it, as the persona's file has it.
    pub color: String,
    /// Markdown.
    pub text: String,
}

impl Compare {
    /// Two versions of an answer, at their first lines.
    pub fn new(message: EntryId, left: usize, right: usize) -> Self {
        Self { message, left, right, top: 0 }
    }

    /// Scrolls; `settle` and `view` keep the place within the texts.
    pub fn scroll(&mut self, by: Scroll) {
        self.top = match by {
            Scroll::Lines(lines) => self.top.saturating_add_signed(lines),
            Scroll::Top => 0,
            Scroll::End => usize::MAX,
        };
    }

    /// Lines that a page moves.
    pub fn page(&self, area: Rect) -> usize {
        usize::from(area.height.saturating_sub(4).max(1))
    }

    /// Brings a place beyond the end back to it, at the size that is drawn.
    pub fn settle(&mut self, columns: &[Column; 2], area: Rect, theme: &Theme) {
        let inner = frame("", theme).inner(area);
        let bodies = bodies(columns, inner, theme);
        let last = bodies.iter().map(|body| body.beyond()).max().unwrap_or(0);
        self.top = self.top.min(last);
    }

    /// Draws the two; `keys` says what keys do here.
    pub fn view(&self, columns: &[Column; 2], area: Rect, theme: &Theme, keys: &str, buffer: &mut Buffer) {
        Clear.render(area, buffer);
        let block = frame("Two versions of the answer", theme);
        let inner = block.inner(area);
        let bodies = bodies(columns, inner, theme);
        let longest = bodies.iter().map(Body::beyond).max().unwrap_or(0);
        let top = self.top.min(longest);
        let share = (top * 100).checked_div(longest).map(|share| format!("{share} % · ")).unwrap_or_default();
        let place = format!(" {share}{keys} ");
        let place = text::truncate(&place, usize::from(area.width.saturating_sub(2)));
        block
            .style(theme.text)
            .title_bottom(Line::styled(place, theme.dim).right_aligned())
            .render(area, buffer);
        for body in &bodies {
            // Both are at the same share of their way.
            let first = (top * body.beyond() + longest / 2).checked_div(longest).unwrap_or(0);
            body.view(first, buffer);
        }
        if let [left, _] = bodies.as_slice() {
            for y in inner.top()..inner.bottom() {
                buffer.set_string(left.area.right(), y, "│", theme.faint);
            }
        }
    }
}

/// Lines with their place.
struct Body {
    head: Option<Line<'static>>,
    lines: Vec<Line<'static>>,
    area: Rect,
}

impl Body {
    /// Rows below the head.
    fn height(&self) -> usize {
        usize::from(self.area.height).saturating_sub(usize::from(self.head.is_some()))
    }

    /// Lines that do not fit.
    fn beyond(&self) -> usize {
        self.lines.len().saturating_sub(self.height())
    }

    fn view(&self, first: usize, buffer: &mut Buffer) {
        let shown = self.lines.iter().skip(first).take(self.height());
        for (row, line) in self.head.iter().chain(shown).enumerate() {
            let y = self.area.y + u16::try_from(row).unwrap_or(0);
            line.render(Rect { y, height: 1, ..self.area }, buffer);
        }
    }
}

/// The two texts beside each other, each with its head; on a narrow screen one body with both.
fn bodies(columns: &[Column; 2], inner: Rect, theme: &Theme) -> Vec<Body> {
    if inner.width < 4 || inner.height == 0 {
        return Vec::new();
    }
    let padded = Rect { x: inner.x + 1, width: inner.width - 2, ..inner };
    if inner.width + 2 < WIDE {
        let mut lines = Vec::new();
        for column in columns {
            if !lines.is_empty() {
                lines.extend([
                    Line::default(),
                    Line::styled("─".repeat(usize::from(padded.width)), theme.faint),
                ]);
            }
            lines.extend([head(column, padded.width, theme), Line::default()]);
            lines.extend(lines_of(column, padded.width, theme));
        }
        return vec![Body { head: None, lines, area: padded }];
    }
    let width = (padded.width - 3) / 2;
    let places = [padded.x, padded.x + width + 3];
    let body = |(column, x): (&Column, u16)| {
        let area = Rect { x, width, ..padded };
        Body { head: Some(head(column, width, theme)), lines: lines_of(column, width, theme), area }
    };
    let mut found: Vec<Body> = columns.iter().zip(places).map(body).collect();
    if let Some(left) = found.first_mut() {
        // The rule between them stands after one cell of air.
        left.area.width = width + 1;
    }
    found
}

fn head(column: &Column, width: u16, theme: &Theme) -> Line<'static> {
    let style = Style::default().fg(theme.persona(&column.color)).add_modifier(Modifier::BOLD);
    Line::from(Span::styled(text::truncate(&column.head, usize::from(width)), style))
}

fn lines_of(column: &Column, width: u16, theme: &Theme) -> Vec<Line<'static>> {
    if column.text.is_empty() {
        return vec![Line::styled("no words", theme.dim)];
    }
    markdown::render(&column.text, usize::from(width), theme, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(head: &str, lines: usize) -> Column {
        let text = (1..=lines).map(|line| format!("{head}{line}\n\n")).collect();
        Column { head: format!("head {head}"), color: String::new(), text }
    }

    fn drawn(compare: &Compare, columns: &[Column; 2], area: Rect) -> String {
        let mut buffer = Buffer::empty(area);
        compare.view(columns, area, &Theme::dark(), "Esc closes", &mut buffer);
        let row = |y: u16| (0..area.width).map(|x| buffer[(x, y)].symbol().to_string()).collect::<String>();
        (0..area.height).map(|y| format!("{}\n", row(y).trim_end())).collect()
    }

    #[test]
    fn texts_of_different_length_begin_and_end_together() {
        let columns = [column("a", 10), column("b", 40)];
        let area = Rect::new(0, 0, 120, 13);
        let mut compare = Compare::new(EntryId(1), 1, 2);
        let first = drawn(&compare, &columns, area);
        assert!(
            first.contains("a1 ") && first.contains("b1\u{20}") && first.contains("0 % · Esc closes"),
            "{first}"
        );
        compare.scroll(Scroll::End);
        compare.settle(&columns, area, &Theme::dark());
        let last = drawn(&compare, &columns, area);
        assert!(last.contains("a10 ") && last.contains("b40 ") && last.contains("100 %"), "{last}");
        compare.scroll(Scroll::Lines(-35));
        let middle = drawn(&compare, &columns, area);
        assert!(middle.contains("a5 ") && !middle.contains("a10 ") && middle.contains("b20 "), "{middle}");
    }

    #[test]
    fn on_a_narrow_screen_one_follows_the_other() {
        let columns = [column("a", 2), column("b", 2)];
        let text = drawn(&Compare::new(EntryId(1), 1, 2), &columns, Rect::new(0, 0, 60, 20));
        let at = |words: &str| text.find(words).unwrap_or_else(|| panic!("no {words} in\n{text}"));
        assert!(at("head a") < at("a2") && at("a2") < at("head b") && at("head b") < at("b1"), "{text}");
    }

    #[test]
    fn a22_any_size_and_any_text_is_drawn() {
        let wide = Column {
            text: "漢字かな交じり文\n\n```rust\nfn 漢(){}\n```\n👨‍👩‍👧 e\u{301}".repeat(3),
            ..column("漢", 1)
        };
        for width in 1..=130 {
            for height in [1, 2, 3, 4, 7, 30] {
                let mut compare = Compare::new(EntryId(1), 1, 2);
                compare.scroll(Scroll::End);
                drawn(&compare, &[wide.clone(), Column::default()], Rect::new(0, 0, width, height));
            }
        }
    }
}
