//! Faults in matching.

use std::collections::HashMap;

use async_trait::async_trait;
use parking_lot::Mutex;

use super::gap;
use crate::id::{MatchId, PoolName, RoomId, SessionKey, UserId, Writer};
use crate::store::{
    Backend, Confirmed, Departure, Mail, MembersPage, Next, PairBreak, Request, StoreResult,
    Submitted,
};
use crate::testkit::Twist;

const GHOST: &str = ".ghost";

/// Puts each ticket into the queue twice, so that it can be in two matches.
#[derive(Default)]
pub(super) struct TicketInTwoMatches;

#[async_trait]
impl Twist for TicketInTwoMatches {
    async fn submit(
        &self,
        sound: &Backend,
        by: Writer,
        mut request: Request,
    ) -> StoreResult<Submitted> {
        let Ok(ghost) = UserId::new(&format!("{}{GHOST}", request.user)) else {
            return sound.matching.submit(by, request).await;
        };
        let mut twin = Request { user: ghost.clone(), ..request.clone() };
        twin.blocked.push(request.user.clone());
        request.blocked.push(ghost);
        let submitted = sound.matching.submit(by, request).await?;
        sound.matching.submit(by, twin).await?;
        Ok(submitted)
    }

    async fn mail(&self, sound: &Backend, by: Writer) -> StoreResult<Vec<Mail>> {
        let mut mail = sound.matching.mail(by).await?;
        for mail in &mut mail {
            if let Mail::Proposed { user, .. } = mail
                && let Some(real) = user.as_str().strip_suffix(GHOST)
                && let Ok(real) = UserId::new(real)
            {
                *user = real;
            }
        }
        Ok(mail)
    }
}

/// Makes faults that put something else into the queue than what was asked for.
macro_rules! misread {
    ($( $(#[$about:meta])* $fault:ident: $($field:ident = $value:expr),+; )*) => {$(
        $(#[$about])*
        #[derive(Default)]
        pub(super) struct $fault;

        #[async_trait]
        impl Twist for $fault {
            async fn submit(
                &self,
                sound: &Backend,
                by: Writer,
                mut request: Request,
            ) -> StoreResult<Submitted> {
                $( request.$field = $value; )+
                sound.matching.submit(by, request).await
            }
        }
    )*};
}

misread! {
    /// Forgets whom the host says are blocked.
    BlocksForgotten: blocked = Vec::new();
    /// Widens also who asked to be strict.
    StrictWidens: strict = false;
    /// Takes everybody's tags for none.
    TagsForgotten: tags = Vec::new(), strict = false;
}

/// Gives whoever asks again a new time of entry.
#[derive(Default)]
pub(super) struct TimeOfEntryLost;

#[async_trait]
impl Twist for TimeOfEntryLost {
    async fn submit(
        &self,
        sound: &Backend,
        by: Writer,
        request: Request,
    ) -> StoreResult<Submitted> {
        let (pool, user, session) = (&request.pool, &request.user, request.session);
        sound.matching.withdraw(by, pool, user, session).await?;
        sound.matching.submit(by, request).await
    }
}

/// Takes the confirmation of one side for that of both.
#[derive(Default)]
pub(super) struct OneConfirms(Mutex<HashMap<MatchId, Vec<SessionKey>>>);

#[async_trait]
impl Twist for OneConfirms {
    async fn mail(&self, sound: &Backend, by: Writer) -> StoreResult<Vec<Mail>> {
        let mail = sound.matching.mail(by).await?;
        for mail in &mail {
            if let Mail::Proposed { which, session, .. } = mail {
                self.0.lock().entry(*which).or_default().push(*session);
            }
        }
        Ok(mail)
    }

    async fn confirm(
        &self,
        sound: &Backend,
        by: Writer,
        pool: &PoolName,
        which: MatchId,
        session: SessionKey,
    ) -> StoreResult<Confirmed> {
        let mut confirmed = sound.matching.confirm(by, pool, which, session).await?;
        let sessions = self.0.lock().get(&which).cloned().unwrap_or_default();
        for other in sessions {
            if confirmed == Confirmed::Half {
                confirmed = sound.matching.confirm(other.writer, pool, which, other).await?;
            }
        }
        Ok(confirmed)
    }
}

/// Goes on matching whose connection was lost.
#[derive(Default)]
pub(super) struct LostAreMatched;

#[async_trait]
impl Twist for LostAreMatched {
    async fn lose_place(
        &self,
        _: &Backend,
        _: Writer,
        _: SessionKey,
        _: &UserId,
        _: &[PoolName],
    ) -> StoreResult<()> {
        Ok(())
    }
}

/// Takes the place from whose connection was lost at once.
#[derive(Default)]
pub(super) struct LostPlaceNotKept;

#[async_trait]
impl Twist for LostPlaceNotKept {
    async fn lose_place(
        &self,
        sound: &Backend,
        by: Writer,
        session: SessionKey,
        user: &UserId,
        pools: &[PoolName],
    ) -> StoreResult<()> {
        for pool in pools {
            sound.matching.withdraw(by, pool, user, session).await?;
        }
        Ok(())
    }
}

/// Leaves in one step and waits in another.
#[derive(Default)]
pub(super) struct NextInTwoSteps;

#[async_trait]
impl Twist for NextInTwoSteps {
    async fn next(
        &self,
        sound: &Backend,
        by: Writer,
        leave: PairBreak,
        request: Request,
    ) -> StoreResult<Next> {
        let left = sound.presence.leave(by, &leave.room, leave.session).await?;
        gap().await;
        let wrote = match left {
            Departure::Out { wrote } => wrote,
            Departure::Closed { .. } => Vec::new(),
            Departure::NotMember => return Ok(Next::NotMember),
            Departure::Missing => return Ok(Next::Missing),
        };
        match sound.matching.submit(by, request).await? {
            Submitted::Waiting => Ok(Next::Waiting { wrote }),
            Submitted::Engaged { room } => Ok(Next::Engaged { room }),
        }
    }
}

/// Shows the real ids of the two in a pair room.
#[derive(Default)]
pub(super) struct AliasesLeak(Mutex<HashMap<UserId, UserId>>);

#[async_trait]
impl Twist for AliasesLeak {
    async fn confirm(
        &self,
        sound: &Backend,
        by: Writer,
        pool: &PoolName,
        which: MatchId,
        session: SessionKey,
    ) -> StoreResult<Confirmed> {
        let confirmed = sound.matching.confirm(by, pool, which, session).await?;
        if let Confirmed::Opened { users, .. } = &confirmed {
            let aliases = users.iter().map(|(user, alias)| (alias.clone(), user.clone()));
            self.0.lock().extend(aliases);
        }
        Ok(confirmed)
    }

    async fn members(
        &self,
        sound: &Backend,
        room: &RoomId,
        after: Option<&UserId>,
        limit: u32,
    ) -> StoreResult<Option<MembersPage>> {
        let mut page = sound.presence.members(room, after, limit).await?;
        for member in page.iter_mut().flat_map(|page| &mut page.members) {
            if let Some(real) = self.0.lock().get(&member.user) {
                member.user = real.clone();
            }
        }
        Ok(page)
    }
}
