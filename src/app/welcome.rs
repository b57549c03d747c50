//! The first screen, before anything was said: what is here and what to do. It never takes a key.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::state::{Search, State};
use crate::base::text;
use crate::domain::settings::endpoints::needs_key;
use crate::protocol::action::{Action, Context};

/// Widest that the text gets; longer lines are hard to read.
const WIDEST: u16 = 88;

/// Draws the first screen into the chat's area.
pub fn view(state: &State, area: Rect, buffer: &mut Buffer) {
    let width = area.width.min(WIDEST);
    let lines = lines(state, usize::from(width.saturating_sub(2)));
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let top = area.height.saturating_sub(rows) / 3;
    let left = (area.width - width) / 2;
    for (row, line) in lines.into_iter().take(usize::from(area.height)).enumerate() {
        let y = area.y + top + u16::try_from(row).unwrap_or(0);
        if y < area.bottom() {
            line.render(Rect { x: area.x + left, y, width, height: 1 }, buffer);
        }
    }
}

fn lines(state: &State, width: usize) -> Vec<Line<'static>> {
    let theme = &state.screen.theme;
    let persona = &state.personas.active;
    let color = Style::default().fg(theme.persona(&persona.color)).add_modifier(Modifier::BOLD);
    let mut lines =
        vec![Line::from(vec![Span::styled("dictum", color), Span::styled("  keeps its word", theme.dim)])];
    lines.push(Line::default());
    let promise =
        "It reads this project's KB.md before every task, and writes down what you tell it, once you agree.";
    lines.extend(wrapped(promise, width).into_iter().map(|words| Line::styled(words, theme.text)));
    lines.push(Line::default());

    let mut row = |label: &str, head: String, style: Style, rest: &str| {
        let room = width.saturating_sub(10);
        let mut parts = wrapped(rest, room);
        if parts.is_empty() {
            parts.push(String::new());
        }
        lines.push(Line::from(vec![
            Span::styled(format!("{label:<10}"), theme.dim),
            Span::styled(text::truncate(&head, room), style),
        ]));
        const MOST: usize = 2;
        let more = parts.len() > MOST;
        for (at, part) in parts.into_iter().filter(|part| !part.is_empty()).take(MOST).enumerate() {
            let end = if more && at + 1 == MOST { " …" } else { "" };
            lines.push(Line::styled(format!("{:10}{part}{end}", ""), theme.dim));
        }
    };
    row(
        "persona",
        format!("● {}", text::one_line(&persona.name)),
        color,
        &text::one_line(&persona.description),
    );
    let badge = state.kb.snapshot.badge(state.kb.document.directives());
    let why = state.kb.snapshot.explanation().unwrap_or_default();
    let badge = badge.strip_prefix("KB.md ").unwrap_or(&badge).to_string();
    row("KB.md", badge, if why.is_empty() { theme.good } else { theme.warning }, &why);
    let notes = state.kb.notes.badge();
    if !notes.is_empty() {
        row("notes", notes, theme.text, "");
    }
    let (model, help) = connection(state);
    row("model", text::one_line(&model), theme.text, help);

    lines.push(Line::default());
    let mut hint = |key: &str, what: &str| {
        lines.push(Line::from(vec![
            Span::styled(format!("{key:<26}"), theme.hint_key),
            Span::styled(what.to_string(), theme.dim),
        ]));
    };
    hint("“what are our rules?”", "ask about the project");
    let keymap = &state.tools.keymap;
    let review = keymap.told("; ", Context::Everywhere, Action::FocusReview, "shows the edit of KB.md");
    hint("“from now on use pnpm”", &format!("state a rule{review}"));
    let mut keys = Vec::new();
    for (action, what) in
        [(Action::Personas, "personas"), (Action::Palette, "everything"), (Action::Help, "all keys")]
    {
        let key = keymap.hint(Context::Everywhere, action);
        if !key.is_empty() {
            keys.push(Span::styled(key, theme.hint_key));
            keys.push(Span::styled(format!(" {what}   "), theme.dim));
        }
    }
    lines.push(Line::from(keys));
    lines
}

fn connection(state: &State) -> (String, &'static str) {
    let endpoint = &state.connection.endpoint;
    match (state.connection.is_offline(), state.connection.search) {
        (true, Search::Running) => ("looking for a local model …".to_string(), ""),
        (true, Search::Done) => (
            "none connected: offline answers by quoting the project".to_string(),
            "/login connects one: paste a key, or use a server of this machine. Or just go on.",
        ),
        (false, _) => {
            let lacks_key = needs_key(endpoint) && !state.connection.keyed.contains(&endpoint.provider);
            let help = if lacks_key { "It has no key yet: /login takes one." } else { "" };
            (format!("{} · {}", endpoint.provider, text::one_line(&endpoint.model)), help)
        }
    }
}

fn wrapped(words: &str, width: usize) -> Vec<String> {
    text::wrap(words, width.max(1))
        .into_iter()
        .map(|range| words.get(range).unwrap_or_default().trim().to_string())
        .collect()
}
