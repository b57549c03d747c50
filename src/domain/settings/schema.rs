//! The settings as a JSON schema, for editors: what each key takes from the table, what it means and its default from the documented
//! settings. It reads no file.

use serde_json::{Map, Value, json};
use toml::Table;

use super::DEFAULTS;
use super::table::{KEYS, Kind, Reach, Row};

/// The schema of the user's file.
pub fn schema() -> Value {
    let defaults: Table = DEFAULTS.parse().unwrap_or_default();
    let properties: Map<String, Value> =
        KEYS.iter().map(|row| (row.name.to_string(), property(row, &defaults))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dictum's config.toml",
        "description": "A project's .dictum/config.toml may set only the keys that say so.",
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    })
}

fn property(row: &Row, defaults: &Table) -> Value {
    let mut property = shape(row.kind);
    let mut words = comment(row.name);
    if row.reach == Reach::Project && !words.contains("[project]") {
        words.push_str(" [project]");
    }
    let default = defaults.get(row.name).filter(|value| !value.is_table());
    if let Some(fields) = property.as_object_mut() {
        fields.insert("description".to_string(), json!(words));
        fields.extend(default.map(|value| ("default".to_string(), json!(value))));
    }
    property
}

fn shape(kind: Kind) -> Value {
    match kind {
        Kind::Text | Kind::Secret => json!({"type": "string"}),
        Kind::OneOf(words) => json!({"enum": words}),
        Kind::Switch(words) => {
            let all = words.iter().map(|word| json!(word)).chain([json!(true), json!(false)]);
            json!({"enum": all.collect::<Vec<_>>()})
        }
        Kind::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Names(words) => {
            json!({"anyOf": [{"enum": words}, {"type": "array", "items": {"type": "string"}}]})
        }
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Profiles => json!({"type": "object", "additionalProperties": {"type": "object"}}),
        Kind::Models => json!({"type": "object", "additionalProperties": {
            "type": "object",
            "properties": {
                "context": {"type": "integer", "minimum": 1},
                "output": {"type": "integer", "minimum": 1},
                "images": {"type": "boolean"},
                "in": {"type": "number", "minimum": 0},
                "out": {"type": "number", "minimum": 0},
                "cached": {"type": "number", "minimum": 0},
                "written": {"type": "number", "minimum": 0},
            },
        }}),
        // An id without quotes is a table in a table.
        Kind::Keys => json!({"type": "object", "additionalProperties": {
            "type": ["string", "array", "object"],
            "items": {"type": "string"},
        }}),
    }
}

/// The comment that stands right above a key in the documented settings.
pub fn comment(name: &str) -> String {
    let lines: Vec<&str> = DEFAULTS.lines().collect();
    let heads = [format!("{name} ="), format!("[{name}]")];
    let Some(at) = lines.iter().position(|line| heads.iter().any(|head| line.starts_with(head.as_str())))
    else {
        return String::new();
    };
    let above = lines.iter().take(at).rev().take_while(|line| line.starts_with('#'));
    let mut words: Vec<&str> = above.map(|line| line.trim_start_matches(['#', ' '])).collect();
    words.reverse();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::exchange::PROTOCOLS;
    use crate::domain::settings::{Scope, parse};

    /// What is wrong with a value under the words of JSON Schema that the schema uses; a word that it does not use is wrong, too.
    fn wrong(value: &Value, schema: &Value, at: &str) -> Vec<String> {
        let mut found = Vec::new();
        let say = |words: &str| format!("{at}: {words}");
        for (word, rule) in schema.as_object().unwrap() {
            match word.as_str() {
                "$schema" | "title" | "description" | "default" => {}
                "type" => {
                    let is = |kind: &Value| match kind.as_str().unwrap() {
                        "string" => value.is_string(),
                        "integer" => value.is_i64() || value.is_u64(),
                        "number" => value.is_number(),
                        "boolean" => value.is_boolean(),
                        "array" => value.is_array(),
                        "object" => value.is_object(),
                        other => panic!("{other}"),
                    };
                    let fits = rule.as_array().map_or_else(|| is(rule), |kinds| kinds.iter().any(is));
                    found.extend((!fits).then(|| say("type")));
                }
                "enum" => found.extend((!rule.as_array().unwrap().contains(value)).then(|| say("enum"))),
                "anyOf" => {
                    let any = rule.as_array().unwrap().iter().any(|rule| wrong(value, rule, at).is_empty());
                    found.extend((!any).then(|| say("anyOf")));
                }
                "minimum" => found.extend((value.as_f64() < rule.as_f64()).then(|| say("minimum"))),
                "maximum" => found.extend((value.as_f64() > rule.as_f64()).then(|| say("maximum"))),
                "items" => {
                    for item in value.as_array().into_iter().flatten() {
                        found.extend(wrong(item, rule, at));
                    }
                }
                "properties" | "additionalProperties" => {
                    for (key, value) in value.as_object().into_iter().flatten() {
                        let known = schema["properties"].get(key);
                        match (word.as_str(), known) {
                            ("properties", Some(rule)) => found.extend(wrong(value, rule, key)),
                            ("additionalProperties", None) if rule.is_object() => {
                                found.extend(wrong(value, rule, key));
                            }
                            ("additionalProperties", None) => found.push(format!("{key}: no such key")),
                            (_, _) => {}
                        }
                    }
                }
                other => panic!("{other} is not checked"),
            }
        }
        found
    }

    fn judged(toml: &str) -> Vec<String> {
        let table: Table = toml.parse().unwrap();
        wrong(&serde_json::to_value(table).unwrap(), &schema(), "file")
    }

    #[test]
    fn the_documented_defaults_fit_the_schema() {
        assert_eq!(judged(DEFAULTS), Vec::<String>::new());
        // With every line that is only an example, too.
        let examples: String = DEFAULTS
            .lines()
            .map(|line| line.strip_prefix("# \"").map_or(format!("{line}\n"), |rest| format!("\"{rest}\n")))
            .collect();
        assert!(examples.contains("\n\"help\" = ["));
        assert_eq!(judged(&examples), Vec::<String>::new());
    }

    #[test]
    fn every_key_has_words_and_a_default() {
        let schema = schema();
        for row in KEYS {
            let property = &schema["properties"][row.name];
            assert!(property["description"].as_str().is_some_and(|words| words.len() > 20), "{}", row.name);
            let table = matches!(row.kind, Kind::Models | Kind::Profiles | Kind::Keys);
            assert!(table || !property["default"].is_null(), "{}", row.name);
        }
        let names: Vec<&str> = PROTOCOLS.iter().map(|(name, _)| *name).collect();
        assert!(matches!(row_of("protocol"), Kind::OneOf(["", known @ ..]) if known == names));
    }

    fn row_of(name: &str) -> Kind {
        crate::domain::settings::table::row(name).unwrap().kind
    }

    #[test]
    fn the_schema_and_the_reading_agree() {
        let mut tried = 0;
        for row in KEYS {
            let values: Vec<String> = match row.kind {
                Kind::Text | Kind::Secret => vec!["\"x\"".into(), "3".into(), "[]".into()],
                Kind::OneOf(words) | Kind::Switch(words) => {
                    let words = words.iter().map(|word| format!("\"{word}\""));
                    words.chain(["\"nonsense\"".into(), "true".into(), "4".into()]).collect()
                }
                Kind::Number(least, most) => [least, most.min(i64::MAX as u64), least + 1]
                    .iter()
                    .map(u64::to_string)
                    .chain(["-1".into(), "\"8\"".into(), (least.saturating_sub(1)).to_string()])
                    .collect(),
                Kind::Names(_) => {
                    vec!["\"auto\"".into(), "[\"AGENTS.md\"]".into(), "3".into(), "\"nonsense\"".into()]
                }
                Kind::Flag => vec!["true".into(), "false".into(), "\"true\"".into(), "1".into()],
                Kind::Profiles => vec!["{}".into(), "3".into(), "{ w = { base_url = \"http://x\" } }".into()],
                Kind::Models => vec![
                    "{}".into(),
                    "3".into(),
                    "{ m = { context = 5, images = false } }".into(),
                    "{ m = { images = 3 } }".into(),
                ],
                Kind::Keys => vec!["{ help = [\"f1\"] }".into(), "3".into(), "{ help = 3 }".into()],
            };
            for value in values {
                let line = format!("{} = {value}\n", row.name);
                let (_, warnings) = parse("x", &line, Scope::User);
                assert_eq!(judged(&line).is_empty(), warnings.is_empty(), "{line}{warnings:?}");
                tried += 1;
            }
        }
        assert!(tried > 60);
        assert_eq!(judged("nonsense = 1\n"), ["nonsense: no such key"]);
    }
}
