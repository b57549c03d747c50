//! Layer three: compares a candidate with KB.md and decides add, replace, remove, or already known. It never edits.

use std::collections::{BTreeMap, BTreeSet};

use super::aim::Aim;
use super::cognate;
use super::document::{Document, Entry};
use super::facts::{Aliases, Facts, Tables};
use super::relation::{self, Match, Relation};
use super::{Candidate, Edit, LineRef, Op, Polarity, Verdict, nearest, section, wording};

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

/// Layer three with its tables. The default has none and knows no word.
#[derive(Clone, Debug, Default)]
pub struct Reconciler {
    pub(super) tables: Tables,
    pub(super) aim: Aim,
}

/// A line of KB.md understood.
pub(super) struct Line<'a> {
    pub(super) entry: &'a Entry,
    pub(super) facts: Facts,
    /// The meanings of its heading.
    pub(super) heading: BTreeSet<String>,
}

/// What opens a part that tells why and rules nothing.
const TELLERS: &[&str] = &[
    "i",
    "they",
    "he",
    "she",
    "it",
    "nobody",
    "everybody",
    "because",
    "since",
    "otherwise",
    "you",
    "readers",
    "users",
    "perche",
    "senno",
    "altrimenti",
    "ho",
    "nessuno",
    "ormai",
    "parce",
    "car",
    "sinon",
    "porque",
    "pues",
    "nadie",
    "weil",
    "denn",
    "sonst",
    "pois",
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
        let tables = Tables::new();
        let aim = Aim::new(&tables);
        Self { tables, aim }
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

    pub(super) fn lines<'a>(&self, kb: &'a Document) -> Vec<Line<'a>> {
        let heading = |entry: &Entry| {
            kb.heading_of(entry).map(|heading| self.tables.words.meanings(heading)).unwrap_or_default()
        };
        let line =
            |entry| Line { entry, facts: Facts::of(&self.tables, &entry.text), heading: heading(entry) };
        kb.entries.iter().map(line).collect()
    }

    /// What the rules alone make of a candidate.
    pub(super) fn by_rules(&self, kb: &Document, lines: &[Line], candidate: &Candidate) -> Verdict {
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
            Some(_) | None => match nearest::only_line(&self.tables, lines, &facts) {
                Some((line, found)) => self.act(kb, line, found, &facts, candidate),
                None => self.add(kb, &facts, candidate),
            },
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
    pub(super) fn aliases(&self, lines: &[Line], quote: &str, text: &str) -> Aliases {
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
        // "..., I had to add it by hand": what the speaker tells is no rule.
        let teller = folded.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).unwrap_or("");
        if head.relation == Relation::Same && TELLERS.contains(&teller) {
            return true;
        }
        let strong = folded.split(|c: char| !c.is_alphanumeric()).any(|word| rules.contains(&word));
        head.relation == Relation::Same && !decides && !strong
    }

    pub(super) fn act(
        &self,
        kb: &Document,
        line: &Line,
        found: Match,
        said: &Facts,
        candidate: &Candidate,
    ) -> Verdict {
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

    pub(super) fn add(&self, kb: &Document, facts: &Facts, candidate: &Candidate) -> Verdict {
        Verdict::Change(Edit {
            op: Op::Add,
            text: candidate.text.clone(),
            supersedes: None,
            section: section::choose(&self.tables, kb, facts, None),
        })
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

pub(super) fn line_ref(entry: &Entry) -> LineRef {
    LineRef { line: entry.line, text: entry.text.clone() }
}

pub(super) fn replace(kb: &Document, entry: &Entry, text: String) -> Verdict {
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

pub(super) fn remove(kb: &Document, entry: &Entry) -> Verdict {
    Verdict::Change(Edit {
        op: Op::Remove,
        text: String::new(),
        supersedes: Some(line_ref(entry)),
        section: kb.heading_of(entry).map(str::to_string),
    })
}
