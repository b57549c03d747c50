//! What of a message is hidden from the detector, and what typed words adopt of it. It never weighs a clause.

use std::ops::Range;

use crate::domain::kb::clause::{self, End, Token};
use crate::domain::kb::mask::{Hidden, Region};
use crate::domain::kb::{Span, joined};

use super::{Detector, phrase};

/// A message as the detector sees it.
pub(super) struct Seen {
    pub text: String,
    pub regions: Vec<Region>,
    pub tokens: Vec<Token>,
    /// The bytes of what the user made their own.
    pub adopted: Option<Range<usize>>,
}

impl Detector {
    /// Joins the spans, finds what is hidden, with adoption applied, and cuts the rest into tokens.
    pub(super) fn seen(&self, spans: &[Span]) -> Seen {
        let text = joined(spans);
        let mut regions = self.masker.regions(spans);
        let tokens = clause::tokens(&text, &regions, &self.lexicon);
        if let Some(at) = self.adopted(&text, &regions, &tokens) {
            let region = regions.remove(at);
            // The marks of a fence stay hidden, only what they enclose is adopted.
            let inner = inner(&text, &region);
            for rim in [region.range.start..inner.start, inner.end..region.range.end] {
                if !rim.is_empty() {
                    regions.push(Region { range: rim, hidden: region.hidden });
                }
            }
            regions.sort_by_key(|region| region.range.start);
            let tokens = clause::tokens(&text, &regions, &self.lexicon);
            return Seen { text, regions, tokens, adopted: Some(inner) };
        }
        Seen { text, regions, tokens, adopted: None }
    }

    /// The index of the region that typed words adopt: the one that follows them, else the one before.
    fn adopted(&self, text: &str, regions: &[Region], tokens: &[Token]) -> Option<usize> {
        if !regions.iter().any(|region| region.hidden.adoptable()) {
            return None;
        }
        let judge = self.judge(text, tokens);
        let sentences = clause::sentences(text, tokens);
        let stretches: Vec<_> =
            sentences.iter().map(|s| tokens.get(s.tokens.clone()).unwrap_or(&[])).collect();
        let may = self.lexicon.may_show("adopt", &stretches);
        let adopting = sentences
            .iter()
            .enumerate()
            .filter(|(i, sentence)| sentence.end != End::Question && may.get(*i) == Some(&true))
            .find_map(|(i, sentence)| {
                let mut groups = judge.groups(i, sentence);
                groups.retain(|group| self.names.any(&group.hits, &["adopt"]));
                let group = groups.first()?;
                let denied = group
                    .hits
                    .iter()
                    .any(|hit| self.names.is(hit, "kbdeny") || self.names.is(hit, "artefact"));
                (!denied).then(|| phrase::bytes(tokens, &sentence.tokens).start)
            })?;
        let open = |region: &&Region| region.hidden.adoptable();
        let after = regions.iter().position(|region| open(&region) && region.range.start >= adopting);
        after.or_else(|| regions.iter().rposition(|region| open(&region) && region.range.end <= adopting))
    }
}

/// The bytes of an adopted region without the marks that frame it.
fn inner(text: &str, region: &Region) -> Range<usize> {
    let words = text.get(region.range.clone()).unwrap_or("");
    match region.hidden {
        Hidden::Fence => {
            let start = words.find('\n').map_or(words.len(), |i| i + 1);
            let rest = words.get(start..).unwrap_or("");
            let end = rest.rfind("\n```").or_else(|| rest.rfind("\n~~~")).map_or(words.len(), |i| start + i);
            region.range.start + start..region.range.start + end.max(start)
        }
        Hidden::Quoted => {
            let lead = words.chars().next().map_or(0, char::len_utf8);
            let tail = words.chars().next_back().map_or(0, char::len_utf8);
            let start = region.range.start + lead;
            start..region.range.end.saturating_sub(tail).max(start)
        }
        Hidden::BlockQuote
        | Hidden::Named
        | Hidden::Log
        | Hidden::Chat
        | Hidden::Code
        | Hidden::Url
        | Hidden::Document
        | Hidden::Pasted
        | Hidden::Foreign => region.range.clone(),
    }
}
