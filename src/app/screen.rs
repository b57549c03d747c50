//! The whole screen: where each part lies and how it is drawn. It changes nothing but the cache of lines.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::state::{Focus, Overlay, Search, State, Turn};
use super::{commands, turn, welcome};
use crate::base::text;
use crate::domain::chat::{Body, Entry};
use crate::panels::prompt::rows::{self, Sheet};
use crate::panels::review::Mode;
use crate::panels::{review, transcript};
use crate::protocol::action::Action;
use crate::protocol::keymap::key_of;
use crate::protocol::message::Drawn;

/// Where each part lies. A part without room has no height.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    pub header: Rect,
    pub transcript: Rect,
    pub queue: Rect,
    /// The card, or the review when it has the focus.
    pub review: Rect,
    pub prompt: Rect,
    pub status: Rect,
}

/// Rows of chat from which the first screen and notices have room together.
const ROOM_FOR_BOTH: u16 = 27;

/// Rows of the queue that are shown.
const QUEUE_ROWS: u16 = 3;

/// With fewer rows than this, the review takes the whole screen.
const LOW: u16 = 12;

/// The screen as a rectangle.
pub fn area(state: &State) -> Rect {
    Rect::new(0, 0, state.screen.columns, state.screen.rows)
}

/// The width that the draft is wrapped at.
pub fn prompt_width(state: &State) -> u16 {
    let frame = if has_frame(state) { 4 } else { 2 };
    state.screen.columns.saturating_sub(frame).max(1)
}

/// Whether there is room for a border round the prompt.
fn has_frame(state: &State) -> bool {
    state.screen.rows >= 10 && state.screen.columns >= 20
}

/// Divides the screen. The prompt comes first, then the header with the state of KB.md, then the chat.
pub fn layout(state: &State) -> Areas {
    let whole = area(state);
    let rows = whole.height;
    // Nobody shall accept what cannot be seen: on a low screen the review has all of it.
    if matches!(state.focus, Focus::Review) && rows < LOW {
        return Areas { review: whole, ..Areas::default() };
    }
    let status = u16::from(rows >= 4);
    let header = match rows {
        0..=2 => 0,
        3..=15 => 1,
        _ => 2,
    };
    let frame = if has_frame(state) { 2 } else { 0 };
    let most = (rows / 3).max(1);
    let draft = rows::height(&state.prompt.editor, prompt_width(state)).clamp(1, most);
    let prompt = (draft + frame).min(rows);
    let mut left = rows.saturating_sub(prompt + status + header);
    let review = review_height(state, left);
    left -= review;
    let waiting = u16::try_from(state.queue.len()).unwrap_or(u16::MAX).min(QUEUE_ROWS);
    let queue = waiting.min(left / 2);
    let transcript = left - queue;
    let mut y = 0;
    let mut next = |height: u16| {
        let part = Rect { x: 0, y, width: whole.width, height };
        y += height;
        part
    };
    Areas {
        header: next(header),
        transcript: next(transcript),
        queue: next(queue),
        review: next(review),
        prompt: next(prompt),
        status: next(status),
    }
}

fn review_height(state: &State, left: u16) -> u16 {
    if state.review.pending.is_empty() || left == 0 {
        return 0;
    }
    match state.focus {
        Focus::Review => {
            let wanted =
                review::height(&state.review, reviewed(state), state.screen.columns, &state.screen.theme);
            // The chat keeps a part of a tall screen; on a small one the diff is what matters.
            let most = if left > 12 { left - left / 4 } else { left };
            wanted.min(most)
        }
        Focus::Prompt | Focus::Overlay(_) => 1,
    }
}

/// The text that the shown diff starts from: while an edit is written, the one that it was accepted on.
pub fn reviewed(state: &State) -> &str {
    match &state.errands.saving {
        Some(saving) if matches!(state.review.mode, Mode::Saving) => &saving.before,
        Some(_) | None => state.kb.text(),
    }
}

/// Draws everything; tells where the caret belongs and where the transcript stands.
pub fn view(
    state: &State,
    cache: &mut transcript::LineCache,
    buffer: &mut Buffer,
) -> (Option<Position>, Drawn) {
    let theme = &state.screen.theme;
    let areas = layout(state);
    header(state, areas.header, buffer);
    let chat = padded(areas.transcript);
    let said = |entry: &Entry| !matches!(entry.body, Body::Notice { .. });
    let drawn = if state.log.entries().is_empty() {
        welcome::view(state, chat, buffer);
        Drawn::default()
    } else if !state.log.entries().iter().any(said) && chat.height >= ROOM_FOR_BOTH {
        // Warnings of the start stand below the first screen, which still says where one is.
        let [above, below] = Layout::vertical([Constraint::Fill(2), Constraint::Fill(1)]).areas(chat);
        welcome::view(state, above, buffer);
        transcript::view(&state.transcript, &state.log, cache, theme, below, buffer)
    } else {
        transcript::view(&state.transcript, &state.log, cache, theme, chat, buffer)
    };
    below_mark(state, drawn, areas.transcript, buffer);
    queue(state, areas.queue, buffer);
    let mut caret = view_prompt(state, areas.prompt, buffer);
    match &state.focus {
        Focus::Review => {
            caret =
                review::view(&state.review, reviewed(state), state.screen.now, areas.review, theme, buffer);
        }
        Focus::Prompt | Focus::Overlay(_) => {
            if let Some(card) =
                review::card(&state.review, &key_of(Action::FocusReview), areas.review.width, theme)
            {
                card.render(areas.review, buffer);
            }
        }
    }
    status(state, areas.status, buffer);
    match &state.focus {
        Focus::Overlay(over) => caret = overlay(state, over, buffer),
        Focus::Prompt => completions(state, areas, buffer),
        Focus::Review => {}
    }
    (caret, drawn)
}

/// One cell of air at both sides, where there is room for it.
fn padded(area: Rect) -> Rect {
    let air = u16::from(area.width >= 40);
    Rect { x: area.x + air, width: area.width - 2 * air, ..area }
}

fn header(state: &State, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.screen.theme;
    let persona = &state.personas.active;
    let color = Style::default().fg(theme.persona(&persona.color)).add_modifier(Modifier::BOLD);
    let badge = state.kb.snapshot.badge(state.kb.document.directives());
    let badge_style = if state.kb.snapshot.explanation().is_some() { theme.warning } else { theme.dim };
    let width = usize::from(area.width);
    let name = text::one_line(&persona.name);
    let brand = " dictum  ";
    // What does not fit goes by worth: the brand first, then the end of the persona's name, never the state of KB.md.
    let wanted = text::width(&badge) + text::width(&name) + 5;
    let brand = if width >= wanted + text::width(brand) { brand } else { " " };
    let room = width.saturating_sub(text::width(&badge) + text::width(brand) + 4);
    let line = Rect { height: 1, ..area };
    let mut left = vec![Span::styled(brand, theme.dim)];
    if room >= 4 {
        left.push(Span::styled(format!("● {}", text::truncate(&name, room)), color));
    }
    Line::from(left).render(line, buffer);
    let badge = text::truncate(&badge, width.saturating_sub(1));
    Line::from(Span::styled(format!("{badge} "), badge_style)).right_aligned().render(line, buffer);
    if area.height > 1 {
        let rule = Rect { y: area.y + 1, height: 1, ..area };
        Line::styled("─".repeat(width), theme.faint).render(rule, buffer);
    }
}

/// That there is more below the visible part, and how much of it is new, when the end is not followed.
fn below_mark(state: &State, drawn: Drawn, area: Rect, buffer: &mut Buffer) {
    if drawn.top.is_none() || area.height < 2 {
        return;
    }
    let theme = &state.screen.theme;
    let new = match drawn.fresh {
        0 => "more".to_string(),
        1 => "1 new line".to_string(),
        count => format!("{count} new lines"),
    };
    let words = match area.width {
        0..40 if drawn.fresh == 0 => " ↓ ".to_string(),
        0..40 => format!(" ↓ {} ", drawn.fresh),
        _ => format!(" ↓ {new} · {} ", key_of(Action::ScrollEnd)),
    };
    let width = u16::try_from(text::width(&words)).unwrap_or(u16::MAX).min(area.width);
    let place = Rect { x: area.right() - width, y: area.bottom() - 1, width, height: 1 };
    Clear.render(place, buffer);
    Line::styled(words, theme.selection).render(place, buffer);
}

fn queue(state: &State, area: Rect, buffer: &mut Buffer) {
    let theme = &state.screen.theme;
    let hidden = state.queue.len().saturating_sub(usize::from(area.height));
    for (row, waiting) in state.queue.iter().skip(hidden).take(usize::from(area.height)).enumerate() {
        let y = area.y + u16::try_from(row).unwrap_or(0);
        let words = text::one_line(&turn::joined(&waiting.message));
        let hint = format!("  {} takes it back", key_of(Action::QueueTakeBack));
        // The words matter more than the hint.
        let last = row + 1 == usize::from(area.height) && usize::from(area.width) >= text::width(&hint) + 30;
        let hint = if last { hint } else { String::new() };
        let room = usize::from(area.width).saturating_sub(text::width(&hint) + 11);
        let line = Line::from(vec![
            Span::styled(" queued  ", theme.dim),
            Span::styled(text::truncate(&words, room), theme.dim),
            Span::styled(hint, theme.dim),
        ]);
        line.render(Rect { y, height: 1, ..area }, buffer);
    }
}

fn view_prompt(state: &State, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = &state.screen.theme;
    let focused = matches!(state.focus, Focus::Prompt);
    let mut inner = area;
    if has_frame(state) {
        let color = if focused {
            Style::default().fg(theme.persona(&state.personas.active.color))
        } else {
            theme.faint
        };
        let block = Block::bordered().border_type(BorderType::Rounded).border_style(color);
        inner = block.inner(area);
        block.render(area, buffer);
    }
    if inner.width < 3 {
        let sheet = Sheet::new(&state.prompt.editor, inner.width);
        return sheet.view(inner, theme.text, theme.selection, buffer).filter(|_| focused);
    }
    Line::styled("›", theme.accent).render(Rect { width: 1, height: 1, ..inner }, buffer);
    let draft = Rect { x: inner.x + 2, width: prompt_width(state).min(inner.width - 2), ..inner };
    if state.prompt.editor.is_empty() {
        let words = match (&state.turn, state.queue.is_empty()) {
            _ if matches!(state.focus, Focus::Review) => "Esc comes back here",
            (Turn::Idle, true) => "Ask, or state a rule for this project",
            (Turn::Idle, false) => "Enter sends the queued message",
            (Turn::Reading { .. } | Turn::Replying(_), _) => "Type on; Enter queues the message",
        };
        Line::styled(text::truncate(words, usize::from(draft.width)), theme.dim).render(draft, buffer);
    }
    let sheet = Sheet::new(&state.prompt.editor, draft.width);
    sheet.view(draft, theme.text, theme.selection, buffer).filter(|_| focused)
}

fn status(state: &State, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.screen.theme;
    let left = match (&state.screen.note, activity(state)) {
        (Some((note, _)), _) => (note.clone(), theme.text),
        (None, Some(doing)) => (doing, theme.accent),
        (None, None) => (connection(state), theme.dim),
    };
    // Words of servers and names from files are among them.
    let left = Span::styled(format!(" {}", text::one_line(&left.0)), left.1);
    let width = usize::from(area.width);
    let hints: &[(&str, &str)] = match state.focus {
        Focus::Prompt => &[("Enter", "send"), ("Ctrl+P", "everything"), ("F2", "personas"), ("F1", "help")],
        // Enter sends nothing from there.
        Focus::Review | Focus::Overlay(_) => &[("Ctrl+P", "everything"), ("F2", "personas"), ("F1", "help")],
    };
    let used = text::width(&left.content);
    let left = Span::styled(text::truncate(&left.content, width.saturating_sub(1)), left.style);
    Line::from(left).render(area, buffer);
    let mut spans = Vec::new();
    let mut room = width.saturating_sub(used + 2);
    for (key, what) in hints.iter().rev() {
        let wanted = key.len() + what.len() + 3;
        if room < wanted {
            break;
        }
        room -= wanted;
        spans.splice(
            0..0,
            [Span::styled(format!("  {key} "), theme.hint_key), Span::styled(*what, theme.hint)],
        );
    }
    spans.push(Span::raw(" "));
    Line::from(spans).right_aligned().render(area, buffer);
}

/// What is going on, with the seconds since the last byte once they matter.
fn activity(state: &State) -> Option<String> {
    const SPINNER: [&str; 8] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧"];
    const QUIET: u64 = 2;
    match &state.turn {
        Turn::Idle => None,
        Turn::Reading { .. } => Some("reading KB.md".to_string()),
        Turn::Replying(replying) => {
            let now = state.screen.now;
            let frame = usize::try_from(now / 250).unwrap_or(0) % SPINNER.len();
            let spinner = SPINNER.get(frame).copied().unwrap_or("·");
            let silent = now.saturating_sub(replying.last_byte) / 1_000;
            let begun = state.log.reply(replying.entry).is_some_and(|reply| !reply.text.is_empty());
            let words = match (&replying.retry, begun) {
                (Some(retry), _) => retry.clone(),
                (None, false) => format!("waiting for {}", state.connection.endpoint.provider),
                (None, true) => "replying".to_string(),
            };
            let silence =
                if silent >= QUIET { format!(" · {silent} s without a byte") } else { String::new() };
            Some(format!("{spinner} {words}{silence} · Esc stops"))
        }
    }
}

fn connection(state: &State) -> String {
    let endpoint = &state.connection.endpoint;
    match (state.connection.is_offline(), state.connection.search) {
        (true, Search::Running) => "looking for a local model …".to_string(),
        (true, Search::Done) => "offline · no model connected".to_string(),
        (false, _) if endpoint.model.is_empty() => endpoint.provider.clone(),
        (false, _) => format!("{} · {}", endpoint.provider, text::one_line(&endpoint.model)),
    }
}

fn overlay(state: &State, over: &Overlay, buffer: &mut Buffer) -> Option<Position> {
    let theme = &state.screen.theme;
    match over {
        Overlay::Palette(menu)
        | Overlay::Personas(menu)
        | Overlay::Models(menu)
        | Overlay::History(menu)
        | Overlay::Queue(menu) => menu.view(area(state), theme, buffer),
        Overlay::Pager(pager) => {
            pager.view(area(state), theme, buffer);
            None
        }
    }
}

/// The commands that the draft may become, just above the prompt.
fn completions(state: &State, areas: Areas, buffer: &mut Buffer) {
    let theme = &state.screen.theme;
    let found = commands::completions(state.prompt.editor.under_caret());
    let rows = u16::try_from(found.len()).unwrap_or(0).min(areas.prompt.y);
    if rows == 0 || areas.prompt.width < 20 {
        return;
    }
    let place = Rect { x: 0, y: areas.prompt.y - rows, width: areas.prompt.width.min(100), height: rows };
    Clear.render(place, buffer);
    for (row, command) in found.iter().take(usize::from(rows)).enumerate() {
        let y = place.y + u16::try_from(row).unwrap_or(0);
        let words = format!("  /{} {}", command.name, command.arguments);
        let words = format!("{words:<19} ");
        let key = if row == 0 { format!("  {} ", key_of(Action::Complete)) } else { String::new() };
        let used = text::width(&words) + text::width(&key);
        let room = usize::from(place.width).saturating_sub(used);
        let line = Line::from(vec![
            Span::styled(words, theme.hint_key),
            Span::styled(text::truncate(command.sentence, room), theme.dim),
        ]);
        let line_area = Rect { y, height: 1, ..place };
        if row == 0 {
            buffer.set_style(line_area, theme.selection);
        }
        line.render(line_area, buffer);
        Line::styled(key, theme.dim).right_aligned().render(line_area, buffer);
    }
}
