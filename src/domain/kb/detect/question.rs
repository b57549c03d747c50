//! Tells whether a group of clauses asks something. A tag after a statement ("ok?") and a polite order are no questions.

use crate::domain::kb::clause::{End, Kind, Sentence, Token};

use super::group::{Opened, Piece};
use super::judge::{Group, Judge};

impl Judge<'_> {
    /// Whether the piece opens like a question ("why", "do we", "can you").
    pub fn question_head(&self, piece: &Piece) -> bool {
        let start = (piece.tokens.start..piece.tokens.end).find(|i| {
            self.tokens.get(*i).is_some_and(|t| {
                t.kind != Kind::Mark && t.classes & (self.bits.filler | self.bits.coord) == 0
            })
        });
        let Some(token) = start.and_then(|i| self.tokens.get(i)) else { return false };
        let next = start.and_then(|i| self.tokens.get(i + 1)).map_or(0, |t| t.classes);
        let subject = self.bits.pron | self.bits.we | self.bits.me | self.bits.defsg | self.bits.univ;
        token.classes & (self.bits.qword | self.bits.qstrong) != 0
            || (token.classes & self.bits.invert != 0 && next & subject != 0)
            || matches!(
                token.norm.as_str(),
                "puoi"
                    | "potresti"
                    | "riesci"
                    | "puedes"
                    | "podrias"
                    | "peux"
                    | "pourrais"
                    | "kannst"
                    | "est"
            )
    }

    /// The veto of a group that asks, or `None` when it states.
    pub fn question(&self, group: &Group, sentence: &Sentence) -> Option<String> {
        let asks = Some("is a question".to_string());
        let first = group.pieces.first().map(|(piece, _)| piece)?;
        let opener = (first.tokens.start..first.tokens.end)
            .filter_map(|i| self.tokens.get(i))
            .find(|t| t.kind != Kind::Mark && t.classes & (self.bits.filler | self.bits.coord) == 0);
        let polite = self.names.any(&group.hits, &["polite"]);
        let please = group
            .tokens
            .clone()
            .filter_map(|i| self.tokens.get(i))
            .any(|t| matches!(t.norm.as_str(), "please" | "favore" | "bitte" | "favor"));
        let wanted = self.names.any(&group.hits, &["durable", "kbcmd"])
            || (please
                && self
                    .names
                    .any(&group.hits, &["adverb", "stopping", "avoid", "settling", "nomore", "contrast"]));
        let cued = group.hits.iter().any(|hit| {
            hit.tokens.start <= first.tokens.start + 1
                && hit.tokens.len() > 2
                && self.names.is(hit, "durable")
        });
        if sentence.end != End::Question {
            if cued {
                return None;
            }
            let opens = opener.is_some_and(|t| t.classes & self.bits.qstrong != 0)
                || (self.question_head(first) && self.inverted(opener));
            return if opens && !(polite && wanted) { asks } else { None };
        }
        if polite && wanted {
            return None;
        }
        let last = group.tokens.end >= sentence.tokens.end;
        let headed = group.pieces.iter().any(|(piece, _)| self.question_head(piece));
        if headed {
            return asks;
        }
        if !last {
            return self.later_question(group, sentence);
        }
        let tail = group.pieces.last().map(|(piece, _)| piece.clone())?;
        let short = tail.tokens.len() <= 2 && group.pieces.len() > 1;
        let agreed =
            tail.tokens.clone().filter_map(|i| self.tokens.get(i)).any(|t| t.classes & self.bits.tag != 0);
        if short && agreed { None } else { asks }
    }

    /// A group before the question proper counts only when the question stands in a piece of its own after it.
    fn later_question(&self, group: &Group, sentence: &Sentence) -> Option<String> {
        let rest = group.tokens.end..sentence.tokens.end;
        let piece = Piece::plain(rest.clone(), Opened::Comma);
        let task =
            rest.clone().take(3).filter_map(|i| self.tokens.get(i)).any(|t| {
                t.classes & (self.bits.task | self.bits.invert | self.bits.qword | self.bits.tag) != 0
            });
        if self.question_head(&piece) || task { None } else { Some("is a question".into()) }
    }

    fn inverted(&self, opener: Option<&Token>) -> bool {
        opener.is_some_and(|t| t.classes & self.bits.invert != 0 && t.norm != "do" && t.norm != "have")
    }
}
