// The types as a user meets them. tsc checks this file and nobody runs it; what must not compile is marked as such.

import { ChatClient, ChatError, Pairing, Room } from '../chat-client.js';
import type { Cursor, Entry, ListState, Member, Order, RoomInfo, RoomState, Store } from '../chat-client.js';

const client = new ChatClient('wss://example.org/chat/ws', {
  name: 'Kim',
  storage: { getItem: () => null, setItem: (_key, _value) => {}, removeItem: (_key) => {} },
  storageKey: 'mine',
});
new ChatClient({ href: 'ws://localhost/ws' }, { token: 'a.b.c' });
new ChatClient('/ws', { token: async () => undefined });
// @ts-expect-error a server is needed
new ChatClient();
// @ts-expect-error a number is no token
new ChatClient('/ws', { token: 7 });
// @ts-expect-error there is no such option
new ChatClient('/ws', { reconnect: false });
// @ts-expect-error rooms are made by a client
new Room();
// @ts-expect-error and so are pairings
new Pairing();

/** As React has it. */
declare function useSyncExternalStore<T>(subscribe: (changed: () => void) => () => void, getSnapshot: () => T): T;
const use = <T>({ subscribe, getSnapshot }: Store<T>): T => useSyncExternalStore(subscribe, getSnapshot);

export async function talk(): Promise<string[]> {
  await client.connect();
  const { status, retryAt, error } = use(client.connection);
  if (status === 'offline') client.retryNow();
  // @ts-expect-error there is no such status
  if (status === 'gone') return [];
  const wait: number = (retryAt ?? 0) - Date.now();
  const code: string | undefined = error?.code;

  const room: Room = client.room('lobby', { create: { title: 'Lobby', kind: 'public', policy: { idle_s: null } }, recent: 20 });
  // @ts-expect-error pairs are not opened
  client.room('x', { create: { title: 'x', kind: 'pair' } });
  const joined: RoomState = await room.join();
  const { n, dup } = await room.say({ text: 'hello' }, { key: 'my key' });
  room.signal({ typing: true });
  const more: boolean = await room.earlier(20);
  const state = use(room);
  // @ts-expect-error snapshots are not changed
  state.live = 3;
  // @ts-expect-error and neither are their parts
  state.entries.push(state.entries[0]!);
  const members: readonly Member[] = state.members;
  for (const { key, state: sending } of state.pending) if (sending === 'failed') await room.retry(key);
  await room.leave();
  return [...state.entries.map(line), `${wait} ${code} ${joined.live} ${n} ${dup} ${more} ${members.length}`];
}

/** Each kind of entry has its own fields. */
function line(entry: Entry): string {
  switch (entry.ev) {
    case 'said':
      // @ts-expect-error a body is any JSON value
      entry.body.length;
      return `${entry.name ?? 'the site'}: ${typeof entry.body === 'string' ? entry.body : JSON.stringify(entry.body)}`;
    case 'joined':
    case 'renamed':
      return entry.name;
    case 'left':
      return entry.why;
    case 'closed':
      // @ts-expect-error nobody closes by name
      entry.user;
      return entry.why;
    default: {
      const nothing: never = entry;
      return nothing;
    }
  }
}

export async function listen(room: Room): Promise<void> {
  const off: () => void = client.on('said', ({ by, body }) => console(by, body));
  client.on('matched', ({ room, shared }) => console(room.title, shared.join()));
  client.on('gap', ({ after, why }) => console(after, why));
  client.on('*', (event) => console(event.ev));
  client.on('of a later version', (event) => console(event['field']));
  // @ts-expect-error nothing said has a title
  client.on('said', ({ title }) => console(title));
  off();
  for await (const entry of room.entries({ recent: true })) console(entry.n);
  for await (const event of client.events()) if (event.ev === 'bye') break;
}

export async function browse(order: Order): Promise<RoomInfo | undefined> {
  const list = client.list(order, 20);
  const { rooms, ready, version }: ListState = use(list);
  list.stop();
  const online: number | undefined = use(client.online());
  // @ts-expect-error there is no such order
  client.list('best');
  // @ts-expect-error by order or by ids
  await client.rooms({ limit: 3 });
  const { total } = await client.rooms({ order, offset: 10 });
  const { rooms: named } = await client.rooms({ ids: ['a'] });
  const opened: RoomInfo = await client.open({ room: 'own-id', title: 'mine', meta: { any: ['thing'] } });
  // @ts-expect-error a room has a title
  await client.open({ room: 'own-id' });
  const name: string = await client.rename('Lee');
  const cursor: Cursor = (await client.command('members', { room: opened.id, limit: 10 })).cursor;
  console(ready, version, online, total, name, cursor.epoch);
  return named[0] ?? rooms[0];
}

export async function meet(): Promise<void> {
  const pairing: Pairing = client.pairing();
  await pairing.seek({ tags: ['music'], strict: true });
  const { status, room, shared, why } = use(pairing);
  if (status === 'matched' && room) await room.say('hi');
  await pairing.next(['films']);
  await pairing.block();
  await pairing.cancel();
  await pairing.leave();
  console(shared[0], why);
  try {
    await client.connect();
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    const { code, retryMs, why }: { code: string; retryMs?: number; why?: string } = error;
    console(code, retryMs, why);
  }
}

declare function console(...values: unknown[]): void;
