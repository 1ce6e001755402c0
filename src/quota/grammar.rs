//! The grammar of quotas as text.
//!
//! All of it is `const`. So one grammar serves for text that the program reads at run time and for
//! constants, which the compiler reads.

use super::quota::Quota;
use super::range::OutOfRange;

/// Nanoseconds of the units, longest first, each with its short name (which `Display` prints) and
/// its English names.
pub(super) const UNITS: [(u64, &str, &[&str]); 7] = [
    (86_400_000_000_000, "d", &["day", "days"]),
    (3_600_000_000_000, "h", &["hour", "hours", "hr", "hrs"]),
    (60_000_000_000, "min", &["minute", "minutes", "mins"]),
    (1_000_000_000, "s", &["second", "seconds", "sec", "secs"]),
    (1_000_000, "ms", &["millisecond", "milliseconds", "msec", "msecs"]),
    (1_000, "us", &["microsecond", "microseconds", "usec", "usecs", "µs", "μs"]),
    (1, "ns", &["nanosecond", "nanoseconds", "nsec", "nsecs"]),
];

/// Why a text is no quota, with the part of it that is wrong. Unlike the error made of it, a flaw
/// needs no allocation.
#[derive(Debug, Clone, Copy)]
pub(super) enum Flaw<'a> {
    MissingPeriod(&'a str),
    BadNumber(&'a str),
    AmbiguousUnit,
    UnknownUnit(&'a str),
    Unexpected(&'a str),
    OutOfRange(OutOfRange),
}

/// `?`, which a `const fn` cannot use.
macro_rules! tri {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(flaw) => return Err(flaw),
        }
    };
}

pub(super) const fn parse(text: &str) -> Result<Quota, Flaw<'_>> {
    let mut rest = Scanner(text).skip_white();
    let capacity = tri!(rest.number());
    if !rest.eat_slash() && !same(rest.word(), "per") {
        return Err(Flaw::MissingPeriod(text));
    }
    let count = if rest.at_digit() { tri!(rest.number()) } else { 1 };
    let unit = tri!(unit(rest.word()));
    let Some(period) = count.checked_mul(unit) else {
        return Err(Flaw::BadNumber(text));
    };
    let burst = match rest.word() {
        word if word.is_empty() => capacity,
        word if same(word, "burst") => tri!(rest.number()),
        word => return Err(Flaw::Unexpected(word)),
    };
    if !rest.0.is_empty() {
        return Err(Flaw::Unexpected(rest.0));
    }
    match Quota::in_range(capacity, period, burst) {
        Ok(quota) => Ok(quota),
        Err(why) => Err(Flaw::OutOfRange(why)),
    }
}

const fn unit(name: &str) -> Result<u64, Flaw<'_>> {
    if same(name, "m") {
        return Err(Flaw::AmbiguousUnit);
    }
    let mut at = 0;
    while at < UNITS.len() {
        let (nanos, short, names) = UNITS[at];
        if same(name, short) || any(name, names) {
            return Ok(nanos);
        }
        at += 1;
    }
    Err(Flaw::UnknownUnit(name))
}

const fn any(name: &str, names: &[&str]) -> bool {
    let mut at = 0;
    while at < names.len() {
        if same(name, names[at]) {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether two texts are equal apart from the case of ASCII letters.
const fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at].eq_ignore_ascii_case(&right[at]) {
        at += 1;
    }
    at == left.len() && at == right.len()
}

/// The rest of the text, without leading space.
struct Scanner<'a>(&'a str);

impl<'a> Scanner<'a> {
    /// Takes the first `length` bytes, and skips the space behind them.
    const fn take(&mut self, length: usize) -> &'a str {
        let (token, rest) = self.0.split_at(length);
        *self = Scanner(rest).skip_white();
        token
    }

    const fn skip_white(self) -> Self {
        let mut at = 0;
        while let Some((c, length)) = char_at(self.0.as_bytes(), at)
            && c.is_whitespace()
        {
            at += length;
        }
        Self(self.0.split_at(at).1)
    }

    const fn word(&mut self) -> &'a str {
        let mut at = 0;
        while let Some((c, length)) = char_at(self.0.as_bytes(), at)
            && !c.is_whitespace()
            && !c.is_ascii_digit()
            && c != '/'
        {
            at += length;
        }
        self.take(at)
    }

    const fn at_digit(&self) -> bool {
        matches!(self.0.as_bytes(), [b'0'..=b'9', ..])
    }

    const fn eat_slash(&mut self) -> bool {
        let found = matches!(self.0.as_bytes(), [b'/', ..]);
        self.take(found as usize);
        found
    }

    /// Takes a whole number; `_` may group its digits, after the first.
    const fn number(&mut self) -> Result<u64, Flaw<'a>> {
        if !self.at_digit() {
            return Err(Flaw::BadNumber(self.0));
        }
        let bytes = self.0.as_bytes();
        let (mut value, mut at) = (Some(0_u64), 0);
        while at < bytes.len() && matches!(bytes[at], b'0'..=b'9' | b'_') {
            if bytes[at] != b'_' {
                value = with_digit(value, bytes[at] - b'0');
            }
            at += 1;
        }
        let digits = self.take(at);
        match value {
            Some(value) => Ok(value),
            None => Err(Flaw::BadNumber(digits)),
        }
    }
}

/// The number with one more digit, unless that does not fit.
const fn with_digit(value: Option<u64>, digit: u8) -> Option<u64> {
    match value {
        Some(value) => match value.checked_mul(10) {
            Some(tenfold) => tenfold.checked_add(digit as u64),
            None => None,
        },
        None => None,
    }
}

/// The character that begins at byte `at`, and its length in bytes.
const fn char_at(text: &[u8], at: usize) -> Option<(char, usize)> {
    if at >= text.len() {
        return None;
    }
    let (mut code, length) = match text[at] {
        byte @ ..0x80 => (byte as u32, 1),
        byte @ ..0xe0 => ((byte & 0x1f) as u32, 2),
        byte @ ..0xf0 => ((byte & 0x0f) as u32, 3),
        byte => ((byte & 0x07) as u32, 4),
    };
    let mut next = 1;
    while next < length {
        code = code << 6 | (text[at + next] & 0x3f) as u32;
        next += 1;
    }
    match char::from_u32(code) {
        Some(c) => Some((c, length)),
        None => None,
    }
}
