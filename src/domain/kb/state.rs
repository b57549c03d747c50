//! What KB.md is at the moment it was looked at, with the words that say so. It never reads the file itself.

/// KB.md up to this size is sent with a task; a larger one is named and left out whole. A quarter of a megabyte is some 70 000 tokens,
/// more than standing rules ever need.
pub const LIMIT: u64 = 256 * 1024;

/// The name under which the file is looked for, exactly.
pub const FILE_NAME: &str = "KB.md";

/// What stands at the place of KB.md. Names and causes in it are already safe to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum KbState {
    /// There is nothing of that name.
    #[default]
    Missing,
    /// A file that holds nothing but blanks; `text` keeps them for the next edit.
    Empty {
        text: String,
        /// Local time, `HH:MM:SS`.
        read_at: String,
    },
    /// Read whole.
    Read {
        /// Every byte of the file, a byte order mark too.
        text: String,
        bytes: u64,
        /// First eight hexadecimal digits of the SHA-256 of the bytes, as `sha256sum` prints them.
        hash: String,
        /// Local time, `HH:MM:SS`.
        read_at: String,
    },
    Directory,
    /// A pipe, a socket or a device; reading it could wait for ever.
    NotAFile {
        kind: String,
    },
    Unreadable {
        cause: String,
    },
    NotUtf8 {
        /// 1-based line that holds the first wrong byte.
        line: usize,
    },
    /// No `KB.md`, but a file whose name differs only in letter case.
    OtherName {
        found: String,
    },
    TooLarge {
        bytes: u64,
        limit: u64,
    },
    DanglingLink {
        target: String,
    },
}

/// One look at KB.md.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    pub state: KbState,
}

impl Snapshot {
    /// The text that may be sent and edited; `None` when there is none, or none that may be used.
    pub fn text(&self) -> Option<&str> {
        match &self.state {
            KbState::Empty { text, .. } | KbState::Read { text, .. } => Some(text),
            KbState::Missing
            | KbState::Directory
            | KbState::NotAFile { .. }
            | KbState::Unreadable { .. }
            | KbState::NotUtf8 { .. }
            | KbState::OtherName { .. }
            | KbState::TooLarge { .. }
            | KbState::DanglingLink { .. } => None,
        }
    }

    /// The words of the header; `directives` is the number of rules found in the text.
    pub fn badge(&self, directives: usize) -> String {
        let brief = self.brief(directives);
        let (KbState::Empty { read_at, .. } | KbState::Read { read_at, .. }) = &self.state else {
            return brief;
        };
        format!("{brief}, read {read_at}")
    }

    /// The same without the time of reading.
    pub fn brief(&self, directives: usize) -> String {
        match &self.state {
            KbState::Missing => "KB.md none here".to_string(),
            KbState::Empty { .. } => "KB.md is empty".to_string(),
            KbState::Read { bytes, .. } => {
                let noun = if directives == 1 { "directive" } else { "directives" };
                format!("KB.md {directives} {noun}, {}", size(*bytes))
            }
            KbState::Directory => "KB.md is a directory".to_string(),
            KbState::NotAFile { kind } => format!("KB.md is a {kind}"),
            KbState::Unreadable { cause } => format!("KB.md cannot be read: {cause}"),
            KbState::NotUtf8 { line } => format!("KB.md is not UTF-8 at line {line}"),
            KbState::OtherName { found } => format!("{found} found, KB.md expected"),
            KbState::TooLarge { bytes, limit } => {
                format!("KB.md {}, over the {} limit: not sent", size(*bytes), size(*limit))
            }
            KbState::DanglingLink { target } => format!("KB.md is a link to {target}, which is not there"),
        }
    }

    /// For a state without usable text: what it is, what follows from it, and what to do. `None` when all is well or nothing is amiss.
    pub fn explanation(&self) -> Option<String> {
        match &self.state {
            KbState::Missing | KbState::Empty { .. } | KbState::Read { .. } => None,
            KbState::Directory => Some(
                "KB.md is a directory, so there is nothing to read and nothing of it is sent. \
                 Rename the directory, and keep the rules in a file of that name."
                    .to_string(),
            ),
            KbState::NotAFile { kind } => Some(format!(
                "KB.md is a {kind}, which could block for ever, so it is not opened and nothing of it is sent. \
                 Put a plain text file in its place."
            )),
            KbState::Unreadable { cause } => Some(format!(
                "KB.md cannot be read ({cause}), so nothing of it is sent. \
                 Check who may read the file, for example with `ls -l KB.md`."
            )),
            KbState::NotUtf8 { line } => Some(format!(
                "KB.md holds bytes at line {line} that are not UTF-8, so nothing of it is sent and it is not edited. \
                 Save it again as UTF-8, for example with `iconv`."
            )),
            KbState::OtherName { found } => Some(format!(
                "There is a {found} here, but the name must be KB.md in exactly these letters, so it is not read. \
                 Rename it with `mv {found} KB.md`."
            )),
            KbState::TooLarge { bytes, limit } => Some(format!(
                "KB.md has {}, over the limit of {}, so none of it is sent: not even a part of it. \
                 Keep the standing rules in it and move longer texts to other files.",
                size(*bytes),
                size(*limit)
            )),
            KbState::DanglingLink { target } => Some(format!(
                "KB.md is a symbolic link to {target}, which does not exist, so there is nothing to read. \
                 Create that file, or remove the link."
            )),
        }
    }

    /// The first digits of the SHA-256 of the text that is sent, as `sha256sum` prints them.
    pub fn hash(&self) -> Option<&str> {
        if let KbState::Read { hash, .. } = &self.state { Some(hash) } else { None }
    }

    /// Whether both looks found the same thing, whenever each was taken.
    pub fn same_content(&self, other: &Self) -> bool {
        self.text() == other.text() && (self.text().is_some() || self.state == other.state)
    }
}

/// A size as people write it: `812 bytes`, `3.1 KB`, `256 KB`, `2.0 MB`. One KB is 1024 bytes; whole figures from 10 on.
pub fn size(bytes: u64) -> String {
    const KB: u64 = 1024;
    const MB: u64 = 1024 * 1024;
    let scaled = |unit: u64, name: &str| {
        let tenths = (bytes * 10 + unit / 2) / unit;
        if tenths >= 100 {
            format!("{} {name}", (bytes + unit / 2) / unit)
        } else {
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        }
    };
    match bytes {
        1 => "1 byte".to_string(),
        0..KB => format!("{bytes} bytes"),
        KB..MB => scaled(KB, "KB"),
        MB.. => scaled(MB, "MB"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(state: KbState, badge: &str) {
        assert_eq!(Snapshot { state }.badge(14), badge);
    }

    fn read(text: &str, read_at: &str) -> Snapshot {
        Snapshot {
            state: KbState::Read {
                text: text.to_string(),
                bytes: 3174,
                hash: "01234567".to_string(),
                read_at: read_at.to_string(),
            },
        }
    }

    #[test]
    fn the_badge_names_each_state_in_words() {
        check(read("x", "12:03:07").state, "KB.md 14 directives, 3.1 KB, read 12:03:07");
        check(KbState::Missing, "KB.md none here");
        check(
            KbState::Empty { text: String::new(), read_at: "09:00:00".into() },
            "KB.md is empty, read 09:00:00",
        );
        check(KbState::Directory, "KB.md is a directory");
        check(KbState::NotAFile { kind: "pipe".into() }, "KB.md is a pipe");
        check(
            KbState::Unreadable { cause: "permission denied".into() },
            "KB.md cannot be read: permission denied",
        );
        check(KbState::NotUtf8 { line: 12 }, "KB.md is not UTF-8 at line 12");
        check(KbState::OtherName { found: "kb.md".into() }, "kb.md found, KB.md expected");
        check(
            KbState::TooLarge { bytes: 2 * 1024 * 1024, limit: LIMIT },
            "KB.md 2.0 MB, over the 256 KB limit: not sent",
        );
        check(
            KbState::DanglingLink { target: "notes/KB.md".into() },
            "KB.md is a link to notes/KB.md, which is not there",
        );
    }

    #[test]
    fn one_directive_is_singular() {
        assert_eq!(read("x", "12:03:07").badge(1), "KB.md 1 directive, 3.1 KB, read 12:03:07");
    }

    #[test]
    fn the_time_of_a_look_is_not_its_content() {
        assert!(read("x", "12:03:07").same_content(&read("x", "12:03:08")));
        assert!(!read("x", "12:03:07").same_content(&read("y", "12:03:07")));
        assert!(!Snapshot::default().same_content(&Snapshot { state: KbState::Directory }));
    }

    #[test]
    fn sizes_read_well() {
        for (bytes, expect) in
            [(0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1.0 KB"), (10_240, "10 KB")]
        {
            assert_eq!(size(bytes), expect);
        }
        assert_eq!(size(u64::from(u32::MAX)), "4096 MB");
    }
}
