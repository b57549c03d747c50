//! The one line that a directive means though it answers none outright, for what they share stands in no other line. It edits nothing.

use std::collections::BTreeSet;

use super::Polarity;
use super::facts::{self, Facts, Part, Tables};
use super::frame::{self, Tie};
use super::matter;
use super::measure::Kind;
use super::reconcile::Line;
use super::relation::{self, Match, Relation};
use super::words::{Token, fold};

/// Verbs that tie a thing to its place or form and add nothing to what the sentence speaks of.
const TYING: &[&str] = &[
    "live", "lie", "sit", "stand", "belong", "store", "keep", "kept", "save", "write", "written", "export",
    "go", "put", "run", "render", "lieg", "liegt", "liegen", "steh", "moram", "mor", "fic", "ficam", "van",
    "viven", "stann", "stanno", "vann", "vanno", "va", "vive", "vont", "vit", "viv", "call", "name", "named",
    "rest", "restent", "remain", "stay", "bleib", "bleiben", "resta", "restano", "vid", "vide", "vides",
    "empty", "free", "through",
];

/// Words by which a value stands beside the others and replaces none.
const BESIDE: &[&str] = &[
    "also",
    "too",
    "anche",
    "oltre",
    "pure",
    "aussi",
    "auch",
    "tambien",
    "tambem",
    "additionally",
    "plus",
    "besides",
];

/// Words that set a bound.
const BOUNDS: &[&str] = &[
    "minimum", "maximum", "limit", "smallest", "largest", "least", "most", "under", "below", "over", "above",
    "max", "min", "biggest", "cap", "floor", "ceiling", "minimo", "massimo", "limite",
];

/// More words than this in a line are several rules.
const LONGEST: usize = 12;

/// How many words of a part may hold what it complains of.
const OPENING: usize = 2;

/// Words that open what a value serves.
const FOR: &[&str] = &["for", "per", "pour", "fur", "para"];

/// Words behind which a reason follows.
const REASONS: &[&str] = &[
    "por", "because", "since", "so", "as", "weil", "denn", "perche", "parce", "car", "porque", "if", "cosi",
];

/// Beginnings of units in which the same thing can be given.
const UNITS: &[&str] = &[
    "milli",
    "micro",
    "second",
    "minut",
    "hour",
    "metre",
    "meter",
    "metri",
    "kilomet",
    "mile",
    "feet",
    "foot",
    "inch",
    "hectare",
    "ettar",
    "acre",
    "degree",
    "gradi",
    "grad",
    "radian",
    "celsius",
    "fahrenheit",
    "kelvin",
    "gram",
    "kilo",
    "pound",
    "cent",
    "euro",
    "dollar",
    "knot",
    "mmol",
    "mg",
    "kwh",
    "wh",
    "litre",
    "liter",
    "litri",
    "gallon",
    "tenth",
    "percent",
    "fraction",
    "km",
];

/// A directive's first part, which says what is to hold, and the parts behind it, which mostly tell why.
struct Said<'a> {
    facts: &'a Facts,
    head: &'a Part,
    tokens: Vec<&'a Token>,
}

/// The only line that the directive can mean, and how it stands to it.
pub(super) fn only_line<'a>(
    tables: &Tables,
    lines: &'a [Line<'a>],
    new: &Facts,
) -> Option<(&'a Line<'a>, Match)> {
    let head = new.parts.first()?;
    // What a later part says has ended is told as the reason ("edition 2021, nobody builds 2018 any more").
    let ends = new.ends && tables.stances.ends(&tables.stances.hear(new.text.get(..head.end)?));
    if new.exception.is_some() || new.lifts || ends {
        return None;
    }
    let opening = fold(new.text.get(..head.end)?).text;
    if opening.split(|c: char| !c.is_alphanumeric()).any(|word| BESIDE.contains(&word)) {
        return None;
    }
    // A label says nothing without what stands behind it.
    let close = new.parts.get(usize::from(!new.label.is_empty())).map_or(head.end, |part| part.end);
    let tokens = new.tokens.iter().filter(|token| token.range.start < close).collect();
    let said = Said { facts: new, head, tokens };
    let rare = |meaning: &str| lines.iter().filter(|line| holds(&line.facts, meaning)).count() == 1;
    let known = |old: &Facts| said.repeats(old, &rare);
    let measured = |old: &Facts| said.bounds(old);
    let dropped = |old: &Facts| said.drops(old, &rare);
    let turned = |old: &Facts| said.revalues(old, &rare);
    // "docs live under docs/" says where, and limits nothing.
    let mut located = new.clone();
    if new.place.as_ref().is_some_and(|place| place.contains('/'))
        && said.tokens.iter().any(|token| ties(token))
    {
        located.place = None;
    }
    let one = |relation: Relation, meets: &dyn Fn(&Facts) -> bool| {
        // A paragraph of many rules is never given up for one of them.
        let mut met = lines.iter().filter(|line| line.facts.tokens.len() <= LONGEST && meets(&line.facts));
        let (Some(line), None) = (met.next(), met.next()) else { return None };
        let found = relation::placed(Match { relation, score: 0.65 }, &located, &line.facts)?;
        Some((line, found))
    };
    one(Relation::Same, &known)
        .or_else(|| one(Relation::Changes, &dropped))
        .or_else(|| one(Relation::Changes, &turned))
        .or_else(|| one(Relation::Changes, &measured))
}

fn holds(facts: &Facts, meaning: &str) -> bool {
    facts.meanings.contains(meaning) || facts.marks.contains(meaning)
}

/// Whether a word looks like a name where it stands: by its letters, as an answer that the table knows, or as code.
fn names(facts: &Facts, token: &Token) -> bool {
    let coded = facts.text.get(..token.range.start).is_some_and(|before| before.ends_with('`'));
    coded
        || frame::is_name(&facts.text, &token.range)
        || facts.values.iter().any(|stated| stated.value.range.contains(&token.range.start))
}

impl Said<'_> {
    /// What the head says that the line does not.
    fn fresh(&self, old: &Facts) -> Vec<&Token> {
        let said = |token: &&&Token| !holds(old, &token.meaning) && !matter::is_measuring(&token.meaning);
        self.tokens.iter().filter(said).copied().collect()
    }

    fn shared<'b>(&'b self, old: &Facts) -> BTreeSet<&'b str> {
        self.tokens
            .iter()
            .map(|token| token.meaning.as_str())
            .filter(|meaning| holds(old, meaning) && !matter::is_measuring(meaning))
            .collect()
    }

    /// Whether the line says it already: it holds the lone number, or a part of it is said in full.
    fn repeats(&self, old: &Facts, rare: &dyn Fn(&str) -> bool) -> bool {
        let (mut fresh, shared) = (self.fresh(old), self.shared(old));
        fresh.retain(|token| !ties(token));
        let named = |token: &&Token| facts::is_mark(&token.meaning) || names(self.facts, token);
        if shared.is_empty()
            || fresh.iter().any(named)
            || self.facts.text.contains(['→', '>']) && !fresh.is_empty()
        {
            return false;
        }
        let number = shared.len() == 1 && shared.iter().all(|mark| facts::is_mark(mark) && rare(mark));
        let bound = self.tokens.iter().any(|token| BOUNDS.contains(&token.meaning.as_str()));
        if number && bound && fresh.is_empty() {
            return true;
        }
        let opens = self.tokens.first().is_some_and(|token| shared.contains(token.meaning.as_str()));
        let path = shared.len() > 1 && shared.iter().any(|mark| facts::is_path(mark) && rare(mark));
        let covered = old.parts.iter().any(|part| {
            let open = part.meanings.iter().filter(|meaning| !shared.contains(meaning.as_str())).count();
            let kept = part.meanings.len() - open;
            let whole = open == 0 && (kept >= 2 || path) && fresh.len() <= 1;
            // "exceptions never leave a task" and "exceptions do not cross task boundaries".
            let forbids =
                part.polarity == Polarity::Forbid && opens && kept >= 2 && open <= 2 && fresh.len() <= 1;
            let labels = !old.label.is_empty() && part.meanings.is_subset(&old.label) && !fresh.is_empty();
            part.polarity == self.head.polarity && !labels && (whole || forbids)
        });
        let placed = path && fresh.len() <= 1 && self.head.polarity == old.polarity;
        (covered || placed) && shared.iter().any(|meaning| rare(meaning)) && !self.facts.has
    }

    /// Another amount of what only this line measures, where both set a bound: "48dp is the smallest tappable area" and "Minimum touch
    /// target 44dp".
    fn bounds(&self, old: &Facts) -> bool {
        let bound = |facts: &Facts| {
            let text = fold(&facts.text).text;
            text.split(|c: char| !c.is_alphanumeric()).any(|word| BOUNDS.contains(&word))
        };
        let ([ours], [theirs]) = (self.facts.measures.as_slice(), old.measures.as_slice()) else {
            return false;
        };
        let unit = ours.kind == Kind::Count && ours.near.iter().all(|near| near != "percent");
        unit && !ours.near.is_empty()
            && ours.is_like(theirs)
            && ours.amount != theirs.amount
            && bound(self.facts)
            && bound(old)
    }

    /// The sentence opens with something new and turns away from what only this line names: "Moo over Moose", "hedgehog for properties,
    /// quickcheck's shrinking is a pain".
    fn drops(&self, old: &Facts, rare: &dyn Fn(&str) -> bool) -> bool {
        if self.head.polarity != Polarity::Require || old.polarity != Polarity::Require || self.facts.has {
            return false;
        }
        let fresh = self.fresh(old);
        let Some(first) = self.tokens.first().filter(|token| !holds(old, &token.meaning)) else {
            // It opens with the subject ("playbooks run from AWX, the bastion is being wiped").
            let tail = self.complained().filter(|token| rare(&token.meaning) && holds(old, &token.meaning));
            let said = |token: &&Token| self.shared(old).contains(token.meaning.as_str());
            let told = fresh.iter().filter(|token| !ties(token)).count();
            return (1..=3).contains(&told) && tail.filter(|token| !said(token)).count() == 1;
        };
        let over = self.tokens.last().filter(|last| {
            let between = self.facts.text.get(first.range.end..last.range.start).unwrap_or("");
            self.tokens.len() == 2 && matches!(between.trim(), "over" | "instead of" | "statt" | "invece di")
        });
        if over.is_some_and(|last| rare(&last.meaning) && holds(old, &last.meaning)) {
            return true;
        }
        let short = self.tokens.len() <= 3 && !self.shared(old).is_empty() || self.tokens.len() <= 2;
        short
            && !fresh.is_empty()
            && self.complained().any(|token| {
                rare(&token.meaning)
                    && old.tokens.iter().any(|theirs| theirs.meaning == token.meaning && names(old, theirs))
            })
    }

    /// The words that the later parts open with.
    fn complained(&self) -> impl Iterator<Item = &Token> {
        let parts = &self.facts.parts;
        let spans = parts.iter().zip(parts.iter().skip(1)).map(|(part, next)| part.end..next.end);
        spans.flat_map(|span| {
            let inside =
                move |token: &&Token| span.start <= token.range.start && token.range.start < span.end;
            self.facts.tokens.iter().filter(inside).take(OPENING)
        })
    }

    /// It gives what only this line speaks of another value of the same kind.
    fn revalues(&self, old: &Facts, rare: &dyn Fn(&str) -> bool) -> bool {
        let shared = self.shared(old);
        let wanted = self.head.polarity == Polarity::Require && old.polarity == Polarity::Require;
        if !wanted || self.facts.has != old.has || !shared.iter().any(|meaning| rare(meaning)) {
            return false;
        }
        let mut ours: Vec<&Token> = self.fresh(old).into_iter().filter(|token| !ties(token)).collect();
        let theirs: Vec<&Token> = old
            .tokens
            .iter()
            .filter(|token| !shared.contains(token.meaning.as_str()) && !ties(token))
            .filter(|token| !matter::is_measuring(&token.meaning))
            .collect();
        if ours.is_empty() || theirs.is_empty() || ours.len() > 3 || theirs.len() > 3 {
            return false;
        }
        let counted =
            |token: &&Token| self.facts.measures.iter().any(|one| one.whole().contains(&token.range.start));
        if ours.iter().any(counted) && old.marks.is_empty() {
            return false;
        }
        self.cut(&mut ours);
        let opens =
            |tokens: &[&Token]| tokens.first().is_some_and(|token| shared.contains(token.meaning.as_str()));
        let all: Vec<&Token> = old.tokens.iter().collect();
        let closes = self.tokens.last().is_some_and(|token| shared.contains(token.meaning.as_str()));
        let named = ours.iter().any(|token| names(self.facts, token));
        let both = named && theirs.iter().any(|token| names(old, token));
        let bare = ours.len() == 1 && theirs.len() == 1;
        // "leading commas" and "trailing commas", "oklch colours" and "colours are HEX".
        let nominal = ours.len() == 1
            && self.tokens.len() == 2
            && closes
            && (all.len() == 2 || opens(&all) && self.facts.text.split_whitespace().count() == 2);
        // "dates YYYYMMDD" and "dates are YYMMDD", "docs live under docs/" and "docs in Confluence".
        let subject = opens(&self.tokens)
            && (opens(&all)
                || !old.label.is_empty() && shared.iter().all(|meaning| old.label.contains(*meaning)));
        let tied = self.facts.frame.as_ref().is_none_or(|frame| frame.tie != Tie::Time);
        let framed = old.frame.is_some() || !old.label.is_empty() || bare;
        let revalued =
            subject && !clash(self.facts, old) && tied && (named && theirs.len() <= 2 && framed || both);
        let led = ours.len() <= 2 && both && ours.first().is_some_and(|token| names(self.facts, token));
        let revalued = revalued && (ours.len() == 1 || led);
        // "assets are built with vite" and "Gulp builds the assets".
        let agent = bare
            && !clash(self.facts, old)
            && shared.len() >= 2
            && (named || self.by_means())
            && theirs.iter().all(|token| names(old, token) || !opens(&all));
        // "urfave/cli for commands" and "Cobra for commands".
        let served = ours.len() == 1 && theirs.len() <= 2 && self.serves(&shared);
        let unit = |tokens: &[&Token]| tokens.iter().any(|token| is_unit(token));
        let units = subject && unit(&ours) && unit(&theirs);
        nominal || revalued || agent || served || units
    }

    /// Leaves the value alone where a purpose or a reason follows it.
    fn cut(&self, ours: &mut Vec<&Token>) {
        if let [first, second, ..] = ours[..]
            && self.link(first, second).is_some_and(|word| {
                let word = word.as_str();
                FOR.contains(&word) || REASONS.contains(&word)
            })
        {
            ours.truncate(1);
        }
    }

    fn by_means(&self) -> bool {
        self.facts.frame.as_ref().is_some_and(|frame| frame.tie == Tie::Means)
    }

    /// The first word between two others.
    fn link(&self, first: &Token, second: &Token) -> Option<String> {
        let between = fold(self.facts.text.get(first.range.end..second.range.start)?).text;
        between.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty()).map(str::to_string)
    }

    /// "X for Y", where the line speaks of Y.
    fn serves(&self, shared: &BTreeSet<&str>) -> bool {
        let ([first, rest @ ..], Some(second)) = (self.tokens.as_slice(), self.tokens.get(1)) else {
            return false;
        };
        let tie = self.link(first, second);
        let known = |token: &&Token| shared.contains(token.meaning.as_str());
        // "for flags we use LaunchDarkly" says it the other way round.
        let opening = fold(&self.facts.text).text;
        let opening = opening.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty());
        if opening.is_some_and(|word| FOR.contains(&word)) && known(first) {
            return self.tokens.last().is_some_and(|last| !known(last));
        }
        tie.is_some_and(|word| FOR.contains(&word.as_str())) && !known(first) && rest.iter().all(known)
    }
}

fn is_unit(token: &Token) -> bool {
    UNITS.iter().any(|unit| if unit.len() < 4 { token.word == *unit } else { token.word.starts_with(unit) })
}

fn ties(token: &Token) -> bool {
    TYING.contains(&token.meaning.as_str()) || TYING.contains(&token.word.as_str())
}

/// Both answer decisions, and none in common.
fn clash(new: &Facts, old: &Facts) -> bool {
    let slots =
        |facts: &Facts| facts.values.iter().map(|stated| stated.value.slot.clone()).collect::<BTreeSet<_>>();
    let (a, b) = (slots(new), slots(old));
    !a.is_empty() && !b.is_empty() && a.is_disjoint(&b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kb::document::Document;
    use crate::domain::kb::reconcile::Reconciler;

    /// Which line of the file is meant: `= line` known, `~ line` changed.
    fn check(text: &str, expect: Option<&str>) {
        let kb = "- Colours are HEX\n- Cobra for commands\n- Kotest, StringSpec style\n- Widgets under 150 lines\n\
                  - Minimum touch target 44dp\n- No exceptions on the hot path\n- Le riunioni sono il lunedì\n";
        let (kb, reconciler) = (Document::parse(kb), Reconciler::new());
        let lines = reconciler.lines(&kb);
        let facts = Facts::of(reconciler.tables(), text);
        let found = only_line(reconciler.tables(), &lines, &facts).map(|(line, found)| {
            let mark = if found.relation == Relation::Same { "=" } else { "~" };
            format!("{mark} {}", line.facts.text)
        });
        assert_eq!(found.as_deref(), expect, "{text}");
    }

    #[test]
    fn what_no_other_line_speaks_of_is_meant() {
        check("oklch colours", Some("~ Colours are HEX"));
        check("urfave/cli for commands", Some("~ Cobra for commands"));
        check("FunSpec over StringSpec, the nesting is worth it", Some("~ Kotest, StringSpec style"));
        check("48dp is the smallest tappable area", Some("~ Minimum touch target 44dp"));
        check("150 is the limit", Some("= Widgets under 150 lines"));
        check("no virtual calls on the hot path", None);
        check("le riunioni durano 30 minuti", None);
    }
}
