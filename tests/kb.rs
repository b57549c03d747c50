//! KB.md from a user's words to new bytes: the promises of reconciliation, of the byte splice and of the gate.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use dictum::domain::kb::document::Document;
use dictum::domain::kb::edit::{EditError, apply, rebase};
use dictum::domain::kb::gate::{self, Checked};
use dictum::domain::kb::reconcile::Reconciler;
use dictum::domain::kb::{Band, Candidate, Edit, LineRef, Op, Polarity, Span, Verdict};
use serde_json::Value;

/// A directive as the detector would give it.
fn said(text: &str) -> Candidate {
    Candidate {
        quote: text.to_string(),
        range: 0..text.len(),
        text: text.to_string(),
        polarity: Polarity::Require,
        revokes: false,
        kb_command: false,
        band: Band::Strong,
        score: 1.0,
        reasons: Vec::new(),
    }
}

fn revoked(quote: &str) -> Candidate {
    Candidate { text: String::new(), revokes: true, ..said(quote) }
}

mod dev_set {
    use super::*;

    /// What share of the dev set's directives reconciliation settles as its authors did, when the detector is taken as perfect.
    #[test]
    fn directives_are_settled_as_their_authors_would() {
        let gold = include_str!("data/directives_dev.jsonl");
        let reconciler = Reconciler::new();
        let mut tally: HashMap<&str, (usize, usize)> = HashMap::new();
        let mut misses = Vec::new();
        for line in gold.lines() {
            let case: Value = serde_json::from_str(line).unwrap();
            let kb = Document::parse(case["kb"].as_str().unwrap());
            for directive in case["expect"]["directives"].as_array().unwrap() {
                for (source, text) in [
                    ("sentence", sentence(&case, directive)),
                    ("gist", directive["gist"].as_str().unwrap().into()),
                ] {
                    let miss = settle(&reconciler, &case, &kb, directive, &text, &mut tally);
                    misses.extend(miss.map(|miss| format!("{} ({source}): {miss}", case["id"])));
                }
            }
        }
        for miss in &misses {
            println!("{miss}");
        }
        for (name, least) in [("op", 0.90), ("contradiction", 0.88), ("superseded", 0.95), ("section", 0.80)]
        {
            let (right, all) = tally[name];
            println!("{name}: {right}/{all}");
            assert!(right as f64 >= least * all as f64, "{name}: {right} of {all}\n{}", misses.join("\n"));
        }
    }

    fn settle(
        reconciler: &Reconciler,
        case: &Value,
        kb: &Document,
        directive: &Value,
        text: &str,
        tally: &mut HashMap<&str, (usize, usize)>,
    ) -> Option<String> {
        let op = directive["op"].as_str().unwrap();
        let message = case["message"].as_str().unwrap();
        let candidate = match op {
            "remove" => revoked(message),
            _ => Candidate { text: text.to_string(), ..said(message) },
        };
        let verdict = reconciler.reconcile(kb, &candidate);
        let found = match &verdict {
            Verdict::Change(edit) => edit.op.word(),
            Verdict::Known(_) => "noop",
            Verdict::NoSuchRule => "none",
        };
        let alternatives = directive["alt_ops"].as_array().unwrap();
        let right = found == op || alternatives.iter().any(|alt| alt == found);
        count(tally, "op", right);
        if op == "replace" {
            count(
                tally,
                "contradiction",
                found == "replace" && superseded(&verdict) == directive["supersedes"].as_str(),
            );
        }
        let mut missed = (!right).then(|| format!("{found} for {op}: {text:?} -> {verdict:?}"));
        if right && matches!(op, "replace" | "remove") {
            let same = superseded(&verdict) == directive["supersedes"].as_str();
            count(tally, "superseded", same);
            missed = missed.or_else(|| (!same).then(|| format!("supersedes {verdict:?}")));
        }
        if let Verdict::Change(edit) = &verdict
            && op != "noop"
            && !kb.source.is_empty()
        {
            let same = edit.section.as_deref() == directive["section_hint"].as_str();
            count(tally, "section", same);
            missed = missed.or_else(|| {
                (!same).then(|| format!("section {:?} for {}", edit.section, directive["section_hint"]))
            });
        }
        if let Verdict::Change(edit) = &verdict {
            apply(&kb.source, std::slice::from_ref(edit)).unwrap();
        }
        missed
    }

    fn superseded(verdict: &Verdict) -> Option<&str> {
        match verdict {
            Verdict::Change(edit) => edit.supersedes.as_ref().map(|old| old.text.as_str()),
            Verdict::Known(old) => Some(&old.text),
            Verdict::NoSuchRule => None,
        }
    }

    fn count(tally: &mut HashMap<&str, (usize, usize)>, name: &'static str, right: bool) {
        let (hits, all) = tally.entry(name).or_default();
        *hits += usize::from(right);
        *all += 1;
    }

    /// The sentence of the message that states the directive: the first that holds all the words the gold asks for.
    fn sentence(case: &Value, directive: &Value) -> String {
        let message = case["message"].as_str().unwrap();
        let musts: Vec<String> = directive["must"]
            .as_array()
            .unwrap()
            .iter()
            .map(|must| must.as_str().unwrap().to_lowercase())
            .collect();
        let gist = directive["gist"].as_str().unwrap().to_lowercase();
        let pieces: Vec<&str> = message.split(['\n', '!']).flat_map(|line| line.split(". ")).collect();
        let holds = |piece: &&&str| {
            let piece = piece.to_lowercase();
            !musts.is_empty() && musts.iter().all(|must| must.split('|').any(|word| piece.contains(word)))
        };
        let shared = |piece: &str| {
            gist.split(' ').filter(|word| word.len() > 3 && piece.to_lowercase().contains(*word)).count()
        };
        let best = pieces.iter().find(holds).or_else(|| pieces.iter().max_by_key(|piece| shared(piece)));
        best.unwrap_or(&message).trim().to_string()
    }
}

mod reconciliation {
    use super::*;

    /// What becomes of the file's only rule: `=` known, `~ text` replaced by, `-` removed, `+` something added, `0` no such rule.
    fn check(rule: &str, candidate: &Candidate, expect: &str) {
        let kb = Document::parse(&format!("# KB\n\n## Rules\n\n- {rule}\n"));
        let found = match Reconciler::new().reconcile(&kb, candidate) {
            Verdict::Known(_) => "=".to_string(),
            Verdict::NoSuchRule => "0".to_string(),
            Verdict::Change(edit) => match edit.op {
                Op::Add => "+".to_string(),
                Op::Replace => format!("~ {}", edit.text),
                Op::Remove => "-".to_string(),
            },
        };
        assert_eq!(found, expect, "{rule:?} meets {:?}", candidate.quote);
    }

    #[test]
    fn a07_already_known_is_silent() {
        check("Use pnpm for installs", &said("always install with pnpm"), "=");
        check(
            "Every endpoint validates its input with zod",
            &said("request bodies are always validated with zod"),
            "=",
        );
        check("Gli importi sono salvati in centesimi", &said("amounts are stored as integer cents"), "=");
        check("Package manager: npm", &said("We use npm in this repository."), "=");
        check("Never log passwords", &said("passwords must never be logged"), "=");
        check("Functions have at most 40 lines", &said("max 40 lines per function"), "=");
        let kb = Document::parse("# KB\n\n\n\n\n\n\n\n\n\n\n- Use pnpm for installs\n");
        let verdict = Reconciler::new().reconcile(&kb, &said("always install with pnpm"));
        assert_eq!(verdict, Verdict::Known(LineRef { line: 12, text: "Use pnpm for installs".into() }));
    }

    #[test]
    fn a08_contradiction_replaces() {
        let kb = "# KB\n\n## Stack\n\n\n\n\n\n\n\n- Node 22\n- Use pnpm\n- Use zod\n\n## Other\n- Be kind\n";
        let document = Document::parse(kb);
        let verdict = Reconciler::new().reconcile(&document, &said("Use npm"));
        let Verdict::Change(edit) = verdict else { panic!("{verdict:?}") };
        assert_eq!((edit.op, edit.section.as_deref()), (Op::Replace, Some("Stack")));
        assert_eq!(edit.supersedes.as_ref().map(|old| (old.line, old.text.as_str())), Some((12, "Use pnpm")));
        assert_eq!(apply(kb, &[edit]).unwrap(), kb.replace("- Use pnpm\n", "- Use npm\n"));
    }

    #[test]
    fn a_contradiction_keeps_the_label() {
        check("Package manager: npm", &said("Use pnpm."), "~ Package manager: pnpm");
        check("**Package manager:** npm", &said("use pnpm, not npm"), "~ **Package manager:** pnpm");
        check(
            "HTTP framework: Express 4",
            &said("every http service is Fastify, Express is banned"),
            "~ HTTP framework: Fastify",
        );
        check(
            "Database: PostgreSQL via Prisma",
            &said("drizzle replaces prisma"),
            "~ Database: PostgreSQL via Drizzle",
        );
        check(
            "Utilities: lodash",
            &said("lodash is out, use native methods or es-toolkit"),
            "~ Utilities: native methods or es-toolkit",
        );
        check("Runtime: Node 20", &said("node 20 è vecchio: il minimo ora è la 22"), "~ Runtime: Node 22");
        check("Node 18 or newer", &said("Node 22 is the minimum now"), "~ Node 22 or newer");
        check(
            "The dev server listens on port 3000.",
            &said("The dev server listens on port 4000"),
            "~ The dev server listens on port 4000.",
        );
    }

    #[test]
    fn numbers_polarity_and_opposites_contradict() {
        check(
            "Functions have at most 40 lines",
            &said("functions have at most 60 lines"),
            "~ Functions have at most 60 lines",
        );
        check(
            "Access tokens expire after 15 minutes",
            &said("access tokens expire after 30 minutes"),
            "~ Access tokens expire after 30 minutes",
        );
        check("Comment every line", &said("Do not comment every line."), "~ Do not comment every line.");
        check("Indent with tabs", &said("indent with two spaces"), "~ indent with two spaces");
        check("Table names are singular", &said("table names are plural"), "~ table names are plural");
        check(
            "Releases go out on Friday",
            &said("releases go out on Tuesday"),
            "~ releases go out on Tuesday",
        );
        check("Users are soft deleted", &said("users are hard deleted"), "~ users are hard deleted");
        check("Answer in English", &said("rispondi in italiano"), "~ rispondi in italiano");
        check(
            "Every pull request needs one approval",
            &said("every pull request needs two approvals"),
            "~ every pull request needs two approvals",
        );
        check(
            "Error handlers live in src/errors.ts",
            &said("error handlers live in src/http/errors.ts"),
            "~ Error handlers live in src/http/errors.ts",
        );
    }

    #[test]
    fn what_only_sounds_alike_is_added() {
        check("Commit messages follow Conventional Commits", &said("commit messages are in English"), "+");
        check("Dates are stored in UTC", &said("API dates are ISO 8601 strings"), "+");
        check("Test runner: Jest", &said("HTTP tests use supertest"), "+");
        check("Files are named in kebab-case", &said("classes are named in PascalCase"), "+");
        check("Use pnpm", &said("pin exact versions of all dependencies"), "+");
        check("Never commit .env files", &said("commit small changes"), "+");
        check("Use tabs", &said("use two spaces in packages/legacy"), "+");
        check("The API listens on port 3000", &said("metrics are exposed on port 9090"), "+");
        check("Answer in English", &said("code comments are in Italian"), "+");
    }

    #[test]
    fn a_revocation_removes_the_line_that_it_names() {
        check(
            "Lint runs before every commit",
            &revoked("we don't need the lint-before-commit rule anymore"),
            "-",
        );
        check("Si usa Mocha con Chai", &revoked("togli dalla KB la regola su mocha, non vale più"), "-");
        check("Use two spaces for indentation.", &revoked("drop the two-space rule"), "-");
        check("Use pnpm", &revoked("drop rule 1"), "-");
        check("Use pnpm", &revoked("forget the rule about feature flags"), "0");
        let instead = Candidate { text: "Use tabs.".into(), ..revoked("drop the two-space rule, use tabs") };
        check("Use two spaces for indentation.", &instead, "~ Use tabs.");
    }

    /// Rules of other trades than the dev set's. The file holds a KB.md and then lines `what | the user's words | line or section`;
    /// `lift` is a removal that the detector did not see as one. A few are beyond words that rules know; hardly a new rule may cost an old one.
    #[test]
    fn rules_of_other_domains_meet_their_lines() {
        let reconciler = Reconciler::new();
        let (mut wrong, mut lost, mut all) = (Vec::new(), Vec::new(), 0);
        for part in include_str!("data/reconcile_pairs.txt").split("KB\n").skip(1) {
            let (kb, directives) = part.split_once("DIRECTIVES\n").unwrap();
            let kb = Document::parse(kb);
            for line in directives.lines() {
                let [what, words, expect] = line.splitn(3, " | ").collect::<Vec<_>>()[..] else {
                    panic!("{line}")
                };
                let (what, takes_back) =
                    what.split_once('-').map_or((what, what == "remove"), |(what, _)| (what, true));
                let what = if what == "lift" { "remove" } else { what };
                let candidate = if takes_back { revoked(words) } else { said(words) };
                all += 1;
                let found = match reconciler.reconcile(&kb, &candidate) {
                    Verdict::Known(old) => ("known", old.text),
                    Verdict::NoSuchRule => ("none", String::new()),
                    Verdict::Change(Edit { op, supersedes: Some(old), .. }) => (op.word(), old.text),
                    Verdict::Change(Edit { op, section, .. }) => (op.word(), section.unwrap_or_default()),
                };
                if what == "add" && found.0 != "add" {
                    lost.push(line);
                }
                if found.0 != what || (expect != "-" && found.1 != expect) {
                    wrong.push(format!("{line}: {found:?}"));
                }
            }
        }
        assert!(lost.len() * 100 <= all * 2, "{lost:#?}");
        assert!(wrong.len() * 100 <= all * 6, "{} of {all}: {wrong:#?}", wrong.len());
    }

    #[test]
    fn an_exception_is_written_into_the_line() {
        check(
            "Every endpoint validates its input with zod",
            &said("the zod rule doesn't apply to health checks"),
            "~ Every endpoint validates its input with zod, except health checks",
        );
        check(
            "Use named exports only",
            &said("use named exports except in config files"),
            "~ use named exports except in config files",
        );
    }

    #[test]
    fn ordinals_follow_the_numbers_and_the_section() {
        let kb =
            Document::parse("## Domain\n\n1. a one\n2. b two\n\n## Assistant\n\n1. c three\n2. d four\n");
        let line = |quote: &str| match Reconciler::new().reconcile(&kb, &revoked(quote)) {
            Verdict::Change(edit) => edit.supersedes.map(|old| old.line),
            Verdict::Known(_) | Verdict::NoSuchRule => None,
        };
        assert_eq!(line("drop rule 2"), Some(4));
        assert_eq!(line("drop rule 2 of the assistant section"), Some(9));
        assert_eq!(line("togli la seconda regola"), Some(4));
        assert_eq!(line("remove the last rule"), Some(9));
        assert_eq!(line("remove line 8"), Some(8));
        assert_eq!(line("drop rule 7"), None);
    }

    #[test]
    fn candidates_of_one_message_are_merged() {
        let kb = Document::parse("## Stack\n- Package manager: npm\n- Utilities: lodash\n");
        let texts = |said_all: &[&str]| {
            let candidates: Vec<Candidate> = said_all.iter().map(|text| said(text)).collect();
            let verdicts = Reconciler::new().reconcile_all(&kb, &candidates);
            verdicts
                .into_iter()
                .map(|verdict| match verdict {
                    Verdict::Change(edit) => edit.text,
                    Verdict::Known(old) => format!("known {}", old.line),
                    Verdict::NoSuchRule => "none".into(),
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(texts(&["use pnpm", "no: use yarn"]), ["Package manager: Yarn"]);
        assert_eq!(texts(&["use pnpm", "npm is out"]), ["Package manager: pnpm"]);
        assert_eq!(texts(&["npm is out", "use pnpm"]), ["Package manager: pnpm"]);
        assert_eq!(texts(&["tests live in test/", "tests live in test/ always"]).len(), 1);
        assert_eq!(texts(&["use tabs", "no classes", "log with pino"]).len(), 3);
    }
}

mod splice {
    use super::*;

    fn add(text: &str, section: &str) -> Edit {
        let section = (!section.is_empty()).then(|| section.to_string());
        Edit { op: Op::Add, text: text.into(), supersedes: None, section }
    }

    fn replace(kb: &str, old: &str, text: &str) -> Edit {
        Edit { op: Op::Replace, text: text.into(), supersedes: Some(reference(kb, old)), section: None }
    }

    fn remove(kb: &str, old: &str) -> Edit {
        Edit { op: Op::Remove, text: String::new(), supersedes: Some(reference(kb, old)), section: None }
    }

    fn reference(kb: &str, old: &str) -> LineRef {
        let document = Document::parse(kb);
        let entry = document.entries.iter().find(|entry| entry.text == old);
        let entry = entry.unwrap_or_else(|| panic!("{old:?} is an entry of {kb:?}: {:#?}", document.entries));
        LineRef { line: entry.line, text: entry.text.clone() }
    }

    #[track_caller]
    fn check(kb: &str, edit: &Edit, expect: &str) {
        assert_eq!(apply(kb, std::slice::from_ref(edit)).as_deref(), Ok(expect));
    }

    #[test]
    fn a03_surgical_edit() {
        let mut kb = "\u{feff}# Rules\r\n\r\n".to_string();
        for number in 1..=298 {
            kb.push_str(&format!("- Rule number {number} stands  \r\n"));
            if number % 50 == 0 {
                kb.push_str(&format!("\r\n## Part {number}\r\n\r\n"));
            }
        }
        let kb = kb.trim_end_matches("  \r\n").to_string();
        assert!(kb.lines().count() > 300 && !kb.ends_with('\n'));
        check(
            &kb,
            &add("Use pnpm", ""),
            &kb.replace("\r\n\r\n## Part 50\r\n", "\r\n- Use pnpm\r\n\r\n## Part 50\r\n"),
        );
        check(
            &kb,
            &replace(&kb, "Rule number 120 stands", "Use pnpm"),
            &kb.replace("- Rule number 120 stands", "- Use pnpm"),
        );
        check(&kb, &remove(&kb, "Rule number 120 stands"), &kb.replace("- Rule number 120 stands  \r\n", ""));
        check(&kb, &add("Use pnpm", "Part 250"), &format!("{kb}\r\n- Use pnpm"));
        check(
            &kb,
            &remove(&kb, "Rule number 298 stands"),
            kb.strip_suffix("\r\n- Rule number 298 stands").unwrap(),
        );
    }

    #[test]
    fn a_missing_kb_is_created() {
        check("", &add("use pnpm", "Tooling"), "# Knowledge base\n\n## Tooling\n\n- Use pnpm\n");
        check("", &add("Use pnpm", ""), "# Knowledge base\n\n## Conventions\n\n- Use pnpm\n");
        check(
            "\u{feff}\r\n",
            &add("Use pnpm", ""),
            "\u{feff}# Knowledge base\r\n\r\n## Conventions\r\n\r\n- Use pnpm\r\n",
        );
    }

    #[test]
    fn a_new_line_has_the_manners_of_its_siblings() {
        check("1) One.\n2) Two.\n", &add("three", ""), "1) One.\n2) Two.\n3) Three.\n");
        check("1. one\n1. two\n", &add("Use three.", ""), "1. one\n1. two\n1. use three\n");
        check("*   One\n*   Two", &add("Three", ""), "*   One\n*   Two\n*   Three");
        check("\t+ One\n\t+ Two\n", &add("Three", ""), "\t+ One\n\t+ Two\n\t+ Three\n");
        check("- [x] One\n- [ ] Two\n", &add("Three", ""), "- [x] One\n- [ ] Two\n- [ ] Three\n");
        check("- One\n\n- Two\n", &add("Three", ""), "- One\n\n- Two\n\n- Three\n");
        check("- **Runtime:** Node\n", &add("Cache: Redis", ""), "- **Runtime:** Node\n- **Cache:** Redis\n");
        check("Use pnpm. Log with pino.\n", &add("Use tabs", ""), "Use pnpm. Log with pino.\n\nUse tabs.\n");
        check(
            "| Topic | Rule    |\n|-------|---------|\n| Tests | Use tap |\n",
            &add("Logs: pino", ""),
            "| Topic | Rule    |\n|-------|---------|\n| Tests | Use tap |\n| Logs  | pino    |\n",
        );
        check(
            "# A\n\n- One\n  - Nested\n\n  More of one.\n\n# B\n",
            &add("Two", "A"),
            "# A\n\n- One\n  - Nested\n\n  More of one.\n- Two\n\n# B\n",
        );
    }

    #[test]
    fn a_section_without_rules_gets_its_first() {
        check(
            "# A\n\n- One\n\n# B\n\n# C\n\n- Two\n",
            &add("Three", "B"),
            "# A\n\n- One\n\n# B\n\n- Three\n\n# C\n\n- Two\n",
        );
        check("# A\n- One\n\n# B\n", &add("Three", "B"), "# A\n- One\n\n# B\n- Three\n");
    }

    #[test]
    fn a_new_section_stands_at_the_end() {
        check("# KB\n\n## A\n\n- One\n", &add("Two", "B"), "# KB\n\n## A\n\n- One\n\n## B\n\n- Two\n");
        check("# KB\n\n## A\n- One", &add("Two", "B"), "# KB\n\n## A\n- One\n\n## B\n- Two");
        check(
            "KB\n==\n\nA\n--\n\n1. One\n",
            &add("Two", "Big"),
            "KB\n==\n\nA\n--\n\n1. One\n2. Two\n".replace("2. Two\n", "\nBig\n---\n\n1. Two\n").as_str(),
        );
        let both = [add("Two", "B"), add("Three", "B")];
        assert_eq!(
            apply("# KB\n\n## A\n\n- One\n", &both).unwrap(),
            "# KB\n\n## A\n\n- One\n\n## B\n\n- Two\n- Three\n"
        );
    }

    #[test]
    fn a_guide_without_headings_is_read_by_its_outer_items() {
        let kb = "- Stack\n  - Node 22\n  - PostgreSQL\n- Testing\n  - Tests run with Vitest\n- Git\n  - Rebase, never merge\n";
        let section = |text: &str| match Reconciler::new().reconcile(&Document::parse(kb), &said(text)) {
            Verdict::Change(edit) => edit.section,
            Verdict::Known(_) | Verdict::NoSuchRule => panic!("{text} is new"),
        };
        assert_eq!(section("Tests mock nothing but the clock.").as_deref(), Some("Testing"));
        assert_eq!(section("Commit messages are in English.").as_deref(), Some("Git"));
        check(kb, &add("Mock nothing", "Testing"), &kb.replace("Vitest\n", "Vitest\n  - Mock nothing\n"));
        assert_eq!(section("Bananas ripen slowly.").as_deref(), None, "nothing shows where it belongs");
    }

    #[test]
    fn a_replaced_line_keeps_its_frame() {
        let check = |kb: &str, old: &str, new: &str, expect: &str| check(kb, &replace(kb, old, new), expect);
        check("- [x] use npm.  \n- b\n", "use npm.", "Use pnpm", "- [x] use pnpm.  \n- b\n");
        check("- use npm\n  always\n- b\n", "use npm always", "use pnpm", "- use pnpm\n- b\n");
        check("- use npm <!-- why -->\n", "use npm", "use pnpm", "- use pnpm <!-- why -->\n");
        check("Use npm. Use tabs.\n", "Use npm.", "use pnpm", "Use pnpm. Use tabs.\n");
        check(
            "| a | b |\n|---|---|\n| manager | npm |\n",
            "manager | npm",
            "manager | pnpm",
            "| a | b |\n|---|---|\n| manager | pnpm |\n",
        );
        check(
            "**Manager:** npm\n**Tests:** jest\n",
            "**Manager:** npm",
            "Manager: pnpm",
            "**Manager:** pnpm\n**Tests:** jest\n",
        );
    }

    #[test]
    fn a_removed_line_takes_what_is_nested_in_it() {
        let check = |kb: &str, old: &str, expect: &str| check(kb, &remove(kb, old), expect);
        check("- a one\n- b two\n  more\n  - c\n\n  tail\n- d\n", "b two more", "- a one\n- d\n");
        check("# A\n\n- a\n\n# B\n", "a", "# A\n\n# B\n");
        check("1. a\n2. b\n3. c\n", "a", "1. b\n2. c\n");
        check("1. a\n2. b\n3. c, see 2\n", "a", "2. b\n3. c, see 2\n");
        check("1. a\n3. b\n5. c\n", "a", "3. b\n5. c\n");
        check("Use npm. Use tabs. Use zod.\n", "Use tabs.", "Use npm. Use zod.\n");
    }

    #[test]
    fn line_numbers_are_those_of_the_file_as_it_was() {
        let kb = "- a\n- same\n- b\n- same\n";
        let last = LineRef { line: 4, text: "same".into() };
        let edits = [
            remove(kb, "a"),
            Edit { op: Op::Replace, text: "other".into(), supersedes: Some(last), section: None },
        ];
        assert_eq!(apply(kb, &edits).unwrap(), "- same\n- b\n- other\n");
    }

    #[test]
    fn what_cannot_be_done_is_said() {
        assert_eq!(apply("- b\n", &[remove("- a\n", "a")]), Err(EditError::Gone("a".into())));
        assert_eq!(apply("- a\n<<<<<<< HEAD\n- b\n", &[add("c", "")]), Err(EditError::Conflict(2)));
        assert_eq!(apply("- a\n", &[add(" ", "")]), Err(EditError::Empty));
        assert!(matches!(apply("Use npm.\n", &[add("# A heading", "")]), Err(EditError::WouldDamage(_))));
    }

    #[test]
    fn an_edit_finds_its_line_again_after_the_file_changed() {
        let edit = replace("- a\n- use npm\n", "use npm", "use pnpm");
        let moved = rebase(&edit, &Document::parse("# New\n\n- z\n- a\n- Use npm.\n")).unwrap();
        assert_eq!(moved.supersedes, Some(LineRef { line: 5, text: "Use npm.".into() }));
        assert!(matches!(rebase(&edit, &Document::parse("- a\n")), Err(EditError::Gone(_))));
    }
}

mod admission {
    use super::*;

    const KB: &str = "# KB\n\n## Stack\n\n- Package manager: npm\n- Runtime: Node 20\n\n## Style\n\n- Use tabs\n- Comment every export\n";

    fn check(turn: &[Span], edit: Value) -> Checked {
        gate::check(&serde_json::json!({ "edits": [edit] }).to_string(), turn, &[], &Document::parse(KB))
    }

    fn edit(op: &str, text: &str, supersedes: &str, quote: &str) -> Value {
        serde_json::json!({"op": op, "section": "", "text": text, "supersedes": supersedes, "reason": "said so", "quote": quote})
    }

    fn typed(text: &str) -> Vec<Span> {
        vec![Span::typed(text)]
    }

    #[track_caller]
    fn refused(turn: &[Span], edit: Value) {
        let checked = check(turn, edit);
        assert!(checked.admitted.is_empty(), "{:?}", checked.admitted);
        assert_eq!(checked.refused.len(), 1, "one sentence says why: {:?}", checked.refused);
        assert!(!checked.refused[0].contains('\n'));
    }

    #[test]
    fn what_the_user_said_is_admitted() {
        let turn = typed("From now on  use PNPM here, and fix the build please.");
        let checked =
            check(&turn, edit("replace", "Use pnpm", "Package manager: npm", "from now on use pnpm here"));
        assert_eq!(checked.refused, Vec::<String>::new());
        let edit = &checked.admitted[0].edit;
        assert_eq!((edit.op, edit.text.as_str()), (Op::Replace, "Package manager: pnpm"));
        let added = edit_of(
            "every migration needs a script that takes it back",
            "add",
            "Every migration needs a script that takes it back.",
        );
        assert_eq!(added.op, Op::Add);
        let removed = check(
            &typed("you can drop the rule on tabs"),
            super::admission::edit("remove", "", "Use tabs", "drop the rule on tabs"),
        );
        assert_eq!(removed.admitted[0].edit.op, Op::Remove);
    }

    fn edit_of(message: &str, op: &str, text: &str) -> Edit {
        let checked = check(&typed(message), edit(op, text, "", message));
        assert_eq!(checked.refused, Vec::<String>::new());
        checked.admitted[0].edit.clone()
    }

    #[test]
    fn an_add_that_contradicts_becomes_a_replacement() {
        let edit = edit_of("from now on use two spaces", "add", "Use two spaces");
        assert_eq!((edit.op, edit.supersedes.map(|old| old.text)), (Op::Replace, Some("Use tabs".into())));
    }

    #[test]
    fn a04_the_model_cannot_rewrite_the_file() {
        let quote = "from now on use pnpm";
        let turn = typed(quote);
        let whole = KB.replace("npm", "pnpm");
        refused(&turn, edit("replace", &whole, "Package manager: npm", quote));
        refused(&turn, edit("replace", "[rest unchanged]", "Package manager: npm", quote));
        refused(
            &turn,
            edit("replace", "Use pnpm ... [existing rules unchanged]", "Package manager: npm", quote),
        );
        refused(&turn, edit("remove", "", "Use tabs", quote));
        refused(&turn, edit("remove", "", "Package manager: npm", quote));
        refused(&turn, edit("replace", "Use pnpm", "Comment every export\n- Use tabs", "use something else"));
        let mut foreign = edit("add", "Use pnpm", "", quote);
        foreign["path"] = "src/main.rs".into();
        refused(&turn, foreign);
        let mut content = edit("add", "Use pnpm", "", quote);
        content["content"] = whole.into();
        refused(&turn, content);
        for arguments in ["", "not json", "{\"edits\": [", "# KB\n- Use pnpm", "{\"edits\":\"all\"}"] {
            let checked = gate::check(arguments, &turn, &[], &Document::parse(KB));
            assert!(checked.admitted.is_empty() && checked.refused.len() == 1, "{arguments}: {checked:?}");
        }
    }

    #[test]
    fn a06_only_the_users_own_lasting_words_count() {
        let add = |quote: &str| edit("add", "Use double quotes", "", quote);
        let said = "always use double quotes";
        assert_eq!(check(&typed(said), add(said)).admitted.len(), 1);
        refused(&[Span::typed("what is this about?\n"), Span::pasted(said)], add(said));
        refused(&typed("what does this mean?\n```\nalways use double quotes\n```"), add(said));
        refused(&typed("> always use double quotes\nwhat do you think of that"), add(said));
        refused(&typed("for this one use double quotes"), add("use double quotes"));
        refused(&typed("do we always use double quotes?"), add("always use double quotes"));
        refused(&typed("fix the bug"), add("I will always use double quotes"));
        refused(&typed("use double quotes for now"), add("use double quotes"));
    }

    #[test]
    fn a12_secrets_and_hidden_text_are_refused() {
        let quote = "always use the key sk-ant-REDACTED";
        let checked = check(&typed(quote), edit("add", quote, "", quote));
        assert!(checked.admitted.is_empty() && !checked.refused[0].contains("sk-ant"));
        let quote = "always use double quotes";
        refused(&typed(quote), edit("add", "Use double\u{202e} quotes", "", quote));
        refused(&typed(quote), edit("add", "Use double quotes <!-- x -->", "", quote));
    }

    #[test]
    fn nothing_is_invented_and_nothing_said_twice() {
        let quote = "always use double quotes";
        refused(
            &typed(quote),
            edit("add", "Use Prettier with trailing commas and a width of 100", "", quote),
        );
        refused(
            &typed("timeouts are always 5 seconds"),
            edit("add", "Timeouts are 30 seconds", "", "timeouts are always 5 seconds"),
        );
        refused(
            &typed("install everything with npm, always"),
            edit("add", "Install with npm", "", "install everything with npm, always"),
        );
    }

    #[test]
    fn a_short_yes_lets_the_turns_before_be_quoted() {
        let edits =
            serde_json::json!({"edits": [edit("add", "Use double quotes", "", "double quotes everywhere")]})
                .to_string();
        let earlier = ["I want double quotes everywhere".to_string()];
        let kb = Document::parse(KB);
        assert_eq!(gate::check(&edits, &typed("yes, save it"), &earlier, &kb).admitted.len(), 1);
        assert!(
            gate::check(&edits, &typed("now fix the failing build in CI"), &earlier, &kb).admitted.is_empty()
        );
    }

    #[test]
    fn the_tool_is_described_by_valid_json() {
        let tool = gate::tool();
        let schema: Value = serde_json::from_str(&tool.schema).unwrap();
        assert_eq!(schema["properties"]["edits"]["items"]["required"].as_array().unwrap().len(), 6);
        assert!(gate::CONDUCT.contains(&tool.name));
    }
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    /// A KB.md and the way it is written.
    #[derive(Clone, Debug)]
    struct Style {
        eol: &'static str,
        bom: &'static str,
        last: bool,
        front: bool,
        extras: bool,
        heading: u8,
        body: Body,
        sizes: Vec<usize>,
    }

    #[derive(Clone, Debug)]
    enum Body {
        List {
            marker: &'static str,
            indent: &'static str,
            gap: &'static str,
            check: &'static str,
            end: &'static str,
        },
        Numbered {
            delimiter: &'static str,
            same: bool,
            end: &'static str,
        },
        Table {
            padded: bool,
        },
    }

    fn body() -> impl Strategy<Value = Body> {
        let of = proptest::sample::select::<&'static str>;
        let list = (
            of(vec!["-", "*", "+"]),
            of(vec!["", "  ", "\t"]),
            of(vec![" ", "   ", "\t"]),
            of(vec!["", "[ ] ", "[x] "]),
            of(vec!["", "."]),
        )
            .prop_map(|(marker, indent, gap, check, end)| Body::List {
                marker,
                indent,
                gap,
                check,
                end,
            });
        let numbered = (of(vec![".", ")"]), any::<bool>(), of(vec!["", "."]))
            .prop_map(|(delimiter, same, end)| Body::Numbered { delimiter, same, end });
        prop_oneof![list, numbered, any::<bool>().prop_map(|padded| Body::Table { padded })]
    }

    fn style() -> impl Strategy<Value = Style> {
        (
            proptest::sample::select(vec!["\n", "\r\n"]),
            proptest::sample::select(vec!["", "\u{feff}"]),
            any::<bool>(),
            any::<bool>(),
            any::<bool>(),
            0..3_u8,
            body(),
            proptest::collection::vec(2..5_usize, 1..4),
        )
            .prop_map(|(eol, bom, last, front, extras, heading, body, sizes)| Style {
                eol,
                bom,
                last,
                front,
                extras,
                heading,
                body,
                sizes,
            })
    }

    /// Rules are named by section and place, so that no two are alike.
    fn rule(section: usize, at: usize) -> String {
        let names = ["alpha", "bravo", "carol", "delta", "ember"];
        format!("Keep {} {} tidy", names[section % 5], ["one", "two", "three", "four", "five"][at % 5])
    }

    fn write(style: &Style) -> String {
        let mut lines: Vec<String> = Vec::new();
        if style.front {
            lines.extend(["---", "- title: not a rule", "---", ""].map(String::from));
        }
        for (section, size) in style.sizes.iter().enumerate() {
            match style.heading {
                0 => lines.extend([format!("## Part {section}"), String::new()]),
                1 => lines.extend([format!("Part {section}"), "------".into(), String::new()]),
                _ => lines.push(format!("# Part {section} #")),
            }
            if style.extras {
                lines.extend(
                    ["<!-- - a comment", "- is no rule -->", "", "```", "- code", "```", ""]
                        .map(String::from),
                );
            }
            if let Body::Table { padded } = style.body {
                let (head, dash) = if padded {
                    ("| Nr | Rule                  |", "|----|-----------------------|")
                } else {
                    ("|Nr|Rule|", "|--|--|")
                };
                lines.extend([head.into(), dash.into()]);
            }
            lines.extend((0..*size).map(|at| item(&style.body, section, at)));
            lines.push(String::new());
        }
        while lines.last().is_some_and(String::is_empty) {
            lines.pop();
        }
        let end = if style.last { style.eol } else { "" };
        format!("{}{}{end}", style.bom, lines.join(style.eol))
    }

    fn item(body: &Body, section: usize, at: usize) -> String {
        let text = rule(section, at);
        match body {
            Body::List { marker, indent, gap, check, end } => {
                format!("{indent}{marker}{gap}{check}{text}{end}")
            }
            Body::Numbered { delimiter, same, end } => {
                format!("{}{delimiter} {text}{end}", if *same { 1 } else { at + 1 })
            }
            Body::Table { padded: true } => format!("| {:<2} | {text:<21} |", at + 1),
            Body::Table { padded: false } => format!("|{}|{text}|", at + 1),
        }
    }

    fn edit(op: Op, text: &str, old: Option<(usize, &str)>, section: Option<String>) -> Edit {
        let supersedes = old.map(|(line, text)| LineRef { line, text: text.to_string() });
        Edit { op, text: text.to_string(), supersedes, section }
    }

    /// The lines of a file without the digits that may be counted anew.
    fn lines(text: &str) -> Vec<String> {
        text.split_inclusive('\n')
            .map(|line| line.trim_start_matches(|c: char| c.is_ascii_digit()).to_string())
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn an_edit_and_its_inverse_give_the_file_back(style in style(), pick in any::<prop::sample::Index>()) {
            let kb = write(&style);
            let document = Document::parse(&kb);
            prop_assert_eq!(document.directives(), style.sizes.iter().sum::<usize>(), "{:?}", kb);
            let at = pick.index(document.entries.len());
            let entry = &document.entries[at];
            let heading = document.heading_of(entry).map(str::to_string);

            let added = apply(&kb, &[edit(Op::Add, "Keep zebra nine tidy", None, heading.clone())]).unwrap();
            prop_assert_eq!(lines(&added).len(), lines(&kb).len() + 1);
            let after = Document::parse(&added);
            let fresh = after.entries.iter().find(|entry| entry.text.contains("zebra")).unwrap();
            prop_assert_eq!(after.heading_of(fresh).map(str::to_string), heading.clone());
            let back = apply(&added, &[edit(Op::Remove, "", Some((fresh.line, &fresh.text)), None)]).unwrap();
            prop_assert_eq!(&back, &kb);

            let old = (entry.line, entry.text.as_str());
            let new = entry.text.replace("tidy", "clean");
            let replaced = apply(&kb, &[edit(Op::Replace, &new, Some(old), None)]).unwrap();
            let differ = lines(&replaced).iter().zip(lines(&kb)).filter(|(a, b)| **a != *b).count();
            prop_assert_eq!(differ, 1);
            let back = apply(&replaced, &[edit(Op::Replace, &entry.text, Some((entry.line, &new)), None)]).unwrap();
            prop_assert_eq!(&back, &kb);

            let removed = apply(&kb, &[edit(Op::Remove, "", Some(old), None)]).unwrap();
            let gone: Vec<String> = lines(&kb).into_iter().enumerate().filter(|(line, _)| line + 1 != entry.line).map(|(_, text)| text).collect();
            let (left, right) = (lines(&removed).concat(), gone.concat());
            prop_assert_eq!(left.trim_end(), right.trim_end());
            prop_assert_eq!(removed.ends_with('\n'), kb.ends_with('\n'));
            let last = document.entries.iter().rfind(|other| other.section == entry.section);
            // Of a list cut down to one item nobody can tell whether it counts.
            let counts = !matches!(style.body, Body::Numbered { same: true, .. }) || style.sizes[entry.section.unwrap()] > 2;
            if last == Some(entry) && counts {
                let back = apply(&removed, &[edit(Op::Add, &entry.text, None, heading)]).unwrap();
                prop_assert_eq!(&back, &kb);
            }
        }

        #[test]
        fn any_text_is_parsed_and_edited_without_a_panic(kb in "(\u{feff})?([-*+#>|`~=\\[\\]x 0-9.):\r\n\tаé日a-c]|<!--|-->|---|```){0,80}", text in "\\PC{0,30}", pick in any::<prop::sample::Index>()) {
            let document = Document::parse(&kb);
            for entry in &document.entries {
                prop_assert!(kb.get(entry.span.clone()).is_some() && kb.get(entry.body.clone()).is_some());
                prop_assert!(entry.extent.end >= entry.span.end);
            }
            let _ = apply(&kb, &[edit(Op::Add, &text, None, None)]);
            let _ = apply(&kb, &[edit(Op::Add, &text, None, Some(text.clone()))]);
            if !document.entries.is_empty() {
                let entry = &document.entries[pick.index(document.entries.len())];
                let old = Some((entry.line, entry.text.as_str()));
                let _ = apply(&kb, &[edit(Op::Replace, &text, old, None)]);
                let _ = apply(&kb, &[edit(Op::Remove, "", old, None)]);
            }
        }

        #[test]
        fn any_words_are_understood_without_a_panic(text in "\\PC{0,60}", rule in "\\PC{0,60}") {
            thread_local!(static RECONCILER: Reconciler = Reconciler::new());
            let kb = Document::parse(&format!("- {rule}\n- {text} x\n"));
            RECONCILER.with(|reconciler| {
                let _ = reconciler.reconcile(&kb, &said(&text));
                let _ = reconciler.reconcile(&kb, &revoked(&text));
            });
        }
    }

    #[test]
    fn long_files_take_time_in_proportion() {
        let shapes = [
            "- a\n",
            "a b. ",
            "<!-- ",
            "> ",
            "  ",
            "1. a\n\n",
            "|a|b|\n|-|-|\n",
            "`",
            "a\n--\n",
            "- a <!-- b\n",
        ];
        for shape in shapes {
            let text = shape.repeat(1_000_000 / shape.len());
            let start = std::time::Instant::now();
            let _ = Document::parse(&text);
            assert!(start.elapsed().as_secs() < 5, "{shape:?} took {:?}", start.elapsed());
        }
    }
}

#[test]
fn a_heading_above_the_first_number_refers_to_no_number() {
    let remove = |kb: &str, text: &str| {
        let document = Document::parse(kb);
        let entry = document.entries.iter().find(|entry| entry.text == text).unwrap();
        let line = LineRef { line: entry.line, text: entry.text.clone() };
        let edit = Edit { op: Op::Remove, text: String::new(), supersedes: Some(line), section: None };
        apply(kb, &[edit]).unwrap()
    };
    assert_eq!(
        remove("# Rules\n\n1. Use tabs.\n2. Write tests.\n", "Use tabs."),
        "# Rules\n\n1. Write tests.\n"
    );
    let referred = "# Rules\n\n1. Use tabs.\n2. Write tests, see rule 2.\n";
    assert_eq!(remove(referred, "Use tabs."), "# Rules\n\n2. Write tests, see rule 2.\n");
}
