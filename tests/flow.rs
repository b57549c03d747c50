//! The app through its one door: events in, effects and screen text out. It never touches disk, network or terminal.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail"
)]

#[path = "flow/again.rs"]
mod again;
#[path = "flow/anytext.rs"]
mod anytext;
#[path = "support/app.rs"]
mod app;
#[path = "flow/attaching.rs"]
mod attaching;
#[path = "flow/block.rs"]
mod block;
#[path = "flow/configured.rs"]
mod configured;
#[path = "flow/context.rs"]
mod context;
#[path = "flow/declined.rs"]
mod declined;
#[path = "flow/folding.rs"]
mod folding;
#[path = "flow/keeping.rs"]
mod keeping;
#[path = "flow/keymap.rs"]
mod keymap;
#[path = "flow/keys.rs"]
mod keys;
#[path = "flow/mentions.rs"]
mod mentions;
#[path = "flow/messages.rs"]
mod messages;
#[path = "flow/model.rs"]
mod model;
#[path = "flow/models.rs"]
mod models;
#[path = "flow/mouse.rs"]
mod mouse;
#[path = "flow/notes.rs"]
mod notes;
#[path = "flow/once.rs"]
mod once;
#[path = "flow/options.rs"]
mod options;
#[path = "flow/personas.rs"]
mod personas;
#[path = "flow/plain.rs"]
mod plain;
#[path = "flow/proposals.rs"]
mod proposals;
#[path = "flow/reading.rs"]
mod reading;
#[path = "flow/requests.rs"]
mod requests;
#[path = "flow/saving.rs"]
mod saving;
#[path = "flow/scroll.rs"]
mod scroll;
#[path = "flow/sessions.rs"]
mod sessions;
#[path = "flow/setup.rs"]
mod setup;
#[path = "flow/side.rs"]
mod side;
#[path = "flow/trust.rs"]
mod trust;
#[path = "flow/turns.rs"]
mod turns;
#[path = "flow/usage.rs"]
mod usage;
#[path = "flow/versions.rs"]
mod versions;
#[path = "flow/vi.rs"]
mod vi;
