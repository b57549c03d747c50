//! Ours with what theirs changed: a chain of pieces, each settled or in conflict. It works on units and writes no text.

use std::collections::{HashMap, HashSet};

use super::lines::{self, Stretch};
use super::pairing::Pairing;
use super::rivals::{Rivals, topic};
use super::unit::{Sheet, Unit, What};
use crate::domain::kb::facts::Tables;

/// The three versions and what became of the base's units.
pub struct Trio<'a> {
    pub tables: &'a Tables,
    pub base: Sheet,
    pub ours: Sheet,
    pub theirs: Sheet,
    pub to_ours: Pairing,
    pub to_theirs: Pairing,
    /// Units of theirs that ours added too, with ours.
    pub shared: HashMap<usize, usize>,
    /// The same the other way round.
    pub twins: HashMap<usize, usize>,
}

/// Whose unit is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Ours,
    Theirs,
}

/// What is written for a piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// The unit of one side as it is.
    Unit(Side),
    /// A block that both changed, merged line by line.
    Lines(Vec<Stretch>),
    /// The units of both sides between conflict markers.
    Clash { ours: Vec<usize>, theirs: Vec<usize>, topic: String },
}

/// One place of the merged text.
#[derive(Clone, Debug)]
pub struct Piece {
    pub what: What,
    pub base: Option<usize>,
    /// First and last unit of ours that stand here.
    pub ours: Option<(usize, usize)>,
    pub theirs: Option<(usize, usize)>,
    pub body: Body,
    next: Option<usize>,
}

impl Trio<'_> {
    /// The unit of the base that ours' unit was.
    fn ours_was(&self, ours: usize) -> Option<usize> {
        self.to_ours.old_of(ours)
    }

    fn theirs_was(&self, theirs: usize) -> Option<usize> {
        self.to_theirs.old_of(theirs)
    }

    /// Whether ours added the unit or changed its words.
    pub fn ours_changed(&self, at: usize) -> bool {
        let unit = self.ours.get(at);
        match self.ours_was(at) {
            Some(base) => unit.map(|unit| &unit.key) != self.base.get(base).map(|unit| &unit.key),
            None => true,
        }
    }

    /// Whether theirs added the unit, or changed its words.
    pub fn theirs_changed(&self, at: usize) -> bool {
        let unit = self.theirs.get(at);
        match self.theirs_was(at) {
            Some(base) => unit.map(|unit| &unit.key) != self.base.get(base).map(|unit| &unit.key),
            None => true,
        }
    }

    /// A rule in whose place each side put an unlike one of its own was removed by both, and each has added one.
    pub fn part_unlike(&mut self) {
        for base in 0..self.base.units.len() {
            if let (Some(ours), Some(theirs)) = (self.to_ours.new_of(base), self.to_theirs.new_of(base))
                && self.to_ours.is_unlike(ours)
                && self.to_theirs.is_unlike(theirs)
            {
                self.to_ours.part(ours);
                self.to_theirs.part(theirs);
            }
        }
    }

    /// Finds the units that both sides added: the same words below the same heading.
    pub fn find_shared(&mut self) {
        let mut added: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, unit) in self.theirs.units.iter().enumerate() {
            if self.theirs_was(at).is_none() {
                added.entry(added_key(unit)).or_default().push(at);
            }
        }
        for (at, unit) in self.ours.units.iter().enumerate() {
            if self.ours_was(at).is_some() {
                continue;
            }
            let twins = added.get(&added_key(unit)).map_or(&[] as &[usize], Vec::as_slice);
            let twin = twins.iter().find(|twin| {
                let home = self.theirs.get(**twin).map_or(0, |unit| unit.home);
                let heading = matches!(unit.what, What::Heading { .. });
                !self.shared.contains_key(twin) && (heading || self.same_home(unit.home, home))
            });
            if let Some(twin) = twin {
                self.shared.insert(*twin, at);
                self.twins.insert(at, *twin);
            }
        }
    }

    fn same_home(&self, ours: usize, theirs: usize) -> bool {
        let was = self.ours_was(ours);
        (was.is_some() && was == self.theirs_was(theirs)) || self.shared.get(&theirs) == Some(&ours)
    }
}

/// What two added units must share to be one: a rule its words, anything else its bytes.
fn added_key(unit: &Unit) -> String {
    match unit.what {
        What::Item { columns } => format!("{columns} {}", unit.said.trim_end_matches('.')),
        What::Root | What::Heading { .. } | What::Row | What::Label | What::Sentence | What::Block => {
            unit.key.clone()
        }
    }
}

/// The chain under construction.
pub struct Weave<'a> {
    trio: &'a Trio<'a>,
    rivals: Rivals,
    pieces: Vec<Piece>,
    place_of_ours: HashMap<usize, usize>,
    place_of_theirs: HashMap<usize, usize>,
    /// Headings of ours and of theirs below which that side added or changed something.
    wanted: (HashSet<usize>, HashSet<usize>),
}

/// Weaves the three versions into one chain of pieces; the first is the root.
pub fn weave(trio: &Trio) -> Vec<Piece> {
    let homes = |sheet: &Sheet, changed: &dyn Fn(usize) -> bool| -> HashSet<usize> {
        sheet.units.iter().enumerate().filter(|(at, _)| changed(*at)).map(|(_, unit)| unit.home).collect()
    };
    let ours = homes(&trio.ours, &|at| trio.ours_changed(at));
    let theirs = homes(&trio.theirs, &|at| {
        (trio.theirs_changed(at) || trio.to_theirs.is_moved(at)) && !trio.shared.contains_key(&at)
    });
    let mut weave = Weave {
        trio,
        rivals: Rivals::find(trio),
        pieces: Vec::new(),
        place_of_ours: HashMap::new(),
        place_of_theirs: HashMap::new(),
        wanted: (ours, theirs),
    };
    weave.lay_ours();
    weave.add_theirs();
    weave.in_order()
}

impl Weave<'_> {
    fn in_order(self) -> Vec<Piece> {
        let mut ordered = Vec::with_capacity(self.pieces.len());
        let mut at = Some(0);
        while let Some(piece) = at.and_then(|at| self.pieces.get(at)) {
            ordered.push(piece.clone());
            at = piece.next;
        }
        ordered
    }

    /// Puts a piece behind another one and gives its number.
    fn insert(&mut self, after: Option<usize>, mut piece: Piece) -> usize {
        let at = self.pieces.len();
        if let Some(before) = after.and_then(|after| self.pieces.get_mut(after)) {
            piece.next = before.next.replace(at);
        }
        for (span, places) in
            [(piece.ours, &mut self.place_of_ours), (piece.theirs, &mut self.place_of_theirs)]
        {
            if let Some((first, last)) = span {
                (first..=last).for_each(|unit| {
                    places.insert(unit, at);
                });
            }
        }
        if let Body::Clash { theirs, .. } = &piece.body {
            self.place_of_theirs.extend(theirs.iter().map(|unit| (*unit, at)));
        }
        self.pieces.push(piece);
        at
    }

    fn lay_ours(&mut self) {
        let mut at = 0;
        let mut before = None;
        while let Some(unit) = self.trio.ours.get(at) {
            let piece = if self.rivals.is_taken(at) { None } else { self.of_ours(at, unit) };
            let last = piece.as_ref().and_then(|piece| piece.ours).map_or(at, |(_, last)| last);
            if let Some(piece) = piece {
                before = Some(self.insert(before, piece));
            }
            at = last + 1;
        }
    }

    /// What becomes of a unit of ours; `None` when it goes or stands elsewhere.
    fn of_ours(&self, at: usize, unit: &Unit) -> Option<Piece> {
        let trio = self.trio;
        let changed = trio.ours_changed(at);
        let base = trio.ours_was(at);
        let partner = base.and_then(|base| trio.to_theirs.new_of(base));
        let piece = |last: usize, theirs: Option<usize>, body: Body| {
            let theirs = theirs.map(|theirs| (theirs, theirs));
            Some(Piece { what: unit.what, base, ours: Some((at, last)), theirs, body, next: None })
        };
        if let Some((topic, ours, mut theirs)) = self.rivals.at(at) {
            let reworded =
                partner.filter(|partner| trio.theirs_changed(*partner) && !theirs.contains(partner));
            theirs.splice(0..0, reworded);
            return piece(at, partner, Body::Clash { ours, theirs, topic });
        }
        let Some(base) = base else {
            return piece(at, trio.twins.get(&at).copied(), Body::Unit(Side::Ours));
        };
        match partner {
            Some(theirs) if trio.to_theirs.is_moved(theirs) && !trio.to_ours.is_moved(at) => None,
            Some(theirs) => piece(at, Some(theirs), self.three_way(base, at, theirs)),
            None => {
                let last = if unit.what.is_entry() { unit.last } else { at };
                let inside = (at + 1..=last).any(|inner| trio.ours_changed(inner));
                if trio.to_ours.is_unlike(at) && !inside {
                    return piece(at, None, Body::Unit(Side::Ours));
                }
                if changed || inside {
                    let topic = topic(trio.tables, &trio.ours, at);
                    let ours = (at..=last).collect();
                    return piece(last, None, Body::Clash { ours, theirs: Vec::new(), topic });
                }
                let home = matches!(unit.what, What::Heading { .. } | What::Root);
                let kept = home && (at == 0 || self.wanted.0.contains(&at));
                if kept { piece(at, None, Body::Unit(Side::Ours)) } else { None }
            }
        }
    }

    /// A unit that all three hold.
    fn three_way(&self, base: usize, ours: usize, theirs: usize) -> Body {
        let trio = self.trio;
        let (Some(was), Some(we), Some(they)) =
            (trio.base.get(base), trio.ours.get(ours), trio.theirs.get(theirs))
        else {
            return Body::Unit(Side::Ours);
        };
        if we.key == they.key || they.key == was.key {
            // Padding, digits and blanks at the end follow whoever changed them.
            let side = if we.key == they.key && we.text == was.text { Side::Theirs } else { Side::Ours };
            return Body::Unit(side);
        }
        if we.key == was.key {
            return Body::Unit(Side::Theirs);
        }
        match we.what {
            What::Block => Body::Lines(lines::merge(&was.text, &we.text, &they.text)),
            What::Root
            | What::Heading { .. }
            | What::Item { .. }
            | What::Row
            | What::Label
            | What::Sentence => Body::Clash {
                ours: vec![ours],
                theirs: vec![theirs],
                topic: topic(trio.tables, &trio.base, base),
            },
        }
    }

    fn add_theirs(&mut self) {
        let trio = self.trio;
        let mut anchor = 0;
        let mut at = 0;
        while let Some(unit) = trio.theirs.get(at) {
            if let Some(place) = self.place_of_theirs.get(&at).copied() {
                let piece = self.pieces.get(place);
                let home = piece.is_some_and(|piece| piece.theirs.is_some_and(|(first, _)| first <= at));
                let moved =
                    piece.and_then(|piece| piece.ours).is_some_and(|(at, _)| trio.to_ours.is_moved(at));
                if home && !moved {
                    anchor = place;
                }
                at += 1;
                continue;
            }
            let mut last = at;
            if let Some(piece) = self.of_theirs(at, unit) {
                last = piece.theirs.map_or(at, |(_, last)| last);
                anchor = self.place(anchor, at, unit, piece);
            }
            at = last + 1;
        }
    }

    /// What becomes of a unit of theirs that has no place yet; `None` when it goes.
    fn of_theirs(&self, at: usize, unit: &Unit) -> Option<Piece> {
        let trio = self.trio;
        let base = trio.theirs_was(at);
        let partner = base.and_then(|base| trio.to_ours.new_of(base));
        let piece = |last: usize, ours: Option<usize>, body: Body| {
            let ours = ours.map(|ours| (ours, ours));
            Some(Piece { what: unit.what, base, ours, theirs: Some((at, last)), body, next: None })
        };
        match (base, partner) {
            (None, _) => piece(at, None, Body::Unit(Side::Theirs)),
            (Some(base), Some(ours)) => piece(at, Some(ours), self.three_way(base, ours, at)),
            (Some(_), None) => {
                let last = if unit.what.is_entry() { unit.last } else { at };
                let inside = (at + 1..=last).any(|inner| trio.theirs_changed(inner));
                if trio.to_theirs.is_unlike(at) && !inside {
                    return piece(at, None, Body::Unit(Side::Theirs));
                }
                if inside || trio.theirs_changed(at) {
                    let topic = topic(trio.tables, &trio.theirs, at);
                    let theirs = (at..=last).collect();
                    return piece(last, None, Body::Clash { ours: Vec::new(), theirs, topic });
                }
                let heading = matches!(unit.what, What::Heading { .. });
                let kept = heading && self.wanted.1.contains(&at);
                if kept { piece(at, None, Body::Unit(Side::Theirs)) } else { None }
            }
        }
    }

    /// Puts a unit of theirs behind its elder and behind what ours added there; two blocks at one place are a conflict.
    fn place(&mut self, anchor: usize, at: usize, unit: &Unit, piece: Piece) -> usize {
        let mut after = anchor;
        let mut until = self.nested_until(anchor, unit);
        while let Some(next) = self.pieces.get(after).and_then(|piece| piece.next) {
            let Some(found) = self.pieces.get(next) else { break };
            let Some((first, _)) = found.ours.filter(|_| found.base.is_none() && found.theirs.is_none())
            else {
                break;
            };
            if unit.what == What::Block && found.what == What::Block {
                return self.clash_blocks(next, at);
            }
            let nested = until.is_some_and(|until| first <= until);
            if !nested && !goes_below(unit.what, found.what) {
                break;
            }
            until = until.max(self.nested_until(next, unit));
            after = next;
        }
        self.insert(Some(after), piece)
    }

    /// The last unit of ours that is nested in a piece beside which the new unit goes.
    fn nested_until(&self, piece: usize, unit: &Unit) -> Option<usize> {
        let piece = self.pieces.get(piece)?;
        let beside = match (piece.what, unit.what) {
            (What::Item { columns: elder }, What::Item { columns }) => columns <= elder,
            _ => false,
        };
        let last = piece.ours.and_then(|(_, last)| self.trio.ours.get(last)).map(|unit| unit.last);
        last.filter(|_| beside)
    }

    fn clash_blocks(&mut self, place: usize, theirs: usize) -> usize {
        let topic = topic(self.trio.tables, &self.trio.theirs, theirs);
        self.place_of_theirs.insert(theirs, place);
        if let Some(piece) = self.pieces.get_mut(place) {
            let ours = piece.ours.map_or_else(Vec::new, |(first, last)| (first..=last).collect());
            piece.theirs = Some((theirs, theirs));
            piece.body = Body::Clash { ours, theirs: vec![theirs], topic };
        }
        place
    }
}

/// Whether something of theirs goes below something that ours added at the same place.
fn goes_below(theirs: What, ours: What) -> bool {
    match (theirs, ours) {
        (What::Heading { level }, What::Heading { level: other }) => other >= level,
        (What::Heading { .. }, _) => true,
        (What::Item { columns }, What::Item { columns: other }) => other >= columns,
        (What::Root | What::Item { .. } | What::Row | What::Label | What::Sentence | What::Block, other) => {
            theirs.resembles(other)
        }
    }
}
