//! State, update and view: the pure core. It never performs a side effect; it returns them.

pub mod actions;
pub mod attaching;
pub mod chat;
pub mod commands;
pub mod context;
pub mod keeping;
pub mod mentions;
pub mod messages;
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
pub mod trust;
pub mod turn;
pub mod update;
pub mod welcome;
