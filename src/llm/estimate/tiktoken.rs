//! Exact counts by the vocabularies that OpenAI publishes.

use std::collections::HashSet;
use std::fmt;

use tiktoken_rs::CoreBPE;

use super::estimator::Estimator;

/// Counts the tokens of a text as OpenAI's models do.
///
/// Text that looks like a special token, such as `<|endoftext|>`, is counted as plain text. What a
/// provider puts around messages is not in the text, so it is not counted.
/// [`Learned`](super::Learned) corrects for that.
///
/// Copies are free and share one vocabulary, which stays in memory from the first
/// [`for_model`](Self::for_model) on.
///
/// # Examples
///
/// ```
/// use limitor::llm::{Estimator, Tiktoken};
///
/// let tokens = Tiktoken::for_model("gpt-4o")?;
/// assert_eq!(tokens.tokens("Hello, world!"), 4);
/// # Ok::<(), limitor::llm::UnknownModel>(())
/// ```
#[derive(Clone, Copy)]
pub struct Tiktoken {
    vocabulary: &'static CoreBPE,
}

/// A model for which no vocabulary is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no vocabulary is known for the model {model:?}; estimate by characters, or name a model that counts alike")]
#[non_exhaustive]
pub struct UnknownModel {
    /// The model that was asked for.
    pub model: Box<str>,
}

impl fmt::Debug for Tiktoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiktoken").finish_non_exhaustive()
    }
}

impl Tiktoken {
    /// Returns the counter of `model`: `gpt-4o`, `gpt-4.1-mini`, `o3`, `text-embedding-3-small`,
    /// `ft:gpt-4o:…`.
    ///
    /// The first call for each vocabulary unpacks it, which takes about 0.1 s and 30 MB. Make it
    /// when the program starts.
    ///
    /// # Errors
    ///
    /// [`UnknownModel`] if no vocabulary is known for the model.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::Tiktoken;
    ///
    /// assert!(Tiktoken::for_model("gpt-4o").is_ok());
    /// assert_eq!(&*Tiktoken::for_model("some-model").unwrap_err().model, "some-model");
    /// ```
    pub fn for_model(model: &str) -> Result<Self, UnknownModel> {
        let vocabulary = tiktoken_rs::bpe_for_model(model).map_err(|_| UnknownModel { model: model.into() })?;
        Ok(Self { vocabulary })
    }
}

impl Estimator for Tiktoken {
    /// Counts exactly, except text that the tokenizer gives up on, such as a million spaces in a
    /// row. Such text is counted in halves, so each cut may add a token.
    fn tokens(&self, text: &str) -> u64 {
        // `count_ordinary` would panic where this gives an error.
        if let Ok(count) = self.vocabulary.count(text, &HashSet::new()) {
            return count as u64;
        }
        let middle = (1..=text.len() / 2).rev().find(|&at| text.is_char_boundary(at));
        // A single character has at most as many tokens as bytes.
        middle.map_or(text.len() as u64, |middle| self.tokens(&text[..middle]) + self.tokens(&text[middle..]))
    }
}
