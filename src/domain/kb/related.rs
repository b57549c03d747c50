//! What else a directive may mean or touch: other lines that it may name, other ways to write it down, and other lines that name the value
//! it replaces. It only lists edits; none of them is made before the user says so.

use std::ops::Range;

use super::document::{Document, Entry};
use super::facts::{Facts, Tables};
use super::reconcile::Reconciler;
use super::relation::{self, Relation};
use super::slots::Value;
use super::{Candidate, Edit, LineRef, Op, Polarity, edit, wording};

/// A longer list is not chosen from but edited by hand; every row has one digit.
pub const MOST_CHOICES: usize = 5;

/// Choices and extras are numbered on with one digit each.
pub const MOST_ROWS: usize = 9;

/// How far behind the best a line that a revocation names may be and still be the one that is meant.
const CLOSE_NAMED: f32 = 0.15;

/// The same for a line that a new rule contradicts; those scores lie closer together.
const CLOSE_CHANGED: f32 = 0.05;

/// The edits that the directive may mean, `first` before all others; empty when there is no choice.
pub fn choices(kb: &Document, candidate: &Candidate, first: &Edit, reconciler: &Reconciler) -> Vec<Edit> {
    let tables = reconciler.tables();
    let mut found = vec![first.clone()];
    match (first.op, candidate.revokes) {
        (Op::Remove | Op::Replace, true) => found.extend(also_named(kb, candidate, first, reconciler)),
        (Op::Replace, false) => {
            found.extend(plain_removal(first, tables));
            found.extend(also_changed(kb, candidate, first, tables));
        }
        (Op::Add, false) => found.extend(amended(kb, candidate, tables)),
        (Op::Remove, false) | (Op::Add, true) => {}
    }
    found.dedup();
    found.truncate(MOST_CHOICES);
    // What cannot be made is no choice.
    let possible = |edit: &Edit| edit == first || edit::apply(&kb.source, std::slice::from_ref(edit)).is_ok();
    found.retain(possible);
    if found.len() > 1 { found } else { Vec::new() }
}

/// The other lines that a revocation names about as well.
fn also_named(kb: &Document, candidate: &Candidate, first: &Edit, reconciler: &Reconciler) -> Vec<Edit> {
    let named = reconciler.named(kb, &candidate.quote);
    let Some((_, best)) = named.first().copied() else { return Vec::new() };
    named
        .into_iter()
        .filter(|(_, score)| *score + CLOSE_NAMED >= best)
        .filter_map(|(at, _)| kb.entries.get(at))
        .filter(|entry| !is_of(first, entry))
        .map(|entry| match first.op {
            Op::Remove => on_line(kb, entry, Op::Remove, String::new()),
            Op::Add | Op::Replace => {
                let tables = reconciler.tables();
                on_line(kb, entry, Op::Replace, reworded(tables, entry, &candidate.text, &first.text))
            }
        })
        .collect()
}

/// The other lines that a new rule contradicts about as much. A line in which the value can simply be exchanged is an extra instead.
fn also_changed(kb: &Document, candidate: &Candidate, first: &Edit, tables: &Tables) -> Vec<Edit> {
    let new = Facts::of(tables, &candidate.text);
    let score = |entry: &Entry| {
        let found = relation::compare(tables, &new, &Facts::of(tables, &entry.text))?;
        matches!(found.relation, Relation::Changes).then_some(found.score)
    };
    let own = kb.entries.iter().find(|entry| is_of(first, entry)).and_then(score);
    let Some(own) = own else { return Vec::new() };
    let extras = extras(kb, first, tables);
    kb.entries
        .iter()
        .filter(|entry| !is_of(first, entry) && !extras.iter().any(|extra| is_of(extra, entry)))
        .filter(|entry| score(entry).is_some_and(|score| score + CLOSE_CHANGED >= own))
        .map(|entry| on_line(kb, entry, Op::Replace, reworded(tables, entry, &candidate.text, &first.text)))
        .collect()
}

/// A value that is forbidden and was prescribed: its line may go instead of being turned round.
fn plain_removal(first: &Edit, tables: &Tables) -> Option<Edit> {
    let old = Facts::of(tables, &first.supersedes.as_ref()?.text);
    let new = Facts::of(tables, &first.text);
    let forbids = new.polarity == Polarity::Forbid && old.polarity == Polarity::Require;
    let instead = new.values.iter().any(|stated| stated.stance == Polarity::Require);
    let prescribed = old.values.iter().any(|stated| {
        new.answers(&stated.value.slot, Polarity::Forbid).any(|value| value.value == stated.value.value)
    });
    let ruled = new.ruled.iter().any(|meaning| old.meanings.contains(meaning));
    let removal = || Edit { op: Op::Remove, text: String::new(), ..first.clone() };
    (forbids && !instead && (prescribed || ruled)).then(removal)
}

/// A rule for a narrower place may stand in the line that holds everywhere.
fn amended(kb: &Document, candidate: &Candidate, tables: &Tables) -> Option<Edit> {
    let new = Facts::of(tables, &candidate.text);
    // Only what names a place is narrower; most rules name none, and reading every line takes long.
    new.place.as_ref()?;
    let (entry, _) = kb
        .entries
        .iter()
        .filter_map(|entry| {
            let found = relation::compare(tables, &new, &Facts::of(tables, &entry.text))?;
            matches!(found.relation, Relation::Narrows).then_some((entry, found.score))
        })
        .reduce(|best, next| if next.1 > best.1 { next } else { best })?;
    let kept = entry.text.trim_end().trim_end_matches(['.', ';']);
    let text = format!("{kept}; {}", uncapitalised(&candidate.text));
    Some(on_line(kb, entry, Op::Replace, text))
}

/// Other lines that name the value which `edit` replaces, each with the new value in its place. A line in which that is no clean exchange
/// is left out.
pub fn extras(kb: &Document, edit: &Edit, tables: &Tables) -> Vec<Edit> {
    let (Op::Replace, Some(replaced)) = (edit.op, &edit.supersedes) else { return Vec::new() };
    let old = Facts::of(tables, &replaced.text);
    let new = Facts::of(tables, &edit.text);
    let swaps = swaps(&old, &new);
    if swaps.is_empty() {
        return Vec::new();
    }
    let named = |entry: &&Entry| {
        let values = tables.slots.values(&entry.text);
        values.iter().any(|value| swaps.iter().any(|swap| swap.replaces(value)))
    };
    kb.entries
        .iter()
        .filter(|entry| !is_of(edit, entry))
        .filter(named)
        .filter_map(|entry| {
            let text = exchanged(&Facts::of(tables, &entry.text), &swaps)?;
            Some(on_line(kb, entry, Op::Replace, text))
        })
        .filter(|extra| edit::apply(&kb.source, &[edit.clone(), extra.clone()]).is_ok())
        .take(MOST_ROWS)
        .collect()
}

/// A value that goes, and what takes its place as it is written in the new line.
struct Swap {
    old: Value,
    new: Value,
    written: String,
}

impl Swap {
    /// Whether it is about this value, of whatever version.
    fn replaces(&self, value: &Value) -> bool {
        value.slot == self.old.slot && value.value == self.old.value
    }
}

/// The values that the new line states instead of those of the old one; only where it is clear which takes the place of which.
fn swaps(old: &Facts, new: &Facts) -> Vec<Swap> {
    let wanted =
        |facts: &Facts, slot: &str| facts.answers(slot, Polarity::Require).cloned().collect::<Vec<Value>>();
    let mut found: Vec<Swap> = Vec::new();
    for stated in &old.values {
        let slot = stated.value.slot.as_str();
        let (before, after) = (wanted(old, slot), wanted(new, slot));
        let ([before], [after]) = (before.as_slice(), after.as_slice()) else { continue };
        let moved = before.value != after.value
            || (before.version != after.version && before.version.is_some() && after.version.is_some());
        let Some(written) = new.text.get(after.range.clone()).filter(|_| moved) else { continue };
        found.push(Swap { old: before.clone(), new: after.clone(), written: written.to_string() });
    }
    found
}

/// The line with every old value exchanged; `None` when it names none, rules it out, or speaks of the new one already.
fn exchanged(line: &Facts, swaps: &[Swap]) -> Option<String> {
    let mut cuts: Vec<(Range<usize>, String)> = Vec::new();
    for swap in swaps {
        let known = |value: &Value| {
            let version = value.version == swap.new.version || swap.new.version.is_none();
            value.slot == swap.new.slot && value.value == swap.new.value && version
        };
        if line.values.iter().any(|stated| known(&stated.value)) {
            return None;
        }
        for stated in line.values.iter().filter(|stated| swap.replaces(&stated.value)) {
            if stated.stance == Polarity::Forbid {
                return None;
            }
            cuts.extend(cut(&line.text, &stated.value, swap));
        }
    }
    cuts.sort_by_key(|(range, _)| range.start);
    cuts.dedup();
    if cuts.is_empty() || cuts.windows(2).any(|pair| matches!(pair, [a, b] if b.0.start < a.0.end)) {
        return None;
    }
    let mut text = String::new();
    let mut at = 0;
    for (range, new) in &cuts {
        text.push_str(line.text.get(at..range.start)?);
        text.push_str(new);
        at = range.end;
    }
    text.push_str(line.text.get(at..)?);
    (text != line.text).then_some(text)
}

/// The bytes of one mention and what stands there then. A mention of another version than the old one is another thing.
fn cut(text: &str, value: &Value, swap: &Swap) -> Option<(Range<usize>, String)> {
    let mention = || Some(as_written(text.get(value.range.clone())?, swap));
    match (swap.old.value == swap.new.value, &value.version, &value.version_range) {
        (true, version @ Some(_), Some(range)) => {
            let new = swap.new.version.clone()?;
            (*version == swap.old.version).then(|| (range.clone(), new))
        }
        (true, _, _) => None,
        (false, Some(_), Some(range)) => {
            let version = swap.new.version.as_ref()?;
            Some((value.range.start..range.end, format!("{} {version}", mention()?)))
        }
        (false, _, _) => Some((value.range.clone(), mention()?)),
    }
}

/// The new value in small letters where the old one stood so, else in its usual spelling if the user wrote the same letters.
fn as_written(mention: &str, swap: &Swap) -> String {
    let usual = swap.new.value.eq_ignore_ascii_case(&swap.written);
    let small = !mention.chars().any(char::is_uppercase);
    if !usual {
        swap.written.clone()
    } else if small {
        swap.new.value.to_lowercase()
    } else {
        swap.new.value.clone()
    }
}

fn reworded(tables: &Tables, entry: &Entry, sentence: &str, otherwise: &str) -> String {
    let sentence = if sentence.is_empty() { otherwise } else { sentence };
    wording::reworded(tables, &Facts::of(tables, &entry.text), &Facts::of(tables, sentence), sentence)
}

/// Whether the edit acts on that entry.
fn is_of(edit: &Edit, entry: &Entry) -> bool {
    edit.supersedes.as_ref().is_some_and(|line| line.line == entry.line && line.text == entry.text)
}

fn on_line(kb: &Document, entry: &Entry, op: Op, text: String) -> Edit {
    Edit {
        op,
        text,
        supersedes: Some(LineRef { line: entry.line, text: entry.text.clone() }),
        section: kb.heading_of(entry).map(str::to_string),
    }
}

/// Without the capital of a sentence; a name such as `URL` keeps its own.
fn uncapitalised(text: &str) -> String {
    let mut letters = text.chars();
    let (first, second) = (letters.next(), letters.clone().next());
    match first {
        Some(first) if second.is_none_or(|second| !second.is_uppercase()) => {
            first.to_lowercase().chain(letters).collect()
        }
        Some(_) | None => text.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kb::Verdict;
    use crate::domain::kb::detect::Detector;

    /// The edit that the words lead to, and its candidate.
    fn first(kb: &Document, words: &str, reconciler: &Reconciler) -> (Candidate, Edit) {
        let found = Detector::new().detect(&[crate::domain::kb::Span::typed(words)], kb).candidates;
        let candidate = found.into_iter().next().unwrap_or_else(|| panic!("nothing found in {words:?}"));
        match reconciler.reconcile(kb, &candidate) {
            Verdict::Change(edit) => (candidate, edit),
            verdict @ (Verdict::Known(_) | Verdict::NoSuchRule) => panic!("{words:?}: {verdict:?}"),
        }
    }

    /// Each edit in a line: what it does, where, and its text.
    fn told(edits: &[Edit]) -> Vec<String> {
        let line = |edit: &Edit| edit.supersedes.as_ref().map_or(0, |line| line.line);
        edits
            .iter()
            .map(|edit| format!("{} {} {}", edit.op.word(), line(edit), edit.text).trim_end().to_string())
            .collect()
    }

    fn check_extras(kb: &str, words: &str, expect: &[&str]) {
        let (kb, reconciler) = (Document::parse(kb), Reconciler::new());
        let (_, edit) = first(&kb, words, &reconciler);
        assert_eq!(told(&extras(&kb, &edit, reconciler.tables())), expect, "{words:?} after {edit:?}");
    }

    fn check_choices(kb: &str, words: &str, expect: &[&str]) {
        let (kb, reconciler) = (Document::parse(kb), Reconciler::new());
        let (candidate, edit) = first(&kb, words, &reconciler);
        assert_eq!(told(&choices(&kb, &candidate, &edit, &reconciler)), expect, "{words:?} after {edit:?}");
    }

    #[test]
    fn lines_that_name_the_old_value_are_extras() {
        check_extras(
            "# KB\n\n- Use npm.\n- Run `npm test` before each push.\n- Dates are in UTC.\n- CI caches the npm store.\n",
            "from now on use pnpm instead of npm",
            &["replace 4 Run `pnpm test` before each push.", "replace 6 CI caches the pnpm store."],
        );
    }

    #[test]
    fn a_line_that_rules_the_old_value_out_or_names_the_new_one_is_no_extra() {
        check_extras(
            "# KB\n\n- Use npm.\n- Never run npm as root.\n- Compare pnpm with npm once a year.\n- Do not mix yarn in.\n",
            "from now on use pnpm instead of npm",
            &[],
        );
    }

    #[test]
    fn only_the_same_version_is_exchanged() {
        check_extras(
            "# KB\n\n- Runtime: Node 20\n- CI runs on Node 20.\n- The legacy worker runs on Node 16.\n",
            "from now on the runtime is Node 22",
            &["replace 4 CI runs on Node 22."],
        );
    }

    #[test]
    fn an_edit_that_exchanges_no_value_has_no_extras() {
        check_extras(
            "# KB\n\n- Use lodash for collections.\n- Import lodash by function.\n",
            "never use lodash",
            &[],
        );
    }

    #[test]
    fn a_revocation_that_names_several_lines_is_chosen_from() {
        check_choices(
            "# KB\n\n- Log in JSON.\n- Mocha is the test runner.\n- Mocha timeouts are five seconds.\n- Dates are in UTC.\n",
            "drop the rule on mocha",
            &["remove 4", "remove 5"],
        );
        check_choices("# KB\n\n- Log in JSON.\n- Mocha is the test runner.\n", "drop the rule on mocha", &[]);
    }

    #[test]
    fn a_forbidden_value_may_be_turned_round_or_taken_out() {
        check_choices(
            "# KB\n\n- Use lodash for collections.\n- Dates are in UTC.\n",
            "from now on never use lodash",
            &["replace 3 Never use lodash.", "remove 3"],
        );
    }

    #[test]
    fn a_narrower_rule_may_be_added_or_put_into_the_line() {
        check_choices(
            "# KB\n\n- Use pnpm.\n- Dates are in UTC.\n",
            "from now on use npm in packages/legacy",
            &["add 0 Use npm in packages/legacy.", "replace 3 Use pnpm; use npm in packages/legacy."],
        );
    }

    #[test]
    fn one_clear_line_is_no_choice() {
        check_choices("# KB\n\n- Use npm.\n- Dates are in UTC.\n", "from now on use pnpm", &[]);
    }

    #[test]
    fn every_choice_and_extra_can_be_made() {
        let kb = "# KB\r\n\r\n1. Use npm.\r\n2. Run `npm ci` in CI.\r\n3. Deploy with `npm run ship`";
        let (document, reconciler) = (Document::parse(kb), Reconciler::new());
        let (_, edit) = first(&document, "from now on use pnpm", &reconciler);
        let mut all = vec![edit.clone()];
        all.extend(extras(&document, &edit, reconciler.tables()));
        assert_eq!(all.len(), 3, "{all:?}");
        let after = edit::apply(kb, &all).unwrap();
        assert_eq!(
            after,
            "# KB\r\n\r\n1. Use pnpm.\r\n2. Run `pnpm ci` in CI.\r\n3. Deploy with `pnpm run ship`"
        );
    }
}
