//! What changed between two states of a list, as the fewest rows to send.

use std::collections::HashMap;

use crate::id::RoomId;
use crate::list::ListOp;
use crate::room::RoomView;

/// Whether a row has to go out again at once: anything but the newest thing said differs.
pub(super) fn differs(old: &RoomView, new: &RoomView) -> bool {
    old.live != new.live
        || old.visitors != new.visitors
        || old.visitors_capped != new.visitors_capped
        || old.epoch != new.epoch
        || old.title != new.title
        || old.meta != new.meta
        || old.policy.capacity != new.policy.capacity
}

/// Whether only the newest thing said differs.
pub(super) fn last_differs(old: &RoomView, new: &RoomView) -> bool {
    old.last.as_ref().map(|entry| (entry.epoch, entry.n))
        != new.last.as_ref().map(|entry| (entry.epoch, entry.n))
}

/// The steps from `old` to `new`. Rows for which `keep` says so may stay as they are where they need not move.
pub(super) fn diff(
    old: &[RoomView],
    new: &[RoomView],
    keep: impl Fn(&RoomView, &RoomView) -> bool,
) -> Vec<ListOp> {
    let before: HashMap<&RoomId, usize> = old.iter().enumerate().map(|(i, r)| (&r.id, i)).collect();
    let after: HashMap<&RoomId, usize> = new.iter().enumerate().map(|(i, r)| (&r.id, i)).collect();
    let mut ops: Vec<ListOp> = old
        .iter()
        .filter(|row| !after.contains_key(&row.id))
        .map(|row| ListOp::Gone(row.id.clone()))
        .collect();
    // Rows that may stay, by their places before, in the order in which they stand now. The longest
    // ascending part of that need not move.
    let stay: Vec<(usize, usize)> = new
        .iter()
        .enumerate()
        .filter_map(|(to, row)| Some((to, *before.get(&row.id)?)))
        .filter(|&(to, from)| keep(&old[from], &new[to]))
        .collect();
    let mut stays = vec![false; new.len()];
    for index in longest_ascending(&stay) {
        stays[stay[index].0] = true;
    }
    for (to, row) in new.iter().enumerate() {
        if !stays[to] {
            ops.push(ListOp::At { at: to as u32, room: Box::new(row.clone()) });
        }
    }
    ops
}

/// Indices of a longest part of `pairs` whose second values ascend.
fn longest_ascending(pairs: &[(usize, usize)]) -> Vec<usize> {
    let mut ends: Vec<usize> = Vec::new();
    let mut previous = vec![usize::MAX; pairs.len()];
    for (i, &(_, value)) in pairs.iter().enumerate() {
        let at = ends.partition_point(|&end| pairs[end].1 < value);
        if at > 0 {
            previous[i] = ends[at - 1];
        }
        if at == ends.len() {
            ends.push(i);
        } else {
            ends[at] = i;
        }
    }
    let mut found = Vec::with_capacity(ends.len());
    let mut next = ends.last().copied().unwrap_or(usize::MAX);
    while next != usize::MAX {
        found.push(next);
        next = previous[next];
    }
    found.reverse();
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Epoch;
    use crate::list::apply;
    use crate::room::{NewRoom, RoomKind, RoomPolicy};
    use crate::text::Title;
    use crate::time::Timestamp;
    use proptest::prelude::*;

    fn row(id: u8, live: u32) -> RoomView {
        let policy = RoomPolicy::open_room();
        let room = NewRoom {
            id: RoomId::new(&format!("r{id}")).unwrap(),
            kind: RoomKind::Public,
            title: Title::stored("t"),
            meta: None,
            owner: None,
            policy: policy.clone(),
        };
        RoomView { live, ..RoomView::new(&room, policy.into(), Epoch(1), Timestamp(1)) }
    }

    fn lists() -> impl Strategy<Value = Vec<RoomView>> {
        proptest::collection::vec((0u8..12, 0u32..3), 0..10).prop_map(|rows| {
            let mut seen = std::collections::HashSet::new();
            rows.into_iter()
                .filter(|(id, _)| seen.insert(*id))
                .map(|(id, live)| row(id, live))
                .collect()
        })
    }

    proptest! {
        #[test]
        fn a_watcher_that_applies_the_steps_has_the_new_list(old in lists(), new in lists()) {
            let ops = diff(&old, &new, |a, b| !differs(a, b));
            prop_assert_eq!(apply(&old, &ops, 10), new);
        }
    }

    #[test]
    fn a_row_that_moves_up_is_the_only_one_sent() {
        let old = [row(1, 3), row(2, 2), row(3, 1)];
        let new = [row(3, 4), row(1, 3), row(2, 2)];
        let ops = diff(&old, &new, |a, b| !differs(a, b));
        assert_eq!(ops, [ListOp::At { at: 0, room: Box::new(row(3, 4)) }]);
    }
}
