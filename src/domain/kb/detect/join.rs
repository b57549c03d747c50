//! Joins the groups of a message that make one act: a cue with what it speaks of, a prohibition with what takes its place. It weighs nothing.

use crate::domain::kb::clause::Item;

use super::frame::Mood;
use super::judge::Group;
use super::{Detector, PLAIN, Reading};

impl Detector {
    /// Groups that stand on their own, after cue-only neighbours are joined to what they speak of and retracted ones are gone.
    pub(super) fn merged(&self, reading: &Reading) -> Vec<Group> {
        let mut out: Vec<Group> = Vec::new();
        let mut forward: Option<Group> = None;
        for group in &reading.groups {
            if group.retracts {
                while out.last().is_some_and(|last| last.sentence + 1 >= group.sentence) {
                    out.pop();
                }
                continue;
            }
            let adopting = self.names.any(&group.hits, &["adopt"]) && reading.adopted.is_some();
            if adopting {
                continue;
            }
            let mut group = group.clone();
            if group.bare {
                let joins = out.last().is_some_and(|last| {
                    last.sentence + 1 >= group.sentence && last.paragraph == group.paragraph
                });
                match out.last_mut().filter(|_| joins && group.veto.is_none()) {
                    Some(last) if !last.bare => absorb(last, &group),
                    Some(_) | None => out.extend(forward.replace(group)),
                }
                continue;
            }
            if let Some(cue) = forward.take() {
                if cue.veto.is_none() && cue.sentence + 1 >= group.sentence && cue.score > 0.0 {
                    group.score += cue.score;
                    group.hits.extend(cue.hits.iter().cloned());
                } else {
                    out.push(cue);
                }
            }
            out.push(group);
        }
        out.extend(forward);
        self.continued(reading, out)
    }
    /// Whether the group speaks of what the sentence before it left ("everything else is esm").
    fn rest(&self, reading: &Reading, group: &Group) -> bool {
        let head: Vec<&str> = group
            .tokens
            .clone()
            .filter_map(|i| reading.tokens.get(i))
            .map(|t| t.norm.as_str())
            .take(3)
            .collect();
        matches!(
            head.as_slice(),
            ["everything" | "anything", "else", ..]
                | ["the", "rest" | "others", ..]
                | ["tutto", "il", "resto"]
                | ["il", "resto", ..]
        )
    }

    /// Joins a sentence that only completes the prohibition or the rule before it ("lodash is out. use es-toolkit", "no default
    /// exports. named only").
    fn continued(&self, reading: &Reading, groups: Vec<Group>) -> Vec<Group> {
        let mut out: Vec<Group> = Vec::new();
        for group in groups {
            let joins = out.last().is_some_and(|last| {
                let near = last.sentence + 1 == group.sentence
                    && last.paragraph == group.paragraph
                    && last.item == group.item;
                let first =
                    group.pieces.iter().map(|(_, frame)| frame.mood).find(|mood| *mood != Mood::Empty);
                let short = group.tokens.len() <= 4 && first == Some(Mood::Fragment) && group.score >= 0.3;
                let rest = self.rest(reading, &group);
                let instead = first == Some(Mood::Order)
                    && self.names.any(&last.hits, &["banning", "nomore", "stopping", "forbid", "weneg"]);
                near && group.item == Item::Prose
                    && last.veto.is_none()
                    && group.veto.is_none()
                    && (rest || (last.score >= PLAIN && group.score > 0.0 && (short || instead)))
            });
            match out.last_mut().filter(|_| joins) {
                Some(last) => {
                    last.tokens.end = group.tokens.end;
                    last.score = last.score.max(group.score);
                    last.hits.extend(group.hits);
                    last.pieces.extend(group.pieces);
                }
                None => out.push(group),
            }
        }
        out
    }
}

/// Joins a cue-only group to the group before it.
fn absorb(last: &mut Group, cue: &Group) {
    last.score += cue.score.max(0.0);
    last.hits.extend(cue.hits.iter().cloned());
    last.tokens.end = last.tokens.end.max(cue.tokens.end);
}
