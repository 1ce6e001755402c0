//! Functions and methods under `#[rate_limit]`.
#![cfg(all(feature = "macros", not(loom)))]

use std::fmt::Display;
use std::future::Future;
use std::panic::{self, AssertUnwindSafe};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use limitor::{AcquireError, ConcurrentLimiter, LeakyQueue, ManualClock, Quota, RateLimiter, rate_limit};

#[derive(Debug, PartialEq)]
enum Failed {
    Limited(AcquireError),
    Work,
}

impl From<AcquireError> for Failed {
    fn from(why: AcquireError) -> Self {
        Self::Limited(why)
    }
}

impl Failed {
    fn too_long(&self) -> bool {
        matches!(self, Self::Limited(AcquireError::TooLong { .. }))
    }
}

/// 100 permits per hour, on a clock that stands still.
fn hourly() -> RateLimiter<ManualClock> {
    RateLimiter::with_clock(Quota::literal("100/h"), ManualClock::new())
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn ready<F: Future>(future: F) -> F::Output {
    match poll(pin!(future)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

mod what_it_leaves_alone {
    use super::*;

    /// Documented.
    #[rate_limit("1000000/s")]
    #[must_use]
    pub(crate) fn everything<'a, T, const N: usize>(text: &'a str, (n, _): (usize, T), mut rest: [u8; N]) -> &'a str
    where
        T: Copy,
    {
        #![allow(clippy::needless_return)]
        rest.reverse();
        if n > text.len() {
            return "too many";
        }
        return &text[..n];
    }

    #[rate_limit("1000000/s")]
    fn nothing(seen: &mut Vec<u32>) {
        seen.push(1);
    }

    #[rate_limit("1000000/s")]
    fn an_iterator(up_to: u32) -> impl Iterator<Item = u32> + Clone {
        (0..up_to).map(|n| n * 2)
    }

    #[rate_limit("1000000/s")]
    async fn shown(of: impl Display) -> impl Display {
        format!("<{of}>")
    }

    #[rate_limit("1000000/s")]
    fn question_marks(text: &str) -> Result<u32, Box<dyn std::error::Error>> {
        let first = text.split(' ').next().ok_or("empty")?;
        Ok(first.parse::<u32>()?)
    }

    #[rate_limit("1000000/s")]
    async fn question_marks_of_a_task(text: &str) -> Result<u32, Box<dyn std::error::Error>> {
        std::future::ready(()).await;
        let first = text.split(' ').next().ok_or("empty")?;
        Ok(first.parse()?)
    }

    #[rate_limit("1000000/s")]
    fn optional(text: &str) -> Option<char> {
        Some(text.chars().next()?.to_ascii_uppercase())
    }

    // The names that the attribute uses internally.
    #[rate_limit("1000000/s", cost = cost, actual = |result| *result)]
    fn its_own_names(job: u64, cost: u64, result: u64, limit: u64, value: u64) -> Result<u64, AcquireError> {
        let timeout = job + cost + result + limit + value;
        Ok(timeout)
    }

    #[rate_limit("1000000/s")]
    unsafe fn not_safe(pointer: *const u8) -> u8 {
        // SAFETY: the caller asserts that the pointer can be read.
        unsafe { *pointer }
    }

    #[test]
    fn limited_functions_behave_as_without_the_attribute() {
        assert_eq!(everything("abc", (2, 'x'), [1, 2, 3]), "ab");
        assert_eq!(everything("abc", (4, ()), []), "too many");
        let mut seen = Vec::new();
        nothing(&mut seen);
        assert_eq!(seen, [1]);
        assert_eq!(an_iterator(3).collect::<Vec<_>>(), [0, 2, 4]);
        assert_eq!(ready(shown(3)).to_string(), "<3>");
        assert_eq!(question_marks("12 x").unwrap(), 12);
        assert!(question_marks("x").is_err());
        assert_eq!(ready(question_marks_of_a_task("12 x")).unwrap(), 12);
        assert_eq!(optional("ab"), Some('A'));
        assert_eq!(optional(""), None);
        assert_eq!(its_own_names(1, 2, 3, 4, 5), Ok(15));
        let byte = 7;
        // SAFETY: the pointer comes from a reference.
        assert_eq!(unsafe { not_safe(&raw const byte) }, 7);
    }
}

mod methods {
    use super::*;

    #[derive(Default)]
    struct Log<T> {
        lines: Vec<T>,
    }

    impl<T: Clone + Display> Log<T> {
        #[rate_limit("1000000/s")]
        fn new(first: T) -> Self {
            Self { lines: vec![first] }
        }

        #[rate_limit("1000000/s")]
        fn add(&mut self, line: T) -> &mut T {
            self.lines.push(line);
            self.lines.last_mut().expect("a permit is available")
        }

        #[rate_limit("1000000/s")]
        async fn add_later(&mut self, line: T) -> &mut T {
            self.lines.push(line);
            std::future::ready(()).await;
            self.lines.last_mut().expect("a permit is available")
        }

        #[rate_limit("1000000/s")]
        fn show<U: Display>(&self, end: U) -> String {
            self.lines.iter().fold(String::new(), |shown, line| shown + &format!("{line}{end}"))
        }

        #[rate_limit("1000000/s")]
        fn into_lines(self) -> Vec<T> {
            self.lines
        }
    }

    trait Speak {
        fn speak(&self) -> String;

        #[rate_limit("1000000/s")]
        fn twice(&self) -> String {
            self.speak() + &self.speak()
        }
    }

    impl<T: Clone + Display> Speak for Log<T> {
        #[rate_limit("1000000/s")]
        fn speak(&self) -> String {
            self.show('.')
        }
    }

    #[test]
    fn methods_of_every_receiver_kind_are_limited() {
        let mut log = Log::new(String::from("a"));
        log.add("b".into()).push('!');
        ready(log.add_later("c".into())).push('?');
        assert_eq!(log.show(','), "a,b!,c?,");
        assert_eq!(log.twice(), "a.b!.c?.a.b!.c?.");
        assert_eq!(log.into_lines(), ["a", "b!", "c?"]);
    }

    #[rate_limit("2/d", timeout = Duration::ZERO)]
    fn of_any<T: Display>(value: T) -> Result<String, Failed> {
        Ok(value.to_string())
    }

    #[test]
    fn generic_function_has_one_limiter_for_all_types() {
        assert_eq!(of_any(1), Ok("1".into()));
        assert_eq!(of_any("x"), Ok("x".into()));
        assert!(of_any(2.5).unwrap_err().too_long());
    }

    struct Client {
        limiter: RateLimiter<ManualClock>,
        sent: u64,
    }

    impl Client {
        #[rate_limit(limiter = &self.limiter, cost = text.len() as u64, actual = |sent| *sent)]
        fn look(&self, text: &str) -> Result<u64, Failed> {
            Ok(self.sent + text.len() as u64 / 2)
        }
    }

    #[test]
    fn limiter_argument_can_be_one_for_each_receiver() {
        let [one, other] = [(); 2].map(|()| Client { limiter: hourly(), sent: 2 });
        assert_eq!(one.look("0123456789"), Ok(7));
        assert_eq!((one.limiter.available(), other.limiter.available()), (93, 100));
    }
}

mod settling {
    use super::*;

    #[rate_limit(limiter = limiter, cost = 10, actual = |tokens| *tokens)]
    fn keeps(limiter: &RateLimiter<ManualClock>, tokens: Result<u64, Failed>) -> Result<u64, Failed> {
        assert_eq!(limiter.available() % 10, 0, "the estimate is charged before the work");
        tokens
    }

    #[rate_limit(limiter = limiter, cost = 10, actual = |tokens| *tokens, on_error = refund)]
    fn refunds(limiter: &RateLimiter<ManualClock>, tokens: Result<u64, Failed>) -> Result<u64, Failed> {
        tokens
    }

    #[rate_limit(limiter = limiter, cost = 10, on_error = limitor::wrap::OnError::Refund)]
    fn panics(limiter: &RateLimiter<ManualClock>) -> Result<(), Failed> {
        panic!("in the work")
    }

    #[rate_limit(limiter = limiter, cost = 10, on_error = keep)]
    fn panics_and_keeps(limiter: &RateLimiter<ManualClock>) -> Result<(), Failed> {
        panic!("in the work")
    }

    #[test]
    fn cost_is_settled_from_the_result() {
        let limiter = hourly();
        assert_eq!(keeps(&limiter, Ok(30)), Ok(30));
        assert_eq!(limiter.available(), 70);
        assert_eq!(keeps(&limiter, Err(Failed::Work)), Err(Failed::Work));
        assert_eq!(limiter.available(), 60);
        assert_eq!(refunds(&limiter, Ok(5)), Ok(5));
        assert_eq!(limiter.available(), 55);
        assert_eq!(refunds(&limiter, Err(Failed::Work)), Err(Failed::Work));
        assert_eq!(limiter.available(), 55);
        assert!(panic::catch_unwind(AssertUnwindSafe(|| panics(&limiter))).is_err());
        assert_eq!(limiter.available(), 55);
        assert!(panic::catch_unwind(AssertUnwindSafe(|| panics_and_keeps(&limiter))).is_err());
        assert_eq!(limiter.available(), 45);
    }

    #[derive(Debug, PartialEq)]
    struct Reply(String);

    impl Reply {
        fn half(&self) -> u64 {
            self.0.len() as u64 / 2
        }
    }

    #[rate_limit(limiter = limiter, cost = text.len() as u64, actual = Reply::half, on_error = refund)]
    async fn of_a_task(limiter: &RateLimiter<ManualClock>, text: &str) -> Result<Reply, Failed> {
        match text {
            "never" => std::future::pending().await,
            "error" => Err(Failed::Work),
            "panic" => panic!("in the work"),
            text => Ok(Reply(text.to_owned())),
        }
    }

    #[test]
    fn cost_of_an_async_fn_is_settled_from_the_result() {
        let limiter = hourly();
        assert_eq!(ready(of_a_task(&limiter, "twenty characters ok")).unwrap().half(), 10);
        assert_eq!(limiter.available(), 90);
        assert_eq!(ready(of_a_task(&limiter, "error")), Err(Failed::Work));
        assert_eq!(limiter.available(), 90);
        assert!(panic::catch_unwind(AssertUnwindSafe(|| ready(of_a_task(&limiter, "panic")))).is_err());
        assert_eq!(limiter.available(), 90);
        {
            let mut dropped = pin!(of_a_task(&limiter, "never"));
            assert_eq!(limiter.available(), 90, "lazy");
            assert!(poll(dropped.as_mut()).is_pending());
            assert_eq!(limiter.available(), 85);
        }
        assert_eq!(limiter.available(), 90);
    }

    #[rate_limit("1000000/s", actual = |n| *n)]
    fn without_errors(n: u64) -> u64 {
        n
    }

    #[test]
    fn plain_values_are_settled_like_results() {
        assert_eq!(without_errors(7), 7);
    }
}

mod waiting {
    use super::*;

    #[rate_limit("50/s burst 1")]
    fn paced() -> Instant {
        Instant::now()
    }

    #[rate_limit("50/s", algorithm = leaky_queue)]
    async fn paced_task() -> Instant {
        Instant::now()
    }

    #[test]
    fn calls_wait_until_granted() {
        let (first, second) = (paced(), paced());
        // Each grant is on time for the schedule, which begins a little before the first call reads
        // the clock.
        assert!(second - first > Duration::from_millis(15), "{:?}", second - first);
    }

    #[tokio::test]
    async fn async_calls_wait_until_granted() {
        let first = paced_task().await;
        let second = tokio::spawn(paced_task()).await.unwrap();
        assert!(second - first > Duration::from_millis(15), "{:?}", second - first);
    }

    #[rate_limit("10/d", cost = n, timeout = patience)]
    fn patient(n: u64, patience: Duration) -> Result<(), Failed> {
        Ok(())
    }

    #[test]
    fn refusals_are_returned() {
        let second = Duration::from_secs(1);
        assert!(matches!(patient(11, second), Err(Failed::Limited(AcquireError::ExceedsBurst { .. }))));
        assert_eq!(patient(10, second), Ok(()));
        assert!(patient(1, second).unwrap_err().too_long());
    }

    #[rate_limit("1/d", max_waiters = 0, algorithm = limitor::LeakyQueue)]
    async fn bounded() -> Result<(), Failed> {
        Ok(())
    }

    #[tokio::test]
    async fn full_queue_refuses() {
        assert_eq!(bounded().await, Ok(()));
        assert_eq!(bounded().await, Err(Failed::Limited(AcquireError::QueueFull)));
    }

    #[test]
    fn leaky_queue_of_the_caller_can_be_given() {
        static QUEUE: LazyLock<LeakyQueue> = LazyLock::new(|| LeakyQueue::new(Quota::literal("1/d"), 0));

        #[rate_limit(limiter = &*QUEUE)]
        fn queued() -> Result<(), Failed> {
            Ok(())
        }

        assert_eq!(queued(), Ok(()));
        assert_eq!(queued(), Err(Failed::Limited(AcquireError::QueueFull)));
    }
}

mod at_a_time {
    use super::*;

    static INSIDE: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);

    #[rate_limit("1000000/s", max_concurrent = 2)]
    fn two() {
        MOST.fetch_max(INSIDE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        thread::sleep(Duration::from_millis(1));
        INSIDE.fetch_sub(1, Ordering::SeqCst);
    }

    #[test]
    fn slot_is_held_during_the_work() {
        thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| (0..10).for_each(|_| two()));
            }
        });
        assert_eq!(MOST.load(Ordering::SeqCst), 2);
    }

    const ONE: usize = 1;

    #[rate_limit("1000000/s", max_concurrent = ONE, timeout = Duration::ZERO)]
    async fn one(work: impl Future<Output = Result<(), Failed>>) -> Result<(), Failed> {
        work.await
    }

    fn busy(outcome: &Result<(), Failed>) -> bool {
        matches!(outcome, Err(Failed::Limited(AcquireError::Busy { max_concurrent: 1, .. })))
    }

    #[test]
    fn slot_is_released_however_the_work_ends() {
        assert_eq!(ready(one(async { Ok(()) })), Ok(()));
        assert_eq!(ready(one(async { Err(Failed::Work) })), Err(Failed::Work));
        let panicking = || ready(one(async { panic!("in the work") }));
        assert!(panic::catch_unwind(AssertUnwindSafe(panicking)).is_err());
        {
            let mut dropped = pin!(one(std::future::pending()));
            assert!(poll(dropped.as_mut()).is_pending());
            assert!(busy(&ready(one(async { Ok(()) }))));
        }
        assert_eq!(ready(one(async { Ok(()) })), Ok(()));
    }

    #[test]
    fn concurrent_limiter_of_the_caller_can_be_given() {
        #[rate_limit(limiter = limiter.clone(), timeout = Duration::ZERO)]
        async fn limited(limiter: Arc<ConcurrentLimiter<ManualClock>>) -> Result<usize, Failed> {
            Ok(limiter.in_flight())
        }

        let limiter = ConcurrentLimiter::over(hourly(), 1).map(Arc::new).unwrap();
        assert_eq!(ready(limited(limiter.clone())), Ok(1));
        assert_eq!((limiter.in_flight(), limiter.limiter().available()), (0, 99));
    }
}

mod sending {
    use super::*;

    #[derive(Default)]
    struct Estimates(Mutex<u64>);

    /// What the arguments of the attribute borrow is not held during the wait.
    #[rate_limit("1000000/s", cost = *estimates.0.lock().unwrap())]
    async fn locked(estimates: &Estimates) -> Result<(), AcquireError> {
        *estimates.0.lock().unwrap() += 1;
        Ok(())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn futures_can_be_spawned() {
        let estimates = Arc::new(Estimates::default());
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let estimates = estimates.clone();
                tokio::spawn(async move { locked(&estimates).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert_eq!(*estimates.0.lock().unwrap(), 8);
    }
}
