//! KB.md merged by rules: the pure merge with text literals, and the driver in a real git repository.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail")]

use dictum::domain::kb::document::Document;
use dictum::domain::kb::merge::{Markers, merge, merge_marked};

const BASE: &str = "\
# Knowledge base

## Tooling

- Package manager: npm
- Lint with Biome before each commit.

## Testing

- Tests run with Vitest.
- Coverage stays above 80%.
";

#[track_caller]
fn clean(base: &str, ours: &str, theirs: &str, expect: &str) {
    let merged = merge(base, ours, theirs);
    assert!(merged.conflicts.is_empty(), "{:#?}\n{}", merged.conflicts, merged.text);
    assert_eq!(merged.text, expect);
}

#[track_caller]
fn conflict(base: &str, ours: &str, theirs: &str, expect: &str) {
    let merged = merge(base, ours, theirs);
    assert_eq!(merged.text, expect);
    assert!(!merged.conflicts.is_empty(), "a marker without a conflict");
}

fn with(old: &str, new: &str) -> String {
    assert!(BASE.contains(old), "{old:?}");
    BASE.replacen(old, new, 1)
}

#[test]
fn different_rules_at_one_place_are_both_kept() {
    let last = "- Coverage stays above 80%.\n";
    let ours = with(last, &format!("{last}- Mock the clock.\n"));
    let theirs = with(last, &format!("{last}- Name tests after what they prove.\n"));
    clean(
        BASE,
        &ours,
        &theirs,
        &with(last, &format!("{last}- Mock the clock.\n- Name tests after what they prove.\n")),
    );
}

#[test]
fn a_rule_goes_below_its_elder_also_when_the_other_side_adds_a_section() {
    let lint = "- Lint with Biome before each commit.\n";
    let ours =
        with(lint, &format!("{lint}- Pin every version.\n")) + "\n## Deploy\n\n- Deploy from main only.\n";
    let theirs =
        with(lint, &format!("{lint}- Run the hooks.\n")) + "\n## Naming\n\n- Files are kebab-case.\n";
    let expect = with(lint, &format!("{lint}- Pin every version.\n- Run the hooks.\n"))
        + "\n## Deploy\n\n- Deploy from main only.\n\n## Naming\n\n- Files are kebab-case.\n";
    clean(BASE, &ours, &theirs, &expect);
}

#[test]
fn both_new_sections_at_the_end_and_a_rule_in_the_last_one() {
    let ours = format!("{BASE}- Mock the clock.\n\n## Deploy\n\n- Deploy from main only.\n");
    let theirs = format!("{BASE}- Name tests after what they prove.\n");
    let expect = format!(
        "{BASE}- Mock the clock.\n- Name tests after what they prove.\n\n## Deploy\n\n- Deploy from main only.\n"
    );
    clean(BASE, &ours, &theirs, &expect);
    let expect = format!(
        "{BASE}- Name tests after what they prove.\n- Mock the clock.\n\n## Deploy\n\n- Deploy from main only.\n"
    );
    clean(BASE, &theirs, &ours, &expect);
}

#[test]
fn the_same_addition_is_made_once() {
    let ours = format!("{BASE}- Mock the clock.\n\n## Deploy\n\n- Deploy from main only.\n");
    let theirs = format!("{BASE}- Mock the clock\n\n## Deploy\n\n- Never on Fridays.\n");
    let expect =
        format!("{BASE}- Mock the clock.\n\n## Deploy\n\n- Deploy from main only.\n- Never on Fridays.\n");
    clean(BASE, &ours, &theirs, &expect);
}

#[test]
fn what_one_side_removed_or_changed_follows_it() {
    let ours = with("- Lint with Biome before each commit.\n", "");
    let theirs = with("80%", "90%");
    clean(BASE, &ours, &theirs, &ours.replace("80%", "90%"));
    clean(BASE, &theirs, &ours, &ours.replace("80%", "90%"));
}

#[test]
fn one_rule_changed_differently_is_a_readable_conflict() {
    conflict(
        BASE,
        &with("npm", "pnpm"),
        &with("npm", "Yarn"),
        &with(
            "- Package manager: npm\n",
            "\
<<<<<<< ours (package manager)
- Package manager: pnpm
=======
- Package manager: Yarn
>>>>>>> theirs (package manager)
",
        ),
    );
    let merged = merge(BASE, &with("npm", "pnpm"), &with("npm", "Yarn"));
    assert_eq!(merged.conflicts[0].topic, "package manager");
    assert_eq!(Document::parse(&merged.text).conflict_line(), Some(5));
}

#[test]
fn two_new_rules_for_one_decision_conflict_wherever_they_stand() {
    let base = "# KB\n\n## A\n\n- Keep it small.\n\n## B\n\n- Keep it tidy.\n";
    let ours = base.replace("small.\n", "small.\n- Use pnpm.\n");
    let theirs = base.replace("tidy.\n", "tidy.\n- Use Yarn as package manager.\n");
    conflict(
        base,
        &ours,
        &theirs,
        "# KB\n\n## A\n\n- Keep it small.\n<<<<<<< ours (package manager)\n- Use pnpm.\n=======\n\
         - Use Yarn as package manager.\n>>>>>>> theirs (package manager)\n\n## B\n\n- Keep it tidy.\n",
    );
}

#[test]
fn a_new_rule_against_a_changed_line_conflicts_at_that_line() {
    let ours = format!("{BASE}- Use pnpm.\n");
    let theirs = with("npm", "Yarn");
    conflict(
        BASE,
        &ours,
        &theirs,
        &with(
            "- Package manager: npm\n",
            "<<<<<<< ours (package manager)\n- Package manager: npm\n- Use pnpm.\n=======\n- Package manager: Yarn\n\
             >>>>>>> theirs (package manager)\n",
        ),
    );
    conflict(
        BASE,
        &theirs,
        &ours,
        &with(
            "- Package manager: npm\n",
            "<<<<<<< ours (package manager)\n- Package manager: Yarn\n=======\n- Use pnpm.\n\
             >>>>>>> theirs (package manager)\n",
        ),
    );
}

#[test]
fn removed_here_and_changed_there_conflicts_with_all_that_is_nested() {
    let base = "- Errors carry a code.\n  - The code is a number.\n- Logs are JSON.\n";
    let ours =
        "- Errors carry a code.\n  - The code is a number.\n  - Codes start at 100.\n- Logs are JSON.\n";
    let theirs = "- Logs are JSON.\n";
    let marked = "- Errors carry a code.\n  - The code is a number.\n  - Codes start at 100.\n";
    let about = "Errors carry a code.";
    let topic = merge(base, ours, theirs).conflicts.first().map(|c| c.topic.clone()).unwrap_or_default();
    assert!(about.starts_with(topic.trim_end_matches('.')), "{topic}");
    conflict(
        base,
        ours,
        theirs,
        &format!("<<<<<<< ours ({topic})\n{marked}=======\n>>>>>>> theirs ({topic})\n- Logs are JSON.\n"),
    );
    conflict(
        base,
        theirs,
        ours,
        &format!("<<<<<<< ours ({topic})\n=======\n{marked}>>>>>>> theirs ({topic})\n- Logs are JSON.\n"),
    );
}

#[test]
fn a_rule_added_to_a_section_that_the_other_side_removed_keeps_its_heading() {
    let section = "\n## Testing\n\n- Tests run with Vitest.\n- Coverage stays above 80%.\n";
    let gone = with(section, "");
    let more = format!("{BASE}- Mock the clock.\n");
    let expect = with(section, "\n## Testing\n\n- Mock the clock.\n");
    clean(BASE, &more, &gone, &expect);
    clean(BASE, &gone, &more, &expect);
}

#[test]
fn a_rule_moved_there_and_reworded_here_is_both() {
    let lint = "- Lint with Biome before each commit.\n";
    let theirs = with(lint, "") + lint;
    let ours = with("before each commit", "before each push");
    let expect = with(lint, "") + "- Lint with Biome before each push.\n";
    clean(BASE, &ours, &theirs, &expect);
    clean(BASE, &theirs, &ours, &expect);
}

#[test]
fn numbered_lists_are_counted_again() {
    let base = "1. One is first\n2. Two is next\n";
    let ours = "1. One is first\n2. Ours goes between\n3. Two is next\n";
    let theirs = "1. One is first\n2. Two is next\n3. Theirs goes last\n";
    clean(base, ours, theirs, "1. One is first\n2. Ours goes between\n3. Two is next\n4. Theirs goes last\n");
    clean(base, theirs, ours, "1. One is first\n2. Ours goes between\n3. Two is next\n4. Theirs goes last\n");
    let same = "1. One is first\n1. Two is next\n";
    clean(
        same,
        &format!("{same}1. Ours\n"),
        &format!("{same}1. Theirs\n"),
        &format!("{same}1. Ours\n1. Theirs\n"),
    );
}

#[test]
fn line_ends_marks_and_the_last_line_follow_who_changed_them() {
    let crlf = |text: &str| text.replace('\n', "\r\n");
    let ours = format!("{BASE}- Mock the clock.\n");
    let theirs = format!("{BASE}- Name tests well.\n");
    let both = format!("{BASE}- Mock the clock.\n- Name tests well.\n");
    clean(&crlf(BASE), &crlf(&ours), &crlf(&theirs), &crlf(&both));
    clean(BASE, &ours, &crlf(&theirs), &crlf(&both));
    clean(BASE, &crlf(&ours), &theirs, &crlf(&both));
    clean(BASE, &format!("\u{feff}{ours}"), &theirs, &format!("\u{feff}{both}"));
    clean(BASE.trim_end(), ours.trim_end(), theirs.trim_end(), both.trim_end());
    clean(BASE, ours.trim_end(), &theirs, both.trim_end());
    clean(BASE.trim_end(), &ours, theirs.trim_end(), &both);
}

#[test]
fn other_text_is_merged_by_lines() {
    let base = "# KB\n\n```sh\nnpm ci\nnpm test\nnpm run lint\n```\n\n- Keep it small.\n";
    let ours = base.replace("npm ci", "pnpm i").replace("small.", "small.\n- Ours goes here.");
    let theirs = base.replace("run lint", "run check");
    clean(base, &ours, &theirs, &ours.replace("run lint", "run check"));
    let theirs = base.replace("npm ci", "yarn");
    conflict(
        base,
        &ours,
        &theirs,
        "# KB\n\n```sh\n<<<<<<< ours (KB)\npnpm i\n=======\nyarn\n>>>>>>> theirs (KB)\nnpm test\nnpm run lint\n```\n\n\
         - Keep it small.\n- Ours goes here.\n",
    );
}

#[test]
fn tables_labels_and_sentences_take_rules_from_both() {
    let base = "| Topic | Rule |\n|---|---|\n| Logs | JSON |\n";
    clean(
        base,
        &format!("{base}| Dates | ISO 8601 |\n"),
        &format!("{base}| Money | Cents |\n"),
        &format!("{base}| Dates | ISO 8601 |\n| Money | Cents |\n"),
    );
    let base = "Keep it small.\n";
    clean(
        base,
        "Keep it small. Ours goes second.\n",
        "Keep it small. Theirs comes too.\n",
        "Keep it small. Ours goes second.\nTheirs comes too.\n",
    );
    let base = "**Logs:** JSON\n";
    clean(
        base,
        &format!("{base}**Dates:** ISO\n"),
        &format!("{base}**Money:** cents\n"),
        &format!("{base}**Dates:** ISO\n**Money:** cents\n"),
    );
}

#[test]
fn nested_rules_headings_and_front_matter_are_merged_too() {
    let base = "---\nowner: anna\n---\n\n# KB\n\n## Errors\n\n- Errors carry a code.\n  - The code is a number.\n- Logs are JSON.\n";
    let ours = base
        .replace("number.\n", "number.\n  - Codes start at 100.\n")
        .replace("## Errors", "## Errors and logs");
    let theirs = base
        .replace("number.\n", "number.\n  - Codes are documented.\n- Errors are thrown.\n")
        .replace("anna", "bert");
    let expect = base
        .replace(
            "number.\n",
            "number.\n  - Codes start at 100.\n  - Codes are documented.\n- Errors are thrown.\n",
        )
        .replace("## Errors", "## Errors and logs")
        .replace("anna", "bert");
    clean(base, &ours, &theirs, &expect);
    conflict(
        "## Errors\n\n- Logs are JSON.\n",
        "## Failures\n\n- Logs are JSON.\n",
        "## Problems\n\n- Logs are JSON.\n",
        "<<<<<<< ours (Errors)\n## Failures\n=======\n## Problems\n>>>>>>> theirs (Errors)\n\n- Logs are JSON.\n",
    );
}

#[test]
fn without_a_common_ancestor_both_files_are_joined() {
    let ours = "# KB\n\n## Tooling\n\n- Use pnpm.\n- Squash every PR.\n";
    let theirs = "# KB\n\n## Tooling\n\n- Squash every PR.\n- Name tests well.\n\n## Naming\n\n- Files are kebab-case.\n";
    let expect = "# KB\n\n## Tooling\n\n- Use pnpm.\n- Squash every PR.\n- Name tests well.\n\n## Naming\n\n- Files are kebab-case.\n";
    clean("", ours, theirs, expect);
}

#[test]
fn markers_have_the_length_that_git_asks_for() {
    let merged = merge_marked(BASE, &with("npm", "pnpm"), &with("npm", "Yarn"), Markers { size: 10 });
    assert!(merged.text.contains("\n<<<<<<<<<< ours (package manager)\n"), "{}", merged.text);
    assert!(merged.text.contains("\n==========\n") && merged.text.contains("\n>>>>>>>>>> theirs"));
}

mod any_text {
    use super::*;
    use proptest::prelude::*;

    /// A KB.md of sections with rules that share no decision.
    #[derive(Clone, Debug)]
    struct Kb {
        sections: Vec<Vec<String>>,
        marker: &'static str,
        eol: &'static str,
        last: bool,
    }

    impl Kb {
        fn text(&self) -> String {
            let mut lines = vec!["# Knowledge base".to_string(), String::new()];
            for (at, rules) in self.sections.iter().enumerate() {
                lines.push(format!("## Section {}", (b'A' + at as u8) as char));
                lines.push(String::new());
                for (number, rule) in rules.iter().enumerate() {
                    let marker = self.marker.replace('1', &(number + 1).to_string());
                    lines.push(format!("{marker}{rule}"));
                }
                lines.push(String::new());
            }
            lines.pop();
            let text = lines.join(self.eol);
            if self.last { text + self.eol } else { text }
        }

        fn rules(&self) -> Vec<String> {
            let mut all: Vec<String> = self.sections.concat();
            all.sort();
            all
        }
    }

    /// Nonsense words, so that no two rules speak of one thing.
    fn rule(seed: u64) -> String {
        let word = |n: u64| -> String {
            let mut n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (0..4)
                .map(|_| {
                    n = n.rotate_left(17).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                    let (c, v) = (b"bdfgklmprtvz"[(n % 12) as usize], b"aiou"[((n >> 8) % 4) as usize]);
                    format!("{}{}", c as char, v as char)
                })
                .collect()
        };
        format!("{} {} {}", word(seed), word(seed + 7_919), word(seed + 104_729))
    }

    fn kb() -> impl Strategy<Value = Kb> {
        let marker = prop_oneof![Just("- "), Just("* "), Just("1. "), Just("- [ ] ")];
        let eol = prop_oneof![Just("\n"), Just("\r\n")];
        (prop::collection::vec(0_usize..5, 1..4), marker, eol, any::<bool>()).prop_map(
            |(sizes, marker, eol, last)| {
                let mut seed = 0;
                let sections = sizes
                    .iter()
                    .map(|size| {
                        (0..*size)
                            .map(|_| {
                                seed += 1;
                                rule(seed)
                            })
                            .collect()
                    })
                    .collect();
                Kb { sections, marker, eol, last }
            },
        )
    }

    fn grown(kb: &Kb, places: &[(prop::sample::Index, prop::sample::Index)], from: u64) -> Kb {
        let mut kb = kb.clone();
        for (at, (section, place)) in places.iter().enumerate() {
            let new = rule(from + at as u64);
            let count = kb.sections.len();
            let rules = &mut kb.sections[section.index(count)];
            let place = place.index(rules.len() + 1);
            rules.insert(place, new);
        }
        kb
    }

    /// What becomes of a rule of the base, and what both sides together make of it.
    fn changed(base: &Kb, fates: &[u8]) -> (Kb, Kb, Vec<String>) {
        let (mut ours, mut theirs, mut expect) = (base.clone(), base.clone(), Vec::new());
        let mut fates = fates.iter().copied().cycle();
        for (at, rules) in base.sections.iter().enumerate() {
            let (mut o, mut t) = (Vec::new(), Vec::new());
            for rule in rules {
                let new = format!("{} changed", rule.rsplit_once(' ').unwrap().0);
                let (we, they, both) = match fates.next().unwrap_or(0) % 9 {
                    1 => (None, Some(rule), None),
                    2 => (Some(rule), None, None),
                    3 => (None, None, None),
                    4 => (Some(&new), Some(rule), Some(&new)),
                    5 => (Some(rule), Some(&new), Some(&new)),
                    6 => (Some(&new), Some(&new), Some(&new)),
                    _ => (Some(rule), Some(rule), Some(rule)),
                };
                o.extend(we.cloned());
                t.extend(they.cloned());
                expect.extend(both.cloned());
            }
            ours.sections[at] = o;
            theirs.sections[at] = t;
        }
        (ours, theirs, expect)
    }

    fn markdown() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            4 => "(- |\\* |1\\. |2\\) |  - |    |## |> |\\| )?[a-z`*:|. ]{0,12}",
            1 => prop::sample::select(vec![
                "```", "---", "<!--", "-->", "===", "| a | b |", "|---|---|", "- Use npm", "- Use pnpm", "<<<<<<< x",
                "Use tabs. Use spaces.", "\u{feff}", "~~~", "+++", "**Bold**",
            ]).prop_map(str::to_string),
            1 => "\\PC{0,8}",
        ];
        let eol = prop_oneof![6 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r")];
        prop::collection::vec((line, eol), 0..14)
            .prop_map(|lines| lines.into_iter().map(|(line, eol)| format!("{line}{eol}")).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_only_one_side_changed_is_taken_byte_for_byte(b in markdown(), x in markdown()) {
            for (base, ours, theirs) in [(&b, &x, &x), (&b, &b, &x), (&b, &x, &b)] {
                let merged = merge(base, ours, theirs);
                prop_assert_eq!(&merged.text, &x);
                prop_assert!(merged.conflicts.is_empty());
            }
        }

        #[test]
        fn any_three_texts_are_merged_without_loss(b in markdown(), o in markdown(), t in markdown()) {
            let merged = merge(&b, &o, &t);
            let added = |text: &str| -> Vec<String> {
                let base = Document::parse(&b);
                Document::parse(text)
                    .entries
                    .into_iter()
                    .map(|entry| entry.text)
                    .filter(|text| !base.entries.iter().any(|entry| entry.text == *text))
                    .collect()
            };
            let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            let all = plain(&merged.text);
            for said in added(&o).iter().chain(&added(&t)) {
                let first = plain(said.split(" | ").next().unwrap_or(""));
                prop_assert!(all.contains(&first), "{:?} is lost in {:?}", said, merged.text);
            }
        }

        #[test]
        fn changes_of_different_rules_are_all_made(
            base in kb(),
            fates in prop::collection::vec(any::<u8>(), 1..12),
            ours in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 0..3),
            theirs in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 0..3),
        ) {
            let (o, t, mut expect) = changed(&base, &fates);
            let (o, t) = (grown(&o, &ours, 1_000), grown(&t, &theirs, 2_000));
            expect.extend((1_000..1_000 + ours.len() as u64).map(rule));
            expect.extend((2_000..2_000 + theirs.len() as u64).map(rule));
            expect.sort();
            let merged = merge(&base.text(), &o.text(), &t.text());
            prop_assert!(merged.conflicts.is_empty(), "{:#?}\n{}", merged.conflicts, merged.text);
            let mut read: Vec<String> =
                Document::parse(&merged.text).entries.iter().map(|entry| entry.text.clone()).collect();
            read.sort();
            prop_assert_eq!(read, expect, "{}", merged.text);
        }

        #[test]
        fn additions_of_both_sides_never_conflict(
            base in kb(),
            ours in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 0..5),
            theirs in prop::collection::vec(any::<(prop::sample::Index, prop::sample::Index)>(), 0..5),
        ) {
            let (o, t) = (grown(&base, &ours, 1_000), grown(&base, &theirs, 2_000));
            let merged = merge(&base.text(), &o.text(), &t.text());
            prop_assert!(merged.conflicts.is_empty(), "{:#?}\n{}", merged.conflicts, merged.text);
            let kb = Document::parse(&merged.text);
            let mut expect = base.rules();
            expect.extend((1_000..1_000 + ours.len() as u64).map(rule));
            expect.extend((2_000..2_000 + theirs.len() as u64).map(rule));
            expect.sort();
            let mut read: Vec<String> = kb.entries.iter().map(|entry| entry.text.clone()).collect();
            read.sort();
            prop_assert_eq!(read, expect);
            // Each rule stands below the heading that it was added to, and lists count on.
            for side in [&o, &t] {
                let side = Document::parse(&side.text());
                for entry in &side.entries {
                    let found = kb.entries.iter().find(|other| other.text == entry.text).unwrap();
                    prop_assert_eq!(kb.heading_of(found), side.heading_of(entry));
                }
            }
            let headings: Vec<&str> = kb.sections.iter().map(|section| section.heading.as_str()).collect();
            prop_assert_eq!(headings.len(), base.sections.len() + 1);
            prop_assert!(!merged.text.contains("\n\n\n") && !merged.text.contains("\r\n\r\n\r\n") || base.sections.iter().any(Vec::is_empty));
            let filled = base.sections.last().is_some_and(|rules| !rules.is_empty());
            prop_assert!(!filled || merged.text.ends_with('\n') == base.last);
            if base.marker == "1. " {
                let count = o.sections.iter().zip(&t.sections).zip(&base.sections).map(|((a, b), c)| a.len() + b.len() - c.len());
                let mut numbers = Vec::new();
                for size in count {
                    numbers.extend((1..=size).map(|number| format!("{number}. ")));
                }
                let found: Vec<String> = merged.text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
                    .map(|line| format!("{}. ", line.split('.').next().unwrap())).collect();
                prop_assert_eq!(found, numbers);
            }
        }
    }
}

/// The driver in a repository of its own, with the git of this machine.
mod driver {
    use super::*;
    use std::path::Path;
    use std::process::{Command, Output, Stdio};

    fn dictum(folder: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dictum"));
        command.args(arguments).current_dir(folder).stdin(Stdio::null());
        command.env("XDG_STATE_HOME", folder.join("state")).output().unwrap()
    }

    fn said(output: &Output) -> String {
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    /// Writes the three versions and runs the driver on them; gives the exit code, what it said, and ours afterwards.
    fn run(base: &[u8], ours: &[u8], theirs: &[u8]) -> (i32, String, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in [("o", base), ("a", ours), ("b", theirs)] {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let output = dictum(folder.path(), &["kb", "merge", "o", "a", "b"]);
        let names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names.len(), 3, "something else was written: {names:?}");
        (output.status.code().unwrap(), said(&output), std::fs::read(folder.path().join("a")).unwrap())
    }

    #[test]
    fn the_result_goes_to_ours_and_the_exit_code_tells_conflicts() {
        let ours = format!("{BASE}- Mock the clock.\n");
        let theirs = with("80%", "90%");
        let (code, _, after) = run(BASE.as_bytes(), ours.as_bytes(), theirs.as_bytes());
        assert_eq!((code, String::from_utf8(after).unwrap()), (0, ours.replace("80%", "90%")));
        let (code, said, after) =
            run(BASE.as_bytes(), with("npm", "pnpm").as_bytes(), with("npm", "Yarn").as_bytes());
        assert_eq!(code, 1);
        assert!(said.contains("KB.md: conflict about package manager: ours"), "{said}");
        assert!(String::from_utf8(after).unwrap().contains("<<<<<<< ours (package manager)\n"));
    }

    #[test]
    fn what_cannot_be_read_is_left_as_it_is() {
        let large = "- A rule that is long enough to count.\n".repeat(9_000);
        for (ours, theirs) in [(&b"- caf\xe9\n"[..], BASE.as_bytes()), (BASE.as_bytes(), large.as_bytes())] {
            let (code, said, after) = run(b"", ours, theirs);
            assert_eq!(code, 2, "{said}");
            assert_eq!(after, ours);
            assert!(said.contains("left as it was"), "{said}");
        }
        let folder = tempfile::tempdir().unwrap();
        let output = dictum(folder.path(), &["kb", "merge", "o", "a", "b"]);
        assert_eq!(output.status.code(), Some(2));
    }

    #[test]
    fn without_files_it_prints_the_two_lines_that_install_it() {
        let folder = tempfile::tempdir().unwrap();
        for arguments in [&["kb", "merge"][..], &["kb", "merge", "--how"]] {
            let output = dictum(folder.path(), arguments);
            assert_eq!(output.status.code(), Some(0));
            let said = said(&output);
            assert!(said.contains("git config merge.dictum.driver \"dictum kb merge %O %A %B\"\n"), "{said}");
            assert!(said.contains("KB.md merge=dictum"), "{said}");
        }
    }

    struct Repository {
        folder: tempfile::TempDir,
    }

    impl Repository {
        fn git(&self, arguments: &[&str]) -> Output {
            let mut git = Command::new("git");
            git.args([
                "-c",
                "user.name=T",
                "-c",
                "user.email=t@example.invalid",
                "-c",
                "commit.gpgsign=false",
            ]);
            git.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
            git.env("GIT_CONFIG_GLOBAL", self.folder.path().join("none")).env("GIT_CONFIG_NOSYSTEM", "1");
            git.output().unwrap()
        }

        #[track_caller]
        fn must(&self, arguments: &[&str]) {
            let output = self.git(arguments);
            assert!(output.status.success(), "git {arguments:?}: {}", said(&output));
        }

        fn commit(&self, text: &str) {
            std::fs::write(self.folder.path().join("KB.md"), text).unwrap();
            self.must(&["add", "-A"]);
            self.must(&["commit", "-q", "-m", "Say it"]);
        }

        fn kb(&self) -> String {
            std::fs::read_to_string(self.folder.path().join("KB.md")).unwrap()
        }
    }

    /// A repository in which the driver is installed as `--how` says; `None`, with a line that says so, where there is no git.
    fn repository() -> Option<Repository> {
        if Command::new("git").arg("--version").output().is_err() {
            println!("skipped: there is no git on this machine");
            return None;
        }
        let repository = Repository { folder: tempfile::tempdir().unwrap() };
        repository.must(&["init", "-q", "-b", "main"]);
        let driver = format!("'{}' kb merge %O %A %B", env!("CARGO_BIN_EXE_dictum"));
        repository.must(&["config", "merge.dictum.driver", &driver]);
        std::fs::write(repository.folder.path().join(".gitattributes"), "KB.md merge=dictum\n").unwrap();
        repository.commit(BASE);
        Some(repository)
    }

    #[test]
    fn two_branches_that_add_rules_at_one_place_merge_without_conflict() {
        let Some(repository) = repository() else { return };
        repository.must(&["checkout", "-q", "-b", "other"]);
        repository.commit(&format!("{BASE}- Name tests well.\n"));
        repository.must(&["checkout", "-q", "main"]);
        repository.commit(&format!("{BASE}- Mock the clock.\n"));
        repository.must(&["merge", "-q", "--no-edit", "other"]);
        assert_eq!(repository.kb(), format!("{BASE}- Mock the clock.\n- Name tests well.\n"));
    }

    #[test]
    fn two_branches_that_decide_differently_stop_with_a_marker() {
        let Some(repository) = repository() else { return };
        repository.must(&["checkout", "-q", "-b", "other"]);
        repository.commit(&with("npm", "Yarn"));
        repository.must(&["checkout", "-q", "main"]);
        repository.commit(&with("npm", "pnpm"));
        let output = repository.git(&["merge", "--no-edit", "other"]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains("CONFLICT (content): Merge conflict in KB.md"), "{}", said(&output));
        let expect =
            "<<<<<<< ours (package manager)\n- Package manager: pnpm\n=======\n- Package manager: Yarn\n";
        assert!(repository.kb().contains(expect), "{}", repository.kb());
    }
}
