//! What things are: conversation, exchange with a model, persona, KB.md. It never draws, and never touches the outside world.

pub mod attach;
pub mod briefing;
pub mod chat;
pub mod context;
pub mod exchange;
pub mod export;
pub mod handbook;
pub mod inquiry;
pub mod kb;
pub mod key;
pub mod models;
pub mod notes;
pub mod paths;
pub mod persona;
pub mod roster;
pub mod search;
pub mod session;
pub mod settings;
pub mod stack;
pub mod trust;
pub mod usage;
