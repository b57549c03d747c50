//! The whole screen: where each part lies and how it is drawn. It changes nothing but the cache of lines.

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Widget};

use super::commands::Command;
use super::state::{Focus, Overlay, State, Turn};
use super::{again, arguments, commands, compare, mentions, side, status, trust, vi, welcome};
use crate::base::text;
use crate::domain::chat::{Body, Entry};
use crate::domain::kb::joined;
use crate::panels::complete::{self, Choice};
use crate::panels::prompt::mention::Shown;
use crate::panels::prompt::rows::{self, Sheet};
use crate::panels::review::Mode;
use crate::panels::transcript::reading::Reading;
use crate::panels::{review, transcript};
use crate::protocol::action::{Action, Context};
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
    /// Beside the parts between header and status; empty where there is no side panel.
    pub side: Rect,
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

/// The columns that the side panel leaves.
fn main_width(state: &State) -> u16 {
    state.screen.columns - side::width(state).min(state.screen.columns)
}

/// The width that the draft is wrapped at.
pub fn prompt_width(state: &State) -> u16 {
    let frame = if has_frame(state) { 4 } else { 2 };
    main_width(state).saturating_sub(frame).max(1)
}

/// Whether there is room for a border round the prompt.
pub fn has_frame(state: &State) -> bool {
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
    let width = main_width(state);
    let side = Rect { x: width, y: header, width: whole.width - width, height: rows - header - status };
    let mut y = 0;
    let mut next = |width: u16, height: u16| {
        let part = Rect { x: 0, y, width, height };
        y += height;
        part
    };
    Areas {
        header: next(whole.width, header),
        transcript: next(width, transcript),
        queue: next(width, queue),
        review: next(width, review),
        prompt: next(width, prompt),
        status: next(whole.width, status),
        side,
    }
}

fn review_height(state: &State, left: u16) -> u16 {
    if state.review.pending.is_empty() || left == 0 {
        return 0;
    }
    match state.focus {
        Focus::Review => {
            let wanted =
                review::height(&state.review, reviewed(state), main_width(state), &state.screen.theme);
            // The chat keeps a part of a tall screen; on a small one the diff is what matters.
            let most = if left > 12 { left - left / 4 } else { left };
            wanted.min(most)
        }
        Focus::Prompt | Focus::Reading(_) | Focus::Overlay(_) => 1,
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
    side::view(state, areas.side, buffer);
    let chat = chat_area(state, areas.transcript);
    cache.name_unfolding(state.tools.keymap.hint(Context::Everywhere, Action::Unfold));
    welcome::view(state, chat.welcome, buffer);
    let drawn = if state.log.entries().is_empty() {
        Drawn::default()
    } else {
        transcript::view(&state.transcript, &state.log, reading(state), cache, theme, chat.log, buffer)
    };
    below_mark(state, drawn, areas.transcript, buffer);
    queue(state, areas.queue, buffer);
    let mut caret = prompt(state, areas.prompt, buffer);
    match &state.focus {
        Focus::Review => {
            let keys = &state.tools.keymap;
            caret = review::view(
                &state.review,
                reviewed(state),
                state.screen.now,
                areas.review,
                theme,
                keys,
                buffer,
            );
        }
        Focus::Prompt | Focus::Reading(_) | Focus::Overlay(_) => {
            let key = state.tools.keymap.hint(Context::Everywhere, Action::FocusReview);
            if let Some(card) = review::card(&state.review, &key, areas.review.width, theme) {
                card.render(areas.review, buffer);
            }
        }
    }
    let marked = drawn.mark.is_some_and(|mark| mark.bounds().is_some());
    match reading(state) {
        _ if marked && status::may_tell_of_mark(state) => status::while_marked(state, areas.status, buffer),
        Some(reading) => caret = status::while_reading(state, reading, areas.status, buffer).or(caret),
        None => status::view(state, areas.status, buffer),
    }
    match &state.focus {
        Focus::Overlay(over) => caret = overlay(state, over, buffer),
        Focus::Prompt => completions(state, areas, buffer),
        Focus::Reading(_) | Focus::Review => {}
    }
    (caret, drawn)
}

/// How the first screen and the conversation share the area of the chat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chat {
    pub welcome: Rect,
    pub log: Rect,
}

/// Divides the area of the chat.
pub fn chat_area(state: &State, area: Rect) -> Chat {
    let chat = padded(area);
    let said = |entry: &Entry| !matches!(entry.body, Body::Notice { .. });
    if state.log.entries().is_empty() {
        Chat { welcome: chat, ..Chat::default() }
    } else if !state.log.entries().iter().any(said) && chat.height >= ROOM_FOR_BOTH {
        // Warnings of the start stand below the first screen, which still says where one is.
        let [welcome, log] = Layout::vertical([Constraint::Fill(2), Constraint::Fill(1)]).areas(chat);
        Chat { welcome, log }
    } else {
        Chat { log: chat, ..Chat::default() }
    }
}

/// Where the draft is written within the area of the prompt, behind its sign where there is room for one.
pub fn draft_area(state: &State, area: Rect) -> Rect {
    let inner = if has_frame(state) { Block::bordered().inner(area) } else { area };
    match inner.width {
        0..3 => inner,
        width => Rect { x: inner.x + 2, width: prompt_width(state).min(width - 2), ..inner },
    }
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
    // Where there is room for all of it, the notes of other tools stand behind KB.md.
    let badge = match state.kb.notes.short() {
        Some(notes) if width >= text::width(&badge) + text::width(&name) + text::width(&notes) + 18 => {
            format!("{badge} · +{notes}")
        }
        Some(_) | None => badge,
    };
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
    if !drawn.more || area.height < 2 {
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
        _ => {
            let key = state.tools.keymap.told(" · ", Context::Everywhere, Action::ScrollEnd, "");
            format!(" ↓ {new}{} ", key.trim_end())
        }
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
        let words = text::one_line(&joined(&waiting.message));
        let hint = state.tools.keymap.told("  ", Context::Prompt, Action::QueueTakeBack, "takes it back");
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

/// Draws the prompt; tells where the caret belongs.
pub fn prompt(state: &State, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    let theme = &state.screen.theme;
    let focused = matches!(state.focus, Focus::Prompt);
    let mut inner = area;
    if has_frame(state) {
        let color = if focused {
            Style::default().fg(theme.persona(&state.personas.active.color))
        } else {
            theme.faint
        };
        let mut block = Block::bordered().border_type(BorderType::Rounded).border_style(color);
        if let Some(mode) = vi::words(state) {
            let mode = Span::styled(format!(" {mode} "), theme.accent);
            block = block.title_top(Line::from(mode).right_aligned());
        }
        if again::revised(state).is_some() {
            let keys = &state.tools.keymap;
            let send = keys.told(" · ", Context::Prompt, Action::Submit, "branches off there");
            let leave = keys.told(" · ", Context::Prompt, Action::Stop, "leaves it");
            block = block.title_top(Span::styled(format!(" editing a message{send}{leave} "), theme.accent));
        }
        inner = block.inner(area);
        block.render(area, buffer);
    }
    if inner.width < 3 {
        let sheet = Sheet::new(&state.prompt.editor, inner.width);
        return sheet
            .selecting(state.prompt.selection())
            .view(inner, theme.text, theme.selection, buffer)
            .filter(|_| focused);
    }
    Line::styled("›", theme.accent).render(Rect { width: 1, height: 1, ..inner }, buffer);
    let draft = draft_area(state, area);
    if state.prompt.editor.is_empty() {
        let keys = &state.tools.keymap;
        let send = |before, words| keys.told(before, Context::Prompt, Action::Submit, words);
        let words = match (&state.turn, state.queue.is_empty()) {
            _ if matches!(state.focus, Focus::Review) => {
                keys.told("", Context::Review, Action::LeaveReview, "comes back here")
            }
            _ if matches!(state.focus, Focus::Reading(_)) => {
                keys.told("", Context::Reading, Action::LeaveReading, "comes back here")
            }
            _ if trust::is_asking(state) => "Your message waits for your answer".to_string(),
            (Turn::Idle, true) => "Ask, or state a rule for this project".to_string(),
            (Turn::Idle, false) => send("", "sends the queued message"),
            (Turn::Reading { .. } | Turn::Compacting(_) | Turn::Replying(_), _) => {
                format!("Type on{}", send("; ", "queues the message"))
            }
        };
        Line::styled(text::truncate(&words, usize::from(draft.width)), theme.dim).render(draft, buffer);
    }
    let sheet = Sheet::new(&state.prompt.editor, draft.width).selecting(state.prompt.selection());
    sheet.view(draft, theme.text, theme.selection, buffer).filter(|_| focused)
}

fn reading(state: &State) -> Option<&Reading> {
    match &state.focus {
        Focus::Reading(reading) => Some(reading),
        Focus::Prompt | Focus::Review | Focus::Overlay(_) => None,
    }
}

fn overlay(state: &State, over: &Overlay, buffer: &mut Buffer) -> Option<Position> {
    let theme = &state.screen.theme;
    match over {
        Overlay::Menu(_, menu) => menu.view(area(state), theme, buffer),
        Overlay::Pager(pager) => {
            let close = state.tools.keymap.told("", Context::Pager, Action::ClosePager, "closes");
            pager.view(area(state), theme, &close, buffer);
            None
        }
        Overlay::Trust(pager) => {
            pager.view(area(state), theme, &trust::keys_in_words(state), buffer);
            None
        }
        Overlay::Key(field) => field.view(area(state), theme, buffer),
        Overlay::Compare(shown) => {
            compare::view(state, shown, area(state), buffer);
            None
        }
    }
}

/// Whether the prompt has a list over the chat.
pub fn completes(state: &State) -> bool {
    !matches!(state.prompt.mentions.shown(), Shown::Closed)
        || !commands::completions(state.prompt.editor.under_caret()).is_empty()
        || !arguments::choices(state).is_empty()
}

/// What the word under the caret may become, just above the prompt.
fn completions(state: &State, areas: Areas, buffer: &mut Buffer) {
    mentions::view(state, areas, buffer);
    let found = commands::completions(state.prompt.editor.under_caret());
    let choice = |command: &&Command| Choice {
        word: format!("/{} {}", command.name, command.arguments),
        detail: command.sentence.to_string(),
        ..Choice::default()
    };
    let mut choices: Vec<Choice> = found.iter().map(choice).collect();
    choices.extend(arguments::choices(state));
    let key = state.tools.keymap.hint(Context::Prompt, Action::Complete);
    complete::view(&choices, 0, &key, areas.prompt, &state.screen.theme, buffer);
}
