//! Names with their rarity and weight, found by hash. It knows no clause and makes up no name.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A hash is a good hash already.
#[derive(Clone, Copy, Debug, Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| hash.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// How rare a name is, how much it says times its rarity, and its place among the rows.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Row {
    rarity: f32,
    weight: f32,
    place: usize,
}

/// The rows of one block.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    rows: HashMap<u64, Row, BuildHasherDefault<AsItIs>>,
    /// One bit for each end of a hash that some row has: most names are in no row, and this tells it from a few bytes that stay near.
    ends: Vec<u64>,
}

/// So many bits tell which ends of a hash are there.
const ENDS: u64 = 1 << 17;

impl Rows {
    /// Enters a row.
    pub fn enter(&mut self, name: &str, rarity: f32, weight: f32) {
        let name = hashed(&[name]);
        let (word, bit) = end(name);
        if self.ends.is_empty() {
            self.ends = vec![0; usize::try_from(ENDS / 64).unwrap_or(1)];
        }
        if let Some(bits) = self.ends.get_mut(word) {
            *bits |= bit;
        }
        let place = self.rows.len();
        self.rows.insert(name, Row { rarity, weight: weight * rarity, place });
    }

    /// How many rows there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The weight of a name times its rarity; 0 for a name in no row.
    pub fn weight(&self, parts: &[&str]) -> f32 {
        self.get(hashed(parts)).map_or(0.0, |row| row.weight)
    }

    /// An empty sum over these rows.
    pub fn sum(&self) -> Sum<'_> {
        Sum { rows: self, seen: vec![0; self.rows.len() / 64 + 1], weight: 0.0, length: 0.0 }
    }

    fn get(&self, name: u64) -> Option<&Row> {
        let (word, bit) = end(name);
        self.ends.get(word).filter(|bits| **bits & bit != 0).and_then(|_| self.rows.get(&name))
    }
}

/// The sum of the rows that something shows, each counted once however often it is shown.
#[derive(Clone, Debug)]
pub struct Sum<'a> {
    rows: &'a Rows,
    seen: Vec<u64>,
    weight: f32,
    length: f32,
}

impl Sum<'_> {
    /// Adds the row of a name, given in parts.
    pub fn add(&mut self, parts: &[&str]) {
        self.add_hash(hashed(parts));
    }

    /// Adds the rows of all runs of three to five characters of a word.
    pub fn add_runs(&mut self, word: &str) {
        each_run(word, &mut |hash| self.add_hash(hash));
    }

    /// The sum, as if what was shown had length one.
    pub fn of_length_one(&self) -> f32 {
        if self.length > 0.0 { self.weight / self.length.sqrt() } else { 0.0 }
    }

    fn add_hash(&mut self, name: u64) {
        let Some(row) = self.rows.get(name) else { return };
        let Some(seen) = self.seen.get_mut(row.place / 64) else { return };
        let bit = 1 << (row.place % 64);
        if *seen & bit == 0 {
            *seen |= bit;
            self.weight += row.weight;
            self.length += row.rarity * row.rarity;
        }
    }
}

/// Calls `run` with the hash of every run of three to five characters, from left to right.
pub fn each_run(word: &str, run: &mut dyn FnMut(u64)) {
    for (start, _) in word.char_indices() {
        let mut hash = EMPTY;
        for (length, c) in word.get(start..).unwrap_or("").chars().take(5).enumerate() {
            let mut bytes = [0; 4];
            hash = c.encode_utf8(&mut bytes).bytes().fold(hash, stirred);
            if length >= 2 {
                run(hash);
            }
        }
    }
}

/// The place of a hash among the ends: a word and a bit in it.
fn end(name: u64) -> (usize, u64) {
    let end = name % ENDS;
    (usize::try_from(end / 64).unwrap_or(0), 1 << (end % 64))
}

const EMPTY: u64 = 0xcbf2_9ce4_8422_2325;

/// One step of FNV-1a.
fn stirred(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

/// FNV-1a over the parts as if they were one string.
pub fn hashed(parts: &[&str]) -> u64 {
    parts.iter().flat_map(|part| part.bytes()).fold(EMPTY, stirred)
}
