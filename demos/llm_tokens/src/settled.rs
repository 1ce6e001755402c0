//! The results of the calls as text: how good the estimates were, and whether the other limits
//! held.
//!
//! The audit of tokens counts what calls actually used, at the time of their grant. Providers count
//! in this way. A limiter with plain refunds promises less. Only the tokens beyond an estimate are
//! left out, because they were not known at the grant.

use std::fmt;

use indicatif::HumanCount;

use crate::args::Args;
use crate::audit::{self, Sighting};
use crate::calls::{Call, Calls};
use crate::summary::counted;

/// The figures of the calls.
#[derive(Debug)]
pub(crate) struct Settled {
    estimated: u64,
    used: u64,
    /// The calls that used more than estimated, and by how much.
    beyond: (u64, u64),
    /// Of the window nearest to its bound: the requests granted, and that bound.
    requests: Option<(u64, u64)>,
    /// The most calls under way at the same time, and the most that are allowed.
    under_way: (usize, Option<usize>),
}

impl Settled {
    pub(crate) fn of(args: &Args, calls: &Calls, sightings: &[Sighting]) -> Self {
        let beyond = calls.drawn().iter().map(|call| call.used().saturating_sub(call.estimated()));
        let beyond = beyond.filter(|tokens| *tokens > 0);
        let each: Vec<_> = sightings.iter().map(|seen| Sighting { tokens: 1, ..*seen }).collect();
        let requests = args.rpm.and_then(|quota| {
            let window = audit::tightest(quota, &each)?;
            Some((window.tokens(&each), window.bound(quota)))
        });
        Self {
            estimated: calls.drawn().iter().map(Call::estimated).sum(),
            used: calls.drawn().iter().map(Call::used).sum(),
            beyond: (beyond.clone().count() as u64, beyond.sum()),
            requests,
            under_way: (calls.most_under_way(), args.concurrency.map(usize::from)),
        }
    }

    /// Whether the numbers of requests and of calls under way never exceeded their limits.
    pub(crate) fn kept(&self) -> bool {
        let (most, allowed) = self.under_way;
        self.requests.is_none_or(|(requests, bound)| requests <= bound) && allowed.is_none_or(|allowed| most <= allowed)
    }
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (used, estimated) = (HumanCount(self.used), HumanCount(self.estimated));
        let (calls, tokens) = (counted(self.beyond.0, "call"), HumanCount(self.beyond.1));
        write!(
            f,
            "estimates    {estimated} tokens for {used} used; {calls} used {tokens} more than estimated, as a debt"
        )?;
        let verdict = |kept| if kept { "kept" } else { "BROKEN" };
        if let Some((requests, bound)) = self.requests {
            let kept = verdict(requests <= bound);
            write!(f, "\nrequests     {kept} over every window: at the nearest {requests} of at most {bound}")?;
        }
        let (most, allowed) = self.under_way;
        match allowed {
            Some(allowed) => {
                write!(f, "\nunder way    {}: at most {most} of {allowed} calls", verdict(most <= allowed))
            }
            None => write!(f, "\nunder way    at most {}", counted(most as u64, "call")),
        }
    }
}
