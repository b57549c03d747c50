//! The store of sessions: a thread of its own that writes what is said as it is said, and finds it again. It never keeps the screen
//! waiting, never stores a secret, and opens its file only when there is something to do.

mod deletion;
pub mod file;
pub mod inspect;
mod live;
pub mod read;
mod redact;
mod rows;
mod unsaid;
pub mod words;
pub mod write;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use self::file::StoreError;
pub(super) use self::redact::Redactor;
use self::write::{Book, Recorded};
use super::files;
use super::providers::Keys;
use crate::domain::chat::Body;
use crate::protocol::sessions::{Ask, Record, Told};

/// An entry as it would be stored.
pub(super) fn without_secrets(body: Body, redactor: &Redactor) -> Body {
    let row = rows::row(&body, redactor);
    rows::body(row.kind, row.text, &row.more).unwrap_or(body)
}

/// Where sessions are kept, and for how long.
#[derive(Clone, Debug)]
pub struct Place {
    /// `None` when no state folder can be had.
    pub folder: Option<PathBuf>,
    /// A session that did not change for so many days is deleted; 0 keeps all.
    pub days: u32,
    /// Where the histories of the prompt are, which forget what is deleted.
    pub prompts: Option<PathBuf>,
}

/// The thread that stores and finds. It sleeps while there is nothing to do.
pub struct Store {
    asks: Sender<Ask>,
    thread: JoinHandle<()>,
}

impl Store {
    /// Starts it for a project; it answers through `tell`.
    pub fn start(
        place: Place,
        project: PathBuf,
        keys: Arc<Keys>,
        tell: impl Fn(Told) + Send + 'static,
    ) -> io::Result<Self> {
        let (asks, incoming) = channel();
        let work = move || {
            let mut desk = Desk {
                place,
                project,
                keys,
                tell,
                book: None,
                waiting: VecDeque::new(),
                state: Health::Good,
            };
            desk.work(&incoming);
        };
        let thread = thread::Builder::new().name("sessions".to_string()).spawn(work)?;
        Ok(Self { asks, thread })
    }

    /// Asks for something; the answer comes later.
    pub fn ask(&self, ask: Ask) {
        // A thread that is gone has told why, or the program ends.
        let _ = self.asks.send(ask);
    }

    /// Waits until everything is stored, but not for a disk that hangs. False where it was not waited for to the end.
    #[must_use]
    pub fn finish(self, patience: Duration) -> bool {
        let Self { asks, thread } = self;
        drop(asks);
        let end = Instant::now() + patience;
        while !thread.is_finished() && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        thread.is_finished()
    }
}

/// Whether records reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Good,
    /// They wait until they do; this was said.
    Failing,
    /// They will not in this run; this was said.
    Over,
}

struct Desk<T: Fn(Told)> {
    place: Place,
    project: PathBuf,
    keys: Arc<Keys>,
    tell: T,
    book: Option<Book>,
    /// Records that could not be stored yet, oldest first.
    waiting: VecDeque<Record>,
    state: Health,
}

impl<T: Fn(Told)> Desk<T> {
    fn work(&mut self, asks: &Receiver<Ask>) {
        let mut next = asks.recv().ok();
        while let Some(ask) = next {
            next = asks.try_recv().ok();
            match ask {
                Ask::Record(record) => self.record(*record),
                // Letters were typed on since; nobody waits for this answer.
                Ask::List { .. } if matches!(next, Some(Ask::List { .. })) => {}
                Ask::Close { conversation, session } => {
                    if let Some(book) = &mut self.book {
                        book.close(conversation, session);
                    }
                }
                ask @ (Ask::List { .. } | Ask::Open { .. } | Ask::Rename { .. } | Ask::Delete { .. }) => {
                    self.answer(&ask);
                }
            }
            next = next.or_else(|| asks.recv().ok());
        }
    }

    /// The open file; it is opened by the first that needs it.
    fn book(&mut self) -> Result<&mut Book, StoreError> {
        if self.book.is_none() {
            let folder = self.place.folder.as_ref().ok_or(StoreError::NoFolder)?;
            self.book = Some(Book::open(folder, &self.project, Arc::clone(&self.keys))?);
        }
        self.book.as_mut().ok_or(StoreError::NoFolder)
    }

    fn record(&mut self, record: Record) {
        if self.state == Health::Over {
            return;
        }
        self.waiting.push_back(record);
        while let Some(record) = self.waiting.pop_front() {
            let stored = self.book().and_then(|book| book.record(&record));
            match stored {
                Ok(Recorded::Begun(session)) => {
                    (self.tell)(Told::Begun { conversation: record.conversation, session });
                }
                Ok(Recorded::Known) => {}
                Ok(Recorded::Gone) => (self.tell)(Told::Gone { conversation: record.conversation }),
                Err(error @ StoreError::Damaged { .. }) => {
                    // What waits belongs to the damaged file; the core gives everything anew.
                    self.waiting.clear();
                    self.renew(&error);
                    return;
                }
                Err(error @ (StoreError::Newer { .. } | StoreError::NoFolder)) => {
                    self.state = Health::Over;
                    self.waiting.clear();
                    (self.tell)(Told::Unusable { cause: error.to_string() });
                    return;
                }
                Err(error) => {
                    self.waiting.push_front(record);
                    if self.state == Health::Good {
                        self.state = Health::Failing;
                        (self.tell)(Told::Failing { cause: error.to_string() });
                    }
                    return;
                }
            }
        }
        if self.state == Health::Failing {
            self.state = Health::Good;
            (self.tell)(Told::Mended);
        }
        self.expire();
    }

    /// Deletes old sessions, once in a run. A session that is gone on with has changed by now, so that it is not among them.
    fn expire(&mut self) {
        let days = std::mem::take(&mut self.place.days);
        if days > 0 {
            let histories = self.place.prompts.clone();
            // What cannot be deleted now is deleted by a later run; a history that is in the way will not go by itself.
            let expired = self.book().and_then(|book| book.expire(days, histories.as_deref()));
            if let Err(error @ StoreError::History(_)) = expired {
                (self.tell)(Told::NotExpired { cause: error.to_string() });
            }
        }
    }

    /// Moves the damaged file aside; a new one is made by the next record.
    fn renew(&mut self, error: &StoreError) {
        self.book = None;
        let Some(folder) = self.place.folder.clone() else { return };
        match file::set_aside(&folder) {
            Ok(Some(aside)) => {
                let cause = format!("{error}; it is kept as {}", files::shown(&aside));
                (self.tell)(Told::Renewed { cause });
            }
            // Another dictum has moved it aside and made a new one.
            Ok(None) => (self.tell)(Told::Renewed { cause: error.to_string() }),
            Err(error) => {
                self.state = Health::Over;
                (self.tell)(Told::Unusable { cause: error.to_string() });
            }
        }
    }

    fn answer(&mut self, ask: &Ask) {
        let told = match self.answered(ask) {
            Ok(told) => told,
            Err(error) => {
                if matches!(error, StoreError::Damaged { .. }) {
                    self.renew(&error);
                }
                let cause = error.to_string();
                match ask {
                    Ask::Open { .. } => Told::NotOpened { cause },
                    Ask::Record(_)
                    | Ask::Close { .. }
                    | Ask::List { .. }
                    | Ask::Rename { .. }
                    | Ask::Delete { .. } => Told::Refused { cause },
                }
            }
        };
        (self.tell)(told);
    }

    fn answered(&mut self, ask: &Ask) -> Result<Told, StoreError> {
        let histories = self.place.prompts.clone();
        let book = self.book()?;
        Ok(match ask {
            Ask::List { query } => {
                Told::Listed { query: query.clone(), sessions: book.list(query, read::LISTED)? }
            }
            Ask::Open { which } => Told::Opened(Box::new(book.open_session(*which)?)),
            Ask::Rename { session, title } => {
                let title = book.rename(*session, title)?;
                Told::Renamed { session: *session, title }
            }
            Ask::Delete { session } => {
                let unsaid = book.delete(*session, histories.as_deref())?;
                let key = files::project_key(&self.project);
                let here = unsaid.into_iter().filter(|unsaid| unsaid.project == key);
                Told::Deleted { session: *session, unsaid: here.flat_map(|unsaid| unsaid.texts).collect() }
            }
            Ask::Record(_) | Ask::Close { .. } => Told::Mended,
        })
    }
}

#[cfg(test)]
#[path = "store/tests.rs"]
mod tests;
