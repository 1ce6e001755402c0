//! Exact counts by the vocabularies that OpenAI publishes.

use std::collections::HashSet;
use std::fmt;

use tiktoken_rs::CoreBPE;

use super::estimator::Estimator;

/// Counts the tokens of a text as OpenAI's models do.
///
/// Text that looks like a special token, such as `<|endoftext|>`, is counted as plain text. The
/// tokens that a provider adds around messages are not in the text and are not counted.
/// [`Learned`](super::Learned) corrects that.
///
/// Copies are free and share one vocabulary. The vocabulary stays in memory from the first
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

/// The error of [`Tiktoken::for_model`]: no vocabulary is known for the model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no vocabulary is known for the model {model:?}: use CharsPerToken, or name a model with the same vocabulary")]
#[non_exhaustive]
pub struct UnknownModel {
    /// The model that was requested.
    pub model: Box<str>,
}

impl fmt::Debug for Tiktoken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tiktoken").finish_non_exhaustive()
    }
}

impl Tiktoken {
    /// Makes an estimator that counts as `model` does.
    ///
    /// Names are those of OpenAI: `gpt-4o`, `gpt-4.1-mini`, `o3`, `text-embedding-3-small`,
    /// `ft:gpt-4o:…`.
    ///
    /// The first call for each vocabulary unpacks it, which takes about 0.1 s and 30 MB. Make that
    /// call when the program starts.
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
    /// assert!(Tiktoken::for_model("o3").is_ok());
    /// assert_eq!(&*Tiktoken::for_model("some-model").unwrap_err().model, "some-model");
    /// ```
    pub fn for_model(model: &str) -> Result<Self, UnknownModel> {
        let vocabulary = tiktoken_rs::bpe_for_model(model).map_err(|_| UnknownModel { model: model.into() })?;
        Ok(Self { vocabulary })
    }
}

impl Estimator for Tiktoken {
    /// Returns the exact number of tokens of `text`.
    ///
    /// If the tokenizer fails on a text, such as a million spaces in a row, each half is counted by
    /// itself. Then the result may be one too high for each cut.
    fn tokens(&self, text: &str) -> u64 {
        // Where `count` returns an error, `count_ordinary` would panic.
        if let Ok(count) = self.vocabulary.count(text, &HashSet::new()) {
            return count as u64;
        }
        let middle = (1..=text.len() / 2).rev().find(|&at| text.is_char_boundary(at));
        // A single character has at most as many tokens as bytes.
        middle.map_or(text.len() as u64, |middle| self.tokens(&text[..middle]) + self.tokens(&text[middle..]))
    }
}
