//! Which line of KB.md a directive aims at, and whether the line says it already, by forests fitted on labelled messages. It makes no edit.

pub mod choice;
pub mod forest;
pub mod gist;
pub mod signs;
pub mod turns;

use std::collections::BTreeSet;

use super::facts::{Facts, Tables};
use super::relation::{Match, Relation};
use forest::Forest;
use gist::Gists;
use signs::{Around, Rarity, Read, Sign};
use turns::Turns;

const FORESTS: &str = include_str!("../../../assets/kb/aim.txt");

/// The parts of the table, each a forest.
pub const PARTS: [&str; 3] = ["line", "same", "drop"];

/// Where a line stands in KB.md.
pub struct Place<'a> {
    pub facts: &'a Facts,
    /// The meanings of its heading.
    pub heading: &'a BTreeSet<String>,
    /// What the words around the directive are to the line.
    pub quoted: Option<Match>,
    /// What the rules make of the directive when they choose this line.
    pub chosen: Option<Relation>,
}

/// The line that a directive aims at, each figure a chance from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aimed {
    /// Index of the line.
    pub line: usize,
    /// That it is this line and no other and not none.
    pub chance: f32,
    /// That the line says it already.
    pub same: f32,
    /// That the line goes and nothing takes its place.
    pub drop: f32,
}

/// The forests with the tables that they need.
#[derive(Clone, Debug, Default)]
pub struct Aim {
    gists: Gists,
    turns: Turns,
    forests: [Forest; PARTS.len()],
}

impl Aim {
    /// Reads the embedded tables.
    pub fn new(tables: &Tables) -> Self {
        Self::parse(tables, FORESTS)
    }

    /// With the forests of another table: `[part]` headers, each followed by the rows of its forest.
    pub fn parse(tables: &Tables, table: &str) -> Self {
        let mut aim = Self { gists: Gists::new(), turns: Turns::new(), ..Self::default() };
        let names: Vec<&'static str> = aim.names(tables);
        for (part, forest) in PARTS.iter().zip(&mut aim.forests) {
            let header = format!("[{part}]");
            let rows = table
                .lines()
                .skip_while(|row| *row != header)
                .skip(1)
                .take_while(|row| !row.starts_with('['));
            *forest = Forest::parse(rows.filter(|row| !row.is_empty()), &names);
        }
        aim
    }

    /// The names of all signs, in their order.
    pub fn names(&self, tables: &Tables) -> Vec<&'static str> {
        let nothing = Facts::of(tables, "");
        let heading = BTreeSet::new();
        let place = Place { facts: &nothing, heading: &heading, quoted: None, chosen: None };
        let all = self.signs(tables, &nothing, &[place]);
        all.first().map(|signs| signs.iter().map(|(name, _)| *name).collect()).unwrap_or_default()
    }

    /// What is told of a directive and of each line.
    pub fn signs(&self, tables: &Tables, new: &Facts, places: &[Place<'_>]) -> Vec<Vec<Sign>> {
        let read = |facts| Read::new(tables, &self.gists, &self.turns, facts);
        let ours = read(new);
        let lines: Vec<Read<'_>> = places.iter().map(|place| read(place.facts)).collect();
        let rarity = Rarity::of(&lines);
        let mut all: Vec<Vec<Sign>> = lines
            .iter()
            .zip(places)
            .map(|(line, place)| {
                let around = Around {
                    rarity: &rarity,
                    quoted: place.quoted,
                    chosen: place.chosen,
                    heading: place.heading,
                };
                signs::signs(tables, &ours, line, &around)
            })
            .collect();
        signs::rank(&mut all);
        all
    }

    /// The likeliest line; `None` when there is no line or no table.
    pub fn aimed(&self, tables: &Tables, new: &Facts, places: &[Place<'_>]) -> Option<Aimed> {
        let [line, same, drop] = &self.forests;
        if line.is_empty() {
            return None;
        }
        let signs = self.signs(tables, new, places);
        let values = signs.iter().map(|signs| signs.iter().map(|(_, value)| *value).collect::<Vec<f32>>());
        values
            .enumerate()
            .map(|(at, values)| (at, line.chance(&values), values))
            .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
            .map(|(at, chance, values)| Aimed {
                line: at,
                chance,
                same: same.chance(&values),
                drop: drop.chance(&values),
            })
    }
}
