//! From keys to deeds, by where the focus is. A key never reaches two parts, and none meant for the draft decides an edit.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::{EditingWhat, Focus, MenuOf, Overlay, State};
use super::{
    again, arguments, commands, compact, mentions, messages, mouse, overlay, reading, review, screen,
    sessions, setup, side, status, stopping, trust, turn, versions, vi,
};
use crate::panels::menu::Menu;
use crate::panels::prompt::editor::Editor;
use crate::panels::review::{Mode, WayOut, keys_in_words};
use crate::panels::transcript::Wish;
use crate::protocol::action::{Action, Context};
use crate::protocol::message::{Capture, Effect};

/// Handles a key press or repeat.
pub fn key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    state.tools.keymap.learn(key);
    let context = match &state.focus {
        Focus::Prompt => Context::Prompt,
        Focus::Reading(_) => Context::Reading,
        Focus::Review => Context::Review,
        Focus::Overlay(Overlay::Pager(_)) => Context::Pager,
        Focus::Overlay(Overlay::Trust(_)) => Context::Trust,
        Focus::Overlay(Overlay::Menu(_, _) | Overlay::Key(_)) => Context::Menu,
        Focus::Overlay(Overlay::Compare(_)) => Context::Compare,
    };
    stopping::pressed(state, state.tools.keymap.action(context, key));
    if state.transcript.marking.stands() && status::may_tell_of_mark(state) {
        match state.tools.keymap.action(Context::Marked, key) {
            Some(action @ (Action::CopyMark | Action::DropMark)) => return perform(state, action),
            // Whoever types has done with it; whoever scrolls has not.
            Some(_) | None if context == Context::Prompt && typed(key).is_some() => mouse::drop_mark(state),
            Some(_) | None => {}
        }
    }
    // The open list of files has its keys first.
    if context == Context::Prompt
        && let Some(action) = state.tools.keymap.action(context, key)
        && mentions::act(state, action)
    {
        return Vec::new();
    }
    if context == Context::Prompt
        && let Some(effects) = vi::key(state, key, typed(key))
    {
        return effects;
    }
    match context {
        Context::Review => review_key(state, key),
        Context::Reading => reading_key(state, key),
        Context::Menu => menu_key(state, key),
        Context::Trust => trust::key(state, key, typed(key)),
        Context::Everywhere | Context::Prompt | Context::Marked | Context::Pager | Context::Compare => {
            match state.tools.keymap.action(context, key) {
                Some(action) => perform(state, action),
                None => match typed(key) {
                    Some(letter) if context == Context::Prompt => mentions::type_letter(state, letter),
                    Some(_) | None => Vec::new(),
                },
            }
        }
    }
}

/// The letter that a key types into the prompt, where no action is bound to it.
pub fn letter(state: &State, key: KeyEvent) -> Option<char> {
    typed(key).filter(|_| state.tools.keymap.action(Context::Prompt, key).is_none())
}

/// The letter that a key types, if it types one. AltGr comes as Ctrl+Alt with a sign.
fn typed(key: KeyEvent) -> Option<char> {
    let KeyCode::Char(letter) = key.code else { return None };
    let chord = key.modifiers.difference(KeyModifiers::SHIFT);
    let altgr = chord == (KeyModifiers::CONTROL | KeyModifiers::ALT) && !letter.is_ascii_alphanumeric();
    ((chord.is_empty() || altgr) && !letter.is_control()).then_some(letter)
}

/// Keys in the review: nothing counts in the first moment; a text field takes letters; everything else is in the keymap.
fn review_key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let action = state.tools.keymap.action(Context::Review, key);
    // A text field decides nothing before Enter, so it takes letters also while the diff below it is new.
    let deciding = matches!(state.review.mode, Mode::Looking);
    let leaves = match state.review.way_out {
        // What decides nothing may follow at once when the focus was here already.
        WayOut::Open => matches!(
            action,
            Some(
                Action::Interrupt
                    | Action::LeaveReview
                    | Action::NextProposal
                    | Action::PreviousProposal
                    | Action::ReviewDown
                    | Action::ReviewUp
                    | Action::Pick
            )
        ),
        WayOut::Guarded => action == Some(Action::Interrupt),
    };
    if deciding && state.review.is_guarded(state.screen.now) && !leaves {
        return Vec::new();
    }
    match state.review.mode {
        Mode::Editing(_) | Mode::Reason(_) => field_key(state, key),
        // A slow disk must not hold the user; the edit is decided, so nothing else counts.
        Mode::Saving => match action {
            Some(action @ (Action::LeaveReview | Action::FocusReview | Action::Interrupt)) => {
                perform(state, action)
            }
            Some(_) | None => Vec::new(),
        },
        Mode::Looking => match action {
            Some(Action::Pick) => {
                let nth = state.tools.keymap.nth(Context::Review, key).unwrap_or(0);
                review::pick(state, nth);
                Vec::new()
            }
            Some(action) => perform(state, action),
            None => {
                state.review.message = Some(keys_in_words(&state.tools.keymap));
                Vec::new()
            }
        },
    }
}

/// Keys in a text field of the review.
fn field_key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let action = state.tools.keymap.action(Context::Prompt, key);
    let (Mode::Editing(editor) | Mode::Reason(editor)) = &mut state.review.mode else { return Vec::new() };
    match (action, typed(key)) {
        (Some(Action::Submit), _) => review::confirm_field(state),
        (Some(Action::Stop | Action::Interrupt), _) => {
            state.review.mode = Mode::Looking;
            // Whoever types on, taking the field for the draft, decides nothing.
            state.review.guard(state.screen.now);
        }
        (Some(action @ (Action::Suspend | Action::Redraw)), _) => return perform(state, action),
        (Some(action), _) => edit(editor, action),
        (None, Some(letter)) => {
            editor.insert(letter.encode_utf8(&mut [0; 4]), crate::domain::kb::Origin::Typed);
        }
        (None, None) => {}
    }
    Vec::new()
}

/// Keys while the chat is read: the line for a search takes letters; else a letter without a meaning goes on in the prompt.
fn reading_key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let Focus::Reading(reading) = &mut state.focus else { return Vec::new() };
    if let Some(field) = &mut reading.typing {
        match (state.tools.keymap.action(Context::Prompt, key), typed(key)) {
            (Some(Action::Submit | Action::Next), _) => reading::end_search(state),
            (Some(Action::Stop | Action::Interrupt), _) => reading.forget(),
            (Some(Action::Previous), _) => return perform(state, Action::PreviousMatch),
            (Some(action @ (Action::Suspend | Action::Redraw | Action::Unfold)), _) => {
                return perform(state, action);
            }
            (Some(action), _) => {
                edit(field, action);
                reading::typed(state);
            }
            (None, Some(letter)) => {
                field.insert(letter.encode_utf8(&mut [0; 4]), crate::domain::kb::Origin::Typed);
                reading::typed(state);
            }
            (None, None) => {}
        }
        return Vec::new();
    }
    match (state.tools.keymap.action(Context::Reading, key), typed(key)) {
        (Some(Action::CopyCode), _) => {
            let nth = state.tools.keymap.nth(Context::Reading, key).unwrap_or(0);
            reading::copy_code(state, nth)
        }
        (Some(action), _) => perform(state, action),
        (None, Some(letter)) => {
            reading::leave(state);
            vi::type_letter(state, letter)
        }
        (None, None) => Vec::new(),
    }
}

fn menu_key(state: &mut State, key: KeyEvent) -> Vec<Effect> {
    let action = state.tools.keymap.action(Context::Menu, key);
    let Focus::Overlay(over) = &mut state.focus else { return Vec::new() };
    if let Overlay::Key(field) = over {
        match (action, key.code, typed(key)) {
            (Some(action), _, _) => return perform(state, action),
            (None, KeyCode::Backspace, _) => field.backspace(),
            (None, _, Some(letter)) => field.push(letter.encode_utf8(&mut [0; 4])),
            (None, _, None) => {}
        }
        return Vec::new();
    }
    // There is little to filter there, and a message that is begun goes where it was meant to.
    if let (Overlay::Menu(MenuOf::Setup, _), None, Some(letter)) = (&*over, action, typed(key)) {
        state.focus = Focus::Prompt;
        return mentions::type_letter(state, letter);
    }
    let Some(menu) = overlay::menu(over) else { return Vec::new() };
    match (action, key.code, typed(key)) {
        (Some(Action::Remove), _, _) => return perform(state, Action::Remove),
        (Some(action), _, _) => {
            let mut effects = sessions::no_doubt(state);
            effects.extend(perform(state, action));
            return effects;
        }
        (None, KeyCode::Backspace, _) => menu.backspace(),
        (None, _, Some(letter)) => menu.type_text(letter.encode_utf8(&mut [0; 4])),
        // The filter is a line of text like the prompt.
        (None, _, None) => match state.tools.keymap.action(Context::Prompt, key) {
            Some(Action::DeleteToStart) => menu.clear_filter(),
            Some(Action::DeleteWord) => menu.delete_word(),
            Some(_) | None => return Vec::new(),
        },
    }
    state.recording.doubt = None;
    sessions::filter_changed(state)
}

/// Performs an action wherever it came from: a key, the palette, a command.
pub fn perform(state: &mut State, action: Action) -> Vec<Effect> {
    let width = screen::prompt_width(state);
    match action {
        Action::Help => overlay::help(state),
        Action::Palette => overlay::palette(state),
        Action::Personas => return overlay::personas(state),
        Action::Knowledge => overlay::knowledge(state),
        Action::FocusReview => review::toggle(state),
        Action::Interrupt => return stopping::interrupt(state),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::MouseMode => return mouse_mode(state),
        Action::SidePanel => side::toggle(state),
        Action::ScrollUp => state.transcript.scroll(Wish::Lines(-1)),
        Action::ScrollDown => state.transcript.scroll(Wish::Lines(1)),
        Action::PageUp => state.transcript.scroll(Wish::Pages(-1)),
        Action::PageDown => state.transcript.scroll(Wish::Pages(1)),
        Action::ScrollTop => state.transcript.scroll(Wish::Top),
        Action::ScrollEnd => state.transcript.follow(),
        Action::Unfold => unfold(state),
        Action::Read => reading::toggle(state),
        Action::Search => reading::begin_search(state),
        Action::Sessions => return sessions::pick(state, ""),
        Action::EarlierMessage => reading::jump(state, -1),
        Action::LaterMessage => reading::jump(state, 1),
        Action::ReadDown
        | Action::ReadUp
        | Action::ReadPageDown
        | Action::ReadPageUp
        | Action::ReadTop
        | Action::ReadEnd
        | Action::ReadEarlier
        | Action::ReadLater
        | Action::NextMatch
        | Action::PreviousMatch
        | Action::CopyMessage
        | Action::CopyCode
        | Action::FoldMessage
        | Action::OpenMessage
        | Action::EditMessage
        | Action::Revise
        | Action::Retry
        | Action::Fork
        | Action::LeaveReading => return reading::act(state, action),
        Action::VersionBefore | Action::VersionAfter | Action::Compare => {
            return versions::act(state, action);
        }
        Action::CopyMark => return mouse::copy(state),
        Action::DropMark => mouse::drop_mark(state),
        Action::Submit => return submit(state),
        Action::Stop => return stopping::stop(state),
        Action::TakeBack => return again::take_back(state),
        Action::Complete => arguments::complete(state),
        Action::Previous if state.prompt.editor.is_empty() && !state.queue.is_empty() => take_back(state),
        Action::Previous => state.prompt.up(width),
        Action::Next => state.prompt.down(width),
        Action::QueueTakeBack => take_back(state),
        Action::SelectUp => state.prompt.select_up(width),
        Action::SelectDown => state.prompt.select_down(width),
        Action::UnfoldPaste => unfold_paste(state),
        Action::Queue => messages::queue(state),
        Action::History => messages::history(state),
        Action::TryAgain => {
            state.end_note();
            return compact::retry(state);
        }
        Action::Quit if state.prompt.editor.is_empty() => return vec![Effect::Quit],
        Action::LineEnd if state.prompt.editor.is_empty() => state.transcript.follow(),
        Action::EditExternally if matches!(state.focus, Focus::Review) => return review::act(state, action),
        Action::EditExternally => return edit_draft(state),
        Action::Newline
        | Action::Left
        | Action::Right
        | Action::WordLeft
        | Action::WordRight
        | Action::LineStart
        | Action::LineEnd
        | Action::Backspace
        | Action::Delete
        | Action::Quit
        | Action::DeleteWord
        | Action::DeleteWordForward
        | Action::DeleteToStart
        | Action::DeleteToEnd
        | Action::Yank
        | Action::Undo
        | Action::SelectLeft
        | Action::SelectRight
        | Action::SelectWordLeft
        | Action::SelectWordRight
        | Action::SelectLineStart
        | Action::SelectLineEnd
        | Action::Redo => edit(&mut state.prompt.editor, action),
        Action::Accept
        | Action::AcceptWarned
        | Action::EditProposal
        | Action::Reject
        | Action::RejectWithReason
        | Action::SessionOnly
        | Action::NeverAsk
        | Action::Pick
        | Action::NextProposal
        | Action::PreviousProposal
        | Action::ReviewDown
        | Action::ReviewUp
        | Action::LeaveReview => return review::act(state, action),
        Action::Choose
        | Action::MenuDown
        | Action::MenuUp
        | Action::MenuPageDown
        | Action::MenuPageUp
        | Action::CloseMenu
        | Action::MoveUp
        | Action::MoveDown
        | Action::Remove
        | Action::RenameItem
        | Action::PagerDown
        | Action::PagerUp
        | Action::PagerPageDown
        | Action::PagerPageUp
        | Action::PagerTop
        | Action::PagerEnd
        | Action::TakeLeft
        | Action::TakeRight
        | Action::ClosePager => return overlay::act(state, action),
        Action::Trust => return trust::agree(state),
    }
    Vec::new()
}

/// Changes a text field.
fn edit(editor: &mut Editor, action: Action) {
    match action {
        Action::Newline => editor.insert("\n", crate::domain::kb::Origin::Typed),
        Action::Left => editor.left(),
        Action::Right => editor.right(),
        Action::WordLeft => editor.word_left(),
        Action::WordRight => editor.word_right(),
        Action::LineStart => editor.home(),
        Action::LineEnd => editor.end(),
        Action::Backspace => editor.backspace(),
        Action::Delete | Action::Quit => editor.delete_forward(),
        Action::DeleteWord => editor.delete_word(),
        Action::DeleteWordForward => editor.delete_word_forward(),
        Action::DeleteToStart => editor.delete_to_start(),
        Action::DeleteToEnd => editor.delete_to_end(),
        Action::SelectLeft => editor.select(Editor::left),
        Action::SelectRight => editor.select(Editor::right),
        Action::SelectWordLeft => editor.select(Editor::word_left),
        Action::SelectWordRight => editor.select(Editor::word_right),
        Action::SelectLineStart => editor.select(Editor::home),
        Action::SelectLineEnd => editor.select(Editor::end),
        Action::Yank => editor.yank(),
        Action::Undo => editor.undo(),
        Action::Redo => editor.redo(),
        _ => {}
    }
}

/// Enter: a `\` before the caret makes a line; a command runs; a message goes; an empty prompt sends what waits in the queue.
fn submit(state: &mut State) -> Vec<Effect> {
    let editor = &mut state.prompt.editor;
    if editor.under_caret().get(..editor.caret()).is_some_and(|before| before.ends_with('\\')) {
        editor.backspace();
        editor.insert("\n", crate::domain::kb::Origin::Typed);
        return Vec::new();
    }
    send(state)
}

/// Sends the draft as it stands.
pub fn send(state: &mut State) -> Vec<Effect> {
    state.end_note();
    let editor = &state.prompt.editor;
    if editor.text().trim().is_empty() {
        return turn::resume_queue(state);
    }
    if setup::caught(state) {
        return Vec::new();
    }
    let editor = &state.prompt.editor;
    if commands::is_command(&editor.text()) {
        return commands::run(state);
    }
    if editor.text().starts_with('!') {
        state.note("! at the start is kept for running commands; with a space before it this is a message");
        return Vec::new();
    }
    let message = state.prompt.take();
    again::submit(state, message)
}

fn mouse_mode(state: &mut State) -> Vec<Effect> {
    let (next, words) = match state.screen.mouse {
        Capture::App => {
            let words = "gives it back to dictum";
            let back = state.tools.keymap.told("; ", Context::Everywhere, Action::MouseMode, words);
            (Capture::Terminal, format!("the terminal has the mouse now{back}"))
        }
        Capture::Terminal => (Capture::App, "dictum has the mouse now".to_string()),
    };
    state.screen.mouse = next;
    state.note(words);
    vec![Effect::Mouse(next)]
}

fn unfold(state: &mut State) {
    // What is folded or unfolded moves the text that a mark stands on.
    mouse::drop_mark(state);
    if state.log.toggle_folds().is_none() {
        state.note("there is no decided KB.md edit in the chat");
    }
    reading::search_again(state);
}

fn unfold_paste(state: &mut State) {
    if !state.prompt.editor.unfold() {
        state.note("nothing is folded in the draft; a paste of more than 8 lines or 1,000 bytes is");
    }
}

fn take_back(state: &mut State) {
    if let Some(message) = state.queue.take_last() {
        state.prompt.exchange(&message);
        state.queue.forget_edited();
    }
}

fn edit_draft(state: &mut State) -> Vec<Effect> {
    let task = state.errands.task();
    state.errands.editing = Some((task, EditingWhat::Draft));
    vec![Effect::EditExternally { task, text: state.prompt.editor.text().to_string() }]
}

/// Moves a menu by a page.
pub fn page(menu: &mut Menu, by: isize) {
    const PAGE: isize = 10;
    menu.step(by * PAGE);
}
