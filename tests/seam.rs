//! The seam: one layer, written over `Admit` and `Settle`, on every limiter and on one of another
//! crate.
#![cfg(all(feature = "std", feature = "keyed", not(loom)))]

use std::error::Error;
use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use limitor::admit::{Admit, Refusal, Settle};
use limitor::buckets::{LeakyBucket, LeakyBucketGcra, LeakyQueue, TokenBucket, VirtualSchedulingGcra};
use limitor::wait::Patience;
use limitor::wrap::OnError;
use limitor::{ConcurrentLimiter, KeyedLimiter, LimitSet, ManualClock, Quota, RateLimiter, Reason, keyed};

const NOW_OR_NEVER: Patience = Patience::unlimited().timeout(Duration::ZERO);

/// What a poll gives: a future that is not ready would wait.
fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

fn ready_now<F: Future>(future: F) -> F::Output {
    match poll(future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

/// Runs `work` on a thread of its own, and fails if it does not end.
fn within_20_seconds<R: Send + 'static>(what: &str, work: impl FnOnce() -> R + Send + 'static) -> R {
    let (done, finished) = mpsc::channel();
    thread::spawn(move || done.send(work()));
    finished.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("{what} does not end"))
}

/// 10 permits, one of which comes back every 100 ms.
fn quota() -> Quota {
    Quota::per_second(10).unwrap()
}

/// What every limiter of 10 permits keeps through the seam, at one reading of its clock. `left` is
/// how many are available by the limiter's own verb.
fn keeps_the_seam<L>(name: &'static str, limiter: &L, left: &dyn Fn() -> u64)
where
    L: Admit<Cost = u64> + Clone + Send + 'static,
    L::Refusal: Send,
{
    // It answers at the first poll, and takes what it says.
    let grant = ready_now(limiter.try_admit(4)).unwrap();
    assert_eq!(left(), 6, "{name}");
    grant.reconcile(1);
    assert_eq!(left(), 9, "{name}");
    ready_now(limiter.try_admit(9)).unwrap().refund();
    assert_eq!(left(), 9, "{name}");

    // `admit` is lazy, and waits only if it must.
    let lazy = limiter.admit(9, Patience::unlimited());
    assert_eq!(left(), 9, "{name}: nothing is taken before the first poll");
    drop(lazy);
    drop(ready_now(limiter.admit(9, Patience::unlimited())).unwrap());
    assert_eq!(left(), 0, "{name}: a grant that is dropped stays spent");
    let denied = ready_now(limiter.try_admit(1)).map(drop).unwrap_err();
    assert_eq!((denied.retry_after(), denied.requested()), (Some(Duration::from_millis(100)), Some(1)), "{name}");
    assert!(matches!(denied.reason(), Reason::NotYet | Reason::TooLong), "{name}: {denied}");
    assert_eq!(denied.limit(), None);
    assert!(poll(limiter.admit(1, Patience::unlimited())).is_pending(), "{name}");
    assert_eq!(left(), 0, "{name}: the entry of a dropped future is returned");

    // A wait that would be too long is refused at once, by a task and by a thread.
    let brief = Patience::unlimited().timeout(Duration::from_millis(99));
    for patience in [NOW_OR_NEVER, brief] {
        let denied = ready_now(limiter.admit(1, patience)).map(drop).unwrap_err();
        assert_eq!((denied.reason(), denied.retry_after()), (Reason::TooLong, Some(Duration::from_millis(100))));
        let here = limiter.clone();
        let outcome = within_20_seconds(name, move || here.admit_blocking(1, patience).map(drop));
        let denied = outcome.unwrap_err();
        assert_eq!((denied.reason(), denied.retry_after()), (Reason::TooLong, Some(Duration::from_millis(100))));
    }
    assert_eq!(ready_now(limiter.admit(11, NOW_OR_NEVER)).map(drop).unwrap_err().reason(), Reason::ExceedsBurst);
    assert_eq!(ready_now(limiter.try_admit(11)).map(drop).unwrap_err().reason(), Reason::ExceedsBurst);

    // By reference it is the same limiter.
    let denied = within_20_seconds(name, {
        let here = limiter.clone();
        move || (&&here).admit_blocking(1, NOW_OR_NEVER).map(drop).unwrap_err().reason()
    });
    assert_eq!(denied, Reason::TooLong, "{name}");
    assert!(ready_now((&limiter).try_admit(1)).is_err() && ready_now((&limiter).admit(1, NOW_OR_NEVER)).is_err());
}

/// A wait through the seam ends when the permits come due, for a thread and for a task.
fn waits_through_the_seam<L>(name: &'static str, limiter: &L, clock: &ManualClock, waiters: &dyn Fn() -> usize)
where
    L: Admit<Cost = u64> + Clone + Send + 'static,
    L::Refusal: Send,
{
    let (here, long) = (limiter.clone(), Patience::unlimited().timeout(Duration::from_secs(5)));
    let (done, finished) = mpsc::channel();
    thread::spawn(move || done.send(here.admit_blocking(2, long).map(drop).map_err(|denied| denied.reason())));
    while waiters() == 0 {
        thread::yield_now();
    }
    assert!(finished.try_recv().is_err(), "{name}");
    clock.advance(Duration::from_millis(200));
    assert_eq!(finished.recv_timeout(Duration::from_secs(20)), Ok(Ok(())), "{name}");
    let mut task = pin!(limiter.admit(2, long));
    assert!(poll(task.as_mut()).is_pending(), "{name}");
    clock.advance(Duration::from_millis(200));
    assert!(ready_now(task).is_ok(), "{name}");
}

/// `wrap` over it: the cost, the actual cost, a refusal, and work that fails.
fn is_wrapped<L: Admit<Cost = u64> + Clone>(name: &str, limiter: &L, left: &dyn Fn() -> u64)
where
    L::Refusal: PartialEq + 'static,
{
    let wrapped = limitor::wrap(limiter.clone())
        .cost(|words: &&str| words.len() as u64)
        .actual(|result: &u64| *result)
        .on_error(OnError::Refund)
        .timeout(Duration::ZERO);
    assert_eq!(wrapped.call("four", |_| 1_u64).map_err(|denied| denied.reason()), Ok(1), "{name}");
    assert_eq!(left(), 9, "{name}");
    let failed = wrapped.try_call("three", |_| Err::<u64, Box<dyn Error>>("failed".into()));
    assert_eq!((failed.unwrap_err().to_string().as_str(), left()), ("failed", 9), "{name}");
    let result = ready_now(wrapped.call_async("12345678", |_| ready(8)));
    assert_eq!((result.map_err(|denied| denied.reason()), left()), (Ok(8), 1), "{name}");
    assert_eq!(wrapped.call("two", |_| 2).map_err(|denied| denied.reason()), Err(Reason::TooLong), "{name}");
    let refused = ready_now(wrapped.call_async("two", |_| ready(2)));
    assert_eq!((refused.map_err(|denied| denied.reason()), left()), (Err(Reason::TooLong), 1), "{name}");
}

/// All three, each on a limiter that is made anew.
macro_rules! on_each {
    ($($name:literal: $make:expr, $left:expr, $waiters:expr;)+) => {$(
        let clock = ManualClock::new();
        let limiter = $make(clock.clone());
        keeps_the_seam($name, &limiter, &|| $left(&limiter));
        let limiter = $make(clock.clone());
        is_wrapped($name, &limiter, &|| $left(&limiter));
        let limiter = $make(clock.clone());
        ready_now(limiter.try_admit(10)).map(drop).unwrap();
        waits_through_the_seam($name, &limiter, &clock, &|| $waiters(&limiter));
    )+};
}

#[test]
fn every_limiter_of_permits_keeps_the_seam() {
    type Shared<L> = Arc<L>;
    on_each! {
        "rate": |clock| Arc::new(RateLimiter::with_clock(quota(), clock)),
            |limiter: &Shared<RateLimiter<_>>| limiter.available(), |limiter: &Shared<RateLimiter<_>>| limiter.waiters();
        "token bucket": |clock| Arc::new(TokenBucket::with_clock(quota(), clock)),
            |bucket: &Shared<TokenBucket<_>>| bucket.available(), |bucket: &Shared<TokenBucket<_>>| bucket.waiters();
        "leaky bucket": |clock| Arc::new(LeakyBucket::with_clock(quota(), clock)),
            |bucket: &Shared<LeakyBucket<_>>| bucket.available(), |bucket: &Shared<LeakyBucket<_>>| bucket.waiters();
        "virtual scheduling": |clock| Arc::new(VirtualSchedulingGcra::with_clock(quota(), clock)),
            |bucket: &Shared<VirtualSchedulingGcra<_>>| bucket.available(),
            |bucket: &Shared<VirtualSchedulingGcra<_>>| bucket.waiters();
        "leaky bucket GCRA": |clock| Arc::new(LeakyBucketGcra::with_clock(quota(), clock)),
            |bucket: &Shared<LeakyBucketGcra<_>>| bucket.available(),
            |bucket: &Shared<LeakyBucketGcra<_>>| bucket.waiters();
        "slots": |clock| Arc::new(ConcurrentLimiter::with_clock(quota(), 100, clock).unwrap()),
            |slots: &Shared<ConcurrentLimiter<_>>| slots.available(),
            |slots: &Shared<ConcurrentLimiter<_>>| slots.waiters() + slots.limiter().waiters();
        "key": |clock| Arc::new(KeyedLimiter::<u64, _>::with_clock(quota(), clock)).key_owned(&7),
            |key: &keyed::Key<'static, u64, ManualClock>| key.available(),
            |key: &keyed::Key<'static, u64, ManualClock>| key.waiters();
    }
}

/// The burst of a queue is 1, and later requests wait in it.
#[test]
fn leaky_queue_keeps_the_seam() {
    let clock = ManualClock::new();
    let queue = Arc::new(LeakyQueue::with_clock(quota(), 3, clock.clone()));
    ready_now(queue.try_admit(1)).map(drop).unwrap();
    let denied = ready_now(queue.admit(1, NOW_OR_NEVER)).map(drop).unwrap_err();
    assert_eq!((denied.reason(), denied.retry_after()), (Reason::TooLong, Some(Duration::from_millis(100))));
    clock.advance(Duration::from_millis(100));
    ready_now(queue.try_admit(1)).map(drop).unwrap();
    let here = Arc::clone(&queue);
    let outcome = within_20_seconds("queue", move || here.admit_blocking(1, NOW_OR_NEVER).map(drop));
    assert_eq!(outcome.unwrap_err().reason(), Reason::TooLong);
    let wrapped = limitor::wrap(Arc::clone(&queue)).timeout(Duration::ZERO);
    assert_eq!(wrapped.call((), |()| 1).map_err(|denied| denied.reason()), Err(Reason::TooLong));
    clock.advance(Duration::from_millis(100));
    assert_eq!(wrapped.call((), |()| 1).map_err(|denied| denied.reason()), Ok(1));
}

/// The cost of a set is one number for each of its limits.
#[test]
fn set_keeps_the_seam() {
    let clock = ManualClock::new();
    let limits = [5, 10].map(|n| Arc::new(RateLimiter::with_clock(Quota::per_second(n).unwrap(), clock.clone())));
    let left = || limits.each_ref().map(|limit| limit.available());
    let set = Arc::new(LimitSet::new([("user", limits[0].clone()), ("all", limits[1].clone())]));
    let lazy = set.admit([1, 1], Patience::unlimited());
    assert_eq!(left(), [5, 10]);
    drop(lazy);
    ready_now(set.try_admit([5, 5])).unwrap().reconcile([3, 0]);
    assert_eq!(left(), [2, 10]);
    let denied = ready_now(set.admit([3, 1], NOW_OR_NEVER)).map(drop).unwrap_err();
    assert_eq!((denied.reason(), denied.limit()), (Reason::TooLong, Some("user")));
    assert_eq!(denied.retry_after(), Some(Duration::from_millis(200)));
    let here = Arc::clone(&set);
    let outcome = within_20_seconds("set", move || here.admit_blocking([3, 1], NOW_OR_NEVER).map(drop));
    assert_eq!(outcome.unwrap_err().reason(), Reason::TooLong);
    let wrapped = limitor::wrap(Arc::clone(&set)).actual(|_: &u8| [0, 1]).timeout(Duration::ZERO);
    assert_eq!(wrapped.call((), |()| 1).map_err(|denied| denied.reason()), Ok(1));
    assert_eq!(left(), [2, 9]);
}

/// A limiter of another crate, over the traits alone: permits that never come back by themselves,
/// and a refusal of its own. `admit_blocking` is the default.
#[derive(Clone, Default)]
struct Stock(Arc<Mutex<Goods>>);

#[derive(Default)]
struct Goods {
    left: u64,
    wakers: Vec<Waker>,
}

struct Taken {
    stock: Stock,
    amount: u64,
}

#[derive(Debug, PartialEq)]
struct SoldOut {
    requested: u64,
}

impl fmt::Display for SoldOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} requested, but the stock is empty", self.requested)
    }
}

impl Error for SoldOut {}

impl Refusal for SoldOut {
    fn reason(&self) -> Reason {
        Reason::TooLong
    }

    fn retry_after(&self) -> Option<Duration> {
        None
    }

    fn requested(&self) -> Option<u64> {
        Some(self.requested)
    }

    fn limit(&self) -> Option<&str> {
        Some("stock")
    }
}

/// Waits for a delivery, unless the patience has any limit.
struct Delivery {
    stock: Stock,
    cost: u64,
    patience: Patience,
}

impl Stock {
    fn deliver(&self, n: u64) {
        let wakers = {
            let mut goods = self.0.lock().unwrap();
            goods.left += n;
            std::mem::take(&mut goods.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    fn left(&self) -> u64 {
        self.0.lock().unwrap().left
    }

    fn take(&self, cost: u64, waker: Option<&Waker>) -> Option<Taken> {
        let mut goods = self.0.lock().unwrap();
        if let Some(left) = goods.left.checked_sub(cost) {
            goods.left = left;
            return Some(Taken { stock: self.clone(), amount: cost });
        }
        goods.wakers.extend(waker.cloned());
        None
    }
}

impl Future for Delivery {
    type Output = Result<Taken, SoldOut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.stock.take(self.cost, Some(cx.waker())) {
            Some(taken) => Poll::Ready(Ok(taken)),
            None if self.patience == Patience::unlimited() => Poll::Pending,
            None => Poll::Ready(Err(SoldOut { requested: self.cost })),
        }
    }
}

impl Admit for Stock {
    type Cost = u64;
    type Grant = Taken;
    type Refusal = SoldOut;
    type Trying = Ready<Result<Taken, SoldOut>>;
    type Admitting = Delivery;

    fn try_admit(&self, cost: u64) -> Self::Trying {
        ready(self.take(cost, None).ok_or(SoldOut { requested: cost }))
    }

    fn admit(&self, cost: u64, patience: Patience) -> Delivery {
        Delivery { stock: self.clone(), cost, patience }
    }
}

impl Settle for Taken {
    type Cost = u64;

    fn reconcile(self, actual: u64) {
        self.stock.deliver(self.amount.saturating_sub(actual));
    }

    fn refund(self) {
        self.reconcile(0);
    }
}

#[test]
fn limiter_of_another_crate_is_wrapped_like_the_own() {
    let stock = Stock::default();
    let here = stock.clone();
    let outcome = within_20_seconds("stock", move || here.admit_blocking(1, NOW_OR_NEVER).map(drop));
    assert_eq!(outcome, Err(SoldOut { requested: 1 }));
    stock.deliver(10);
    is_wrapped("another crate's", &stock, &|| stock.left());
    ready_now(<&Stock>::try_admit(&&stock, 1)).unwrap().refund();
    assert_eq!(stock.left(), 1);
}

#[test]
fn default_of_admit_blocking_waits_until_it_is_admitted() {
    let stock = Stock::default();
    let here = stock.clone();
    let (done, finished) = mpsc::channel();
    thread::spawn(move || {
        done.send(<&Stock>::admit_blocking(&&here, 2, Patience::unlimited()).map(|taken| taken.amount))
    });
    while stock.0.lock().unwrap().wakers.is_empty() {
        thread::yield_now();
    }
    stock.deliver(1);
    while stock.0.lock().unwrap().wakers.is_empty() {
        thread::yield_now();
    }
    assert!(finished.try_recv().is_err(), "one of two is not enough");
    stock.deliver(1);
    assert_eq!(finished.recv_timeout(Duration::from_secs(20)), Ok(Ok(2)));
    assert_eq!(stock.left(), 0);
}
