//! Operations and quotas from arbitrary bytes: those of a fuzzer, or random ones that shrink to 0.

use limitor_model::Limiter;

use super::{Amount, Await, Op, Patience, Reading, Step};

const YEARS_25: u64 = 25 * 31_557_600 * 1_000_000_000;

impl From<[u8; 5]> for Op {
    fn from([op, how, a, b, c]: [u8; 5]) -> Self {
        let (amount, index) = (amount(a, b), usize::from(a));
        let reading = if how % 4 == 3 { Reading::Off(step(how / 4, c)) } else { Reading::Clock };
        let more = i8::try_from(c % 3).expect("small") - 1;
        let patience = match how % 4 {
            0 | 1 => Patience::Endless,
            2 => Patience::Timeout(more),
            _ => Patience::Deadline(more),
        };
        let wait = if how & 4 == 0 { Await::Poll } else { Await::Block };
        match op {
            0..40 => Self::Move(step(how, a)),
            40..58 => Self::Try(amount, reading),
            58..66 => Self::UpTo(amount, reading),
            66..122 => Self::Reserve(amount, reading),
            122..134 => Self::ReserveWithin(amount, reading, more),
            134..168 => Self::Acquire(amount, patience, wait),
            168..180 => Self::Look(index, wait),
            180..192 => Self::Cancel(index),
            192..204 => Self::Keep(index),
            204..212 => Self::Reconcile(amount, Amount::Some(c.into()), reading),
            212..224 => Self::Refund(amount),
            224..234 => Self::Charge(amount),
            234..241 => Self::Settle(how.into(), amount),
            241..247 => Self::GiveBack(index),
            247..250 => Self::CancelWaiters,
            250..254 => Self::Reset,
            254 => Self::Bypass,
            255 => Self::Close,
        }
    }
}

/// Mostly small amounts; rarely one that cannot be counted.
fn amount(kind: u8, value: u8) -> Amount {
    let more = i8::try_from(value % 3).expect("small") - 1;
    match kind % 32 {
        0..14 => Amount::Some((value % 14).into()),
        14..22 => Amount::Part(value),
        22..25 => Amount::Burst(more),
        25..31 => Amount::Room(more),
        _ => Amount::Most(value % 2),
    }
}

/// Mostly small steps forward.
fn step(kind: u8, value: u8) -> Step {
    let signed = value.cast_signed();
    match kind % 16 {
        0..6 => Step::Halves((value % 6).into()),
        6 => Step::Halves(signed.into()),
        7 => Step::Nanos(signed.into()),
        8 => Step::Depth((value % 10).cast_signed()),
        9 | 10 => Step::Depth(signed / 8),
        11 => Step::Years(signed / 32),
        12 => Step::Nanos(-i16::from(value % 4)),
        _ => Step::Due((value / 4).into(), (value % 3).cast_signed() - 1),
    }
}

/// A burst that takes 25 years at most: `burst` itself if it is small, and otherwise a part of the
/// largest.
fn burst(burst: u16, capacity: u64, period_nanos: u64) -> u64 {
    let most = u128::from(YEARS_25) * u128::from(capacity) / u128::from(period_nanos);
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    match burst {
        0..0xC000 => (u64::from(burst) % 30 + 1).min(most),
        _ => most >> (burst % 64).min(63),
    }
    .max(1)
}

/// A quota at which nothing rounds: T is 2^`log` ns, or a whole fraction of 1 ns.
pub(crate) fn exact(log: u8, capacity: u16, burst_seed: u16) -> Limiter {
    let (capacity, period_nanos) = match log % 64 {
        log @ 0..56 => {
            let capacity = u64::from(capacity) % 10 + 1;
            // T is at most 2^55 ns, over a year; a period is at most 2^64 ns.
            (capacity, capacity << log)
        }
        _ => (u64::from(capacity % 10 + 1) * 1_000_000_000, 1_000_000_000),
    };
    Limiter::new(capacity, period_nanos, burst(burst_seed, capacity, period_nanos))
}

/// Any quota with a T of 100 ns to 25 years, which is also the longest period of a quota.
pub(crate) fn rounding(capacity: u64, period_nanos: u64, burst_seed: u16) -> Limiter {
    let period_nanos = period_nanos.clamp(100, YEARS_25);
    let capacity = capacity % (period_nanos / 100) + 1;
    Limiter::new(capacity, period_nanos, burst(burst_seed, capacity, period_nanos))
}
