//! Values to styled lines at a width. It never holds state of its own and never handles an event.

pub mod blocks;
pub mod cells;
pub mod flow;
pub mod highlight;
pub mod markdown;
pub mod patch;
pub mod textmap;
pub mod theme;
