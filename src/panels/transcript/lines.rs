//! Lines of what is seen of the conversation, kept while nothing about it changes. A cold cache draws the same as a warm one.
//!
//! An entry is laid out part by part, and only the parts that a frame asks for: a reply of megabytes costs what is seen of it.

use std::collections::{HashMap, HashSet};

use ratatui::layout::Rect;
use ratatui::text::Line;

use super::entry::{self, Part};
use super::said;
use crate::domain::chat::{Body, Entry, EntryId, Fold, Reply};
use crate::draw::blocks::{Blocks, Growth};
use crate::draw::highlight::Highlighter;
use crate::draw::textmap::TextMap;
use crate::draw::theme::Theme;

/// Lines that are kept beyond those of the last frame.
const KEPT: usize = 4_000;

/// A part with what is known of it at the cache's width.
struct Slot {
    part: Part,
    height: Option<usize>,
    lines: Option<Vec<Line<'static>>>,
    /// Which of all layings out made the lines.
    laying: u64,
    /// What the lines say; made where something is marked.
    map: Option<Box<TextMap>>,
    /// The frame that asked for its lines last.
    frame: u64,
}

impl Slot {
    fn new(part: Part) -> Self {
        Self { part, height: None, lines: None, laying: 0, map: None, frame: 0 }
    }
}

/// What a row of the screen shows: a line of one laying out. Rows that are equal look the same.
pub(super) type Row = (u64, usize);

/// An entry in parts.
struct Laid {
    revision: u64,
    slots: Vec<Slot>,
    blocks: Blocks,
    /// The length of the thinking that the slots were made for, where it is unfolded.
    thinking: usize,
}

/// Lines of entries at one width and theme.
#[derive(Default)]
pub struct LineCache {
    width: u16,
    theme: Option<Theme>,
    frame: u64,
    entries: HashMap<EntryId, Laid>,
    /// How many lines are kept.
    kept: usize,
    /// How often a part was laid out.
    layings: u64,
    /// What the rows of the last frame show and where; `None` where they show more than lines.
    rows: Option<(Rect, Vec<Row>)>,
    /// Made when code is drawn for the first time.
    highlighter: Option<Highlighter>,
    /// The key that unfolds what is folded.
    unfold: String,
}

impl LineCache {
    /// The width that lines are laid out at.
    pub(super) fn width(&self) -> u16 {
        self.width
    }

    /// Takes the key that unfolds what is folded, as people write it.
    pub fn name_unfolding(&mut self, key: String) {
        if self.unfold != key {
            self.unfold = key;
            self.undraw();
        }
    }

    /// Drops every line, but not how the entries are cut.
    fn undraw(&mut self) {
        self.kept = 0;
        for slot in self.entries.values_mut().flat_map(|laid| &mut laid.slots) {
            (slot.height, slot.lines, slot.map) = (None, None, None);
        }
    }

    /// Begins a frame. What was cut into blocks stays so at any width.
    pub(super) fn prepare(&mut self, width: u16, theme: &Theme) {
        self.frame += 1;
        if self.width != width || self.theme.as_ref() != Some(theme) {
            self.width = width;
            self.theme = Some(theme.clone());
            self.undraw();
        }
    }

    /// Drops the lines of entries that are gone, after the conversation was cleared.
    pub(super) fn forget(&mut self, entries: &[Entry]) {
        if self.entries.len() > entries.len() {
            let here: HashSet<EntryId> = entries.iter().map(|entry| entry.id).collect();
            self.entries.retain(|id, _| here.contains(id));
        }
    }

    /// Ends a frame: lines that it did not ask for go when there are too many.
    pub(super) fn settle(&mut self) {
        if self.kept <= KEPT {
            return;
        }
        self.kept = 0;
        for slot in self.entries.values_mut().flat_map(|laid| &mut laid.slots) {
            if slot.frame == self.frame {
                self.kept += slot.lines.as_ref().map_or(0, Vec::len);
            } else {
                (slot.lines, slot.map) = (None, None);
            }
        }
    }

    /// How many parts an entry has now.
    pub(super) fn parts(&mut self, entry: &Entry) -> usize {
        let laid = self.entries.entry(entry.id).or_insert_with(|| Laid {
            revision: entry.revision.wrapping_sub(1),
            slots: Vec::new(),
            blocks: Blocks::default(),
            thinking: 0,
        });
        if laid.revision != entry.revision {
            laid.revision = entry.revision;
            laid.take(entry);
        }
        laid.slots.len()
    }

    /// How many lines a part has.
    pub(super) fn height(&mut self, entry: &Entry, part: usize) -> usize {
        self.parts(entry);
        let known = self.entries.get(&entry.id).and_then(|laid| laid.slots.get(part)?.height);
        known.unwrap_or_else(|| self.lines(entry, part).len())
    }

    /// The lines of a part.
    pub(super) fn lines(&mut self, entry: &Entry, part: usize) -> &[Line<'static>] {
        self.laid_out(entry, part).and_then(|slot| slot.lines.as_deref()).unwrap_or_default()
    }

    /// A line of a part, and what a row shows that shows it.
    pub(super) fn line(
        &mut self,
        entry: &Entry,
        part: usize,
        number: usize,
    ) -> Option<(Row, &Line<'static>)> {
        let slot = self.laid_out(entry, part)?;
        let line = slot.lines.as_ref()?.get(number)?;
        Some(((slot.laying, number), line))
    }

    /// A part with its lines.
    fn laid_out(&mut self, entry: &Entry, part: usize) -> Option<&Slot> {
        self.parts(entry);
        let Self { entries, width, theme, frame, kept, layings, highlighter, unfold, .. } = self;
        let (Laid { slots, blocks, .. }, theme) = (entries.get_mut(&entry.id)?, theme.as_ref()?);
        let ends = ends(slots, part);
        let slot = slots.get_mut(part)?;
        slot.frame = *frame;
        if slot.lines.is_none() {
            let lines = match (&slot.part, &entry.body) {
                (Part::Head, Body::Reply(reply)) => entry::reply_head(reply, entry, *width, theme, unfold),
                (Part::Thinking(range), Body::Reply(reply)) => {
                    let stretch = reply.thinking.get(range.clone()).unwrap_or_default();
                    entry::thinking_lines(stretch, ends, *width, theme)
                }
                (Part::Block(block), Body::Reply(_)) => {
                    if blocks.has_code(*block) {
                        highlighter.get_or_insert_with(Highlighter::new);
                    }
                    let lines = blocks.draw(*block, entry::inner(*width), theme, highlighter.as_ref());
                    lines.into_iter().map(entry::indented).collect()
                }
                (Part::Foot, Body::Reply(reply)) => entry::reply_foot(reply, *width, theme),
                (Part::Said(range), Body::User { text, .. }) => {
                    let stretch = text.get(range.clone()).unwrap_or_default();
                    entry::said_lines(stretch, entry.presence, ends, *width, theme)
                }
                (Part::Along, Body::User { attached, .. }) => entry::along_lines(attached, *width, theme),
                _ => entry::whole_lines(entry, *width, theme, unfold),
            };
            *kept += lines.len();
            *layings += 1;
            slot.laying = *layings;
            slot.height = Some(lines.len());
            slot.lines = Some(lines);
        }
        Some(slot)
    }

    /// Remembers what the rows of a frame show; `None` where they show more than lines.
    pub(super) fn remember(&mut self, rows: Option<(Rect, Vec<Row>)>) {
        self.rows = rows;
    }

    /// What the rows of this area show, where that is known.
    pub(super) fn rows_of(&mut self, area: Rect) -> Option<Vec<Row>> {
        self.rows.take().filter(|(shown, _)| *shown == area).map(|(_, rows)| rows)
    }

    /// What the lines of a part say; `None` where there is no such part.
    pub(super) fn map(&mut self, entry: &Entry, part: usize) -> Option<&TextMap> {
        self.parts(entry);
        let Self { entries, width, theme, unfold, .. } = self;
        let (Laid { slots, blocks, .. }, theme) = (entries.get_mut(&entry.id)?, theme.as_ref()?);
        let ends = ends(slots, part);
        let slot = slots.get_mut(part)?;
        let map = slot.map.get_or_insert_with(|| {
            Box::new(match (&slot.part, &entry.body) {
                (Part::Head, Body::Reply(reply)) => said::head(reply),
                (Part::Thinking(range), Body::Reply(reply)) => {
                    said::thinking(reply.thinking.get(range.clone()).unwrap_or_default(), ends, *width)
                }
                (Part::Block(block), Body::Reply(_)) => {
                    blocks.map(*block, entry::inner(*width), theme).indented(said::LEAD)
                }
                (Part::Foot, Body::Reply(reply)) => said::foot(reply, *width, theme),
                (Part::Said(range), Body::User { text, .. }) => {
                    said::stretch(text.get(range.clone()).unwrap_or_default(), ends, *width)
                }
                (Part::Along, Body::User { attached, .. }) => said::along(attached.len()),
                _ => said::whole(entry, *width, unfold),
            })
        });
        Some(map)
    }

    /// The Markdown or the plain text of a part, for a search.
    pub(super) fn source<'a>(&'a mut self, entry: &'a Entry, part: usize) -> &'a str {
        self.parts(entry);
        let Some(laid) = self.entries.get(&entry.id) else { return "" };
        match (laid.slots.get(part).map(|slot| &slot.part), &entry.body) {
            (Some(Part::Block(block)), _) => laid.blocks.text(*block),
            (Some(Part::Said(range)), Body::User { text, .. }) => text.get(range.clone()).unwrap_or_default(),
            (Some(Part::Thinking(range)), Body::Reply(reply)) => {
                reply.thinking.get(range.clone()).unwrap_or_default()
            }
            (Some(Part::Whole), Body::Notice { text, .. } | Body::Compaction { text, .. }) => text,
            (Some(Part::Whole), Body::Decision { summary, .. }) => summary,
            _ => "",
        }
    }
}

/// Whether a stretch of text is the last one of its kind.
fn ends(slots: &[Slot], part: usize) -> bool {
    match slots.get(part + 1).map(|next| &next.part) {
        Some(Part::Thinking(_) | Part::Said(_) | Part::Along) => false,
        Some(Part::Head | Part::Block(_) | Part::Foot | Part::Whole) | None => true,
    }
}

impl Laid {
    /// Takes a new revision of the entry in; what it left as it was keeps its lines.
    fn take(&mut self, entry: &Entry) {
        if entry::is_silent(entry) {
            self.slots.clear();
            return;
        }
        if entry::is_put_away(entry) {
            // It is cut anew when it is unfolded.
            (self.blocks, self.thinking) = (Blocks::default(), 0);
            self.slots = vec![Slot::new(Part::Whole)];
            return;
        }
        match &entry.body {
            Body::Reply(reply) => self.take_reply(reply, entry.fold),
            Body::User { text, attached, .. } => {
                let along = (!attached.is_empty()).then_some(Part::Along);
                let said = entry::stretches(text).into_iter().map(Part::Said);
                self.slots = said.chain(along).map(Slot::new).collect();
            }
            Body::Divider { .. } | Body::Notice { .. } | Body::Decision { .. } | Body::Compaction { .. } => {
                self.slots = vec![Slot::new(Part::Whole)];
            }
        }
    }

    fn take_reply(&mut self, reply: &Reply, fold: Fold) {
        let growth = if reply.outcome.is_some() { Growth::Ended } else { Growth::Open };
        let closed = self.blocks.update(&reply.text, growth);
        let thinking = match fold {
            Fold::Open => reply.thinking.len(),
            Fold::Folded => 0,
        };
        let blocks_from = self.slots.iter().position(|slot| matches!(slot.part, Part::Block(_) | Part::Foot));
        let kept = if thinking == self.thinking { blocks_from.unwrap_or(0) + closed } else { 0 };
        self.thinking = thinking;
        self.slots.truncate(kept);
        if self.slots.is_empty() {
            self.slots.push(Slot::new(Part::Head));
            if thinking > 0 {
                let stretches = entry::stretches(&reply.thinking);
                self.slots.extend(stretches.into_iter().map(|range| Slot::new(Part::Thinking(range))));
            }
        } else if let Some(head) = self.slots.first_mut() {
            // The model's name comes with the first bytes, and the count of words grows.
            *head = Slot::new(Part::Head);
        }
        let blocks = self.slots.iter().filter(|slot| matches!(slot.part, Part::Block(_))).count();
        self.slots.extend((blocks..self.blocks.parts()).map(|block| Slot::new(Part::Block(block))));
        self.slots.push(Slot::new(Part::Foot));
    }
}
