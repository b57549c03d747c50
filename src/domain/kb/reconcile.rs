//! Layer three: compares a candidate with KB.md and decides add, replace, remove, or already known. It never edits.

use std::collections::{BTreeMap, BTreeSet};

use super::cognate;
use super::document::{Document, Entry};
use super::facts::{Aliases, Facts, Tables};
use super::relation::{self, Match, Relation};
use super::words::ratio;
use super::{Candidate, Edit, LineRef, Op, Polarity, Verdict, ordinal, section, stance, wording};

/// How well a revocation must name a line to be understood.
const NAMED: f32 = 0.4;

/// How well a sentence that says of a rule that it no longer holds must name it.
const LIFTED: f32 = 0.45;

/// As [`LIFTED`], where the sentence only says that something ends.
const ENDED: f32 = 0.55;

/// Decides what one candidate means for KB.md. Builds its tables anew; keep a [`Reconciler`] where there are several.
pub fn reconcile(kb: &Document, candidate: &Candidate) -> Verdict {
    Reconciler::new().reconcile(kb, candidate)
}

/// The verdict on one of several candidates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Index of the candidate.
    pub candidate: usize,
    pub verdict: Verdict,
}

/// Layer three with its tables.
#[derive(Clone, Debug, Default)]
pub struct Reconciler {
    tables: Tables,
}

/// A line of KB.md understood.
struct Line<'a> {
    entry: &'a Entry,
    facts: Facts,
}

/// What opens the part of a revocation that says what is to hold instead.
const INSTEAD: &[&str] = &[
    "we", "use", "now", "from", "only", "instead", "usiamo", "usa", "ora", "adesso", "ormai", "solo", "si",
    "on", "nous", "usamos", "ahora", "wir", "jetzt", "agora",
];

/// How a sentence or its first part stands to a line.
#[derive(Clone, Copy)]
struct Found {
    found: Match,
    by_head: bool,
}

impl Reconciler {
    /// Reads the embedded tables; takes a few milliseconds.
    pub fn new() -> Self {
        Self { tables: Tables::new() }
    }

    /// The tables, for those who compare sentences themselves.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Decides what one candidate means for KB.md.
    pub fn reconcile(&self, kb: &Document, candidate: &Candidate) -> Verdict {
        self.decide(kb, &self.lines(kb), candidate)
    }

    /// Decides what the candidates of one message mean together: equal ones are merged, and of two that contradict each other the
    /// later counts. The verdicts keep the candidates' order.
    pub fn reconcile_all(&self, kb: &Document, candidates: &[Candidate]) -> Vec<Verdict> {
        self.settle(kb, candidates).into_iter().map(|settled| settled.verdict).collect()
    }

    /// As [`Self::reconcile_all`], with the candidate that each verdict belongs to.
    pub fn settle(&self, kb: &Document, candidates: &[Candidate]) -> Vec<Settled> {
        let lines = self.lines(kb);
        let mut settled: Vec<Settled> = Vec::new();
        for (at, candidate) in candidates.iter().enumerate() {
            let verdict = self.decide(kb, &lines, candidate);
            self.join(&mut settled, Settled { candidate: at, verdict });
        }
        settled
    }

    fn lines<'a>(&self, kb: &'a Document) -> Vec<Line<'a>> {
        kb.entries.iter().map(|entry| Line { entry, facts: Facts::of(&self.tables, &entry.text) }).collect()
    }

    fn decide(&self, kb: &Document, lines: &[Line], candidate: &Candidate) -> Verdict {
        if candidate.revokes {
            return self.revoke(kb, lines, candidate);
        }
        let aliases = self.aliases(lines, &candidate.quote, &candidate.text);
        let facts = Facts::aliased(&self.tables, &candidate.text, &aliases);
        if let Some(line) = self.taken_back(kb, lines, &facts, candidate) {
            return if self.states_other(&facts, &line.facts) {
                replace(kb, line.entry, wording::reworded(&self.tables, &line.facts, &facts, &candidate.text))
            } else {
                remove(kb, line.entry)
            };
        }
        let whole = Facts::aliased(&self.tables, &candidate.quote, &aliases);
        let head = self.head(&facts, &aliases);
        if let Some((line, found)) = self.best(lines, &facts, head.as_ref()) {
            let said = if found.by_head { head.as_ref().unwrap_or(&facts) } else { &facts };
            return self.act(kb, line, found.found, said, candidate);
        }
        // The sentence alone names no line; the words around it may ("node 20 is old: the minimum is 22"). A sentence that is but a
        // small part of its quote stands beside other rules there, and those are not its own.
        let most = candidate.text.len() * 2 >= candidate.quote.len();
        match self.best(lines, &whole, None) {
            Some((line, found)) if most && found.found.relation == Relation::Changes => {
                self.act(kb, line, found.found, &whole, candidate)
            }
            Some(_) | None => self.add(kb, &facts, candidate),
        }
    }

    /// What the sentence says before its first comma, when reasons or details follow: "a source line goes under each chart, I had to add
    /// it by hand".
    fn head(&self, facts: &Facts, aliases: &Aliases) -> Option<Facts> {
        let first = facts.parts.first().filter(|part| facts.parts.len() > 1 && part.meanings.len() > 1)?;
        let text = facts.text.get(..first.end)?;
        Some(Facts::aliased(&self.tables, text, aliases))
    }

    /// Words of a message that KB.md does not hold and the lexicon does not know, each with the word of KB.md that it is a form of.
    fn aliases(&self, lines: &[Line], quote: &str, text: &str) -> Aliases {
        let known: BTreeMap<&str, &str> = lines
            .iter()
            .flat_map(|line| &line.facts.tokens)
            .map(|token| (token.meaning.as_str(), token.word.as_str()))
            .collect();
        let language = |text: &str| section::language(text);
        let ours = language(quote);
        let sample: String =
            lines.iter().take(20).map(|line| line.facts.text.as_str()).collect::<Vec<_>>().join(" ");
        let foreign = ours != language(&sample);
        let mut aliases = Aliases::new();
        for token in self.tables.words.tokens(quote).into_iter().chain(self.tables.words.tokens(text)) {
            if known.contains_key(token.meaning.as_str()) || aliases.contains_key(&token.meaning) {
                continue;
            }
            let alike = |word: &str| {
                let bare = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
                let numbered = bare.len() > 2 && bare.len() < word.len() && bare == token.word;
                numbered
                    || cognate::is_kin(&token.word, word)
                    || (foreign && cognate::is_cognate(&token.word, word))
            };
            let own = known.iter().find(|(_, word)| alike(word));
            if let Some((meaning, _)) = own {
                aliases.insert(token.meaning, (*meaning).to_string());
            }
        }
        aliases
    }

    /// The line that a sentence takes back though the detector did not say so: "the 400 line limit has been dropped".
    fn taken_back<'a>(
        &self,
        kb: &Document,
        lines: &'a [Line<'a>],
        facts: &Facts,
        candidate: &Candidate,
    ) -> Option<&'a Line<'a>> {
        if !(facts.lifts || facts.ends) {
            return None;
        }
        let least = if facts.lifts { LIFTED } else { ENDED };
        let line = self.named_line(kb, lines, &candidate.text, least)?;
        let stays = |slot: &str| self.tables.slots.slot(slot).is_some_and(|slot| slot.keyed);
        let nothing_new = facts.values.iter().all(|stated| {
            let held = line.facts.values.iter().any(|theirs| theirs.value.value == stated.value.value);
            // A tool that is given up is ruled out; a practice that is given up is no rule any more.
            let tool = held && !stays(&stated.value.slot) && !facts.lifts;
            let other = stated.stance == Polarity::Require
                && !held
                && line.facts.answers(&stated.value.slot, Polarity::Require).next().is_some();
            !tool && !other
        });
        let forbids = line.facts.polarity == Polarity::Forbid;
        let amounts = facts.measures.iter().all(|ours| {
            line.facts.measures.iter().all(|theirs| !ours.is_like(theirs) || ours.amount == theirs.amount)
        });
        (nothing_new && amounts && (facts.lifts || !forbids)).then_some(line)
    }

    /// Whether a sentence that ends something opens with what is to hold instead: "keep them in flash, the eeprom is gone".
    fn states_other(&self, facts: &Facts, line: &Facts) -> bool {
        let Some(first) = facts.parts.first().filter(|_| facts.parts.len() > 1) else { return false };
        let head = Facts::of(&self.tables, facts.text.get(..first.end).unwrap_or(""));
        let fresh = first.meanings.iter().any(|meaning| !line.meanings.contains(meaning))
            && !first.meanings.is_disjoint(&line.meanings);
        let states = head.polarity == Polarity::Require && !head.ends && !head.lifts;
        let revokes = head.tokens.iter().any(|token| self.tables.words.is_revoking(&token.word));
        states && fresh && !revokes && !head.text.trim_end().ends_with('?')
    }

    fn best<'a>(
        &self,
        lines: &'a [Line<'a>],
        facts: &Facts,
        head: Option<&Facts>,
    ) -> Option<(&'a Line<'a>, Found)> {
        let compare = |facts: &Facts, line: &Line| relation::compare(&self.tables, facts, &line.facts);
        lines
            .iter()
            .filter_map(|line| {
                let whole = compare(facts, line);
                let part = head.and_then(|head| compare(head, line));
                let found = match (whole, part) {
                    (Some(whole), Some(part))
                        if whole.relation != part.relation && self.says_all(facts, part) =>
                    {
                        Found { found: part, by_head: true }
                    }
                    (Some(whole), _) => Found { found: whole, by_head: false },
                    (None, Some(part)) if part.relation != Relation::Same || self.says_all(facts, part) => {
                        Found { found: Match { score: part.score - 0.03, ..part }, by_head: true }
                    }
                    (None, Some(_) | None) => return None,
                };
                Some((line, found))
            })
            .reduce(|best, next| {
                let known =
                    |found: &Found| found.found.relation == Relation::Same && found.found.score >= 0.7;
                let wins = next.1.found.score > best.1.found.score && !known(&best.1);
                if wins || (known(&next.1) && !known(&best.1)) { next } else { best }
            })
    }

    /// Whether the head of a sentence repeats the line, and what follows is a reason and no rule of its own.
    fn says_all(&self, facts: &Facts, head: Match) -> bool {
        let Some(first) = facts.parts.first() else { return false };
        let tail = facts.text.get(first.end..).unwrap_or("");
        let decides = facts.values.iter().any(|stated| stated.value.range.start >= first.end)
            || facts.measures.iter().any(|measure| measure.number.start >= first.end);
        let rules = [
            "never", "always", "must", "only", "every", "mai", "sempre", "deve", "devono", "solo", "ogni",
            "and", "e",
        ];
        let folded = super::words::fold(tail).text;
        let strong = folded.split(|c: char| !c.is_alphanumeric()).any(|word| rules.contains(&word));
        head.relation == Relation::Same && !decides && !strong
    }

    fn act(&self, kb: &Document, line: &Line, found: Match, said: &Facts, candidate: &Candidate) -> Verdict {
        match found.relation {
            Relation::Same => Verdict::Known(line_ref(line.entry)),
            Relation::Extends => replace(kb, line.entry, candidate.text.clone()),
            Relation::Changes => {
                replace(kb, line.entry, wording::reworded(&self.tables, &line.facts, said, &candidate.text))
            }
            Relation::Excepts => {
                let text = wording::with_exception(&self.tables, &line.facts, said, &candidate.text);
                replace(kb, line.entry, text)
            }
            Relation::Narrows => Verdict::Change(Edit {
                op: Op::Add,
                text: candidate.text.clone(),
                supersedes: None,
                section: kb.heading_of(line.entry).map(str::to_string),
            }),
        }
    }

    fn add(&self, kb: &Document, facts: &Facts, candidate: &Candidate) -> Verdict {
        Verdict::Change(Edit {
            op: Op::Add,
            text: candidate.text.clone(),
            supersedes: None,
            section: section::choose(&self.tables, kb, facts, None),
        })
    }

    fn revoke(&self, kb: &Document, lines: &[Line], candidate: &Candidate) -> Verdict {
        let Some(line) = self.named_line(kb, lines, &candidate.quote, NAMED) else {
            let facts = Facts::of(&self.tables, &candidate.text);
            let instead = !facts.tokens.is_empty() && !self.repeats(&facts, candidate);
            return if instead { self.add(kb, &facts, candidate) } else { Verdict::NoSuchRule };
        };
        match self.instead(line, candidate) {
            Some(text) => {
                let facts = Facts::of(&self.tables, &text);
                replace(kb, line.entry, wording::reworded(&self.tables, &line.facts, &facts, &text))
            }
            None => remove(kb, line.entry),
        }
    }

    /// What a revocation says is to hold instead: the candidate's own sentence, or the part of the quote that answers the line's decision
    /// or speaks of the line without taking anything back ("ktlint no longer applies, we format with ktfmt").
    fn instead(&self, line: &Line, candidate: &Candidate) -> Option<String> {
        let answers = |facts: &Facts| {
            line.facts.values.iter().any(|stated| {
                facts
                    .answers(&stated.value.slot, Polarity::Require)
                    .any(|ours| ours.value != stated.value.value)
            })
        };
        let facts = Facts::of(&self.tables, &candidate.text);
        if answers(&facts) || (!facts.tokens.is_empty() && !self.repeats(&facts, candidate)) {
            return Some(candidate.text.clone());
        }
        let speaks = |part: &str, facts: &Facts| {
            let revoking = facts.tokens.iter().any(|token| self.tables.words.is_revoking(&token.word));
            let shared = facts.meanings.intersection(&line.facts.meanings).count();
            let fresh = facts.meanings.difference(&line.facts.meanings).count();
            let opens = part.split(|c: char| !c.is_alphabetic()).next().unwrap_or("").to_lowercase();
            let other = facts
                .values
                .iter()
                .any(|ours| !line.facts.values.iter().any(|theirs| theirs.value.value == ours.value.value));
            let states = INSTEAD.contains(&opens.as_str()) || other;
            facts.ruled.is_empty() && !revoking && !facts.lifts && states && shared > 0 && fresh > 0
        };
        let parts = stance::parts(&candidate.quote);
        let several = parts.iter().filter(|part| !part.is_empty()).count() > 1;
        parts
            .into_iter()
            .map(|part| (part, Facts::of(&self.tables, part)))
            .find(|(part, facts)| answers(facts) || (several && speaks(part, facts)))
            .map(|(part, _)| part.to_string())
    }

    /// Whether the text is but the revocation again.
    fn repeats(&self, facts: &Facts, candidate: &Candidate) -> bool {
        let revoking = facts.tokens.iter().any(|token| self.tables.words.is_revoking(&token.word));
        let plain = |text: &str| super::words::fold(text).text.trim_end_matches(['.', ' ']).to_string();
        revoking || plain(&candidate.text) == plain(&candidate.quote)
    }

    /// The line that a revocation names: by number, by a decision's answer, or by its words.
    fn named_line<'a>(
        &self,
        kb: &Document,
        lines: &'a [Line<'a>],
        quote: &str,
        least: f32,
    ) -> Option<&'a Line<'a>> {
        let (at, _) = self.named_lines(kb, lines, quote, least).first().copied()?;
        lines.get(at)
    }

    /// The entries that a revocation may name, as indices with their scores, the best first.
    pub fn named(&self, kb: &Document, quote: &str) -> Vec<(usize, f32)> {
        self.named_lines(kb, &self.lines(kb), quote, NAMED)
    }

    fn named_lines(&self, kb: &Document, lines: &[Line], quote: &str, least: f32) -> Vec<(usize, f32)> {
        if let Some(at) = ordinal::named(kb, quote) {
            return vec![(at, 1.0)];
        }
        // The reason behind a comma names other things: "the rule on anglicisms has lapsed, the director changed his mind".
        let parts = stance::parts(quote);
        let head = parts.into_iter().find(|part| !part.is_empty()).filter(|head| head.len() < quote.len());
        let whole = self.likely_lines(lines, quote);
        let part = head.map(|head| self.likely_lines(lines, head)).unwrap_or_default();
        let best = |found: &[(usize, f32)]| found.first().map_or(0.0, |(_, score)| *score);
        let mut found = if best(&part) > best(&whole) { part } else { whole };
        found.retain(|(_, score)| *score >= least);
        found
    }

    /// All lines with how much each shares with the words of a revocation, the best first.
    fn likely_lines(&self, lines: &[Line], quote: &str) -> Vec<(usize, f32)> {
        let words = &self.tables.words;
        let aliases = self.aliases(lines, quote, "");
        let facts = Facts::aliased(&self.tables, quote, &aliases);
        let named: BTreeSet<&String> = facts
            .tokens
            .iter()
            .filter(|token| !words.is_revoking(&token.word))
            .map(|token| &token.meaning)
            .collect();
        let theirs: Vec<BTreeSet<&String>> =
            lines.iter().map(|line| line.facts.tokens.iter().map(|token| &token.meaning).collect()).collect();
        // A word that many lines hold names none of them; one that KB.md does not hold says little.
        let weight = |meaning: &String| {
            let holders = theirs.iter().filter(|line| line.contains(meaning)).count();
            if holders == 0 { 0.5 } else { 1.0 / ratio(holders, 1).sqrt() }
        };
        let all: f32 = named.iter().map(|meaning| weight(meaning)).sum();
        let score = |line: &Line, theirs: &BTreeSet<&String>| {
            let shared: f32 = named.intersection(theirs).map(|meaning| weight(meaning)).sum();
            let held = named.intersection(theirs).count();
            let answers = facts.values.iter().any(|ours| {
                line.facts.values.iter().any(|stated| {
                    stated.value.value == ours.value.value && stated.value.slot == ours.value.slot
                })
            });
            let share = if all > 0.0 { shared / all } else { 0.0 };
            let base = 0.6 * share + 0.4 * ratio(held, theirs.len());
            if answers { base + 0.4 } else { base }
        };
        let scores = lines.iter().zip(&theirs).map(|(line, theirs)| score(line, theirs));
        let mut found: Vec<(usize, f32)> = scores.enumerate().collect();
        found.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        found
    }

    /// Adds a verdict to those before it, merging what is the same and letting the later of two contradictions win.
    fn join(&self, settled: &mut Vec<Settled>, next: Settled) {
        let Verdict::Change(edit) = &next.verdict else {
            if !settled.iter().any(|before| before.verdict == next.verdict) {
                settled.push(next);
            }
            return;
        };
        let rival = settled.iter().position(|before| match &before.verdict {
            Verdict::Change(other) => self.rivals(other, edit),
            Verdict::Known(_) | Verdict::NoSuchRule => false,
        });
        match rival {
            None => settled.push(next),
            Some(at) => {
                let keeps = settled.get(at).is_some_and(|before| match &before.verdict {
                    Verdict::Change(other) => self.earlier_says_more(other, edit),
                    Verdict::Known(_) | Verdict::NoSuchRule => false,
                });
                if !keeps {
                    settled.remove(at);
                    settled.push(next);
                }
            }
        }
    }

    /// Whether two edits act on the same line, or would add the same rule or two that exclude each other.
    fn rivals(&self, earlier: &Edit, later: &Edit) -> bool {
        if let (Some(a), Some(b)) = (&earlier.supersedes, &later.supersedes) {
            return a == b;
        }
        if earlier.op != Op::Add || later.op != Op::Add {
            return false;
        }
        let (a, b) = (Facts::of(&self.tables, &earlier.text), Facts::of(&self.tables, &later.text));
        relation::compare(&self.tables, &b, &a).is_some_and(|found| match found.relation {
            Relation::Same | Relation::Changes | Relation::Extends => found.score >= 0.7,
            Relation::Excepts | Relation::Narrows => false,
        })
    }

    /// "use pnpm, npm is out": the prohibition after the value that replaces the line adds nothing.
    fn earlier_says_more(&self, earlier: &Edit, later: &Edit) -> bool {
        match (earlier.op, later.op) {
            (Op::Replace, Op::Remove) => true,
            (Op::Replace, Op::Replace) | (Op::Add, Op::Add) => {
                let wants = |text: &str| {
                    let facts = Facts::of(&self.tables, text);
                    let wanted = facts.values.iter().filter(|s| s.stance == Polarity::Require).count();
                    (facts.polarity == Polarity::Require, wanted)
                };
                let (earlier, later) = (wants(&earlier.text), wants(&later.text));
                earlier.0 && !later.0 && later.1 == 0
            }
            (Op::Add | Op::Remove, Op::Add | Op::Replace | Op::Remove) | (Op::Replace, Op::Add) => false,
        }
    }
}

fn line_ref(entry: &Entry) -> LineRef {
    LineRef { line: entry.line, text: entry.text.clone() }
}

fn replace(kb: &Document, entry: &Entry, text: String) -> Verdict {
    if text == entry.text {
        return Verdict::Known(line_ref(entry));
    }
    Verdict::Change(Edit {
        op: Op::Replace,
        text,
        supersedes: Some(line_ref(entry)),
        section: kb.heading_of(entry).map(str::to_string),
    })
}

fn remove(kb: &Document, entry: &Entry) -> Verdict {
    Verdict::Change(Edit {
        op: Op::Remove,
        text: String::new(),
        supersedes: Some(line_ref(entry)),
        section: kb.heading_of(entry).map(str::to_string),
    })
}
