//! The list above the prompt that completes a word: one look for commands and files. It never knows what the choices mean.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

use crate::base::text;
use crate::draw::theme::Theme;

/// Below this width there is no room for a list.
const NARROW: u16 = 20;

/// Cells of a word before what is said beside it.
const WORD: usize = 17;

/// One choice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// Stands before the word and matters less: the folder of a file.
    pub before: String,
    pub word: String,
    /// Said beside the word.
    pub detail: String,
}

/// Rows that a list may take above a prompt.
pub fn room(prompt: Rect) -> usize {
    if prompt.width < NARROW { 0 } else { usize::from(prompt.y) }
}

/// Draws the choices just above the prompt, the chosen one marked and with the key that takes it.
pub fn view(choices: &[Choice], chosen: usize, key: &str, prompt: Rect, theme: &Theme, buffer: &mut Buffer) {
    let height = choices.len().min(room(prompt));
    let Some(place) = place(height, prompt) else { return };
    Clear.render(place, buffer);
    let first = (chosen + 1).saturating_sub(height);
    for (row, choice) in choices.iter().enumerate().skip(first).take(height) {
        let y = place.y + u16::try_from(row - first).unwrap_or(0);
        let line = Rect { y, height: 1, ..place };
        let key = if row == chosen && !key.is_empty() { format!("  {key} ") } else { String::new() };
        let mark = if row == chosen { "▸ " } else { "  " };
        let room = usize::from(place.width).saturating_sub(text::width(&key) + 2);
        if row == chosen {
            buffer.set_style(line, theme.selection);
        }
        let mut spans = vec![Span::styled(mark, theme.text)];
        spans.extend(words(choice, room, theme));
        Line::from(spans).render(line, buffer);
        Line::styled(key, theme.dim).right_aligned().render(line, buffer);
    }
}

/// Says one sentence in the place of choices.
pub fn say(sentence: &str, prompt: Rect, theme: &Theme, buffer: &mut Buffer) {
    let Some(place) = place(room(prompt).min(1), prompt) else { return };
    Clear.render(place, buffer);
    let words = format!("  {}", text::truncate(sentence, usize::from(place.width).saturating_sub(2)));
    Line::styled(words, theme.dim).render(place, buffer);
}

fn place(height: usize, prompt: Rect) -> Option<Rect> {
    let height = u16::try_from(height).ok().filter(|height| *height > 0)?;
    Some(Rect { x: 0, y: prompt.y.checked_sub(height)?, width: prompt.width.min(100), height })
}

fn words(choice: &Choice, room: usize, theme: &Theme) -> Vec<Span<'static>> {
    if !choice.detail.is_empty() {
        let word = format!("{:<WORD$} ", choice.word);
        let left = room.saturating_sub(text::width(&word));
        return vec![
            Span::styled(word, theme.hint_key),
            Span::styled(text::truncate(&choice.detail, left), theme.dim),
        ];
    }
    let word = text::truncate(&choice.word, room);
    let left = room.saturating_sub(text::width(&word));
    let before = end_of(&choice.before, left);
    vec![Span::styled(before, theme.dim), Span::styled(word, theme.hint_key)]
}

/// The end of a text, as much as fits: of a long path the inner folders tell most.
fn end_of(words: &str, cells: usize) -> String {
    if text::width(words) <= cells {
        return words.to_string();
    }
    let room = cells.saturating_sub(text::width(text::ELLIPSIS));
    let whole = text::width(words);
    let mut over = 0;
    for (at, _, width) in text::clusters(words) {
        if whole.saturating_sub(over) <= room {
            return format!("{}{}", text::ELLIPSIS, words.get(at..).unwrap_or_default());
        }
        over += width;
    }
    if cells > 0 { text::ELLIPSIS.to_string() } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_folder_loses_its_beginning() {
        assert_eq!(end_of("src/app/", 8), "src/app/");
        assert_eq!(end_of("src/app/", 6), "…/app/");
        assert_eq!(end_of("src/app/", 1), "…");
        assert_eq!(end_of("src/app/", 0), "");
    }
}
