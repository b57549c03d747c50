//! A table of evidence that trusts the cues alone, so that tests of the app do not hang on fitted weights. It holds no tests.

/// Sure from a rule score of 0.8 on, unsure from 0.45 on, and nothing where something speaks against it.
pub const PLAIN: &str = "[build]\nbias\t1\t-7.2\nv-\t1\t5\ns>4\t1\t3.77\ns>6\t1\t4.2\n";
