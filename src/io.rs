//! Everything with a side effect. It never imports the app.

pub mod attach;
pub mod clipboard;
pub mod config;
pub mod export;
pub mod files;
pub mod git;
pub mod ground;
pub mod kbfile;
mod kept;
pub mod keyfile;
pub mod keyring;
pub mod mentions;
pub mod never;
pub mod notes;
pub mod personas;
pub mod prompts;
pub mod providers;
pub mod root;
pub mod runtime;
pub mod store;
pub mod terminal;
pub mod trust;
pub mod vault;
pub mod walk;
pub mod watch;
pub mod work;
