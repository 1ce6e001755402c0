//! Which quota a key has, if not all keys have the same.

use std::any::Any;
use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use super::key::Lookup;
use crate::quota::Quota;

/// The quota of each key, as a function of one form of the key.
pub(super) struct Classes<K> {
    of_key: Arc<dyn Fn(&K) -> Quota + Send + Sync>,
    /// An [`OfForm`] of the form that the function takes.
    of_form: Arc<dyn Any + Send + Sync>,
}

type OfForm<Q> = Arc<dyn Fn(&Q) -> Quota + Send + Sync>;

impl<K> Clone for Classes<K> {
    fn clone(&self) -> Self {
        Self { of_key: Arc::clone(&self.of_key), of_form: Arc::clone(&self.of_form) }
    }
}

impl<K> fmt::Debug for Classes<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Classes").finish_non_exhaustive()
    }
}

impl<K> Classes<K> {
    pub(super) fn new<Q>(quota_for: impl Fn(&Q) -> Quota + Send + Sync + 'static) -> Self
    where
        K: Borrow<Q>,
        Q: ?Sized + 'static,
    {
        let of_form: OfForm<Q> = Arc::new(quota_for);
        Self { of_form: Arc::new(Arc::clone(&of_form)), of_key: Arc::new(move |key| of_form(key.borrow())) }
    }

    /// The quota of a key in this form. If the function takes another form, the key is cloned for
    /// it.
    pub(super) fn quota_of<Q: Lookup<K> + ?Sized>(&self, key: &Q) -> Quota {
        match self.of_form.downcast_ref::<OfForm<Q>>() {
            Some(quota_for) => quota_for(key),
            None => (self.of_key)(&key.to_owned()),
        }
    }
}
