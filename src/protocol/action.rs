//! Every action that a key can do, one row each: id, where it holds, sentence, default keys. It never performs one.

/// Where a key has its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Context {
    /// Wherever the focus is.
    Everywhere,
    Prompt,
    Review,
    Menu,
    Pager,
}

impl Context {
    /// The heading in the help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Everywhere => "Everywhere",
            Self::Prompt => "Prompt",
            Self::Review => "KB.md review",
            Self::Menu => "Menus",
            Self::Pager => "Panels",
        }
    }
}

/// What the user can ask for with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    Help,
    Palette,
    Personas,
    Knowledge,
    FocusReview,
    Interrupt,
    Quit,
    Suspend,
    Redraw,
    MouseMode,
    ScrollUp,
    ScrollDown,
    PageUp,
    PageDown,
    ScrollTop,
    ScrollEnd,
    Unfold,
    Submit,
    Newline,
    Stop,
    Complete,
    Previous,
    Next,
    EditExternally,
    QueueTakeBack,
    Queue,
    History,
    Left,
    Right,
    WordLeft,
    WordRight,
    LineStart,
    LineEnd,
    Backspace,
    Delete,
    DeleteWord,
    DeleteWordForward,
    DeleteToStart,
    DeleteToEnd,
    Yank,
    Undo,
    Redo,
    Accept,
    AcceptWarned,
    EditProposal,
    Reject,
    RejectWithReason,
    SessionOnly,
    NeverAsk,
    Pick,
    NextProposal,
    PreviousProposal,
    ReviewDown,
    ReviewUp,
    LeaveReview,
    Choose,
    MenuDown,
    MenuUp,
    MenuPageDown,
    MenuPageUp,
    CloseMenu,
    MoveUp,
    MoveDown,
    Remove,
    PagerDown,
    PagerUp,
    PagerPageDown,
    PagerPageUp,
    PagerTop,
    PagerEnd,
    ClosePager,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub action: Action,
    pub context: Context,
    pub id: &'static str,
    pub sentence: &'static str,
    pub keys: &'static [&'static str],
}

const fn row(
    action: Action,
    context: Context,
    id: &'static str,
    sentence: &'static str,
    keys: &'static [&'static str],
) -> Row {
    Row { action, context, id, sentence, keys }
}

use Action as A;
use Context::{Everywhere, Menu, Pager, Prompt, Review};

/// Every action. The help, the hints and the keymap derive from this table.
#[rustfmt::skip]
pub const ACTIONS: &[Row] = &[
    row(A::Help, Everywhere, "help", "Show this help", &["f1"]),
    row(A::Palette, Everywhere, "palette", "Open the palette: everything, by name", &["ctrl+p"]),
    row(A::Personas, Everywhere, "personas", "Choose a persona", &["f2"]),
    row(A::Knowledge, Everywhere, "kb", "Show KB.md as the model is sent it", &["f3"]),
    row(A::FocusReview, Everywhere, "review", "Go to the pending KB.md edits, and back", &["ctrl+k"]),
    row(A::MouseMode, Everywhere, "mouse", "Hand the mouse to the terminal, or take it back", &["f9"]),
    row(A::Interrupt, Everywhere, "interrupt", "Stop the reply; else put the draft aside; twice on an empty prompt: quit", &["ctrl+c"]),
    row(A::Suspend, Everywhere, "suspend", "Suspend to the shell (fg returns)", &["ctrl+z"]),
    row(A::Redraw, Everywhere, "redraw", "Draw the screen anew", &["ctrl+l"]),
    row(A::Unfold, Everywhere, "unfold", "Unfold the decided KB.md edits in the chat, or fold them", &["ctrl+o"]),
    row(A::PageUp, Everywhere, "scroll.page-up", "Scroll the chat up one page", &["pageup"]),
    row(A::PageDown, Everywhere, "scroll.page-down", "Scroll the chat down one page", &["pagedown"]),
    row(A::ScrollUp, Everywhere, "scroll.up", "Scroll the chat up", &["shift+up", "ctrl+up"]),
    row(A::ScrollDown, Everywhere, "scroll.down", "Scroll the chat down", &["shift+down", "ctrl+down"]),
    row(A::ScrollTop, Everywhere, "scroll.top", "Scroll to the first line", &["ctrl+home"]),
    row(A::ScrollEnd, Everywhere, "scroll.end", "Follow the newest line", &["ctrl+end"]),

    row(A::Submit, Prompt, "prompt.send", "Send; while a reply runs: queue", &["enter"]),
    row(A::Newline, Prompt, "prompt.newline", "New line; also Shift+Enter, or \\ then Enter", &["alt+enter", "ctrl+j", "shift+enter"]),
    row(A::Stop, Prompt, "prompt.stop", "Stop the reply at once and keep what came", &["esc"]),
    row(A::Complete, Prompt, "prompt.complete", "Complete a slash command", &["tab"]),
    row(A::Previous, Prompt, "prompt.previous", "Line up; on the first line: earlier message", &["up"]),
    row(A::Next, Prompt, "prompt.next", "Line down; on the last line: later message", &["down"]),
    row(A::EditExternally, Prompt, "prompt.editor", "Edit the draft in $VISUAL or $EDITOR", &["ctrl+g"]),
    row(A::QueueTakeBack, Prompt, "prompt.unqueue", "Take the last queued message back into the prompt", &["alt+up"]),
    row(A::Queue, Prompt, "prompt.queue", "Show the queue: reorder, edit, delete", &["alt+q"]),
    row(A::History, Prompt, "prompt.history", "Search the messages that were sent", &["ctrl+r"]),
    row(A::Left, Prompt, "prompt.left", "One character left", &["left", "ctrl+b"]),
    row(A::Right, Prompt, "prompt.right", "One character right", &["right", "ctrl+f"]),
    row(A::WordLeft, Prompt, "prompt.word-left", "One word left", &["alt+left", "ctrl+left", "alt+b"]),
    row(A::WordRight, Prompt, "prompt.word-right", "One word right", &["alt+right", "ctrl+right", "alt+f"]),
    row(A::LineStart, Prompt, "prompt.line-start", "Start of the line", &["home", "ctrl+a"]),
    row(A::LineEnd, Prompt, "prompt.line-end", "End of the line; on an empty prompt: follow the newest line", &["end", "ctrl+e"]),
    row(A::Backspace, Prompt, "prompt.backspace", "Delete the character before", &["backspace", "ctrl+h", "shift+backspace"]),
    row(A::Delete, Prompt, "prompt.delete", "Delete the character after", &["delete"]),
    row(A::Quit, Prompt, "prompt.quit", "Quit, on an empty prompt; else delete the character after", &["ctrl+d"]),
    row(A::DeleteWord, Prompt, "prompt.delete-word", "Delete the word before", &["ctrl+w", "alt+backspace", "ctrl+backspace"]),
    row(A::DeleteWordForward, Prompt, "prompt.delete-word-forward", "Delete the word after", &["alt+d", "ctrl+delete"]),
    row(A::DeleteToStart, Prompt, "prompt.delete-to-start", "Delete to the start of the line", &["ctrl+u"]),
    row(A::DeleteToEnd, Prompt, "prompt.delete-to-end", "Delete to the end of the line (Ctrl+K goes to the review)", &["alt+k"]),
    row(A::Yank, Prompt, "prompt.yank", "Put back what was deleted last", &["ctrl+y"]),
    row(A::Undo, Prompt, "prompt.undo", "Undo", &["ctrl+_", "ctrl+/", "ctrl+7"]),
    row(A::Redo, Prompt, "prompt.redo", "Redo", &["alt+_", "alt+/"]),

    row(A::Accept, Review, "review.accept", "Accept: write this edit to KB.md", &["a"]),
    row(A::AcceptWarned, Review, "review.accept-warned", "After a warning and a: accept all the same", &["A"]),
    row(A::EditProposal, Review, "review.edit", "Edit the text in place", &["e"]),
    row(A::Reject, Review, "review.reject", "Reject: not offered again in this session", &["r"]),
    row(A::RejectWithReason, Review, "review.reject-reason", "Reject with a reason", &["R"]),
    row(A::SessionOnly, Review, "review.session", "For this session only: tell the model, leave KB.md as it is", &["s"]),
    row(A::NeverAsk, Review, "review.never", "Never ask about this again in this project", &["N"]),
    row(A::Pick, Review, "review.pick", "Choose what has this number, or take it back", &["1", "2", "3", "4", "5", "6", "7", "8", "9"]),
    row(A::EditExternally, Review, "review.editor", "Edit the text in $VISUAL or $EDITOR", &["ctrl+g"]),
    row(A::NextProposal, Review, "review.next", "Next edit", &["n", "tab", "right"]),
    row(A::PreviousProposal, Review, "review.previous", "Previous edit", &["p", "shift+tab", "left"]),
    row(A::ReviewDown, Review, "review.down", "Scroll the diff down", &["down", "j"]),
    row(A::ReviewUp, Review, "review.up", "Scroll the diff up", &["up", "k"]),
    row(A::LeaveReview, Review, "review.leave", "Leave it pending", &["esc"]),

    row(A::Choose, Menu, "menu.choose", "Choose", &["enter"]),
    row(A::MenuDown, Menu, "menu.down", "Down", &["down", "ctrl+n"]),
    row(A::MenuUp, Menu, "menu.up", "Up", &["up"]),
    row(A::MenuPageDown, Menu, "menu.page-down", "Page down", &["pagedown"]),
    row(A::MenuPageUp, Menu, "menu.page-up", "Page up", &["pageup"]),
    row(A::CloseMenu, Menu, "menu.close", "Close; typing filters", &["esc"]),

    row(A::MoveUp, Menu, "menu.move-up", "In the queue: send this one sooner", &["alt+up", "ctrl+up"]),
    row(A::MoveDown, Menu, "menu.move-down", "In the queue: send this one later", &["alt+down", "ctrl+down"]),
    row(A::Remove, Menu, "menu.remove", "In the queue: take this one out", &["delete", "ctrl+d"]),

    row(A::PagerDown, Pager, "pager.down", "Down", &["down", "j", "enter"]),
    row(A::PagerUp, Pager, "pager.up", "Up", &["up", "k"]),
    row(A::PagerPageDown, Pager, "pager.page-down", "Page down", &["pagedown", "space"]),
    row(A::PagerPageUp, Pager, "pager.page-up", "Page up", &["pageup", "b"]),
    row(A::PagerTop, Pager, "pager.top", "First line", &["home", "g"]),
    row(A::PagerEnd, Pager, "pager.end", "Last line", &["end", "G"]),
    row(A::ClosePager, Pager, "pager.close", "Close", &["esc", "q"]),
];
