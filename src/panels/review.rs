//! The place to decide on pending KB.md edits: card, diff, keys. It never writes, and no key of a moment ago decides.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Widget};

mod hints;
mod lines;

pub use lines::described;

use hints::keys;
use lines::{Border, body, marked, size_in_border};

use super::menu::frame;
use super::prompt::{editor::Editor, rows::Sheet};
use crate::base::text;
use crate::domain::kb::proposal::Proposal;
use crate::draw::theme::Theme;
use crate::protocol::action::{Action, Context};
use crate::protocol::keymap::Keymap;

/// Keys do nothing for this long after the focus came, so that no key meant for the draft decides. Milliseconds.
pub const GUARD: u64 = 500;

/// A review of at most so many cells shows nothing but its frame.
const NARROWEST: u16 = 5;

/// What the keys mean in the review right now.
#[derive(Clone, Debug, Default)]
pub enum Mode {
    /// Looking at the diff.
    #[default]
    Looking,
    /// The text of the edit is being changed.
    Editing(Editor),
    /// A reason for the rejection is being written.
    Reason(Editor),
    /// The edit is being written to disk.
    Saving,
}

/// The keys in words, said where another one was pressed.
pub fn keys_in_words(keymap: &Keymap) -> String {
    let told = [
        (Action::Accept, "accepts"),
        (Action::EditProposal, "edits"),
        (Action::Reject, "rejects"),
        (Action::LeaveReview, "goes back to the draft"),
    ];
    let told = told.map(|(action, words)| keymap.told("", Context::Review, action, words));
    told.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(", ")
}

/// The key that goes on after a warning, in words; a capital names its Shift too, which is easily overlooked.
pub fn goes_on(keymap: &Keymap) -> String {
    match keymap.hint(Context::Review, Action::AcceptWarned) {
        key if key.is_empty() => String::new(),
        key if key.chars().all(char::is_uppercase) => format!("; {key} (Shift+{key}) goes on all the same"),
        key => format!("; {key} goes on all the same"),
    }
}

/// What the user wants done with an edit that needs a second look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Written to KB.md.
    Write,
    /// Kept for this session.
    Session,
}

/// Whether a first key was pressed on an edit that needs two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Confirmation {
    #[default]
    Open,
    /// The next `A` does it.
    Armed(Wish),
}

/// Whether what is shown now was drawn yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sight {
    #[default]
    Unseen,
    Seen,
}

/// Whether the key that leaves counts while the others are guarded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WayOut {
    #[default]
    Open,
    /// The focus has just come; the key was meant for what was there before.
    Guarded,
}

/// The review's model.
#[derive(Clone, Debug, Default)]
pub struct Review {
    pub pending: Vec<Proposal>,
    current: usize,
    pub mode: Mode,
    pub confirmation: Confirmation,
    /// When the shown edit got the focus, or changed under the user's eyes. Milliseconds.
    pub since: u64,
    sight: Sight,
    pub way_out: WayOut,
    scroll: usize,
    /// The user was told that KB.md lies outside the project; the next accept goes on.
    pub outside_agreed: bool,
    /// Said above the keys until the next one.
    pub message: Option<String>,
}

impl Review {
    /// The edit that is shown.
    pub fn current(&self) -> Option<&Proposal> {
        self.pending.get(self.current)
    }

    /// The number of the edit that is shown, and how many there are.
    pub fn place(&self) -> (usize, usize) {
        (self.current + 1, self.pending.len())
    }

    /// Shows the edit with this id, if it still waits.
    pub fn show(&mut self, id: u64) {
        self.current = self.pending.iter().position(|proposal| proposal.id == id).unwrap_or(self.current);
    }

    /// Shows another edit; round at the ends.
    pub fn step(&mut self, by: isize, now: u64) {
        let count = isize::try_from(self.pending.len()).unwrap_or(isize::MAX);
        if count > 1 {
            let here = isize::try_from(self.current).unwrap_or(0);
            self.current = usize::try_from((here + by).rem_euclid(count)).unwrap_or(0);
        }
        self.settle(now);
    }

    /// Takes the shown edit out; the next one is shown, guarded anew.
    pub fn take_current(&mut self, now: u64) -> Option<Proposal> {
        if self.current >= self.pending.len() {
            return None;
        }
        let taken = self.pending.remove(self.current);
        self.settle(now);
        Some(taken)
    }

    /// What is shown is new to the eye: back to looking, unconfirmed, guarded from now.
    pub fn settle(&mut self, now: u64) {
        self.current = self.current.min(self.pending.len().saturating_sub(1));
        self.mode = Mode::Looking;
        self.confirmation = Confirmation::Open;
        self.outside_agreed = false;
        self.scroll = 0;
        self.guard(now);
    }

    /// Keys do not count for a moment: something is said or shown that wants reading.
    pub fn guard(&mut self, now: u64) {
        self.since = now;
        self.sight = Sight::Unseen;
        self.way_out = WayOut::Open;
    }

    /// A frame with the review on it was drawn. A moment that passed before that was none for the eye.
    pub fn drawn(&mut self, now: u64) {
        if self.sight == Sight::Unseen {
            self.since = self.since.max(now);
            self.sight = Sight::Seen;
        }
    }

    /// Whether keys count yet.
    pub fn is_guarded(&self, now: u64) -> bool {
        now.saturating_sub(self.since) < GUARD
    }

    /// Scrolls the diff, down to `most` lines from its top.
    pub fn scroll(&mut self, by: isize, most: usize) {
        self.scroll = self.scroll.min(most).saturating_add_signed(by).min(most);
    }
}

/// The card above the prompt: what waits, and the key that goes there.
pub fn card(review: &Review, key: &str, width: u16, theme: &Theme) -> Option<Line<'static>> {
    let first = review.pending.first()?;
    let more = match review.pending.len() {
        1 => String::new(),
        count => format!("  +{} more", count - 1),
    };
    let head = " ◆ KB.md? ";
    // A heading of KB.md may be in it, which is anything.
    let mut title = format!("{}: ", text::truncate(&text::one_line(&first.title()), usize::from(width) / 3));
    let mut tail = format!("{more}  {key} reviews ");
    let room = |parts: &[&str]| {
        usize::from(width).saturating_sub(parts.iter().map(|part| text::width(part)).sum::<usize>())
    };
    // Without room the key stays longest, then the words of the rule.
    const LEAST: usize = 16;
    if room(&[head, &title, &tail]) < LEAST {
        title.clear();
    }
    if room(&[head, &tail]) < LEAST {
        tail = format!(" {key} ");
    }
    let words = text::truncate(&text::one_line(&marked(first.gist(), first)), room(&[head, &title, &tail]));
    Some(Line::from(vec![
        Span::styled(head, theme.accent),
        Span::styled(title, theme.dim),
        Span::styled(words, theme.text),
        Span::styled(tail, theme.dim),
    ]))
}

/// What of the diff is on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InView {
    /// Nothing, since there is no room.
    Nothing,
    /// Its last change is so many lines further down.
    Above(usize),
    /// Its last change too.
    Whole,
}

/// How much of the diff an area shows, as the review is scrolled now.
pub fn in_view(review: &Review, kb: &str, area: Rect, theme: &Theme) -> InView {
    let inner = inside(area);
    let room = usize::from(inner.height.saturating_sub(2));
    if room == 0 || area.width <= NARROWEST {
        return InView::Nothing;
    }
    let (lines, rest) = body(review, kb, inner.width, room, border(review, area), theme);
    let top = review.scroll.min(lines.len().saturating_sub(room));
    match lines.len().saturating_sub(rest).saturating_sub(top + room) {
        0 => InView::Whole,
        below => InView::Above(below),
    }
}

/// Rows that the review wants, frame and keys included.
pub fn height(review: &Review, kb: &str, width: u16, theme: &Theme) -> u16 {
    let whole = Rect { width, height: u16::MAX, ..Rect::default() };
    let (lines, _) = body(review, kb, width.saturating_sub(4), usize::MAX, border(review, whole), theme);
    u16::try_from(lines.len() + 4).unwrap_or(u16::MAX)
}

/// How many lines of the review have no room in an area.
pub fn overflow(review: &Review, kb: &str, area: Rect, theme: &Theme) -> usize {
    let inner = inside(area);
    let room = usize::from(inner.height.saturating_sub(2));
    let (lines, _) = body(review, kb, inner.width, room, border(review, area), theme);
    lines.len().saturating_sub(room)
}

/// Whether there is room for a border.
fn has_frame(area: Rect) -> bool {
    area.height >= 8 && area.width >= 20
}

/// The border that an area gets.
fn border(review: &Review, area: Rect) -> Border {
    match title(review).filter(|_| has_frame(area)) {
        Some(title) => Border::Drawn { title: text::width(&title) },
        None => Border::None,
    }
}

/// What the shown edit does, and which of how many it is.
fn title(review: &Review) -> Option<String> {
    let proposal = review.current()?;
    let count = review.pending.len();
    let place = if count > 1 { format!(" · {} of {count}", review.current + 1) } else { String::new() };
    Some(format!("KB.md: {}{place}", text::one_line(&proposal.title())))
}

/// The place for the lines of the review and its keys.
fn inside(area: Rect) -> Rect {
    let (x, y) = if has_frame(area) { (2, 1) } else { (0, 0) };
    let (width, height) = (area.width.saturating_sub(2 * x), area.height.saturating_sub(2 * y));
    Rect { x: area.x + x.min(area.width), y: area.y + y.min(area.height), width, height }
}

/// Draws the review; tells where the caret is while a text is edited.
pub fn view(
    review: &Review,
    kb: &str,
    now: u64,
    area: Rect,
    theme: &Theme,
    keymap: &Keymap,
    buffer: &mut Buffer,
) -> Option<Position> {
    let title = title(review)?;
    Clear.render(area, buffer);
    let mut block = frame(&title, theme).border_style(theme.accent).style(theme.text);
    if let Some(size) = size_in_border(review, kb, text::width(&title), area.width) {
        block = block.title(Line::styled(format!(" {size} "), theme.dim).right_aligned());
    }
    if has_frame(area) {
        block.render(area, buffer);
    }
    let inner = inside(area);
    if area.width <= NARROWEST || inner.height == 0 {
        return None;
    }
    let foot = Rect { y: inner.bottom() - 1, height: 1, ..inner };
    let above = Rect { height: inner.height.saturating_sub(2), ..inner };
    let (lines, _) = body(review, kb, inner.width, usize::from(above.height), border(review, area), theme);
    let most = lines.len().saturating_sub(usize::from(above.height));
    for (row, line) in
        lines.into_iter().skip(review.scroll.min(most)).take(usize::from(above.height)).enumerate()
    {
        let y = above.y + u16::try_from(row).unwrap_or(0);
        line.render(Rect { y, height: 1, ..above }, buffer);
    }
    let hidden = most.saturating_sub(review.scroll);
    let said = match &review.message {
        Some(message) => Some((message.clone(), theme.warning)),
        None if hidden > 0 => Some((format!("↓ {hidden} more lines"), theme.accent)),
        None => None,
    };
    if let Some((words, style)) = said {
        let line = Line::styled(text::truncate(&words, usize::from(inner.width)), style);
        if inner.height > 2 {
            line.render(Rect { y: foot.y - 1, ..foot }, buffer);
        } else if review.message.is_some() {
            // What was said goes before the keys where there is one row for both.
            line.render(foot, buffer);
            return None;
        }
    }
    match &review.mode {
        Mode::Looking => {
            keys(review, keymap, now, inner.width, theme).render(foot, buffer);
            None
        }
        Mode::Saving => {
            Line::styled("writing KB.md …", theme.dim).render(foot, buffer);
            None
        }
        Mode::Editing(editor) => {
            let (keep, drop) = (told(keymap, Action::Submit, "keeps"), told(keymap, Action::Stop, "drops"));
            field(&label("edit", &[keep, drop]), editor, foot, theme, buffer)
        }
        Mode::Reason(editor) => {
            let reject = told(keymap, Action::Submit, "rejects");
            field(&label("why not?", &[reject]), editor, foot, theme, buffer)
        }
    }
}

/// What a key of a text field does.
fn told(keymap: &Keymap, action: Action, words: &str) -> String {
    keymap.told("", Context::Prompt, action, words)
}

/// What stands before a text field: its name, and its keys as far as it has some.
fn label(name: &str, keys: &[String]) -> String {
    let keys: Vec<&str> = keys.iter().map(String::as_str).filter(|told| !told.is_empty()).collect();
    if keys.is_empty() { format!("{name}: ") } else { format!("{name} ({}): ", keys.join(", ")) }
}

fn field(label: &str, editor: &Editor, area: Rect, theme: &Theme, buffer: &mut Buffer) -> Option<Position> {
    // A label that does not fit says nothing, and the words need the room.
    let used = u16::try_from(text::width(label)).unwrap_or(0);
    let used = if used > area.width / 2 { 0 } else { used };
    Line::styled(label.to_string(), theme.accent).render(Rect { width: used, ..area }, buffer);
    let place = Rect { x: area.x + used, width: area.width - used, ..area };
    Sheet::new(editor, place.width).view(place, theme.text, theme.selection, buffer)
}
