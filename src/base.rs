//! Algorithms that know nothing of dictum: text, YAML, ranking. It never imports another layer.

pub mod count;
pub mod near;
pub mod rank;
pub mod text;
pub mod yaml;
