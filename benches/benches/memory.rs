//! What is held in memory, by a counting allocator: everything that engine and store hold, per session, room, or
//! whoever waits. What the allocator itself adds (some percent) is not counted, and hash tables double as they grow,
//! so each figure is given with the number it was taken at.

#![allow(unsafe_code, reason = "an allocator that counts cannot be written without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use chat_benches::{Bare, Program, Seekers, Table, connect, now, read_all, scale};
use chat_core::{Author, Engine, RoomKind, RoomPolicy, RoomSpec, Session};

#[global_allocator]
static COUNTING: Counting = Counting(AtomicUsize::new(0));

struct Counting(AtomicUsize);

// SAFETY: the system's allocator does the work, with the layouts it was asked for; the counter does not touch memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise, handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        self.0.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller's promise, handed on.
        unsafe { System.dealloc(at, layout) }
    }
}

/// What is held now.
fn held() -> usize {
    COUNTING.0.load(Ordering::Relaxed)
}

/// What `make` leaves behind, for each of `count`.
fn each<T>(count: usize, make: impl FnOnce() -> T) -> (T, usize) {
    let before = held();
    let made = make();
    let grown = held().saturating_sub(before);
    (made, grown / count.max(1))
}

fn main() {
    let program = Program::from_args();
    program.part("memory: an idle session, its user and its place in one room", sessions);
    program.part("memory: an open room", rooms);
    program.part("memory: one who waits for a partner", waiting);
}

fn sessions() -> Table {
    let mut table = Table::new(&[
        "sessions",
        "in rooms of",
        "connected",
        "and joined, idle",
        "after talk in the room",
    ]);
    let all = scale(100_000);
    for size in [1, 2, 10, 100, 1_000, 100_000] {
        let size = scale(size).min(size).min(all);
        let engine = Engine::in_memory();
        // Not to be counted: what holds the sessions is the host's.
        let mut sessions: Vec<Session> = Vec::with_capacity(all);
        let rooms: Vec<_> = (0..all.div_ceil(size))
            .map(|n| {
                let spec = RoomSpec::public("A room with a title").with_id(format!("room-{n}"));
                now(engine.open(spec.with_capacity(size.max(1_000) as u32))).id
            })
            .collect();
        let mut events = Vec::new();
        let ((), connected) = each(all, || sessions.extend((0..all).map(|n| connect(&engine, n))));
        let ((), joined) = each(all, || {
            for (n, room) in rooms.iter().enumerate() {
                let last = all.min((n + 1) * size);
                for (joined, one) in (n * size..last).enumerate() {
                    now(sessions[one].join(room));
                    // Before there is more news of those who came than is kept for anybody.
                    if joined % 100 == 99 || one + 1 == last {
                        for session in &mut sessions[n * size..=one] {
                            read_all(session, Waker::noop(), &mut events);
                        }
                    }
                }
            }
        });
        let ((), talk) = each(all, || {
            for _ in 0..10 {
                for room in &rooms {
                    now(engine.post(room, "something of an ordinary length", Author::System, None));
                }
                for session in &mut sessions {
                    read_all(session, Waker::noop(), &mut events);
                }
            }
        });
        let joined = connected + joined;
        table.row(&[&all, &size, &connected, &joined, &(joined + talk)]);
        table.reading(format!("a session in a room of {size}"), joined as f64, "bytes");
        let name = format!("a session in a room of {size}, after talk");
        table.reading(name, (joined + talk) as f64, "bytes");
    }
    table
}

fn rooms() -> Table {
    let mut table = Table::new(&["rooms", "kind", "nothing in it", "and ten messages"]);
    for kind in [RoomKind::Public, RoomKind::Private] {
        for all in [scale(10_000), scale(1_000_000)] {
            let bare = Bare::new();
            let (rooms, empty) = each(all, || {
                let open = |n| bare.open(&format!("room-{n}"), kind, RoomPolicy::open_room());
                (0..all).map(open).collect::<Vec<_>>()
            });
            let talked = rooms.iter().take(scale(10_000));
            let ((), talk) = each(talked.len(), || {
                for room in talked {
                    for attempt in 0..10 {
                        bare.say(room, "something of an ordinary length", attempt);
                    }
                }
            });
            table.row(&[&all, &kind.as_str(), &empty, &(empty + talk)]);
            let name = format!("an open room, {}, of {all}", kind.as_str());
            table.reading(name.clone(), empty as f64, "bytes");
            table.reading(format!("{name}, with ten messages"), (empty + talk) as f64, "bytes");
        }
    }
    table
}

fn waiting() -> Table {
    let mut table = Table::new(&["waiting", "", "each, with three tags"]);
    for (strict, name) in [(true, "strict"), (false, "with a timer")] {
        let all = scale(100_000);
        let bare = Bare::new();
        let mut seekers = Seekers::new(bare.by, strict);
        let requests: Vec<_> = (0..all).map(|_| seekers.one_who_waits()).collect();
        let ((), waits) = each(all, || {
            for request in &requests {
                // What is kept is a copy: texts are shared, so they are counted by what follows.
                now(bare.backend.matching.submit(bare.by, request.clone()));
            }
        });
        let ((), texts) = each(all, || drop(requests));
        table.row(&[&all, &name, &(waits + texts)]);
        let name = format!("one who waits, {name}, of {all}");
        table.reading(name, (waits + texts) as f64, "bytes");
    }
    table
}
