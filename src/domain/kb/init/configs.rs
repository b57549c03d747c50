//! What configuration files decide, said as rules: package manager, Node, scripts, libraries, compiler, style. It takes over no words of
//! theirs but names, numbers and versions.

use serde_json::Value;

use super::Stated;
use crate::domain::kb::ground::{Ground, LOCKFILES, Package};

/// How the answer to a decision is said; `{}` is the answer.
const PHRASES: &[(&str, &str)] = &[
    ("http-framework", "Use {} as HTTP framework."),
    ("meta-framework", "Use {} as meta framework."),
    ("ui-framework", "Use {} as UI framework."),
    ("orm", "Use {} for data access."),
    ("validation", "Use {} for validation."),
    ("test-runner", "Use {} as test runner."),
    ("e2e", "Use {} for end-to-end tests."),
    ("logger", "Use {} for logging."),
    ("date-library", "Use {} as date library."),
    ("linter", "Use {} as linter."),
    ("formatter", "Use {} as formatter."),
    ("monorepo", "Use {} as monorepo tool."),
];

/// Scripts that every contributor runs, and when.
const SCRIPTS: &[(&str, &str)] = &[
    ("test", "Run the tests with"),
    ("lint", "Lint with"),
    ("typecheck", "Check the types with"),
    ("format", "Format with"),
    ("build", "Build with"),
];

/// Rules of linters, by name, and what they decide.
const LINTS: &[(&str, &str)] = &[
    ("no-console", "Do not use `console.log`."),
    ("import/no-default-export", "Use named exports, no default exports."),
    ("@typescript-eslint/no-explicit-any", "Do not use the type `any`."),
    ("eqeqeq", "Compare with `===`, never with `==`."),
    ("no-var", "Do not use `var`."),
    ("no-await-in-loop", "Do not use `await` in loops."),
    ("@typescript-eslint/no-floating-promises", "Never leave a promise without `await`."),
];

/// The rules, and what the files disagree on.
pub fn stated(ground: &Ground) -> (Vec<Stated>, Vec<String>) {
    let mut rules = Rules::default();
    let package = ground.package();
    rules.manager(ground);
    rules.node(ground);
    if let Some(package) = &package {
        rules.package(ground, package);
    } else if ground.file("package.json").is_some() {
        rules.notes.push("package.json is not a JSON object, so it was not read".to_string());
    }
    rules.compiler(ground);
    rules.prettier(ground, package.as_ref());
    rules.biome(ground);
    rules.eslint(ground);
    rules.editorconfig(ground);
    (rules.stated, rules.notes)
}

#[derive(Default)]
struct Rules {
    stated: Vec<Stated>,
    notes: Vec<String>,
}

impl Rules {
    fn say(&mut self, source: &str, text: impl Into<String>) {
        self.stated.push(Stated { text: text.into(), source: source.to_string() });
    }

    fn manager(&mut self, ground: &Ground) {
        if let Some((name, source)) = ground.manager() {
            self.say(source, format!("Use {name} as package manager."));
        }
        let mine = ground.manager().map(|(name, _)| name);
        let found = LOCKFILES.iter().filter(|(file, _)| ground.names.contains(*file));
        let alien: Vec<&str> =
            found.filter(|(_, owner)| Some(*owner) != mine).map(|(file, _)| *file).collect();
        if let (false, Some(name)) = (alien.is_empty(), mine) {
            self.notes.push(format!("the project says {name}, but {} is there, too", alien.join(" and ")));
        } else if !alien.is_empty() {
            self.notes.push(format!("the package manager is not clear: {} are there", alien.join(" and ")));
        }
    }

    fn node(&mut self, ground: &Ground) {
        let Some((range, source)) = ground.node() else { return };
        let plain =
            range.len() <= 40 && range.chars().all(|c| c.is_ascii_alphanumeric() || " .<>=^~|*-".contains(c));
        let least = range.strip_prefix(">=").map(str::trim).filter(|rest| is_version(rest));
        match least {
            Some(version) => self.say(source, format!("Use Node {version} or newer.")),
            None if is_version(&range) => self.say(source, format!("Use Node {range}.")),
            None if plain => self.say(source, format!("Use a Node version within `{range}`.")),
            None => {}
        }
    }

    fn package(&mut self, ground: &Ground, package: &Package) {
        if package.module {
            self.say("package.json: type", "Use ES modules, not CommonJS.");
        }
        for (slot, phrase) in PHRASES {
            if let [(value, packages, _)] = package.answers(slot).as_slice() {
                let name = packages
                    .split(' ')
                    .find(|name| package.dependencies.contains_key(*name))
                    .unwrap_or(value);
                self.say(&format!("package.json: {name}"), phrase.replace("{}", value));
            }
        }
        let run = match ground.manager() {
            Some((name, _)) => format!("{} run", name.to_lowercase()),
            None => "npm run".to_string(),
        };
        for (script, phrase) in SCRIPTS {
            // npm's first draft of a package has a test script that only fails.
            let real = package.scripts.get(*script).is_some_and(|line| !line.contains("no test specified"));
            if real {
                self.say(&format!("package.json: scripts.{script}"), format!("{phrase} `{run} {script}`."));
            }
        }
    }

    fn compiler(&mut self, ground: &Ground) {
        let Some(json) = ground.file("tsconfig.json").and_then(lenient) else { return };
        let Some(options) = json.get("compilerOptions") else { return };
        if options.get("strict").and_then(Value::as_bool) == Some(true) {
            self.say("tsconfig.json: strict", "Write TypeScript in strict mode.");
        }
        let text = |key: &str| options.get(key).and_then(Value::as_str).unwrap_or("").to_lowercase();
        if [text("module"), text("moduleResolution")]
            .iter()
            .any(|value| value == "nodenext" || value == "node16")
        {
            self.say("tsconfig.json: module", "Imports of the project's own files name their ending, `.js`.");
        }
        let aliases = options.get("paths").and_then(Value::as_object).into_iter().flatten();
        let aliases = aliases.map(|(alias, _)| alias).filter(|alias| is_alias(alias));
        for alias in aliases.take(3) {
            self.say(
                "tsconfig.json: paths",
                format!("Import through the alias `{alias}`, not through relative paths."),
            );
        }
    }

    fn prettier(&mut self, ground: &Ground, package: Option<&Package>) {
        let files = [".prettierrc", ".prettierrc.json"];
        let file = files.iter().find_map(|name| Some((*name, settings(ground.file(name)?))));
        let own = || Some(("package.json: prettier", package?.prettier.clone()?));
        let Some((source, json)) = file.or_else(own) else { return };
        let flag = |key: &str| json.get(key).and_then(Value::as_bool);
        match flag("semi") {
            Some(true) => self.say(&format!("{source}: semi"), "Use semicolons."),
            Some(false) => self.say(&format!("{source}: semi"), "Do not use semicolons."),
            None => {}
        }
        if let Some(single) = flag("singleQuote") {
            self.quotes(&format!("{source}: singleQuote"), if single { "single" } else { "double" });
        }
        let tabs = flag("useTabs") == Some(true);
        let width = json.get("tabWidth").and_then(Value::as_u64);
        self.indent(
            &format!("{source}: indentation"),
            if tabs { Some("tab") } else { width.map(|_| "space") },
            width,
        );
        self.width(&format!("{source}: printWidth"), json.get("printWidth").and_then(Value::as_u64));
        self.commas(&format!("{source}: trailingComma"), json.get("trailingComma").and_then(Value::as_str));
    }

    fn biome(&mut self, ground: &Ground) {
        let names = ["biome.json", "biome.jsonc"];
        let Some((source, json)) = names.iter().find_map(|name| Some((*name, lenient(ground.file(name)?)?)))
        else {
            return;
        };
        let at = |path: &str| json.pointer(path);
        let text = |path: &str| at(path).and_then(Value::as_str);
        let number = |path: &str| at(path).and_then(Value::as_u64);
        self.indent(
            &format!("{source}: indentStyle"),
            text("/formatter/indentStyle"),
            number("/formatter/indentWidth"),
        );
        self.width(&format!("{source}: lineWidth"), number("/formatter/lineWidth"));
        if let Some(style) = text("/javascript/formatter/quoteStyle") {
            self.quotes(&format!("{source}: quoteStyle"), style);
        }
        match text("/javascript/formatter/semicolons") {
            Some("always") => self.say(&format!("{source}: semicolons"), "Use semicolons."),
            Some("asNeeded") => self.say(&format!("{source}: semicolons"), "Do not use semicolons."),
            Some(_) | None => {}
        }
        self.commas(&format!("{source}: trailingCommas"), text("/javascript/formatter/trailingCommas"));
    }

    fn eslint(&mut self, ground: &Ground) {
        let names = [".eslintrc.json", ".eslintrc"];
        let Some((source, json)) = names.iter().find_map(|name| Some((*name, lenient(ground.file(name)?)?)))
        else {
            return;
        };
        for (lint, rule) in LINTS {
            let level = json.pointer("/rules").and_then(|rules| rules.get(*lint));
            let level = level.and_then(|level| level.get(0)).or(level);
            let strict =
                level.is_some_and(|level| level.as_str() == Some("error") || level.as_u64() == Some(2));
            if strict {
                self.say(&format!("{source}: {lint}"), *rule);
            }
        }
    }

    /// The section for all files of .editorconfig.
    fn editorconfig(&mut self, ground: &Ground) {
        let Some(text) = ground.file(".editorconfig") else { return };
        let body = text.lines().map(str::trim).skip_while(|line| *line != "[*]").skip(1);
        let pairs: Vec<(&str, &str)> = body
            .take_while(|line| !line.starts_with('['))
            .filter_map(|line| line.split_once('='))
            .map(|(key, value)| (key.trim(), value.trim()))
            .collect();
        let get = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
        let number = |key: &str| get(key).and_then(|value| value.parse().ok());
        self.indent(".editorconfig: indent_style", get("indent_style"), number("indent_size"));
        self.width(".editorconfig: max_line_length", number("max_line_length"));
    }

    fn indent(&mut self, source: &str, style: Option<&str>, width: Option<u64>) {
        match (style, width) {
            (Some("tab"), _) => self.say(source, "Indent with tabs."),
            (Some("space"), Some(width @ 1..=8)) => self.say(source, format!("Indent with {width} spaces.")),
            (Some(_) | None, _) => {}
        }
    }

    fn width(&mut self, source: &str, width: Option<u64>) {
        if let Some(width @ 40..=400) = width {
            self.say(source, format!("Lines are at most {width} characters long."));
        }
    }

    fn quotes(&mut self, source: &str, style: &str) {
        match style {
            "single" | "double" => self.say(source, format!("Use {style} quotes.")),
            _ => {}
        }
    }

    fn commas(&mut self, source: &str, style: Option<&str>) {
        match style {
            Some("all") => self.say(source, "Use trailing commas."),
            Some("none") => self.say(source, "Do not use trailing commas."),
            Some(_) | None => {}
        }
    }
}

fn is_version(text: &str) -> bool {
    (1..=20).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'x'))
}

fn is_alias(alias: &str) -> bool {
    alias.ends_with("/*")
        && alias.len() <= 30
        && alias
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '@' | '~' | '#' | '/' | '*' | '-' | '_' | '.'))
}

/// Settings written as JSON or as `key: value` lines.
fn settings(text: &str) -> Value {
    lenient(text).unwrap_or_else(|| {
        let pairs = text.lines().filter_map(|line| line.split_once(':')).map(|(key, value)| {
            let value = value.trim().trim_matches(['"', '\'']);
            let value = match value {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                _ => value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from),
            };
            (key.trim().to_string(), value)
        });
        Value::Object(pairs.collect())
    })
}

/// JSON with comments and trailing commas, as tsconfig.json has them.
fn lenient(text: &str) -> Option<Value> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match (c, quoted) {
            ('"', _) => {
                quoted = !quoted;
                plain.push(c);
            }
            ('\\', true) => {
                plain.push(c);
                plain.extend(chars.next());
            }
            ('/', false) if chars.peek() == Some(&'/') => while chars.next_if(|c| *c != '\n').is_some() {},
            ('/', false) if chars.peek() == Some(&'*') => {
                chars.next();
                while let Some(c) = chars.next() {
                    if c == '*' && chars.next_if_eq(&'/').is_some() {
                        break;
                    }
                }
            }
            ('}' | ']', false) => {
                let kept = plain.trim_end().len();
                if plain.get(..kept).is_some_and(|text| text.ends_with(',')) {
                    plain.truncate(kept - 1);
                }
                plain.push(c);
            }
            (c, _) => plain.push(c),
        }
    }
    serde_json::from_str(&plain).ok().filter(Value::is_object)
}
