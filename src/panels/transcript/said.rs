//! What the lines of an entry's parts say, without the drawing around it, for what is marked and copied. It mirrors `entry`.

use super::entry;
use crate::base::text;
use crate::domain::chat::{Body, Entry, Fold, Reply};
use crate::draw::flow::Flow;
use crate::draw::markdown;
use crate::draw::textmap::TextMap;
use crate::draw::theme::Theme;
use ratatui::style::Style;

/// The cells before the text of a message.
pub(super) const LEAD: usize = 2;

/// The cells before the text of the thinking.
const THINKING_LEAD: usize = 4;

/// The head of a reply tells who speaks, which nobody said.
pub(super) fn head(reply: &Reply) -> TextMap {
    let mut map = TextMap::default();
    map.ornament();
    if !reply.thinking.is_empty() {
        map.ornament();
    }
    map
}

/// A stretch of what the user said, and the blank line where it ends.
pub(super) fn stretch(said: &str, ends: bool, width: u16) -> TextMap {
    ended(markdown::map_plain(said, entry::inner(width), LEAD), ends)
}

/// What went along with a message is told, and nobody said it.
pub(super) fn along(lines: usize) -> TextMap {
    let mut map = TextMap::default();
    (0..lines).for_each(|_| map.ornament());
    map.blank();
    map
}

/// A stretch of the unfolded thinking.
pub(super) fn thinking(stretch: &str, ends: bool, width: u16) -> TextMap {
    ended(markdown::map_plain(stretch, entry::thinking_width(width), THINKING_LEAD), ends)
}

fn ended(mut map: TextMap, ends: bool) -> TextMap {
    if ends {
        map.blank();
    }
    map
}

/// How a reply ended.
pub(super) fn foot(reply: &Reply, width: u16, theme: &Theme) -> TextMap {
    let mut map = TextMap::default();
    for (words, style) in entry::foot_words(reply, theme) {
        map.flow(&Flow::of(&words, style), (LEAD, LEAD), entry::inner(width));
    }
    map.blank();
    map
}

/// An entry that is drawn in one piece.
pub(super) fn whole(entry: &Entry, width: u16, unfold: &str) -> TextMap {
    let mut map = TextMap::default();
    match &entry.body {
        Body::User { .. } | Body::Reply(_) if entry::is_put_away(entry) => {
            folded(&mut map, &entry::put_away_words(entry), width, unfold);
        }
        Body::User { .. } | Body::Reply(_) => return map,
        Body::Divider { .. } => map.ornament(),
        Body::Notice { text, .. } => notice(&mut map, text, width),
        Body::Compaction { text: told, summary, .. } => match entry.fold {
            Fold::Folded if !summary.is_empty() => folded(&mut map, told, width, unfold),
            Fold::Folded => notice(&mut map, told, width),
            Fold::Open => {
                notice(&mut map, told, width);
                let room = entry::inner(width).saturating_sub(2).max(1);
                for line in summary.lines() {
                    let flow = Flow::of(&text::sanitise(line), Style::default());
                    map.flow(&flow, (THINKING_LEAD, THINKING_LEAD), room);
                }
            }
        },
        Body::Decision { summary, diff, .. } => match entry.fold {
            Fold::Open => {
                notice(&mut map, summary, width);
                for line in entry::diff_lines(diff) {
                    let flow = Flow::of(&text::sanitise(line), Style::default());
                    map.flow(&flow, entry::DIFF_LEAD, entry::diff_width(width));
                }
            }
            Fold::Folded => folded(&mut map, summary, width, unfold),
        },
    }
    map.blank();
    map
}

/// What is folded, as one line.
fn folded(map: &mut TextMap, summary: &str, width: u16, unfold: &str) {
    map.begin();
    map.show(LEAD, 0, &entry::folded_words(summary, width, unfold).0);
    map.pass("\n");
}

fn notice(map: &mut TextMap, words: &str, width: u16) {
    for line in text::sanitise(words).lines() {
        map.flow(&Flow::of(line, Style::default()), (LEAD, LEAD), entry::inner(width));
    }
}
