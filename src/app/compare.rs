//! Two versions of an answer side by side: what is compared, and what its keys do. It sends nothing; choosing a version is left to
//! `versions`.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::plain::Form;
use super::state::{Focus, Overlay, State};
use super::update::open as put_over;
use super::{screen, versions};
use crate::base::text;
use crate::domain::chat::Reply;
use crate::panels::compare::{Column, Compare};
use crate::panels::pager::{Content, Pager, Scroll};
use crate::protocol::action::{Action, Context};

/// Whether two versions are being compared.
pub fn is_open(state: &State) -> bool {
    matches!(state.focus, Focus::Overlay(Overlay::Compare(_)))
}

/// `/compare`, and its key on an answer: the shown version beside the one before it, or after it where it is the first.
pub fn open(state: &mut State) {
    let Some(at) = versions::meant(state) else {
        state.note(versions::ONE);
        return;
    };
    let shown = state.log.version_at(at);
    let entry = state.log.entries().get(at).map(|entry| entry.id);
    let (Some(message), true) = (entry, shown.has_others()) else {
        state.note(versions::ONE);
        return;
    };
    let (left, right) = if shown.number > 1 { (shown.number - 1, shown.number) } else { (1, 2) };
    let compare = Compare::new(message, left, right);
    if state.screen.form == Form::Screen {
        put_over(state, Overlay::Compare(compare));
        return;
    }
    let words: Vec<String> = columns(state, &compare)
        .iter()
        .map(|column| format!("{}\n\n{}\n", column.head, column.text))
        .collect();
    put_over(
        state,
        Overlay::Pager(Pager::new(
            "Two versions of the answer",
            Content::Verbatim(text::sanitise(&words.join("\n"))),
        )),
    );
}

/// The two columns as they are now: a reply that still comes grows in its column.
fn columns(state: &State, compare: &Compare) -> [Column; 2] {
    let found =
        state.log.position(compare.message).map(|at| (state.log.version_at(at), state.log.versions_at(at)));
    [compare.left, compare.right].map(|number| match &found {
        Some((shown, all)) => {
            let place = if shown.number == number { "shown" } else { "not shown" };
            let replies = all.get(&number).map(Vec::as_slice).unwrap_or_default();
            column(replies, &format!("‹ {number}/{} › {place}", shown.of))
        }
        None => Column::default(),
    })
}

/// The replies of a version as one text, under the name of who gave it.
fn column(replies: &[&Reply], place: &str) -> Column {
    let texts: Vec<&str> =
        replies.iter().map(|reply| reply.text.trim()).filter(|text| !text.is_empty()).collect();
    let Some(last) = replies.last() else { return Column::default() };
    let model = text::one_line(&last.model);
    let model = if model.is_empty() { model } else { format!("  {model}") };
    Column {
        head: format!("{place}  {}{model}", text::one_line(&last.voice.name)),
        color: last.voice.color.clone(),
        text: texts.join("\n\n"),
    }
}

/// Draws the comparison over the screen.
pub fn view(state: &State, compare: &Compare, area: Rect, buffer: &mut Buffer) {
    let keys = &state.tools.keymap;
    let told = |before, action, words| keys.told(before, Context::Compare, action, words);
    let hints = format!(
        "{}{}{}",
        told("", Action::TakeLeft, "goes on with the first"),
        told(" · ", Action::TakeRight, "with the second"),
        told(" · ", Action::ClosePager, "closes")
    );
    compare.view(&columns(state, compare), area, &state.screen.theme, &hints, buffer);
}

/// Keys of the comparison.
pub fn act(state: &mut State, action: Action) {
    let Focus::Overlay(Overlay::Compare(compare)) = &state.focus else { return };
    let mut compare = compare.clone();
    let area = screen::area(state);
    let columns = columns(state, &compare);
    compare.settle(&columns, area, &state.screen.theme);
    let page = isize::try_from(compare.page(area)).unwrap_or(1);
    match action {
        Action::PagerDown => compare.scroll(Scroll::Lines(1)),
        Action::PagerUp => compare.scroll(Scroll::Lines(-1)),
        Action::PagerPageDown => compare.scroll(Scroll::Lines(page)),
        Action::PagerPageUp => compare.scroll(Scroll::Lines(-page)),
        Action::PagerTop => compare.scroll(Scroll::Top),
        Action::PagerEnd => compare.scroll(Scroll::End),
        Action::VersionBefore => step(state, &mut compare, -1),
        Action::VersionAfter => step(state, &mut compare, 1),
        Action::TakeLeft => return take(state, &compare, compare.left),
        Action::TakeRight => return take(state, &compare, compare.right),
        Action::ClosePager => {
            state.focus = Focus::Prompt;
            return;
        }
        _ => {}
    }
    state.focus = Focus::Overlay(Overlay::Compare(compare));
}

/// Another version in the second column; the one in the first is passed over.
fn step(state: &State, compare: &mut Compare, by: isize) {
    let Some(at) = state.log.position(compare.message) else { return };
    let of = state.log.version_at(at).of;
    let next = |from: usize| from.checked_add_signed(by).filter(|number| (1..=of).contains(number));
    let found = next(compare.right)
        .and_then(|number| if number == compare.left { next(number) } else { Some(number) });
    if let Some(number) = found {
        compare.right = number;
    }
}

fn take(state: &mut State, compare: &Compare, number: usize) {
    state.focus = Focus::Prompt;
    if let Some(at) = state.log.position(compare.message) {
        versions::show(state, at, number);
    }
}
