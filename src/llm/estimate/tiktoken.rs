//! Exact counts, by the vocabularies that OpenAI publishes.

use std::collections::HashSet;
use std::fmt;

use tiktoken_rs::CoreBPE;

use super::Estimator;

/// Counts the tokens of a text as OpenAI's models do.
///
/// Text that looks like a special token, such as `<|endoftext|>`, is counted as the plain text that
/// it is. What a provider puts around messages is not in the text, so it is not counted;
/// [`Learned`](super::Learned) makes up for that.
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

/// No vocabulary is known for a model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no vocabulary is known for the model {model:?}: estimate it by its characters, or name one that counts alike")]
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
    /// Counts as `model` does: `gpt-4o`, `gpt-4.1-mini`, `o3`, `text-embedding-3-small`,
    /// `ft:gpt-4o:…`.
    ///
    /// The first call for each vocabulary unpacks it, which takes some 0.1 s and 30 MB: do it
    /// before there is any hurry.
    ///
    /// # Errors
    ///
    /// [`UnknownModel`] if no vocabulary is known for it.
    pub fn for_model(model: &str) -> Result<Self, UnknownModel> {
        let vocabulary = tiktoken_rs::bpe_for_model(model).map_err(|_| UnknownModel { model: model.into() })?;
        Ok(Self { vocabulary })
    }
}

impl Estimator for Tiktoken {
    /// Exact but for text that the tokenizer gives up on, such as a million spaces in a row. That
    /// is counted in halves, so there may be a token too many at each cut.
    fn tokens(&self, text: &str) -> u64 {
        // `count_ordinary` would panic where this says that it gives up.
        if let Ok(count) = self.vocabulary.count(text, &HashSet::new()) {
            return count as u64;
        }
        let middle = (1..=text.len() / 2).rev().find(|&at| text.is_char_boundary(at));
        // A single character has at most as many tokens as bytes.
        middle.map_or(text.len() as u64, |middle| self.tokens(&text[..middle]) + self.tokens(&text[middle..]))
    }
}
