//! Stores that are broken in one way each, and that the suite must reject.
//!
//! Each is a [`Twist`] in a [`Tap`](super::Tap) around a store that is sound otherwise. [`list`] tells which cases
//! must reject which; [`rejection_suite!`](crate::rejection_suite) makes a test of each line. So a case that proves
//! nothing is noticed, as is one that would pass on a store that is nearly right.

mod lists;
mod log;
mod matching;
mod presence;
mod sinks;
mod stand;
mod time;

use std::sync::Arc;

use crate::entry::SharedEntry;
use crate::id::RoomId;
use crate::list::RoomPage;
use crate::room::RoomView;
use crate::store::{Backend, Existing, HistoryPage, StoreResult};
use crate::testkit::Twist;

use lists::{PrivateIsListed, TiesById, TotalOfThePage, VersionsStandStill, VisitorsNeverFall};
use log::{
    ClosedIsForgotten, EpochIgnored, FutureIsNow, KeyCheckedOutside, KeyForgottenAtTrimming,
    PublishBeforeStore, SilentPartialFill, StrangersSpeak, TimeNotCompared, TwoClosersWin,
};
use matching::{
    AliasesLeak, BlocksForgotten, LostAreMatched, LostPlaceNotKept, NextInTwoSteps, OneConfirms,
    StrictWidens, TagsForgotten, TicketInTwoMatches, TimeOfEntryLost,
};
use presence::{
    CapacityCheckedOutside, CountsUpAndDown, FirstSessionCheckedOutside, GraceIgnored,
    OneTabIsTheUser, SnapshotOfTwoMoments, SnapshotOneLate,
};
use sinks::{OrderSwapped, SubscribesLate, UnsubscribesTheLatest};
pub use stand::BrokenStand;
use time::{AmnestyIgnored, FencingIgnored, GhostsStay, ToldTwice};

/// No fault at all: what is wrapped passes the whole suite, so whatever fails is the fault's doing.
#[derive(Debug, Default)]
pub struct NoFault;

impl Twist for NoFault {}

/// The time between two steps that should have been one: others get their turn.
async fn gap() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

/// The last entry of a room that has closed.
async fn closed_entry(sound: &Backend, room: &RoomId) -> StoreResult<Option<SharedEntry>> {
    let page = HistoryPage::Newest { limit: 1 };
    let history = sound.rooms.history(room, page).await?;
    Ok(history.and_then(|history| history.entries.last().cloned()))
}

/// A fault in what is seen of rooms.
trait Views {
    /// Makes it.
    fn change(&self, view: &mut RoomView);

    /// Makes it in rooms that were looked up.
    fn in_get(&self, mut found: Vec<Existing>) -> StoreResult<Vec<Existing>> {
        for existing in &mut found {
            if let Existing::Open(view) = existing {
                self.change(view);
            }
        }
        Ok(found)
    }

    /// Makes it in the rows of a list.
    fn in_page(&self, mut page: RoomPage) -> StoreResult<RoomPage> {
        page.rooms.iter_mut().for_each(|view| self.change(view));
        Ok(page)
    }
}

/// A broken store, and what must reject it.
#[derive(Clone, Copy)]
pub struct Broken {
    /// The fault's name.
    pub name: &'static str,
    /// Cases each of which fails on it; see [`case`](super::case).
    pub rejected_by: &'static [&'static str],
    /// Makes the fault.
    pub fault: fn() -> Arc<dyn Twist>,
}

impl std::fmt::Debug for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

macro_rules! broken {
    ([] $( $name:ident $fault:ident { $($case:literal)+ } )*) => {
        vec![$( Broken {
            name: stringify!($name),
            rejected_by: &[$($case),+],
            fault: || Arc::new($fault::default()),
        }, )*]
    };
}

/// All broken stores.
#[must_use]
pub fn list() -> Vec<Broken> {
    crate::__broken_stores!(broken [])
}

/// Checks that each case which must reject the broken store of this name does, and does not reject the sound one.
///
/// # Panics
/// Where one does not.
pub async fn reject(sound: Arc<dyn super::Stand>, name: &str) {
    let broken = list().into_iter().find(|broken| broken.name == name);
    let broken = broken.unwrap_or_else(|| panic!("there is no broken store {name}"));
    let named =
        |name: &&str| super::case(name).unwrap_or_else(|| panic!("there is no case {name}"));
    let cases: Vec<_> = broken.rejected_by.iter().map(named).collect();
    let wrong = super::failures(&sound, &cases).await;
    assert!(wrong.is_empty(), "the sound store is rejected too, by {wrong:?}");
    let stand: Arc<dyn super::Stand> = Arc::new(BrokenStand::new(sound, broken.fault));
    let rejected = super::failures(&stand, &cases).await;
    let missed: Vec<_> =
        cases.iter().filter(|case| !rejected.iter().any(|r| is(r, case))).collect();
    assert!(missed.is_empty(), "{broken:?} is not rejected by {missed:?}");
}

fn is(one: &super::Case, other: &super::Case) -> bool {
    (one.area, one.name) == (other.area, other.name)
}

/// Makes a module of tests, one for each broken store: the suite rejects it, around the stores of this stand.
///
/// The second argument is an expression that gives an `Arc<dyn Stand>`; behind it, what is put into
/// `#[tokio::test(…)]` may be given.
#[macro_export]
macro_rules! rejection_suite {
    ($module:ident, $stand:expr $(, $($attribute:tt)*)?) => {
        mod $module {
            use super::*;
            use $crate::__rejection_tests;
            $crate::__broken_stores!(__rejection_tests [$stand] [$($($attribute)*)?]);
        }
    };
}

/// Makes the tests of [`rejection_suite!`] from the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __rejection_tests {
    ([$stand:expr] $attributes:tt $( $name:ident $fault:ident { $($case:literal)+ } )*) => {
        $( $crate::__rejection_test!([$stand] $attributes $name); )*
    };
}

/// Makes one test.
#[doc(hidden)]
#[macro_export]
macro_rules! __rejection_test {
    ([$stand:expr] [$($attribute:tt)*] $name:ident) => {
        #[tokio::test($($attribute)*)]
        async fn $name() {
            $crate::testkit::broken::reject($stand, stringify!($name)).await;
        }
    };
}

/// The list of broken stores, with the cases that must reject each.
#[doc(hidden)]
#[macro_export]
macro_rules! __broken_stores {
    ($then:ident $($given:tt)*) => {
        $then! {
            $($given)*
            publish_before_store PublishBeforeStore {
                "log::what_is_told_can_be_read"
                "race_rooms::what_is_told_can_be_read_at_once"
            }
            two_closers_win TwoClosersWin {
                "closing::a_room_closes_once"
                "race_rooms::exactly_one_closer_wins"
            }
            epoch_ignored_on_append EpochIgnored {
                "log::a_writer_of_an_earlier_epoch_is_refused"
                "race_rooms::no_writer_slips_into_the_next_epoch"
            }
            key_forgotten_at_trimming KeyForgottenAtTrimming { "keys::a_key_outlives_trimming" }
            key_checked_outside_the_step KeyCheckedOutside { "race_rooms::a_key_has_one_winner" }
            strangers_speak StrangersSpeak { "log::an_author_is_in_the_room_by_that_very_session" }
            time_not_compared TimeNotCompared {
                "resume::the_cursors_time_is_compared"
                "resume::the_heads_time_outlives_the_entry"
            }
            silent_partial_fill SilentPartialFill {
                "resume::a_gap_older_than_what_is_kept_is_trimmed"
                "resume::a_long_gap_is_never_filled_in_part"
            }
            future_is_now FutureIsNow { "resume::a_cursor_from_the_future_is_of_another_log" }
            closed_is_forgotten ClosedIsForgotten {
                "closing::a_closed_room_is_remembered_for_a_while"
                "race_rooms::nothing_revives_a_closing_room"
            }
            order_of_sinks_swapped OrderSwapped {
                "signals::sinks_are_told_in_order"
                "race_rooms::many_talk_into_one_log"
            }
            subscription_answered_early SubscribesLate { "signals::a_subscription_misses_nothing" }
            later_subscription_ended UnsubscribesTheLatest { "signals::a_subscription_ends_alone" }
            counts_up_and_down CountsUpAndDown {
                "presence::the_first_session_joins_and_the_last_leaves"
                "presence::a_refresh_is_not_a_second_person"
                "race_presence::counts_do_not_drift"
            }
            first_session_checked_outside_the_step FirstSessionCheckedOutside {
                "race_presence::many_tabs_are_one_person"
            }
            capacity_checked_outside_the_step CapacityCheckedOutside {
                "race_presence::capacity_is_never_exceeded"
            }
            snapshot_one_entry_late SnapshotOneLate {
                "snapshot::a_snapshot_contains_the_joiner"
                "race_presence::snapshots_are_of_one_moment"
            }
            snapshot_of_two_moments SnapshotOfTwoMoments {
                "race_presence::snapshots_are_of_one_moment"
            }
            grace_ignored GraceIgnored {
                "presence::a_refresh_is_not_a_second_person"
                "presence::a_lost_user_stays_for_the_grace"
            }
            one_tab_is_the_user OneTabIsTheUser {
                "presence::the_first_session_joins_and_the_last_leaves"
            }
            private_is_listed PrivateIsListed { "ranking::only_public_open_rooms_are_listed" }
            visitors_never_fall VisitorsNeverFall {
                "visitors::who_left_counts_for_the_window"
                "lists::lists_agree_with_a_naive_recomputation"
            }
            total_of_the_page TotalOfThePage {
                "ranking::pages_put_together_are_the_list"
                "lists::lists_agree_with_a_naive_recomputation"
            }
            ties_by_id TiesById {
                "ranking::ties_go_to_the_older_then_by_id"
                "lists::lists_agree_with_a_naive_recomputation"
            }
            versions_stand_still VersionsStandStill {
                "lists::lists_agree_with_a_naive_recomputation"
            }
            fencing_ignored FencingIgnored {
                "leases::an_earlier_life_is_refused"
                "leases::a_detached_life_is_refused"
                "leases::a_judged_life_is_refused"
            }
            amnesty_ignored AmnestyIgnored { "amnesty::after_a_pause_nobody_is_judged" }
            told_twice ToldTwice {
                "reaping::what_is_done_is_done_once"
                "race_presence::two_reapers_do_each_thing_once"
            }
            ghosts_stay GhostsStay { "dead_nodes::a_dead_nodes_users_leave_once" }
            ticket_in_two_matches TicketInTwoMatches {
                "race_matching::all_are_paired_once"
                "race_matching::nobody_is_in_two_matches"
                "oracle::no_two_who_fit_ever_wait"
            }
            blocks_forgotten BlocksForgotten { "next::the_hosts_blocks_are_hard_both_ways" }
            strict_widens StrictWidens { "pairing::strict_never_widens" }
            tags_forgotten TagsForgotten { "pairing::shared_tags_come_first" }
            time_of_entry_lost TimeOfEntryLost { "places::nobody_meets_themselves" }
            one_confirms OneConfirms { "pending::a_match_is_pending_until_both_confirm" }
            lost_are_matched LostAreMatched {
                "places::a_lost_place_is_kept"
                "places::who_comes_back_is_paired_at_once"
            }
            lost_place_not_kept LostPlaceNotKept { "places::a_lost_place_is_kept" }
            next_in_two_steps NextInTwoSteps { "race_matching::next_leaves_no_gap" }
            aliases_leak AliasesLeak { "pair_rooms::aliases_are_all_that_is_seen" }
        }
    };
}
