//! Parses the arguments of the attribute.

use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Ident, Lit, LitStr, Path, Result, Token};

/// The arguments of the attribute.
pub(crate) struct Args {
    pub(crate) source: Source,
    pub(crate) cost: Option<Expr>,
    pub(crate) actual: Option<Expr>,
    pub(crate) timeout: Option<Expr>,
    pub(crate) on_error: OnError,
}

/// Where the limiter comes from.
pub(crate) enum Source {
    /// The function has its own limiter.
    Own(Own),
    /// An expression that is evaluated for each call.
    Given(Expr),
}

/// The limiter of a function.
pub(crate) struct Own {
    pub(crate) quota: LitStr,
    pub(crate) evenly_spaced: bool,
    pub(crate) max_concurrent: Option<Expr>,
    pub(crate) max_waiters: Option<Expr>,
}

#[derive(Clone, Copy, Default)]
pub(crate) enum OnError {
    #[default]
    Keep,
    Refund,
}

/// The arguments, each with its name.
#[derive(Default)]
struct Given {
    limiter: Option<(Ident, Expr)>,
    cost: Option<(Ident, Expr)>,
    actual: Option<(Ident, Expr)>,
    timeout: Option<(Ident, Expr)>,
    max_concurrent: Option<(Ident, Expr)>,
    max_waiters: Option<(Ident, Expr)>,
    algorithm: Option<(Ident, bool)>,
    on_error: Option<(Ident, OnError)>,
}

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let quota = input.peek(Lit).then(|| quota(input)).transpose()?;
        let mut given = Given::default();
        if quota.is_some() && !input.is_empty() {
            input.parse::<Token![,]>()?;
        }
        while !input.is_empty() {
            given.parse_one(input)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        given.into_args(quota, input)
    }
}

fn quota(input: ParseStream<'_>) -> Result<LitStr> {
    match input.parse::<Lit>()? {
        Lit::Str(text) => Ok(text),
        other => Err(Error::new(
            other.span(),
            "the quota is a string literal, such as \"100/s\" or \"100 per minute burst 20\"",
        )),
    }
}

impl Given {
    fn parse_one(&mut self, input: ParseStream<'_>) -> Result<()> {
        let name: Ident = input.parse()?;
        match name.to_string().as_str() {
            "limiter" => put(&mut self.limiter, name, input, Expr::parse),
            "cost" => put(&mut self.cost, name, input, Expr::parse),
            "actual" => put(&mut self.actual, name, input, Expr::parse),
            "timeout" => put(&mut self.timeout, name, input, Expr::parse),
            "max_concurrent" => put(&mut self.max_concurrent, name, input, Expr::parse),
            "max_waiters" => put(&mut self.max_waiters, name, input, Expr::parse),
            "algorithm" => put(&mut self.algorithm, name, input, evenly_spaced),
            "on_error" => put(&mut self.on_error, name, input, on_error),
            "burst" => Err(Error::new(name.span(), "the burst is part of the quota: \"100/s burst 20\"")),
            _ => Err(Error::new(
                name.span(),
                "not an argument of `rate_limit`: it takes a quota such as \"100/s\" or `limiter`, and `cost`, `actual`, \
                 `timeout`, `on_error`, `max_concurrent`, `max_waiters` and `algorithm`",
            )),
        }
    }

    fn into_args(self, quota: Option<LitStr>, input: ParseStream<'_>) -> Result<Args> {
        let value = |given: Option<(Ident, Expr)>| given.map(|(_, value)| value);
        let source = match (self.limiter, quota) {
            (None, Some(quota)) => Source::Own(Own {
                quota,
                evenly_spaced: self.algorithm.is_some_and(|(_, spaced)| spaced),
                max_concurrent: value(self.max_concurrent),
                max_waiters: value(self.max_waiters),
            }),
            (Some((name, _)), Some(_)) => {
                return Err(Error::new(name.span(), "either a quota or `limiter`, not both"));
            }
            (Some((_, limiter)), None) => {
                let of_a_quota = [
                    self.max_concurrent.map(|(name, _)| name),
                    self.max_waiters.map(|(name, _)| name),
                    self.algorithm.map(|(name, _)| name),
                ];
                if let Some(name) = of_a_quota.into_iter().flatten().next() {
                    return Err(Error::new(
                        name.span(),
                        format!("`{name}` needs a quota; a `limiter` is built with its own"),
                    ));
                }
                Source::Given(limiter)
            }
            (None, None) => return Err(input.error("a quota is missing: #[rate_limit(\"100/s\")]")),
        };
        Ok(Args {
            source,
            cost: value(self.cost),
            actual: value(self.actual),
            timeout: value(self.timeout),
            on_error: self.on_error.map(|(_, on_error)| on_error).unwrap_or_default(),
        })
    }
}

/// Reads `= value` after a name that must not occur twice.
fn put<T>(
    place: &mut Option<(Ident, T)>,
    name: Ident,
    input: ParseStream<'_>,
    parse: fn(ParseStream<'_>) -> Result<T>,
) -> Result<()> {
    if place.is_some() {
        return Err(Error::new(name.span(), format!("`{name}` is given twice")));
    }
    input.parse::<Token![=]>()?;
    *place = Some((name, parse(input)?));
    Ok(())
}

/// Whether the algorithm is the one with a burst of 1. The others make the same decisions.
fn evenly_spaced(input: ParseStream<'_>) -> Result<bool> {
    let (path, name) = last_of_path(input)?;
    match name.as_str() {
        "token_bucket"
        | "TokenBucket"
        | "leaky_bucket"
        | "LeakyBucket"
        | "virtual_scheduling_gcra"
        | "VirtualSchedulingGcra"
        | "leaky_bucket_gcra"
        | "LeakyBucketGcra" => Ok(false),
        "leaky_queue" | "LeakyQueue" => Ok(true),
        _ => Err(Error::new(
            path.span(),
            "not an algorithm; use one of `token_bucket`, `leaky_bucket`, `virtual_scheduling_gcra`, `leaky_bucket_gcra` \
             and `leaky_queue`",
        )),
    }
}

fn on_error(input: ParseStream<'_>) -> Result<OnError> {
    let (path, name) = last_of_path(input)?;
    match name.as_str() {
        "keep" | "Keep" => Ok(OnError::Keep),
        "refund" | "Refund" => Ok(OnError::Refund),
        _ => Err(Error::new(path.span(), "not an outcome of an error; use `keep` or `refund`")),
    }
}

/// A path and its last name: `OnError::Refund` means the same as `refund`.
fn last_of_path(input: ParseStream<'_>) -> Result<(Path, String)> {
    let path: Path = input.parse()?;
    let name = path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
    Ok((path, name))
}

/// Whether the expression is a number literal, so that its value is known at compile time.
pub(crate) fn is_number(value: &Expr) -> bool {
    matches!(value, Expr::Lit(ExprLit { lit: Lit::Int(_), .. }))
}
