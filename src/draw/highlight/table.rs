//! The languages, one row each, in files by what they are for. A row is all that a new language needs.

mod data;
mod node;
mod scripting;
mod systems;
mod web;

use super::language::Language;

/// All rows; of two with the same name the first one counts.
pub(super) const TABLES: &[&[Language]] =
    &[node::ROWS, data::ROWS, web::ROWS, systems::ROWS, scripting::ROWS];

/// The language in which everything is plain.
pub(super) const FLAT: &Language = &data::FLAT;

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_name_stands_twice() {
        let mut seen = HashSet::new();
        for name in TABLES.iter().flat_map(|rows| rows.iter()).flat_map(|row| row.names.split(' ')) {
            assert!(seen.insert(name), "{name}");
            assert_eq!(name, name.to_lowercase());
        }
    }
}
