//! The field that a key is typed or pasted into: dots, and whose key it is. It never draws a character of it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use super::menu::{frame, middle};
use crate::base::text;
use crate::domain::key::{Hidden, owner, owners};
use crate::draw::theme::Theme;

/// The dots that are drawn at most; a longer key shows no more of its length.
const DOTS: usize = 40;

/// The field's model.
#[derive(Clone, Debug, Default)]
pub struct KeyField {
    pub key: Hidden,
    /// The provider that the user chose; without one the shape tells.
    chosen: Option<&'static str>,
    /// What goes on, or went wrong.
    pub message: Option<String>,
    /// Where the key will be kept, as it may be shown.
    pub file: String,
}

impl KeyField {
    /// A field with what was typed already, for a provider if one was named.
    pub fn new(key: Hidden, provider: &str, file: &str) -> Self {
        let chosen = owners().find(|known| *known == provider);
        Self { key, chosen, message: None, file: file.to_string() }
    }

    /// Whose key it is.
    pub fn provider(&self) -> Option<&'static str> {
        self.chosen.or_else(|| owner(self.key.expose()))
    }

    /// Chooses the provider of that name; false when there is none that takes a key.
    pub fn choose(&mut self, provider: &str) -> bool {
        let found = owners().find(|known| known.eq_ignore_ascii_case(provider));
        self.chosen = found.or(self.chosen);
        found.is_some()
    }

    /// Types or pastes.
    pub fn push(&mut self, typed: &str) {
        self.message = None;
        self.key.push(typed);
    }

    /// Takes the last character back.
    pub fn backspace(&mut self) {
        self.message = None;
        self.key.pop();
    }

    /// Chooses the provider after the present one, or before it.
    pub fn step(&mut self, by: isize) {
        let all: Vec<&'static str> = owners().collect();
        let now = self.provider().and_then(|name| all.iter().position(|known| *known == name));
        let next = match now {
            Some(at) => at.saturating_add_signed(by).min(all.len().saturating_sub(1)),
            None => 0,
        };
        self.chosen = all.get(next).copied();
    }

    /// Draws it over the middle of an area; tells where the caret is.
    pub fn view(&self, area: Rect, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
        let frame_area = middle(area, 76, 11);
        Clear.render(frame_area, buffer);
        let block = frame("Paste a key", theme);
        let inner = block.inner(frame_area);
        block.style(theme.text).render(frame_area, buffer);
        let count = self.key.count();
        let dots = "•".repeat(count.min(DOTS));
        let length = if count == 0 { String::new() } else { format!("  {count} characters") };
        let provider = match (self.chosen, self.provider()) {
            (_, None) if count == 0 => "told by its shape".to_string(),
            (_, None) => "not known by its shape: choose it with ↑ and ↓".to_string(),
            (Some(_), Some(name)) => format!("{name}  (↑ and ↓ choose another)"),
            (None, Some(name)) => format!("{name}, by its shape  (↑ and ↓ choose another)"),
        };
        let label = |words: &'static str| Span::styled(format!(" {words:<10}"), theme.dim);
        let mut lines = vec![
            Line::styled(" It is shown as dots and goes nowhere but to its provider. Once that", theme.dim),
            Line::styled(" accepts it, it is kept here, where only you can read it:", theme.dim),
            Line::styled(format!(" {}", text::one_line(&self.file)), theme.dim),
            Line::default(),
            Line::from(vec![label("key"), Span::styled(dots, theme.text), Span::styled(length, theme.dim)]),
            Line::from(vec![label("provider"), Span::styled(provider, theme.text)]),
            Line::default(),
        ];
        match &self.message {
            Some(message) => {
                let message = text::one_line(message);
                let width = usize::from(inner.width.saturating_sub(2).max(1));
                lines.truncate(7);
                for range in text::wrap(&message, width).into_iter().take(2) {
                    let words = message.get(range).unwrap_or_default();
                    lines.push(Line::styled(format!(" {words}"), theme.warning));
                }
            }
            None => lines.push(Line::from(vec![
                Span::styled(" Enter", theme.hint_key),
                Span::styled(" tries it and keeps it   ", theme.hint),
                Span::styled("Esc", theme.hint_key),
                Span::styled(" leaves it", theme.hint),
            ])),
        }
        for (line, y) in lines.into_iter().zip(inner.top()..inner.bottom()) {
            line.render(Rect { y, height: 1, ..inner }, buffer);
        }
        let column = u16::try_from(11 + count.min(DOTS)).unwrap_or(u16::MAX);
        (inner.height > 4).then(|| Position {
            x: inner.x.saturating_add(column).min(inner.right().saturating_sub(1)),
            y: inner.y + 4,
        })
    }
}
