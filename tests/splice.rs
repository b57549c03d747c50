//! Every shape of KB.md that can be drawn, and every edit of it, byte for byte: what is expected is drawn here anew and owes nothing to
//! the code that splices. `SPLICE_CASES` raises the number of cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // A test that cannot go on says so by panicking.

#[path = "support/fuzz.rs"]
mod fuzz;

use dictum::domain::kb::document::Document;
use dictum::domain::kb::edit::apply;
use dictum::domain::kb::{Edit, LineRef, Op};
use proptest::prelude::*;
use unicode_width::UnicodeWidthStr;

/// A KB.md before it is drawn.
#[derive(Clone, Debug)]
struct Plan {
    bom: bool,
    last: bool,
    front: &'static str,
    heading: Heading,
    airy: bool,
    small: bool,
    stop: &'static str,
    sections: Vec<Section>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Heading {
    Atx,
    Closed,
    Setext,
    Bold,
}

#[derive(Clone, Debug)]
struct Section {
    eol: &'static str,
    before: &'static [&'static str],
    after: &'static [&'static str],
    body: Body,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    name: String,
    word: &'static str,
    /// Number in a table that counts, paragraph in running text.
    place: usize,
    /// Has items nested in it.
    kids: bool,
}

#[derive(Clone, Copy, Debug)]
enum Body {
    List {
        marker: &'static str,
        indent: &'static str,
        gap: &'static str,
        check: &'static str,
        loose: bool,
        lead: Option<Lead>,
        kid: &'static str,
    },
    Wrapped {
        marker: &'static str,
    },
    Numbered {
        delimiter: &'static str,
        same: bool,
        zeros: bool,
        loose: bool,
    },
    Table {
        number: bool,
        topic: bool,
        why: bool,
        form: Form,
    },
    Labels {
        lead: Lead,
        tail: &'static str,
    },
    Prose,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Padded,
    Spaced,
    Tight,
    Open,
}

#[derive(Clone, Copy, Debug)]
struct Lead(&'static str, &'static str);

const NAMES: &[&str] =
    &["alpha", "bravo", "日本", "über", "naïve", "😀 smile", "e\u{301}mile", "ñandú", "`code`", "foxtrot"];

fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().collect::<String>() + chars.as_str()).unwrap_or_default()
}

impl Plan {
    fn initial(&self, text: &str) -> String {
        if self.small { text.to_string() } else { upper(text) }
    }

    /// The rule as the user would say it: not in the file's manner.
    fn said(&self, section: &Section, rule: &Rule) -> String {
        match section.body {
            Body::List { lead: Some(_), .. } | Body::Labels { .. } | Body::Table { topic: true, .. } => {
                format!("{}: Keep it {}.", upper(&rule.name), rule.word)
            }
            Body::Wrapped { .. } => format!("{}.", upper(&long(rule))),
            Body::List { lead: None, .. } | Body::Numbered { .. } | Body::Table { .. } | Body::Prose => {
                format!("Keep {} {}.", rule.name, rule.word)
            }
        }
    }

    /// The rule as it stands in the file, without marker.
    fn text(&self, section: &Section, rule: &Rule) -> String {
        let plain = |stop: &str| format!("{} {} {}{stop}", self.initial("keep"), rule.name, rule.word);
        match section.body {
            Body::List { lead: Some(Lead(open, between)), .. }
            | Body::Labels { lead: Lead(open, between), .. } => {
                format!(
                    "{open}{}{between}{} it {}{}",
                    upper(&rule.name),
                    self.initial("keep"),
                    rule.word,
                    self.stop
                )
            }
            Body::Table { topic: true, .. } => {
                format!("{} it {}{}", self.initial("keep"), rule.word, self.stop)
            }
            Body::Wrapped { .. } => self.initial(&long(rule)) + self.stop,
            Body::Prose => format!("Keep {} {}.", rule.name, rule.word),
            Body::List { lead: None, .. } | Body::Numbered { .. } | Body::Table { .. } => plain(self.stop),
        }
    }

    /// The text of the entry that the parser is to find.
    fn entry(&self, section: &Section, rule: &Rule) -> String {
        match section.body {
            Body::Table { number, topic, why, .. } => {
                let mut cells = Vec::new();
                cells.extend(number.then(|| rule.place.to_string()));
                cells.extend(topic.then(|| upper(&rule.name)));
                cells.push(self.text(section, rule));
                cells.extend((why && rule.word != "fresh").then(|| "so it is".to_string()));
                cells.join(" | ")
            }
            Body::List { .. }
            | Body::Wrapped { .. }
            | Body::Numbered { .. }
            | Body::Labels { .. }
            | Body::Prose => self.text(section, rule),
        }
    }

    fn draw(&self) -> String {
        let mut lines: Vec<(String, &str)> = Vec::new();
        let first = self.sections[0].eol;
        match self.front {
            "" => {}
            mark => {
                lines.extend([mark, "- Keep alpha zero tidy", mark, ""].map(|line| (line.to_string(), first)))
            }
        }
        for (at, section) in self.sections.iter().enumerate() {
            let mut put = |line: String| lines.push((line, section.eol));
            match self.heading {
                Heading::Atx => put(format!("## Part {at}")),
                Heading::Closed => put(format!("## Part {at} ##")),
                Heading::Bold => put(format!("**Part {at}**")),
                Heading::Setext => {
                    put(format!("Part {at}"));
                    put("-".repeat(6));
                }
            }
            if self.airy {
                put(String::new());
            }
            section.before.iter().for_each(|line| put((*line).to_string()));
            self.body(section).into_iter().for_each(&mut put);
            put(String::new());
            section.after.iter().for_each(|line| put((*line).to_string()));
        }
        while lines.last().is_some_and(|(line, _)| line.is_empty()) {
            lines.pop();
        }
        let end = lines.len() - 1;
        let mut text = String::from(if self.bom { "\u{feff}" } else { "" });
        for (at, (line, eol)) in lines.iter().enumerate() {
            text.push_str(line);
            if at < end || self.last {
                text.push_str(eol);
            }
        }
        text
    }

    fn body(&self, section: &Section) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for (at, rule) in section.rules.iter().enumerate() {
            let text = self.text(section, rule);
            match section.body {
                Body::List { marker, indent, gap, check, loose, kid, .. } => {
                    lines.extend((loose && at > 0).then(String::new));
                    lines.push(format!("{indent}{marker}{gap}{check}{text}"));
                    if rule.kids {
                        lines.extend(
                            ["one", "two"]
                                .map(|name| format!("{indent}{kid}{marker} kid {name} of {}", rule.name)),
                        );
                    }
                }
                Body::Wrapped { marker } => lines.extend(wrapped(marker, &text)),
                Body::Numbered { delimiter, same, zeros, loose } => {
                    lines.extend((loose && at > 0).then(String::new));
                    let number = if same { 1 } else { at + 1 };
                    let digits = if zeros { format!("{number:02}") } else { number.to_string() };
                    lines.push(format!("{digits}{delimiter} {text}"));
                }
                Body::Table { .. } => lines.push(self.row(section, rule, &text)),
                Body::Labels { tail, .. } => lines.push(format!("{text}{tail}")),
                Body::Prose => match lines.last_mut() {
                    Some(line) if section.rules[at - 1].place == rule.place => {
                        line.push(' ');
                        line.push_str(&text);
                    }
                    Some(_) => lines.extend([String::new(), text]),
                    None => lines.push(text),
                },
            }
        }
        if let Body::Table { .. } = section.body {
            lines.splice(0..0, self.head(section));
        }
        lines
    }

    fn head(&self, section: &Section) -> [String; 2] {
        let Body::Table { number, topic, why, form } = section.body else { unreachable!() };
        let mut heads = Vec::new();
        // A bare `#` would open a heading.
        heads.extend(number.then_some((if form == Form::Open { "Nr" } else { "#" }, 3)));
        heads.extend(topic.then_some(("Topic", 14)));
        heads.push(("Rule", 30));
        heads.extend(why.then_some(("Why", 10)));
        let names = heads.iter().map(|(name, width)| (name.to_string(), *width)).collect();
        let dashes = match form {
            Form::Padded => {
                let dashes = heads.iter().map(|(name, width)| {
                    if *name == "#" { format!("{}:", "-".repeat(width + 1)) } else { "-".repeat(width + 2) }
                });
                format!("|{}|", dashes.collect::<Vec<_>>().join("|"))
            }
            Form::Spaced => format!("| {} |", vec!["---"; heads.len()].join(" | ")),
            Form::Tight => format!("|{}|", vec!["-"; heads.len()].join("|")),
            Form::Open => vec!["---"; heads.len()].join(" | "),
        };
        [cells(form, names, number), dashes]
    }

    fn row(&self, section: &Section, rule: &Rule, text: &str) -> String {
        let Body::Table { number, topic, why, form } = section.body else { unreachable!() };
        let mut row = Vec::new();
        row.extend(number.then(|| (rule.place.to_string(), 3)));
        row.extend(topic.then(|| (upper(&rule.name), 14)));
        row.push((text.to_string(), 30));
        row.extend(
            why.then(|| (if rule.word == "fresh" { String::new() } else { "so it is".to_string() }, 10)),
        );
        cells(form, row, number)
    }

    fn edit(&self, kb: &str, op: Op, section: usize, rule: Option<&Rule>, text: String) -> Edit {
        let supersedes = rule.map(|rule| {
            let wanted = self.entry(&self.sections[section], rule);
            let document = Document::parse(kb);
            let entry = document
                .entries
                .iter()
                .find(|entry| entry.text == wanted)
                .unwrap_or_else(|| panic!("{wanted:?} is an entry of {kb:?}"));
            LineRef { line: entry.line, text: entry.text.clone() }
        });
        Edit { op, text, supersedes, section: Some(format!("Part {section}")) }
    }

    fn add(&self, kb: &str, section: usize, rule: &Rule) -> Edit {
        self.edit(kb, Op::Add, section, None, self.said(&self.sections[section], rule))
    }

    fn replace(&self, kb: &str, section: usize, old: &Rule, new: &Rule) -> Edit {
        self.edit(kb, Op::Replace, section, Some(old), self.said(&self.sections[section], new))
    }

    fn remove(&self, kb: &str, section: usize, rule: &Rule) -> Edit {
        self.edit(kb, Op::Remove, section, Some(rule), String::new())
    }

    /// The next rule of a section.
    fn fresh(&self, section: usize, name: &str) -> Rule {
        let place = self.sections[section].rules.last().unwrap().place + 1;
        Rule { name: name.to_string(), word: "fresh", place, kids: false }
    }
}

fn long(rule: &Rule) -> String {
    format!(
        "keep {} {} in all of the parts that we own and do not let it rot or sag or go off to the bin",
        rule.name, rule.word
    )
}

/// An item broken before column 72.
fn wrapped(marker: &str, text: &str) -> Vec<String> {
    let mut lines = vec![format!("{marker} ")];
    for word in text.split(' ') {
        let line = lines.last_mut().unwrap();
        if line.trim().len() > 1 && line.width() + 1 + word.width() > 72 {
            lines.push(format!("  {word}"));
        } else {
            if line.trim().len() > 1 {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

fn cells(form: Form, row: Vec<(String, usize)>, number: bool) -> String {
    let count = row.len();
    let drawn: Vec<String> = row
        .into_iter()
        .enumerate()
        .map(|(at, (cell, width))| {
            let blanks = " ".repeat(width.saturating_sub(cell.width()));
            match form {
                Form::Padded if at == 0 && number => format!(" {blanks}{cell} "),
                Form::Padded => format!(" {cell}{blanks} "),
                Form::Spaced if cell.is_empty() => " ".to_string(),
                Form::Spaced => format!(" {cell} "),
                Form::Tight => cell,
                Form::Open => match (at == 0, at + 1 == count) {
                    (true, true) => format!("| {cell} |"),
                    (true, false) => format!("{cell} "),
                    (false, true) => format!(" {cell}"),
                    (false, false) => format!(" {cell} "),
                },
            }
        })
        .collect();
    let row = drawn.join("|");
    if form == Form::Open { row } else { format!("|{row}|") }
}

fn of<T: Clone + std::fmt::Debug + 'static>(choices: &'static [T]) -> impl Strategy<Value = T> {
    proptest::sample::select(choices)
}

fn lead() -> impl Strategy<Value = Lead> {
    of(&[Lead("**", ":** "), Lead("**", "**: "), Lead("", ": "), Lead("__", ":__ "), Lead("**", "** – ")])
}

fn body() -> impl Strategy<Value = Body> {
    let list = (
        of(&["-", "*", "+"]),
        of(&["", "  ", "\t"]),
        of(&[" ", "   ", "\t"]),
        of(&["", "[ ] ", "[x] "]),
        any::<bool>(),
        proptest::option::of(lead()),
        of(&["  ", "    ", "\t"]),
    )
        .prop_map(|(marker, indent, gap, check, loose, lead, kid)| {
            // A nested item stands below the text of its parent or two columns in; a wide gap asks for a tab.
            let kid = if gap == " " { kid } else { "\t" };
            Body::List { marker, indent, gap, check, loose, lead, kid }
        });
    let numbered = (of(&[".", ")"]), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(delimiter, same, zeros, loose)| Body::Numbered { delimiter, same, zeros, loose });
    let table = (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        of(&[Form::Padded, Form::Spaced, Form::Tight, Form::Open]),
    )
        .prop_map(|(number, topic, why, form)| {
            let lone = !number && !topic;
            let why = why && form != Form::Open;
            Body::Table {
                number,
                topic,
                why,
                form: if lone && form == Form::Open { Form::Spaced } else { form },
            }
        });
    let labels = (lead(), of(&["", "", "  "])).prop_map(|(lead, tail)| {
        // A dash makes a label only in a list.
        let lead = if lead.1.contains('–') { Lead("**", ":** ") } else { lead };
        Body::Labels { lead, tail }
    });
    prop_oneof![
        4 => list,
        1 => of(&["-", "*"]).prop_map(|marker| Body::Wrapped { marker }),
        3 => numbered,
        3 => table,
        2 => labels,
        2 => Just(Body::Prose),
    ]
}

const NOISE: &[&[&str]] = &[
    &[],
    &[],
    &["<!-- Keep these short.", "- Keep alpha one tidy", "-->", ""],
    &["```md", "- Keep alpha one tidy", "", "1. Keep bravo two tidy", "```", ""],
    &["~~~", "```", "- Keep bravo two tidy", "~~~", ""],
    &["> - Keep alpha one tidy", "> Keep bravo two tidy.", ""],
    &["The rules of this part are these:", ""],
];

fn section(at: usize) -> impl Strategy<Value = Section> {
    let rules = proptest::collection::vec((0..NAMES.len(), any::<bool>(), 0..2_usize), 3..6);
    (of(&["\n", "\r\n"]), of(NOISE), of(&NOISE[..6]), body(), rules).prop_map(
        move |(eol, before, after, body, rules)| {
            let mut place = 0;
            let rules = rules
                .into_iter()
                .enumerate()
                .map(|(number, (name, kids, step))| {
                    place += match body {
                        Body::Prose => step,
                        Body::List { .. }
                        | Body::Wrapped { .. }
                        | Body::Numbered { .. }
                        | Body::Table { .. }
                        | Body::Labels { .. } => 1,
                    };
                    let tag = ["one", "two", "three", "four", "five"][number];
                    let group = ["", "red ", "blue "][at];
                    let kids = kids && matches!(body, Body::List { .. });
                    // Code is no label.
                    let plain = !matches!(
                        body,
                        Body::List { lead: Some(_), .. }
                            | Body::Labels { .. }
                            | Body::Table { topic: true, .. }
                    );
                    let name = if plain || NAMES[name] != "`code`" { NAMES[name] } else { "golf" };
                    Rule { name: format!("{name} {group}{tag}"), word: "tidy", place, kids }
                })
                .collect();
            Section { eol, before, after, body, rules }
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    let sections = prop_oneof![
        section(0).prop_map(|a| vec![a]),
        (section(0), section(1)).prop_map(|(a, b)| vec![a, b]),
        (section(0), section(1), section(2)).prop_map(|(a, b, c)| vec![a, b, c]),
    ];
    let heading = of(&[Heading::Atx, Heading::Closed, Heading::Setext, Heading::Bold]);
    let all = (
        any::<bool>(),
        any::<bool>(),
        of(&["", "", "---", "+++"]),
        heading,
        any::<bool>(),
        any::<bool>(),
        of(&["", ".", ";"]),
        any::<bool>(),
    );
    (all, sections).prop_map(|((bom, last, front, heading, airy, small, stop, mixed), mut sections)| {
        if !mixed {
            let eol = sections[0].eol;
            sections.iter_mut().for_each(|section| section.eol = eol);
        }
        // Where lines are broken at a column, a paragraph that outgrows it is broken too; so here it is one sentence.
        if sections.iter().any(|section| matches!(section.body, Body::Wrapped { .. })) {
            for section in &mut sections {
                section.rules.iter_mut().enumerate().for_each(|(at, rule)| rule.place = at + 1);
            }
        }
        let airy = airy || heading == Heading::Bold;
        Plan { bom, last, front, heading, airy, small, stop, sections }
    })
}

/// A few cases by default, since they run unoptimised.
fn cases(few: u32) -> ProptestConfig {
    let cases = std::env::var("SPLICE_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(few);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn every_edit_changes_its_own_bytes_and_has_an_inverse(plan in plan(), at in any::<prop::sample::Index>(), pick in any::<prop::sample::Index>()) {
        let kb = plan.draw();
        let document = Document::parse(&kb);
        let tops: Vec<&str> = document.entries.iter().filter(|entry| entry.parent.is_none()).map(|entry| entry.text.as_str()).collect();
        let expected: Vec<String> =
            plan.sections.iter().flat_map(|section| section.rules.iter().map(|rule| plan.entry(section, rule))).collect();
        prop_assert_eq!(&tops, &expected, "the rules of {:?}", &kb);
        let section = at.index(plan.sections.len());
        let rule = pick.index(plan.sections[section].rules.len());

        let mut more = plan.clone();
        let fresh = plan.fresh(section, "zebra nine");
        more.sections[section].rules.push(fresh.clone());
        let added = apply(&kb, &[plan.add(&kb, section, &fresh)]).unwrap();
        prop_assert_eq!(&added, &more.draw(), "added to {:?}", &kb);
        let back = apply(&added, &[more.remove(&added, section, &fresh)]).unwrap();
        prop_assert_eq!(&back, &kb, "removed again from {:?}", &added);

        let old = plan.sections[section].rules[rule].clone();
        let new = Rule { word: "clean", ..old.clone() };
        let mut other = plan.clone();
        other.sections[section].rules[rule] = new.clone();
        let replaced = apply(&kb, &[plan.replace(&kb, section, &old, &new)]).unwrap();
        prop_assert_eq!(&replaced, &other.draw(), "replaced in {:?}", &kb);
        let back = apply(&replaced, &[other.replace(&replaced, section, &new, &old)]).unwrap();
        prop_assert_eq!(&back, &kb, "replaced back in {:?}", &replaced);

        let mut less = plan.clone();
        less.sections[section].rules.remove(rule);
        let removed = apply(&kb, &[plan.remove(&kb, section, &old)]).unwrap();
        prop_assert_eq!(&removed, &less.draw(), "removed from {:?}", &kb);
        let tail = matches!(plan.sections[section].body, Body::Table { why: true, .. } | Body::Prose);
        if rule + 1 == plan.sections[section].rules.len() && !old.kids && !tail {
            let back = apply(&removed, &[less.add(&removed, section, &old)]).unwrap();
            prop_assert_eq!(&back, &kb, "added again to {:?}", &removed);
        }
    }

    #[test]
    fn several_edits_at_once_are_those_edits_one_by_one(plan in plan(), choices in proptest::collection::vec((0..4_u8, any::<prop::sample::Index>()), 3)) {
        let kb = plan.draw();
        let mut after = plan.clone();
        let mut edits = Vec::new();
        for (section, (what, pick)) in choices.into_iter().enumerate().take(plan.sections.len()) {
            let rules = &plan.sections[section].rules;
            let rule = pick.index(rules.len());
            let old = &rules[rule];
            if what != 0 {
                let next = plan.sections[section].rules[(rule + 1) % rules.len()].clone();
                let new = Rule { word: "clean", ..next.clone() };
                edits.push(plan.replace(&kb, section, &next, &new));
                after.sections[section].rules[(rule + 1) % rules.len()] = new;
            }
            // A list that is left with fewer than two shows nothing to copy.
            if what != 1 {
                edits.push(plan.remove(&kb, section, old));
                after.sections[section].rules.remove(rule);
            }
            if what != 2 {
                for name in ["zebra nine", "yak ten"] {
                    let fresh = after.fresh(section, name);
                    edits.push(plan.add(&kb, section, &fresh));
                    after.sections[section].rules.push(fresh);
                }
            }
        }
        prop_assert_eq!(apply(&kb, &edits).unwrap(), after.draw(), "{:?}", &kb);
    }
}

#[test]
fn any_text_is_read_and_edited_without_a_panic() {
    let fuzz = fuzz::Fuzz::new();
    let mut count = fuzz::Count::default();
    for seed in 0..400 {
        if let Err(failure) = fuzz.round(seed, &mut count) {
            panic!("seed {}: {}", failure.seed, failure.what);
        }
    }
    assert!(count.all() > 1_000, "{count:?}");
}

/// The text of `kb` after one edit: `add HEADING: text`, `replace WORDS: text`, or `remove WORDS`.
#[track_caller]
fn after(kb: &str, edit: &str) -> String {
    let (what, rest) = edit.split_once(' ').unwrap();
    let (place, text) = rest.split_once(": ").unwrap_or((rest, ""));
    let document = Document::parse(kb);
    let supersedes = document.entries.iter().find(|entry| entry.text.contains(place));
    let supersedes = supersedes.map(|entry| LineRef { line: entry.line, text: entry.text.clone() });
    let section = (place != "-").then(|| place.to_string());
    let edit = match what {
        "add" => Edit { op: Op::Add, text: text.into(), supersedes: None, section },
        "replace" => Edit { op: Op::Replace, text: text.into(), supersedes, section: None },
        "remove" => Edit { op: Op::Remove, text: String::new(), supersedes, section: None },
        other => panic!("no edit {other}"),
    };
    apply(kb, &[edit]).unwrap_or_else(|error| panic!("{error} for {kb:?}"))
}

#[test]
fn a_row_has_its_rule_in_the_column_of_the_rules() {
    let kb =
        "| # | Topic | Rule |\n|--:|:------|------|\n| 1 | Packages | Use npm |\n| 2 | Style | Use tabs |\n";
    assert_eq!(after(kb, "add -: log with pino"), format!("{kb}| 3 | | Log with pino |\n"));
    assert_eq!(after(kb, "add -: Logging: use pino"), format!("{kb}| 3 | Logging | Use pino |\n"));
    assert_eq!(after(kb, "add -: Use a | b"), format!("{kb}| 3 | | Use a \\| b |\n"));
    assert_eq!(after(kb, "replace npm: use pnpm"), kb.replace("Use npm", "Use pnpm"));
    let ids = "| ID | Rule | Since | Why |\n|----|------|-------|-----|\n| R1 | Use npm for it all | 2023 | speed |\n";
    assert_eq!(after(ids, "add -: Use tabs"), format!("{ids}| R2 | Use tabs | | |\n"));
    assert_eq!(after(ids, "replace npm: Use pnpm"), ids.replace("Use npm for it all", "Use pnpm"));
    let bold = "| What | Value |\n|---|---|\n| **Runtime** | `node` |\n| **Cache** | `redis` |\n";
    assert_eq!(after(bold, "add -: logger: pino"), format!("{bold}| **Logger** | `pino` |\n"));
    let escaped = "| Topic | Rule |\n|---|---|\n| types | Use string \\| number |\n";
    assert_eq!(
        after(escaped, "replace string: Use foo | bar"),
        escaped.replace("string \\| number", "foo \\| bar")
    );
    let bare = "## A\n\n| Topic | Rule |\n|---|---|\n";
    assert_eq!(after(bare, "add A: Logs: use pino"), format!("{bare}| Logs | Use pino |\n"));
}

#[test]
fn a_label_stays_before_what_replaces_its_value() {
    let kb = "- **Runtime:** Node 20\n- **Package manager:** npm\n";
    let line = |line: &str| format!("- **Runtime:** Node 20\n{line}\n");
    assert_eq!(after(kb, "replace npm: Use pnpm."), line("- **Package manager:** use pnpm"));
    assert_eq!(after(kb, "replace npm: package manager: pnpm"), line("- **Package manager:** pnpm"));
    assert_eq!(after(kb, "replace npm: The package manager is pnpm."), line("- **Package manager:** pnpm"));
    assert_eq!(after(kb, "replace npm: Tooling: pnpm"), line("- **Tooling:** pnpm"));
    let plain = "Runtime: Node 20\nPackage manager: npm\n";
    assert_eq!(
        after(plain, "replace npm: Always use pnpm"),
        "Runtime: Node 20\nPackage manager: always use pnpm\n"
    );
    assert_eq!(after(plain, "add -: log with pino"), format!("{plain}\nLog with pino\n"));
    let dashed = "- **Runtime** – Node 20\n- **Cache** – Redis\n";
    assert_eq!(after(dashed, "add -: logger: pino"), format!("{dashed}- **Logger** – pino\n"));
}

#[test]
fn names_keep_their_letters() {
    let capital = "- Use tabs\n- Keep it short\n- Test it\n";
    assert_eq!(after(capital, "add -: npm is out"), format!("{capital}- npm is out\n"));
    let small = "- use tabs\n- keep it short\n- test it\n";
    assert_eq!(
        after(small, "add -: Postgres is the database."),
        format!("{small}- Postgres is the database\n")
    );
    assert_eq!(after(small, "add -: Never commit secrets."), format!("{small}- never commit secrets\n"));
}

#[test]
fn nothing_beside_a_sentence_goes_with_it() {
    assert_eq!(after("Use npm. The rest is this:\n\n- a\n", "remove npm"), "The rest is this:\n\n- a\n");
    let kb = "Use npm. <!-- Use yarn. --> Use tabs. End here.\n";
    assert_eq!(after(kb, "remove tabs"), "Use npm. <!-- Use yarn. --> End here.\n");
    assert_eq!(after(kb, "replace tabs: Use spaces"), kb.replace("Use tabs.", "Use spaces."));
    assert_eq!(after("**Use npm. Use tabs.** More.\n", "remove npm"), "**Use tabs.** More.\n");
    assert_eq!(
        after("**Use npm. Use tabs.** More.\n", "replace tabs: use spaces"),
        "**Use npm. Use spaces.** More.\n"
    );
    assert_eq!(
        after("- use npm <!-- why -->\n  always\n", "replace npm: use pnpm"),
        "- use pnpm <!-- why -->\n"
    );
    assert_eq!(after("A here. B is\nlong. \nC here.\n", "remove B"), "A here. \nC here.\n");
}

#[test]
fn only_numbers_that_nothing_refers_to_are_counted_anew() {
    let kb = "1. One\n2. Two\n3. Three\n\nAnd then:\n\n4. Four\n5. Five\n";
    assert_eq!(after(kb, "remove Two"), "1. One\n2. Three\n\nAnd then:\n\n3. Four\n4. Five\n");
    assert_eq!(after(kb, "add -: Six"), format!("{kb}6. Six\n"));
    assert_eq!(after("01. One\n02. Two\n", "remove One"), "01. Two\n");
    assert_eq!(
        after("1. One\n2. Two\n3. Four (see rule 2)\n", "remove One"),
        "2. Two\n3. Four (see rule 2)\n"
    );
}

#[test]
fn a_guide_of_nested_lists_takes_a_rule_where_it_belongs() {
    let guide = "- Stack\n  - Node 20\n- Testing\n  - run them\n";
    assert_eq!(after(guide, "add Testing: mock nothing"), format!("{guide}  - mock nothing\n"));
    assert_eq!(after("- General:\n\t- one\n", "add -: two"), "- General:\n\t- one\n\t- two\n");
}

#[test]
fn headings_are_written_like_the_others() {
    assert_eq!(
        after("# A #\n\n- a\n\n## B ##\n\n- b\n", "add C: c"),
        "# A #\n\n- a\n\n## B ##\n\n- b\n\n## C ##\n\n- c\n"
    );
    assert_eq!(after("**A:**\n- a\n", "add B: b"), "**A:**\n- a\n\n**B:**\n- b\n");
    assert_eq!(
        after("## A\n\n- a\n\n---\n\n## B\n\n- b\n", "add C: c"),
        "## A\n\n- a\n\n---\n\n## B\n\n- b\n\n---\n\n## C\n\n- c\n"
    );
}

/// A parse and an edit of a long KB.md take time in proportion, whatever it is made of.
#[test]
fn a_megabyte_takes_ten_times_as_long_as_a_tenth_of_it() {
    let shapes = [
        "- Use tabs in all files\n",
        "1. Use tabs\n",
        "Use tabs. Use npm. ",
        "|a|b|\n|-|-|\n|c|d|\n",
        "Label: value\n",
        "## A\n\n- a\n\n",
        "- a\n  - b\n",
        "- a\n\n",
        "<!-- ",
        "```\nx\n```\n",
        "a <!-- b --> c. ",
        "- **a\n",
    ];
    for shape in shapes {
        let grows = |short: usize, work: &dyn Fn(&str)| {
            let time = |bytes: usize| {
                let kb = shape.repeat(bytes / shape.len());
                let once = || {
                    let start = std::time::Instant::now();
                    work(&kb);
                    start.elapsed()
                };
                once().min(once())
            };
            let (few, many) = (time(short), time(short * 10));
            // Room for a busy machine; were it quadratic, it would be a hundred times as long.
            let limit = few * 40 + std::time::Duration::from_millis(100);
            assert!(many < limit, "{shape:?}: {few:?} for {short} bytes, {many:?} for ten times as many");
        };
        grows(100_000, &|kb| drop(Document::parse(kb)));
        grows(10_000, &|kb| {
            let add = Edit { op: Op::Add, text: "Use zod".into(), supersedes: None, section: None };
            let document = Document::parse(kb);
            let last =
                document.entries.last().map(|entry| LineRef { line: entry.line, text: entry.text.clone() });
            let remove = Edit { op: Op::Remove, text: String::new(), supersedes: last, section: None };
            let _ = (apply(kb, &[add]), apply(kb, &[remove]));
        });
    }
}
