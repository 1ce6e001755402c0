//! The results.

use serde::{Deserialize, Serialize};

use crate::case::Case;

/// The cost of a decision for a contender.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    pub(crate) case: Case,
    pub(crate) contender: &'static str,
    /// Median of a decision.
    pub(crate) nanos: f64,
    /// Median ratio to the time of limitor just after it.
    pub(crate) ratio: f64,
}

/// The memory of a contender that knows that many keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Resident {
    pub(crate) contender: String,
    pub(crate) kind: String,
    pub(crate) keys: u64,
    /// The growth of the process, in bytes.
    pub(crate) bytes: u64,
    /// The bytes that the contender states.
    pub(crate) stated: Option<u64>,
}

/// Keys that come, take one permit, and do not return.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Churn {
    pub(crate) keys: u64,
    pub(crate) max_keys: u64,
    /// Resident bytes of the process after a percentage of the keys.
    pub(crate) resident: Vec<(u64, u64)>,
    pub(crate) seconds: f64,
    pub(crate) granted: u64,
    pub(crate) crowded: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) costs: Vec<Cost>,
    pub(crate) residents: Vec<Resident>,
    pub(crate) churn: Option<Churn>,
}

impl Results {
    pub(crate) fn cost(&self, case: Case, contender: &str) -> Option<&Cost> {
        self.costs.iter().find(|cost| cost.case == case && cost.contender == contender)
    }

    pub(crate) fn resident(&self, kind: &str, keys: u64, contender: &str) -> Option<&Resident> {
        let is = |it: &&Resident| it.kind == kind && it.keys == keys && it.contender == contender;
        self.residents.iter().find(is)
    }

    /// The cases in their order.
    pub(crate) fn cases(&self) -> Vec<Case> {
        let mut cases: Vec<Case> = Vec::new();
        for cost in &self.costs {
            if !cases.contains(&cost.case) {
                cases.push(cost.case);
            }
        }
        cases
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.costs.is_empty() && self.residents.is_empty() && self.churn.is_none()
    }
}
