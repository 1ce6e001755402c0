//! The public verbs as a matrix: each type of limiter has each verb, or a reason why it has not.
//!
//! The first part reads `src/`, so a verb that is added to one type only is noticed. The second
//! part compiles calls, so a result that differs between types is noticed.
#![cfg(all(feature = "std", feature = "keyed", feature = "llm", not(loom)))]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// The columns, with the folders that have their `impl` blocks.
const TYPES: [(&str, &str); 8] = [
    ("RateLimiter", "limiter wait"),
    ("LocalLimiter", "limiter"),
    ("ConcurrentLimiter", "concurrency"),
    ("KeyedLimiter", "keyed"),
    ("Key", "keyed keyed/handle"),
    ("LimitSet", "set"),
    ("LimitList", "set"),
    ("LlmLimiter", "llm"),
];

/// Each verb with a mark for each column: `x` if the type has it, `-` if not. The line with `#`
/// above a group of rows says why a type has no such verb.
const MATRIX: &str = "
# every type decides at once
try_acquire             x x x x x x x x
try_acquire_at          x x x x x x x x
# a local handle belongs to one thread: it cannot be shared, waited for or queried; its limiter is. A key is a handle itself
acquire                 x - x x x x x x
acquire_owned           x - x x - x x x
try_acquire_owned       x - x x - x x x
try_acquire_owned_at    x - x x - x x x
available               x - x x x x x x
available_at            x - x x x x x x
cancel_waiters          x - x x x x x x
waiters                 x - x x x x x x
reset                   x - x x x x x x
builder                 x - x x - x x x
clock                   x - x x - x x x
# a local handle settles by its grants; calls of a language model are settled by their `Call`, and there is no sum over limits of different kinds: `available` has each
capacity_info           x - x x x x x -
capacity_info_at        x - x x x x x -
standing                x - x x x x x -
standing_at             x - x x x x x -
reconcile               x - x x x x x -
reconcile_at            x - x x x x x -
refund                  x - x x x x x -
refund_at               x - x x x x x -
charge                  x - x x x x x -
charge_at               x - x x x x x -
# a key is closed with its limiter
close                   x - x x - x x x
is_closed               x - x x - x x x
# only a single word can grant in part; a set or a call is granted whole
try_acquire_up_to       x - - x x - - -
try_acquire_up_to_at    x - - x x - - -
# nothing is charged for sets, slots and calls before they go, so there is no entry to reserve
reserve                 x - - x x - - -
reserve_at              x - - x x - - -
reserve_owned           x - - x - - - -
reserve_within          x - - x x - - -
reserve_within_at       x - - x x - - -
reserve_within_owned    x - - x - - - -
# a set has a quota for each limit, a call of a language model as well
quota                   x - x x x - - -
# a set and an LLM limiter take their clock from their limits or their builder; a key and a handle from their limiter
new                     x - x x - x x -
with_clock              x - x x - - - -
# a state of a single word: keys and sets have many words, and an LLM limiter has no bypass
bypass                  x - x - - - - -
# what a handle is made of
limiter                 - x x - x - - -
limits                  - - - - - x x -
# local handles
local                   x - - - - - - -
local_owned             x - - - - - - -
stock                   - x - - - - - -
flush                   - x - - - - - -
idle                    - x - - - - - -
# slots
slots                   - - x - - - - -
over                    - - x - - - - -
max_concurrent          - - x - - - - -
in_flight               - - x - - - - x
# keys
key                     - - - x - - - -
key_owned               - - - x - - - -
keys                    - - - x - - - -
states                  - - - x - - - -
len                     - - - x - - - -
is_empty                - - - x - - - -
evictions               - - - x - - - -
memory                  - - - x - - - -
waiters_of              - - - x - - - -
cancel_waiters_of       - - - x - - - -
reset_all               - - - x - - - -
# what changes a member without the set
notify                  - - - - - x x -
# what a provider says, and what an estimate would have to wait
observe                 - - - - - - - x
allow                   - - - - - - - x
allowed                 - - - - - - - x
lower_to                - - - - - - - x
pause                   - - - - - - - x
paused_for              - - - - - - - x
is_idle                 - - - - - - - x
wait_for                - - - - - - - x
";

/// The public functions of a type, by name.
fn functions(name: &str, folders: &str) -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeSet::new();
    for folder in folders.split(' ') {
        let mut files = vec![root.join(format!("{folder}.rs"))];
        files.extend(fs::read_dir(root.join(folder)).expect("a folder").map(|entry| entry.expect("an entry").path()));
        for file in files.into_iter().filter(|file| file.is_file()) {
            let text = fs::read_to_string(&file).expect("text");
            let mut inside = false;
            for line in text.lines() {
                if line.starts_with("impl") {
                    inside = is_impl_of(line, name);
                } else if line == "}" {
                    inside = false;
                } else if inside && let Some(function) = line.trim_start().strip_prefix("pub fn ") {
                    found.insert(function.split(['(', '<']).next().unwrap_or_default().to_owned());
                }
            }
        }
    }
    found
}

/// Whether a line begins an inherent `impl` block of a type.
fn is_impl_of(line: &str, name: &str) -> bool {
    let target = line.trim_end_matches('{').trim();
    let after_generics = if let Some(rest) = target.strip_prefix("impl<") {
        let mut depth = 1;
        let end = rest.find(|c| {
            depth += i32::from(c == '<') - i32::from(c == '>');
            depth == 0
        });
        end.map_or("", |end| &rest[end + 1..])
    } else {
        target.trim_start_matches("impl")
    };
    !target.contains(" for ") && after_generics.trim().split('<').next() == Some(name)
}

/// The rows of [`MATRIX`]: verb and marks.
fn rows() -> BTreeMap<String, String> {
    let rows = MATRIX.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        (words.next().unwrap_or_default().to_owned(), words.collect())
    };
    rows.map(row).collect()
}

#[test]
fn every_public_verb_has_a_row_in_the_matrix() {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (column, (name, folders)) in TYPES.iter().enumerate() {
        let functions = functions(name, folders);
        assert!(functions.len() > 3, "{name} is not found in {folders}");
        for function in functions {
            let row = seen.entry(function).or_insert_with(|| "-".repeat(TYPES.len()));
            row.replace_range(column..=column, "x");
        }
    }
    let expected = rows();
    let differ = |(verb, row): &(&String, &String)| expected.get(*verb) != Some(*row);
    let new: Vec<_> = seen.iter().filter(differ).collect();
    let gone: Vec<_> = expected.keys().filter(|verb| !seen.contains_key(*verb)).collect();
    assert!(
        new.is_empty() && gone.is_empty(),
        "verbs that differ from the matrix: {new:?}; verbs that are gone: {gone:?}"
    );
}

/// Only compiled: the same verb has the same form on every type.
mod forms {
    use std::sync::Arc;
    use std::time::Duration;

    use limitor::admit::{Admit, Refusal, Settle};
    use limitor::llm::{self, LlmLimiter, Usage};
    use limitor::set::{LimitDenied, LimitError, LimitList};
    use limitor::wait::{Deadline, Patience};
    use limitor::{
        AcquireError, BuildError, ConcurrentLimiter, Denied, Grant, KeyedLimiter, LimitSet, LocalLimiter, ManualClock,
        Quota, RateLimiter, Reason, Standing, Strategy, Timestamp, concurrency, keyed, set,
    };

    /// All limiters on one clock.
    struct All<'a> {
        rate: &'a Arc<RateLimiter<ManualClock>>,
        local: &'a LocalLimiter<'a, ManualClock>,
        slots: &'a Arc<ConcurrentLimiter<ManualClock>>,
        keyed: &'a Arc<KeyedLimiter<String, ManualClock>>,
        key: &'a keyed::Key<'a, String, ManualClock>,
        set: &'a Arc<LimitSet<2, ManualClock>>,
        list: &'a Arc<LimitList<ManualClock>>,
        llm: &'a Arc<LlmLimiter<ManualClock>>,
        now: Timestamp,
    }

    #[expect(dead_code, reason = "compiled, not run")]
    fn tries<'a>(all: &All<'a>, usage: Usage) {
        let _: Result<Grant<'_, _>, Denied> = all.rate.try_acquire(1);
        let _: Result<Grant<'_, _>, Denied> = all.local.try_acquire(1);
        let _: Result<concurrency::Slot<'_, _>, Denied> = all.slots.try_acquire(1);
        let _: Result<keyed::Grant<'_, _, _>, Denied> = all.keyed.try_acquire("ann", 1);
        let _: Result<keyed::Grant<'a, _, _>, Denied> = all.key.try_acquire(1);
        let _: Result<set::Grant<'_, 2, _>, LimitDenied> = all.set.try_acquire([1, 1]);
        let _: Result<llm::Call<'_, _>, LimitDenied> = all.llm.try_acquire(usage);

        let _: Result<Grant<'_, _>, Denied> = all.rate.try_acquire_at(all.now, 1);
        let _: Result<Grant<'_, _>, Denied> = all.local.try_acquire_at(all.now, 1);
        let _: Result<concurrency::Slot<'_, _>, Denied> = all.slots.try_acquire_at(all.now, 1);
        let _: Result<keyed::Grant<'_, _, _>, Denied> = all.keyed.try_acquire_at(all.now, "ann", 1);
        let _: Result<set::Grant<'_, 2, _>, LimitDenied> = all.set.try_acquire_at(all.now, [1, 1]);
        let _: Result<llm::Call<'_, _>, LimitDenied> = all.llm.try_acquire_at(all.now, usage);

        let _: Result<Grant<'static, _>, Denied> = all.rate.try_acquire_owned(1);
        let _: Result<concurrency::Slot<'static, _>, Denied> = all.slots.try_acquire_owned(1);
        let _: Result<keyed::Grant<'static, _, _>, Denied> = all.keyed.try_acquire_owned("ann", 1);
        let _: Result<set::Grant<'static, 2, _>, LimitDenied> = all.set.try_acquire_owned([1, 1]);
        let _: Result<llm::Call<'static, _>, LimitDenied> = all.llm.try_acquire_owned(usage);
    }

    #[expect(dead_code, reason = "compiled, not run")]
    async fn waits(all: &All<'_>, usage: Usage, deadline: Deadline) -> Result<(), Box<dyn std::error::Error>> {
        let timeout = Duration::from_secs(1);
        all.rate.acquire(1).timeout(timeout).deadline(deadline).wait()?.reconcile(1);
        all.slots.acquire(1).timeout(timeout).deadline(deadline).wait()?.reconcile(1);
        all.keyed.acquire("ann", 1).timeout(timeout).deadline(deadline).wait()?.reconcile(1);
        all.key.acquire(1).timeout(timeout).deadline(deadline).wait()?.reconcile(1);
        all.set.acquire([1, 1]).timeout(timeout).deadline(deadline).wait()?.reconcile([1, 1]);
        all.llm.acquire(usage).timeout(timeout).deadline(deadline).wait()?.reconcile(usage);

        all.rate.acquire_owned(1).await?.refund();
        all.slots.acquire_owned(1).await?.refund();
        all.keyed.acquire_owned("ann", 1).await?.refund();
        all.key.acquire(1).await?.refund();
        all.set.acquire_owned([1, 1]).await?.refund();
        all.llm.acquire_owned(usage).await?.refund();
        Ok(())
    }

    /// The seam has all of them, borrowed and owned.
    #[expect(dead_code, reason = "compiled, not run")]
    fn seam(all: &All<'_>) {
        fn admits<L: Admit>(_: &L)
        where
            L::Grant: Settle<Cost = L::Cost>,
            L::Refusal: Refusal,
        {
        }
        fn owned<L: Admit<Grant: 'static, Admitting: Send + Unpin + 'static> + 'static>(limiter: &L) {
            admits(limiter);
        }
        owned(all.rate);
        owned(all.slots);
        owned(all.set);
        owned(all.list);
        owned(all.llm);
        owned(&all.keyed.key_owned("ann"));
        admits(&&**all.rate);
        admits(&&**all.slots);
        admits(&&**all.set);
        admits(&&**all.list);
        admits(&&**all.llm);
        admits(all.key);
    }

    #[expect(dead_code, reason = "compiled, not run")]
    fn accessors(denied: &Denied, error: &AcquireError, limit_denied: &LimitDenied, limit_error: &LimitError) {
        let _: [Reason; 4] = [denied.reason(), error.reason(), limit_denied.reason(), limit_error.reason()];
        let _: [Option<Duration>; 4] =
            [denied.retry_after(), error.retry_after(), limit_denied.retry_after(), limit_error.retry_after()];
        let _: (u64, Option<u64>, u64, Option<u64>) =
            (denied.requested(), error.requested(), limit_denied.requested(), limit_error.requested());
        let _: (Option<&str>, Option<&str>, &str, Option<&str>) =
            (denied.limit(), error.limit(), limit_denied.limit(), limit_error.limit());
        let _: [u64; 2] = [denied.remaining(), limit_denied.remaining()];
        let _: &'static str = denied.reason().as_str();
        let _: [&dyn std::error::Error; 4] = [denied, error, limit_denied, limit_error];
    }

    #[expect(dead_code, reason = "compiled, not run")]
    fn standings(all: &All<'_>) -> [Standing; 2] {
        let _: Standing = all.rate.standing_at(all.now);
        let _: Standing = all.keyed.standing("ann");
        let _: Standing = all.key.standing();
        all.set.standing()
    }

    /// The same setters on every builder, and one error for all that can fail.
    #[expect(dead_code, reason = "compiled, not run")]
    fn builders(
        quota: Quota,
        clock: &ManualClock,
        limits: [(&'static str, Arc<RateLimiter<ManualClock>>); 2],
    ) -> Result<(), BuildError> {
        let (strategy, clock) = (Strategy::Park, || clock.clone());
        let _: RateLimiter<ManualClock> =
            RateLimiter::builder(quota).clock(clock()).strategy(strategy).max_waiters(9).build();
        let _: KeyedLimiter<String, ManualClock> =
            KeyedLimiter::builder(quota).clock(clock()).strategy(strategy).max_waiters(9).build();
        let _: LimitSet<2, ManualClock> = LimitSet::builder(limits).strategy(strategy).max_waiters(9).build()?;
        let _: LlmLimiter<ManualClock> =
            LlmLimiter::builder().clock(clock()).strategy(strategy).max_waiters(9).build()?;
        let _: Patience = Patience::unlimited().timeout(Duration::ZERO);
        Ok(())
    }
}
