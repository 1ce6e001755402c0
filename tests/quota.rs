//! Quotas: valid and invalid values, and their text form.
#![cfg(not(loom))]

use std::time::Duration;

use limitor::{Quota, QuotaError};
use proptest::prelude::*;

fn parsed(text: &str) -> Result<(u64, Duration, u64), QuotaError> {
    text.parse().map(|quota: Quota| (quota.capacity(), quota.period(), quota.burst()))
}

#[test]
fn text_in_all_forms_is_parsed() {
    let second = Duration::from_secs(1);
    for (text, expected) in [
        ("100000/s", (100_000, second, 100_000)),
        ("100 per minute burst 20", (100, 60 * second, 20)),
        ("5/2s", (5, 2 * second, 5)),
        ("5 / 2 s", (5, 2 * second, 5)),
        ("1_000 PER Hour", (1_000, 3_600 * second, 1_000)),
        ("  7/d burst 1 ", (7, 86_400 * second, 1)),
        ("3 per 500 milliseconds", (3, second / 2, 3)),
        ("10/min", (10, 60 * second, 10)),
        ("1per2days", (1, 172_800 * second, 1)),
        ("6/7ns burst 3", (6, Duration::from_nanos(7), 3)),
        ("9/µs", (9, Duration::from_micros(1), 9)),
    ] {
        assert_eq!(parsed(text).as_ref(), Ok(&expected), "{text}");
        assert_eq!(Ok(Quota::literal(text)), text.parse(), "{text}");
    }
}

#[test]
fn parse_errors_name_the_invalid_part() {
    let error = |text: &str| parsed(text).unwrap_err();
    assert_eq!(error("5/m"), QuotaError::AmbiguousUnit);
    assert!(error("5/m").to_string().contains("minutes or milliseconds"));
    assert!(matches!(error("5"), QuotaError::MissingPeriod { .. }));
    assert!(matches!(error("5 a s"), QuotaError::MissingPeriod { .. }));
    assert!(matches!(error("5/fortnight"), QuotaError::UnknownUnit { text, .. } if &*text == "fortnight"));
    assert!(matches!(error("5/"), QuotaError::UnknownUnit { .. }));
    assert!(matches!(error("5/2"), QuotaError::UnknownUnit { .. }));
    assert!(matches!(error("5/s bust 3"), QuotaError::Unexpected { text, .. } if &*text == "bust"));
    assert!(matches!(error("5/s burst 3 4"), QuotaError::Unexpected { text, .. } if &*text == "4"));
    for text in ["", "-5/s", "+5/s", "x/s", "1.5/s", "_1/s", "5/s burst", "18446744073709551616/s", "٣/s"] {
        assert!(
            matches!(error(text), QuotaError::BadNumber { .. } | QuotaError::MissingPeriod { .. }),
            "{text}: {:?}",
            error(text)
        );
    }
    assert!(matches!(error("1/99999999999999999999d"), QuotaError::BadNumber { .. }));
    assert!(matches!(error("1/213504d"), QuotaError::BadNumber { .. }), "over 584 years");
}

#[test]
#[should_panic(expected = "minutes or milliseconds")]
fn literal_is_read_by_the_same_grammar() {
    const MINUTE: Quota = Quota::literal("  100 PER minute burst 2_0 ");
    assert_eq!(MINUTE, "100/min burst 20".parse().unwrap());
    let _ = Quota::literal("100/m");
}

#[test]
fn impossible_quotas_are_errors() {
    let second = Duration::from_secs(1);
    assert_eq!(Quota::per_second(0), Err(QuotaError::ZeroCapacity));
    assert_eq!(Quota::new(1, Duration::ZERO), Err(QuotaError::ZeroPeriod));
    assert_eq!(Quota::per_second(1).and_then(|quota| quota.with_burst(0)), Err(QuotaError::ZeroBurst));
    assert_eq!(parsed("0/s"), Err(QuotaError::ZeroCapacity));
    assert_eq!(parsed("1/0s"), Err(QuotaError::ZeroPeriod));
    assert_eq!(parsed("1/s burst 0"), Err(QuotaError::ZeroBurst));
    assert!(Quota::per_second(10_000_000_000).is_ok());
    assert!(matches!(Quota::per_second(10_000_000_001), Err(QuotaError::TooFast { .. })));
    assert!(matches!(Quota::new(u64::MAX, second), Err(QuotaError::TooFast { .. })));
    assert!(matches!(Quota::new(1, Duration::MAX), Err(QuotaError::PeriodTooLong { .. })));
    let years = |n: u64| Duration::from_secs(31_557_600 * n);
    assert!(Quota::new(1, years(25)).is_ok());
    assert!(matches!(Quota::new(1, years(25) + Duration::from_nanos(1)), Err(QuotaError::BurstTooDeep { .. })));
    assert!(Quota::new(1, years(1)).and_then(|quota| quota.with_burst(25)).is_ok());
    assert!(Quota::new(1, years(1)).and_then(|quota| quota.with_burst(26)).is_err());
    assert!(Quota::per_second(10_000_000_000).and_then(|quota| quota.with_burst(u64::MAX)).is_err());
}

#[test]
fn constructors_set_the_period_and_default_is_10_per_second() {
    let periods = [Quota::per_second, Quota::per_minute, Quota::per_hour, Quota::per_day]
        .map(|make| make(6).unwrap().period().as_secs());
    assert_eq!(periods, [1, 60, 3_600, 86_400]);
    assert_eq!(Quota::default(), "10/s".parse().unwrap());
    assert_eq!(format!("{:?}", Quota::default()), "Quota(10/s)");
}

#[cfg(feature = "serde")]
#[test]
fn serde_uses_the_text_form() {
    let quota: Quota = serde_json::from_str("\"100 per minute burst 20\"").unwrap();
    assert_eq!(serde_json::to_string(&quota).unwrap(), "\"100/min burst 20\"");
    let error = serde_json::from_str::<Quota>("\"5/m\"").unwrap_err();
    assert!(error.to_string().contains("minutes or milliseconds"));
}

proptest! {
    #[test]
    fn printed_quota_parses_back(capacity in 1..u64::MAX, nanos in 1..u64::MAX, burst in 1..u64::MAX, small in any::<bool>()) {
        let (capacity, burst) = if small { (capacity % 1_000 + 1, burst % 1_000 + 1) } else { (capacity, burst) };
        for quota in [
            Quota::new(capacity, Duration::from_nanos(nanos)),
            Quota::new(capacity, Duration::from_nanos(nanos)).and_then(|quota| quota.with_burst(burst)),
        ].into_iter().flatten() {
            prop_assert_eq!(quota.to_string().parse::<Quota>(), Ok(quota), "{}", quota);
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}", near in "[0-9]{0,4}[ _/]{0,2}(per)?[0-9]{0,3} ?(s|m|ms|min|h|day|x)?( burst)?[ 0-9]{0,4}") {
        for text in [text, near] {
            if let Ok(quota) = text.parse::<Quota>() {
                prop_assert_eq!(quota.to_string().parse::<Quota>(), Ok(quota));
            }
        }
    }
}
