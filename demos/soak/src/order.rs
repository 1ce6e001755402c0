//! Checks the order across threads: no later request is granted while an earlier one still waits.
//!
//! The order of two requests is certain if one call had returned before the other began, by
//! readings taken outside of both. It is certain that a request still waited if a grant had been
//! returned before. So this check reports no fair race.

/// A request had an entry at the reading `since`, and still waited at the reading `still`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) since: u64,
    pub(crate) still: u64,
}

/// A request came at the reading `came` or later, and was granted by the reading `got`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    pub(crate) came: u64,
    pub(crate) got: u64,
}

/// Returns grants that overtook an earlier request.
pub(crate) fn overtakers(waits: &[Wait], served: &[Served]) -> Vec<Served> {
    let mut waits = waits.to_vec();
    waits.sort_unstable_by_key(|wait| wait.since);
    // The longest wait up to each one.
    let mut longest = 0;
    for wait in &mut waits {
        longest = longest.max(wait.still);
        wait.still = longest;
    }
    let overtakes = |served: &&Served| {
        let before = waits.partition_point(|wait| wait.since < served.came);
        before.checked_sub(1).is_some_and(|last| served.got < waits[last].still)
    };
    served.iter().filter(overtakes).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_later_request_granted_sooner_overtakes() {
        let waits = [Wait { since: 10, still: 20 }, Wait { since: 5, still: 40 }, Wait { since: 30, still: 35 }];
        let overtakes = |came, got| overtakers(&waits, &[Served { came, got }]).len() == 1;
        assert!(overtakes(6, 39));
        assert!(!overtakes(6, 40)); // maybe granted first
        assert!(!overtakes(5, 30)); // maybe came first
        assert!(!overtakes(31, 41));
        assert!(overtakes(31, 32));
    }
}
