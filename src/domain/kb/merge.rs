//! Three versions of KB.md merged rule by rule, as a git merge driver needs it. It reads and writes no file.
//!
//! Two branches that add different rules never conflict. A conflict is shown only where both changed the same rule differently, where
//! one removed what the other changed, and where both answer one decision differently.

mod lines;
mod pairing;
mod rivals;
mod seam;
mod unit;
mod weave;

use std::collections::HashMap;

use pairing::Pairing;
pub use rivals::rival_topic;
use unit::{Shape, Sheet};
use weave::{Body, Piece, Side, Trio};

use super::document::Document;
use super::facts::Tables;

/// How long git's conflict markers are, unless told otherwise.
pub const MARKER_SIZE: usize = 7;

/// How conflicts are marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Markers {
    /// Characters of a marker.
    pub size: usize,
}

impl Default for Markers {
    fn default() -> Self {
        Self { size: MARKER_SIZE }
    }
}

/// One place where a person must choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// What it is about: `package manager`.
    pub topic: String,
    /// What ours says there; empty when ours removed it.
    pub ours: String,
    pub theirs: String,
}

/// The merged text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merged {
    pub text: String,
    /// Empty when the merge is clean.
    pub conflicts: Vec<Conflict>,
}

/// Merges what theirs changed since base into ours.
pub fn merge(base: &str, ours: &str, theirs: &str) -> Merged {
    merge_marked(base, ours, theirs, Markers::default())
}

/// As [`merge`], with markers of another length.
pub fn merge_marked(base: &str, ours: &str, theirs: &str, markers: Markers) -> Merged {
    let clean = |text: &str| Merged { text: text.to_string(), conflicts: Vec::new() };
    if ours == theirs || base == theirs {
        return clean(ours);
    }
    if base == ours {
        return clean(theirs);
    }
    let shape = Shape::merged(Shape::of(base), Shape::of(ours), Shape::of(theirs));
    let eol = shape.eol.unwrap_or("\n");
    let (base, ours, theirs) = (unit::level(base, eol), unit::level(ours, eol), unit::level(theirs, eol));
    let merged = by_rules(&base, &ours, &theirs, eol, markers)
        .unwrap_or_else(|| by_lines(&base, &ours, &theirs, eol, markers));
    Merged { text: shaped(merged.text, shape, eol), conflicts: merged.conflicts }
}

/// The text with the byte order mark and the end that the shape asks for.
fn shaped(mut text: String, shape: Shape, eol: &str) -> String {
    if !shape.ended && text.ends_with(eol) {
        text.truncate(text.len() - eol.len());
    }
    if shape.bom { format!("\u{feff}{text}") } else { text }
}

/// The merge on rules; `None` when its result would not be read as the rules that it is made of.
fn by_rules(base: &str, ours: &str, theirs: &str, eol: &str, markers: Markers) -> Option<Merged> {
    let tables = Tables::new();
    let (base, ours, theirs) = (Sheet::cut(base), Sheet::cut(ours), Sheet::cut(theirs));
    let mut trio = Trio {
        to_ours: Pairing::of(&tables, &base, &ours),
        to_theirs: Pairing::of(&tables, &base, &theirs),
        tables: &tables,
        base,
        ours,
        theirs,
        shared: HashMap::new(),
        twins: HashMap::new(),
    };
    trio.part_unlike();
    trio.find_shared();
    let pieces = weave::weave(&trio);
    let (text, conflicts) = seam::write(&trio, &pieces, eol, markers);
    let merged = Merged { text, conflicts };
    (!merged.conflicts.is_empty() || reads_as(&trio, &pieces, &merged.text)).then_some(merged)
}

/// Whether the rules of the text are those of the pieces.
fn reads_as(trio: &Trio, pieces: &[Piece], text: &str) -> bool {
    let mut meant: Vec<&str> = pieces
        .iter()
        .filter(|piece| piece.what.is_entry())
        .filter_map(|piece| match piece.body {
            Body::Unit(Side::Ours) => trio.ours.get(piece.ours?.0),
            Body::Unit(Side::Theirs) => trio.theirs.get(piece.theirs?.0),
            Body::Lines(_) | Body::Clash { .. } => None,
        })
        .map(|unit| unit.said.as_str())
        .collect();
    let kb = Document::parse(text);
    let mut read: Vec<&str> = kb.entries.iter().map(|entry| entry.text.as_str()).collect();
    meant.sort_unstable();
    read.sort_unstable();
    meant == read
}

/// The merge that git itself would make.
fn by_lines(base: &str, ours: &str, theirs: &str, eol: &str, markers: Markers) -> Merged {
    let mut merged = Merged { text: String::new(), conflicts: Vec::new() };
    for stretch in lines::merge(base, ours, theirs) {
        match stretch {
            lines::Stretch::Settled(text) => merged.text.push_str(&text),
            lines::Stretch::Clash { ours, theirs } => {
                let row = |mark: &str| mark.repeat(markers.size);
                merged.text.push_str(&format!(
                    "{} ours{eol}{ours}{}{eol}{theirs}{} theirs{eol}",
                    row("<"),
                    row("="),
                    row(">")
                ));
                let topic = "text".to_string();
                merged.conflicts.push(Conflict { topic, ours, theirs });
            }
        }
    }
    merged
}
