//! Estimates of the cost of a text: plain, learned and exact.
#![cfg(all(feature = "llm", not(loom)))]

use std::num::NonZeroU32;
use std::sync::Arc;
use std::thread;

use limitor::llm::{CharsPerToken, Estimate, Estimator, Learned};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// An estimator that returns 1,000 for any text, so that the learned ratio can be read from the
/// estimate.
fn thousand() -> Learned<impl Estimator> {
    Learned::new(|_: &str| 1_000)
}

fn learned_from(observations: impl IntoIterator<Item = (u64, u64)>) -> Estimate {
    let learned = thousand();
    for (estimated, actual) in observations {
        learned.observe("model", estimated, actual);
    }
    learned.estimate("model", "")
}

#[test]
fn estimate_counts_characters_not_bytes() {
    let estimator = CharsPerToken::default();
    for (text, tokens) in [("", 0), ("a", 1), ("four", 1), ("fives", 2), ("日本語です", 2), ("🦀🦀🦀🦀", 1)]
    {
        assert_eq!(estimator.tokens(text), tokens, "{text}");
    }
    let three = CharsPerToken::new(const { NonZeroU32::new(3).unwrap() });
    assert_eq!((three.tokens("123456"), three.tokens("1234567")), (2, 3));
    assert_eq!(CharsPerToken::new(NonZeroU32::MAX).tokens("a"), 1);
}

#[test]
fn estimators_may_be_closures_or_behind_pointers() {
    fn tokens(estimator: impl Estimator) -> u64 {
        Learned::new(estimator).estimate("model", "text").tokens
    }
    let plain = CharsPerToken::new(NonZeroU32::MIN);
    let by_reference: &dyn Estimator = &plain;
    assert_eq!([by_reference.tokens("four"), Estimator::tokens(&by_reference, "four")], [4, 4]);
    assert_eq!(tokens(by_reference), 4);
    assert_eq!(tokens(Box::new(plain) as Box<dyn Estimator>), 4);
    assert_eq!(tokens(Arc::new(plain)), 4);
    assert_eq!(tokens(Arc::new(plain) as Arc<dyn Estimator>), 4);
    assert_eq!(tokens(|text: &str| text.len() as u64 * 2), 8);
}

#[test]
fn unknown_model_has_no_correction() {
    let learned = thousand();
    learned.observe("another", 10, 20);
    let estimate = learned.estimate("model", "text");
    assert_eq!((estimate.tokens, estimate.plain, estimate.observations), (1_000, 1_000, 0));
    assert_eq!(estimate.relative_error, None);
    assert_eq!(estimate.at_most(0.99), 1_000);
    assert_eq!(learned.estimate("another", "text").tokens, 2_000);
}

#[test]
fn one_observation_gives_no_spread() {
    let estimate = learned_from([(100, 150)]);
    assert_eq!((estimate.tokens, estimate.observations, estimate.relative_error), (1_500, 1, None));
    assert_eq!(estimate.at_most(0.9), 1_500);
}

#[test]
fn absurd_observations_are_not_learned() {
    for (estimated, actual) in [
        (0, 0),
        (0, 1),
        (0, u64::MAX),
        (1, 0),
        (u64::MAX, 0),
        (1, u64::MAX),
        (u64::MAX, 1),
        (1, 1_000_001),
        (1_000_001, 1),
    ] {
        assert_eq!(learned_from([(estimated, actual)]).observations, 0, "{actual} of {estimated}");
        let estimate = learned_from([(10, 30), (estimated, actual)]);
        assert_eq!((estimate.tokens, estimate.observations), (3_000, 1), "{actual} of {estimated}");
    }
    assert_eq!(learned_from([(1, 1_000_000)]).tokens, 1_000_000_000);
    assert_eq!(learned_from([(1_000_000, 1)]).tokens, 1, "a text that is not empty costs at least one token");
}

#[test]
fn estimate_of_the_largest_count_saturates() {
    let learned = Learned::new(|_: &str| u64::MAX);
    for actual in [1, 1_000_000, 3, 500_000] {
        learned.observe("model", 1, actual);
    }
    let estimate = learned.estimate("model", "");
    assert_eq!((estimate.tokens, estimate.at_most(0.999)), (u64::MAX, u64::MAX));
    learned.observe("other", 1_000_000, 1);
    assert!(learned.estimate("other", "").tokens < u64::MAX / 900_000);
}

#[test]
fn observation_has_half_its_weight_after_32_others() {
    let past = std::iter::repeat_n((1_000, 1_000), 2_000);
    let recent = std::iter::repeat_n((1_000, 3_000), 32);
    assert_eq!(learned_from(past.chain(recent)).tokens, 2_000);
}

#[test]
fn spread_of_few_observations_is_that_of_the_textbook() {
    // Unweighted, 8 and 12 a thousand each have a mean of 10 and a standard deviation of 2 · √(n /
    // (n − 1)).
    let estimate = learned_from([(10, 80), (10, 120)]);
    assert!((estimate.tokens).abs_diff(10_000) < 50, "{estimate:?}");
    // s = 2.83, n = 2: s / √2 = 2.
    assert!((estimate.relative_error.unwrap() - 0.2).abs() < 0.002, "{estimate:?}");
    // k = 1 at a half: 10 + 2.83 · √1.5 = 13.46.
    assert!(estimate.at_most(0.5).abs_diff(13_464) < 60, "{estimate:?}");
    // k = 3 at nine tenths.
    let by_thirds = (estimate.at_most(0.9) - estimate.tokens) / 3;
    assert!(by_thirds.abs_diff(estimate.at_most(0.5) - estimate.tokens) <= 1);
}

#[test]
fn shares_out_of_range_are_clamped() {
    let estimate = learned_from([(10, 8), (10, 12), (10, 11)]);
    for share in [f64::NAN, f64::NEG_INFINITY, -0.5, 0.0] {
        assert_eq!(estimate.at_most(share), estimate.tokens, "{share}");
    }
    for share in [1.0, 7.0, f64::INFINITY] {
        assert_eq!(estimate.at_most(share), estimate.at_most(0.999), "{share}");
    }
    assert!(estimate.at_most(0.999) > estimate.at_most(0.99));
}

#[test]
fn bounds_cover_their_share() {
    let mut random = StdRng::seed_from_u64(7);
    let mut share = |ratio: &dyn Fn(f64) -> f64, named: f64| {
        let learned = thousand();
        let (mut covered, calls) = (0, 4_000);
        for _ in 0..calls {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "some thousands")]
            let actual = (1_000.0 * ratio(random.random())) as u64;
            covered += u32::from(actual <= learned.estimate("model", "").at_most(named));
            learned.observe("model", 1_000, actual);
        }
        f64::from(covered) / f64::from(calls)
    };
    let flat = |at: f64| 0.5 + at;
    let long_tailed = |at: f64| 0.1 - (1.0 - at).ln();
    let of_two_kinds = |at: f64| if at < 0.85 { 1.0 } else { 10.0 };
    for named in [0.5, 0.8, 0.9, 0.95] {
        for (name, ratio) in
            [("flat", &flat as &dyn Fn(f64) -> f64), ("long-tailed", &long_tailed), ("of two kinds", &of_two_kinds)]
        {
            let covered = share(ratio, named);
            assert!(covered >= named, "{name}: {covered} of {named}");
        }
    }
}

#[test]
fn correction_applies_to_the_estimators_own_count() {
    let learned = thousand();
    for _ in 0..100 {
        let estimate = learned.estimate("model", "");
        learned.observe("model", estimate.plain, 4_000);
    }
    assert_eq!(learned.estimate("model", "").tokens, 4_000);
}

#[test]
fn model_with_the_oldest_observation_is_forgotten() {
    let learned = thousand();
    let observations = |model: &str| learned.estimate(model, "").observations;
    for model in 0..256 {
        learned.observe(&format!("model-{model}"), 1, 2);
    }
    learned.observe("model-0", 1, 2);
    assert_eq!((observations("model-0"), observations("model-1"), observations("model-255")), (2, 1, 1));
    learned.observe("one more", 1, 2);
    assert_eq!((observations("one more"), observations("model-0")), (1, 2));
    assert_eq!((observations("model-1"), observations("model-2")), (0, 1), "only model-1 was forgotten");
}

#[test]
fn long_names_are_not_learned() {
    let learned = thousand();
    let name = "m".repeat(257);
    learned.observe(&name, 1, 2);
    learned.observe(&name[1..], 1, 2);
    assert_eq!((learned.estimate(&name, "").observations, learned.estimate(&name[1..], "").observations), (0, 1));
}

#[test]
fn threads_share_observations() {
    let learned = thousand();
    thread::scope(|scope| {
        for thread in 0..4 {
            let learned = &learned;
            scope.spawn(move || {
                for _ in 0..250 {
                    learned.observe("model", 10, 20);
                    learned.observe(["a", "b", "c", "d"][thread], 10, 30);
                }
            });
        }
    });
    let estimate = learned.estimate("model", "");
    assert_eq!((estimate.tokens, estimate.observations, estimate.relative_error), (2_000, 1_000, Some(0.0)));
    assert_eq!(learned.estimate("d", "").observations, 250);
}

#[test]
fn estimators_can_be_shared_and_sent() {
    fn check<T: Send + Sync + Unpin + std::fmt::Debug>() {}
    check::<Learned<CharsPerToken>>();
    check::<Learned<Box<dyn Estimator>>>();
    check::<Estimate>();
    assert_eq!(Learned::<CharsPerToken>::default().estimator(), &CharsPerToken::default());
}

/// Any value, and sometimes one at the edges.
fn tokens() -> impl Strategy<Value = u64> {
    prop_oneof![any::<u64>(), 0..10_u64, 0..1_000_000_u64, Just(u64::MAX), Just(u64::MAX - 1), Just(1 << 53)]
}

proptest! {
    #[test]
    fn estimate_converges_to_the_true_ratio(
        ratio in 0.01..100.0_f64,
        noise in prop::collection::vec(0.8..1.2_f64, 300),
    ) {
        let estimate = learned_from(noise.into_iter().map(|noise| {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive and small")]
            let actual = (1e6 * ratio * noise).round() as u64;
            (1_000_000, actual)
        }));
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let found = estimate.tokens as f64 / 1_000.0;
        // The noise has a standard deviation of 0.115; over 92 observations that is 0.012. Five of
        // these, plus rounding.
        prop_assert!((found / ratio - 1.0).abs() < 0.06 + 0.0005 / ratio, "{found} of {ratio}");
        let error = estimate.relative_error.unwrap();
        prop_assert!((0.008..0.016).contains(&error), "{error}");
    }

    #[test]
    fn constant_ratio_is_found_immediately(
        estimated in 1..1_000_000_u64,
        times in 1..1_000_u64,
        n in 2..100_usize,
    ) {
        let estimate = learned_from(std::iter::repeat_n((estimated, estimated * times), n));
        prop_assert_eq!(estimate.tokens, 1_000 * times);
        prop_assert!(estimate.relative_error.unwrap() < 1e-9);
        prop_assert!(estimate.at_most(0.99) <= 1_000 * times + 1);
    }

    #[test]
    fn more_observations_narrow_the_error(low in 1..1_000_u64, apart in 1..1_000_u64) {
        let error = |n| {
            let calls = (0..n).map(|call| (100, low + call % 2 * apart));
            learned_from(calls).relative_error.unwrap()
        };
        let errors = [2, 4, 8, 16, 32, 64, 128].map(error);
        prop_assert!(errors.is_sorted_by(|less, more| less > more), "{errors:?}");
    }

    #[test]
    fn estimates_are_never_nan(
        observations in prop::collection::vec((tokens(), tokens()), 0..200),
        plain in tokens(),
        share in any::<f64>(),
    ) {
        let learned = Learned::new(move |_: &str| plain);
        for (estimated, actual) in observations {
            learned.observe("model", estimated, actual);
            let estimate = learned.estimate("model", "");
            prop_assert_eq!(estimate.plain, plain);
            prop_assert_eq!(estimate.tokens == 0, plain == 0);
            prop_assert!(estimate.relative_error.is_none_or(|error| error.is_finite() && error >= 0.0));
            prop_assert_eq!(estimate.relative_error.is_some(), estimate.observations >= 2);
            prop_assert!(estimate.at_most(share) >= estimate.tokens);
        }
    }
}

#[cfg(feature = "tiktoken")]
mod tiktoken {
    use std::collections::HashSet;

    use limitor::llm::{Estimator, Tiktoken};
    use proptest::prelude::*;

    fn count(model: &str, text: &str) -> u64 {
        Tiktoken::for_model(model).unwrap().tokens(text)
    }

    #[test]
    fn token_counts_equal_those_of_openai() {
        // From OpenAI's cookbook, "How to count tokens with tiktoken".
        for (text, expected) in [
            ("antidisestablishmentarianism", [5, 5, 6, 6]),
            ("2 + 2 = 4", [5, 5, 7, 7]),
            ("お誕生日おめでとう", [14, 14, 9, 8]),
        ] {
            let counts = ["davinci", "text-davinci-003", "gpt-4", "gpt-4o"].map(|model| count(model, text));
            assert_eq!(counts, expected, "{text}");
        }
        assert_eq!(count("gpt-4o", ""), 0);
    }

    #[test]
    fn error_for_an_unknown_model_has_its_name() {
        let error = Tiktoken::for_model("claude-sonnet-4").unwrap_err();
        assert_eq!(&*error.model, "claude-sonnet-4");
        assert!(error.to_string().starts_with("no vocabulary is known for the model \"claude-sonnet-4\""), "{error}");
        assert!(Tiktoken::for_model("").is_err());
    }

    #[test]
    fn special_tokens_count_as_plain_text() {
        assert!(count("gpt-4o", "<|endoftext|>") > 1);
        assert!(count("gpt-oss-20b", "<|start|>user<|message|>hi<|end|>") > 6);
    }

    #[test]
    fn text_the_tokenizer_rejects_is_counted_in_halves() {
        // A two-byte space is cut at the middle of the text.
        let half = " ".repeat(500_000);
        let text = format!("{half}\u{a0}{half}x");
        assert!(!text.is_char_boundary(text.len() / 2));
        assert!(
            tiktoken_rs::o200k_base_singleton().count(&text, &HashSet::new()).is_err(),
            "the tokenizer does not fail"
        );
        let (whole, halves) = (count("gpt-4o", &text), 2 * count("gpt-4o", &half));
        assert!(whole.abs_diff(halves) < 20, "{whole}, in halves {halves}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn text_has_at_most_as_many_tokens_as_bytes(
            text in "(.|<\\|(endoftext|fim_prefix|endofprompt|start)\\|>|\\s{9}){0,40}",
        ) {
            for model in ["gpt-4o", "gpt-4", "gpt-oss-20b"] {
                let tokens = count(model, &text);
                prop_assert!(tokens <= text.len() as u64);
                prop_assert_eq!(tokens == 0, text.is_empty());
            }
        }
    }
}
