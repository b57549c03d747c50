//! Patches there and back, and those that are refused.

use super::*;
use crate::domain::kb::document::Document;
use crate::domain::kb::{Edit, LineRef, Op, edit};

const KB: &str = "# KB\n\n## Tooling\n\n- Node 22 or newer.\n- Use npm.\n- Lint with Biome.\n\n## Testing\n\n- Tests run with Vitest.\n";

fn replaced(kb: &str, old: &str, new: &str) -> Edit {
    let line = kb.lines().position(|line| line.contains(old)).map_or(0, |at| at + 1);
    let supersedes = Some(LineRef { line, text: old.to_string() });
    Edit { op: Op::Replace, text: new.to_string(), supersedes, section: None }
}

fn added(text: &str, section: &str) -> Edit {
    Edit { op: Op::Add, text: text.to_string(), supersedes: None, section: Some(section.to_string()) }
}

/// What a patch makes of a KB.md, by way of the edits that are read from it.
fn applied(patch: &str, kb: &str) -> Result<String, PatchError> {
    let found = edits(&read(patch, "")?, &Document::parse(kb))?;
    Ok(edit::apply(kb, &found).unwrap())
}

#[track_caller]
fn there_and_back(kb: &str, made: &[Edit]) -> String {
    let after = edit::apply(kb, made).unwrap();
    let patch = write(Some(kb), &after);
    assert_eq!(applied(&patch, kb).unwrap(), after, "{patch}");
    patch
}

#[test]
fn an_edit_is_a_patch_as_git_writes_it() {
    let patch = there_and_back(KB, &[replaced(KB, "Use npm.", "Use pnpm.")]);
    assert_eq!(
        patch,
        "--- a/KB.md\n+++ b/KB.md\n@@ -3,7 +3,7 @@\n ## Tooling\n \n - Node 22 or newer.\n-- Use npm.\n+- Use pnpm.\n - Lint with Biome.\n \n ## Testing\n"
    );
    there_and_back(
        KB,
        &[added("Use tabs.", "Tooling"), replaced(KB, "Tests run with Vitest.", "Tests run with Jest.")],
    );
    there_and_back(&KB.replace('\n', "\r\n"), &[added("Use tabs.", "Testing")]);
    there_and_back(KB.trim_end(), &[added("Use tabs.", "Testing")]);
    let table = "# KB\n\n| what | with |\n|---|---|\n| tests | Vitest |\n| lint | Biome |\n";
    there_and_back(table, &[replaced(table, "tests | Vitest", "tests | Jest")]);
    let gone = Edit { op: Op::Remove, text: String::new(), ..replaced(KB, "Use npm.", "") };
    there_and_back(KB, &[gone]);
}

#[test]
fn a_first_rule_makes_the_file() {
    let after = edit::apply("", &[added("Use pnpm.", "KB")]).unwrap();
    let patch = write(None, &after);
    assert!(patch.starts_with("--- /dev/null\n+++ b/KB.md\n@@ -0,0 +1"), "{patch}");
    assert_eq!(applied(&patch, "").unwrap(), after);
    assert_eq!(write(Some("- a\n"), "- a\n"), "");
}

#[test]
fn words_around_the_patch_are_passed_over() {
    let after = KB.replace("npm", "pnpm");
    let patch = write(Some(KB), &after);
    let told = format!("dictum: a rule was heard\n--- not a patch\n{patch}dictum: done\n+ nor this\n");
    assert_eq!(applied(&told, KB).unwrap(), after);
    let git = format!("diff --git a/KB.md b/KB.md\nindex 1a2b3c4..5d6e7f8 100644\n{patch}");
    assert_eq!(applied(&git, KB).unwrap(), after);
}

#[test]
fn a_patch_follows_its_rule_where_kb_md_has_changed() {
    let patch = write(Some(KB), &KB.replace("npm", "pnpm"));
    let moved = KB.replace("# KB\n", "# KB\n\nAn introduction.\n\nAnd more of it.\n");
    assert_eq!(applied(&patch, &moved).unwrap(), moved.replace("npm", "pnpm"));
    let around = KB.replace("Node 22", "Node 24").replace("Biome", "ESLint");
    assert_eq!(applied(&patch, &around).unwrap(), around.replace("npm", "pnpm"));
    let gone = KB.replace("- Use npm.\n", "").replace("Node 22", "Node 24");
    assert_eq!(applied(&patch, &gone), Err(PatchError::Gone("Use npm.".to_string())));
    let already = around.replace("npm", "pnpm");
    assert_eq!(applied(&patch, &already).unwrap(), already);
    let patch = write(Some(KB), &edit::apply(KB, &[added("Use tabs.", "Tooling")]).unwrap());
    assert!(applied(&patch, &around).unwrap().contains("- Lint with ESLint.\n- Use tabs.\n"));
}

#[test]
fn nothing_but_the_rules_of_kb_md_is_touched() {
    let patch = |from: &str, to: &str| format!("--- {from}\n+++ {to}\n@@ -1 +1 @@\n-- a\n+- b\n");
    assert!(
        read(&patch("a/KB.md", "b/KB.md"), "").is_ok()
            && read(&patch("KB.md\t2025-01-01", "KB.md"), "").is_ok()
    );
    for (from, to) in [
        ("a/kb.md", "b/kb.md"),
        ("a/KB.md", "b/src/KB.md"),
        ("a/../KB.md", "b/../KB.md"),
        ("/etc/KB.md", "/etc/KB.md"),
        ("a/KB.md", "b/.git/hooks/pre-commit"),
        ("/dev/null", "b/package.json"),
    ] {
        assert!(matches!(read(&patch(from, to), ""), Err(PatchError::OtherFile(_))), "{from} {to}");
    }
    let two = format!("{}{}", patch("a/KB.md", "b/KB.md"), patch("a/x", "b/x"));
    assert_eq!(read(&two, ""), Err(PatchError::OtherFile("x".to_string())));
    assert_eq!(read(&patch("a/KB.md", "/dev/null"), ""), Err(PatchError::NotText));
    let renamed = "diff --git a/KB.md b/KB.md\nrename from KB.md\nrename to x\n";
    assert_eq!(read(renamed, ""), Err(PatchError::NotText));
    assert_eq!(read("no patch at all\n", ""), Err(PatchError::None));
    assert_eq!(read("--- a/KB.md\n+++ b/KB.md\n@@ -1,2 +1 @@\n-- a\n", ""), Err(PatchError::Torn(3)));
    assert_eq!(read("--- a/KB.md\n+++ b/KB.md\n@@ -1 +1 @@\n-- a\n-- b\n", ""), Err(PatchError::Torn(5)));
    let heading = write(Some(KB), &KB.replace("## Tooling", "## Tools"));
    assert!(matches!(applied(&heading, KB), Err(PatchError::NoRules(_))));
}

#[test]
fn a30_hidden_characters_of_the_file_are_not_printed_and_the_rule_is_found_all_the_same() {
    let kb = "# KB\n\n- Use npm.\n- An \u{1b}]52;c;x\u{7}odd\u{202e} line.\n";
    let after = kb.replace("npm", "pnpm");
    let patch = write(Some(kb), &after);
    assert!(!patch.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{patch:?}");
    assert_eq!(applied(&patch, kb).unwrap(), after);
}

proptest::proptest! {
    #[test]
    fn any_texts_and_patches_are_read_without_harm(
        before in "[-#*|` a-z0-9.\n\r\u{1b}\u{202e}]{0,120}",
        after in "[-#*|` a-z0-9.\n\r\u{1b}\u{202e}]{0,120}",
        torn in "(--- a/KB.md\n\\+\\+\\+ b/KB.md\n@@ -[0-9]{1,3},[0-9]{1,25} \\+[0-9],[0-9] @@\n)?[-+ @\\\\a-z\n]{0,60}",
    ) {
        let kb = Document::parse(&before);
        for patch in [write(Some(&before), &after), torn] {
            if let Ok(hunks) = read(&patch, "") && let Ok(edits) = edits(&hunks, &kb) {
                // What is taken can be made, or is refused with a reason.
                let _ = edit::apply(&before, &edits);
            }
        }
    }
}

#[test]
fn in_a_folder_of_a_repository_the_names_begin_at_its_root() {
    let patch = |name: &str| {
        format!("diff --git a/{name} b/{name}\n--- a/{name}\n+++ b/{name}\n@@ -1 +1,2 @@\n - a\n+- b\n")
    };
    for name in ["packages/my app/KB.md", "KB.md"] {
        assert!(read(&patch(name), "packages/my app/").is_ok(), "{name}");
    }
    for name in ["KB.md/KB.md", "packages/KB.md", "packages/my app/x/KB.md"] {
        assert!(matches!(read(&patch(name), "packages/my app/"), Err(PatchError::OtherFile(_))), "{name}");
    }
}
