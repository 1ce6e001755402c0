//! First come, first served, across threads: nobody who came after somebody is granted while that one still waits.
//!
//! Who came when is certain where one call had returned before the other began, by readings taken outside of both; and so is who
//! was still waiting when a grant had been handed out already. So this sees no race that was fair.

/// Somebody had a place at the reading `since`, and was still waiting for it at the reading `still`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wait {
    pub(crate) since: u64,
    pub(crate) still: u64,
}

/// Somebody came not before the reading `came`, and had been granted what it asked for by the reading `got`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Served {
    pub(crate) came: u64,
    pub(crate) got: u64,
}

/// Who was served before somebody who had come first.
pub(crate) fn overtakers(waits: &[Wait], served: &[Served]) -> Vec<Served> {
    let mut waits = waits.to_vec();
    waits.sort_unstable_by_key(|wait| wait.since);
    // Of those up to each, the longest wait.
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
    fn only_who_came_later_and_got_it_sooner_overtakes() {
        let waits = [Wait { since: 10, still: 20 }, Wait { since: 5, still: 40 }, Wait { since: 30, still: 35 }];
        let overtakes = |came, got| overtakers(&waits, &[Served { came, got }]).len() == 1;
        assert!(overtakes(6, 39));
        assert!(!overtakes(6, 40)); // maybe granted first
        assert!(!overtakes(5, 30)); // maybe came first
        assert!(!overtakes(31, 41));
        assert!(overtakes(31, 32));
    }
}
