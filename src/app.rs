//! State, update and view: the pure core. It never performs a side effect; it returns them.

pub mod actions;
pub mod again;
pub mod chat;
pub mod commands;
pub mod keeping;
pub mod mentions;
pub mod messages;
pub mod mouse;
pub mod overlay;
pub mod plain;
pub mod proposing;
pub mod reading;
pub mod recording;
pub mod review;
pub mod screen;
pub mod sessions;
pub mod side;
pub mod state;
pub mod status;
pub mod stopping;
pub mod turn;
pub mod update;
pub mod vi;
pub mod welcome;
