//! The line at the bottom: what goes on, the search, and the keys that matter most. It binds none of them.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::state::{Focus, Search, State, Storing, Turn};
use super::{request, screen, trust, usage, vi};
use crate::base::text;
use crate::domain::chat::{Body, Entry, Presence};
use crate::draw::theme::Theme;
use crate::panels::transcript::reading::Reading;
use crate::protocol::action::{Action, Context};

/// The keys in the status line; the last ones stay longest.
const HINTS: &[(Context, Action, &str)] = &[
    (Context::Prompt, Action::Submit, "send"),
    (Context::Everywhere, Action::Palette, "everything"),
    (Context::Everywhere, Action::Personas, "personas"),
    (Context::Everywhere, Action::Help, "help"),
];

/// Draws the line while the chat is not read.
pub fn view(state: &State, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    let theme = &state.screen.theme;
    let left = match (&state.screen.note, activity(state)) {
        (Some((note, _)), _) => (note.clone(), theme.text),
        (None, Some(doing)) => (doing, theme.accent),
        (None, None) => {
            (format!("{}{}{}", connection(state), usage::brief(state), kept_out(state)), theme.dim)
        }
    };
    // Without a border round the prompt there is no other place for the mode.
    let mode = vi::words(state).filter(|_| !screen::has_frame(state));
    let mode = mode.map_or(String::new(), |mode| format!("{mode} · "));
    // Words of servers and names from files are among them.
    let left = Span::styled(format!(" {mode}{}", text::one_line(&left.0)), left.1);
    let skipped = match state.focus {
        Focus::Prompt => 0,
        // Nothing is sent from there.
        Focus::Reading(_) | Focus::Review | Focus::Overlay(_) => 1,
    };
    let hints: Vec<(String, &str)> = HINTS.iter().skip(skipped).map(|row| hint(state, row)).collect();
    status_line(area, left, &hints, theme, buffer);
}

/// That nothing of the conversation is saved, where the user asked for that.
fn kept_out(state: &State) -> &'static str {
    match state.recording.storing {
        Storing::Private => " · not saved",
        Storing::On | Storing::Off | Storing::Unusable => "",
    }
}

/// The key of a hint, empty where it has none, and what it does.
fn hint<'a>(state: &State, (context, action, what): &(Context, Action, &'a str)) -> (String, &'a str) {
    (state.tools.keymap.hint(*context, *action), what)
}

/// A status line with as many of the last hints as there is room for.
fn status_line(
    area: Rect,
    left: Span<'static>,
    hints: &[(String, &str)],
    theme: &Theme,
    buffer: &mut Buffer,
) {
    let width = usize::from(area.width);
    let used = text::width(&left.content);
    let left = Span::styled(text::truncate(&left.content, width.saturating_sub(1)), left.style);
    Line::from(left).render(area, buffer);
    let mut spans = Vec::new();
    let mut room = width.saturating_sub(used + 2);
    for (key, what) in hints.iter().rev().filter(|(key, _)| !key.is_empty()) {
        let wanted = text::width(key) + text::width(what) + 3;
        if room < wanted {
            break;
        }
        room -= wanted;
        spans.splice(
            0..0,
            [
                Span::styled(format!("  {key} "), theme.hint_key),
                Span::styled((*what).to_string(), theme.hint),
            ],
        );
    }
    spans.push(Span::raw(" "));
    Line::from(spans).right_aligned().render(area, buffer);
}

/// The status line while the chat is read: the search, and what the keys do. Tells where the caret is while words are typed.
pub fn while_reading(state: &State, reading: &Reading, area: Rect, buffer: &mut Buffer) -> Option<Position> {
    if area.is_empty() {
        return None;
    }
    let theme = &state.screen.theme;
    let count = match reading.count() {
        None => String::new(),
        Some((0, _)) => "  no match".to_string(),
        Some((count, current)) => format!("  {current} of {count}"),
    };
    let words = match &reading.typing {
        Some(field) => field.text().to_string(),
        None => reading.sought().unwrap_or_default().to_string(),
    };
    let searching = reading.typing.is_some() || !words.is_empty();
    let room = usize::from(area.width).saturating_sub(text::width(&count) + 3);
    let shown = text::truncate(&text::one_line(&words), room);
    let left = match (&state.screen.note, searching) {
        (_, true) if reading.typing.is_some() => format!(" /{shown}{count}"),
        (Some((note, _)), _) => format!(" {}", text::one_line(note)),
        (None, true) => format!(" /{shown}{count}"),
        (None, false) => " reading".to_string(),
    };
    let caret = reading.typing.as_ref().map(|field| {
        let words = field.text();
        let before = words.get(..field.caret()).unwrap_or_default();
        let column = u16::try_from(text::width(before)).unwrap_or(u16::MAX).saturating_add(2);
        Position::new(area.x + column.min(area.width.saturating_sub(1)), area.y)
    });
    let hints: &[(Context, Action, &str)] = match (&reading.typing, searching) {
        (Some(_), _) => &[(Context::Prompt, Action::Submit, "keep"), (Context::Prompt, Action::Stop, "end")],
        (None, true) => &[
            (Context::Reading, Action::NextMatch, "next"),
            (Context::Reading, Action::PreviousMatch, "before"),
            (Context::Reading, Action::CopyMessage, "copy"),
            (Context::Reading, Action::LeaveReading, "back"),
        ],
        (None, false) => marked_hints(reading.marked.and_then(|at| state.log.entries().get(at))),
    };
    let hints: Vec<(String, &str)> = hints.iter().map(|row| hint(state, row)).collect();
    status_line(area, Span::styled(left, theme.accent), &hints, theme, buffer);
    caret
}

/// What the keys do with a marked entry.
fn marked_hints(entry: Option<&Entry>) -> &'static [(Context, Action, &'static str)] {
    const SAID: &[(Context, Action, &str)] = &[
        (Context::Reading, Action::ReadEarlier, "message before"),
        (Context::Reading, Action::CopyMessage, "copy"),
        (Context::Reading, Action::Fork, "branch off"),
        (Context::Reading, Action::Revise, "edit"),
        (Context::Reading, Action::LeaveReading, "back"),
    ];
    const VERSIONS: &[(Context, Action, &str)] = &[
        (Context::Reading, Action::CopyMessage, "copy"),
        (Context::Reading, Action::VersionBefore, "answer before"),
        (Context::Reading, Action::VersionAfter, "after"),
        (Context::Reading, Action::Compare, "compare"),
        (Context::Reading, Action::LeaveReading, "back"),
    ];
    const OTHER: &[(Context, Action, &str)] = &[
        (Context::Reading, Action::ReadEarlier, "message before"),
        (Context::Reading, Action::CopyMessage, "copy"),
        (Context::Reading, Action::FoldMessage, "fold"),
        (Context::Reading, Action::OpenMessage, "open"),
        (Context::Reading, Action::LeaveReading, "back"),
    ];
    match entry {
        Some(entry) if entry.version.has_others() && entry.presence == Presence::Current => VERSIONS,
        Some(entry) if matches!(entry.body, Body::User { .. }) => SAID,
        Some(_) | None => OTHER,
    }
}

/// Whether the keys of a mark, where there is one, go before all others.
pub fn may_tell_of_mark(state: &State) -> bool {
    match &state.focus {
        Focus::Reading(reading) => reading.typing.is_none(),
        Focus::Prompt => true,
        Focus::Review | Focus::Overlay(_) => false,
    }
}

/// The line while text is marked with the mouse.
pub fn while_marked(state: &State, area: Rect, buffer: &mut Buffer) {
    const HINTS: &[(Context, Action, &str)] =
        &[(Context::Marked, Action::CopyMark, "copy"), (Context::Marked, Action::DropMark, "take away")];
    if area.is_empty() {
        return;
    }
    let theme = &state.screen.theme;
    let hints: Vec<(String, &str)> = HINTS.iter().map(|row| hint(state, row)).collect();
    status_line(area, Span::styled(" marked", theme.accent), &hints, theme, buffer);
}

fn spinner(state: &State) -> &'static str {
    const SPINNER: [&str; 8] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧"];
    let frame = usize::try_from(state.screen.now / 250).unwrap_or(0) % SPINNER.len();
    SPINNER.get(frame).copied().unwrap_or("·")
}

/// What is going on, with the seconds since the last byte once they matter.
fn activity(state: &State) -> Option<String> {
    const QUIET: u64 = 2;
    match &state.turn {
        Turn::Idle => None,
        Turn::Reading { .. } if trust::is_asking(state) => Some("waiting for your answer".to_string()),
        Turn::Reading { .. } => Some("reading KB.md".to_string()),
        Turn::Compacting(compacting) => {
            let retry = compacting.retry.as_ref().map(|retry| format!(" · {}", retry.told(state.screen.now)));
            let retry = retry.unwrap_or_default();
            let stop = state.tools.keymap.told(" · ", Context::Prompt, Action::Stop, "stops");
            Some(format!("{} making room: older turns are being summarised{retry}{stop}", spinner(state)))
        }
        Turn::Replying(replying) => {
            let now = state.screen.now;
            let spinner = spinner(state);
            let silent = now.saturating_sub(replying.last_byte) / 1_000;
            let begun = state.log.reply(replying.entry).is_some_and(|reply| !reply.text.is_empty());
            let words = match (&replying.retry, begun) {
                (Some(retry), _) => retry.told(now),
                (None, false) => format!("waiting for {}", replying.endpoint.provider),
                (None, true) => "replying".to_string(),
            };
            let silence =
                if silent >= QUIET { format!(" · {silent} s without a byte") } else { String::new() };
            let stop = state.tools.keymap.told(" · ", Context::Prompt, Action::Stop, "stops");
            Some(format!("{spinner} {words}{silence}{stop}"))
        }
    }
}

/// Which model is in use, in words.
pub fn connection(state: &State) -> String {
    let endpoint = request::in_use(state);
    match (state.connection.is_offline(), state.connection.search) {
        (true, Search::Running) => "looking for a local model …".to_string(),
        (true, Search::Done) => "offline · no model connected".to_string(),
        (false, _) if endpoint.model.is_empty() => endpoint.provider.clone(),
        (false, _) => format!("{} · {}", endpoint.provider, text::one_line(&endpoint.model)),
    }
}
