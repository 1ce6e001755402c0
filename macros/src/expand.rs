//! Generates the limited function.
//!
//! The quota is checked where it is written, by a constant that calls limitor's `Quota::literal`.
//! This crate cannot depend on limitor, which exports it. The constant keeps one grammar and one
//! set of bounds.
//!
//! Names of local variables are hygienic, so they cannot conflict with names in the function. Names
//! of items are not hygienic: they are in a block of their own.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, ItemFn, Result, ReturnType, Type, parse_quote, parse_quote_spanned};

use crate::args::{Args, OnError, Own, Source, is_number};

pub(crate) fn expand(args: &Args, mut function: ItemFn) -> Result<TokenStream> {
    if let Some(constness) = function.sig.constness {
        return Err(Error::new(constness.span, "a `const fn` cannot wait for a limiter"));
    }
    let returns = Returns::of(&function.sig.output);
    let span = returns.written.as_ref().map_or(function.sig.ident.span(), Spanned::span);
    let begin = begin(args, function.sig.asyncness.is_some());
    let job = match may_be_refused(args) {
        None => quote_spanned! { here()=> ::limitor::__private::surely(#begin) },
        Some(why) if !returns.a_result => {
            let message = format!(
                "{why}, so `{}` must return a `Result` (under that name) with an error that is `From<limitor::AcquireError>`",
                function.sig.ident
            );
            return Err(Error::new(span, message));
        }
        Some(_) => {
            let refused = quote_spanned! { at(span)=> ::limitor::__private::refused(why) };
            quote_spanned! { here()=>
                match #begin {
                    ::core::result::Result::Ok(job) => job,
                    ::core::result::Result::Err(why) => return #refused,
                }
            }
        }
    };
    let setting = setting(args);
    let result = result(&function, &returns);
    let settle = settle(args.actual.as_ref(), &returns);
    function.block = parse_quote_spanned! { here()=> {
        #setting
        let job = #job;
        #result
        #settle
        result
    }};
    Ok(function.into_token_stream())
}

/// The position of the attribute, with names of local variables that no other code can use.
fn here() -> Span {
    Span::mixed_site()
}

/// The same, but errors of the compiler are shown at `span`.
fn at(span: Span) -> Span {
    here().located_at(span)
}

/// The return type of the function.
struct Returns {
    /// `None` if the function returns nothing.
    written: Option<Type>,
    /// Whether the type is named `Result`.
    a_result: bool,
    /// Whether the type can be named elsewhere: `impl Trait` cannot.
    nameable: bool,
}

impl Returns {
    fn of(output: &ReturnType) -> Self {
        let ReturnType::Type(_, written) = output else {
            return Self { written: None, a_result: false, nameable: true };
        };
        Self {
            a_result: is_result(written),
            nameable: !mentions_impl(written.to_token_stream()),
            written: Some(Type::clone(written)),
        }
    }

    fn name(&self) -> Option<Type> {
        self.nameable.then(|| self.written.clone().unwrap_or_else(|| parse_quote! { () }))
    }
}

fn is_result(ty: &Type) -> bool {
    match ty {
        Type::Path(path) => path.path.segments.last().is_some_and(|last| last.ident == "Result"),
        Type::Group(group) => is_result(&group.elem),
        Type::Paren(paren) => is_result(&paren.elem),
        _ => false,
    }
}

fn mentions_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => ident == "impl",
        TokenTree::Group(group) => mentions_impl(group.stream()),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// The reason why a call can be refused, if it can.
fn may_be_refused(args: &Args) -> Option<&'static str> {
    match &args.source {
        _ if args.timeout.is_some() => Some("a wait with a `timeout` may be refused"),
        Source::Given(_) => Some("a `limiter` may refuse a call (it may be closed)"),
        Source::Own(own) if own.max_waiters.is_some() => Some("a call beyond `max_waiters` is refused"),
        Source::Own(_) if args.cost.as_ref().is_some_and(|cost| !is_number(cost)) => {
            Some("a `cost` that is not a literal may exceed the burst, and is then refused")
        }
        Source::Own(_) => None,
    }
}

/// The limiter, the cost and the timeout of a call. Each is a statement of its own, so that what it
/// borrows is released before the wait.
fn setting(args: &Args) -> TokenStream {
    let limit = match &args.source {
        Source::Given(limiter) => limiter.to_token_stream(),
        Source::Own(own) => own_limiter(own, args.cost.as_ref()),
    };
    let cost = cost(args);
    let timeout = option(args.timeout.as_ref());
    quote_spanned! { here()=>
        let limit = #limit;
        let cost = #cost;
        let timeout: ::core::option::Option<::core::time::Duration> = #timeout;
    }
}

/// The cost of a call, of the type that the limiter takes: permits, or permits of each of several
/// limits.
fn cost(args: &Args) -> TokenStream {
    match (&args.cost, &args.source) {
        (None, Source::Own(_)) => quote_spanned! { here()=> 1 },
        (None, Source::Given(limiter)) => {
            quote_spanned! { at(limiter.span())=> ::limitor::__private::one(&limit) }
        }
        (Some(cost), Source::Own(_)) => quote_spanned! { here()=> { let cost: u64 = #cost; cost } },
        (Some(cost), Source::Given(_)) => {
            quote_spanned! { at(cost.span())=> ::limitor::__private::cost_of(&limit, #cost) }
        }
    }
}

fn own_limiter(own: &Own, cost: Option<&Expr>) -> TokenStream {
    let Own { quota, evenly_spaced, max_concurrent, max_waiters } = own;
    let mut read = quote_spanned! { at(quota.span())=> ::limitor::Quota::literal(#quota) };
    if *evenly_spaced {
        read = quote_spanned! { here()=> ::limitor::__private::spaced(#read) };
    }
    let cost_check = cost.filter(|cost| is_number(cost)).map(|cost| {
        quote_spanned! { at(cost.span())=>
            const _: () = ::core::assert!(
                #cost <= __LIMITOR_QUOTA.burst(),
                "the cost exceeds the burst of the quota, so no call can ever be granted"
            );
        }
    });
    let waiters = option(max_waiters.as_ref());
    let (slots, kind, made) = match max_concurrent {
        None => (
            None,
            quote_spanned! { here()=> ::limitor::RateLimiter },
            quote_spanned! { here()=> ::limitor::__private::limiter(__LIMITOR_QUOTA, #waiters) },
        ),
        Some(slots) => (
            Some(quote_spanned! { at(slots.span())=>
                const __LIMITOR_SLOTS: usize = #slots;
                const _: () = ::core::assert!(
                    __LIMITOR_SLOTS > 0,
                    "max_concurrent is 0, so no call can ever start"
                );
            }),
            quote_spanned! { here()=> ::limitor::ConcurrentLimiter },
            quote_spanned! { here()=>
                ::limitor::__private::concurrent(__LIMITOR_QUOTA, #waiters, __LIMITOR_SLOTS)
            },
        ),
    };
    quote_spanned! { here()=> {
        const __LIMITOR_QUOTA: ::limitor::Quota = #read;
        #cost_check
        #slots
        static __LIMITOR: ::std::sync::LazyLock<#kind> = ::std::sync::LazyLock::new(|| #made);
        &*__LIMITOR
    }}
}

fn begin(args: &Args, awaits: bool) -> TokenStream {
    let on_error = match args.on_error {
        OnError::Keep => quote_spanned! { here()=> ::limitor::wrap::OnError::Keep },
        OnError::Refund => quote_spanned! { here()=> ::limitor::wrap::OnError::Refund },
    };
    // If `limiter` has the wrong type, the error is shown at its expression.
    let span = match &args.source {
        Source::Own(_) => here(),
        Source::Given(limiter) => at(limiter.span()),
    };
    if awaits {
        quote_spanned! { span=> ::limitor::__private::begin_async(limit, cost, timeout, #on_error).await }
    } else {
        quote_spanned! { span=> ::limitor::__private::begin(limit, cost, timeout, #on_error) }
    }
}

/// Runs the body, so that `return` and `?` in it lead no further than here.
fn result(function: &ItemFn, returns: &Returns) -> TokenStream {
    let name = returns.name();
    let of_type = name.iter();
    let body = &function.block;
    let run = if function.sig.asyncness.is_some() {
        // The compiler does not infer the type of an async block from the type of the variable.
        let hint = name.iter();
        quote_spanned! { here()=>
            async move {
                #(if false { return ::limitor::__private::never::<#hint>(); })*
                #body
            }.await
        }
    } else {
        let returned = name.iter();
        quote_spanned! { here()=> ::limitor::__private::run(move || #(-> #returned)* #body) }
    };
    quote_spanned! { here()=> let result #(: #of_type)* = #run; }
}

fn settle(actual: Option<&Expr>, returns: &Returns) -> TokenStream {
    let of = |result: TokenStream| {
        let cost = actual.map(|actual| {
            quote_spanned! { at(actual.span())=> ::limitor::__private::actual_cost(&job, #result, #actual) }
        });
        let cost = option(cost);
        quote_spanned! { here()=> {
            let cost = #cost;
            job.done(cost)
        } }
    };
    if !returns.a_result {
        let done = of(quote_spanned! { here()=> &result });
        return quote_spanned! { here()=> #done; };
    }
    let done = of(quote_spanned! { here()=> value });
    let value = actual.map_or_else(|| quote_spanned! { here()=> _ }, |_| quote_spanned! { here()=> value });
    quote_spanned! { here()=>
        match &result {
            ::core::result::Result::Ok(#value) => #done,
            ::core::result::Result::Err(_) => ::core::mem::drop(job),
        }
    }
}

/// An `Option` literal.
fn option(value: Option<impl ToTokens>) -> TokenStream {
    value.map_or_else(
        || quote_spanned! { here()=> ::core::option::Option::None },
        |value| quote_spanned! { here()=> ::core::option::Option::Some(#value) },
    )
}
