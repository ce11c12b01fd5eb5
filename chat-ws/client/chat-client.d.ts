/**
 * The client of `chat.v1`: one socket that comes back by itself, rooms of which every entry is seen once and in order,
 * lists that are live, and strangers to talk to. All that is shown on a page is a {@link Store}, as React's
 * `useSyncExternalStore` takes them.
 *
 * Times are Unix milliseconds. A `body` is any JSON value; show it as text, never as markup.
 */

/** A value that changes: `subscribe` and `getSnapshot` are bound, snapshots are frozen and identical while nothing changed. */
export interface Store<T> {
  /** Calls `listener` after changes, several of which may be told at once. Gives the way to stop. */
  readonly subscribe: (listener: () => void) => () => void;
  /** The value now: always up to date, also before the listeners were told. */
  readonly getSnapshot: () => T;
}

// ---------------------------------------------------------------------------------------------------------------- words

/** Where a reader is in a room's log. Compare `epoch`, never compute with it. */
export interface Cursor {
  readonly epoch: string;
  readonly n: number;
  readonly at?: number;
}

/** Somebody in a room, `since` then. */
export interface Member {
  readonly user: string;
  readonly name: string;
  readonly since: number;
}

/** How a room behaves; `null` is never. What is left out has the server's default. */
export interface Policy {
  readonly capacity?: number;
  readonly idle_s?: number | null;
  readonly empty_s?: number | null;
  readonly max_age_s?: number | null;
  readonly history?: number;
  readonly presence?: 'log' | 'count';
  readonly grace_ms?: number;
}

/** What opens a room. */
export interface NewRoom {
  readonly title: string;
  readonly kind?: 'public' | 'private';
  readonly meta?: { readonly [name: string]: unknown };
  readonly policy?: Policy;
}

/** A room as lists show it. */
export interface RoomInfo {
  readonly id: string;
  readonly kind: 'public' | 'private' | 'pair';
  readonly title: string;
  readonly meta: { readonly [name: string]: unknown };
  readonly owner: string | null;
  readonly capacity: number;
  readonly created: number;
  /** Distinct users now. */
  readonly live: number;
  /** Distinct users in the last 30 minutes, those present included. */
  readonly visitors: number;
  /** The newest thing said; a long body is cut, with `cut` true. */
  readonly last: (Said & { readonly cut?: boolean }) | null;
}

export type Order = 'live' | 'visitors' | 'newest' | 'active';

/** What `hello` says about sizes (bytes for frame, body and meta, characters for the others). */
export interface Limits {
  readonly frame: number;
  readonly body: number;
  readonly name: number;
  readonly title: number;
  readonly meta: number;
  readonly key: number;
  readonly tags: number;
  readonly tag: number;
  readonly rooms: number;
  readonly ping_ms: number;
  readonly silent_ms: number;
}

// --------------------------------------------------------------------------------------------------------------- events

/** Somebody said something; `by` is null for the site itself. Compare `by` with the room's `you`. */
export interface Said {
  readonly ev: 'said';
  readonly room: string;
  readonly n: number;
  readonly at: number;
  readonly by: string | null;
  readonly name: string | null;
  readonly body: unknown;
  readonly key?: string;
}
export interface Joined {
  readonly ev: 'joined';
  readonly room: string;
  readonly n: number;
  readonly at: number;
  readonly user: string;
  readonly name: string;
  readonly live: number;
}
export interface Left {
  readonly ev: 'left';
  readonly room: string;
  readonly n: number;
  readonly at: number;
  readonly user: string;
  readonly name: string;
  readonly live: number;
  /** `left`, `lost`, `kicked`, or one that is not known yet. */
  readonly why: string;
}
export interface Renamed {
  readonly ev: 'renamed';
  readonly room: string;
  readonly n: number;
  readonly at: number;
  readonly user: string;
  readonly name: string;
}
/** Always a room's last entry. */
export interface Closed {
  readonly ev: 'closed';
  readonly room: string;
  readonly n: number;
  readonly at: number;
  /** `idle`, `empty`, `partner_left`, `owner`, `admin`, `max_age`, or one that is not known yet. */
  readonly why: string;
}

/** One numbered line of a room's log. */
export type Entry = Said | Joined | Left | Renamed | Closed;

/** Beside the log; `by` as in the room. */
export interface SignalEvent {
  readonly ev: 'signal';
  readonly room: string;
  readonly by: string;
  readonly body: unknown;
}
export interface CountEvent {
  readonly ev: 'count';
  readonly room: string;
  readonly live: number;
}
export interface ListEvent {
  readonly ev: 'list';
  readonly list: string;
  readonly version: number;
  readonly ops?: readonly ({ readonly at: number; readonly room: RoomInfo } | { readonly gone: string })[];
  readonly online?: number;
}
export interface ResetEvent {
  readonly ev: 'reset';
  readonly room: string;
  readonly cursor: Cursor;
  readonly why: string;
}
export interface ByeEvent {
  readonly ev: 'bye';
  readonly why: string;
  readonly retry_ms?: number;
}
export interface MatchedEvent {
  readonly ev: 'matched';
  readonly pool: string;
  readonly room: RoomInfo;
  readonly you: string;
  readonly cursor: Cursor;
  readonly members: readonly Member[];
  readonly shared: readonly string[];
}
export interface UnmatchedEvent {
  readonly ev: 'unmatched';
  readonly pool: string;
  readonly why: string;
}
/** Made by the client: after `after` entries of this room are missing, because the server no longer has them. */
export interface GapEvent {
  readonly ev: 'gap';
  readonly room: string;
  /** `trimmed`: too long ago; `epoch`: another log than the one that was read, so numbers begin anew. */
  readonly why: string;
  readonly after: number;
}
/** An event of a later version of the protocol. */
export interface UnknownEvent {
  readonly ev: string;
  readonly [field: string]: unknown;
}

export interface EventMap {
  said: Said;
  joined: Joined;
  left: Left;
  renamed: Renamed;
  closed: Closed;
  signal: SignalEvent;
  count: CountEvent;
  list: ListEvent;
  reset: ResetEvent;
  bye: ByeEvent;
  matched: MatchedEvent;
  unmatched: UnmatchedEvent;
  gap: GapEvent;
}

export type ChatEvent = EventMap[keyof EventMap];

// --------------------------------------------------------------------------------------------------------------- errors

/**
 * A refusal of the server, by its code (`room_full`, `rate_limited` …), or one of the client's own:
 * - `disconnected`: the connection was lost before the answer, or is not there; what was asked may or may not have been done
 * - `expired`: said, never answered, and too long ago to be repeated without perhaps saying it twice
 * - `slow`: who iterates fell too far behind
 * - `closed`: the client was closed
 */
export class ChatError extends Error {
  constructor(code: string, message?: string, more?: { retryMs?: number; why?: string; room?: string });
  readonly name: 'ChatError';
  readonly code: string;
  /** Waiting this long may help. */
  readonly retryMs?: number;
  /** With `room_closed`: why it closed. */
  readonly why?: string;
  /** With `already_matched`: the room of the talk that goes on. */
  readonly room?: string;
}

// --------------------------------------------------------------------------------------------------------------- client

/** The part of a browser's `WebSocket` that is used; the one of the npm package `ws` fits too. */
export interface WebSocketLike {
  onopen: ((event: any) => void) | null;
  onmessage: ((event: any) => void) | null;
  onclose: ((event: any) => void) | null;
  onerror: ((event: any) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

/** Where the anonymous token is kept: `sessionStorage` (one person per tab), `localStorage` (one per browser), or your own. */
export interface TokenStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface ClientOptions {
  /** A site's own JWT. A function is asked before each connection; `undefined` from it is an anonymous user. */
  readonly token?: string | (() => string | undefined | Promise<string | undefined>);
  /** The wished display name. */
  readonly name?: string;
  /** Where the anonymous token is kept; without it, in memory. */
  readonly storage?: TokenStorage;
  /** Default `chat.v1.token`. */
  readonly storageKey?: string;
  /** Needed where there is no global one (Node 20). */
  readonly WebSocket?: new (url: string, protocols: string[]) => WebSocketLike;
}

export interface ConnectionState {
  /** `offline`: lost, tried again at `retryAt`; `closed`: by `close()`, or by the server for good (`error`, `code`). */
  readonly status: 'idle' | 'connecting' | 'online' | 'offline' | 'closed';
  readonly user?: string;
  readonly name?: string;
  readonly session?: string;
  readonly limits?: Limits;
  /** When the next try is. */
  readonly retryAt?: number;
  /** The last close code. */
  readonly code?: number;
  /** Why: the `why` of the server's `bye`, else the reason of the close. */
  readonly why?: string;
  readonly error?: ChatError;
}

export interface ListState {
  readonly version: number;
  readonly rooms: readonly RoomInfo[];
  /** Rows have come. While offline, they are the last ones known. */
  readonly ready: boolean;
  /** The server refused to let this list be watched. */
  readonly error?: ChatError;
}

export type RoomsQuery =
  | { readonly order: Order; readonly limit?: number; readonly offset?: number }
  | { readonly ids: readonly string[] };

export interface RoomOptions {
  /** Open it in the same step if it is not there. */
  readonly create?: NewRoom;
  /** How many of what was said come with the first join: 0 to 200, default 50. */
  readonly recent?: number;
  /** How many entries are kept in `entries`, default 1000. `earlier()` makes room for what it loads. */
  readonly keep?: number;
}

export class ChatClient {
  /** `url`: of the server's `/ws`; relative to the page, `http:` stands for `ws:`. Nothing is sent before `connect()`. */
  constructor(url: string | { readonly href: string }, options?: ClientOptions);

  readonly connection: Store<ConnectionState>;

  /** Connects, and stays connected. Resolves with the first `hello`; rejects only with what is final, or by `close()`. */
  connect(): Promise<void>;
  /** For good: rooms are left to the server's grace, everything open is rejected with `closed`, no timer is left. */
  close(): void;
  /** Tries at once instead of waiting for `retryAt`: for the browser's `online` event, or a button. */
  retryNow(): void;

  /** The room with this id; always the same object (`options` count at the first call). Nothing is sent before `join()`. */
  room(id: string, options?: RoomOptions): Room;
  /** A ranked list of public rooms, watched while it has subscribers. `limit`: 1 to 100, default 50. */
  list(order: Order, limit?: number): Store<ListState> & { stop(): void };
  /** The number of people online, watched while it has subscribers. */
  online(): Store<number | undefined> & { stop(): void };
  /** Talking to strangers; one object per pool, by default `random`. */
  pairing(pool?: string): Pairing;

  /** Opens a room. Opening is not joining. */
  open(spec: NewRoom & { readonly room?: string }): Promise<RoomInfo>;
  rooms(query: RoomsQuery): Promise<{ readonly rooms: readonly RoomInfo[]; readonly total: number }>;
  /** Changes the own display name; gives it as the server has it. */
  rename(name: string): Promise<string>;
  /** Anything else of the protocol. While connecting it waits; it is never repeated: see `disconnected`. */
  command(verb: string, fields?: { readonly [field: string]: unknown }): Promise<any>;

  /**
   * Calls `callback` for each event of this name, or for all. Entries of joined rooms come here once and in order, also
   * those that were missed while offline (not those that were there before the first join). Gives the way to stop.
   */
  on<E extends keyof EventMap>(ev: E, callback: (event: EventMap[E]) => void): () => void;
  on(ev: '*', callback: (event: ChatEvent | UnknownEvent) => void): () => void;
  on(ev: string, callback: (event: UnknownEvent) => void): () => void;
  /** The same as `on('*')`, to iterate over; ends with `close()`. Who falls 5,000 events behind gets a `slow`. */
  events(): AsyncIterableIterator<ChatEvent | UnknownEvent>;
}

// ----------------------------------------------------------------------------------------------------------------- room

export interface Pending {
  readonly key: string;
  readonly body: unknown;
  readonly at: number;
  /** `sending`: is or will be sent; `failed`: `retry(key)` or `discard(key)`. */
  readonly state: 'sending' | 'failed';
  readonly error?: ChatError;
}

export interface Signal {
  readonly by: string;
  readonly body: unknown;
  /** When it came, by this machine's clock. */
  readonly at: number;
}

export interface RoomState {
  /**
   * `offline`: comes back by itself; `left`: by oneself, or thrown out (`why` `kicked`); `closed`: the room has ended
   * (`why`); `failed`: could not be joined (`error`). After the last three, `join()` tries anew.
   */
  readonly status: 'new' | 'joining' | 'joined' | 'offline' | 'left' | 'closed' | 'failed';
  /** As of the last join. */
  readonly room?: RoomInfo;
  /** Who one is in this room: compare with `by` and `user`. */
  readonly you?: string;
  /** Distinct users now. */
  readonly live: number;
  /** Ascending by user. Where `live` is more, `loadMembers()`. */
  readonly members: readonly Member[];
  /** Ascending by `n`; the newest (`keep`). */
  readonly entries: readonly Entry[];
  /** What was said and is not in `entries` yet, in order. It goes in the same change that brings its entry. */
  readonly pending: readonly Pending[];
  /** There is (or may be) earlier history. */
  readonly more: boolean;
  /** Entries were skipped that the server no longer has. */
  readonly gap: boolean;
  readonly why?: string;
  readonly error?: ChatError;
  /** The newest eight, the newest last; for typing indicators. */
  readonly signals: readonly Signal[];
}

/** What became of a `say`. `dup`: it had been said before, with this key. */
export interface SayResult {
  readonly n: number;
  readonly at: number;
  readonly dup: boolean;
}

/** A room, made by {@link ChatClient.room}. */
export class Room implements Store<RoomState> {
  private constructor();
  readonly id: string;
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => RoomState;

  /** Joins, and stays joined over reconnects. Waits for the connection. Rejects where the server refuses. */
  join(): Promise<RoomState>;
  /** Leaves; where offline, as soon as there is a connection again. */
  leave(): Promise<void>;
  /**
   * Says something. It is kept and repeated with its key until it is answered, over reconnects, one after the other in the
   * order of the calls. Rejects where the server refuses; it is then `failed` in `pending`. At most 200 wait (`too_many`).
   */
  say(body: unknown, options?: { readonly key?: string }): Promise<SayResult>;
  /** Says a failed one again, with the same key, behind those that wait. */
  retry(key: string): Promise<SayResult>;
  /** Forgets a failed one. */
  discard(key: string): void;
  /** Not kept, not numbered (typing and the like); dropped when offline. */
  signal(body: unknown): void;
  /** Loads what was said before the oldest entry; `limit` up to 200, default 50. False when there is no more. */
  earlier(limit?: number): Promise<boolean>;
  /** Loads all members of a room with more than 200. */
  loadMembers(): Promise<void>;
  /** Closes the room: for its owner. */
  close(): Promise<void>;
  /**
   * Every entry from the join on, once and in order, also when called later (as far as they are kept); with `recent`, the
   * entries that came with the join before. Ends when the room is left or has closed. Who falls too far behind gets a `slow`.
   */
  entries(options?: { readonly recent?: boolean }): AsyncIterableIterator<Entry>;
}

// -------------------------------------------------------------------------------------------------------------- pairing

export interface PairingState {
  /** `over`: the talk has ended (`why`: `partner_left`, `idle`, `left`, `blocked` …), or could not begin (`error`). */
  readonly status: 'idle' | 'seeking' | 'matched' | 'over';
  /** The room of the talk, or of the one that is over. */
  readonly room?: Room;
  /** The tags that both have. Not known after a page was loaded again. */
  readonly shared: readonly string[];
  readonly why?: string;
  readonly error?: ChatError;
}

/** Strangers of a pool, made by {@link ChatClient.pairing}. After a reload, the talk that goes on is found again by itself. */
export class Pairing implements Store<PairingState> {
  private constructor();
  readonly pool: string;
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => PairingState;

  /** Looks for a partner, over reconnects, until `matched` or `cancel()`. Resolves as soon as it waits or is matched. */
  seek(options?: { readonly tags?: readonly string[]; readonly strict?: boolean }): Promise<void>;
  /** Stops looking. */
  cancel(): Promise<void>;
  /** Leaves the talk, if there is one, and looks for the next partner: as before, or with these tags. */
  next(tags?: readonly string[]): Promise<void>;
  /** Ends the talk; these two are never paired again. */
  block(): Promise<void>;
  /** Ends the talk, or stops looking. */
  leave(): Promise<void>;
}
