//! The bottom line of the review: its keys, as many as have room, the important ones longest. It binds none of them.

use ratatui::text::{Line, Span};

use super::{Confirmation, Review, Wish};
use crate::base::text;
use crate::draw::theme::Theme;
use crate::protocol::action::{Action, Context};
use crate::protocol::keymap::Keymap;

/// An action, what it does in full and in short, and how long it stays when room is short (more is longer).
type Row = (Action, &'static str, &'static str, u8);

/// A row with its key.
type Hint = (String, &'static str, &'static str, u8);

/// The keys with what they do, dim while they do not count.
pub fn keys(review: &Review, keymap: &Keymap, now: u64, width: u16, theme: &Theme) -> Line<'static> {
    let (key, word) =
        if review.is_guarded(now) { (theme.dim, theme.dim) } else { (theme.hint_key, theme.dim) };
    let mut spans = Vec::new();
    for (name, what) in fitting(&hints(review, keymap), usize::from(width)) {
        if !spans.is_empty() {
            spans.push(Span::styled("  ", word));
        }
        spans.push(Span::styled(name, key));
        spans.push(Span::styled(format!(" {what}"), word));
    }
    Line::from(spans)
}

/// The rows whose action has a key.
fn hints(review: &Review, keymap: &Keymap) -> Vec<Hint> {
    let key = |action: Action| match action {
        Action::Help => keymap.hint(Context::Everywhere, action),
        _ => keymap.hint(Context::Review, action),
    };
    let bound =
        rows(review).into_iter().map(|(action, long, short, worth)| (key(action), long, short, worth));
    bound.filter(|(key, ..)| !key.is_empty()).collect()
}

fn rows(review: &Review) -> Vec<Row> {
    let mut hints: Vec<Row> = match review.confirmation {
        Confirmation::Armed(Wish::Write) => vec![(Action::AcceptWarned, "accept all the same", "accept", 9)],
        Confirmation::Armed(Wish::Session) => {
            vec![(Action::AcceptWarned, "keep it for this session all the same", "session", 9)]
        }
        Confirmation::Open => vec![(Action::Accept, "accept", "accept", 9)],
    };
    hints.push((Action::EditProposal, "edit", "edit", 5));
    let reject = (Action::Reject, "reject", "reject", 8);
    // What needs a second look is better not accepted: the key that says no comes first.
    match review.current() {
        Some(proposal) if !proposal.warnings.is_empty() => hints.insert(0, reject),
        Some(_) | None => hints.push(reject),
    }
    if review.confirmation == Confirmation::Open {
        hints.push((Action::SessionOnly, "session only", "session", 4));
        hints.push((Action::NeverAsk, "never ask", "never", 3));
    }
    if review.pending.len() > 1 {
        hints.push((Action::NextProposal, "next", "next", 2));
    }
    hints.push((Action::LeaveReview, "leave pending", "later", 7));
    hints.push((Action::Help, "all keys", "keys", 6));
    hints
}

/// The hints that fit: all in full, else with the last ones short, else without those that matter least.
fn fitting(hints: &[Hint], width: usize) -> Vec<(String, &'static str)> {
    let full: Vec<_> = hints.iter().map(|(key, long, _, _)| (key.clone(), *long)).collect();
    if used(&full) <= width {
        return full;
    }
    let mut left = hints.to_vec();
    loop {
        // The words of what matters most stay long as far as there is room.
        let mut told: Vec<_> = left.iter().map(|(key, _, short, _)| (key.clone(), *short)).collect();
        if used(&told) <= width || left.len() == 1 {
            let mut by_worth: Vec<usize> = (0..left.len()).collect();
            by_worth.sort_by_key(|at| left.get(*at).map(|hint| std::cmp::Reverse(hint.3)));
            for at in by_worth {
                let (Some(hint), Some(place)) = (left.get(at), told.get_mut(at)) else { continue };
                let short = place.1;
                place.1 = hint.1;
                if used(&told) > width
                    && let Some(place) = told.get_mut(at)
                {
                    place.1 = short;
                }
            }
            return told;
        }
        let least = left.iter().map(|hint| hint.3).min().unwrap_or(0);
        left.retain(|hint| hint.3 != least);
    }
}

fn used(told: &[(String, &str)]) -> usize {
    let words: usize = told.iter().map(|(key, what)| text::width(key) + text::width(what) + 1).sum();
    words + 2 * told.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(width: usize) -> String {
        let hints = hints(&Review::default(), &Keymap::default());
        let told = fitting(&hints, width);
        told.iter().map(|(key, what)| format!("{key} {what}")).collect::<Vec<_>>().join("  ")
    }

    #[test]
    fn what_matters_most_stays_longest() {
        assert_eq!(
            told(116),
            "a accept  e edit  r reject  s session only  N never ask  Esc leave pending  F1 all keys"
        );
        assert_eq!(told(76), "a accept  e edit  r reject  s session  N never  Esc leave pending  F1 keys");
        assert_eq!(told(20), "a accept  r reject");
        assert_eq!(told(4), "a accept");
        for width in 0..120 {
            assert!(told(width).len() <= width.max("a accept".len()), "{width}");
        }
    }
}
