//! What was measured.

use serde::{Deserialize, Serialize};

use crate::case::Case;

/// What a decision costs a contender.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    pub(crate) case: Case,
    pub(crate) contender: &'static str,
    /// Median of a decision.
    pub(crate) nanos: f64,
    /// Median of what it took over what limitor took just after it.
    pub(crate) ratio: f64,
}

/// The memory of a contender that knows so many keys.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Resident {
    pub(crate) contender: String,
    pub(crate) kind: String,
    pub(crate) keys: u64,
    /// Bytes by which the process grew.
    pub(crate) bytes: u64,
    /// Bytes that it says it occupies.
    pub(crate) stated: Option<u64>,
}

/// Keys that come, take one permit, and do not come again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Churn {
    pub(crate) keys: u64,
    pub(crate) max_keys: u64,
    /// Bytes of the process, after so many per cent of the keys.
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

    /// The cases in the order in which they came.
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
