//! Arbitrary and structured text for the parser, the splice, the detector and the sanitiser, with what must hold of every answer. The
//! same seed gives the same texts. It writes nothing.

use std::collections::BTreeSet;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use dictum::base::text;
use dictum::domain::kb::detect::Detector;
use dictum::domain::kb::document::{Document, Entry};
use dictum::domain::kb::edit::{apply, resolve};
use dictum::domain::kb::reconcile::Reconciler;
use dictum::domain::kb::{Edit, LineRef, Op, Span, Verdict};

const MESSAGES: &[&str] = &[
    include_str!("../data/directives_blind.jsonl"),
    include_str!("../data/directives_dev.jsonl"),
    include_str!("../data/directives_last.jsonl"),
    include_str!("../data/directives_own.jsonl"),
    include_str!("../data/directives_unseen.jsonl"),
];

const CUES: &str = include_str!("../../assets/kb/cues.txt");
const PHRASES: &str = include_str!("../../assets/kb/phrases.txt");
const WORDS: &str = include_str!("../../assets/kb/words.txt");

/// Chance that can be had again: SplitMix64.
pub struct Chance(u64);

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit.max(1) as u64)).unwrap_or(0)
    }

    fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.below(from.len())]
    }
}

/// How many texts each part was given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    pub parsed: u64,
    pub spliced: u64,
    pub detected: u64,
    pub reconciled: u64,
    pub sanitised: u64,
}

impl Count {
    pub fn all(&self) -> u64 {
        self.parsed + self.spliced + self.detected + self.reconciled + self.sanitised
    }
}

/// A round that panicked or broke a promise.
#[derive(Clone, Debug)]
pub struct Failure {
    pub seed: u64,
    pub what: String,
}

/// The parts under test and the texts to start from.
pub struct Fuzz {
    detector: Detector,
    reconciler: Reconciler,
    messages: Vec<String>,
    kbs: Vec<String>,
    words: Vec<&'static str>,
    patterns: Vec<&'static str>,
}

impl Fuzz {
    pub fn new() -> Self {
        let cases = MESSAGES.iter().flat_map(|file| file.lines());
        let cases: Vec<serde_json::Value> =
            cases.filter_map(|line| serde_json::from_str(line).ok()).collect();
        let strings = |field: &str| -> Vec<String> {
            cases
                .iter()
                .filter_map(|case| case.get(field)?.as_str())
                .filter(|text| !text.is_empty())
                .map(str::to_string)
                .collect()
        };
        let rows = |file: &'static str| {
            file.lines().filter(|row| !row.starts_with(['/', '['])).filter_map(|row| row.split_once('\t'))
        };
        let words = rows(WORDS)
            .flat_map(|(_, words)| words.split_whitespace())
            .map(|word| word.trim_end_matches('~'));
        Self {
            detector: Detector::new(),
            reconciler: Reconciler::new(),
            messages: strings("message"),
            kbs: strings("kb"),
            words: words.collect(),
            patterns: rows(CUES).chain(rows(PHRASES)).map(|(_, pattern)| pattern).collect(),
        }
    }

    /// One round: a KB.md with some edits, and a message that meets it.
    pub fn round(&self, seed: u64, count: &mut Count) -> Result<(), Failure> {
        let mut now = *count;
        let result = catch_unwind(AssertUnwindSafe(|| self.checked(&mut Chance::new(seed), &mut now)));
        *count = now;
        let what = match result {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(broken)) => broken,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_string()));
                format!("panic: {}", text.unwrap_or_default())
            }
        };
        Err(Failure { seed, what })
    }

    fn checked(&self, chance: &mut Chance, count: &mut Count) -> Result<(), String> {
        let kb = self.kb(chance);
        let document = Document::parse(&kb);
        count.parsed += 1;
        parsed_well(&document).map_err(|what| format!("{what} in {kb:?}"))?;
        for _ in 0..3 {
            let edit = self.edit(chance, &document);
            count.spliced += 1;
            if let Ok(after) = apply(&kb, std::slice::from_ref(&edit)) {
                spliced_well(&document, &edit, &after)
                    .map_err(|what| format!("{what}: {edit:?} on {kb:?} gave {after:?}"))?;
            }
        }
        let message = self.message(chance);
        count.sanitised += 1;
        let safe = text::sanitise(&message);
        if safe.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return Err(format!("a control character is left in {safe:?} of {message:?}"));
        }
        self.detected(chance, &document, &message, count)
    }

    fn detected(
        &self,
        chance: &mut Chance,
        kb: &Document,
        message: &str,
        count: &mut Count,
    ) -> Result<(), String> {
        let spans = spans(chance, message);
        let found = self.detector.detect(&spans, kb);
        count.detected += 1;
        for candidate in &found.candidates {
            let quoted = message.get(candidate.range.clone());
            if quoted != Some(candidate.quote.as_str()) || !candidate.score.is_finite() {
                return Err(format!("a quote is not in its place: {candidate:?} of {message:?}"));
            }
        }
        if found.candidates.is_empty() || kb.entries.len() > 30 {
            return Ok(());
        }
        let verdicts = self.reconciler.reconcile_all(kb, &found.candidates);
        count.reconciled += 1;
        for verdict in verdicts {
            let Verdict::Change(edit) = verdict else { continue };
            count.spliced += 1;
            if let Ok(after) = apply(&kb.source, std::slice::from_ref(&edit)) {
                spliced_well(kb, &edit, &after)
                    .map_err(|what| format!("{what}: {edit:?} on {:?} gave {after:?}", kb.source))?;
            }
        }
        Ok(())
    }

    /// A KB.md: any characters, Markdown tokens, lines of the usual shapes, or a real one with some damage.
    fn kb(&self, chance: &mut Chance) -> String {
        match chance.below(8) {
            0 => any_text(chance),
            1 | 2 => soup(chance),
            3..=5 => lines(chance),
            _ => {
                let kb = self.kbs[chance.below(self.kbs.len())].clone();
                damaged(chance, kb, &self.messages)
            }
        }
    }

    /// A message: any characters, the cues put together, or a real one with some damage.
    fn message(&self, chance: &mut Chance) -> String {
        if chance.one_in(20_000) {
            let word = self.words[chance.below(self.words.len())];
            return format!("{word} ").repeat(5_000);
        }
        match chance.below(8) {
            0 => any_text(chance),
            1 => soup(chance),
            2..=4 => self.sentence(chance),
            _ => {
                let message = self.messages[chance.below(self.messages.len())].clone();
                damaged(chance, message, &self.messages)
            }
        }
    }

    /// Cues, phrases and words of all languages in a row.
    fn sentence(&self, chance: &mut Chance) -> String {
        let mut text = String::new();
        for _ in 0..=chance.below(6) {
            let part = match chance.below(3) {
                0 => {
                    let pattern = self.patterns[chance.below(self.patterns.len())];
                    self.said(chance, pattern)
                }
                1 => (0..=chance.below(5)).map(|_| self.word(chance)).collect::<Vec<_>>().join(" "),
                _ => chance.pick(OBJECTS).to_string(),
            };
            text.push_str(&part);
            text.push_str(chance.pick(&[
                " ", " ", " ", ", ", ". ", "; ", ": ", "\n", " - ", "! ", "? ", " → ", "\n- ", " (", ") ",
            ]));
        }
        text
    }

    fn word(&self, chance: &mut Chance) -> &'static str {
        self.words[chance.below(self.words.len())]
    }

    /// A cue's pattern as somebody might say it.
    fn said(&self, chance: &mut Chance, pattern: &'static str) -> String {
        let mut said: Vec<&str> = Vec::new();
        for part in pattern.split_whitespace() {
            let part = match part.strip_prefix('?') {
                Some(_) if chance.one_in(2) => continue,
                Some(rest) => rest,
                None => part,
            };
            match part {
                "^" | "$" => {}
                "_" | ".." | "..." => said.push(self.word(chance)),
                _ if part.starts_with('!') => {}
                _ if part.starts_with('@') => said.push(self.word(chance)),
                _ => {
                    let choices: Vec<&str> = part.split('|').collect();
                    said.push(choices[chance.below(choices.len())].trim_matches('~'));
                }
            }
        }
        said.join(" ")
    }

    fn edit(&self, chance: &mut Chance, kb: &Document) -> Edit {
        let text = match chance.below(4) {
            0 => any_text(chance),
            1 => chance.pick(OBJECTS).to_string(),
            2 => soup(chance),
            _ => self.sentence(chance),
        };
        let entry =
            |chance: &mut Chance| -> Option<&Entry> { kb.entries.get(chance.below(kb.entries.len())) };
        let op = [Op::Add, Op::Replace, Op::Remove][chance.below(3)];
        let section = match chance.below(4) {
            0 => None,
            1 => Some(text.clone()),
            _ => kb.sections.get(chance.below(kb.sections.len())).map(|section| section.heading.clone()),
        };
        let supersedes = match op {
            Op::Add => None,
            Op::Replace | Op::Remove => {
                entry(chance).map(|entry| LineRef { line: entry.line, text: entry.text.clone() })
            }
        };
        let text = if op == Op::Remove { String::new() } else { text };
        Edit { op, text, supersedes, section }
    }
}

/// The message in one piece or several, each typed, pasted or from elsewhere.
fn spans(chance: &mut Chance, message: &str) -> Vec<Span> {
    use dictum::domain::kb::Origin;
    if !chance.one_in(4) {
        return vec![Span::typed(message)];
    }
    let origins = [
        Origin::Typed,
        Origin::Pasted,
        Origin::FileMention,
        Origin::Tool,
        Origin::Model,
        Origin::SlashExpansion,
    ];
    let mut cuts: BTreeSet<usize> = (0..chance.below(4)).map(|_| boundary(chance, message)).collect();
    cuts.extend([0, message.len()]);
    let cuts: Vec<usize> = cuts.into_iter().collect();
    cuts.windows(2)
        .map(|pair| Span {
            text: message[pair[0]..pair[1]].to_string(),
            origin: origins[chance.below(origins.len())],
        })
        .collect()
}

const OBJECTS: &[&str] = &[
    "pnpm",
    "`pnpm run x`",
    "src/lib/a.ts",
    "Node 22",
    "Use tabs",
    "never npm.",
    "Package manager: pnpm",
    "**Cache:** Redis",
    "rule 3",
    "tests live in `test/`",
    "a | b | c",
    "> 80 %",
    "日本語で答える。",
    "l'été, toujours",
    "don't",
    "x -> y",
    "https://a.b/c?d=e#f",
    "sk-ant-abc123",
    "\u{202e}abc\u{202c}",
    "👩‍👩‍👧‍👦",
    "e\u{301}\u{301}",
    "ﬁle",
    "İstanbul",
    "ß",
    "--flag=value",
    "v1.2.3-rc.1",
    "\"quoted words stand here\"",
];

const TOKENS: &[&str] = &[
    "-",
    "*",
    "+",
    "•",
    "1.",
    "2)",
    "10.",
    "999999999.",
    "#",
    "##",
    "######",
    "=",
    "===",
    "---",
    "- - -",
    "+++",
    "```",
    "~~~",
    "`",
    "``",
    "|",
    "|-|",
    "|:--|--:|",
    "\\|",
    "<!--",
    "-->",
    "<b>",
    "[ ]",
    "[x]",
    "[X]",
    ">",
    "**",
    "__",
    "_",
    ":",
    ": ",
    "**a:** b",
    "a: b",
    "a",
    "B",
    "use",
    "Use npm.",
    "x.",
    "é",
    "日",
    "。",
    " ",
    " ",
    "  ",
    "    ",
    "\t",
    "\n",
    "\n",
    "\n",
    "\n\n",
    "\r\n",
    "\r",
    "\u{feff}",
    "\u{200b}",
    "\u{2028}",
    "\u{85}",
    "\u{a0}",
    "\0",
    "\u{1b}[31m",
    "<<<<<<< HEAD",
    "e\u{301}",
    "e.g.",
    "etc.",
    "...",
    "!",
    "?",
    "(",
    ")",
    "\"",
    "see rule 2",
];

/// Any characters, with those that make trouble often.
fn any_text(chance: &mut Chance) -> String {
    const RANGES: &[(u32, u32)] = &[
        (0x0, 0x20),
        (0x20, 0x7f),
        (0x20, 0x7f),
        (0x7f, 0xff),
        (0x100, 0x24f),
        (0x300, 0x36f),
        (0x370, 0x5ff),
        (0x600, 0x6ff),
        (0xe00, 0xe7f),
        (0x1100, 0x11ff),
        (0x2000, 0x206f),
        (0x2100, 0x2bff),
        (0x3000, 0x30ff),
        (0x4e00, 0x9fff),
        (0xac00, 0xd7a3),
        (0xe000, 0xe0ff),
        (0xfb00, 0xfdff),
        (0xfe00, 0xfeff),
        (0xff00, 0xffff),
        (0x1f300, 0x1faff),
        (0xe0000, 0xe01ef),
        (0x10000, 0x10fff),
        (0x10fff0, 0x10ffff),
    ];
    if chance.one_in(3) {
        let bytes: Vec<u8> = (0..chance.below(60)).map(|_| chance.next().to_le_bytes()[0]).collect();
        return String::from_utf8_lossy(&bytes).into_owned();
    }
    (0..chance.below(60))
        .map(|_| {
            let (low, high) = RANGES[chance.below(RANGES.len())];
            let code = low + u32::try_from(chance.below((high - low) as usize + 1)).unwrap_or(0);
            char::from_u32(code).unwrap_or('\u{fffd}')
        })
        .collect()
}

/// Pieces of Markdown without sense.
fn soup(chance: &mut Chance) -> String {
    let length = if chance.one_in(500) { 2_000 } else { chance.below(50) };
    (0..length).map(|_| chance.pick(TOKENS)).collect()
}

/// Lines as a KB.md has them, in any order.
fn lines(chance: &mut Chance) -> String {
    const STARTS: &[&str] = &[
        "- ",
        "- ",
        "* ",
        "+ ",
        "1. ",
        "2. ",
        "3. ",
        "1) ",
        "- [ ] ",
        "- [x] ",
        "  - ",
        "\t- ",
        "    - ",
        "# ",
        "## ",
        "### ",
        "",
        "",
        "> ",
        "| a | ",
        "|1|",
        "  ",
        "**Label:** ",
        "**Label**: ",
        "Label: ",
        "<!-- ",
        "```",
        "01. ",
        "-   ",
        "-\t",
    ];
    const MIDDLES: &[&str] = &[
        "Use npm",
        "use npm.",
        "Tests live in test/",
        "**Use tabs** everywhere",
        "Node 20 | LTS",
        "",
        "Log with `pino` only;",
        "one. Two. Three.",
        "Keep functions short, and keep the files that hold them short as well, so that they",
        "a <!-- why -->",
        "b <!-- open",
        "c --> d",
        "日本語。",
    ];
    const ENDS: &[&str] = &["", "", "", "  ", " |", "\\", " #"];
    const BETWEEN: &[&str] =
        &["---", "===", "|---|---|", "|-|-|-|", "```", "-->", "+++", "***", "", "", "", "title: x"];
    let eol = chance.pick(&["\n", "\n", "\r\n", "\r"]);
    let mixed = chance.one_in(8);
    let mut text = String::from(chance.pick(&["", "", "", "\u{feff}", "---\ntitle: x\n---\n"]));
    for _ in 0..chance.below(16) {
        if chance.one_in(4) {
            text.push_str(chance.pick(BETWEEN));
        } else {
            text.push_str(chance.pick(STARTS));
            text.push_str(chance.pick(MIDDLES));
            text.push_str(chance.pick(ENDS));
        }
        text.push_str(if mixed { chance.pick(&["\n", "\r\n", "\r"]) } else { eol });
    }
    if chance.one_in(3) {
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
    }
    text
}

fn boundary(chance: &mut Chance, text: &str) -> usize {
    let mut at = chance.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A text with pieces cut out, doubled, put in, or replaced by a piece of another.
fn damaged(chance: &mut Chance, mut text: String, others: &[String]) -> String {
    for _ in 0..chance.below(5) {
        let (a, b) = (boundary(chance, &text), boundary(chance, &text));
        let range: Range<usize> = a.min(b)..a.max(b).min(a.min(b) + 40);
        let range = range.start
            ..(range.start..=range.end).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(range.start);
        match chance.below(5) {
            0 => text.replace_range(range, ""),
            1 => {
                let piece = text[range.clone()].to_string();
                text.insert_str(range.start, &piece);
            }
            2 => text.insert_str(range.start, chance.pick(TOKENS)),
            3 => text.insert_str(range.start, &any_text(chance)),
            _ => {
                let other = &others[chance.below(others.len())];
                let from = boundary(chance, other);
                text.insert_str(range.start, &other[from..]);
            }
        }
    }
    text
}

/// What holds of every parsed text.
fn parsed_well(kb: &Document) -> Result<(), String> {
    let source = kb.source.as_str();
    let mut end = 0;
    for (at, entry) in kb.entries.iter().enumerate() {
        let wrong = |what: &str| Err(format!("entry {at} {what}: {entry:?}"));
        if source.get(entry.span.clone()).is_none()
            || source.get(entry.body.clone()).is_none()
            || source.get(entry.extent.clone()).is_none()
        {
            return wrong("cuts a character or leaves the text");
        }
        if entry.span.start < end {
            return wrong("overlaps the one before");
        }
        end = entry.span.end;
        if entry.body.start < entry.span.start || entry.body.end > entry.span.end {
            return wrong("has its text outside itself");
        }
        if entry.extent.start != entry.span.start || entry.extent.end < entry.span.end {
            return wrong("does not cover itself");
        }
        if entry.text.contains(['\n', '\r']) {
            return wrong("has several lines");
        }
        if entry.parent.is_some_and(|parent| parent >= at) {
            return wrong("stands before its parent");
        }
        let above = kb.sections.iter().rposition(|section| section.line < entry.line);
        if entry.section != above {
            return wrong("is under another heading");
        }
    }
    let ordered = kb
        .sections
        .windows(2)
        .all(|pair| pair[0].line < pair[1].line && pair[0].span.end <= pair[1].span.start);
    let inside = kb
        .sections
        .iter()
        .all(|section| source.get(section.span.clone()).is_some() && (1..=6).contains(&section.level));
    if ordered && inside { Ok(()) } else { Err(format!("sections are out of order: {:?}", kb.sections)) }
}

/// What holds of every edit that is made, seen from the bytes alone.
fn spliced_well(before: &Document, edit: &Edit, after: &str) -> Result<(), String> {
    let kb = before.source.as_str();
    parsed_well(&Document::parse(after))?;
    let front = kb.bytes().zip(after.bytes()).take_while(|(a, b)| a == b).count();
    let back = kb.bytes().rev().zip(after.bytes().rev()).take_while(|(a, b)| a == b).count();
    let blank = kb.trim_start_matches('\u{feff}').trim().is_empty();
    let target =
        edit.supersedes.as_ref().and_then(|old| resolve(before, old)).and_then(|at| before.entries.get(at));
    let kept = match (edit.op, target) {
        (Op::Add, _) => blank || front + back >= kb.len(),
        (Op::Replace, Some(old)) => front >= old.span.start && back >= kb.len() - old.span.end,
        (Op::Remove, Some(old)) => {
            // Of a counted list the digits behind the line change too.
            let counted = kb
                .get(old.span.clone())
                .is_some_and(|line| line.trim_start().starts_with(|c: char| c.is_ascii_digit()));
            let blanks = kb.get(..old.extent.start).map_or(0, |head| head.len() - head.trim_end().len());
            front + blanks >= old.extent.start && (counted || front + back >= after.len())
        }
        (Op::Replace | Op::Remove, None) => false,
    };
    if !kept {
        return Err("other bytes changed".into());
    }
    let ends = |text: &str| text.ends_with(['\n', '\r']);
    if !blank && !after.trim_start_matches('\u{feff}').is_empty() && ends(kb) != ends(after) {
        return Err("the final line end changed".into());
    }
    if kb.starts_with('\u{feff}') != after.starts_with('\u{feff}') {
        return Err("the byte order mark changed".into());
    }
    let bare = |text: &str| text.replace("\r\n", "").contains('\n');
    if kb.contains("\r\n") && !bare(kb) && bare(after) && !edit.text.contains('\n') {
        return Err("a line end of another kind came in".into());
    }
    Ok(())
}
