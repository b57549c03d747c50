//! A KB.md edit that waits for the user's decision, and how the detector's and the model's merge. It never writes.

use std::collections::BTreeSet;

use super::document::Document;
use super::edit;
use super::facts::{Facts, Stated, Tables};
use super::gate::{Admitted, Worded};
use super::options::{Options, Picked};
use super::reconcile::Reconciler;
use super::warnings::{Alarms, Warning};
use super::{Band, Candidate, Edit, LineRef, Op, Polarity, Verdict};

/// Who saw the directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The detector, in the user's words.
    Told,
    /// The model alone, quoting the user.
    Model,
    /// Both.
    Both,
    /// The user said `/remember`.
    Remembered,
}

/// A pending edit of KB.md.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    pub id: u64,
    pub candidate: Candidate,
    pub edit: Edit,
    pub source: Source,
    /// Said in the review when the edit is not what was first offered.
    pub note: Option<String>,
    /// Whether the user changed the text, so that reconciliation does not change it back.
    pub edited: bool,
    /// What in the text needs a second look.
    pub warnings: Vec<Warning>,
    /// The words of it that look like secrets, found once since the search takes long.
    pub secrets: Vec<String>,
    /// What else may be meant, and which further lines may go along.
    pub options: Options,
}

impl Proposal {
    /// A proposal as it is first offered.
    pub fn new(id: u64, candidate: Candidate, edit: Edit, source: Source, alarms: &Alarms) -> Self {
        let mut proposal = Self {
            id,
            candidate,
            edit,
            source,
            note: None,
            edited: false,
            warnings: Vec::new(),
            secrets: Vec::new(),
            options: Options::default(),
        };
        proposal.warn(alarms);
        proposal
    }

    /// Looks for what else may be meant in KB.md as it is now.
    pub fn look_round(&mut self, kb: &Document, reconciler: &Reconciler) {
        self.options.renew(kb, &self.candidate, &self.edit, reconciler);
    }

    /// Looks for what needs a second look. A further line needs none that it had before.
    fn warn(&mut self, alarms: &Alarms) {
        self.warnings = warned(&self.edit, alarms);
        let secret = |warning: &Warning| match warning {
            Warning::Secret(range) => self.edit.text.get(range.clone()).map(str::to_string),
            Warning::Hidden(..) | Warning::Unsafe(_) => None,
        };
        self.secrets = self.warnings.iter().filter_map(secret).collect();
        for extra in self.options.taken() {
            let before = extra.supersedes.as_ref().map_or(0, |line| alarms.warnings(&line.text).len());
            let now = warned(extra, alarms);
            if now.len() > before {
                self.warnings.extend(now);
            }
        }
    }

    /// Chooses the numbered row of the options, or takes it back.
    pub fn pick(&mut self, number: usize, kb: &Document, reconciler: &Reconciler) -> Picked {
        let picked = self.options.pick(number);
        if let Picked::Choice(choice) = &picked {
            let own = self.edited && choice.op != Op::Remove;
            let text = if own { self.edit.text.clone() } else { choice.text.clone() };
            self.edit = Edit { text, ..choice.clone() };
        }
        self.look_again(kb, reconciler);
        picked
    }

    /// The edit reads otherwise now: what else may be meant, and what needs a second look.
    pub fn look_again(&mut self, kb: &Document, reconciler: &Reconciler) {
        self.look_round(kb, reconciler);
        self.warn(&reconciler.tables().alarms);
    }

    /// Everything that an accept writes: the edit and the further lines that go along.
    pub fn edits(&self) -> Vec<Edit> {
        std::iter::once(&self.edit).chain(self.options.taken()).cloned().collect()
    }

    /// The further lines that go along, in words for the chat; empty when there are none.
    pub fn also(&self) -> String {
        let lines: Vec<String> = self
            .options
            .taken()
            .filter_map(|extra| extra.supersedes.as_ref())
            .map(|line| line.line.to_string())
            .collect();
        match lines.as_slice() {
            [] => String::new(),
            [line] => format!(", and line {line}"),
            several => format!(", and lines {}", several.join(", ")),
        }
    }

    /// Takes the user's own wording.
    pub fn reword(&mut self, text: String, alarms: &Alarms) {
        if self.edit.text != text {
            self.edited = true;
            self.note = Some("in your wording".to_string());
            self.edit.text = text;
            self.warn(alarms);
        }
    }

    /// What the edit does, in a few words: `replace line 12`.
    pub fn title(&self) -> String {
        match (&self.edit.op, &self.edit.supersedes) {
            (Op::Add, _) => match &self.edit.section {
                Some(section) => format!("add to \u{201c}{section}\u{201d}"),
                None => "add".to_string(),
            },
            (op, Some(line)) => format!("{} line {}", op.word(), line.line),
            (op, None) => op.word().to_string(),
        }
    }

    /// What the user reads on the card: the sentence, or the line that goes.
    pub fn gist(&self) -> &str {
        gist_of(&self.edit)
    }

    /// What the replaced line says besides and the new one does not, where that is more than a word or two.
    pub fn loses(&self) -> Option<String> {
        const FEW: usize = 3;
        let old = self.edit.supersedes.as_ref().filter(|_| self.edit.op == Op::Replace)?;
        let kept = folded(&format!("{} {}", self.edit.text, self.candidate.quote));
        let kept: BTreeSet<&str> = kept.split(' ').collect();
        let lost: Vec<&str> = old
            .text
            .split_whitespace()
            .filter(|word| {
                let word = folded(word);
                word.chars().count() > 2 && !kept.contains(word.as_str())
            })
            .collect();
        (lost.len() > FEW).then(|| lost.join(" "))
    }

    /// What is compared to tell whether the same was rejected before.
    pub fn key(&self) -> String {
        key_of(&self.edit)
    }

    /// The edit and all that could be chosen instead of it: who says no says no to each.
    pub fn meant(&self) -> Vec<Edit> {
        let others = self.options.choices().iter().filter(|choice| **choice != self.edit);
        std::iter::once(&self.edit).chain(others).cloned().collect()
    }

    /// Puts the edit onto a KB.md that changed meanwhile. `None` when nothing is left to do there. The user's own wording stays as it is.
    pub fn rebased(mut self, kb: &Document, reconciler: &Reconciler) -> Option<Self> {
        let own = self.edited && self.edit.op != Op::Remove;
        let moved = edit::rebase(&self.edit, kb).ok();
        match moved {
            Some(edit) if edit.supersedes.is_some() => self.edit = edit,
            // An edit without a line is compared anew: the line that it once replaced may be back.
            moved => match reconciler.reconcile(kb, &self.reading()) {
                Verdict::Change(fresh) => {
                    let text = std::mem::take(&mut self.edit.text);
                    self.edit = fresh;
                    if own && self.edit.op != Op::Remove {
                        self.edit.text = text;
                    }
                }
                Verdict::Known(line) if own && folded(&line.text) != folded(&self.edit.text) => {
                    self.edit = moved?;
                }
                Verdict::Known(_) | Verdict::NoSuchRule => return None,
            },
        }
        self.look_again(kb, reconciler);
        Some(self)
    }

    /// Takes the model's wording of the same edit.
    pub fn take_wording(&mut self, text: String, kb: &Document, reconciler: &Reconciler) {
        self.candidate.text.clone_from(&text);
        self.edit.text = text;
        self.look_again(kb, reconciler);
    }

    /// The directive as it reads now, with the user's own wording where there is one.
    fn reading(&self) -> Candidate {
        let mut candidate = self.candidate.clone();
        if self.edited {
            candidate.text.clone_from(&self.edit.text);
        }
        candidate
    }
}

fn gist_of(edit: &Edit) -> &str {
    match (edit.op, &edit.supersedes) {
        (Op::Remove, Some(line)) => &line.text,
        (Op::Add | Op::Replace | Op::Remove, _) => &edit.text,
    }
}

/// The key of an edit, see [`Proposal::key`].
pub fn key_of(edit: &Edit) -> String {
    folded(&format!("{} {}", edit.op.word(), gist_of(edit)))
}

/// Whether one of these sentences says what the candidate says, in whatever words.
pub fn said_among(sentences: &[String], candidate: &Candidate, reconciler: &Reconciler) -> bool {
    if candidate.revokes || sentences.is_empty() {
        return false;
    }
    // The comparison that finds a rule in KB.md finds it in any list.
    let list: String = sentences.iter().map(|sentence| format!("- {sentence}\n")).collect();
    matches!(reconciler.reconcile(&Document::parse(&list), candidate), Verdict::Known(_))
}

/// A line that goes needs no warning.
fn warned(edit: &Edit, alarms: &Alarms) -> Vec<Warning> {
    if edit.op == Op::Remove { Vec::new() } else { alarms.warnings(&edit.text) }
}

/// Letters and digits alone, lower case: so that punctuation and spacing do not make two of one.
pub fn folded(text: &str) -> String {
    let letters: String =
        text.chars().map(|letter| if letter.is_alphanumeric() { letter } else { ' ' }).collect();
    letters.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The candidate that `/remember TEXT` makes: the user's own words, no doubt about them.
pub fn remembered(text: &str) -> Candidate {
    let text = text.trim();
    Candidate {
        quote: text.to_string(),
        range: 0..text.len(),
        text: sentence(text),
        polarity: Polarity::Require,
        revokes: false,
        kb_command: true,
        band: Band::Strong,
        score: 1.0,
        reasons: vec!["you asked to remember it".to_string()],
    }
}

/// The first letter as a capital, and a full stop where there is no final mark.
fn sentence(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut letters = text.chars();
    let Some(first) = letters.next() else { return text };
    // A name such as `npm` or a code token keeps its case.
    let first_word = text.split_whitespace().next().unwrap_or_default();
    let plain = first_word.chars().all(char::is_alphabetic);
    let mut made: String = if plain { first.to_uppercase().chain(letters).collect() } else { text.clone() };
    if !made.ends_with(['.', '!', '?', ':', ';', ')', '`']) {
        made.push('.');
    }
    made
}

/// What the model's admitted edits add to what is pending from the same turn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// New proposals, without ids.
    pub fresh: Vec<(Candidate, Edit, Source)>,
    /// Lines of KB.md that already say what the model proposed.
    pub known: Vec<LineRef>,
    /// Waiting edits, by id, that the model words as well, and its words.
    pub reworded: Vec<(u64, String)>,
}

/// Merges the model's edits with the detector's: the same clause or the same line becomes one proposal.
pub fn merge(
    pending: &mut [Proposal],
    weak: &[Candidate],
    admitted: &[Admitted],
    kb: &Document,
    reconciler: &Reconciler,
) -> Merged {
    let mut merged = Merged::default();
    for offer in admitted {
        if let Some(proposal) = pending.iter_mut().find(|proposal| same(proposal, offer)) {
            if proposal.source == Source::Told {
                proposal.source = Source::Both;
                if words_as_well(proposal, &offer.edit, reconciler.tables()) {
                    merged.reworded.push((proposal.id, offer.edit.text.clone()));
                }
            }
            continue;
        }
        let seen_by_both = weak.iter().find(|candidate| overlaps(&candidate.quote, &offer.quote));
        let source = if seen_by_both.is_some() { Source::Both } else { Source::Model };
        let candidate = from_model(offer, seen_by_both);
        let edit = match (offer.edit.op, reconciler.reconcile(kb, &candidate)) {
            (_, Verdict::Known(line)) => {
                merged.known.push(line);
                continue;
            }
            // The model names a line that the rules do not connect: it was resolved to exactly one entry, so it stands.
            (Op::Replace | Op::Remove, Verdict::Change(Edit { op: Op::Add, .. }) | Verdict::NoSuchRule) => {
                offer.edit.clone()
            }
            (Op::Add, Verdict::NoSuchRule) => offer.edit.clone(),
            (Op::Add | Op::Replace | Op::Remove, Verdict::Change(edit)) => edit,
        };
        merged.fresh.push((candidate, edit, source));
    }
    merged
}

/// Whether the model's words may stand in for the detector's: they do the same to the same line, and lose no number, path, place,
/// decision or exception.
fn words_as_well(proposal: &Proposal, offer: &Edit, tables: &Tables) -> bool {
    let edit = &proposal.edit;
    let same_deed = edit.op == offer.op && edit.op != Op::Remove && edit.supersedes == offer.supersedes;
    if !same_deed || proposal.edited || edit.text == offer.text {
        return false;
    }
    let (ours, theirs) = (Facts::of(tables, &edit.text), Facts::of(tables, &offer.text));
    let decided = ours.values.iter().all(|ours| {
        let same = |theirs: &Stated| {
            theirs.value.slot == ours.value.slot
                && theirs.value.value == ours.value.value
                && theirs.value.version == ours.value.version
                && theirs.stance == ours.stance
        };
        theirs.values.iter().any(same)
    });
    decided
        && ours.marks.is_subset(&theirs.marks)
        && ours.place == theirs.place
        && ours.polarity == theirs.polarity
        && ours.exception.is_some() == theirs.exception.is_some()
}

fn from_model(offer: &Admitted, weak: Option<&Candidate>) -> Candidate {
    let mut reasons = weak.map(|candidate| candidate.reasons.clone()).unwrap_or_default();
    if offer.worded == Worded::ByModel {
        reasons.push("worded by the assistant, and you agreed".to_string());
    }
    if !offer.reason.is_empty() {
        reasons.push(format!("the model: {}", offer.reason));
    }
    Candidate {
        quote: offer.quote.clone(),
        range: weak.map_or(0..0, |candidate| candidate.range.clone()),
        text: offer.edit.text.clone(),
        polarity: weak.map_or(Polarity::Require, |candidate| candidate.polarity),
        revokes: offer.edit.op == Op::Remove,
        kb_command: false,
        band: Band::Weak,
        score: weak.map_or(0.0, |candidate| candidate.score),
        reasons,
    }
}

fn same(proposal: &Proposal, offer: &Admitted) -> bool {
    let same_line = match (&proposal.edit.supersedes, &offer.edit.supersedes) {
        (Some(here), Some(there)) => here.line == there.line,
        (None, _) | (_, None) => false,
    };
    let removes = proposal.edit.op == Op::Remove && offer.edit.op == Op::Remove;
    // One sentence may state two rules, so the same words are the same rule only where the rules are alike.
    let same_words = overlaps(&proposal.candidate.quote, &offer.quote);
    same_line
        || (same_words && (removes || alike(&proposal.edit.text, &offer.edit.text)))
        || (!offer.edit.text.is_empty() && folded(&proposal.edit.text) == folded(&offer.edit.text))
}

/// Whether two rules share at least half of the words of the shorter one; words of one or two letters say nothing.
fn alike(one: &str, other: &str) -> bool {
    let (one, other) = (folded(one), folded(other));
    let words = |text: &'_ str| -> BTreeSet<String> {
        text.split(' ').filter(|word| word.chars().count() > 2).map(str::to_string).collect()
    };
    let (one, other) = (words(&one), words(&other));
    let least = one.len().min(other.len());
    one.intersection(&other).count() * 2 >= least.max(1)
}

/// Whether one of the two holds the other, punctuation and case apart.
pub fn overlaps(one: &str, other: &str) -> bool {
    let (one, other) = (folded(one), folded(other));
    !one.is_empty() && !other.is_empty() && (one.contains(&other) || other.contains(&one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(quote: &str, text: &str) -> Admitted {
        let edit = Edit { op: Op::Add, text: text.to_string(), supersedes: None, section: None };
        Admitted { edit, quote: quote.to_string(), reason: String::new(), worded: Worded::ByUser }
    }

    fn pending(quote: &str, text: &str) -> Proposal {
        let candidate = Candidate { quote: quote.to_string(), ..remembered(text) };
        Proposal::new(1, candidate, offer(quote, text).edit, Source::Told, &Alarms::default())
    }

    #[test]
    fn two_rules_of_one_sentence_are_two_and_one_rule_in_two_wordings_is_one() {
        let said = "from now on use pnpm and keep commit messages in English";
        let pnpm = pending(said, "Use pnpm.");
        assert!(same(&pnpm, &offer(said, "Install packages with pnpm.")));
        assert!(same(&pnpm, &offer("use pnpm", "Use pnpm only.")));
        assert!(!same(&pnpm, &offer(said, "Commit messages are in English.")));
    }
}
