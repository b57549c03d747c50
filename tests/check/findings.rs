//! What is found in a KB.md and what is not, and the command that tells it.

use super::{dictum, ground, project, stdout};
use dictum::domain::kb::check::{Finding, check, fixes, named_paths};
use dictum::domain::kb::document::{Document, Kind};
use dictum::domain::kb::edit;
use dictum::domain::kb::facts::Tables;
use dictum::domain::kb::ground::Ground;
use serde_json::Value;
use std::sync::LazyLock;

const PACKAGE: &str = r#"{
  "type": "module",
  "packageManager": "pnpm@9.12.0",
  "engines": {"node": ">=22"},
  "scripts": {"lint": "biome check", "test": "vitest run"},
  "dependencies": {"fastify": "^5.0.0", "zod": "^3.23.0"},
  "devDependencies": {"vitest": "^2.1.0"}
}"#;

/// The tables take a moment to read, so the tests share them.
static TABLES: LazyLock<Tables> = LazyLock::new(Tables::new);

/// The findings as `line kind`.
fn found(kb: &str, ground: &Ground) -> Vec<String> {
    let findings = check(&TABLES, &Document::parse(kb), ground);
    findings.iter().map(|finding| format!("{} {}", finding.line, finding.kind.word())).collect()
}

#[track_caller]
fn finds(kb: &str, ground: &Ground, expect: &[&str]) {
    let findings = check(&TABLES, &Document::parse(kb), ground);
    assert_eq!(found(kb, ground), expect, "{kb}\n{findings:#?}");
}

/// The text after all mends.
fn mended(kb: &str, ground: &Ground) -> String {
    let findings = check(&TABLES, &Document::parse(kb), ground);
    let edits: Vec<_> = fixes(&findings).into_iter().map(|(_, edit)| edit.clone()).collect();
    edit::apply(kb, &edits).unwrap()
}

#[test]
fn a_rule_said_twice_is_found_in_other_words_too() {
    let none = Ground::default();
    finds("# KB\n\n- Use pnpm.\n- Keep it small, below 40 lines.\n- use pnpm\n", &none, &["5 duplicate"]);
    finds("- Package manager: pnpm\n- Use pnpm as package manager.\n", &none, &["2 duplicate"]);
    finds("- Use zod for validation.\n- La validazione si fa con zod.\n", &none, &["2 duplicate"]);
    assert_eq!(
        mended("- Use pnpm.\n- Squash every PR.\n- use pnpm\n", &none),
        "- Use pnpm.\n- Squash every PR.\n"
    );
}

#[test]
fn rules_that_cannot_both_hold_are_found() {
    let none = Ground::default();
    finds("## Stack\n\n- Package manager: npm\n\n## Work\n\n- Use pnpm.\n", &none, &["7 contradiction"]);
    finds("- Indent with tabs.\n- Indent with two spaces.\n", &none, &["2 contradiction"]);
    finds("- Use semicolons.\n- Do not use semicolons.\n", &none, &["2 contradiction"]);
    finds("- Coverage stays above 80%.\n- Coverage must be at least 90%.\n", &none, &["2 contradiction"]);
    finds("- Test runner: Jest\n- I test girano con Vitest.\n", &none, &["2 contradiction"]);
    let kb = Document::parse("- Use semicolons.\n- Do not use semicolons.\n");
    assert!(
        check(&TABLES, &kb, &none).iter().all(|finding| finding.fix.is_none()),
        "only the user knows which is meant"
    );
}

#[test]
fn what_only_looks_like_a_contradiction_is_none() {
    let none = Ground::default();
    for kb in [
        "## Backend\n\n- Test runner: Jest\n\n## Frontend\n\n- Test runner: Vitest\n",
        "# Backend\n\n## Tests\n\n- Use Jest.\n\n# Web client\n\n## Tests\n\n- Use Vitest.\n",
        "- Use npm.\n- In packages/legacy use Yarn.\n",
        "- Databases:\n  - PostgreSQL for orders\n  - MongoDB for events\n",
        "- PostgreSQL holds the orders.\n- MongoDB holds the events.\n",
        "- Comments are in English.\n- Commit messages are in Italian.\n",
        "- Files are kebab-case.\n- Classes are PascalCase.\n- Variables are camelCase.\n",
        "- Use pino for logs.\n- Never use console.log.\n",
        "- Use dayjs, not moment.\n- No moment.\n",
        "- Unit tests run with Vitest.\n- Browser tests run with Playwright.\n",
        "- Access tokens live 15 minutes.\n- Refresh tokens live 30 days.\n",
        "- The API listens on port 3000.\n- The admin UI listens on port 4000.\n",
        "- Use single quotes.\n- Use double quotes in JSX.\n",
        "- Every endpoint validates its body with zod.\n- Every handler logs with pino.\n",
        "- Package manager: pnpm\n- Run the tests with `pnpm test`.\n- Lint with `pnpm run lint`.\n",
        "- Use Vitest.\n- Every bug gets a Vitest test first.\n- Name Vitest files after the module.\n",
        "- Errors are logged with pino.\n- Log requests with pino.\n- Use pino for logs.\n",
        "- Read src/config/env.ts before you add a setting.\n- Settings are read in src/config/env.ts only.\n",
        "- Functions stay below 40 lines.\n- Files stay below 400 lines.\n",
    ] {
        finds(kb, &none, &[]);
    }
}

#[test]
fn dead_paths_scripts_packages_and_versions_are_found() {
    let mut project = ground(&[("package.json", PACKAGE), ("pnpm-lock.yaml", "")]);
    project.missing.insert("src/config/env.ts".to_string());
    finds("- All settings are read in `src/config/env.ts`.\n", &project, &["1 dead"]);
    finds("- Run `pnpm run typecheck` before each commit.\n", &project, &["1 dead"]);
    finds("- Run `pnpm run lint` before each commit.\n", &project, &[]);
    finds("- Use Jest.\n", &project, &["1 dead"]);
    finds("- Use Jest for unit tests.\n", &project, &["1 dead"]);
    finds("- Use Vitest.\n- HTTP framework: Fastify 5\n- Node 22 or newer.\n- Use pnpm.\n", &project, &[]);
    finds("- HTTP framework: Express 4\n", &project, &["1 dead"]);
    finds("- HTTP framework: Fastify 4\n", &project, &["1 dead"]);
    finds("- Runtime: Node 18\n", &project, &["1 dead"]);
    finds("- Package manager: npm\n", &project, &["1 dead"]);
    assert_eq!(
        mended("- Package manager: npm\n- HTTP framework: Fastify 4\n- Use Jest.\n", &project),
        "- Package manager: pnpm\n- HTTP framework: Fastify 5\n- Use Vitest.\n"
    );
}

#[test]
fn what_only_looks_dead_is_alive() {
    let mut project = ground(&[("package.json", PACKAGE), ("pnpm-lock.yaml", "")]);
    for path in ["src/legacy/a.ts", "src/new.ts", "src/utils.ts"] {
        project.missing.insert(path.to_string());
    }
    for kb in [
        "- Never touch src/legacy/a.ts.\n",
        "- Create new routes like src/new.ts.\n",
        "- Do not add src/utils.ts again.\n",
        "- Never run `npm run deploy`.\n",
        "- Do not use Jest.\n",
        "- Migrate from Jest to Vitest.\n",
        "- In packages/legacy use npm.\n",
        "- Use Redis as cache.\n",
        "- Dates: Luxon\n",
    ] {
        finds(kb, &project, &[]);
    }
    let workspaces = PACKAGE.replacen('{', "{\"workspaces\": [\"packages/*\"],", 1);
    let project = ground(&[("package.json", workspaces.as_str()), ("pnpm-lock.yaml", "")]);
    finds("- Use Jest.\n- Run `pnpm run typecheck` first.\n", &project, &[]);
    finds("- Use Jest.\n", &ground(&[("package.json", "{ not JSON")]), &[]);
    finds("- Package manager: npm\n", &ground(&[("pnpm-lock.yaml", ""), ("package-lock.json", "")]), &[]);
}

#[test]
fn only_paths_that_are_meant_to_exist_are_looked_for() {
    let kb = "- See docs/adr/001.md and `src/app.ts`.\n- Use @scope/pkg.json and https://a.b/c/d.ts\n\
              - Name files like src/foo.ts.\n- Routes are under /api/v1/users.json\n- src/**/*.ts is formatted\n";
    assert_eq!(named_paths(&Document::parse(kb)), ["docs/adr/001.md", "src/app.ts"]);
}

#[test]
fn vague_secret_hidden_empty_large_and_conflicting_are_found() {
    let none = Ground::default();
    finds("- Write clean code.\n- Scrivi codice pulito.\n", &none, &["1 vague", "2 vague"]);
    finds("- The admin password is Tr0ub4dor\n", &none, &["1 secret"]);
    finds("```\nexport TOKEN=ghp_abcdefghij0123456789ABCDEFGHIJ\n```\n", &none, &["2 secret"]);
    finds("\u{feff}- Use \u{202e}tabs\n", &none, &["1 hidden"]);
    finds("# KB\n\n## Empty\n\n## Full\n\n- Squash every PR.\n\n## Last\n", &none, &["3 empty", "9 empty"]);
    let long: String = (0..201).map(|at| format!("- Topic{at} goes to folder{at}.\n")).collect();
    assert_eq!(found(&long, &none).first().map(String::as_str), Some("1 size"));
    finds("- a\n<<<<<<< ours\n- Use npm\n=======\n- Use pnpm\n>>>>>>> theirs\n", &none, &["2 conflict"]);
    finds("", &none, &[]);
    assert_eq!(mended("- Use \u{200b}tabs\n- Be careful.\n", &none), "- Use tabs\n");
    let secret = "- The admin password is Tr0ub4dor\n";
    assert_eq!(mended(secret, &none), "- The admin password is <from the environment>\n");
    let findings = check(&TABLES, &Document::parse(secret), &none);
    assert!(!findings[0].sentence.contains("Tr0ub4dor"));
}

const KB: &str = "# KB\n\n- Package manager: npm\n- All settings are read in `src/env.ts`.\n- Write clean code.\n- Read docs/a.md.\n";

#[test]
fn the_command_prints_lines_like_a_compiler_and_an_exit_code() {
    let folder = project(&[("KB.md", KB), ("package.json", PACKAGE), ("docs/a.md", "x")]);
    let output = dictum(folder.path(), &["kb", "check"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let lines: Vec<&str> = said.lines().collect();
    assert!(
        lines[0].starts_with("KB.md:3: dead: \u{201c}Package manager: npm\u{201d} is not what"),
        "{said}"
    );
    assert!(lines[1].starts_with("KB.md:4: dead: ") && lines[1].contains("src/env.ts"), "{said}");
    assert!(lines[2].starts_with("KB.md:5: vague: "), "{said}");
    assert_eq!(lines[3], "KB.md: 3 findings; `dictum kb check --fix` offers to mend 2");
    let output = dictum(folder.path(), &["kb", "check", "--json"]);
    let rows: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((rows[0]["line"].as_u64(), rows[0]["kind"].as_str()), (Some(3), Some("dead")));
    assert_eq!(rows[0]["fix"]["text"], "Package manager: pnpm");
    assert!(rows[1]["fix"].is_null());
}

#[test]
fn in_a_script_the_mends_are_printed_and_nothing_is_written() {
    let folder = project(&[("KB.md", KB), ("package.json", PACKAGE), ("docs/a.md", "x")]);
    let output = dictum(folder.path(), &["kb", "check", "--fix"]);
    let said = stdout(&output);
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("+- Package manager: pnpm") && said.contains("-- Write clean code."), "{said}");
    assert_eq!(std::fs::read_to_string(folder.path().join("project/KB.md")).unwrap(), KB);
}

#[test]
fn a_clean_kb_ends_with_zero_and_an_unreadable_one_with_two() {
    let folder = project(&[("KB.md", "# KB\n\n- Squash every PR.\n")]);
    let output = dictum(folder.path(), &["kb", "check"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "KB.md: nothing to report\n"));
    let folder = project(&[]);
    assert_eq!(dictum(folder.path(), &["kb", "check"]).status.code(), Some(2));
    std::fs::write(folder.path().join("project/KB.md"), b"caf\xe9\n").unwrap();
    let output = dictum(folder.path(), &["kb", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("not UTF-8"));
}

#[test]
fn hostile_rules_are_printed_harmless() {
    let folder = project(&[("KB.md", "- Use \u{1b}[31mtabs\u{202e}\n- Write clean code\u{1b}]0;x\u{7}\n")]);
    let said = stdout(&dictum(folder.path(), &["kb", "check"]));
    assert!(said.contains("hidden") && !said.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{said:?}");
}

mod any_text {
    use super::*;
    use dictum::domain::kb::init::{draft, propose};
    use proptest::prelude::*;

    fn markdown() -> impl Strategy<Value = String> {
        let line = prop_oneof![
            prop::sample::select(vec![
                "# KB",
                "## Tools",
                "- Use npm",
                "- Use pnpm.",
                "  - Use Jest",
                "- Be careful",
                "1. Node 18",
                "```",
                "| a | b |",
                "|---|---|",
                "| Use zod | `npm run x` |",
                "Write clean code. Use tabs.",
                "- Use \u{202e}tabs",
                "- See src/a.ts",
                "- password is Tr0ub4dor <!-- x",
                "-->",
                "**Use:** two spaces",
                "- Be careful\r",
                "",
            ])
            .prop_map(str::to_string),
            "\\PC{0,24}",
        ];
        prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn each_mend_can_be_made_and_silences_its_finding(kb in markdown()) {
            let mut project = ground(&[("package.json", PACKAGE), ("pnpm-lock.yaml", "")]);
            project.missing.insert("src/a.ts".to_string());
            let findings = check(&TABLES, &Document::parse(&kb), &project);
            for (finding, fix) in fixes(&findings) {
                // An edit that would harm its neighbours is refused, and the review says so.
                let Ok(after) = edit::apply(&kb, std::slice::from_ref(fix)) else { continue };
                let left = check(&TABLES, &Document::parse(&after), &project);
                // What was hidden behind it may come to light: a dead script behind another package manager.
                let same = |all: &[Finding]| all.iter().filter(|f| (f.kind, &f.sentence) == (finding.kind, &finding.sentence)).count();
                prop_assert!(same(&left) < same(&findings), "{:?}\n{}\n{}", finding, kb, after);
            }
        }

        #[test]
        fn any_files_give_a_draft_that_reads_as_its_lines(agents in markdown(), package in "\\PC{0,40}", config in "\\PC{0,40}", kb in markdown()) {
            let files = [("AGENTS.md", agents.as_str()), ("package.json", package.as_str()), ("tsconfig.json", config.as_str()), (".prettierrc", config.as_str())];
            for kb in ["", kb.as_str()] {
                let document = Document::parse(kb);
                let plan = propose(&TABLES, &ground(&files), &document);
                if let Ok(after) = draft(kb, &plan) {
                    let (read, made) = (Document::parse(&after).entries.len(), document.entries.len() + plan.offers.len());
                    // In running text a rule of several sentences reads as several.
                    let prose = document.entries.iter().any(|entry| entry.kind == Kind::Sentence);
                    prop_assert!(read == made || (prose && read > made), "{} {} {:?}", read, made, after);
                }
            }
        }
    }
}

/// The knowledge bases of the dev set were written to be sound, each by hand.
#[test]
fn sound_knowledge_bases_raise_no_alarm() {
    let gold = include_str!("../data/directives_dev.jsonl");
    let mut seen = std::collections::BTreeSet::new();
    let mut alarms = Vec::new();
    for line in gold.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let kb = case["kb"].as_str().unwrap().to_string();
        if seen.insert(kb.clone()) {
            let findings = check(&TABLES, &Document::parse(&kb), &Ground::default());
            alarms.extend(
                findings
                    .into_iter()
                    .map(|finding| format!("{}: {} {}", case["id"], finding.kind.word(), finding.sentence)),
            );
        }
    }
    println!("{} knowledge bases\n{}", seen.len(), alarms.join("\n"));
    assert!(alarms.is_empty(), "{alarms:#?}");
}
