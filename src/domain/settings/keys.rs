//! The `[keys]` table of a settings file: which action has which keys, as the file writes them. It never knows what an action or a key is.

use toml::Value;

/// What the user's file says about keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// The file, for warnings.
    pub file: String,
    pub rows: Vec<Override>,
}

/// The keys of one action; none unbind it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The action's id as it was written.
    pub id: String,
    /// The keys as they were written.
    pub keys: Vec<String>,
}

/// Reads the table; what is no list of texts is left out, with its path and the cause.
pub fn read(file: &str, value: &Value) -> (Overrides, Vec<(String, String)>) {
    let mut overrides = Overrides { file: file.to_string(), rows: Vec::new() };
    let mut refused = Vec::new();
    walk("", value, &mut overrides.rows, &mut refused);
    (overrides, refused)
}

/// An id without quotes, `scroll.page-up = …`, is a table in a table.
fn walk(path: &str, value: &Value, rows: &mut Vec<Override>, refused: &mut Vec<(String, String)>) {
    let mut refuse = |cause: String| refused.push((path.to_string(), cause));
    match value {
        Value::Table(table) => {
            for (name, value) in table {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                walk(&path, value, rows, refused);
            }
        }
        Value::Array(_) | Value::String(_) if path.is_empty() => refuse(NO_TABLE.to_string()),
        Value::String(key) => rows.push(Override { id: path.to_string(), keys: vec![key.clone()] }),
        Value::Array(list) => {
            let keys: Option<Vec<String>> = list.iter().map(|key| key.as_str().map(str::to_string)).collect();
            match keys {
                Some(keys) => rows.push(Override { id: path.to_string(), keys }),
                None => refuse(NO_LIST.to_string()),
            }
        }
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {
            refuse(if path.is_empty() { NO_TABLE } else { NO_LIST }.to_string());
        }
    }
}

const NO_TABLE: &str = "it must be a table, such as [keys] with \"help\" = [\"f1\"] below it";
const NO_LIST: &str = "it must be a list of keys in quotes, such as [\"pageup\", \"ctrl+b\"]";
