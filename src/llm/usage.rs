//! What a call uses.

/// Tokens that a call uses, or will probably use.
///
/// # Examples
///
/// ```
/// use limitor::llm::Usage;
///
/// let estimate = Usage::new(1_200, 300); // a prompt of 1,200 tokens, a reply of 300
/// assert_eq!((estimate.input, estimate.output, estimate.cached), (1_200, 300, 0));
/// assert_eq!(Usage::from(1_500), Usage::new(1_500, 0));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the prompt that were not read from a cache.
    pub input: u64,
    /// Tokens of the reply.
    pub output: u64,
    /// Tokens of the prompt that were read from the provider's cache. Whether they count is the
    /// provider's choice; see [`Builder::count_cached`](crate::llm::Builder::count_cached).
    pub cached: u64,
}

impl Usage {
    /// A prompt and a reply of so many tokens, none of them read from a cache.
    pub const fn new(input: u64, output: u64) -> Self {
        Self { input, output, cached: 0 }
    }

    /// Sets the tokens of the prompt that were not read from a cache.
    #[must_use]
    pub const fn input(mut self, tokens: u64) -> Self {
        self.input = tokens;
        self
    }

    /// Sets the tokens of the reply.
    #[must_use]
    pub const fn output(mut self, tokens: u64) -> Self {
        self.output = tokens;
        self
    }

    /// Sets the tokens of the prompt that were read from the provider's cache.
    ///
    /// # Examples
    ///
    /// ```
    /// use limitor::llm::Usage;
    ///
    /// let usage = Usage::new(200, 300).cached(1_000); // a prompt of 1,200 tokens
    /// assert_eq!(usage.cached, 1_000);
    /// ```
    #[must_use]
    pub const fn cached(mut self, tokens: u64) -> Self {
        self.cached = tokens;
        self
    }
}

/// Tokens of any kind count as tokens of a prompt.
impl From<u64> for Usage {
    fn from(tokens: u64) -> Self {
        Self::new(tokens, 0)
    }
}
