//! Policies that many rooms have in common are kept once.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::room::RoomPolicy;

/// A host uses a handful of policies for all its rooms; so many are looked through.
const KEPT: usize = 8;

/// The policies that were used last.
#[derive(Debug, Default)]
pub(super) struct Policies(Mutex<Vec<Arc<RoomPolicy>>>);

impl Policies {
    /// This policy, shared with other rooms that have the same.
    pub(super) fn share(&self, policy: &RoomPolicy) -> Arc<RoomPolicy> {
        let mut kept = self.0.lock();
        if let Some(place) = kept.iter().position(|one| **one == *policy) {
            return Arc::clone(&kept[place]);
        }
        let policy = Arc::new(policy.clone());
        if kept.len() == KEPT {
            kept.remove(0);
        }
        kept.push(Arc::clone(&policy));
        policy
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_policy_is_kept_once_and_not_too_many_are() {
        let (policies, policy) = (Policies::default(), RoomPolicy::open_room());
        let one = policies.share(&policy);
        assert!(Arc::ptr_eq(&one, &policies.share(&policy)));
        for capacity in 1..100 {
            policies.share(&RoomPolicy { capacity, ..policy.clone() });
        }
        assert_eq!(policies.0.lock().len(), KEPT);
        assert_eq!(policies.share(&policy), one);
    }
}
