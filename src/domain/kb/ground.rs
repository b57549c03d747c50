//! What a project's own files state, as text that was read before: package.json, lockfiles, engines. It reads no file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The files that are read whole, by name. Those that hold rules in prose come last.
pub const FILES: &[&str] = &[
    "package.json",
    "pnpm-workspace.yaml",
    ".nvmrc",
    ".node-version",
    "tsconfig.json",
    ".prettierrc",
    ".prettierrc.json",
    "biome.json",
    "biome.jsonc",
    ".eslintrc",
    ".eslintrc.json",
    ".editorconfig",
    "AGENTS.md",
    "CLAUDE.md",
    ".cursorrules",
    "README.md",
    "CONTRIBUTING.md",
];

/// The files of which it is only asked whether they are there.
pub const NAMES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "bun.lock",
    "bun.lockb",
    "lerna.json",
    "nx.json",
    "turbo.json",
    "rush.json",
    "eslint.config.js",
    "eslint.config.mjs",
    "eslint.config.cjs",
    "eslint.config.ts",
];

/// The folder whose Markdown files hold rules, too.
pub const RULES_FOLDER: &str = ".cursor/rules";

/// Lockfiles and whose they are.
pub const LOCKFILES: &[(&str, &str)] = &[
    ("package-lock.json", "npm"),
    ("npm-shrinkwrap.json", "npm"),
    ("pnpm-lock.yaml", "pnpm"),
    ("yarn.lock", "Yarn"),
    ("bun.lock", "Bun"),
    ("bun.lockb", "Bun"),
];

/// A project as far as its files were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// Texts by name, relative to the project.
    pub files: BTreeMap<String, String>,
    /// Which of [`NAMES`] are there.
    pub names: BTreeSet<String>,
    /// Which of the paths that were asked for are surely nowhere in the project.
    pub missing: BTreeSet<String>,
    /// Files that are there and were not read, and why; safe to show.
    pub skipped: Vec<String>,
}

/// What package.json states.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    pub scripts: BTreeMap<String, String>,
    /// All kinds of dependencies with their ranges.
    pub dependencies: BTreeMap<String, String>,
    pub module: bool,
    pub engine: Option<String>,
    /// `pnpm` and its version, as `packageManager` gives them.
    pub manager: Option<(String, Option<String>)>,
    /// Whether it heads several packages, of which each has scripts and dependencies of its own.
    pub workspaces: bool,
    pub prettier: Option<Value>,
    pub lint: bool,
}

impl Ground {
    pub fn file(&self, name: &str) -> Option<&str> {
        self.files.get(name).map(String::as_str)
    }

    /// package.json understood; `None` when there is none or it is no JSON object.
    pub fn package(&self) -> Option<Package> {
        let json: Value =
            serde_json::from_str(self.file("package.json")?.trim_start_matches('\u{feff}')).ok()?;
        let json = json.as_object()?;
        let texts = |key: &str| -> BTreeMap<String, String> {
            let map = json.get(key).and_then(Value::as_object);
            let pairs = map.into_iter().flatten();
            pairs.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_string()))).collect()
        };
        let mut dependencies = BTreeMap::new();
        for key in ["peerDependencies", "optionalDependencies", "devDependencies", "dependencies"] {
            dependencies.extend(texts(key));
        }
        let manager = json.get("packageManager").and_then(Value::as_str).map(|named| {
            let (name, version) = named.split_once('@').unwrap_or((named, ""));
            let version = version.split('+').next().filter(|version| !version.is_empty());
            (name.to_string(), version.map(str::to_string))
        });
        let several = ["pnpm-workspace.yaml"].iter().any(|name| self.files.contains_key(*name))
            || ["lerna.json", "nx.json", "turbo.json", "rush.json"]
                .iter()
                .any(|name| self.names.contains(*name));
        Some(Package {
            scripts: texts("scripts"),
            dependencies,
            module: json.get("type").and_then(Value::as_str) == Some("module"),
            engine: texts("engines").remove("node"),
            manager,
            workspaces: several || json.contains_key("workspaces"),
            prettier: json.get("prettier").filter(|value| value.is_object()).cloned(),
            lint: json.contains_key("eslintConfig"),
        })
    }

    /// The package manager that the project's files agree on, in the spelling of the slots, and the file that says so.
    pub fn manager(&self) -> Option<(&'static str, &'static str)> {
        let declared =
            self.package().and_then(|package| package.manager).and_then(|(name, _)| spelled(&name));
        if let Some(name) = declared {
            return Some((name, "package.json: packageManager"));
        }
        let mut found = LOCKFILES.iter().filter(|(file, _)| self.names.contains(*file));
        let first = found.next()?;
        found.all(|other| other.1 == first.1).then_some((first.1, first.0))
    }

    /// The range of Node versions that the project asks for, and the file that says so.
    pub fn node(&self) -> Option<(String, &'static str)> {
        if let Some(engine) = self.package().and_then(|package| package.engine) {
            return Some((engine, "package.json: engines.node"));
        }
        [".nvmrc", ".node-version"].iter().find_map(|name| {
            let text = self.file(name)?.lines().next()?.trim().trim_start_matches('v').to_string();
            text.starts_with(|c: char| c.is_ascii_digit()).then_some((text, *name))
        })
    }
}

fn spelled(manager: &str) -> Option<&'static str> {
    match manager {
        "npm" => Some("npm"),
        "pnpm" => Some("pnpm"),
        "yarn" => Some("Yarn"),
        "bun" => Some("Bun"),
        _ => None,
    }
}

/// Whether a range of versions allows some version of this major; `None` when the range is not understood.
pub fn allows_major(range: &str, major: u64) -> Option<bool> {
    let mut any = false;
    for part in range.split("||") {
        let mut fits = true;
        let mut bounds = 0;
        let part = match part.split_once(" - ") {
            Some((from, to)) => format!(">={} <={}", from.trim(), to.trim()),
            // npm takes ">= 20" for ">=20".
            None => ["=", ">", "<", "^", "~"]
                .iter()
                .fold(part.to_string(), |part, sign| part.replace(&format!("{sign} "), sign)),
        };
        for bound in part.split_whitespace() {
            let sign = bound.trim_end_matches(|c: char| !matches!(c, '<' | '>' | '=' | '^' | '~'));
            let version = bound.get(sign.len()..)?.trim_start_matches('v');
            let digits: String = version.chars().take_while(char::is_ascii_digit).collect();
            let number: u64 = match version {
                "" | "*" | "x" | "X" | "latest" => continue,
                _ => digits.parse().ok()?,
            };
            let whole = version.split('.').skip(1).all(|part| part.bytes().all(|byte| byte == b'0'));
            bounds += 1;
            fits &= match sign {
                ">=" | ">" => major >= number,
                "<" => major < number || (major == number && !whole),
                "<=" => major <= number,
                "^" | "~" | "=" | "" => major == number,
                _ => return None,
            };
        }
        any |= fits || bounds == 0;
    }
    Some(any)
}

/// The lowest major that a range names.
pub fn lowest_major(range: &str) -> Option<u64> {
    range
        .split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter_map(|part| part.split('.').next()?.parse().ok())
        .min()
}

/// Answers to decisions and the npm packages that carry them out; any one of the packages will do.
pub const PACKAGES: &[(&str, &str, &str)] = &[
    ("test-runner", "Jest", "jest"),
    ("test-runner", "Vitest", "vitest"),
    ("test-runner", "Mocha", "mocha"),
    ("test-runner", "AVA", "ava"),
    ("test-runner", "Jasmine", "jasmine"),
    ("e2e", "Playwright", "@playwright/test playwright"),
    ("e2e", "Cypress", "cypress"),
    ("e2e", "WebdriverIO", "webdriverio @wdio/cli"),
    ("http-framework", "Express", "express"),
    ("http-framework", "Fastify", "fastify"),
    ("http-framework", "Koa", "koa"),
    ("http-framework", "Hapi", "@hapi/hapi"),
    ("http-framework", "NestJS", "@nestjs/core"),
    ("http-framework", "Hono", "hono"),
    ("http-framework", "Restify", "restify"),
    ("http-framework", "Elysia", "elysia"),
    ("meta-framework", "Next.js", "next"),
    ("meta-framework", "Nuxt", "nuxt"),
    ("meta-framework", "SvelteKit", "@sveltejs/kit"),
    ("meta-framework", "Astro", "astro"),
    ("ui-framework", "React", "react"),
    ("ui-framework", "Vue", "vue"),
    ("ui-framework", "Svelte", "svelte"),
    ("ui-framework", "Angular", "@angular/core"),
    ("ui-framework", "SolidJS", "solid-js"),
    ("orm", "Prisma", "@prisma/client prisma"),
    ("orm", "Drizzle", "drizzle-orm"),
    ("orm", "TypeORM", "typeorm"),
    ("orm", "Sequelize", "sequelize"),
    ("orm", "Knex", "knex"),
    ("orm", "Kysely", "kysely"),
    ("orm", "MikroORM", "@mikro-orm/core"),
    ("orm", "Mongoose", "mongoose"),
    ("validation", "zod", "zod"),
    ("validation", "Joi", "joi"),
    ("validation", "Yup", "yup"),
    ("validation", "Ajv", "ajv"),
    ("validation", "Valibot", "valibot"),
    ("validation", "TypeBox", "@sinclair/typebox typebox"),
    ("validation", "class-validator", "class-validator"),
    ("validation", "ArkType", "arktype"),
    ("logger", "pino", "pino"),
    ("logger", "winston", "winston"),
    ("logger", "bunyan", "bunyan"),
    ("logger", "log4js", "log4js"),
    ("logger", "tslog", "tslog"),
    ("date-library", "moment", "moment"),
    ("date-library", "dayjs", "dayjs"),
    ("date-library", "date-fns", "date-fns"),
    ("date-library", "Luxon", "luxon"),
    ("linter", "ESLint", "eslint"),
    ("linter", "Biome", "@biomejs/biome"),
    ("linter", "oxlint", "oxlint"),
    ("formatter", "Prettier", "prettier"),
    ("formatter", "Biome", "@biomejs/biome"),
    ("formatter", "dprint", "dprint"),
    ("monorepo", "Turborepo", "turbo"),
    ("monorepo", "Nx", "nx"),
    ("monorepo", "Lerna", "lerna"),
];

impl Package {
    /// The range of the first of the packages (separated by blanks) that it depends on.
    pub fn range_of(&self, packages: &str) -> Option<&str> {
        packages.split(' ').find_map(|name| self.dependencies.get(name)).map(String::as_str)
    }

    /// The answers to a decision that the dependencies give, with the package and its range.
    pub fn answers(&self, slot: &str) -> Vec<(&'static str, &'static str, &str)> {
        PACKAGES
            .iter()
            .filter(|(of, _, _)| *of == slot)
            .filter_map(|(_, value, packages)| Some((*value, *packages, self.range_of(packages)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_understood_or_left_alone() {
        let check = |range: &str, major: u64, expect: Option<bool>| {
            assert_eq!(allows_major(range, major), expect, "{range} {major}");
        };
        check(">=20", 22, Some(true));
        check(">=20", 18, Some(false));
        check("^4.18.2", 4, Some(true));
        check("^4.18.2", 5, Some(false));
        check("18 || >=20.1", 18, Some(true));
        check("18 || >=20.1", 19, Some(false));
        check(">=18 <21", 20, Some(true));
        check(">=18 <21", 21, Some(false));
        check("18 - 20", 19, Some(true));
        check(">= 20", 22, Some(true));
        check(">= 20 < 23", 24, Some(false));
        check("20.x", 20, Some(true));
        check("lts/*", 20, None);
        check("*", 3, Some(true));
        check("workspace:*", 3, None);
        assert_eq!(lowest_major("^18 || >=20.1.0"), Some(18));
    }

    #[test]
    fn every_answer_with_a_package_is_one_of_the_slots() {
        let slots = crate::domain::kb::slots::Slots::new();
        for (slot, value, _) in PACKAGES {
            let found = slots.values(&format!("{slot}: `{value}`"));
            assert!(found.iter().any(|f| f.slot == *slot && f.value == *value), "{slot} {value} {found:?}");
        }
    }
}
