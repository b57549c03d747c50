//! What models hold and cost, from a table that comes along and that the user's settings can change. It never asks a provider, and says
//! nothing where a figure is not known.

use toml::{Table, Value};

use super::exchange::Usage;

/// The table that comes along.
pub const BUILT_IN: &str = include_str!("../../assets/models.toml");

/// Prices are for so many tokens.
const MILLION: f64 = 1_000_000.0;
/// A row counts for a name that has one of these behind it.
const ENDINGS: &[&str] = &["-latest"];

/// What is known of one model; `None` where it is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// As the provider names it, without a date.
    pub id: String,
    /// The most that it can read, in tokens, reply included.
    pub context: Option<u64>,
    /// The most that it can write at once, in tokens.
    pub output: Option<u64>,
    /// Whether it takes pictures.
    pub pictures: Pictures,
    pub price: Price,
    /// The price of a request with more input than so many tokens.
    pub long: Option<(u64, Price)>,
    /// Where the figures come from; where it is known.
    pub source: String,
}

/// Whether a model takes pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pictures {
    /// Nothing is said: it is asked, and its server tells.
    #[default]
    Unknown,
    Taken,
    Refused,
}

/// The beginnings of names of models that take no pictures, as their makers say.
const WITHOUT_PICTURES: &[&str] = &[
    "gpt-3-5",
    "gpt-4-0613",
    "o1-mini",
    "o1-preview",
    "o3-mini",
    "deepseek-",
    "codestral",
    "claude-2",
    "claude-instant",
];

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    pub input: Option<f64>,
    pub output: Option<f64>,
    /// Input that was read from a cache; as other input where nothing is said.
    pub cached: Option<f64>,
    /// Input that was written to a cache; as other input where nothing is said.
    pub written: Option<f64>,
}

/// The table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Models {
    rows: Vec<Model>,
    /// The rows whose context the user set.
    own: Vec<String>,
}

impl Models {
    /// The table that comes along. What is wrong in it is left out; a test sees to it that nothing is.
    pub fn built_in() -> Self {
        let mut models = Self::default();
        let table: Table = BUILT_IN.parse().unwrap_or_default();
        // The warnings are the test's matter.
        let _ = models.take(&table);
        models
    }

    /// Takes the rows of `table`: new ones are added, and what they say of known models stands in place of what was known. Each warning
    /// names the row and what is wrong with it; the rest of the row counts.
    pub fn take(&mut self, table: &Table) -> Vec<(String, String)> {
        let mut warnings = Vec::new();
        for (id, row) in table {
            let Some(fields) = row.as_table() else {
                warnings.push((id.clone(), "it must be a table such as { context = 32768 }".to_string()));
                continue;
            };
            let at = self.rows.iter().position(|known| known.id == *id).unwrap_or_else(|| {
                self.rows.push(Model { id: id.clone(), ..Model::default() });
                self.rows.len() - 1
            });
            let Some(model) = self.rows.get_mut(at) else { continue };
            for (key, value) in fields {
                if let Err(cause) = model.set(key, value) {
                    warnings.push((format!("{id}.{key}"), cause));
                }
            }
        }
        warnings
    }

    /// Takes the rows of the user's settings, which stand above what a provider tells.
    pub fn take_own(&mut self, table: &Table) -> Vec<(String, String)> {
        let says = |row: &Value| row.get("context").is_some();
        self.own.extend(table.iter().filter(|(_, row)| says(row)).map(|(id, _)| id.clone()));
        self.take(table)
    }

    /// All rows.
    pub fn rows(&self) -> &[Model] {
        &self.rows
    }

    /// The row of a model, however the provider or a gateway writes its name: with a date, with the maker's name before it, in capitals,
    /// or with dots for dashes.
    pub fn find(&self, model: &str) -> Option<&Model> {
        let name = plain(model);
        let rows = self.rows.iter().filter(|row| stands_for(&plain(&row.id), &name));
        rows.max_by_key(|row| row.id.len())
    }

    /// The context of a model where the user's own row says it, in tokens.
    pub fn set_by_user(&self, model: &str) -> Option<u64> {
        self.find(model).filter(|row| self.own.contains(&row.id))?.context
    }

    /// Whether a model takes pictures.
    pub fn pictures(&self, model: &str) -> Pictures {
        let said = self.find(model).map(|row| row.pictures).unwrap_or_default();
        let name = plain(model);
        let without = name == "gpt-4" || WITHOUT_PICTURES.iter().any(|beginning| name.starts_with(beginning));
        match said {
            Pictures::Unknown if without => Pictures::Refused,
            said @ (Pictures::Unknown | Pictures::Taken | Pictures::Refused) => said,
        }
    }

    /// The most that a model can read, in tokens, reply included.
    pub fn context(&self, model: &str) -> Option<u64> {
        self.find(model)?.context
    }

    /// What a reply cost, in US dollars. `None` where the price is not known, or the provider reported nothing.
    pub fn cost(&self, usage: Usage, model: &str) -> Option<f64> {
        let row = self.find(model)?;
        let input = usage.input.unwrap_or_default();
        let price = match row.long {
            Some((above, price)) if input > above => price,
            Some(_) | None => row.price,
        };
        cost_at(usage, price)
    }
}

/// What a reply cost at a price, in US dollars. `None` where the price is not known, or the provider reported nothing.
pub fn cost_at(usage: Usage, price: Price) -> Option<f64> {
    let (input, output) = (usage.input.unwrap_or_default(), usage.output.unwrap_or_default());
    if input == 0 && output == 0 {
        return None;
    }
    let cached = usage.cached.unwrap_or_default().min(input);
    let written = usage.written.unwrap_or_default().min(input - cached);
    let fresh = price.input?;
    let parts = [
        (input - cached - written, fresh),
        (cached, price.cached.unwrap_or(fresh)),
        (written, price.written.unwrap_or(fresh)),
        (output, price.output?),
    ];
    // Token counts are far below where a float loses whole numbers.
    Some(parts.iter().map(|(tokens, price)| *tokens as f64 * price).sum::<f64>() / MILLION)
}

impl Model {
    fn set(&mut self, key: &str, value: &Value) -> Result<(), String> {
        match key {
            "context" => self.context = Some(tokens(value)?),
            "output" => self.output = Some(tokens(value)?),
            "images" => {
                let takes = value.as_bool().ok_or("it must be true or false")?;
                self.pictures = if takes { Pictures::Taken } else { Pictures::Refused };
            }
            "source" => {
                let text = value.as_str().ok_or("it must be text in quotes")?;
                self.source = text.to_string();
            }
            "long" => {
                let fields = value.as_table().ok_or("it must be a table with `above`, `in` and `out`")?;
                let above = fields.get("above").ok_or("it must say `above` how many tokens")?;
                let mut price = Price::default();
                for (key, value) in fields.iter().filter(|(key, _)| *key != "above") {
                    price.set(key, value)?;
                }
                self.long = Some((tokens(above)?, price));
            }
            key => self.price.set(key, value)?,
        }
        Ok(())
    }
}

impl Price {
    fn set(&mut self, key: &str, value: &Value) -> Result<(), String> {
        let field = match key {
            "in" => &mut self.input,
            "out" => &mut self.output,
            "cached" => &mut self.cached,
            "written" => &mut self.written,
            _ => {
                return Err("there is no such figure; there are context, output, images, in, out, cached, \
                            written, long and source"
                    .to_string());
            }
        };
        // A whole number of dollars may be written without a point.
        let dollars = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64));
        let dollars = dollars.filter(|dollars| dollars.is_finite() && *dollars >= 0.0);
        *field = Some(dollars.ok_or("it must be dollars for a million tokens, 0 or more")?);
        Ok(())
    }
}

fn tokens(value: &Value) -> Result<u64, String> {
    let count = value.as_integer().and_then(|count| u64::try_from(count).ok()).filter(|count| *count > 0);
    count.ok_or_else(|| "it must be a whole number of tokens".to_string())
}

/// A name without the maker's or the gateway's before it, in small letters, with dashes alone.
fn plain(model: &str) -> String {
    let name = model.rsplit('/').next().unwrap_or_default();
    name.trim().to_ascii_lowercase().replace('.', "-")
}

/// Whether a row's name stands for `name`: the same, or with a date or a number of a release behind it.
fn stands_for(row: &str, name: &str) -> bool {
    let Some(rest) = name.strip_prefix(row) else { return false };
    let dated = rest.strip_prefix(['-', '@']).is_some_and(|date| {
        // A short number is another model: `gpt-5` is not `gpt-5.1`.
        let first = date.split('-').next().unwrap_or_default();
        first.len() >= 3 && date.chars().all(|sign| sign.is_ascii_digit() || sign == '-')
    });
    rest.is_empty() || dated || ENDINGS.contains(&rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Models, Vec<(String, String)>) {
        let mut models = Models::built_in();
        let warnings = models.take(&text.parse().unwrap());
        (models, warnings)
    }

    #[test]
    fn every_row_of_the_table_parses_and_is_sound() {
        let table: Table = BUILT_IN.parse().unwrap();
        let mut models = Models::default();
        assert_eq!(models.take(&table), []);
        assert_eq!(models.rows().len(), table.len());
        for row in models.rows() {
            let id = &row.id;
            assert!(!row.source.is_empty(), "{id} says where its figures come from");
            assert!(row.output.unwrap_or(1) < row.context.unwrap_or(u64::MAX), "{id}");
            let (Price { input: Some(input), output: Some(output), cached, written }, id) = (row.price, id)
            else {
                panic!("{id} has no price")
            };
            assert!(input > 0.0 && output > input && cached.unwrap_or(0.0) < input, "{id}");
            assert!(written.is_none_or(|written| written > input), "{id}");
            if let Some((above, long)) = row.long {
                assert!(above < row.context.unwrap_or(u64::MAX), "{id}");
                assert!(long.input > row.price.input && long.output > row.price.output, "{id}");
            }
            assert_eq!(models.find(id), Some(row), "{id} is found under its own name");
        }
    }

    #[test]
    fn what_is_known_of_pictures_can_be_said_otherwise() {
        let (models, warnings) = parsed(
            "\"deepseek-chat\" = { images = true }\n\"mine\" = { images = false }\n\"x\" = { images = 1 }",
        );
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert_eq!(models.pictures("deepseek-chat"), Pictures::Taken);
        assert_eq!(models.pictures("deepseek/deepseek-reasoner"), Pictures::Refused);
        assert_eq!(models.pictures("gpt-3.5-turbo"), Pictures::Refused);
        assert_eq!(models.pictures("mine"), Pictures::Refused);
        assert_eq!(models.pictures("gpt-4.1"), Pictures::Unknown);
        assert_eq!(models.pictures(""), Pictures::Unknown);
    }

    #[test]
    fn a_model_is_found_however_its_name_is_written() {
        let models = Models::built_in();
        let check = |name: &str, expect: Option<&str>| {
            assert_eq!(models.find(name).map(|row| row.id.as_str()), expect, "{name}");
        };
        check("claude-haiku-4-5", Some("claude-haiku-4-5"));
        check("claude-haiku-4-5-20251001", Some("claude-haiku-4-5"));
        check("claude-haiku-4-5@20251001", Some("claude-haiku-4-5"));
        check("anthropic/claude-sonnet-4.5", Some("claude-sonnet-4-5"));
        check("claude-sonnet-5-5", Some("claude-sonnet-5-5"));
        check("claude-opus-4-1", Some("claude-opus-4-1"));
        check("openai/gpt-5-mini", Some("gpt-5-mini"));
        check("gpt-5-2025-08-07", Some("gpt-5"));
        check("GPT-5.1-2025-11-13", Some("gpt-5.1"));
        check("models/gemini-2.5-pro", Some("gemini-2.5-pro"));
        check("gemini-2.5-flash-001", Some("gemini-2.5-flash"));
        check("gpt-4o-latest", Some("gpt-4o"));
        for other in ["gpt-5-pro", "gpt-5.9", "gpt-5-9", "o3-pro", "claude-opus-4-2", "qwen3:8b", ""] {
            check(other, None);
        }
    }

    #[test]
    fn a_reply_costs_what_its_tokens_cost() {
        let (models, warnings) = parsed("mine = { in = 2, out = 10, cached = 0.2, written = 2.5 }");
        assert_eq!(warnings, []);
        let check = |model: &str, input: u64, output: u64, cached: u64, written: u64, expect: Option<f64>| {
            let usage = Usage {
                input: Some(input),
                output: Some(output),
                cached: Some(cached),
                written: Some(written),
            };
            let cost = models.cost(usage, model).map(|cost| (cost * 1e9).round() / 1e9);
            assert_eq!(cost, expect, "{model} {usage:?}");
        };
        check("mine", 1_000_000, 0, 0, 0, Some(2.0));
        check("mine", 0, 1_000_000, 0, 0, Some(10.0));
        check("mine", 1_000_000, 100_000, 500_000, 100_000, Some(0.8 + 0.1 + 0.25 + 1.0));
        check("mine", 10, 0, 500, 500, Some(0.000_002));
        check("mine", 0, 0, 0, 0, None);
        check("other", 10, 10, 0, 0, None);
        check("gemini-2.5-pro", 200_000, 0, 0, 0, Some(0.25));
        check("gemini-2.5-pro", 300_000, 0, 0, 0, Some(0.75));
        assert_eq!(models.cost(Usage::default(), "mine"), None);
        assert_eq!(models.context("claude-haiku-4-5"), Some(200_000));
        assert_eq!(models.context("mine"), None);
    }

    #[test]
    fn single_figures_can_be_changed_and_what_is_wrong_is_named() {
        let (models, warnings) = parsed(
            "claude-haiku-4-5 = { in = 0.5, contxt = 3 }\nmine = { context = 32768, in = -1 }\nbad = 3\n\
             worse = { context = \"many\", long = { in = 2 } }",
        );
        let row = models.find("claude-haiku-4-5").unwrap();
        assert_eq!((row.price.input, row.price.output, row.context), (Some(0.5), Some(5.0), Some(200_000)));
        assert_eq!(models.context("mine"), Some(32_768));
        let named: Vec<&str> = warnings.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(named, ["bad", "claude-haiku-4-5.contxt", "mine.in", "worse.context", "worse.long"]);
    }
}
