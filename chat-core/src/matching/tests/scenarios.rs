//! Each rule as a scenario.

// Most steps here are only on the way to the one that is looked at.
#![allow(unused_must_use)]

use super::setup::{Ask, Short, at, millis, pool_of, proposals, session, user, writer};
use crate::error::{Bound, StoreError};
use crate::limits::MatchRules;
use crate::matching::{Confirming, Judge, Pool};
use crate::store::{Mail, Submitted, Withdrawn};
use crate::why::UnmatchedWhy;

const S: u64 = 1_000;

fn pool() -> Pool {
    pool_of(MatchRules::default())
}

/// Two who have met in a room that has closed at the given time.
fn former_partners(pool: &mut Pool, a: u8, b: u8, now: u64) {
    pool.ask(&Ask::of(a).tags(&[99]), now);
    let step = pool.ask(&Ask::of(b).tags(&[99]), now);
    let proposal = proposals(&step.mail).remove(0);
    pool.pair(&proposal);
    pool.closed(&proposal.room, [&user(a), &user(b)], at(now));
}

#[test]
fn two_without_tags_meet_at_once() {
    let mut pool = pool();
    assert_eq!(pool.meets(&Ask::of(1), 0), None);
    assert_eq!(pool.meets(&Ask::of(2), 0), Some(1));
    assert_eq!(pool.meets(&Ask::of(3), 0), None);
}

#[test]
fn a_shared_tag_goes_before_age_and_age_before_arrival() {
    let mut pool = pool();
    for (user, tag, now) in [(1, 1, 0), (2, 2, 1), (3, 2, 1)] {
        // Blocked among themselves, so that they wait together.
        pool.ask(&Ask::of(user).tags(&[tag]).blocked(&[1, 2, 3]), now);
    }
    pool.tick(4 * S);
    assert_eq!(pool.meets(&Ask::of(4).tags(&[2]), 4 * S), Some(2));
    assert_eq!(pool.meets(&Ask::of(5).tags(&[2]), 4 * S), Some(3));
    assert_eq!(pool.meets(&Ask::of(6), 4 * S), Some(1));
}

#[test]
fn others_are_taken_when_both_have_widened() {
    let mut pool = pool();
    pool.ask(&Ask::of(1).tags(&[1]), 0);
    pool.ask(&Ask::of(2).tags(&[2]), 2 * S);
    assert!(proposals(&pool.tick(5 * S - 1)).is_empty());
    let met = proposals(&pool.tick(5 * S));
    assert_eq!(met[0].users, [1, 2]);
}

#[test]
fn strict_on_either_side_means_a_shared_tag_or_nobody() {
    let mut pool = pool();
    pool.ask(&Ask::of(1).tags(&[1]).strict(), 0);
    pool.ask(&Ask::of(2).strict(), 0);
    pool.ask(&Ask::of(3), 0);
    assert!(proposals(&pool.tick(3_600 * S)).is_empty());
    assert_eq!(pool.meets(&Ask::of(4).tags(&[1]), 3_600 * S), Some(1));
}

#[test]
fn nobody_meets_themselves_from_two_tabs() {
    let mut pool = pool();
    pool.ask(&Ask::of(1), 5);
    let step = pool.ask(&Ask::of(1).tab(1), 9);
    let replaced = Mail::Unmatched {
        pool: pool.name.clone(),
        session: session(1, 0),
        why: UnmatchedWhy::Replaced,
    };
    assert_eq!(step.mail, [replaced]);
    assert_eq!(pool.waiting(), 1);
}

#[test]
fn last_partners_wait_a_while_for_others_and_then_meet_again() {
    let mut pool = pool();
    former_partners(&mut pool, 1, 2, 0);
    assert_eq!(pool.meets(&Ask::of(1), 10), None);
    assert_eq!(pool.meets(&Ask::of(2), S), None);
    assert!(proposals(&pool.tick(6 * S - 1)).is_empty(), "one has waited, the other has not");
    assert_eq!(proposals(&pool.tick(6 * S)).len(), 1);
}

#[test]
fn it_is_enough_that_one_remembers_the_other() {
    for first in [1, 2] {
        let mut pool = pool();
        former_partners(&mut pool, 1, 2, 0);
        // Two others later, 2 does not remember 1.
        former_partners(&mut pool, 2, 3, 0);
        former_partners(&mut pool, 2, 4, 0);
        pool.ask(&Ask::of(first), 10);
        assert_eq!(pool.meets(&Ask::of(3 - first), 10), None);
    }
}

#[test]
fn a_third_one_goes_before_the_last_partner() {
    let mut pool = pool();
    former_partners(&mut pool, 1, 2, 0);
    pool.ask(&Ask::of(1), 10);
    pool.ask(&Ask::of(2), 20);
    assert_eq!(pool.meets(&Ask::of(3), 30), Some(1));
}

#[test]
fn a_long_talk_does_not_make_partners_forget() {
    let mut pool = pool();
    pool.ask(&Ask::of(1), 0);
    let proposal = proposals(&pool.ask(&Ask::of(2), 0).mail).remove(0);
    pool.pair(&proposal);
    let later = 3_600 * S;
    pool.tick(later);
    pool.closed(&proposal.room, [&user(1), &user(2)], at(later));
    pool.ask(&Ask::of(1), later);
    assert_eq!(pool.meets(&Ask::of(2), later), None);
}

#[test]
fn blocks_hold_in_both_directions_also_those_that_came_with_the_request() {
    for (by, whom) in [(1, 2), (2, 1)] {
        let mut pool = pool();
        pool.block(&user(by), &user(whom), at(0));
        pool.ask(&Ask::of(1), 0);
        assert_eq!(pool.meets(&Ask::of(2), 0), None);
        assert!(proposals(&pool.tick(3_600 * S)).is_empty());
    }
    let mut pool = pool();
    pool.ask(&Ask::of(1).blocked(&[2]), 0);
    assert_eq!(pool.meets(&Ask::of(2), 0), None);
    assert_eq!(pool.meets(&Ask::of(2).blocked(&[7, 3]), 0), None);
    assert_eq!(pool.meets(&Ask::of(3).blocked(&[1]), 0), None);
    assert_eq!(pool.meets(&Ask::of(1), 0), Some(2), "a shorter list lets in whom it kept out");
}

#[test]
fn a_block_breaks_what_is_proposed_to_the_two() {
    let mut pool = pool();
    pool.ask(&Ask::of(1), 0);
    let first = proposals(&pool.ask(&Ask::of(2), 1).mail).remove(0);
    pool.ask(&Ask::of(3), 2);
    let step = pool.block(&user(2), &user(1), at(3));
    pool.check();
    assert_eq!(proposals(&step.mail)[0].users, [1, 3], "the older chooses first");
    assert_eq!(pool.confirm(first.which, first.sessions[0]), Confirming::Gone);
}

#[test]
fn a_block_that_ends_or_goes_for_a_newer_one_lets_those_meet_who_wait() {
    let block_kept = millis(60 * S);
    let mut pool = pool_of(MatchRules { blocks: 1, block_kept, ..MatchRules::default() });
    pool.block(&user(1), &user(2), at(0));
    pool.ask(&Ask::of(1), 0);
    pool.ask(&Ask::of(2), 0);
    let step = pool.block(&user(1), &user(3), at(1));
    assert_eq!(proposals(&step.mail)[0].users, [1, 2]);
    pool.ask(&Ask::of(1), 2);
    pool.withdraw(&user(2), session(2, 0), at(2));
    assert_eq!(pool.meets(&Ask::of(3), 2), None);
    assert_eq!(proposals(&pool.tick(60 * S + 1))[0].users, [1, 3]);
}

#[test]
fn whoever_is_lost_is_matched_with_nobody_and_keeps_the_place() {
    let mut pool = pool();
    pool.ask(&Ask::of(1), 0);
    pool.lose_place(&user(1), session(1, 1), at(1));
    assert_eq!(pool.next_deadline(), Some(at(5 * S)), "another tab's loss is not meant");
    pool.lose_place(&user(1), session(1, 0), at(2));
    assert_eq!(pool.meets(&Ask::of(2).blocked(&[3]), 3), None);
    assert!(pool.is_waiting(&user(1)));
    pool.ask(&Ask::of(3).blocked(&[1]), 4);
    let back = pool.ask(&Ask::of(1).tab(1), 5);
    assert_eq!(
        proposals(&back.mail)[0].users,
        [1, 2],
        "it has the older time, and no word goes to the lost tab"
    );
    assert_eq!(back.mail.len(), 2);
}

#[test]
fn a_place_runs_out() {
    let mut pool = pool();
    pool.ask(&Ask::of(1), 0);
    pool.lose_place(&user(1), session(1, 0), at(S));
    assert!(pool.tick(6 * S - 1).is_empty());
    assert!(pool.is_waiting(&user(1)));
    assert!(pool.tick(6 * S).is_empty());
    assert!(!pool.is_waiting(&user(1)) && pool.is_empty());
}

#[test]
fn both_confirm_and_nobody_else_can() {
    let mut pool = pool();
    pool.ask(&Ask::of(1).tags(&[4, 5]), 0);
    let proposal = proposals(&pool.ask(&Ask::of(2).tags(&[5, 6, 4]), 1).mail).remove(0);
    let confirm = |pool: &mut Pool, key| pool.confirm(proposal.which, key);
    assert_eq!(confirm(&mut pool, session(1, 1)), Confirming::Gone);
    assert_eq!(confirm(&mut pool, session(3, 0)), Confirming::Gone);
    assert_eq!(confirm(&mut pool, session(1, 0)), Confirming::Half);
    assert_eq!(confirm(&mut pool, session(1, 0)), Confirming::Half, "once more does no harm");
    let Confirming::Ready(pairing) = confirm(&mut pool, session(2, 0)) else { panic!() };
    assert_eq!(pairing.policy.history, 1, "that of whoever waited longer");
    let told = pool.opened(proposal.which).mail;
    assert_eq!(told.len(), 2);
    for (mail, who) in told.iter().zip([1, 2]) {
        let Mail::Matched { room, session: key, shared, .. } = mail else { panic!() };
        assert_eq!((room, *key), (&proposal.room, session(who, 0)));
        assert_eq!(shared.iter().map(|tag| tag.as_str()).collect::<Vec<_>>(), ["t4", "t5"]);
    }
    assert_eq!(confirm(&mut pool, session(2, 0)), Confirming::Gone);
    assert!(pool.opened(proposal.which).mail.is_empty());
    let engaged = Submitted::Engaged { room: proposal.room.clone() };
    assert_eq!(pool.ask(&Ask::of(2), 2).outcome, engaged);
    let step = pool.withdraw(&user(1), session(1, 0), at(2));
    assert_eq!(step.outcome, Withdrawn::Engaged { room: proposal.room });
}

#[test]
fn whoever_is_left_alone_goes_back_to_the_old_place() {
    type Breaks = fn(&mut Pool) -> Vec<Mail>;
    let breaks: [(&str, Breaks); 5] = [
        ("withdraws", |pool| pool.withdraw(&user(2), session(2, 1), at(9)).mail),
        ("is lost", |pool| pool.lose_place(&user(2), session(2, 1), at(9)).mail),
        ("asks anew", |pool| pool.ask(&Ask::of(2).tab(1).tags(&[7]).strict(), 9).mail),
        ("is of a dead node", |pool| pool.drop_writer(writer(1), 9, at(9)).mail),
        ("is found dead", |pool| pool.expel(&user(2), session(2, 1), at(9)).mail),
    ];
    for (what, breaks) in breaks {
        let mut pool = pool();
        pool.ask(&Ask::of(1), 0);
        let proposal = proposals(&pool.ask(&Ask::of(2).tab(1), 1).mail).remove(0);
        pool.confirm(proposal.which, session(1, 0));
        pool.ask(&Ask::of(3).blocked(&[1]), 2);
        breaks(&mut pool);
        pool.check();
        assert_eq!(pool.confirm(proposal.which, session(1, 0)), Confirming::Gone, "{what}");
        assert_eq!(pool.meets(&Ask::of(4), 10), Some(1), "{what}: the older of the two who wait");
    }
}

#[test]
fn a_lapse_drops_whoever_did_not_confirm() {
    let mut pool = pool();
    pool.ask(&Ask::of(1), 0);
    let proposal = proposals(&pool.ask(&Ask::of(2), 1).mail).remove(0);
    pool.confirm(proposal.which, session(2, 0));
    assert!(pool.tick(3 * S).is_empty());
    let lapsed = Mail::Unmatched {
        pool: pool.name.clone(),
        session: session(1, 0),
        why: UnmatchedWhy::Lapsed,
    };
    let step = pool.due(at(3 * S + 1), Judge::Now);
    assert_eq!((step.mail, step.outcome.lapsed), (vec![lapsed], 1));
    assert!(!pool.is_waiting(&user(1)) && pool.is_waiting(&user(2)));
    assert_eq!(pool.meets(&Ask::of(3), 4 * S), Some(2));
    assert_eq!(pool.due(at(60 * S), Judge::Now).outcome.lapsed, 1);
    assert_eq!(pool.waiting(), 0);
}

#[test]
fn what_is_put_off_is_not_judged_until_then() {
    let mut pool = pool();
    pool.ask(&Ask::of(1), 0);
    let proposal = proposals(&pool.ask(&Ask::of(2), 0).mail).remove(0);
    pool.ask(&Ask::of(3), 0);
    pool.lose_place(&user(3), session(3, 0), at(0));
    pool.ask(&Ask::of(4).tags(&[1]), 0);
    let until = at(75 * S);
    let step = pool.due(at(60 * S), Judge::PutOff { until });
    assert!(step.mail.is_empty() && !step.outcome.more);
    assert_eq!(pool.waiting(), 4);
    assert_eq!(pool.meets(&Ask::of(5), 61 * S), Some(4), "time has widened it all the same");
    assert_eq!(pool.meets(&Ask::of(3), 62 * S), None);
    pool.pair(&proposal);
    // A time that has passed does not keep the step busy for ever.
    let step = pool.due(at(90 * S), Judge::PutOff { until: at(0) });
    assert!(!step.outcome.more);
}

#[test]
fn a_dead_nodes_tickets_go_in_parts_and_both_sides_of_a_match_at_once() {
    let mut pool = pool();
    for who in 0..10 {
        pool.ask(&Ask::of(who).tags(&[who]).strict().tab(1), 0);
    }
    pool.ask(&Ask::of(20).tab(1), 0);
    pool.ask(&Ask::of(21).tab(1), 0);
    pool.ask(&Ask::of(30).tags(&[3]).strict(), 0);
    let mut steps = 0;
    loop {
        let step = pool.drop_writer(writer(1), 4, at(1));
        pool.check();
        assert!(proposals(&step.mail).is_empty());
        steps += 1;
        if !step.outcome {
            break;
        }
    }
    assert_eq!((steps, pool.waiting()), (3, 1));
    assert!(pool.is_waiting(&user(30)));
    assert!(!pool.drop_writer(writer(1), 4, at(1)).outcome);
}

#[test]
fn a_pool_takes_no_more_than_it_may_but_changes_who_is_in() {
    let mut pool = pool_of(MatchRules { waiting: 1, ..MatchRules::default() });
    pool.ask(&Ask::of(1).strict(), 0);
    let refused = pool.submit(Ask::of(2).request(), at(0));
    assert!(matches!(refused, Err(StoreError::TooMany { bound: Bound::Waiting, max: 1 })));
    assert!(!pool.is_waiting(&user(2)));
    pool.check();
    pool.ask(&Ask::of(1), 0);
}

#[test]
fn a_scan_stops_and_goes_on_at_once_in_a_next_step() {
    let mut pool = pool_of(MatchRules { scan: 10, ..MatchRules::default() });
    for who in 0..25 {
        pool.ask(&Ask::of(who).blocked(&(0..=100).collect::<Vec<_>>()), 0);
    }
    pool.ask(&Ask::of(200).blocked(&(0..25).collect::<Vec<_>>()), 1);
    pool.tick(1);
    // One who fits behind 25 who do not.
    assert_eq!(pool.meets(&Ask::of(50), 2), None);
    assert_eq!(pool.next_deadline(), Some(at(2)));
    let mut steps = vec![];
    while pool.next_deadline() == Some(at(2)) {
        steps.push(proposals(&pool.due(at(2), Judge::Now).mail).len());
        pool.check();
    }
    assert_eq!(steps.iter().sum::<usize>(), 1);
    assert!(!pool.is_waiting(&user(50)) || pool.proposed.len() == 1);
}

#[test]
fn a_scan_begins_anew_when_what_it_passed_over_may_fit_now() {
    let mut pool = pool_of(MatchRules { scan: 1, ..MatchRules::default() });
    former_partners(&mut pool, 1, 2, 0);
    pool.ask(&Ask::of(1), 0);
    pool.tick(6 * S);
    assert_eq!(pool.meets(&Ask::of(2), 7 * S), None);
    // Nobody looked on until it has waited long enough itself.
    assert_eq!(proposals(&pool.tick(13 * S))[0].users, [1, 2]);
}

#[test]
fn one_step_does_a_bounded_part_of_what_is_due() {
    let mut pool = pool_of(MatchRules::default());
    for who in 0..250 {
        pool.ask(&Ask::of(who).tags(&[who]).strict(), 0);
    }
    let mut steps = 0;
    while pool.due(at(10 * S), Judge::Now).outcome.more {
        steps += 1;
    }
    assert_eq!(steps, 2);
    pool.check();
}

#[test]
fn a_name_of_yesterday_does_not_name_todays_match() {
    let mut pool = pool();
    pool.ask(&Ask::of(1), 0);
    let old = proposals(&pool.ask(&Ask::of(2), 0).mail).remove(0);
    pool.withdraw(&user(2), session(2, 0), at(1));
    let new = proposals(&pool.ask(&Ask::of(2), 2).mail).remove(0);
    assert_ne!(old.which, new.which);
    assert_eq!(pool.confirm(old.which, session(1, 0)), Confirming::Gone);
    assert_eq!(pool.confirm(new.which, session(1, 0)), Confirming::Half);
}
