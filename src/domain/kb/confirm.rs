//! Weak candidates that KB.md itself confirms: what gives one of its lines another value is meant as a rule. It decides no verdict.

use super::detect::Detector;
use super::document::Document;
use super::facts::Facts;
use super::reconcile::{Line, Reconciler};
use super::words::fold;
use super::{Band, Candidate, Op, Polarity, Span, Verdict};

/// More words than this in a line are several rules, and one of them is met by chance.
const LONGEST: usize = 12;

/// What tells a single deviation, a question, a report or the past from a rule, where it stands in the first part of a sentence.
const SINGLE: &str = "this these that those just today yesterday now please when if whether was were before until once twice \
    always never why how what which does do did is are can could would should \
    questo questa questi queste quel quella quello quei solo oggi ieri quando se era erano prima una volta sempre mai perche come \
    quale puoi potresti este esta ese esa solo hoy ayer cuando si siempre nunca por que ce cet cette seulement aujourd hier quand \
    toujours jamais pourquoi dieser diese dieses nur heute gestern wenn immer nie warum wie nesta neste nessa nesse hoje ontem \
    sempre quando says said";

/// Words of [`SINGLE`] that tell nothing unless the sentence opens with them.
const OPENING: &str = "is are was do does did can could would should that those now si se que come once una";

/// Programs whose name may also stand in a rule, and what they are told to do when they are run.
const PROGRAMS: &str = "npm pnpm yarn bun npx deno node git docker podman kubectl helm terraform tofu make cargo go pip uv poetry gradle mvn \
    vitest jest mocha eslint prettier biome tsc prisma psql";
const SUBCOMMANDS: &str = "run install i ci add remove rm uninstall update upgrade test t start stop restart build dev lint format check exec dlx \
    create init login publish pack audit outdated ls list link why push pull commit status log diff rebase merge checkout switch stash clone \
    fetch reset tag branch compose up down ps logs images apply get describe delete plan migrate generate deploy watch help version";

impl Reconciler {
    /// What layer one hears in a message, as far as KB.md confirms it: the one way from words to candidates, for the app, the command line
    /// and the measurement alike.
    pub fn heard(&self, detector: &Detector, spans: &[Span], kb: &Document) -> Vec<Candidate> {
        self.confirm(kb, detector.detect(spans, kb).candidates)
    }

    /// The candidates, with those raised to [`Band::Strong`] that give a line of KB.md another value.
    pub fn confirm(&self, kb: &Document, candidates: Vec<Candidate>) -> Vec<Candidate> {
        if candidates.iter().all(|candidate| candidate.band == Band::Strong) {
            return candidates;
        }
        let lines = self.lines(kb);
        let raise = |candidate: Candidate| {
            if candidate.band == Band::Weak && self.is_confirmed(kb, &lines, &candidate) {
                Candidate { band: Band::Strong, ..candidate }
            } else {
                candidate
            }
        };
        candidates.into_iter().map(raise).collect()
    }

    fn is_confirmed(&self, kb: &Document, lines: &[Line], candidate: &Candidate) -> bool {
        if candidate.revokes || candidate.quote.trim_end().ends_with('?') || is_command(&candidate.quote) {
            return false;
        }
        // What the words alone tell is asked first: a long message has many unsure candidates.
        let new = Facts::of(self.tables(), &candidate.text);
        let Some(head) = new.parts.first() else { return false };
        let plain = new.exception.is_none() && new.place.is_none() && head.polarity == Polarity::Require;
        if !plain || is_single(new.text.get(..head.end).unwrap_or("")) {
            return false;
        }
        let Verdict::Change(edit) = self.decide(kb, lines, candidate) else { return false };
        let (Op::Replace, Some(line)) = (edit.op, edit.supersedes) else { return false };
        let old = Facts::of(self.tables(), &line.text);
        old.tokens.len() <= LONGEST && old.polarity == Polarity::Require
    }
}

/// Whether a list of words names this one.
fn listed(list: &str, word: &str) -> bool {
    list.split_whitespace().any(|one| one == word)
}

/// Whether words are a command as it is typed into a shell: `npm run lint` asks for a run and does not choose npm.
fn is_command(quote: &str) -> bool {
    let mut words = quote.split_whitespace();
    let (Some(program), Some(next)) = (words.next(), words.next()) else { return false };
    listed(PROGRAMS, program) && (listed(SUBCOMMANDS, next) || next.starts_with('-'))
}

/// Whether the first part of a sentence tells of one occasion, or asks.
fn is_single(head: &str) -> bool {
    let folded = fold(head).text;
    let mut words = folded.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let opens = words.next().is_some_and(|word| listed(SINGLE, word));
    opens || words.any(|word| listed(SINGLE, word) && !listed(OPENING, word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::kb::proposal;

    fn check(rule: &str, text: &str, expect: Band) {
        let kb = Document::parse(&format!("# KB\n\n- {rule}\n"));
        let weak = Candidate { band: Band::Weak, ..proposal::remembered(text) };
        let found = Reconciler::new().confirm(&kb, vec![weak]);
        assert_eq!(found.first().map(|candidate| candidate.band), Some(expect), "{text}");
    }

    #[test]
    fn another_value_for_a_line_is_meant_as_a_rule() {
        check("Angles in degrees", "angles in radians", Band::Strong);
        check("Python 3.9", "tests run nightly", Band::Weak);
        check("Use pnpm for installs", "npm run lint", Band::Weak);
        check("Use pnpm for installs", "npm ci", Band::Weak);
        check("Use pnpm for installs", "npm --version", Band::Weak);
        check("Use pnpm for installs", "npm for installs", Band::Strong);
        check("Deep sleep 15 minutes", "this deep sleep is 30 minutes", Band::Weak);
        check("Deep sleep 15 minutes", "when it crashes the deep sleep is 30 minutes", Band::Weak);
    }
}
