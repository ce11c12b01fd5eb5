//! Whether two tickets fit. Both ways the same, and of nothing but the two and the blocks.

use super::blocks::Blocks;
use super::ticket::Ticket;

/// Whether two who wait could be paired.
#[cfg(test)]
pub(super) fn fits(a: &Ticket, b: &Ticket, blocks: &Blocks) -> bool {
    meet(a, b) && !apart(a, b, blocks)
}

/// Whether there is something that brings them together: a shared tag, or that both take anybody.
#[cfg(test)]
fn meet(a: &Ticket, b: &Ticket) -> bool {
    shared(a, b).next().is_some() || (a.is_open() && b.is_open())
}

/// Whether something keeps them apart, whatever brings them together.
pub(super) fn apart(a: &Ticket, b: &Ticket, blocks: &Blocks) -> bool {
    a.user == b.user
        || (!(a.released && b.released)
            && (a.partners.contains(&b.user) || b.partners.contains(&a.user)))
        || a.blocked.binary_search(&b.user).is_ok()
        || b.blocked.binary_search(&a.user).is_ok()
        || blocks.between(&a.user, &b.user)
}

/// The tags that two share, by number.
pub(super) fn shared(a: &Ticket, b: &Ticket) -> impl Iterator<Item = u32> {
    a.tags.as_slice().iter().copied().filter(|tag| b.tags.as_slice().contains(tag))
}
