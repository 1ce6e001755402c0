//! Announcing moves: waking the waiters whose entries have moved and come due soon.
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
    /// Wakes waiters whose entries have moved and come due soon, so that they learn of it in time.
    ///
    /// These are the waiters whose entries come due within `span` of the first entry, and at least
    /// the first [`ANNOUNCED`] waiters. When the entry of such a waiter comes due, the waiter looks
    /// at the queue, which announces the move further back. So a move wakes few waiters, however
    /// many wait.
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
