//! The merged pieces as text: blanks between them, conflict markers, numbers of lists. It decides no conflict.

use std::collections::HashMap;

use super::lines::Stretch;
use super::unit::{Sheet, Unit, What, pick};
use super::weave::{Body, Piece, Side, Trio};
use super::{Conflict, Markers};

/// Writes the pieces, each line ended, and tells the conflicts in their order.
pub fn write(trio: &Trio, pieces: &[Piece], eol: &str, markers: Markers) -> (String, Vec<Conflict>) {
    let numbers = numbers(trio, pieces);
    let mut seam = Seam { trio, eol, markers, text: String::new(), conflicts: Vec::new() };
    for (at, piece) in pieces.iter().enumerate() {
        let next = pieces.get(at + 1);
        match &piece.body {
            Body::Unit(side) => seam.unit(piece, *side, numbers.get(&at).copied()),
            Body::Lines(stretches) => seam.lines(piece, stretches),
            Body::Clash { ours, theirs, topic } => {
                let (ours, theirs) = (seam.run(&trio.ours, ours), seam.run(&trio.theirs, theirs));
                seam.clash(&ours, &theirs, topic);
            }
        }
        let tail = seam.tail(piece, next);
        let marked = |piece: &Piece| !matches!(piece.body, Body::Unit(_));
        let lined = marked(piece) || next.is_some_and(marked);
        let sentence = next.is_some_and(|next| next.what == What::Sentence) && piece.what == What::Sentence;
        if !tail.contains(['\n', '\r']) && piece.what != What::Root && (lined || !sentence) {
            seam.text.push_str(eol);
        }
        seam.text.push_str(&tail);
    }
    (seam.text, seam.conflicts)
}

struct Seam<'a> {
    trio: &'a Trio<'a>,
    eol: &'a str,
    markers: Markers,
    text: String,
    conflicts: Vec<Conflict>,
}

impl Seam<'_> {
    fn unit(&mut self, piece: &Piece, side: Side, number: Option<u64>) {
        let Some(unit) = unit_of(self.trio, piece, side) else { return };
        match (&unit.number, number) {
            (Some(old), Some(new)) => {
                self.text.push_str(unit.text.get(..old.digits.start).unwrap_or(""));
                self.text.push_str(&new.to_string());
                self.text.push_str(unit.text.get(old.digits.end..).unwrap_or(""));
            }
            (Some(_) | None, Some(_) | None) => self.text.push_str(&unit.text),
        }
    }

    /// The lines of some units, each ended.
    fn run(&self, sheet: &Sheet, units: &[usize]) -> String {
        let mut text = String::new();
        for (place, at) in units.iter().enumerate() {
            let Some(unit) = sheet.get(*at) else { continue };
            text.push_str(&unit.text);
            let follows = units.get(place + 1).is_some_and(|next| *next == at + 1);
            text.push_str(if follows { &unit.tail } else { self.eol });
        }
        text
    }

    fn lines(&mut self, piece: &Piece, stretches: &[Stretch]) {
        let topic = piece.theirs.map_or_else(String::new, |(at, _)| {
            super::rivals::topic(self.trio.tables, &self.trio.theirs, at)
        });
        let ended = |text: &str, eol: &str| {
            let open = !text.is_empty() && !text.ends_with(['\n', '\r']);
            format!("{text}{}", if open { eol } else { "" })
        };
        for stretch in stretches {
            match stretch {
                Stretch::Settled(text) => self.text.push_str(text),
                Stretch::Clash { ours, theirs } => {
                    if !self.text.is_empty() && !self.text.ends_with(['\n', '\r']) {
                        self.text.push_str(self.eol);
                    }
                    self.clash(&ended(ours, self.eol), &ended(theirs, self.eol), &topic);
                    self.text.push_str(self.eol);
                }
            }
        }
        let trimmed = self.text.trim_end_matches(['\n', '\r']).len();
        self.text.truncate(trimmed);
    }

    /// Both sides between markers; the last marker's line is left open.
    fn clash(&mut self, ours: &str, theirs: &str, topic: &str) {
        let (eol, size) = (self.eol, self.markers.size);
        let about = if topic.is_empty() { String::new() } else { format!(" ({topic})") };
        let row = |mark: &str| mark.repeat(size);
        self.text.push_str(&format!(
            "{} ours{about}{eol}{ours}{}{eol}{theirs}{} theirs{about}",
            row("<"),
            row("="),
            row(">")
        ));
        let said = |text: &str| text.lines().map(str::trim).collect::<Vec<_>>().join(" ").trim().to_string();
        self.conflicts.push(Conflict { topic: topic.to_string(), ours: said(ours), theirs: said(theirs) });
    }

    /// What stands between two pieces: as the sides that have them side by side write it.
    fn tail(&self, piece: &Piece, next: Option<&Piece>) -> String {
        let trio = self.trio;
        let side = |sheet: &Sheet, last: Option<usize>, first: Option<usize>| {
            let last = last?;
            let adjacent = first == Some(last + 1);
            adjacent.then(|| sheet.get(last).map(|unit| unit.tail.clone())).flatten()
        };
        let first = |span: fn(&Piece) -> Option<usize>, sheet: &Sheet| match next {
            Some(next) => span(next),
            None => Some(sheet.units.len()),
        };
        let ours = side(
            &trio.ours,
            piece.ours.map(|(_, last)| last),
            first(|piece| piece.ours.map(|(first, _)| first), &trio.ours),
        );
        let theirs = side(
            &trio.theirs,
            piece.theirs.map(|(_, last)| last),
            first(|piece| piece.theirs.map(|(first, _)| first), &trio.theirs),
        );
        let base = side(&trio.base, piece.base, first(|piece| piece.base, &trio.base));
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => match base {
                Some(base) => pick(base, ours, theirs),
                None => ours,
            },
            (Some(tail), None) | (None, Some(tail)) => tail,
            (None, None) => self.separator(piece, next),
        }
    }

    /// Between pieces that no side has side by side.
    fn separator(&self, piece: &Piece, next: Option<&Piece>) -> String {
        let eol = self.eol.to_string();
        let (own, list) = (own_tail(self.trio, piece), list_tail(self.trio, piece));
        let Some(next) = next else {
            let end = self.trio.ours.units.last().map(|unit| unit.tail.clone());
            return end.filter(|tail| tail.contains(['\n', '\r'])).unwrap_or(eol);
        };
        let before = tail_before(self.trio, next);
        let blank = format!("{eol}{eol}");
        match (piece.what, next.what) {
            (What::Root, _) => String::new(),
            (What::Sentence, What::Sentence) => longer(own, before),
            (What::Item { .. }, What::Item { .. }) | (What::Row, What::Row) | (What::Label, What::Label) => {
                list.filter(|tail| tail.contains(['\n', '\r'])).unwrap_or(eol)
            }
            (What::Heading { .. }, _) => longer(own, eol),
            // Text right below an item would be read as its second line.
            (What::Item { .. }, What::Label | What::Sentence | What::Row) => longer(before, blank),
            (_, What::Heading { .. } | What::Root) => longer(before, eol),
            (What::Item { .. } | What::Row | What::Label | What::Sentence | What::Block, _) => {
                longer(longer(own, before), eol)
            }
        }
    }
}

/// The tail with more lines.
fn longer(a: String, b: String) -> String {
    let lines = |text: &str| text.matches('\n').count().max(text.matches('\r').count());
    if lines(&b) > lines(&a) { b } else { a }
}

fn unit_of<'a>(trio: &'a Trio, piece: &Piece, side: Side) -> Option<&'a Unit> {
    match side {
        Side::Ours => trio.ours.get(piece.ours?.0),
        Side::Theirs => trio.theirs.get(piece.theirs?.0),
    }
}

/// The sheet that a piece comes from and its first and last unit there.
fn source<'a>(trio: &'a Trio, piece: &Piece) -> Option<(&'a Sheet, usize, usize)> {
    let ours = piece.ours.map(|(first, last)| (&trio.ours, first, last));
    ours.or(piece.theirs.map(|(first, last)| (&trio.theirs, first, last)))
}

fn own_tail(trio: &Trio, piece: &Piece) -> String {
    let unit = source(trio, piece).and_then(|(sheet, _, last)| sheet.get(last));
    unit.map(|unit| unit.tail.clone()).unwrap_or_default()
}

/// What stands before the piece where it comes from.
fn tail_before(trio: &Trio, piece: &Piece) -> String {
    let unit = source(trio, piece).and_then(|(sheet, first, _)| sheet.get(first.checked_sub(1)?));
    unit.map(|unit| unit.tail.clone()).unwrap_or_default()
}

/// What stands between the piece and its elder of the same kind; below a first one, between it and the next.
fn list_tail(trio: &Trio, piece: &Piece) -> Option<String> {
    let (sheet, first, last) = source(trio, piece)?;
    let alike = |at: usize| sheet.get(at).is_some_and(|unit| unit.what.resembles(piece.what));
    let elder = first.checked_sub(1).filter(|at| alike(*at));
    let place = elder.or_else(|| alike(last + 1).then_some(last))?;
    sheet.get(place).map(|unit| unit.tail.clone())
}

/// New numbers for the lists that counted without gaps on both sides, by piece.
fn numbers(trio: &Trio, pieces: &[Piece]) -> HashMap<usize, u64> {
    let refers = [&trio.ours, &trio.theirs]
        .iter()
        .any(|sheet| sheet.units.iter().any(|unit| crate::domain::kb::edit::refers_to_numbers(&unit.text)));
    let (ours, theirs) = (counting(&trio.ours), counting(&trio.theirs));
    let mut fresh = HashMap::new();
    for list in lists(trio, pieces) {
        let members: Vec<(usize, Option<(Side, &Unit)>)> = list
            .iter()
            .map(|at| {
                let unit = pieces.get(*at).and_then(|piece| match &piece.body {
                    Body::Unit(side) => Some((*side, unit_of(trio, piece, *side)?)),
                    Body::Lines(_) | Body::Clash { .. } => None,
                });
                (*at, unit)
            })
            .collect();
        let known = members.iter().filter_map(|(_, unit)| {
            let (side, unit) = (*unit)?;
            Some((side, unit.number.as_ref()?))
        });
        let counts = known.clone().all(|(side, number)| {
            let lists = match side {
                Side::Ours => &ours,
                Side::Theirs => &theirs,
            };
            lists.get(&number.list).copied().unwrap_or(false)
        });
        let Some(start) = known.clone().map(|(_, number)| number.value).next() else { continue };
        let numbered: Vec<(usize, u64, Option<&Unit>)> = members
            .iter()
            .zip(start..)
            .map(|((at, unit), number)| (*at, number, unit.map(|u| u.1)))
            .collect();
        let shifts = numbered.iter().any(|(at, number, unit)| {
            let old = unit.and_then(|unit| unit.number.as_ref()).map(|old| old.value);
            pieces.get(*at).is_some_and(|piece| piece.base.is_some()) && old.is_some_and(|old| old != *number)
        });
        if counts && !(refers && shifts) {
            fresh.extend(numbered.into_iter().map(|(at, number, _)| (at, number)));
        }
    }
    fresh
}

/// For each numbered list whether it counts one by one.
fn counting(sheet: &Sheet) -> HashMap<usize, bool> {
    let mut lists: HashMap<usize, (u64, bool)> = HashMap::new();
    for number in sheet.units.iter().filter_map(|unit| unit.number.as_ref()) {
        lists
            .entry(number.list)
            .and_modify(|(last, counts)| {
                *counts = *counts && last.checked_add(1) == Some(number.value);
                *last = number.value;
            })
            .or_insert((number.value, true));
    }
    lists.into_iter().map(|(list, (_, counts))| (list, counts)).collect()
}

/// The numbered lists of the merged text, each as its pieces.
fn lists(trio: &Trio, pieces: &[Piece]) -> Vec<Vec<usize>> {
    let mut lists: Vec<Vec<usize>> = Vec::new();
    // Columns, delimiter and list of the items that are still open.
    let mut open: Vec<(usize, Option<(char, usize)>)> = Vec::new();
    for (at, piece) in pieces.iter().enumerate() {
        let What::Item { columns } = piece.what else {
            let nested = source(trio, piece)
                .and_then(|(sheet, first, _)| sheet.get(first))
                .is_some_and(|unit| unit.text.starts_with([' ', '\t']));
            if !nested {
                open.clear();
            }
            continue;
        };
        open.retain(|(other, _)| *other <= columns);
        let number = source(trio, piece)
            .and_then(|(sheet, first, _)| sheet.get(first))
            .and_then(|unit| unit.number.as_ref());
        let elder = open.last().filter(|(other, _)| *other == columns).and_then(|(_, list)| *list);
        let list = match (number, elder) {
            (Some(number), Some((delimiter, list))) if delimiter == number.delimiter => {
                Some((delimiter, list))
            }
            (Some(number), _) => {
                lists.push(Vec::new());
                Some((number.delimiter, lists.len() - 1))
            }
            (None, _) => None,
        };
        if let Some(list) = list.and_then(|(_, list)| lists.get_mut(list)) {
            list.push(at);
        }
        open.retain(|(other, _)| *other < columns);
        open.push((columns, list));
    }
    lists
}
