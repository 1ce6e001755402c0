//! Announcing moves: waking the waiters with entries that have moved and come due soon.
//!
//! A move may concern every waiter, but few are woken for it. If an entry is far from due, its
//! waiter need not know of the move yet. When the waiters ahead leave, the move is announced
//! further back.

use super::Entries;
use crate::queue::entry::Kind;

/// How many waiters at the front learn of a move at once. One would be enough, because it announces
/// the move further back when it leaves. But a leaked future never looks again, and so announces
/// nothing. With this number, another waiter is late only if as many leaked futures in a row are
/// ahead of it.
const ANNOUNCED: usize = 8;

impl Entries {
    /// Wakes waiters of entries that have moved and come due soon, so that they learn of it in
    /// time.
    ///
    /// An entry comes due soon if that is within `span` of the first entry, or if it is one of the
    /// first [`ANNOUNCED`]. When it comes due, its waiter looks at the queue, which announces the
    /// move further back. So a move wakes few waiters, however many wait.
    pub(in crate::queue) fn announce(&mut self, span: u64) {
        if self.announced_to >= self.queue.len() {
            return;
        }
        let Some(first) = (self.head..self.queue.len()).find(|index| !self.queue[*index].is_gone()) else { return };
        let near = self.end(first).saturating_add(span);
        let mut index = self.head.max(self.announced_to);
        while index < self.queue.len() {
            let end = self.end(index);
            if let Kind::Waiting(listener) = &mut self.queue[index].kind {
                if self.announced >= ANNOUNCED && end > near {
                    break;
                }
                self.announced += 1;
                if end != listener.known {
                    listener.known = end;
                    self.outgoing.wake.extend(listener.waker.clone());
                }
            }
            index += 1;
        }
        self.announced_to = index;
    }
}
