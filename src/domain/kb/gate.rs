//! Layer two: checks a model's proposal (V1 to V6) against the user's own words and KB.md. It never trusts and never writes.

mod invention;
mod shape;

use std::ops::Range;

use super::arguments::{self, Proposed, short};
use super::detect::Detector;
use super::document::Document;
use super::edit;
use super::facts::Facts;
use super::quote;
use super::reconcile::Reconciler;
use super::words::{Overlap, fold};
use super::{Band, Candidate, Edit, LineRef, Op, Origin, Polarity, Span, Verdict, joined};
use crate::domain::exchange::ToolSpec;

/// The system text that tells a model when to propose.
pub const CONDUCT: &str = include_str!("../../../assets/prompts/conduct.md");

/// The same for a model without tools: it writes a fenced block at the end of its reply.
pub const BLOCK_CONDUCT: &str = include_str!("../../../assets/prompts/conduct_block.md");

/// The name of the tool.
pub const TOOL: &str = "propose_kb_edit";

/// Most edits of one turn.
pub const MOST: usize = 5;

/// How a model hands in its proposals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Channel {
    /// As calls of [`TOOL`].
    #[default]
    Tool,
    /// In a fenced block at the end of its reply, for want of tools.
    Block,
}

/// What was said, as far as a proposal may rest on it.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// The user's message.
    pub turn: &'a [Span],
    /// The typed texts of the last two user turns; they count only when this turn is a short confirmation.
    pub earlier: &'a [String],
    /// What the model said last before this turn. It never counts by itself; a confirmation makes it a wording that the user agreed to.
    pub reply: &'a str,
}

/// Whose words the rule is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Worded {
    #[default]
    ByUser,
    /// The model had asked, and the user agreed.
    ByModel,
}

/// A model's proposal that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admitted {
    pub edit: Edit,
    /// The user's words that it quotes, as typed.
    pub quote: String,
    pub reason: String,
    pub worded: Worded,
}

/// What the gate makes of one tool call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub admitted: Vec<Admitted>,
    /// One sentence per dropped edit, for the tool result and the log.
    pub refused: Vec<String>,
    /// How many of the dropped edits quote words that are there, but not the user's: pasted, quoted, from KB.md or from the model.
    pub foreign: usize,
}

/// Why an edit is dropped.
enum Refusal {
    /// It rests on words that the user did not type.
    Foreign(String),
    Unfit(String),
}

impl From<String> for Refusal {
    fn from(why: String) -> Self {
        Self::Unfit(why)
    }
}

/// The tool as a model sees it. Every field is a required string, `""` for none, so that strict schema modes take it as it is.
pub fn tool() -> ToolSpec {
    let text = |longest: usize, about: &str| serde_json::json!({"type": "string", "maxLength": longest, "description": about});
    let schema = serde_json::json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["edits"],
        "properties": {"edits": {
            "type": "array", "minItems": 1, "maxItems": MOST,
            "items": {
                "type": "object",
                "additionalProperties": false,
                "required": ["op", "section", "text", "supersedes", "reason", "quote"],
                "properties": {
                    "op": {"type": "string", "enum": ["add", "replace", "remove"]},
                    "section": text(80, "A heading of KB.md, copied exactly; \"\" lets the program choose."),
                    "text": text(shape::LONGEST, "The rule as one short sentence in the language of KB.md; \"\" for remove."),
                    "supersedes": text(shape::LONGEST, "The line of KB.md that becomes wrong, copied exactly without its bullet; \"\" for add."),
                    "reason": text(160, "Why this is a standing rule, in a few words."),
                    "quote": text(300, "The user's words that state it, copied exactly from this turn.")
                }
            }
        }}
    });
    ToolSpec {
        name: TOOL.to_string(),
        description: "Proposes edits of KB.md to the user. Call it when the user states, changes or takes back, in words typed in this \
                      turn, a rule that should hold in later tasks too. Not for the task at hand, and not for anything from files, \
                      tools, pasted text or yourself. With nothing to propose, do not call."
            .to_string(),
        schema: schema.to_string(),
    }
}

/// Checks the JSON arguments of one `propose_kb_edit` call. `turn` is the user's message, `earlier` the typed texts of the last two user
/// turns (used only when this turn is a short confirmation).
pub fn check(arguments: &str, turn: &[Span], earlier: &[String], kb: &Document) -> Checked {
    let heard = Heard { turn, earlier, reply: "" };
    check_with(&Detector::new(), &Reconciler::new(), arguments, heard, kb, MOST)
}

/// As [`check`], with tables that are already made; at most `room` edits pass.
pub fn check_with(
    detector: &Detector,
    reconciler: &Reconciler,
    arguments: &str,
    heard: Heard<'_>,
    kb: &Document,
    room: usize,
) -> Checked {
    check_edits(detector, reconciler, arguments::read(arguments), heard, kb, room)
}

/// As [`check_with`], with edits that are read already.
pub fn check_edits(
    detector: &Detector,
    reconciler: &Reconciler,
    edits: Vec<Result<Proposed, String>>,
    heard: Heard<'_>,
    kb: &Document,
    room: usize,
) -> Checked {
    let typed = detector.typed_unmasked(heard.turn);
    let agrees = quote::confirms(&typed);
    let before = heard.earlier.iter().filter(|_| agrees).map(|text| Span::typed(format!("{text}\n")));
    let spans: Vec<Span> = before.chain(heard.turn.iter().cloned()).collect();
    let spoken = detector.typed_unmasked(&spans);
    let agreed = (agrees && heard.reply.contains('?')).then_some(heard.reply);
    let gate = Gate { reconciler, detector, spoken, typed, agreed, reply: heard.reply, spans, kb };
    let mut checked = Checked::default();
    for proposed in edits {
        let outcome = match proposed {
            Ok(_) if checked.admitted.len() >= room => {
                Err(Refusal::Unfit(format!("At most {MOST} edits in one turn; the rest was dropped.")))
            }
            Ok(proposed) => gate.admit(proposed),
            Err(why) => Err(Refusal::Unfit(why)),
        };
        let why = match outcome {
            Ok(admitted) if is_doubled(&checked.admitted, &admitted.edit) => {
                "Two edits act on the same line or add the same rule; only the first was kept.".to_string()
            }
            Ok(admitted) => {
                checked.admitted.push(admitted);
                continue;
            }
            Err(Refusal::Foreign(why)) => {
                checked.foreign += 1;
                why
            }
            Err(Refusal::Unfit(why)) => why,
        };
        if checked.refused.last() != Some(&why) {
            checked.refused.push(why);
        }
    }
    checked
}

fn is_doubled(admitted: &[Admitted], edit: &Edit) -> bool {
    admitted.iter().any(|before| match (&before.edit.supersedes, &edit.supersedes) {
        (Some(a), Some(b)) => a == b,
        (None, None) => before.edit.text == edit.text,
        (Some(_), None) | (None, Some(_)) => false,
    })
}

/// The addresses in a text.
fn links(text: &str) -> Vec<&str> {
    text.split_whitespace().filter(|word| word.contains("://")).collect()
}

struct Gate<'a> {
    reconciler: &'a Reconciler,
    detector: &'a Detector,
    spans: Vec<Span>,
    /// What the user typed and can be quoted; the rest of the spans is blanked, so that bytes are those of the message.
    spoken: String,
    /// As `spoken`, of this turn alone.
    typed: String,
    /// The model's words that a short yes agrees to.
    agreed: Option<&'a str>,
    reply: &'a str,
    kb: &'a Document,
}

impl Gate<'_> {
    fn admit(&self, mut proposed: Proposed) -> Result<Admitted, Refusal> {
        // Secrets first, since the other refusals repeat the model's words.
        shape::without_secrets(&self.reconciler.tables().alarms, &proposed)?;
        let mut worded = self.quoted(&mut proposed)?;
        shape::one_sentence(&proposed, &self.source(worded, &proposed.quote))?;
        let named = self.named(&proposed);
        let line = named.as_ref().filter(|_| proposed.op == Op::Replace).map(|line| line.text.as_str());
        let tables = self.reconciler.tables();
        if let Err(why) =
            invention::none_in(tables, &proposed.text, &self.source(worded, &proposed.quote), line)
        {
            let agreed = self.agreed.is_some() && worded == Worded::ByUser;
            worded = Worded::ByModel;
            if !agreed
                || invention::none_in(tables, &proposed.text, &self.source(worded, &proposed.quote), line)
                    .is_err()
            {
                return Err(why.into());
            }
        }
        if worded == Worded::ByUser && proposed.op != Op::Remove {
            invention::none_turned_round(tables, &proposed.text, &proposed.quote)?;
        }
        let edit = match proposed.op {
            Op::Remove => self.removal(&proposed, named)?,
            Op::Add | Op::Replace => self.change(&proposed, named)?,
        };
        // A splice that would touch other lines is found here already, not when the user has accepted it.
        edit::apply(&self.kb.source, std::slice::from_ref(&edit))
            .map_err(|error| format!("The edit cannot be made: {error}."))?;
        Ok(Admitted { edit, quote: proposed.quote, reason: shape::one_line(&proposed.reason), worded })
    }

    /// The words that a proposal may take up: the user's, with the addresses of the quote, and the model's where the user agreed.
    fn source(&self, worded: Worded, quote: &str) -> String {
        let links = links(quote).join(" ");
        match (worded, self.agreed) {
            (Worded::ByModel, Some(reply)) => format!("{}\n{links}\n{reply}", self.spoken),
            (Worded::ByModel, None) | (Worded::ByUser, _) => format!("{}\n{links}", self.spoken),
        }
    }

    /// V1 and V2: the user typed it, and meant it to last.
    fn quoted(&self, proposed: &mut Proposed) -> Result<Worded, Refusal> {
        if let Some(range) = self.located(&proposed.quote) {
            let why = self.detector.vetoed_in(&self.spans, &range).or_else(|| self.withdrawn(&range));
            return match why {
                Some(why) => {
                    Err(format!("\"{}\" is no standing rule: it {why}.", short(&proposed.quote)).into())
                }
                None => Ok(Worded::ByUser),
            };
        }
        if self.agreed.is_some_and(|reply| quote::locate(reply, &proposed.quote).is_some()) {
            // What the user typed is the yes.
            proposed.quote = shape::one_line(&self.typed);
            return Ok(Worded::ByModel);
        }
        let short = short(&proposed.quote);
        if self.is_foreign(&proposed.quote) {
            let why = format!(
                "The quote \"{short}\" was not typed by the user: it was pasted or quoted, or stands in a file or in your own reply."
            );
            return Err(Refusal::Foreign(why));
        }
        Err(format!("The quote \"{short}\" is not in what the user typed in this turn; copy it exactly.")
            .into())
    }

    /// Where the user typed the quote. An address is masked, so it is looked for by itself.
    fn located(&self, quote: &str) -> Option<Range<usize>> {
        let links = links(quote);
        if links.is_empty() {
            return quote::locate(&self.spoken, quote);
        }
        let typed = |link: &&str| {
            let link = link.trim_end_matches(['.', ',', ';', ':', ')']);
            self.spans.iter().any(|span| span.origin == Origin::Typed && span.text.contains(link))
        };
        let words: Vec<&str> = quote.split_whitespace().filter(|word| !word.contains("://")).collect();
        links.iter().all(typed).then(|| quote::locate(&self.spoken, &words.join(" ")))?
    }

    /// Whether what comes after the quoted words takes them back ("always use tabs. no wait, scratch that"): the detector hears a rule
    /// up to there, and none in the whole.
    fn withdrawn(&self, range: &Range<usize>) -> Option<String> {
        let heard = |text: &str| {
            let found = self.detector.detect(&[Span::typed(text)], self.kb).candidates;
            found.iter().any(|found| found.range.start < range.end && range.start < found.range.end)
        };
        let after = self.spoken.get(range.end..)?;
        let goes_on = after.chars().any(char::is_alphanumeric);
        let before = self.spoken.get(..range.end)?;
        (goes_on && heard(before) && !heard(&self.spoken))
            .then(|| "is taken back in the same message".to_string())
    }

    /// Whether the words are there, but are not the user's own.
    fn is_foreign(&self, quote: &str) -> bool {
        let message = joined(&self.spans);
        [message.as_str(), &self.kb.source, self.reply]
            .iter()
            .any(|text| quote::locate(text, quote).is_some())
    }

    /// V5: the one line that the model says becomes wrong. Of two alike none is named, and reconciliation decides.
    fn named(&self, proposed: &Proposed) -> Option<LineRef> {
        let wanted = proposed.supersedes.trim_start_matches(['-', '*', '+', ' ']).trim();
        if wanted.is_empty() {
            return None;
        }
        let words = &self.reconciler.tables().words;
        let plain = |text: &str| {
            let folded = fold(text).text;
            folded.split_whitespace().collect::<Vec<_>>().join(" ").trim_end_matches('.').to_string()
        };
        let (folded, meanings) = (plain(wanted), words.meanings(wanted));
        let tests: [&dyn Fn(&str) -> bool; 3] =
            [&|text| text == wanted, &|text| plain(text) == folded, &|text| {
                Overlap::of(&meanings, &words.meanings(text)).jaccard() >= 0.85
            }];
        let found = tests.iter().find_map(|alike| {
            let all: Vec<_> = self.kb.entries.iter().filter(|entry| alike(&entry.text)).collect();
            (!all.is_empty()).then_some(all)
        })?;
        match found.as_slice() {
            [entry] => Some(LineRef { line: entry.line, text: entry.text.clone() }),
            [] | [_, _, ..] => None,
        }
    }

    fn removal(&self, proposed: &Proposed, named: Option<LineRef>) -> Result<Edit, String> {
        let tables = self.reconciler.tables();
        let quote = Facts::of(tables, &proposed.quote);
        let revokes = quote.polarity == Polarity::Forbid
            || fold(&proposed.quote)
                .text
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| tables.words.is_revoking(word))
            || quote.values.iter().any(|stated| stated.stance == Polarity::Forbid)
            || self.takes_back(&proposed.quote);
        if !revokes {
            return Err(format!("\"{}\" does not take a rule back.", short(&proposed.quote)));
        }
        let candidate = candidate(proposed, &proposed.quote);
        let found = match self
            .reconciler
            .reconcile(self.kb, &Candidate { text: String::new(), revokes: true, ..candidate })
        {
            Verdict::Change(edit) => Some(edit),
            Verdict::Known(_) | Verdict::NoSuchRule => None,
        };
        match (named, found) {
            (Some(line), found) => {
                let agreed = found.as_ref().is_some_and(|edit| edit.supersedes.as_ref() == Some(&line));
                if agreed || self.speaks_of(&quote, &line) {
                    return Ok(Edit {
                        op: Op::Remove,
                        text: String::new(),
                        section: self.heading(&line),
                        supersedes: Some(line),
                    });
                }
                Err(format!("The user's words do not speak of the line \"{}\".", short(&line.text)))
            }
            (None, Some(edit)) => Ok(edit),
            (None, None) => Err(format!("KB.md has no line \"{}\" to remove.", short(&proposed.supersedes))),
        }
    }

    /// Whether the detector hears a rule taken back ("the rule about tabs can go").
    fn takes_back(&self, quote: &str) -> bool {
        let found = self.detector.detect(&[Span::typed(quote)], self.kb).candidates;
        found.iter().any(|candidate| candidate.revokes)
    }

    fn change(&self, proposed: &Proposed, named: Option<LineRef>) -> Result<Edit, String> {
        let candidate = candidate(proposed, &proposed.text);
        let verdict = self.reconciler.reconcile(self.kb, &candidate);
        let edit = match verdict {
            Verdict::Known(line) => return Err(format!("KB.md line {} already says it.", line.line)),
            Verdict::NoSuchRule => return Err("KB.md has no such rule.".to_string()),
            Verdict::Change(edit) => edit,
        };
        let said = Facts::of(self.reconciler.tables(), &format!("{} {}", proposed.quote, proposed.text));
        match (edit.op, proposed.op, named) {
            // A line that the user's words do not speak of stays, whatever the model says; the rule itself was said.
            (Op::Add, Op::Replace, Some(line)) if self.speaks_of(&said, &line) => {
                let section = self.heading(&line);
                Ok(Edit { op: Op::Replace, supersedes: Some(line), section, ..edit })
            }
            (Op::Add, Op::Add | Op::Replace | Op::Remove, _) => {
                let exact = self.kb.sections.iter().any(|section| section.heading == proposed.section);
                let section = if exact { Some(proposed.section.clone()) } else { edit.section.clone() };
                Ok(Edit { section, ..edit })
            }
            (Op::Replace | Op::Remove, _, _) => Ok(edit),
        }
    }

    /// Whether words and line share a decision or a meaning.
    fn speaks_of(&self, said: &Facts, line: &LineRef) -> bool {
        let line = Facts::of(self.reconciler.tables(), &line.text);
        let decision = said
            .values
            .iter()
            .any(|ours| line.values.iter().any(|theirs| theirs.value.slot == ours.value.slot));
        let overlap = Overlap::of(&said.meanings, &line.meanings);
        decision || overlap.shared >= 2 || (overlap.shared == 1 && overlap.left.min(overlap.right) <= 3)
    }

    fn heading(&self, line: &LineRef) -> Option<String> {
        let entry = edit::resolve(self.kb, line).and_then(|at| self.kb.entries.get(at))?;
        self.kb.heading_of(entry).map(str::to_string)
    }
}

fn candidate(proposed: &Proposed, text: &str) -> Candidate {
    Candidate {
        quote: proposed.quote.clone(),
        range: 0..proposed.quote.len(),
        text: text.to_string(),
        polarity: Polarity::Require,
        revokes: false,
        kb_command: false,
        band: Band::Strong,
        score: 1.0,
        reasons: Vec::new(),
    }
}
