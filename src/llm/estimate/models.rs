//! What was learned of each model, for a bounded number of models.

use std::collections::HashMap;

use super::ratio::Ratio;

/// The most models that are kept. More than a hundred models of a provider are seldom in use at a
/// time. With the longest names, this many take about 100 KB.
const MAX_MODELS: usize = 256;

/// The most bytes of a name. Models with longer names are not learned, so that memory is bounded.
const MAX_NAME: usize = 256;

/// Keeps the models that were observed last, at most [`MAX_MODELS`].
#[derive(Debug, Default)]
pub(super) struct Models {
    seen: HashMap<Box<str>, Seen>,
    /// The number of observations of all models so far.
    turn: u64,
}

#[derive(Debug, Default)]
struct Seen {
    ratio: Ratio,
    /// The turn of the last observation.
    last: u64,
}

impl Models {
    pub(super) fn ratio(&self, model: &str) -> Option<Ratio> {
        self.seen.get(model).map(|seen| seen.ratio)
    }

    pub(super) fn observe(&mut self, model: &str, ratio: f64) {
        if model.len() > MAX_NAME {
            return;
        }
        if !self.seen.contains_key(model) {
            self.make_room();
            self.seen.insert(model.into(), Seen::default());
        }
        self.turn += 1;
        if let Some(seen) = self.seen.get_mut(model) {
            seen.ratio.observe(ratio);
            seen.last = self.turn;
        }
    }

    /// Forgets the model that was observed longest ago, if there are [`MAX_MODELS`]. Only then does
    /// it read every model.
    fn make_room(&mut self) {
        if self.seen.len() < MAX_MODELS {
            return;
        }
        let stalest = self.seen.iter().min_by_key(|(_, seen)| seen.last).map(|(model, _)| model.clone());
        if let Some(model) = stalest {
            self.seen.remove(&model);
        }
    }
}
