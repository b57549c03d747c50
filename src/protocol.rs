//! The words between the pure core and the outside: events, effects, actions, keys. It never does anything by itself.

pub mod action;
pub mod chord;
pub mod keymap;
pub mod mark;
pub mod message;
pub mod sessions;
