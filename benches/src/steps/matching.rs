//! Looking for a partner.

use super::counted;
use crate::Crowd;

/// Somebody comes to a pool in which many wait; every other one finds a partner, so that as many go on waiting.
pub(super) fn seek(times: usize) -> usize {
    let mut crowd = Crowd::new(10_000, true);
    let rounds = times.div_ceil(2);
    for _ in 0..rounds {
        let mut mail = Vec::new();
        for comer in crowd.comers(2) {
            let mut comer = Some(comer);
            counted(&mut || {
                if let Some(comer) = comer.take() {
                    mail.append(&mut crowd.submit(comer).mail);
                }
            });
        }
        crowd.part(&mail);
    }
    2 * rounds
}
