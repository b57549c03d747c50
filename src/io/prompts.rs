//! What a project's prompt held, in the state folder: the history of messages, and for each running dictum a file with its drafts and
//! queue. It never writes words that look like a secret, and never touches the draft of a dictum that still runs.

use std::collections::HashSet;
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};

use super::files::{self, Content, LockError, WriteError};
use super::providers::Keys;
use crate::base::text;
use crate::domain::kb::secret::{Secrets, apart};
use crate::domain::kb::{Origin, Span, joined};
use crate::protocol::message::{Event, Prompts};

/// The history of a project, in its folder.
pub(super) const HISTORY_FILE: &str = "history.jsonl";

/// Messages that the history keeps.
const MESSAGES: usize = 1_000;

/// Bytes that it keeps; the oldest messages go first.
const HISTORY: usize = 8 << 20;

/// A draft beyond this is no draft.
const LARGEST: u64 = 256 << 20;

/// The history is locked for a few milliseconds.
const PATIENCE: Duration = Duration::from_secs(2);

/// A lock file without a draft that is older than this was left behind.
const STALE: Duration = Duration::from_secs(60);

/// Put in the place of what looks like a secret.
pub(super) const LEFT_OUT: &str = "‹a secret was here›";

/// Why something could not be kept.
#[derive(Debug, thiserror::Error)]
pub enum PromptsError {
    #[error("there is no folder for dictum's state; set XDG_STATE_HOME to a folder you may write")]
    NoFolder,
    #[error("{}", files::cause(.0))]
    Io(#[from] io::Error),
    #[error("{0}")]
    Lock(#[from] LockError),
    #[error("{0}")]
    Write(#[from] WriteError),
    #[error("it cannot be written as JSON ({0})")]
    Json(#[from] serde_json::Error),
}

/// What becomes of the drafts that earlier runs left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// They are this run's from now on.
    Taken,
    /// They wait for a run that keeps what comes of them: one that does not would show them and leave them as they were.
    Alone,
}

enum Job {
    Read(Left),
    Remember(Vec<Vec<Span>>),
    Keep { drafts: Vec<Vec<Span>>, queue: Vec<Vec<Span>> },
}

/// The thread that reads and writes, one job after the other. It sleeps while there is none.
pub struct Keeper {
    jobs: Sender<Job>,
    thread: JoinHandle<()>,
}

impl Keeper {
    /// Starts it for a project; it answers through `tell` and writes none of the `keys`. Without a folder it keeps nothing and says so once.
    pub fn start(
        folder: Option<&Path>,
        project: &Path,
        keys: Arc<Keys>,
        tell: impl Fn(Event) + Send + 'static,
    ) -> io::Result<Self> {
        let folder = folder.map(|folder| folder.join(files::project_key(project)));
        let (jobs, incoming) = channel();
        let thread = thread::Builder::new()
            .name("prompts".to_string())
            .spawn(move || work(folder, &incoming, &keys, tell))?;
        Ok(Self { jobs, thread })
    }

    /// Reads the history, and the drafts that were left where they are taken; tells of them if there are any.
    pub fn read(&self, left: Left) {
        self.send(Job::Read(left));
    }

    /// Adds to the history.
    pub fn remember(&self, messages: Vec<Vec<Span>>) {
        self.send(Job::Remember(messages));
    }

    /// Keeps this in place of what was kept before.
    pub fn keep(&self, drafts: Vec<Vec<Span>>, queue: Vec<Vec<Span>>) {
        self.send(Job::Keep { drafts, queue });
    }

    fn send(&self, job: Job) {
        // A thread that is gone has told why, or the program ends.
        let _ = self.jobs.send(job);
    }

    /// Waits until everything is written, but not for a disk that hangs.
    pub fn finish(self, patience: Duration) {
        let Self { jobs, thread } = self;
        drop(jobs);
        let end = Instant::now() + patience;
        while !thread.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn work(folder: Option<PathBuf>, jobs: &Receiver<Job>, keys: &Arc<Keys>, tell: impl Fn(Event)) {
    let mut desk = folder.map(|folder| Desk::new(folder, Arc::clone(keys)));
    let mut told = false;
    while let Ok(job) = jobs.recv() {
        let done = match (&mut desk, job) {
            (None, Job::Read(_)) => Ok(()),
            (None, Job::Remember(_) | Job::Keep { .. }) => Err(PromptsError::NoFolder),
            (Some(desk), Job::Read(left)) => desk.read(left).map(|prompts| {
                if prompts != Prompts::default() {
                    tell(Event::PromptsRead(prompts));
                }
            }),
            (Some(desk), Job::Remember(messages)) => desk.remember(&messages),
            (Some(desk), Job::Keep { drafts, queue }) => desk.keep(drafts, queue),
        };
        if let Err(error) = done
            && !told
        {
            told = true;
            tell(Event::Warned(format!("Drafts and history are not kept for the next start: {error}")));
        }
    }
}

/// Messages of a project that no session says any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsaid {
    /// The key of the project, as `files::project_key` gives it.
    pub project: String,
    pub texts: HashSet<String>,
}

/// Takes messages out of the histories of their projects. What a dictum that runs adds meanwhile stays.
pub fn forget(folder: &Path, unsaid: &[Unsaid]) -> Result<(), PromptsError> {
    for Unsaid { project, texts } in unsaid {
        let path = folder.join(project).join(HISTORY_FILE);
        if !path.exists() {
            continue;
        }
        let _lock = files::lock(&path.with_extension("lock"), PATIENCE)?;
        let mut lines = read_lines(&path)?;
        let before = lines.len();
        lines.retain(|line| message(line).is_none_or(|message| !texts.contains(&joined(&message))));
        if lines.len() < before {
            rewrite(&path, &lines)?;
        }
    }
    Ok(())
}

/// The message of a line of the history; `None` where it is none.
fn message(line: &str) -> Option<Vec<Span>> {
    serde_json::from_str::<Vec<Piece>>(line).ok().map(spans)
}

/// A piece of a message as it is written, here and in the store of sessions.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Piece {
    Typed(String),
    Pasted(String),
}

/// What a draft file holds.
#[derive(Serialize, Deserialize)]
struct Kept {
    drafts: Vec<Vec<Piece>>,
    queue: Vec<Vec<Piece>>,
}

pub(super) fn pieces(message: &[Span]) -> Vec<Piece> {
    let piece = |span: &Span| match span.origin {
        Origin::Typed => Piece::Typed(span.text.clone()),
        // What is not typed counts as pasted when it comes back: it may not become a directive.
        Origin::Pasted | Origin::FileMention | Origin::Tool | Origin::Model | Origin::SlashExpansion => {
            Piece::Pasted(span.text.clone())
        }
    };
    message.iter().map(piece).collect()
}

pub(super) fn spans(message: Vec<Piece>) -> Vec<Span> {
    let span = |piece| match piece {
        Piece::Typed(words) => Span::typed(text::sanitise(&words)),
        Piece::Pasted(words) => Span::pasted(text::sanitise(&words)),
    };
    message.into_iter().map(span).collect()
}

/// A draft file and the lock that says whose it is; the system gives the lock back when its process ends, however it ends.
struct Mine {
    draft: PathBuf,
    _lock: File,
}

impl Mine {
    fn lock_path(&self) -> PathBuf {
        self.draft.with_extension("lock")
    }

    fn remove(self) {
        // What cannot be removed comes back at the next start, which loses nothing.
        let _ = fs::remove_file(&self.draft);
        let _ = fs::remove_file(self.lock_path());
    }
}

/// The files of one project, for one running dictum.
struct Desk {
    folder: PathBuf,
    secrets: Option<Secrets>,
    keys: Arc<Keys>,
    mine: Option<Mine>,
    /// Drafts of sessions that are over; their words are in this session now and are removed once it has kept them itself.
    taken: Vec<Mine>,
    last: (Vec<Vec<Span>>, Vec<Vec<Span>>),
}

impl Desk {
    fn new(folder: PathBuf, keys: Arc<Keys>) -> Self {
        Self { folder, secrets: None, keys, mine: None, taken: Vec::new(), last: Default::default() }
    }

    fn history_path(&self) -> PathBuf {
        self.folder.join(HISTORY_FILE)
    }

    fn read(&mut self, left: Left) -> Result<Prompts, PromptsError> {
        if !self.folder.is_dir() {
            return Ok(Prompts::default());
        }
        let history = self.read_history()?;
        let (mut drafts, mut queue) = (Vec::new(), Vec::new());
        let behind = match left {
            Left::Taken => self.left_behind()?,
            Left::Alone => Vec::new(),
        };
        for (mine, kept) in behind {
            drafts.extend(kept.drafts.into_iter().map(spans));
            queue.extend(kept.queue.into_iter().map(spans));
            self.taken.push(mine);
        }
        Ok(Prompts { history, drafts, queue })
    }

    /// Drafts whose dictum is gone, oldest first.
    fn left_behind(&self) -> Result<Vec<(Mine, Kept)>, PromptsError> {
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if !name.starts_with("draft-") {
                continue;
            }
            let time = entry.metadata().and_then(|meta| meta.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            if name.ends_with(".lock") {
                let old = time.elapsed().is_ok_and(|age| age > STALE);
                if old && !path.with_extension("json").exists() && lock_of_nobody(&path).is_some() {
                    let _ = fs::remove_file(&path);
                }
                continue;
            }
            let Some(lock) = name.ends_with(".json").then(|| lock_of_nobody(&path.with_extension("lock")))
            else {
                continue;
            };
            let mine = lock.map(|lock| Mine { draft: path, _lock: lock });
            let Some(mine) = mine else { continue };
            // A file that is none of ours, or not whole, is left alone.
            if let Ok(Content::Whole(bytes)) = files::read_bounded(&mine.draft, LARGEST)
                && let Ok(kept) = serde_json::from_slice::<Kept>(&bytes)
            {
                found.push((time, mine, kept));
            }
        }
        found.sort_by_key(|(time, ..)| *time);
        Ok(found.into_iter().map(|(_, mine, kept)| (mine, kept)).collect())
    }

    fn read_history(&self) -> Result<Vec<Vec<Span>>, PromptsError> {
        let path = self.history_path();
        if !path.exists() {
            return Ok(Vec::new());
        }
        let _lock = files::lock(&path.with_extension("lock"), PATIENCE)?;
        let lines = read_lines(&path)?;
        let kept = newest(&lines);
        if kept.len() < lines.len() {
            rewrite(&path, kept)?;
        }
        Ok(kept.iter().filter_map(|line| message(line)).collect())
    }

    fn remember(&mut self, messages: &[Vec<Span>]) -> Result<(), PromptsError> {
        let mut lines = String::new();
        for message in messages {
            if self.secrets(&joined(message)).is_empty() {
                lines.push_str(&serde_json::to_string(&pieces(message))?);
                lines.push('\n');
            }
        }
        if lines.is_empty() {
            return Ok(());
        }
        files::private_folder(&self.folder)?;
        let path = self.history_path();
        let _lock = files::lock(&path.with_extension("lock"), PATIENCE)?;
        let mut file = files::private().read(true).append(true).create(true).open(&path)?;
        // A line that a crash cut short must not take this one with it.
        if file.metadata()?.len() > 0 {
            file.seek(SeekFrom::End(-1))?;
            let mut last = [0];
            file.read_exact(&mut last)?;
            if last != *b"\n" {
                lines.insert(0, '\n');
            }
        }
        file.write_all(lines.as_bytes())?;
        if file.metadata()?.len() > 2 * HISTORY as u64 {
            let lines = read_lines(&path)?;
            rewrite(&path, newest(&lines))?;
        }
        Ok(())
    }

    fn keep(&mut self, drafts: Vec<Vec<Span>>, queue: Vec<Vec<Span>>) -> Result<(), PromptsError> {
        let now = (drafts, queue);
        if now != self.last {
            if now.0.is_empty() && now.1.is_empty() {
                // The lock stays: it says that this dictum runs.
                if let Some(mine) = &self.mine
                    && mine.draft.exists()
                {
                    fs::remove_file(&mine.draft)?;
                }
            } else {
                self.write(&now.0, &now.1)?;
            }
            self.last = now;
        }
        for taken in self.taken.drain(..) {
            taken.remove();
        }
        Ok(())
    }

    fn write(&mut self, drafts: &[Vec<Span>], queue: &[Vec<Span>]) -> Result<(), PromptsError> {
        // It is looked at as a whole: a secret may be half typed and half pasted.
        let mut harmless = |messages: &[Vec<Span>]| {
            messages
                .iter()
                .map(|message| pieces(&without(&self.secrets(&joined(message)), message)))
                .collect()
        };
        let kept = Kept { drafts: harmless(drafts), queue: harmless(queue) };
        let bytes = serde_json::to_vec(&kept)?;
        let draft = self.my_draft()?;
        files::put_private(&draft, &bytes)?;
        Ok(())
    }

    /// The place of this dictum's own draft, from the first one on.
    fn my_draft(&mut self) -> Result<PathBuf, PromptsError> {
        if let Some(mine) = &self.mine {
            return Ok(mine.draft.clone());
        }
        files::private_folder(&self.folder)?;
        let (lock, path) = tempfile::Builder::new()
            .prefix("draft-")
            .suffix(".lock")
            .tempfile_in(&self.folder)?
            .keep()
            .map_err(|error| error.error)?;
        lock.lock()?;
        let draft = path.with_extension("json");
        self.mine = Some(Mine { draft: draft.clone(), _lock: lock });
        Ok(draft)
    }

    /// Where a secret stands: what looks like one, and the keys of the providers, whatever they look like.
    fn secrets(&mut self, text: &str) -> Vec<Range<usize>> {
        let mut found = self.secrets.get_or_insert_with(Secrets::new).ranges(text);
        found.extend(self.keys.ranges(text));
        apart(found)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // The session ends and keeps nothing: its lock says nothing any more.
        if let Some(mine) = self.mine.take()
            && !mine.draft.exists()
        {
            mine.remove();
        }
    }
}

/// The lock, if nobody has it.
fn lock_of_nobody(path: &Path) -> Option<File> {
    let file = files::private().write(true).create(true).truncate(false).open(path).ok()?;
    match file.try_lock() {
        Ok(()) => Some(file),
        Err(TryLockError::WouldBlock | TryLockError::Error(_)) => None,
    }
}

fn read_lines(path: &Path) -> Result<Vec<String>, PromptsError> {
    let mut file = File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(4 * HISTORY as u64);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).lines().map(str::to_string).collect())
}

/// The newest lines that are kept.
fn newest(lines: &[String]) -> &[String] {
    let mut room = HISTORY;
    let fits = |line: &&String| match room.checked_sub(line.len()) {
        Some(rest) => {
            room = rest;
            true
        }
        None => false,
    };
    let count = lines.iter().rev().take(MESSAGES).take_while(fits).count();
    lines.get(lines.len() - count..).unwrap_or_default()
}

fn rewrite(path: &Path, lines: &[String]) -> Result<(), PromptsError> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    files::replace(path, text.as_bytes(), || true)?;
    Ok(())
}

/// The message with other words in the place of these bytes of its whole text; they are in order and apart from each other.
pub(super) fn without(ranges: &[Range<usize>], message: &[Span]) -> Vec<Span> {
    let whole = joined(message);
    let mut start = 0;
    let part = |span: &Span| {
        let end = start + span.text.len();
        let (mut text, mut at) = (String::new(), start);
        for range in ranges.iter().filter(|range| range.start < end && start < range.end) {
            text.push_str(whole.get(at..range.start.max(at)).unwrap_or_default());
            if range.start >= start {
                text.push_str(LEFT_OUT);
            }
            at = range.end.min(end);
        }
        text.push_str(whole.get(at..end).unwrap_or_default());
        start = end;
        Span { text, origin: span.origin }
    };
    message.iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Vec<Span> {
        vec![Span::typed(text)]
    }

    fn desk(folder: &Path) -> Desk {
        Desk::new(folder.join("prompts"), Arc::new(Keys::default()))
    }

    #[test]
    fn what_was_sent_is_there_at_the_next_start_with_its_origin() {
        let folder = tempfile::tempdir().unwrap();
        let message = vec![Span::typed("see "), Span::pasted("a\nlog")];
        desk(folder.path()).remember(&[typed("one"), message.clone()]).unwrap();
        desk(folder.path()).remember(&[typed("two")]).unwrap();
        assert_eq!(
            desk(folder.path()).read(Left::Taken).unwrap().history,
            [typed("one"), message, typed("two")]
        );
    }

    #[test]
    fn what_no_session_says_any_more_leaves_the_history_of_its_project_alone() {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = desk(folder.path());
        let split = vec![Span::typed("see "), Span::pasted("this")];
        desk.remember(&[typed("one"), split, typed("see this too"), typed("one")]).unwrap();
        let unsaid = |project: &str, texts: &[&str]| Unsaid {
            project: project.to_string(),
            texts: texts.iter().map(|text| (*text).to_string()).collect(),
        };
        let gone = unsaid("prompts", &["one", "see this"]);
        forget(folder.path(), &[unsaid("elsewhere", &["see this too"]), gone]).unwrap();
        assert_eq!(desk.read(Left::Taken).unwrap().history, [typed("see this too")]);
        let left = fs::read_to_string(desk.history_path()).unwrap();
        assert!(!left.contains("one"), "{left}");
        assert!(!folder.path().join("elsewhere").exists());
    }

    #[test]
    fn a_torn_line_and_foreign_words_take_nothing_else_with_them() {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = desk(folder.path());
        desk.remember(&[typed("one")]).unwrap();
        let mut bytes = fs::read(desk.history_path()).unwrap();
        bytes.extend_from_slice(b"[{\"typed\":\"\\u001b[31mred\"}]\nnonsense\xff\n[{\"typed\":\"to");
        fs::write(desk.history_path(), bytes).unwrap();
        desk.remember(&[typed("two")]).unwrap();
        assert_eq!(desk.read(Left::Taken).unwrap().history, [typed("one"), typed("red"), typed("two")]);
    }

    #[test]
    fn the_last_thousand_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = desk(folder.path());
        let messages: Vec<_> = (0..1_200).map(|number| typed(&format!("message {number}"))).collect();
        desk.remember(&messages).unwrap();
        let history = desk.read(Left::Taken).unwrap().history;
        assert_eq!((history.len(), history.first()), (1_000, Some(&typed("message 200"))));
        assert_eq!(fs::read_to_string(desk.history_path()).unwrap().lines().count(), 1_000);
    }

    #[test]
    fn a_secret_is_never_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = desk(folder.path());
        let secret = "sk-ant-api03-abcdefghijklmnop";
        let message =
            vec![Span::typed("use sk-ant-"), Span::pasted("api03-abcdefghijklmnop"), Span::typed(" now")];
        desk.remember(&[message.clone(), typed("harmless")]).unwrap();
        desk.keep(vec![message], vec![typed(&format!("and {secret}!"))]).unwrap();
        for entry in fs::read_dir(folder.path().join("prompts")).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(!text.contains("abcdefghij"), "{text}");
        }
        desk.mine = None;
        let prompts = desk.read(Left::Taken).unwrap();
        assert_eq!(prompts.history, [typed("harmless")]);
        assert_eq!(joined(&prompts.drafts[0]), format!("use {LEFT_OUT} now"));
        assert_eq!(joined(&prompts.queue[0]), format!("and {LEFT_OUT}!"));
    }

    #[test]
    fn a_draft_belongs_to_the_dictum_that_runs_and_then_to_one_start() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = desk(folder.path());
        first.keep(vec![typed("mine")], vec![typed("later")]).unwrap();
        let mut second = desk(folder.path());
        assert_eq!(second.read(Left::Taken).unwrap(), Prompts::default());
        second.keep(vec![typed("other")], Vec::new()).unwrap();
        drop(first);
        let mut third = desk(folder.path());
        let prompts = third.read(Left::Taken).unwrap();
        assert_eq!((prompts.drafts, prompts.queue), (vec![typed("mine")], vec![typed("later")]));
        assert_eq!(desk(folder.path()).read(Left::Taken).unwrap(), Prompts::default(), "one start takes it");
        // A start that ends before it kept anything itself gives it to the next one.
        drop(third);
        let mut fourth = desk(folder.path());
        assert_eq!(fourth.read(Left::Taken).unwrap().drafts, [typed("mine")]);
        fourth.keep(Vec::new(), Vec::new()).unwrap();
        drop((second, fourth));
        assert_eq!(desk(folder.path()).read(Left::Taken).unwrap().drafts, [typed("other")]);
    }

    #[test]
    fn a_run_that_keeps_nothing_leaves_drafts_to_the_next_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut first = desk(folder.path());
        first.remember(&[typed("sent")]).unwrap();
        first.keep(vec![typed("mine")], vec![typed("later")]).unwrap();
        drop(first);
        let mut off = desk(folder.path());
        let seen = off.read(Left::Alone).unwrap();
        assert_eq!(seen, Prompts { history: vec![typed("sent")], ..Prompts::default() });
        // Also while it runs, and once only.
        let mut next = desk(folder.path());
        let prompts = next.read(Left::Taken).unwrap();
        assert_eq!((prompts.drafts, prompts.queue), (vec![typed("mine")], vec![typed("later")]));
        drop(off);
        next.keep(Vec::new(), Vec::new()).unwrap();
        drop(next);
        assert!(desk(folder.path()).read(Left::Taken).unwrap().drafts.is_empty());
    }

    #[test]
    fn an_emptied_draft_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut desk = desk(folder.path());
        desk.keep(Vec::new(), Vec::new()).unwrap();
        assert!(!folder.path().join("prompts").exists());
        desk.keep(vec![typed("words")], Vec::new()).unwrap();
        assert_eq!(fs::read_dir(folder.path().join("prompts")).unwrap().count(), 2);
        desk.keep(Vec::new(), Vec::new()).unwrap();
        drop(desk);
        assert_eq!(fs::read_dir(folder.path().join("prompts")).unwrap().count(), 0);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_look() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let mut desk = desk(folder.path());
        desk.remember(&[typed("one")]).unwrap();
        desk.keep(vec![typed("words")], Vec::new()).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&desk.folder), 0o700);
        for entry in fs::read_dir(&desk.folder).unwrap() {
            let path = entry.unwrap().path();
            assert_eq!(mode(&path), 0o600, "{}", path.display());
        }
    }

    #[test]
    fn the_key_of_a_provider_is_not_written_whatever_it_looks_like() {
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::default();
        keys.insert("openai", "k-verysecret-abc123");
        let mut desk = Desk::new(folder.path().join("prompts"), Arc::new(keys));
        desk.remember(&[typed("why is k-verysecret-abc123 refused?"), typed("hello")]).unwrap();
        let half = vec![Span::typed("with k-very"), Span::pasted("secret-abc123")];
        desk.keep(vec![half], vec![typed("k-verysecret-abc123")]).unwrap();
        let files = fs::read_dir(&desk.folder).unwrap();
        let all: String = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
        assert!(all.contains("hello") && all.contains(LEFT_OUT), "{all}");
        assert!(!all.contains("verysecret") && !all.contains("secret-abc123"), "{all}");
    }
}
