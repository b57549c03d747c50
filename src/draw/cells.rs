//! Lines on the cells of a buffer, the usual ones without a look at each grapheme. It shows what ratatui shows, and never wraps.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

/// Draws a line on the first row of an area.
pub fn put(line: &Line<'_>, area: Rect, buffer: &mut Buffer) {
    let bytes: usize = line.spans.iter().map(|span| span.content.len()).sum();
    let is_plain = |span: &Span<'_>| span.content.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    let fits = area.intersection(buffer.area) == area && !area.is_empty() && bytes <= usize::from(area.width);
    if !fits || line.alignment.is_some() || !line.spans.iter().all(is_plain) {
        return line.render(area, buffer);
    }
    if bytes == 0 {
        return;
    }
    let row = usize::from(area.y - buffer.area.y) * usize::from(buffer.area.width);
    let from = row + usize::from(area.x - buffer.area.x);
    let Some(cells) = buffer.content.get_mut(from..from + usize::from(area.width)) else { return };
    for cell in cells.iter_mut() {
        cell.set_style(line.style);
    }
    let letters = line.spans.iter().flat_map(|span| span.content.chars().map(|letter| (letter, span.style)));
    for (cell, (letter, style)) in cells.iter_mut().zip(letters) {
        cell.set_char(letter).set_style(style);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::{Color, Modifier, Style};

    #[test]
    fn a_line_looks_as_ratatui_draws_it() {
        let red = Style::default().fg(Color::Red).add_modifier(Modifier::BOLD);
        let lines = [
            Line::default(),
            Line::from("plain words"),
            Line::from(vec![Span::raw("  "), Span::styled("red", red), Span::raw(" and not")]).style(red),
            Line::from(vec![Span::styled("", red), Span::styled("漢字", red), Span::raw("e\u{301}x")]),
            Line::from("just as wide as it.."),
            Line::from("wider than the area that is there"),
            Line::styled("to the right", red).right_aligned(),
            Line::styled("", red),
        ];
        for area in [Rect::new(1, 1, 20, 1), Rect::new(0, 0, 22, 2), Rect::new(15, 1, 20, 1), Rect::ZERO] {
            for line in &lines {
                let mut filled = Buffer::empty(Rect::new(0, 0, 22, 3));
                filled.set_string(0, 1, "=".repeat(22), Style::default().bg(Color::Blue));
                let mut expected = filled.clone();
                line.render(area, &mut expected);
                put(line, area, &mut filled);
                assert_eq!(filled, expected, "{line:?} in {area}");
            }
        }
    }
}
