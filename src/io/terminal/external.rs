//! Another program in the same terminal, foremost the user's editor. It never touches the text when the editor fails.

use super::{restore, take};
use crate::io::files;
use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// A signal that was meant for the other program may be delivered to dictum this long after its end.
const ECHO: Duration = Duration::from_millis(300);

/// How far another program has the terminal.
#[derive(Clone, Copy)]
enum Use {
    Never,
    Running,
    Ended(Instant),
}

static USE: Mutex<Use> = Mutex::new(Use::Never);

/// The terminal is the shell's from here on, while dictum is stopped.
pub(super) fn lent() {
    set_use(Use::Running);
}

/// The terminal is dictum's again.
pub(super) fn returned() {
    set_use(Use::Ended(Instant::now()));
}

fn set_use(now: Use) {
    *USE.lock().unwrap_or_else(PoisonError::into_inner) = now;
}

/// Whether signals from the keyboard are meant for another program.
pub(super) fn busy() -> bool {
    match *USE.lock().unwrap_or_else(PoisonError::into_inner) {
        Use::Never => false,
        Use::Running => true,
        Use::Ended(when) => when.elapsed() < ECHO,
    }
}

/// Gives the terminal to a program, waits for its end, and takes the terminal again, if it was taken. Blocks. The reader of dictum's own
/// input has to be dropped before, or it takes keys from the program; draw everything anew afterwards.
pub fn run_external(command: &mut Command) -> io::Result<ExitStatus> {
    let taken = restore();
    set_use(Use::Running);
    let status = command.status();
    set_use(Use::Ended(Instant::now()));
    if let Some(mouse) = taken {
        take(mouse)?;
    }
    status
}

/// Why an editor brought no text. The text that was to be edited is unchanged.
#[derive(Debug, thiserror::Error)]
pub enum EditorError {
    #[error("no editor is set; set EDITOR, for example `export EDITOR=nano`, and start dictum again")]
    NotSet,
    #[error("the editor command `{0}` has a quote that is not closed; correct EDITOR or VISUAL")]
    Unclosed(String),
    #[error("the editor `{0}` was not found; correct EDITOR or VISUAL, or install it")]
    Missing(String),
    #[error("the editor `{program}` ended with an error ({status}), so the text is unchanged")]
    Failed { program: String, status: String },
    #[error("the editor's text is not UTF-8, so it was not taken over")]
    NotUtf8,
    #[error("the text could not be handed to the editor ({})", files::cause(.0))]
    Io(#[from] io::Error),
}

/// Lets the user edit a text in the editor of `VISUAL` or `EDITOR`; `extension` without a dot tells it the language.
pub fn edit_text(initial: &str, extension: &str) -> Result<String, EditorError> {
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .filter_map(|name| env::var(name).ok())
        .find(|command| !command.trim().is_empty())
        .ok_or(EditorError::NotSet)?;
    edit_text_with(&editor, initial, extension)
}

/// As [`edit_text`], with the editor given as a shell would be given it: `code --wait`, `'/opt/my editor/bin/ed' -x`.
pub fn edit_text_with(editor: &str, initial: &str, extension: &str) -> Result<String, EditorError> {
    let words = split_words(editor).ok_or_else(|| EditorError::Unclosed(editor.to_string()))?;
    let (program, arguments) = words.split_first().ok_or(EditorError::NotSet)?;
    // The folder is private, and takes the editor's own backup and swap files with it when it goes.
    let mut builder = tempfile::Builder::new();
    builder.prefix("dictum-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    let folder = builder.tempdir()?;
    let path = write_private(folder.path().join(format!("edit.{extension}")), initial)?;
    let status = run_external(Command::new(program).args(arguments).arg(&path)).map_err(|error| {
        if error.kind() == io::ErrorKind::NotFound {
            EditorError::Missing(program.clone())
        } else {
            EditorError::Io(error)
        }
    })?;
    if !status.success() {
        return Err(EditorError::Failed { program: program.clone(), status: status.to_string() });
    }
    let text = String::from_utf8(fs::read(&path)?).map_err(|_| EditorError::NotUtf8)?;
    Ok(without_added_end(initial, text))
}

fn write_private(path: PathBuf, text: &str) -> io::Result<PathBuf> {
    files::private().write(true).create_new(true).open(&path)?.write_all(text.as_bytes())?;
    Ok(path)
}

/// Editors end the last line of a file; a text that came without that end goes back without it.
fn without_added_end(initial: &str, mut text: String) -> String {
    if !initial.ends_with('\n') && text.ends_with('\n') {
        text.pop();
        if text.ends_with('\r') {
            text.pop();
        }
    }
    text
}

/// Splits as a shell splits words: blanks, single and double quotes, backslashes. `None` when a quote stays open.
pub(in crate::io) fn split_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(open), _) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(letters.next()?),
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            (_, _) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, expect: &[&str]) {
        assert_eq!(split_words(line).unwrap(), expect, "{line}");
    }

    #[test]
    fn words_are_split_as_a_shell_does() {
        check("vim", &["vim"]);
        check("  code   --wait ", &["code", "--wait"]);
        check("'/opt/my editor/ed' -x", &["/opt/my editor/ed", "-x"]);
        check(r#"emacs "-nw" --eval '(x "y")'"#, &["emacs", "-nw", "--eval", r#"(x "y")"#]);
        check(r"/opt/my\ editor ''", &["/opt/my editor", ""]);
        check("", &[]);
        assert_eq!(split_words("vim 'x"), None);
        assert_eq!(split_words("vim \\"), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_editors_text_comes_back() {
        assert_eq!(edit_text_with("sh -c 'echo changed > \"$0\"'", "- a", "md").unwrap(), "changed");
        assert_eq!(edit_text_with("sh -c 'echo more >> \"$0\"'", "- a\n", "md").unwrap(), "- a\nmore\n");
        assert_eq!(edit_text_with("true", "- a", "md").unwrap(), "- a");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nobody_else_can_read_the_text_meanwhile() {
        let modes = "sh -c 'm=$(stat -c %a \"$0\" \"$(dirname \"$0\")\"); echo \"$m\" > \"$0\"'";
        assert_eq!(edit_text_with(modes, "", "md").unwrap(), "600\n700");
    }

    #[cfg(unix)]
    #[test]
    fn an_editor_that_fails_says_so() {
        #[track_caller]
        fn check(editor: &str, expect: &str) {
            let error = edit_text_with(editor, "- a", "md").unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        }
        check("no-such-editor-here --wait", "`no-such-editor-here` was not found");
        check("false", "ended with an error");
        check("sh -c 'exit 7'", "7");
        check("  ", "set EDITOR");
        check("vim 'x", "not closed");
        check("sh -c 'printf \"\\377\" > \"$0\"'", "not UTF-8");
    }
}
