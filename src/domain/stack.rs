//! What a Node.js project is made of, from its files' text: versions, package manager, and the libraries that decide how code is
//! written. It reads no file and decides no rule.

use super::kb::ground::{Ground, Package};

/// The files that [`Stack::of`] looks into.
pub const FILES: &[&str] =
    &["package.json", "pnpm-workspace.yaml", ".nvmrc", ".node-version", "tsconfig.json"];

/// What a part of the stack is called, and the decisions that it shows.
const PARTS: &[(&str, &[&str])] = &[
    ("server", &["http-framework", "meta-framework"]),
    ("front end", &["ui-framework"]),
    ("data", &["orm"]),
    ("checks", &["validation"]),
    ("tests", &["test-runner", "e2e"]),
    ("style", &["linter", "formatter"]),
];

/// What a project is made of, as labels with their values; empty where nothing is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    pub parts: Vec<(&'static str, String)>,
}

impl Stack {
    /// The stack of a project as far as its files were read. The values come from files and must be sanitised before they are shown.
    pub fn of(ground: &Ground) -> Self {
        let package = ground.package();
        let node = ground.node().map(|(range, _)| format!("Node {range}"));
        let manager = ground.manager().map(|(name, _)| name.to_string());
        let monorepo =
            package.as_ref().filter(|package| package.workspaces).map(|_| "workspaces".to_string());
        let mut parts = vec![
            ("runtime", listed([node, manager, monorepo])),
            ("language", package.as_ref().map(|package| language(ground, package)).unwrap_or_default()),
        ];
        if let Some(package) = &package {
            parts.extend(PARTS.iter().map(|(label, slots)| (*label, libraries(package, slots))));
        }
        parts.retain(|(_, value)| !value.is_empty());
        Self { parts }
    }
}

fn listed(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn language(ground: &Ground, package: &Package) -> String {
    let typescript = package.dependencies.get("typescript");
    let name = match typescript {
        Some(range) => with_major("TypeScript", range),
        None if ground.file("tsconfig.json").is_some() => "TypeScript".to_string(),
        None => "JavaScript".to_string(),
    };
    listed([Some(name), Some(if package.module { "ESM" } else { "CommonJS" }.to_string())])
}

fn libraries(package: &Package, slots: &[&str]) -> String {
    let answers = slots.iter().flat_map(|slot| package.answers(slot));
    listed(answers.map(|(name, _, range)| Some(with_major(name, range))))
}

/// A name with the major version of a range that has a single one: `^5.4` is 5, `>=4 <6` is none.
fn with_major(name: &str, range: &str) -> String {
    let version = range.trim_start_matches(['^', '~', '=', 'v']);
    let major: String = version.chars().take_while(char::is_ascii_digit).collect();
    let single = version.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+'));
    if major.is_empty() || !single { name.to_string() } else { format!("{name} {major}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(files: &[(&str, &str)], names: &[&str]) -> Vec<String> {
        let ground = Ground {
            files: files.iter().map(|(name, text)| ((*name).to_string(), (*text).to_string())).collect(),
            names: names.iter().map(|name| (*name).to_string()).collect(),
            ..Ground::default()
        };
        Stack::of(&ground).parts.iter().map(|(label, value)| format!("{label}: {value}")).collect()
    }

    #[test]
    fn a_project_says_what_it_is_made_of() {
        let package = r#"{"type": "module", "engines": {"node": ">=22"},
            "dependencies": {"fastify": "^5.1.0", "@prisma/client": "~6.2", "zod": "4.0.0-beta.1"},
            "devDependencies": {"typescript": "^5.6.0", "vitest": ">=2 <4", "@playwright/test": "latest"}}"#;
        assert_eq!(
            stack(&[("package.json", package)], &["pnpm-lock.yaml"]),
            [
                "runtime: Node >=22 · pnpm",
                "language: TypeScript 5 · ESM",
                "server: Fastify 5",
                "data: Prisma 6",
                "checks: zod 4",
                "tests: Vitest · Playwright",
            ]
        );
    }

    #[test]
    fn what_is_not_known_is_not_said() {
        assert_eq!(stack(&[], &[]), [""; 0]);
        assert_eq!(stack(&[("package.json", "no json")], &[]), [""; 0]);
        assert_eq!(stack(&[("package.json", "{}")], &[]), ["language: JavaScript · CommonJS"]);
        assert_eq!(stack(&[(".nvmrc", "v22.1\n")], &[]), ["runtime: Node 22.1"]);
    }
}
