//! Messages that wait for the running reply, in the order in which they will be sent. It never sends one.

use crate::domain::kb::Span;

/// A message that waits, with a number that stays its own when others go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    pub id: u64,
    pub message: Vec<Span>,
}

/// The queue, next one first.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    waiting: Vec<Waiting>,
    next_id: u64,
    revision: u64,
    /// The messages before the one that is being edited, by their numbers; `None` while none is edited.
    before_edited: Option<Vec<u64>>,
}

/// Where a waiting message moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// It is sent sooner.
    Up,
    /// It is sent later.
    Down,
}

impl Queue {
    /// Grows with every change, so that a change is seen without a comparison.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// All of them, next one first.
    pub fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter()
    }

    /// Adds a message at the end, or at the place of the one that was taken out to be edited.
    pub fn put(&mut self, message: Vec<Span>) {
        let before = self.before_edited.take();
        self.push(message);
        if let Some(before) = before {
            let waits = |waiting: &Waiting| before.contains(&waiting.id);
            let place = self.waiting.iter().rposition(waits).map_or(0, |last| last + 1);
            if let Some(behind) = self.waiting.get_mut(place..) {
                behind.rotate_right(1);
            }
        }
    }

    /// Takes out the one with this number, if it still waits, and remembers its place for what it becomes.
    pub fn take_to_edit(&mut self, id: u64) -> Option<Vec<Span>> {
        let before = self.waiting.iter().take_while(|waiting| waiting.id != id).map(|waiting| waiting.id);
        let before = before.collect();
        let message = self.take(id)?;
        self.before_edited = Some(before);
        Some(message)
    }

    /// What is sent next is not the message that was taken out to be edited.
    pub fn forget_edited(&mut self) {
        self.before_edited = None;
    }

    /// Adds a message at the end.
    pub fn push(&mut self, message: Vec<Span>) {
        self.revision += 1;
        self.next_id += 1;
        self.waiting.push(Waiting { id: self.next_id, message });
    }

    /// Takes out the one that waits longest.
    pub fn take_first(&mut self) -> Option<Vec<Span>> {
        let id = self.waiting.first()?.id;
        self.take(id)
    }

    /// Adds a message before all others.
    pub fn put_first(&mut self, message: Vec<Span>) {
        self.push(message);
        self.waiting.rotate_right(1);
    }

    /// Takes out the one that was added last.
    pub fn take_last(&mut self) -> Option<Vec<Span>> {
        let id = self.waiting.last()?.id;
        self.take(id)
    }

    /// Takes out the one with this number, if it still waits.
    pub fn take(&mut self, id: u64) -> Option<Vec<Span>> {
        let place = self.place(id)?;
        self.revision += 1;
        Some(self.waiting.remove(place).message)
    }

    /// Moves the one with this number by one place; at the end it stays.
    pub fn shift(&mut self, id: u64, way: Move) {
        let Some(place) = self.place(id) else { return };
        let to = match way {
            Move::Up => place.checked_sub(1),
            Move::Down => Some(place + 1).filter(|to| *to < self.waiting.len()),
        };
        if let Some(to) = to {
            self.revision += 1;
            self.waiting.swap(place, to);
        }
    }

    fn place(&self, id: u64) -> Option<usize> {
        self.waiting.iter().position(|waiting| waiting.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_move_by_their_number_and_stop_at_the_ends() {
        let mut queue = Queue::default();
        for words in ["a", "b", "c"] {
            queue.push(vec![Span::typed(words)]);
        }
        let order = |queue: &Queue| {
            queue.iter().map(|waiting| waiting.message[0].text.clone()).collect::<Vec<_>>().join("")
        };
        queue.shift(3, Move::Up);
        assert_eq!(order(&queue), "acb");
        queue.shift(3, Move::Up);
        queue.shift(3, Move::Up);
        assert_eq!(order(&queue), "cab");
        queue.shift(2, Move::Down);
        assert_eq!(order(&queue), "cab");
        assert_eq!(queue.take(1), Some(vec![Span::typed("a")]));
        assert_eq!(queue.take(1), None);
        assert_eq!(queue.take_first(), Some(vec![Span::typed("c")]));
        assert_eq!(queue.take_last(), Some(vec![Span::typed("b")]));
        assert_eq!(queue.take_first(), None);
    }
}
