//! Weighs the clauses of one sentence: features, penalties, vetoes. It never builds the sentence that goes to KB.md.

use std::ops::Range;

use crate::domain::kb::clause::{Item, Kind, Sentence, Token};
use crate::domain::kb::cues::{Effect, Hit, Lexicon, Tongue, Words};

use super::frame::{self, Frame, Mood, Speech};
use super::group::{self, Bits, Opened, Piece, within};
use super::known::Known;

/// One or more pieces that make one act.
#[derive(Clone, Debug)]
pub struct Group {
    /// Tokens of the message.
    pub tokens: Range<usize>,
    pub pieces: Vec<(Piece, Frame)>,
    pub hits: Vec<Hit>,
    pub score: f32,
    pub veto: Option<String>,
    /// The names of all that speaks against it: features, and "question", "denied", "inherited".
    pub against: Vec<String>,
    pub sentence: usize,
    pub item: Item,
    pub paragraph: usize,
    /// Only cues, no statement of its own.
    pub bare: bool,
    /// Takes back what was said before it.
    pub retracts: bool,
    /// The largest share of its words that an entry of KB.md has too.
    pub overlap: f32,
    /// Whether it gives another value to something that an entry of KB.md fixes.
    pub slot: bool,
}

/// The names of the features by their index, for the few that the code asks for by name.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: Vec<String>,
}

impl Names {
    /// Takes the names over from the tables.
    pub fn new(lexicon: &Lexicon) -> Self {
        Self { names: lexicon.features.iter().map(|feature| feature.name.clone()).collect() }
    }

    /// Whether the hit is of the named feature.
    pub fn is(&self, hit: &Hit, name: &str) -> bool {
        self.names.get(hit.feature).is_some_and(|known| known == name)
    }

    /// Whether any of the hits is of one of the named features.
    pub fn any(&self, hits: &[Hit], names: &[&str]) -> bool {
        hits.iter()
            .any(|hit| self.names.get(hit.feature).is_some_and(|known| names.contains(&known.as_str())))
    }
}

/// What the message as a whole is about, which decides how a bare statement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// Nothing but statements: they are the point of the message.
    Plain,
    /// A task goes with them.
    Work,
    /// A question or a fault goes with them: they may be its background.
    Trouble,
}

/// Whether the same sentence goes on with an order, as in "every row needs an id, add one".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    ByTask,
    ByNothing,
}

/// What a lead-in that ended with a colon gives to the list below it.
#[derive(Clone, Debug, PartialEq)]
pub enum Inherited {
    Nothing,
    Rule(String),
    Veto(String),
}

/// The tables that judging needs.
pub struct Judge<'a> {
    pub lexicon: &'a Lexicon,
    pub bits: &'a Bits,
    pub names: &'a Names,
    pub text: &'a str,
    pub tokens: &'a [Token],
    pub tongue: Tongue,
}

impl Judge<'_> {
    /// Groups the pieces of a sentence into acts, not yet weighed.
    pub fn groups(&self, index: usize, sentence: &Sentence) -> Vec<Group> {
        let tongue = self.sentence_tongue(sentence);
        let langs = tongue.any;
        let pieces = group::pieces(self.tokens, sentence, langs, self.lexicon, self.bits);
        let heads = group::heads(&pieces, self.tokens);
        let hits = self.lexicon.hits(self.tokens, sentence.tokens.clone(), langs, &|at| heads.contains(&at));
        let speech = if tongue.english(self.tongue) { Speech::English } else { Speech::Other };
        let framed: Vec<(Piece, Frame)> = pieces
            .into_iter()
            .map(|piece| {
                let frame = frame::read(self.tokens, &piece, self.bits, speech);
                (piece, frame)
            })
            .collect();
        let mut out: Vec<Group> = Vec::new();
        let last_piece = framed.len().saturating_sub(1);
        for (at, (piece, frame)) in framed.into_iter().enumerate() {
            let own: Vec<Hit> = within(&hits, &piece.tokens).cloned().collect();
            let joins = out.last().is_some_and(|last| {
                (frame.mood == Mood::Empty && at == last_piece) || !self.parts(last, &piece, &frame, &own)
            });
            match out.last_mut().filter(|_| joins) {
                Some(last) => {
                    last.tokens.end = piece.tokens.end;
                    last.pieces.push((piece, frame));
                    last.hits.extend(own);
                }
                None => out.push(Group {
                    tokens: piece.tokens.clone(),
                    pieces: vec![(piece, frame)],
                    hits: own,
                    score: 0.0,
                    veto: None,
                    against: Vec::new(),
                    sentence: index,
                    item: sentence.item,
                    paragraph: sentence.paragraph,
                    bare: false,
                    retracts: false,
                    overlap: 0.0,
                    slot: false,
                }),
            }
        }
        for group in &mut out {
            group.bare = self.bare(group);
            group.retracts =
                self.names.any(&group.hits, &["retract"]) && !self.names.any(&group.hits, &["revoke"]);
        }
        out
    }

    fn sentence_tongue(&self, sentence: &Sentence) -> Tongue {
        let own = self.lexicon.langs(self.tokens.get(sentence.tokens.clone()).unwrap_or(&[]));
        if own.any == 0 { self.tongue } else { Tongue { any: own.any | self.tongue.main, ..own } }
    }

    /// Whether a piece begins another act than the group before it.
    fn parts(&self, last: &Group, piece: &Piece, frame: &Frame, own: &[Hit]) -> bool {
        let (own_rule, last_rule) = (
            self.rough(own, &[frame]),
            self.rough(&last.hits, &last.pieces.iter().map(|(_, f)| f).collect::<Vec<_>>()),
        );
        if self.bare(last) && !last.retracts {
            return false;
        }
        let waits = last.pieces.iter().all(|(_, frame)| matches!(frame.mood, Mood::Condition | Mood::Empty));
        if waits {
            return false;
        }
        if piece.opened == Opened::Contrary || self.names.any(own, &["retract"]) {
            return true;
        }
        let was_task =
            last.pieces.iter().any(|(_, f)| f.mood == Mood::Task) && !self.names.any(&last.hits, RULING);
        let is_task = frame.mood == Mood::Task && !self.names.any(own, RULING);
        if is_task != was_task && (is_task || own_rule >= 0.45) {
            return true;
        }
        if self.question_head(piece) && last_rule >= 0.45 {
            return true;
        }
        let further = piece.opened == Opened::Coordinator
            || (piece.opened == Opened::Comma
                && self.tokens.get(piece.tokens.start).is_some_and(|t| t.classes & self.bits.coord != 0));
        further && own_rule >= 0.6 && last_rule >= 0.6 && !self.names.any(own, &["contrast"])
    }

    /// A first estimate, before vetoes and setting.
    pub fn rough(&self, hits: &[Hit], frames: &[&Frame]) -> f32 {
        let frame = frames.iter().filter(|f| !f.trouble).map(|f| f.score).fold(0.0, f32::max);
        frame + self.weights(hits)
    }

    fn weights(&self, hits: &[Hit]) -> f32 {
        let mut seen: Vec<usize> = Vec::new();
        let mut sum = 0.0;
        for hit in hits {
            let Some(feature) = self.lexicon.features.get(hit.feature) else { continue };
            if feature.effect == Effect::Cue && !seen.contains(&hit.feature) {
                seen.push(hit.feature);
                sum += feature.weight;
            }
        }
        sum
    }

    /// Whether nothing is left once cues and lead-ins are taken off.
    fn bare(&self, group: &Group) -> bool {
        let covered = |i: usize| {
            group.hits.iter().any(|hit| {
                hit.tokens.contains(&i)
                    && self
                        .lexicon
                        .features
                        .get(hit.feature)
                        .is_some_and(|f| f.words != Words::Keep || f.effect == Effect::Lead)
            })
        };
        if self.names.any(&group.hits, &["revoke"]) {
            return false;
        }
        !group.tokens.clone().any(|i| {
            self.tokens.get(i).is_some_and(|t| {
                let hollow = self.bits.filler
                    | self.bits.coord
                    | self.bits.thing
                    | self.bits.project
                    | self.bits.kb
                    | self.bits.prep;
                let content = t.kind != Kind::Mark && t.classes & hollow == 0;
                content && !covered(i)
            })
        })
    }

    /// Whether the group is a lead-in to the content of a text or of a report: it ends with a colon and is vetoed as such.
    pub fn introduces(&self, group: &Group) -> bool {
        let colon = group
            .tokens
            .end
            .checked_sub(1)
            .and_then(|i| self.tokens.get(i))
            .is_some_and(|t| t.norm == ":" && t.kind == Kind::Mark);
        colon && self.names.any(&group.hits, &["artefact", "report", "hold"])
    }

    /// Weighs a group and looks for vetoes.
    pub fn weigh(
        &self,
        group: &mut Group,
        sentence: &Sentence,
        setting: Setting,
        followed: Followed,
        inherited: &Inherited,
        known: &Known,
    ) {
        let source = self.source(group);
        let shape = group.pieces.iter().map(|(_, f)| f.score).fold(0.0, f32::max);
        let sure = self.names.any(&group.hits, &["durable", "wide", "kbcmd", "memory"]);
        let mut score = shape + self.weights(&group.hits) - self.penalties(group, sure);
        if score >= 0.45 && !sure {
            score += match setting {
                Setting::Plain => 0.25,
                Setting::Work if shape < 0.8 && followed == Followed::ByTask => 0.0,
                Setting::Work if followed == Followed::ByTask => -0.3,
                Setting::Work if self.weights(&group.hits) > 0.0 => 0.2,
                Setting::Work => 0.0,
                Setting::Trouble if followed == Followed::ByTask && self.weights(&group.hits) <= 0.0 => -0.3,
                Setting::Trouble if shape < 0.8 && self.background(group) => -0.3,
                Setting::Trouble => 0.0,
            };
        }
        match inherited {
            Inherited::Rule(_) => score += 1.0,
            // A list under no lead-in of rules, in a message that asks something, is more likely material.
            Inherited::Nothing if group.item == Item::Listed && setting == Setting::Trouble => score -= 0.5,
            Inherited::Nothing | Inherited::Veto(_) => {}
        }
        let states = group
            .pieces
            .iter()
            .any(|(_, f)| matches!(f.mood, Mood::Statement | Mood::Order | Mood::Condition));
        let task = group.pieces.iter().any(|(_, f)| f.mood == Mood::Task);
        (group.overlap, group.slot) = (known.overlap(source), known.slot_hit(source));
        if (states || score >= 0.3) && !task && group.overlap >= 0.5 {
            score += 0.3;
        }
        if states && !task && group.slot {
            score += 0.5;
        }
        if self.names.any(&group.hits, &["revweak"]) && group.overlap >= 0.5 && !task {
            score += 0.5;
        }
        group.score = score;
        let (veto, mut against) = self.vetoes(group, sentence);
        group.veto = veto;
        if let Inherited::Veto(reason) = inherited {
            against.push("inherited".to_string());
            group.veto.get_or_insert_with(|| reason.clone());
        }
        group.against = against;
    }

    /// "we use airflow and it hangs": a statement that only sets the scene of a question.
    fn background(&self, group: &Group) -> bool {
        let firm = [
            "durable",
            "kbcmd",
            "memory",
            "contrast",
            "weneg",
            "project",
            "stopping",
            "banning",
            "adverb",
            "correction",
            "nomore",
            "condition",
            "conventional",
            "needing",
            "revoke",
            "agent",
            "preference",
            "generally",
            "forbid",
            "replacing",
            "settling",
        ];
        !self.names.any(&group.hits, &firm)
    }

    fn penalties(&self, group: &Group, sure: bool) -> f32 {
        if sure {
            let stands = group.pieces.iter().any(|(_, f)| f.trouble && f.single && !f.modal);
            return if stands && !self.names.any(&group.hits, &["kbcmd", "memory"]) { 0.6 } else { 0.0 };
        }
        let named = ["wegen", "nomore", "contrast", "preference", "allot", "project"];
        let stated = self.names.any(&group.hits, &named);
        let stands = |f: &Frame| f.trouble && !(f.mood == Mood::Fragment && stated);
        let trouble =
            group.pieces.iter().any(|(_, f)| stands(f)) && !group.pieces.iter().any(|(_, f)| f.modal);
        let first =
            group.pieces.iter().map(|(_, f)| f).find(|f| !matches!(f.mood, Mood::Condition | Mood::Empty));
        let task = first.is_some_and(|f| f.mood == Mood::Task)
            && !self.names.any(
                &group.hits,
                &["adverb", "condition", "agent", "forbid", "stopping", "nomore", "revoke", "settling"],
            );
        let aims = self.names.any(&group.hits, &["avoid", "forbid", "nomore", "stopping"]);
        let target = first.is_some_and(|f| f.target && (f.mood != Mood::Fragment || aims))
            && !self.names.any(&group.hits, &["condition"]);
        let pinned =
            self.names.any(&group.hits, &["adverb", "agent", "settling", "revoke", "generally", "contrast"]);
        let product = self.names.any(&group.hits, &["product"]);
        let one = self.one_thing(group);
        let amount = |on: bool, by: f32| if on { by } else { 0.0 };
        let mild = self.names.any(&group.hits, RULING);
        amount(trouble, if mild { 0.4 } else { 1.0 })
            + amount(task, 0.8)
            + amount(target, if pinned { 0.3 } else { 0.6 })
            + amount(product, 0.8)
            + amount(one, 1.0)
    }

    /// "this csv", "in questa tabella": a demonstrative with a noun other than the project.
    fn one_thing(&self, group: &Group) -> bool {
        group.tokens.clone().any(|i| {
            let before = i.checked_sub(1).and_then(|b| self.tokens.get(b)).map_or(0, |t| t.classes);
            let Some(token) =
                self.tokens.get(i).filter(|t| t.classes & self.bits.demo != 0 && t.norm != "that")
            else {
                return false;
            };
            let pointed = before & self.bits.prep != 0;
            let Some(next) = self.tokens.get(i + 1).filter(|_| i + 1 < group.tokens.end) else {
                return pointed;
            };
            if next.kind == Kind::Mark {
                return pointed;
            }
            let verbs = self.bits.copula
                | self.bits.modal
                | self.bits.always
                | self.bits.never
                | self.bits.habit
                | self.bits.prep
                | self.bits.only;
            let noun = matches!(next.kind, Kind::Word | Kind::Code)
                && next.classes
                    & (self.bits.project | self.bits.waynoun | verbs | self.bits.coord | self.bits.subord)
                    == 0;
            noun && (pointed || token.norm.len() > 3)
        })
    }

    fn source(&self, group: &Group) -> &str {
        let tokens = self.tokens.get(group.tokens.clone()).unwrap_or(&[]);
        let (Some(first), Some(last)) = (tokens.first(), tokens.last()) else { return "" };
        self.text.get(first.range.start..last.range.end).unwrap_or("")
    }

    /// The first reason against the group, and the names of all.
    fn vetoes(&self, group: &Group, sentence: &Sentence) -> (Option<String>, Vec<String>) {
        let named = |names: &[&str]| self.names.any(&group.hits, names);
        let command = named(&["kbcmd"]);
        let mut against = Vec::new();
        let mut first = None;
        if command && named(&["kbdeny"]) {
            against.push("denied".to_string());
            first = Some("says not to write it down".to_string());
        }
        if let Some(reason) = self.question(group, sentence) {
            against.push("question".to_string());
            first.get_or_insert(reason);
        }
        for hit in &group.hits {
            let Some(feature) = self.lexicon.features.get(hit.feature).filter(|f| f.effect == Effect::Veto)
            else {
                continue;
            };
            if !self.lifted(group, hit, command) {
                against.push(feature.name.clone());
                first.get_or_insert_with(|| feature.reason.clone());
            }
        }
        (first, against)
    }

    /// Whether something in the group outweighs a veto.
    fn lifted(&self, group: &Group, hit: &Hit, command: bool) -> bool {
        let is = |name: &str| self.names.is(hit, name);
        let durable = self.names.any(&group.hits, &["durable"]);
        let inside = group.hits.iter().any(|other| {
            let over =
                ["durable", "memory", "condition", "kbcmd", "agent", "conventional", "preference", "revoke"];
            over.iter().any(|name| self.names.is(other, name))
                && other.tokens.start <= hit.tokens.start
                && hit.tokens.end <= other.tokens.end
        });
        if is("kbask") || is("irony") {
            return false;
        }
        let later = group.pieces.first().is_some_and(|(piece, frame)| {
            let own: Vec<Hit> = within(&group.hits, &piece.tokens).cloned().collect();
            hit.tokens.start >= piece.tokens.end && self.rough(&own, &[frame]) >= 0.6
        });
        let aside = later && (is("self") || is("past") || is("report") || is("artefact"));
        let ruled = self.names.any(&group.hits, &["revoke", "correction"]);
        inside
            || aside
            || (command && !is("hold") && !is("artefact") && !is("self"))
            || (is("will") && durable)
            || (is("maybe")
                && self.names.any(&group.hits, &["adverb", "condition"])
                && self.tokens.get(hit.tokens.start).is_some_and(|t| t.classes & self.bits.cond != 0))
            || (is("past") && (ruled || self.names.any(&group.hits, &["switched", "conventional"])))
            || (is("report") && ruled)
            || (is("toolrule") && durable)
            || (is("hold") && self.names.any(&group.hits, &["agent", "revoke", "adverb"]))
            || (is("self") && self.names.any(&group.hits, &["revoke"]))
    }
}

/// Features that make an order a rule.
pub const RULING: &[&str] = &[
    "durable",
    "wide",
    "kbcmd",
    "memory",
    "adverb",
    "avoid",
    "forbid",
    "nomore",
    "stopping",
    "weneg",
    "banning",
    "agent",
    "revoke",
    "condition",
    "settling",
    "needing",
    "replacing",
    "generally",
];
