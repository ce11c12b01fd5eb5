//! The cases, listed once.
//!
//! A case is an async function named as a claim; it is given a [`Stand`], makes itself a [`World`](super::World), and
//! panics where the claim does not hold. The list below is all there is: tests for a store ([`store_suite!`]) and runs
//! by program ([`run`](super::run), [`failures`](super::failures)) come from it, and a case that is not in it is dead
//! code, which the compiler tells.
//!
//! [`store_suite!`]: crate::store_suite

mod amnesty;
mod closing;
mod counting;
mod dead_nodes;
mod history;
mod keys;
mod leases;
mod lists;
mod log;
mod matches;
mod members;
mod next;
mod opening;
mod oracle;
mod pair_rooms;
mod pairing;
mod pending;
mod places;
mod presence;
mod put_out;
mod race_matching;
mod race_presence;
mod race_rooms;
mod ranking;
mod reaping;
mod resume;
mod signals;
mod snapshot;
mod timers;
mod visitors;

use std::future::Future;
use std::pin::Pin;

use matches::{confirm_all, pair_room};

use super::stand::Stand;

type Running<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// One claim about stores.
#[derive(Clone, Copy)]
pub struct Case {
    /// What it is about.
    pub area: &'static str,
    /// What it claims; unique within its area.
    pub name: &'static str,
    /// Whether it sets many tasks against one another, so that several threads are worth having.
    pub race: bool,
    play: for<'a> fn(&'a dyn Stand) -> Running<'a>,
}

impl Case {
    /// Plays it on a store of this stand; panics where the claim does not hold.
    pub async fn play(&self, stand: &dyn Stand) {
        (self.play)(stand).await;
    }
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}::{}", self.area, self.name)
    }
}

/// Runs these tasks at the same time, and gives what each gave, in their order.
async fn together<T, F>(tasks: impl IntoIterator<Item = F>) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let running: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
    let mut results = Vec::with_capacity(running.len());
    for task in running {
        match task.await {
            Ok(result) => results.push(result),
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
    results
}

macro_rules! table {
    ([] $(
        $kind:ident {
            $( $area:ident { $($name:ident)* } )*
        }
    )*) => {
        vec![$( $( $(
            Case {
                area: stringify!($area),
                name: stringify!($name),
                race: stringify!($kind) == "races",
                play: |stand| Box::pin($area::$name(stand)),
            },
        )* )* )*]
    };
}

/// All cases, in the order of the list.
#[must_use]
pub fn all() -> Vec<Case> {
    crate::__store_cases!(table [])
}

/// The list. It is handed to the macro that is named, behind what else is given.
#[doc(hidden)]
#[macro_export]
macro_rules! __store_cases {
    ($then:ident $($given:tt)*) => {
        $then! {
            $($given)*
            cases {
                opening {
                    a_room_is_opened_once
                    a_room_is_seen_as_it_was_opened
                    a_new_room_has_an_empty_log
                    answers_come_in_the_order_asked
                    the_head_is_the_newest_entry
                    what_was_never_opened_is_missing
                    entering_opens_where_it_is_asked_to
                    rooms_are_bounded
                }
                log {
                    numbers_have_no_holes
                    an_author_is_in_the_room_by_that_very_session
                    names_are_those_of_the_room
                    the_host_speaks_without_a_session
                    bodies_are_kept_as_they_are
                    everybody_reads_what_was_written
                    nothing_is_said_where_there_is_no_room
                    a_writer_of_an_earlier_epoch_is_refused
                    the_newest_said_are_kept
                    notices_never_push_out_the_talk
                    talk_never_pushes_out_the_notices
                    a_room_may_keep_nothing
                    the_newest_said_is_seen_with_the_room
                    what_is_told_can_be_read
                    an_entry_says_who_wrote_it
                }
                resume {
                    resuming_gives_what_was_missed
                    another_epoch_is_noticed
                    the_cursors_time_is_compared
                    the_heads_time_outlives_the_entry
                    a_cursor_from_the_future_is_of_another_log
                    a_gap_older_than_what_is_kept_is_trimmed
                    a_dropped_notice_is_missed
                    a_long_gap_is_never_filled_in_part
                    a_closed_log_is_read_to_its_end
                    an_ended_epoch_is_told_by_its_last_entry
                    entering_with_a_cursor_resumes
                }
                history {
                    the_newest_page_has_the_notices_behind_it
                    pages_lead_back_to_the_beginning
                    pages_lead_on_to_the_end
                    a_limit_of_zero_gives_nothing
                    without_talk_the_newest_page_is_the_notices
                    bounds_of_pages_may_be_anything
                    a_closed_room_has_its_history
                    pages_agree_with_a_naive_reading
                }
                keys {
                    a_repeated_key_is_written_once
                    keys_are_by_user_and_room
                    the_hosts_keys_are_remembered_too
                    a_key_outlives_trimming
                    a_key_is_remembered_for_five_minutes
                    a_key_is_forgotten_after_ten_minutes
                    under_a_flood_the_newest_keys_stay
                    a_key_opens_nothing
                }
                signals {
                    a_signal_is_handed_on_and_not_kept
                    only_members_signal
                    a_subscription_misses_nothing
                    a_subscription_may_come_before_the_room
                    a_subscription_ends_alone
                    sinks_are_told_in_order
                }
                closing {
                    a_room_closes_once
                    only_its_owner_closes_as_owner
                    nothing_is_written_behind_closed
                    a_close_means_one_epoch
                    a_closed_room_is_remembered_for_a_while
                    opened_again_it_is_another_room
                    entering_may_open_what_has_closed
                    deadlines_of_an_earlier_life_are_void
                    after_closing_nothing_happens
                }
                presence {
                    the_first_session_joins_and_the_last_leaves
                    a_refresh_is_not_a_second_person
                    a_lost_user_stays_for_the_grace
                    entering_ends_the_grace
                    a_lost_tab_beside_another_is_nothing
                    without_grace_a_loss_is_a_departure
                    leaving_has_no_grace
                    entering_twice_is_entering_once
                    a_full_room_takes_nobody_new
                    a_named_epoch_is_the_only_one_entered
                    renaming_is_told_in_each_room
                    since_is_when_the_user_came
                }
                snapshot {
                    a_snapshot_contains_the_joiner
                    what_follows_begins_behind_the_cursor
                    recent_counts_what_was_said
                    members_of_a_snapshot_are_the_first
                    a_snapshot_shows_the_room
                    a_second_tab_is_given_a_snapshot
                }
                members {
                    members_are_read_in_pages
                    rooms_of_a_user_are_where_they_are
                    who_is_in_grace_is_still_there
                    a_node_reads_what_is_believed_of_it
                    who_is_out_is_not_in_the_index
                }
                put_out {
                    who_is_put_out_is_out_everywhere
                    who_is_in_grace_can_be_put_out
                    who_is_not_there_is_not_put_out
                    a_disconnect_is_told_to_every_node
                    mail_is_of_this_life
                }
                counting {
                    a_counting_room_writes_no_notices
                    the_last_change_is_never_missed
                    counting_is_by_user_too
                }
                visitors {
                    who_left_counts_for_the_window
                    coming_back_is_one_visitor
                    the_last_departure_counts
                    visitors_pass_one_by_one
                    visitors_are_bounded
                    the_window_begins_behind_the_grace
                }
                ranking {
                    only_public_open_rooms_are_listed
                    pair_rooms_are_never_listed
                    live_ranks_by_users_now
                    visitors_rank_by_the_last_half_hour
                    newest_ranks_by_creation
                    active_ranks_by_what_was_said
                    ties_go_to_the_older_then_by_id
                    pages_put_together_are_the_list
                    online_is_the_sum_over_living_nodes
                }
                lists {
                    lists_agree_with_a_naive_recomputation
                }
                leases {
                    each_life_has_an_incarnation
                    a_node_that_renews_lives
                    an_earlier_life_is_refused
                    a_detached_life_is_refused
                    a_judged_life_is_refused
                    a_session_of_an_ended_life_does_not_speak
                    subscriptions_end_with_the_life
                }
                dead_nodes {
                    a_dead_nodes_users_leave_once
                    a_dead_nodes_users_leave_in_batches
                    who_is_elsewhere_too_stays
                    a_detached_nodes_users_leave_at_once
                    a_node_that_comes_back_takes_its_users_over
                    a_dead_nodes_room_becomes_empty
                    if_all_die_what_is_due_waits
                }
                amnesty {
                    after_a_pause_nobody_is_judged
                    mercy_ends_after_one_lease
                    each_pause_is_pardoned
                    a_pause_does_not_keep_rooms_open
                    a_pause_breaks_no_match
                    looking_is_being_awake
                }
                reaping {
                    it_is_told_how_long_to_wait
                    names_come_in_bounded_numbers
                    the_longest_due_comes_first
                    what_is_not_due_is_not_done
                    what_is_done_is_done_once
                    many_graces_end_in_batches
                }
                timers {
                    a_silent_room_closes
                    what_is_said_puts_the_silence_off
                    comings_and_goings_are_silence
                    an_empty_room_closes
                    a_room_nobody_entered_closes
                    who_comes_back_keeps_the_room
                    in_grace_is_not_empty
                    a_room_reaches_its_greatest_age
                    the_first_end_is_the_end
                    never_is_never
                }
                pairing {
                    two_who_fit_are_paired_at_once
                    pools_do_not_mix
                    one_may_wait_in_several_pools
                    who_waited_longest_comes_first
                    who_came_first_comes_first
                    shared_tags_come_first
                    shared_tags_are_told
                    tickets_with_tags_widen
                    who_has_no_tags_waits_for_the_other_to_widen
                    strict_never_widens
                    strict_pairs_by_tags
                    who_widens_takes_the_oldest
                    a_long_scan_is_taken_up_again
                    many_are_paired_in_order
                    pools_are_bounded
                }
                pending {
                    a_match_is_pending_until_both_confirm
                    a_stranger_does_not_confirm
                    withdrawing_while_pending_is_a_withdrawal
                    who_goes_back_is_paired_at_once
                    who_goes_back_takes_a_shared_tag_first
                    a_proposal_lapses
                    a_proposal_lapses_for_both
                    a_loss_while_pending_breaks_the_match
                    both_leases_must_hold
                    a_dead_nodes_tickets_go
                    the_room_has_the_olders_policy
                }
                places {
                    nobody_meets_themselves
                    asking_again_changes_what_is_asked
                    asking_anew_while_pending_breaks_the_match
                    withdrawing_is_for_the_user
                    a_withdrawal_gives_the_time_up
                    a_lost_place_is_kept
                    who_comes_back_is_paired_at_once
                    a_lost_place_is_not_kept_for_ever
                    only_the_waiting_session_loses_its_place
                }
                pair_rooms {
                    aliases_are_all_that_is_seen
                    aliases_are_made_for_one_match
                    both_are_in_from_the_start
                    a_third_is_not_let_in
                    leaving_ends_the_talk
                    a_loss_ends_the_talk_after_the_grace
                    a_dead_node_ends_the_talk
                    putting_one_out_ends_the_talk
                    a_silent_pair_room_closes
                    engaged_until_the_room_closes
                    renaming_does_not_reach_pair_rooms
                }
                next {
                    next_is_one_step
                    next_pairs_at_once
                    next_goes_on_from_a_closed_room
                    next_is_for_who_is_there
                    a_late_next_leaves_the_new_room_alone
                    next_may_ask_for_other_tags
                    last_partners_meet_again_only_after_a_while
                    others_come_before_the_last_partner
                    a_shared_tag_does_not_bring_the_last_partner_back
                    the_hosts_blocks_are_hard_both_ways
                    a_block_is_for_ever
                    one_may_block_who_has_gone
                    blocks_are_bounded
                }
                oracle {
                    no_two_who_fit_ever_wait
                }
            }
            races {
                race_rooms {
                    one_opens
                    one_opens_by_entering
                    exactly_one_closer_wins
                    a_key_has_one_winner
                    many_talk_into_one_log
                    nothing_revives_a_closing_room
                    no_writer_slips_into_the_next_epoch
                    what_is_told_can_be_read_at_once
                }
                race_presence {
                    many_tabs_are_one_person
                    capacity_is_never_exceeded
                    counts_do_not_drift
                    snapshots_are_of_one_moment
                    two_reapers_do_each_thing_once
                    coming_back_races_the_end_of_grace
                    lists_hold_while_all_changes
                    nobody_enters_behind_a_death
                }
                race_matching {
                    all_are_paired_once
                    many_tabs_are_one_ticket
                    confirming_races_withdrawing
                    both_may_go_on_at_once
                    nobody_is_in_two_matches
                    next_leaves_no_gap
                    confirming_races_a_death
                }
            }
        }
    };
}
