//! Self-contained parts of the screen: model, apply, view. They never name the app's state.

pub mod compare;
pub mod complete;
pub mod keyfield;
pub mod menu;
pub mod pager;
pub mod prompt;
pub mod review;
pub mod side;
pub mod transcript;
