//! What nobody says any more once sessions are deleted, for the histories of the prompt. It never deletes anything itself.

use std::collections::HashSet;
use std::path::Path;

use rusqlite::{Connection, params};

use super::read::is_gone;
use super::rows;
use crate::io::prompts::{HISTORY_FILE, Unsaid};

/// The folders that are there no more and have a history. Asked outside of any transaction: a folder on a server that is away answers late.
pub(super) fn gone(connection: &Connection, histories: Option<&Path>) -> rusqlite::Result<HashSet<i64>> {
    let has_history =
        |project: &str| histories.is_none_or(|histories| histories.join(project).join(HISTORY_FILE).exists());
    let mut all = connection.prepare_cached("SELECT id, key, folder FROM places")?;
    let places = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let mut found = HashSet::new();
    for place in places {
        let (place, project, folder): (i64, String, String) = place?;
        if has_history(&project) && is_gone(&project, &folder) {
            found.insert(place);
        }
    }
    Ok(found)
}

/// The messages of these sessions that no other session of their folder says, by folder. Folders that are gone are among them: a session
/// may have come from there when its folder was moved.
pub(super) fn unsaid(
    connection: &Connection,
    sessions: &[i64],
    gone: &HashSet<i64>,
) -> rusqlite::Result<Vec<Unsaid>> {
    let these = serde_json::to_string(sessions).unwrap_or_else(|_| "[]".to_string());
    let mut of_these = connection.prepare_cached(
        "SELECT s.place, e.text FROM sessions s JOIN entries e ON e.session = s.id
         WHERE s.id IN (SELECT value FROM json_each(?1)) AND e.kind = ?2",
    )?;
    let said = of_these.query_map(params![these, rows::USER], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let said = said.collect::<rusqlite::Result<Vec<(i64, String)>>>()?;
    if said.is_empty() {
        return Ok(Vec::new());
    }
    let mut all = connection.prepare_cached("SELECT id, key FROM places")?;
    let places = all.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut found = Vec::new();
    for place in places {
        let (place, project): (i64, String) = place?;
        let here = said.iter().filter(|(of, _)| *of == place || gone.contains(&place));
        let mut texts: HashSet<String> = here.map(|(_, text)| text.clone()).collect();
        if !texts.is_empty() {
            still_said(connection, place, &these, &mut texts)?;
        }
        if !texts.is_empty() {
            found.push(Unsaid { project, texts });
        }
    }
    Ok(found)
}

/// Takes out what other sessions of a folder say, too.
fn still_said(
    connection: &Connection,
    place: i64,
    these: &str,
    texts: &mut HashSet<String>,
) -> rusqlite::Result<()> {
    let mut of_others = connection.prepare_cached(
        "SELECT e.text FROM sessions s JOIN entries e ON e.session = s.id
         WHERE s.place = ?1 AND s.id NOT IN (SELECT value FROM json_each(?2)) AND e.kind = ?3",
    )?;
    let mut rows = of_others.query(params![place, these, rows::USER])?;
    while let Some(row) = rows.next()? {
        texts.remove(row.get_ref(0)?.as_str().unwrap_or_default());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;
    use std::time::Duration;

    use crate::domain::session::SessionId;
    use crate::io::files;
    use crate::io::prompts::Unsaid;
    use crate::io::providers::Keys;
    use crate::io::store::tests::{Room, begun, ended, titles, user};
    use crate::io::store::write::Book;
    use crate::io::store::{Place, Store};
    use crate::protocol::sessions::{Ask, Conversation, Record, Which};

    fn texts(unsaid: &[Unsaid]) -> Vec<String> {
        let mut texts: Vec<String> = unsaid.iter().flat_map(|unsaid| unsaid.texts.clone()).collect();
        texts.sort();
        texts
    }

    #[test]
    fn what_another_session_of_the_folder_says_is_still_said() {
        let room = Room::new();
        let mut book = room.book();
        let first = begun(&mut book, 1, vec![user(1, "yes"), ended(2, "Fine."), user(3, "one")]);
        let second = begun(&mut book, 2, vec![user(1, "yes"), ended(2, "one")]);
        fs::create_dir(room.0.path().join("other")).unwrap();
        begun(&mut room.book_in("other"), 1, vec![user(1, "one"), user(2, "yes")]);
        assert_eq!(texts(&book.delete(first, None).unwrap()), ["one"]);
        let last = book.delete(second, None).unwrap();
        assert_eq!(texts(&last), ["yes"]);
        assert_eq!(last[0].project, files::project_key(&room.0.path().join("project")));
    }

    #[test]
    fn a_session_whose_folder_was_moved_is_forgotten_where_it_began_too() {
        let room = Room::new();
        let session = begun(&mut room.book(), 1, vec![user(1, "one")]);
        let before = files::project_key(&room.0.path().join("project"));
        fs::rename(room.0.path().join("project"), room.0.path().join("moved")).unwrap();
        let mut book = room.book_in("moved");
        book.open_session(Which::Numbered(session)).unwrap();
        let mut projects: Vec<String> =
            book.delete(session, None).unwrap().into_iter().map(|unsaid| unsaid.project).collect();
        projects.sort();
        let mut expect = [before, files::project_key(&room.0.path().join("moved"))];
        expect.sort();
        assert_eq!(projects, expect);
    }

    #[test]
    fn where_the_history_cannot_be_changed_nothing_is_deleted() {
        let room = Room::new();
        let mut book = room.book();
        let session = begun(&mut book, 1, vec![user(1, "one")]);
        let prompts = room.0.path().join("prompts");
        // Nothing can be read where a folder is.
        let history = prompts.join(files::project_key(&room.0.path().join("project"))).join("history.jsonl");
        fs::create_dir_all(&history).unwrap();
        let refused = book.delete(session, Some(&prompts)).unwrap_err().to_string();
        assert!(refused.starts_with("the history of the prompt"), "{refused}");
        assert_eq!(titles(&book, ""), ["one"]);
        fs::remove_dir(&history).unwrap();
        book.delete(session, Some(&prompts)).unwrap();
        assert_eq!(titles(&book, ""), Vec::<String>::new());
    }

    #[test]
    fn the_history_of_one_folder_keeps_old_sessions_of_no_other() {
        let room = Room::new();
        for folder in ["one", "other", "third"] {
            fs::create_dir(room.0.path().join(folder)).unwrap();
            begun(&mut room.book_in(folder), 1, vec![user(1, folder)]);
        }
        let mut book = room.book();
        book.connection.execute("UPDATE sessions SET changed = changed - 9 * 86400000", []).unwrap();
        let prompts = room.0.path().join("prompts");
        let bad = prompts.join(files::project_key(&room.0.path().join("other"))).join("history.jsonl");
        fs::create_dir_all(&bad).unwrap();
        let kept = book.expire(2, Some(&prompts)).unwrap_err().to_string();
        assert!(kept.starts_with("the history of the prompt"), "{kept}");
        let left =
            |book: &Book| book.connection.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0));
        assert_eq!(left(&book), Ok(1));
        fs::remove_dir(&bad).unwrap();
        assert_eq!(book.expire(2, Some(&prompts)).unwrap(), 1);
        assert_eq!(left(&book), Ok(0));
    }

    #[test]
    fn what_goes_as_old_leaves_the_history_too() {
        let room = Room::new();
        let mut book = room.book();
        let old = begun(&mut book, 1, vec![user(1, "an old plan"), user(2, "yes")]);
        book.connection
            .execute("UPDATE sessions SET changed = changed - 9 * 86400000 WHERE id = ?1", [old.0])
            .unwrap();
        drop(book);
        let project = room.0.path().join("project");
        let prompts = room.0.path().join("prompts");
        let folder = prompts.join(files::project_key(&project));
        fs::create_dir_all(&folder).unwrap();
        let line = |text: &str| format!("[{{\"typed\":\"{text}\"}}]\n");
        let history = ["an old plan", "yes", "kept"].map(line).concat();
        fs::write(folder.join("history.jsonl"), history).unwrap();
        let place = Place { folder: Some(room.folder()), days: 2, prompts: Some(prompts) };
        let store = Store::start(place, project, Arc::new(Keys::default()), |_| {}).unwrap();
        store.ask(Ask::Record(Box::new(Record {
            conversation: Conversation(7),
            session: None,
            parent: None,
            changes: vec![user(1, "yes")],
            standing: None,
        })));
        assert!(store.finish(Duration::from_secs(20)));
        let left = fs::read_to_string(folder.join("history.jsonl")).unwrap();
        assert_eq!(left, ["yes", "kept"].map(line).concat());
        assert!(room.book().read(SessionId(old.0)).is_err());
    }
}
