// The client of chat.v1. Its types, with what each promises, are in chat-client.d.ts; the protocol is in ../PROTOCOL.md.
//
//   ChatClient ── Link: one socket that comes back, commands and their replies
//      ├── Room ×n: a log read by cursor, and what is to be said
//      ├── Feed ×n: watched lists
//      └── Pairing ×n: strangers
//
// What a page shows is in Cells: a change marks them, the snapshot is made when somebody looks, listeners are told once per
// frame of work. Replies are handled where they come in, not behind promises: what is pushed after the reply to a `join` may
// come in the same turn, before any promise would go on.
//
// Bounded: 200 messages to be said and `keep` entries per room, 8 signals, 200 commands that wait for a connection, and what
// an iteration may be behind. Nothing outlives close(): no timer, no socket.

/** @import * as Chat from './chat-client.d.ts' */

/** The window for reconnects, and what a connection may do, until `hello` has told. */
const RETRY = { min_ms: 500, max_ms: 15_000 };
const LIMITS = { frame: 65_536, ping_ms: 25_000 };
/** From the first step of a try to the reply to `hello`. */
const ATTEMPT_MS = 15_000;
/** A connection that held this long was a good one: after it, the first wait is a short one again. */
const STABLE_MS = 5_000;
/** Within this time a ping is answered, or nobody is there. */
const PONG_MS = 4_000;
/** Within this time any command is answered: a server bounds how long it waits for its store. */
const ANSWER_MS = 30_000;
/** A key is remembered for five minutes from when it was written; a repetition is on its way for a while. */
const KEY_MS = 4.5 * 60_000;
const FRAME_MS = 16;
/** How long a close may take where the other side is silent. */
const GOODBYE_MS = 2_000;
const LONGEST_MS = 24 * 3_600_000;
const WAITING_MAX = 200, PENDING_MAX = 200, SIGNALS_MAX = 8, EVENTS_MAX = 5_000, PAIR_TRIES = 5;

/** Close codes after which there is no coming back, and what they are as errors. 4401 has a way of its own. */
const FINAL = new Map([[4400, 'bad_request'], [4403, 'forbidden'], [4413, 'too_large']]);
const UNAUTHORIZED = 4401, TOO_FAST = 4429;
/** Errors against which waiting helps; those that say that one is out of a room already. */
const PASSING = new Set(['rate_limited', 'overloaded', 'unavailable']);
const OUT = new Set(['not_member', 'no_such_room', 'room_closed']);
const ENTRIES = new Set(['said', 'joined', 'left', 'renamed', 'closed']);
/** In these a room is joined, or will be without being asked again. */
const IN = new Set(['joining', 'joined', 'offline']);
const NONE = Object.freeze([]);
const NOBODY = { room: undefined, shared: NONE, why: undefined, error: undefined };

// What the parts tell one another, known in this file alone: connected, disconnected, an event, the end of a part, of a room.
const UP = Symbol('up'), DOWN = Symbol('down'), EVENT = Symbol('event'), END = Symbol('end'), ENDED = Symbol('ended');

/** @implements {Chat.ChatError} */
export class ChatError extends Error {
  name = /** @type {const} */ ('ChatError');
  code;

  constructor(code, message = code, more = {}) {
    super(message);
    this.code = code;
    Object.assign(this, more);
  }
}

/** @implements {Chat.ChatClient} */
export class ChatClient {
  #link; #rooms = new Map(); #feeds = new Map(); #pairings = new Map(); #listeners = new Map(); #pipes = new Set();

  constructor(url, options = {}) {
    this.#link = new Link(url, options, (event) => this.#event(event), (event) => this.#tell(event));
    this.#link.parts.add({ [UP]() {}, [DOWN]() {}, [END]: () => this.#pipes.forEach((pipe) => pipe.end()) });
    this.connection = this.#link.cell.store;
  }

  connect = () => this.#link.connect();
  close = () => this.#link.close();
  retryNow = () => this.#link.retryNow();
  room = (id, options) => made(this.#rooms, id, () => new Room(this.#link, id, options));
  list = (order, limit = 50) => this.#feed(order).view(Math.min(limit, 100));
  online = () => this.#feed('online').view(1);
  pairing = (pool = 'random') => made(this.#pairings, pool, () => new Pairing(this.#link, pool, (id) => this.#pairRoom(id)));
  command = (verb, fields) => this.#link.ask(verb, fields);
  rooms = (query) => this.command('rooms', query);
  open = async (spec) => (await this.command('open', spec)).room;
  rename = async (name) => this.#link.renamed((await this.command('rename', { name })).name);

  on(ev, callback) {
    const listener = (event) => callback(event); // one that is given twice is called twice
    const listeners = made(this.#listeners, ev, () => new Set()).add(listener);
    return () => void listeners.delete(listener);
  }

  events() {
    const pipe = new Pipe(EVENTS_MAX, () => this.#pipes.delete(pipe));
    this.#pipes.add(pipe);
    if (this.#link.over) pipe.end();
    return pipe;
  }

  #feed = (order) => made(this.#feeds, order, () => new Feed(this.#link, order));

  /** The room of a pair. Those of its pool that are over are forgotten. */
  #pairRoom(id) {
    const pool = id.slice(0, id.indexOf('~') + 1);
    for (const [other, room] of this.#rooms) {
      if (other !== id && other.startsWith(pool) && room.over && this.#rooms.delete(other)) this.#link.parts.delete(room);
    }
    return this.room(id);
  }

  #event(event) {
    const room = this.#rooms.get(event.room);
    // An entry is told when it has its place: once, and in order.
    if (room && Number.isInteger(event.n)) return room[EVENT](event);
    this.#tell(event);
    if (event.ev === 'list') this.#feeds.get(event.list)?.[EVENT](event);
    else if (event.ev === 'matched' || event.ev === 'unmatched') this.#pairings.get(event.pool)?.[EVENT](event);
    else room?.[EVENT](event);
  }

  #tell(event) {
    for (const ev of [event.ev, '*']) this.#listeners.get(ev)?.forEach((listener) => guarded(listener, event));
    for (const pipe of this.#pipes) pipe.push(event);
  }
}

/** @implements {Chat.Room} */
export class Room {
  #link; #options; #cell; #readers = new Set(); #members = new Map();
  /** How many of the log were loaded by `earlier`; how many were there before what followed the join. */
  #log = []; #keep; #loaded = 0; #before = 0;
  /** The last entry that was taken; parts of the snapshot, until they change. */
  #cursor; #parts = {};
  /** Grows with each loss and end: answers to what was asked before it are no longer looked at. */
  #turn = 0; #entering = false; #joining; #older;
  /** What is to be said; and what is being said: one at a time, so that a refused one is not overtaken. */
  #pending = []; #saying;
  /** Comings and goings while members are being loaded. */
  #noted;

  constructor(link, id, options = {}) {
    this.#link = link;
    this.#options = options;
    this.#keep = Math.max(options.keep ?? 1000, 1);
    this.#cell = new Cell(link.batch, { status: 'new', live: 0, more: false, gap: false, signals: NONE }, (is) => this.#snapshot(is));
    this.id = id;
    this.subscribe = this.#cell.store.subscribe;
    this.getSnapshot = this.#cell.store.getSnapshot;
    link.parts.add(this);
  }

  get #in() { return IN.has(this.#cell.is.status); }

  /** Whether nothing comes any more unless it is joined again. */
  get over() { return !this.#in && this.#cell.is.status !== 'new'; }

  join() {
    if (this.#link.over) return refused(this.#link.over);
    if (this.#cell.is.status === 'joined') return Promise.resolve(this.getSnapshot());
    if (!this.#in) {
      this.#cursor = undefined;
      this.#cell.set({ status: 'joining', why: undefined, error: undefined, gap: false });
    }
    this.#joining ??= quiet(deferred());
    this.#enter();
    return this.#joining.promise;
  }

  async leave() {
    if (!this.#in) return;
    this[END](new ChatError('not_member', 'this room was left'), 'left', 'left');
    // Where the connection is lost, the server's grace does it.
    if (this.#link.online) await this.#link.insist('leave', { room: this.id }).catch(except(...OUT, 'disconnected'));
  }

  say(body, { key = newKey() } = {}) {
    if (!this.#in) return refused(this.#cell.is.error ?? new ChatError('not_member', 'this room is not joined'));
    const there = this.#pending.find((item) => item.key === key);
    if (there) return there.state === 'failed' ? this.retry(key) : there.done.promise;
    if (this.#pending.length >= PENDING_MAX) return refused(new ChatError('too_many', `${PENDING_MAX} messages wait already`));
    try {
      return this.#toSay(key, frozen(JSON.parse(JSON.stringify(body))), Date.now()); // as it is now: it may be changed later
    } catch {
      return refused(new ChatError('bad_request', 'a body is a JSON value'));
    }
  }

  retry(key) {
    const item = this.#pending.find((item) => item.key === key && item.state === 'failed');
    if (!item) return refused(new ChatError('bad_request', 'nothing has failed under this key'));
    if (!this.#in) return item.done.promise;
    this.discard(key);
    return this.#toSay(key, item.body, item.at);
  }

  discard(key) {
    this.#pending = this.#pending.filter((item) => item.key !== key || item.state !== 'failed');
    this.#changed('pending');
  }

  signal = (body) => void (this.#cell.is.status === 'joined' && this.#link.send('signal', { room: this.id, body }));
  earlier = (limit = 50) => (this.#older ??= this.#loadOlder(limit).finally(() => (this.#older = undefined)));
  close = async () => void (await this.#link.insist('close', { room: this.id }));

  async loadMembers() {
    const noted = (this.#noted = []);
    for (let after, more = true; more; ) {
      const page = await this.#link.insist('members', { room: this.id, after, limit: 200 });
      if (noted !== this.#noted) return; // joined anew, or asked for anew
      for (const member of page.members) this.#members.set(member.user, member);
      // The page may be older than what was pushed before it came.
      for (const entry of noted) if (entry.n > page.cursor.n) this.#present(entry);
      this.#changed('members');
      after = page.members.at(-1)?.user;
      more = page.more && after !== undefined;
    }
    this.#noted = undefined;
  }

  entries({ recent = false } = {}) {
    const reader = { recent, pipe: new Pipe(2 * this.#keep, () => this.#readers.delete(reader)) };
    if (this.#cursor) for (const entry of this.#log.slice(recent ? this.#loaded : this.#before)) reader.pipe.push(entry);
    this.#readers.add(reader);
    if (this.over) reader.pipe.end();
    return reader.pipe;
  }

  [UP]() {
    if (this.#in) this.#enter();
  }

  [DOWN]() {
    this.#turn += 1;
    this.#entering = false;
    this.#saying = undefined;
    if (this.#cell.is.status === 'joined') this.#cell.set({ status: 'offline', signals: NONE });
  }

  /** It is over: in this way and for this reason; where none is given, together with the connection. */
  [END](error, status = error.code === 'closed' ? 'left' : 'failed', why = error.why) {
    if (!this.#in) return;
    this[DOWN]();
    this.#cell.set({ status, why, error: status === 'left' ? undefined : error });
    for (const item of [...this.#pending]) if (item.state === 'sending') this.#said(item, error);
    this.#joining?.reject(error);
    this.#joining = this.#noted = undefined;
    for (const { pipe } of this.#readers) pipe.end();
    for (const part of this.#link.parts) part[ENDED]?.(this);
  }

  [EVENT](event) {
    const { status, signals } = this.#cell.is;
    if (event.ev === 'matched' && status !== 'joined') this.#entered({ ...event, entries: [], resumed: false }, true);
    if (event.ev === 'matched' || status !== 'joined') return;
    if (Number.isInteger(event.n)) {
      // Where something is missing, it is asked for, and what is behind it comes along.
      if (event.n > this.#cursor.n + 1) this.#enter();
      else if (event.n > this.#cursor.n) this.#take(event);
    } else if (event.ev === 'reset') this.#enter();
    else if (event.ev === 'count') this.#cell.set({ live: event.live });
    else if (event.ev === 'kicked') this[END](new ChatError('not_member', 'put out of this room'), 'left', 'kicked');
    else if (event.ev === 'signal') {
      const signal = { by: event.by, body: event.body, at: Date.now() };
      this.#cell.set({ signals: frozen([...signals, signal].slice(-SIGNALS_MAX)) });
    }
  }

  #snapshot(is) {
    const parts = this.#parts;
    parts.members ??= Object.freeze([...this.#members.values()].sort((a, b) => (a.user < b.user ? -1 : 1)));
    parts.entries ??= Object.freeze([...this.#log]);
    parts.pending ??= Object.freeze(this.#pending.map(({ key, body, at, state, error }) => Object.freeze({ key, body, at, state, error })));
    return Object.freeze({ ...is, ...parts });
  }

  #changed(...parts) {
    for (const part of parts) this.#parts[part] = undefined;
    this.#cell.changed();
  }

  /** Asks to be let in, with what was missed. */
  #enter() {
    if (this.#entering || !this.#link.online) return;
    this.#entering = true;
    const turn = this.#turn;
    const { create, recent } = this.#options;
    const fields = () => (turn === this.#turn ? { room: this.id, since: this.#cursor, recent, create } : undefined);
    this.#link.insisting('join', fields, (error, reply) => {
      if (turn !== this.#turn) return;
      this.#entering = false;
      if (!error) this.#entered(reply);
      else this[END](error, error.code === 'room_closed' ? 'closed' : 'failed');
    });
  }

  /** A snapshot has come: the first (`begun`: of a room that has just begun), what was missed, or the newest where that is lost. */
  #entered({ room, you, cursor, members, entries, resumed, why }, begun = false) {
    const had = this.#cursor;
    const another = had && !resumed && (why === 'epoch' || had.epoch !== cursor.epoch || cursor.n < had.n);
    this.#cell.set({ status: 'joined', room, you, why: undefined, error: undefined });
    if (!had || another) this.#begin(entries, cursor, another && had, begun);
    else {
      const fresh = entries.filter((entry) => entry.n > had.n);
      if (fresh.length < cursor.n - had.n) this.#skipped(why ?? 'trimmed', had);
      for (const entry of fresh) this.#take(entry, false);
      if (this.#cursor.n < cursor.n) this.#cursor = cursor;
    }
    // Of a larger room the first 200 come: who was known beyond them is there still, as far as what was missed tells.
    if (!had || !resumed || members.length >= room.live) this.#members = new Map();
    else for (const entry of entries) this.#present(entry);
    for (const member of members) this.#members.set(member.user, member);
    this.#cell.set({ live: room.live });
    this.#noted = undefined;
    this.#pending = this.#pending.filter((item) => item.n === undefined || (!another && item.n > cursor.n));
    this.#changed('members', 'entries', 'pending');
    this.#joining?.resolve(this.getSnapshot());
    this.#joining = undefined;
    this.#sayNext();
  }

  /** The log begins here: for the first time, or because it is another one than what was read until `had`. */
  #begin(entries, cursor, had, begun) {
    const seen = new Set(this.#log.map((entry) => `${entry.n} ${entry.at}`));
    const said = entries.filter((entry) => entry.ev === 'said').length;
    this.#log = entries.filter((entry) => ENTRIES.has(entry.ev));
    this.#cursor = cursor;
    this.#loaded = 0;
    this.#before = had ? 0 : this.#log.length;
    this.#cell.set({ more: !begun && cursor.n > 0 && entries[0]?.n !== 1 && said >= Math.min(this.#options.recent ?? 50, 200) });
    if (had) this.#skipped('epoch', had);
    for (const entry of this.#log) {
      // Where only the end of a log was lost, what is before it has been told.
      if (had && !seen.has(`${entry.n} ${entry.at}`)) this.#told(entry);
      if (!had) for (const reader of this.#readers) if (reader.recent) reader.pipe.push(entry);
    }
    this.#trim();
  }

  /** Takes the next entry: one that was pushed, or one of a snapshot, with which come the members at its end. */
  #take(entry, pushed = true) {
    const { ev, user, why } = entry;
    const { you } = this.#cell.is;
    this.#cursor = { epoch: this.#cursor.epoch, n: entry.n, at: entry.at };
    if (pushed) this.#present(entry);
    this.#noted?.push(entry);
    if (ENTRIES.has(ev)) this.#log.push(entry);
    this.#trim();
    // What was said goes from `pending` in the same change that brings it.
    const mine = ev === 'said' && entry.by === you && this.#pending.find((item) => item.key === entry.key);
    if (mine) this.#said(mine, undefined, { n: entry.n, at: entry.at, dup: false });
    this.#changed('entries');
    this.#told(entry);
    if (ev === 'closed') this[END](new ChatError('room_closed', 'this room has closed', { why }), 'closed');
    else if (pushed && ev === 'left' && user === you) this[END](new ChatError('not_member', 'out of this room'), 'left', why);
  }

  #told(entry) {
    if (ENTRIES.has(entry.ev)) for (const { pipe } of this.#readers) pipe.push(entry);
    this.#link.tell(entry);
  }

  #present({ ev, user, name, at, live = this.#cell.is.live }) {
    const there = this.#members.get(user);
    if (ev === 'joined') this.#members.set(user, frozen({ user, name, since: at }));
    else if (ev === 'left') this.#members.delete(user);
    else if (ev === 'renamed' && there) this.#members.set(user, frozen({ ...there, name }));
    else return;
    this.#cell.set({ live });
    this.#changed('members');
  }

  #skipped(why, { n }) {
    this.#cell.set({ gap: true });
    this.#link.tell(frozen({ ev: 'gap', room: this.id, why, after: n }));
  }

  #trim() {
    const much = this.#log.length - this.#keep;
    if (much <= 0) return;
    this.#log.splice(0, much);
    this.#loaded = Math.max(this.#loaded - much, 0);
    this.#before = Math.max(this.#before - much, 0);
    this.#cell.set({ more: true });
  }

  async #loadOlder(limit) {
    if (!this.#cursor) return false;
    const before = this.#log[0]?.n ?? this.#cursor.n + 1;
    const { entries, more, epoch } = await this.#link.insist('history', { room: this.id, before, limit });
    // Meanwhile it may have become another log, or the oldest may have been dropped.
    if (epoch !== this.#cursor?.epoch || (this.#log[0]?.n ?? before) !== before) return this.#cell.is.more;
    const older = entries.filter((entry) => entry.n < before && ENTRIES.has(entry.ev));
    this.#log.unshift(...older);
    this.#loaded += older.length;
    this.#before += older.length;
    this.#keep = Math.max(this.#keep, this.#log.length);
    this.#cell.set({ more });
    this.#changed('entries');
    return more;
  }

  #toSay(key, body, at) {
    const done = quiet(deferred());
    this.#pending.push({ key, body, at, state: 'sending', done });
    this.#changed('pending');
    this.#sayNext();
    return done.promise;
  }

  #sayNext() {
    const item = this.#pending.find(({ state, n }) => state === 'sending' && n === undefined);
    if (!item || this.#saying || this.#cell.is.status !== 'joined') return;
    this.#saying = item;
    const turn = this.#turn;
    const became = (error, reply) => {
      if (turn !== this.#turn) return;
      if (error || reply) this.#said(item, error, reply);
      this.#saying = undefined;
      this.#sayNext();
    };
    const fields = () => {
      if (turn !== this.#turn) return undefined;
      if (!this.#pending.includes(item)) return became();
      if (Date.now() - item.first > KEY_MS) return became(new ChatError('expired', 'never answered, and too long ago to be repeated'));
      item.first ??= Date.now();
      return { room: this.id, body: item.body, key: item.key };
    };
    this.#link.insisting('say', fields, became);
  }

  /** What became of something said. Until its entry is there too, it stays in `pending`. */
  #said(item, error, reply) {
    item.error = error;
    if (error) {
      item.state = 'failed';
      item.done.reject(error);
    } else {
      item.n = reply.n;
      item.done.resolve(reply);
      this.#pending = this.#pending.filter(({ n }) => n === undefined || n > this.#cursor.n);
    }
    this.#changed('pending');
  }
}

/** @implements {Chat.Pairing} */
export class Pairing {
  #link; #roomOf; #cell; #wish = {}; #seeking; #tries = 0; #blocking = false;
  /** Grows with each question and loss: answers to what was asked before are no longer looked at. */
  #turn = 0;
  /** The room of a talk that may still go on, while it is being joined; the one that `next` leaves, until that is answered. */
  #found; #behind;

  constructor(link, pool, roomOf) {
    this.#link = link;
    this.#roomOf = roomOf;
    this.#cell = new Cell(link.batch, { ...NOBODY, status: 'idle' });
    this.pool = pool;
    this.subscribe = this.#cell.store.subscribe;
    this.getSnapshot = this.#cell.store.getSnapshot;
    link.parts.add(this);
    if (link.online) this[UP](link.hello);
  }

  get #status() { return this.#cell.is.status; }

  seek({ tags = [], strict = false } = {}) {
    if (this.#link.over) return refused(this.#link.over);
    if (this.#status === 'matched') return Promise.resolve();
    const promise = this.#begin({ tags, strict });
    if (!this.#found && !this.#behind) this.#ask('match');
    return promise;
  }

  async cancel() {
    if (this.#status !== 'seeking') return;
    this.#become('idle', {}, new ChatError('not_waiting', 'cancelled'));
    // Where the connection is lost, the place lapses. Where a partner was found meanwhile, that is told, or has been.
    if (this.#link.online) await this.#link.insist('unmatch', { pool: this.pool }).catch(except('not_waiting', 'disconnected'));
  }

  next(tags = this.#wish.tags) {
    if (this.#status !== 'matched') return this.seek({ ...this.#wish, tags });
    const { room } = this.#cell.is;
    const promise = this.#begin({ ...this.#wish, tags });
    this.#behind = room.id;
    room[END](new ChatError('not_member', 'this room was left'), 'left', 'left');
    this.#ask('next');
    return promise;
  }

  async block() {
    const { room } = this.#cell.is;
    if (this.#status !== 'matched') throw new ChatError('not_member', 'there is nobody');
    this.#blocking = true;
    try {
      await this.#link.insist('block', { room: room.id });
      room[END](new ChatError('not_member', 'blocked'), 'left', 'blocked');
    } finally {
      this.#blocking = false;
    }
  }

  leave = () => (this.#status === 'matched' ? this.#cell.is.room.leave() : this.cancel());

  [UP]({ rooms = [] }) {
    // The room of a talk comes back by itself.
    if (this.#found || this.#status === 'matched' || this.#status === 'over') return;
    this.#behind = undefined;
    const talk = rooms.find((id) => id.startsWith(`${this.pool}~`));
    if (talk === undefined) this.#ask('match');
    else this.#find(talk);
  }

  [DOWN]() {
    this.#turn += 1;
  }

  [END](error) {
    this.#found = this.#behind = undefined;
    if (this.#status !== 'seeking') return;
    if (error.code === 'closed') this.#become('idle', {}, error);
    else this.#become('over', { error }, error);
  }

  [EVENT]({ ev, why, room: info, shared, ...event }) {
    if (ev === 'matched') {
      const room = this.#roomOf(info.id);
      room[EVENT]({ ev, room: info, ...event });
      this.#matched(room, shared);
    } else if (this.#status === 'seeking') {
      if (why === 'lapsed') this.#ask('match');
      else this.#become('over', { why }, new ChatError('not_waiting', `no longer waiting: ${why}`));
    }
  }

  [ENDED](room) {
    if (room !== this.#cell.is.room || this.#status !== 'matched') return;
    const { status, why, error } = room.getSnapshot();
    const { shared } = this.#cell.is;
    this.#become('over', { room, shared, why: this.#blocking ? 'blocked' : why, error: status === 'failed' ? error : undefined });
  }

  /** What it is now, with what. Anything but `seeking` answers a search, by `refused` if there is that. */
  #become(status, change = {}, refused = undefined) {
    this.#turn += 1;
    this.#cell.set({ ...NOBODY, status, ...change });
    if (status === 'seeking') return;
    this.#found = undefined;
    this.#settle(refused);
  }

  #settle(refused = undefined) {
    if (refused) this.#seeking?.reject(refused);
    else this.#seeking?.resolve();
    this.#seeking = undefined;
  }

  #begin(wish) {
    this.#wish = wish;
    this.#tries = 0;
    const { promise } = (this.#seeking ??= quiet(deferred()));
    this.#become('seeking');
    return promise;
  }

  #ask(verb) {
    if (this.#status !== 'seeking' || !this.#link.online) return;
    const turn = (this.#turn += 1);
    const fields = verb === 'next' ? { room: this.#behind, tags: this.#wish.tags } : { pool: this.pool, ...this.#wish };
    this.#link.insisting(verb, () => (turn === this.#turn ? fields : undefined), (error) => {
      if (turn !== this.#turn) return;
      this.#behind = undefined;
      if (!error) this.#settle();
      else if (verb === 'next' && OUT.has(error.code)) this.#ask('match');
      else if (error.code === 'already_matched' && ++this.#tries < PAIR_TRIES) this.#find(error.room);
      else this.#become('over', { error }, error);
    });
  }

  /** There is a talk, in this room: goes there, and where it ends meanwhile, on with the search. */
  #find(id) {
    const room = id && this.#roomOf(id);
    // It is not said which: a word of it is on its way.
    if (!room) return this.#link.later(200, () => this.#ask('match'));
    if (room.over) {
      // It was left while nobody could be told. Only who is in can ask for the next.
      if (this.#status !== 'seeking') return;
      this.#behind = id;
      this.#link.send('join', { room: id, recent: 0 });
      return this.#ask('next');
    }
    this.#found = room;
    const then = (go) => () => room === this.#found && go();
    room.join().then(then(() => this.#matched(room, NONE)), then(() => {
      this.#found = undefined;
      this.#ask('match');
    }));
  }

  #matched(room, shared) {
    if (this.#status === 'matched' && this.#cell.is.room === room) return;
    this.#behind = undefined;
    this.#become('matched', { room, shared });
  }
}

/** A watched list, or the number of people online; shared by all that show some of it. */
class Feed {
  #link; #order; #views = new Map(); #rows = []; #online; #version = 0; #ready = false; #error;
  /** How many rows are watched: 0, none; whether that is being changed; whether there is a hole. */
  #watched = 0; #busy = false; #stale = false;

  constructor(link, order) {
    this.#link = link;
    this.#order = order;
    link.parts.add(this);
  }

  view(limit) {
    const build = () => (this.#order === 'online' ? this.#online : this.#state(limit));
    // Behind the turn: a component that is set up twice at once does not watch twice.
    const cell = () => new Cell(this.#link.batch, {}, build, () => queueMicrotask(() => this.#sync()));
    return made(this.#views, limit, cell).store;
  }

  [UP]() {
    this.#sync();
  }

  [DOWN]() {
    this.#watched = 0;
    this.#busy = false;
  }

  [EVENT]({ version, ops, online }) {
    if (this.#busy || this.#watched === 0 || version <= this.#version) return;
    this.#stale = version !== this.#version + 1;
    if (this.#stale) return this.#sync();
    let rows = this.#rows;
    if (ops) {
      const moved = new Set(ops.map((op) => op.gone ?? op.room.id));
      rows = rows.filter((row) => !moved.has(row.id));
      for (const { at, room } of ops.filter((op) => op.room).sort((a, b) => a.at - b.at)) rows.splice(at, 0, room);
    }
    this.#became(version, rows.slice(0, this.#watched), online);
  }

  #state(limit) {
    const rooms = Object.freeze(this.#rows.slice(0, limit));
    return Object.freeze({ version: this.#version, rooms, ready: this.#ready, error: this.#error });
  }

  #became(version, rows, online, error) {
    this.#version = version;
    this.#rows = rows;
    this.#online = online;
    this.#ready ||= !error;
    this.#error = error;
    for (const cell of this.#views.values()) cell.changed();
  }

  /** Watches as many rows as are shown, if any. */
  #sync() {
    const limit = Math.max(0, ...[...this.#views].map(([limit, cell]) => (cell.watched ? limit : 0)));
    const fits = limit === 0 ? this.#watched === 0 : limit <= this.#watched && !this.#stale;
    if (fits || this.#busy || !this.#link.online) return;
    this.#busy = true;
    const order = this.#order;
    const fields = limit === 0 || order === 'online' ? { order } : { order, limit };
    this.#link.insisting(limit === 0 ? 'unwatch' : 'watch', () => fields, (error, reply) => {
      if (error?.code === 'disconnected') return;
      this.#busy = this.#stale = false;
      this.#watched = limit;
      if (error) this.#became(this.#version, this.#rows, this.#online, error);
      else if (limit > 0) this.#became(reply.version, reply.rooms ?? [], reply.online);
      this.#sync();
    });
  }
}

/** The connection: tries, `hello`, commands and their replies, signs of life. */
class Link {
  online = false; hello = {}; batch = new Batch();
  /** Rooms, lists and pairings: they are told UP, DOWN and END. */
  parts = new Set();
  /** Why there will be no connection any more. */
  over;
  #url; #options; #Socket; #event; #name; #retry = RETRY; #limits = LIMITS;
  #socket; #first; #closed = false; #timer; #id = 0; #asked = new Map(); #queue = []; #delayed = new Set();
  /** Which try it is, how many came to nothing, since when there is a connection, what the server said at its end. */
  #attempt = 0; #tries = 0; #since = 0; #bye = {};
  #life; #heard = 0; #pinged = 0;
  /** The anonymous token; the one that was sent; whether the site was asked for another one already. */
  #kept; #sent; #again = false;

  constructor(url, options, event, tell) {
    const whole = new URL(typeof url === 'string' ? url : url.href, globalThis.document?.baseURI);
    whole.protocol = whole.protocol.replace('http', 'ws');
    whole.hash = '';
    this.#url = whole.href;
    this.#options = options;
    this.#event = event;
    this.tell = tell;
    this.#Socket = options.WebSocket ?? globalThis.WebSocket;
    if (!this.#Socket) throw new TypeError('there is no WebSocket here: give one as the option `WebSocket`');
    this.#name = options.name;
    this.#kept = this.#storage('getItem') ?? undefined;
    this.cell = new Cell(this.batch, { status: 'idle' });
  }

  connect() {
    if (this.#closed) return refused(this.over);
    if (this.online) return Promise.resolve();
    const { promise } = (this.#first ??= quiet(deferred()));
    if (!['idle', 'closed'].includes(this.cell.is.status)) return promise;
    this.#again = false;
    this.#try();
    return promise;
  }

  retryNow() {
    if (this.cell.is.status === 'offline') this.#try();
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    const socket = this.#socket;
    this.#socket = undefined;
    this.#end(new ChatError('closed', 'this client was closed'), { error: undefined });
    this.batch.flush();
    if (!socket) return;
    // A close takes its time, so that what was sent before it arrives; but not for ever.
    /** @type {any} */
    const timer = socket.terminate && setTimeout(() => socket.terminate(), GOODBYE_MS);
    timer?.unref?.();
    Object.assign(socket, { ...DEAF, onclose: () => clearTimeout(timer) }).close(1000);
  }

  renamed(name) {
    this.#name = name;
    this.cell.set({ name });
    return name;
  }

  /** A command, as a promise. While connecting it waits. */
  ask(verb, fields) {
    return promised((done) => {
      if (this.cell.is.status !== 'connecting') this.send(verb, fields, done);
      else if (this.#queue.length < WAITING_MAX) this.#queue.push({ verb, fields, done });
      else done(new ChatError('too_many', `${WAITING_MAX} commands wait already`));
    });
  }

  /** A command whose reply is handled where it comes in. */
  send(verb, fields, done = (..._) => {}) {
    if (this.online) this.#write(verb, fields, done);
    else done(this.over ?? new ChatError('disconnected', 'there is no connection'));
  }

  /** A command that may be repeated, while waiting helps: until `fields()` gives none any more. */
  insisting(verb, fields, done, tries = 0) {
    const now = fields();
    if (now === undefined) return;
    this.send(verb, now, (error, reply) => {
      if (!PASSING.has(error?.code)) return done(error, reply);
      const wait = (error.retryMs ?? 0) + this.#jitter(tries);
      this.later(wait, () => this.insisting(verb, fields, done, tries + 1), done);
    });
  }

  insist = (verb, fields) => promised((done) => this.insisting(verb, () => fields, done));

  /** Does something later, on the same connection or not at all. */
  later(ms, run, lost = (..._) => {}) {
    const item = { lost, timer: setTimeout(() => this.#delayed.delete(item) && run(), ms) };
    this.#delayed.add(item);
  }

  async #try() {
    const attempt = (this.#attempt += 1);
    this.over = undefined;
    this.#bye = {};
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost(), ATTEMPT_MS);
    this.cell.set({ status: 'connecting', retryAt: undefined, error: undefined });
    try {
      const { token } = this.#options;
      const site = typeof token === 'function' ? await token() : token;
      if (attempt !== this.#attempt) return;
      this.#sent = site ?? this.#kept;
    } catch {
      return void (attempt === this.#attempt && this.#lost());
    }
    try {
      this.#socket = new this.#Socket(this.#url, ['chat.v1']);
    } catch (error) {
      return this.#end(new ChatError('bad_request', error.message));
    }
    const hello = { token: this.#sent, name: this.#name };
    Object.assign(this.#socket, {
      onopen: () => this.#write('hello', hello, (error, reply) => (error ? this.#refused(error) : this.#welcome(reply))),
      onmessage: ({ data }) => this.#message(data),
      onclose: ({ code, reason }) => this.#lost(code, reason),
      onerror: () => {}, // the close follows
    });
  }

  #welcome(hello) {
    clearTimeout(this.#timer);
    this.online = true;
    this.#again = false;
    this.#since = performance.now();
    this.hello = hello;
    this.#limits = { ...LIMITS, ...hello.limits };
    this.#retry = hello.retry ?? RETRY;
    if (hello.token !== undefined) this.#storage('setItem', (this.#kept = hello.token));
    const { user, name, session, limits } = hello;
    this.cell.set({ status: 'online', user, name, session, limits, code: undefined, why: undefined });
    this.#live();
    for (const part of this.parts) part[UP](hello);
    for (const { verb, fields, done } of this.#queue.splice(0)) this.send(verb, fields, done);
    this.#first?.resolve();
    this.#first = undefined;
  }

  #refused(error) {
    if (error.code === 'unauthorized') this.#lost(UNAUTHORIZED, error.message);
    else if (PASSING.has(error.code)) this.#lost(undefined, error.message, error.retryMs);
    else if (error.code !== 'disconnected' && error !== this.over) this.#end(error);
  }

  /** The connection, or the try, has failed. `least`: not sooner again than that. */
  #lost(code, reason, least = 0) {
    const held = this.online && performance.now() - this.#since >= STABLE_MS;
    this.#drop();
    const { why = reason || undefined, retry_ms } = this.#bye;
    const final = code === UNAUTHORIZED ? 'unauthorized' : FINAL.get(code);
    if (code === UNAUTHORIZED && this.#mayTryAnother()) return void this.#try();
    if (final) return this.#end(new ChatError(final, why, given({ why })), { code, why });
    if (held) this.#tries = 0;
    const jitter = this.#jitter(this.#tries);
    const wait = Math.min(Math.max(code === TOO_FAST ? this.#retry.max_ms + jitter : (retry_ms ?? jitter), least), LONGEST_MS);
    this.#tries += 1;
    this.#timer = setTimeout(() => this.#try(), wait);
    this.cell.set({ status: 'offline', retryAt: Date.now() + wait, code, why });
  }

  /** Full jitter: a thousand that were refused or lost at once do not come back at once. */
  #jitter = (tries) => Math.random() * Math.min(this.#retry.min_ms * 2 ** tries, this.#retry.max_ms);

  /** Whether there are credentials other than those that were refused. What the server gave and refuses is forgotten. */
  #mayTryAnother() {
    if (this.#sent !== undefined && this.#sent === this.#kept) {
      this.#kept = undefined;
      if (this.#storage('getItem') === this.#sent) this.#storage('removeItem');
      return true;
    }
    const first = !this.#again;
    this.#again = true;
    return first && typeof this.#options.token === 'function';
  }

  #end(error, change = {}) {
    this.over = error;
    this.#drop();
    this.cell.set({ status: 'closed', retryAt: undefined, error, ...change });
    for (const part of this.parts) part[END]?.(error);
    this.#first?.reject(error);
    this.#first = undefined;
  }

  /** Lets the socket go, and tells everybody who waits for something of it. */
  #drop() {
    this.#attempt += 1;
    clearTimeout(this.#timer);
    clearTimeout(this.#life);
    const socket = this.#socket && Object.assign(this.#socket, DEAF);
    this.#socket = undefined;
    // Nobody may be there to answer a close.
    if (socket?.terminate) socket.terminate();
    else socket?.close();
    if (this.online) for (const part of this.parts) part[DOWN]();
    this.online = false;
    const waiting = [...this.#asked.values(), ...this.#queue.splice(0)].map(({ done }) => done);
    for (const { timer, lost } of this.#delayed) {
      clearTimeout(timer);
      waiting.push(lost);
    }
    this.#asked.clear();
    this.#delayed.clear();
    const error = this.over ?? new ChatError('disconnected', 'the connection was lost before the answer');
    for (const done of waiting) done(error);
  }

  #write(verb, fields, done) {
    const id = (this.#id += 1);
    let text;
    try {
      text = JSON.stringify({ ...fields, id, do: verb });
    } catch (error) {
      return done(new ChatError('bad_request', error.message));
    }
    // A larger one would end the connection for good.
    const { frame } = this.#limits;
    if (text.length * 3 > frame && new TextEncoder().encode(text).length > frame) return done(new ChatError('too_large', 'larger than a frame may be'));
    this.#asked.set(id, { at: performance.now(), done });
    this.#socket.send(text);
  }

  #message(data) {
    this.#heard = performance.now();
    if (this.#pinged) {
      this.#pinged = 0;
      this.#live();
    }
    let frame;
    try {
      frame = frozen(JSON.parse(data));
    } catch {
      return; // of a later version
    }
    if (typeof frame?.ev === 'string') {
      if (frame.ev === 'bye') this.#bye = frame;
      return this.#event(frame);
    }
    const asked = this.#asked.get(frame?.re);
    if (!asked) return;
    this.#asked.delete(frame.re);
    const { code = 'internal', message, retry_ms: retryMs, why, room } = frame.err ?? {};
    asked.done(frame.err && new ChatError(code, message, given({ retryMs, why, room })), frame.ok);
  }

  /** Looks whether somebody is there, and asks where nothing was heard for long. */
  #live(certain = false) {
    const now = performance.now();
    const ping = this.#limits.ping_ms || LIMITS.ping_ms;
    const [oldest] = this.#asked.values();
    const silent = this.#pinged && now - this.#pinged >= PONG_MS;
    if (silent || (oldest && now - oldest.at >= ANSWER_MS)) {
      if (certain) return this.#lost(undefined, 'no answer');
      // The page may have stood still: what came meanwhile has its turn first.
      clearTimeout(this.#life);
      this.#life = setTimeout(() => this.#live(true), 100);
      return;
    }
    if (!this.#pinged && now - this.#heard >= ping) {
      this.send('ping');
      this.#pinged = now;
    }
    const next = this.#pinged ? this.#pinged + PONG_MS : this.#heard + ping;
    clearTimeout(this.#life);
    this.#life = setTimeout(() => this.#live(), Math.max(next - now, 1));
  }

  /** What a storage refuses (in a private window, or because it is full) is kept in memory alone. */
  #storage(verb, ...value) {
    try {
      return this.#options.storage?.[verb](this.#options.storageKey ?? 'chat.v1.token', ...value);
    } catch {
      return undefined;
    }
  }
}

/** What makes nobody listen to a socket any more. */
const DEAF = { onopen: null, onmessage: null, onclose: () => {}, onerror: () => {} };

/** A store: its snapshot is made when somebody looks, and is the same until something has changed. */
class Cell {
  #batch; #build; #value; #fresh = false; #listeners = new Set();

  /** `build(is)` makes the snapshot, if it is more than `is`. `toggled` is called with the first subscriber and after the last. */
  constructor(batch, is, build = (is) => is, toggled = () => {}) {
    this.#batch = batch;
    this.#build = build;
    this.is = Object.freeze(is);
    const drop = (mine) => this.#listeners.delete(mine) && !this.watched && toggled();
    this.store = Object.freeze({
      subscribe: (listener) => {
        const mine = () => listener(); // one that is given twice is called twice
        if (this.#listeners.add(mine).size === 1) toggled();
        return () => void drop(mine);
      },
      getSnapshot: () => this.#snapshot(),
      stop: () => this.#listeners.forEach(drop),
    });
  }

  get watched() {
    return this.#listeners.size > 0;
  }

  set(change) {
    this.is = Object.freeze({ ...this.is, ...change });
    this.changed();
  }

  changed() {
    this.#fresh = false;
    if (this.watched) this.#batch.add(this);
  }

  tell() {
    for (const listener of [...this.#listeners]) guarded(listener);
  }

  #snapshot() {
    if (!this.#fresh) this.#value = this.#build(this.is);
    this.#fresh = true;
    return this.#value;
  }
}

/** Tells the listeners of what has changed: the first change at once, those that follow together. */
class Batch {
  #cells = new Set(); #timer; #soon = false; #told = -Infinity;

  add(cell) {
    this.#cells.add(cell);
    if (this.#soon || this.#timer !== undefined) return;
    const wait = this.#told + FRAME_MS - performance.now();
    if (wait > 0) this.#timer = setTimeout(() => this.flush(), wait);
    else queueMicrotask(() => this.flush());
    this.#soon = wait <= 0;
  }

  flush() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#soon = false;
    this.#told = performance.now();
    const cells = [...this.#cells];
    this.#cells.clear();
    for (const cell of cells) cell.tell();
  }
}

/** An iteration over what is pushed. Who falls more than `max` behind gets an error instead of a silent gap. */
class Pipe {
  #max; #stop; #queue = []; #readers = []; #ended = false; #error;

  constructor(max, stop) {
    this.#max = max;
    this.#stop = stop;
  }

  push(value) {
    if (this.#ended) return;
    if (this.#readers.length > 0) return this.#readers.shift()({ value, done: false });
    if (this.#queue.push(value) <= this.#max) return;
    this.#queue = [];
    this.#error = new ChatError('slow', `more than ${this.#max} behind`);
    this.end();
  }

  /** What was pushed before can still be read. */
  end() {
    this.#ended = true;
    this.#stop();
    for (const reader of this.#readers.splice(0)) reader({ value: undefined, done: true });
  }

  async next() {
    if (this.#queue.length > 0) return { value: this.#queue.shift(), done: false };
    const error = this.#error;
    this.#error = undefined;
    if (error) throw error;
    return this.#ended ? { value: undefined, done: true } : new Promise((resolve) => this.#readers.push(resolve));
  }

  async return(value) {
    this.end();
    this.#queue = [];
    return { value, done: true };
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}

function made(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}

function deferred() {
  let resolve, reject;
  const promise = new Promise((...both) => ([resolve, reject] = both));
  return { promise, resolve, reject };
}

const promised = (ask) => new Promise((resolve, reject) => ask((error, reply) => (error ? reject(error) : resolve(reply))));

/** For what is seen to fail elsewhere too: whoever does not wait for it need not catch it. */
function quiet(deferred) {
  deferred.promise.catch(() => {});
  return deferred;
}

/** Those fields that there are. */
const given = (fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const refused = (error) => quiet({ promise: Promise.reject(error) }).promise;

const except = (...codes) => (error) => {
  if (!codes.includes(error.code)) throw error;
};

/** 128 random bits, so that nobody else's key is the same. */
function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Freezes a value of JSON through and through, however deep. */
function frozen(value) {
  const open = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === 'object' && one !== null) for (const part of Object.values(Object.freeze(one))) open.push(part);
  }
  return value;
}

/** What fails in somebody's listener is theirs: it is told as an uncaught error, and nothing here stops. */
function guarded(listener, event) {
  try {
    listener(event);
  } catch (error) {
    if (typeof globalThis.reportError === 'function') globalThis.reportError(error);
    else queueMicrotask(() => { throw error; });
  }
}
