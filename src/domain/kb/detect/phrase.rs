//! Says a directive as one sentence in the user's own words. It deletes and turns the head of a clause; it never invents.

use std::collections::HashMap;
use std::ops::Range;

use foldhash::fast::FixedState;

use crate::domain::kb::clause::{Kind, Token};
use crate::domain::kb::cues::{Effect, Hit, Lexicon, Words};
use crate::domain::kb::{Band, Candidate, Polarity};

use super::frame::{Frame, Mood};
use super::group::{Bits, Opened, Piece, within};
use super::judge::{Group, Names};

const PHRASES: &str = include_str!("../../../../assets/kb/phrases.txt");

/// The heads of clauses and what they become, by the first word of the head.
#[derive(Clone, Debug, Default)]
pub struct Phrases {
    rows: HashMap<String, Vec<(String, String)>, FixedState>,
}

impl Phrases {
    /// The table that dictum ships with.
    pub fn new() -> Self {
        let mut rows: HashMap<String, Vec<(String, String)>, FixedState> = HashMap::default();
        for line in PHRASES.lines().filter(|line| !line.starts_with("//")) {
            let mut columns = line.split('\t').skip(1);
            let (Some(from), to) = (columns.next(), columns.next().unwrap_or("").trim()) else { continue };
            let first = from.split(' ').next().unwrap_or("").to_string();
            rows.entry(first).or_default().push((from.to_string(), to.to_string()));
        }
        Self { rows }
    }

    /// The longest row that opens the sentence.
    fn find(&self, lower: &str) -> Option<&(String, String)> {
        let rows = self.rows.get(lower.split(' ').next()?)?;
        let opens = |from: &str| lower.strip_prefix(from).is_some_and(|rest| rest.starts_with(' '));
        rows.iter().filter(|(from, _)| opens(from)).max_by_key(|(from, _)| from.len())
    }
}

/// At most so many reasons are shown.
const REASONS: usize = 4;

/// The bytes that a range of tokens covers.
pub fn bytes(tokens: &[Token], range: &Range<usize>) -> Range<usize> {
    let inside = tokens.get(range.clone()).unwrap_or(&[]);
    match (inside.first(), inside.last()) {
        (Some(first), Some(last)) => first.range.start..last.range.end,
        _ => 0..0,
    }
}

/// What writing a candidate needs.
pub struct Writer<'a> {
    pub lexicon: &'a Lexicon,
    pub bits: &'a Bits,
    pub names: &'a Names,
    pub phrases: &'a Phrases,
    pub text: &'a str,
    pub tokens: &'a [Token],
}

impl Writer<'_> {
    /// The candidates of one group: one, or one for each item of "from now on: a, b, c".
    pub fn candidates(&self, group: &Group, band: Band, odds: f32) -> Vec<Candidate> {
        let items = self.items(group);
        if items.is_empty() {
            return self.candidate(group, &group.tokens, &group.pieces, (band, odds)).into_iter().collect();
        }
        items
            .into_iter()
            .filter_map(|(piece, frame)| {
                let range = piece.head..piece.tokens.end;
                self.candidate(group, &range, &[(piece, frame)], (band, odds))
            })
            .collect()
    }

    /// The items of an enumeration after a colon, if there are three or more.
    fn items(&self, group: &Group) -> Vec<(Piece, Frame)> {
        let colon = group.pieces.iter().position(|(piece, _)| piece.opened == Opened::Colon);
        let Some(colon) = colon.filter(|at| *at > 0) else { return Vec::new() };
        let announced = group
            .pieces
            .iter()
            .take(colon)
            .all(|(_, frame)| matches!(frame.mood, Mood::Empty | Mood::Fragment));
        let items: Vec<(Piece, Frame)> = group.pieces.iter().skip(colon).cloned().collect();
        let whole = items
            .iter()
            .all(|(piece, frame)| piece.head + 2 <= piece.tokens.end && frame.mood != Mood::Condition);
        if announced && whole && items.len() >= 3 { items } else { Vec::new() }
    }

    fn candidate(
        &self,
        group: &Group,
        range: &Range<usize>,
        pieces: &[(Piece, Frame)],
        (band, odds): (Band, f32),
    ) -> Option<Candidate> {
        let bytes = bytes(self.tokens, range);
        let said = self.text.get(bytes.clone())?;
        let start = bytes.start + (said.len() - said.trim_start().len());
        let quote = said.trim().trim_end_matches([',', ':', '-']).to_string();
        let revokes = self.names.any(&group.hits, &["revoke", "revweak"])
            && !self.names.any(&group.hits, &["replacing"]);
        let text = if revokes { self.replacement(group, pieces) } else { self.sentence(range, group) };
        let (text, band) = self.named(text, range, band);
        if text.is_empty() && !revokes {
            return None;
        }
        Some(Candidate {
            polarity: self.polarity(group, pieces),
            revokes,
            kb_command: self.names.any(&group.hits, &["kbcmd"]),
            band,
            score: odds,
            reasons: self.reasons(group),
            range: start..start + quote.len(),
            quote,
            text,
        })
    }

    /// Puts what "it" stands for in its place, when the sentence has no other noun: the last name before it in the message. Without
    /// one the candidate is weak, since nobody could read the rule.
    fn named(&self, text: String, range: &Range<usize>, band: Band) -> (String, Band) {
        let words: Vec<&str> = text.trim_end_matches('.').split(' ').collect();
        let pronoun = words.iter().position(|word| matches!(*word, "it" | "them"));
        let Some(at) = pronoun.filter(|at| *at > 0 && *at + 1 == words.len() && words.len() <= 4) else {
            return (text, band);
        };
        let before = self.tokens.get(..range.start).unwrap_or(&[]);
        let name = |t: &&Token| {
            t.kind == Kind::Code
                || (t.kind == Kind::Word && self.lexicon.grammar(t.classes) == 0 && t.norm.len() > 2)
        };
        let found = before.iter().rev().take(24).find(name).and_then(|t| self.text.get(t.range.clone()));
        match found {
            Some(noun) => {
                let kept = words.get(..at).unwrap_or(&[]).join(" ");
                (format!("{kept} {noun}."), band)
            }
            None => (text, Band::Weak),
        }
    }

    /// What a revocation puts in the place of the old rule: the pieces that lay something down of their own.
    fn replacement(&self, group: &Group, pieces: &[(Piece, Frame)]) -> String {
        let revokes = |piece: &Piece| {
            within(&group.hits, &piece.tokens)
                .any(|hit| self.names.is(hit, "revoke") || self.names.is(hit, "revweak"))
        };
        let states = |piece: &Piece, frame: &Frame| {
            let own = |names: &[&str]| {
                within(&group.hits, &piece.tokens)
                    .any(|hit| names.iter().any(|name| self.names.is(hit, name)))
            };
            let being = (piece.head..piece.tokens.end)
                .nth(1)
                .and_then(|i| self.tokens.get(i))
                .is_some_and(|t| matches!(t.norm.as_str(), "are" | "have" | "siamo" | "abbiamo"));
            let ruled = own(&[
                "adverb",
                "settling",
                "replacing",
                "switched",
                "conventional",
                "impersonal",
                "durable",
            ]) || (own(&["wegen"]) && !being);
            !own(&["anymore"])
                && ((ruled && frame.mood != Mood::Empty)
                    || (frame.mood == Mood::Statement && frame.score >= 0.6))
        };
        let kept = pieces.iter().find(|(piece, frame)| !revokes(piece) && states(piece, frame));
        kept.map_or_else(String::new, |(piece, _)| self.sentence(&piece.tokens, group))
    }

    /// Deletes cues and lead-ins, turns the head, and gives the rest a capital and a full stop.
    fn sentence(&self, range: &Range<usize>, group: &Group) -> String {
        let mut words = String::new();
        let mut last_end: Option<usize> = None;
        let mut opening = true;
        let mut skipped = false;
        for i in range.clone() {
            let Some(token) = self.tokens.get(i) else { break };
            let dropped = self.dropped(i, group, opening);
            let mark = token.kind == Kind::Mark;
            if dropped || (opening && mark && !matches!(token.norm.as_str(), "\"" | "'" | "(" | "[" | "«")) {
                skipped = true;
                continue;
            }
            // Tokens of one typed word share its bytes and are written once.
            if last_end.is_some_and(|end| token.range.start < end) {
                continue;
            }
            let gap = last_end.and_then(|end| self.text.get(end..token.range.start)).unwrap_or("");
            if !skipped {
                words.push_str(gap);
            } else if gap.contains(char::is_whitespace) {
                words.push(' ');
            }
            skipped = false;
            words.push_str(&self.written(token, i, range));
            last_end = Some(token.range.end);
            opening = false;
        }
        finish(&instead(&tidy(&words), self.phrases))
    }

    /// The typed bytes of a token, with a slip in a cue word put right. A line end or a full stop inside becomes a semicolon, so that
    /// one sentence stays one.
    fn written(&self, token: &Token, at: usize, range: &Range<usize>) -> String {
        let inside = at + 1 < range.end;
        match token.kind {
            Kind::Break => ";".to_string(),
            Kind::Mark if inside && matches!(token.norm.as_str(), "." | "!" | ";") => ";".to_string(),
            Kind::Word
                if self.lexicon.slipped(&token.norm, self.text.get(token.range.clone()).unwrap_or("")) =>
            {
                token.norm.clone()
            }
            Kind::Mark | Kind::Word | Kind::Code | Kind::Number | Kind::Masked(_) => {
                self.text.get(token.range.clone()).unwrap_or("").to_string()
            }
        }
    }

    fn dropped(&self, at: usize, group: &Group, opening: bool) -> bool {
        let covered = group.hits.iter().any(|hit| {
            hit.tokens.contains(&at)
                && self.lexicon.features.get(hit.feature).is_some_and(|feature| {
                    let lead = feature.effect == Effect::Lead && opening;
                    lead || (feature.effect == Effect::Cue && feature.words == Words::Drop)
                })
        });
        // A piece of nothing but a tag ("ok?") goes; one that gives a scope ("for all services:") stays.
        let tag = group.pieces.iter().skip(1).any(|(piece, frame)| {
            let scope =
                |hit: &Hit| self.lexicon.features.get(hit.feature).is_some_and(|f| f.words == Words::Scope);
            frame.mood == Mood::Empty
                && piece.tokens.contains(&at)
                && !within(&group.hits, &piece.tokens).any(scope)
        });
        let class = self.tokens.get(at).map_or(0, |token| token.classes);
        let aside =
            matches!(self.tokens.get(at).map(|t| t.norm.as_str()), Some("please" | "btw" | "pls" | "bitte"));
        covered || tag || aside || (opening && class & (self.bits.coord | self.bits.contrary) != 0)
    }

    /// Forbids when every piece that says something forbids.
    fn polarity(&self, group: &Group, pieces: &[(Piece, Frame)]) -> Polarity {
        let saying = pieces.iter().filter(|(_, frame)| !matches!(frame.mood, Mood::Empty | Mood::Condition));
        let mut any = false;
        for (at, (piece, frame)) in saying.enumerate() {
            let opens = self.tokens.get(piece.head).map_or(0, |t| t.classes);
            let names = at > 0
                && frame.mood == Mood::Fragment
                && opens & (self.bits.pron | self.bits.subord | self.bits.me | self.bits.we) == 0;
            let negative = self.negative(group, piece);
            let states = names
                || frame.score >= 0.3
                || within(&group.hits, &piece.tokens).any(|hit| {
                    self.lexicon
                        .features
                        .get(hit.feature)
                        .is_some_and(|f| f.effect == Effect::Cue && f.words == Words::Keep)
                });
            if states && !negative {
                return Polarity::Require;
            }
            any |= negative;
        }
        if any { Polarity::Forbid } else { Polarity::Require }
    }

    fn negative(&self, group: &Group, piece: &Piece) -> bool {
        let mut own = within(&group.hits, &piece.tokens);
        let named = ["forbid", "nomore", "stopping", "banning"];
        let double = within(&group.hits, &piece.tokens)
            .any(|hit| self.names.is(hit, "memory") || self.names.is(hit, "rememberto"));
        if double {
            return false;
        }
        let head = self.tokens.get(piece.head);
        let denies = (piece.tokens.start..piece.tokens.end.min(piece.head + 6))
            .filter_map(|i| self.tokens.get(i))
            .take_while(|t| t.kind != Kind::Masked(crate::domain::kb::mask::Hidden::Quoted))
            .any(|t| {
                t.classes & self.bits.never != 0
                    || matches!(
                        t.norm.as_str(),
                        "dont"
                            | "doesnt"
                            | "not"
                            | "non"
                            | "nao"
                            | "nicht"
                            | "kein"
                            | "keine"
                            | "ne"
                            | "no"
                            | "niente"
                            | "avoid"
                            | "evita"
                    )
            });
        let contrast = within(&group.hits, &piece.tokens)
            .any(|hit| self.names.is(hit, "contrast") && hit.tokens.start > piece.head);
        let correction = within(&group.hits, &piece.tokens).any(|hit| self.names.is(hit, "correction"));
        let first = head.is_some_and(|t| {
            t.classes & self.bits.never != 0 || matches!(t.norm.as_str(), "dont" | "avoid" | "non" | "evita")
        });
        own.any(|hit| named.iter().any(|name| self.names.is(hit, name)))
            || first
            || (denies && !contrast && !correction)
    }

    /// Why, for the review: what the cue means and the words that show it; nothing where no cue speaks for it.
    fn reasons(&self, group: &Group) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let mut hits: Vec<_> = group.hits.iter().collect();
        hits.sort_by_key(|hit| {
            std::cmp::Reverse(self.lexicon.features.get(hit.feature).map_or(0, |f| weight_rank(f.weight)))
        });
        for hit in hits {
            let Some(feature) =
                self.lexicon.features.get(hit.feature).filter(|f| f.effect == Effect::Cue && f.weight > 0.0)
            else {
                continue;
            };
            let words = self.text.get(bytes(self.tokens, &hit.tokens)).unwrap_or("").replace('\n', " ");
            let seen = out.iter().any(|reason| reason.starts_with(feature.reason.as_str()));
            if !seen && out.len() < REASONS {
                out.push(format!("{}: \"{}\"", feature.reason, words.trim_matches([',', ':', ' '])));
            }
        }
        out
    }
}

/// Weights are small tenths; sorting needs whole numbers.
fn weight_rank(weight: f32) -> i32 {
    (weight * 100.0).round() as i32
}

/// Puts marks right after deletions: no double blanks, no comma before a stop, none at the ends.
fn tidy(words: &str) -> String {
    let mut out = String::with_capacity(words.len());
    for c in words.chars() {
        let c = if c.is_whitespace() { ' ' } else { c };
        let closing = matches!(c, ',' | ';' | ':' | ')');
        if closing && out.ends_with(' ') {
            out.pop();
        }
        let doubled = (c == ' ' && (out.is_empty() || out.ends_with(' ')))
            || (matches!(c, ',' | ';' | ':') && out.ends_with([',', ';', ':']));
        if !doubled {
            out.push(c);
        }
    }
    let out = out.trim_matches(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '-' | '–' | '—'));
    let open = out.matches('(').count() > out.matches(')').count();
    if open && out.starts_with('(') { out.trim_start_matches('(').to_string() } else { out.to_string() }
}

/// Turns "we use x" into "Use x" and the like, by the longest row of the table that opens the sentence.
fn turned(words: &str, phrases: &Phrases) -> String {
    let lower = words.to_lowercase().replace('’', "'");
    if lower.len() != words.len() {
        return words.to_string();
    }
    let Some((from, to)) = phrases.find(&lower) else { return words.to_string() };
    let rest = words.get(from.len()..).unwrap_or("").trim_start();
    let next = rest.split_whitespace().next().unwrap_or("").to_lowercase();
    // "we are", "that is": the word left alone would be no order.
    if to.is_empty()
        && matches!(
            next.as_str(),
            "are" | "is" | "have" | "has" | "had" | "all" | "no" | "the" | "would" | "can" | "will"
        )
        && from == "we"
    {
        return words.to_string();
    }
    let turned = if to.is_empty() { rest.to_string() } else { format!("{to} {rest}") };
    // What was cut off may lay bare another head: "to use", "you should always".
    if to.is_empty() && turned.len() < words.len() { self::turned(&turned, phrases) } else { turned }
}

/// Turns the head of each part between commas, and "x is out, y" into "Use y, not x".
fn instead(words: &str, phrases: &Phrases) -> String {
    let parts = parted(words);
    let turned: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(at, part)| {
            let bare = part.trim().trim_end_matches([',', ';']);
            let bare = [" now", " ora", " adesso", " here"]
                .iter()
                .find_map(|late| bare.strip_suffix(late))
                .unwrap_or(bare);
            let head = turned(bare, phrases);
            if at == 0 || head == bare { head } else { lowered(&head) }
        })
        .collect();
    let gone = turned.first().and_then(|first| gone(first));
    match (gone, turned.get(1), turned.len()) {
        (Some(old), None, _) => format!("Do not use {old}"),
        (Some(old), Some(new), 2) if ordered(new).is_some() => {
            format!("{}, not {old}", ordered(new).unwrap_or_default())
        }
        _ => {
            let ends: Vec<&str> =
                parts.iter().map(|part| if part.ends_with(';') { ";" } else { "," }).collect();
            let mut out = String::new();
            for (at, part) in turned.iter().enumerate().filter(|(_, part)| !part.is_empty()) {
                if at > 0 && !out.is_empty() {
                    out.push_str(ends.get(at - 1).copied().unwrap_or(","));
                    out.push(' ');
                }
                out.push_str(part);
            }
            out
        }
    }
}

/// The parts of a sentence with the comma or semicolon that ends each; the comma of "1,8" parts nothing.
fn parted(words: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut before) = (0, ' ');
    for (at, c) in words.char_indices() {
        let next = words.get(at + c.len_utf8()..).and_then(|rest| rest.chars().next());
        let decimal = before.is_ascii_digit() && next.is_some_and(|next| next.is_ascii_digit());
        if matches!(c, ',' | ';') && !decimal {
            parts.extend(words.get(from..at + c.len_utf8()));
            from = at + c.len_utf8();
        }
        before = c;
    }
    parts.extend(words.get(from..).filter(|rest| !rest.is_empty()));
    parts
}

/// What "x is out" names.
fn gone(part: &str) -> Option<&str> {
    let end = ["out", "gone", "dead", "banned", "over", "history"];
    let (old, verb) = part
        .rsplit_once(' ')
        .filter(|(_, last)| end.contains(last))
        .and_then(|(rest, _)| rest.rsplit_once(' '))?;
    let old = old.trim();
    (matches!(verb, "is" | "are") && !old.is_empty() && old.split(' ').count() <= 4).then_some(old)
}

/// The alternative as an order: "vitest", "use es-toolkit", "dagster is what we use".
fn ordered(part: &str) -> Option<String> {
    if let Some(name) = part.strip_suffix(" is what we use") {
        return Some(format!("Use {name}"));
    }
    let first = part.split(' ').next().unwrap_or("");
    let verbs = ["use", "format", "test", "lint", "build", "deploy", "write", "log", "go"];
    if verbs.contains(&first) {
        return Some(part.to_string());
    }
    (part.split(' ').count() <= 2 && !part.is_empty() && !first.starts_with("no"))
        .then(|| format!("Use {part}"))
}

fn lowered(words: &str) -> String {
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |c| c.to_lowercase().chain(chars).collect())
}

/// A capital, unless the sentence begins with code, and a full stop.
fn finish(words: &str) -> String {
    let first = words.split_whitespace().next().unwrap_or("");
    let code =
        first.contains(['_', '/', '`', '@', '{', '.', '=']) || first.chars().skip(1).any(char::is_uppercase);
    let mut out = String::with_capacity(words.len() + 1);
    let mut chars = words.chars();
    match chars.next() {
        Some(c) if !code => out.extend(c.to_uppercase()),
        Some(c) => out.push(c),
        None => return out,
    }
    out.push_str(chars.as_str());
    if !out.ends_with(['.', '!', '?', '…']) {
        out.push('.');
    }
    out
}
