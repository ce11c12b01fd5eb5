// Stores as React's useSyncExternalStore takes them: frozen, the same while nothing changed, told about together.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { becomes, client, said, until } from './helpers/client.js';
import { proxy } from './helpers/proxy.js';
import { server } from './helpers/server.js';

const frozen = (value) => typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(frozen));

async function inRoom(t, options = {}) {
  const here = await server(t);
  const one = await client(t, here.ws, { name: 'Kim' });
  const room = one.room('room', { create: { title: 'a room', meta: { a: [1, { b: 2 }] } }, ...options });
  await room.join();
  return { here, one, room };
}

test('snapshots are frozen through and through', async (t) => {
  const { one, room } = await inRoom(t);
  const body = { deep: [{ er: 1 }] };
  const saying = room.say(body);
  body.deep[0].er = 'changed by the caller';
  assert.deepEqual(room.getSnapshot().pending[0].body, { deep: [{ er: 1 }] });
  assert.ok(frozen(room.getSnapshot()));
  await saying;
  const list = one.list('live');
  t.after(list.subscribe(() => {}));
  await becomes(list, ({ ready }) => ready);
  const state = await becomes(room, ({ entries }) => said(entries).length === 1);
  assert.deepEqual(said(state.entries), [{ deep: [{ er: 1 }] }]);
  for (const store of [room, list, one.connection]) assert.ok(frozen(store.getSnapshot()));
  assert.ok(frozen(one.pairing().getSnapshot()));
});

test('a snapshot is the same until something changes, and its parts until they change', async (t) => {
  const { here, one, room } = await inRoom(t);
  const before = room.getSnapshot();
  assert.equal(room.getSnapshot(), before);
  assert.equal(one.connection.getSnapshot(), one.connection.getSnapshot());
  assert.equal(one.list('live'), one.list('live'));
  assert.equal(one.room('room'), room);

  await room.say('hi');
  const after = await becomes(room, ({ entries }) => said(entries).length === 1);
  assert.notEqual(after, before);
  assert.equal(after.members, before.members, 'nobody came or went');
  assert.equal(after.signals, before.signals);
  assert.notEqual(after.entries, before.entries);
  assert.equal(after.entries[0], before.entries[0], 'entries stay the objects that they are');
  assert.equal(said(before.entries).length, 0);

  const other = (await client(t, here.ws)).room('room');
  await other.join();
  other.signal('typing');
  const later = await becomes(room, ({ signals }) => signals.length === 1);
  assert.equal(later.entries[after.entries.length - 1], after.entries.at(-1));
  assert.notEqual(later.members, after.members);
});

test('bound methods can be handed around', async (t) => {
  const { one, room } = await inRoom(t);
  for (const { subscribe, getSnapshot } of [room, one.connection, one.list('live'), one.online(), one.pairing()]) {
    const stop = subscribe(() => {});
    assert.equal(getSnapshot(), getSnapshot());
    stop();
    stop();
  }
});

test('a thousand entries are not a thousand notifications', async (t) => {
  const { here, room } = await inRoom(t, { keep: 2000 });
  const writers = await Promise.all(Array.from({ length: 10 }, () => client(t, here.ws)));
  let told = 0;
  const arrays = new Set();
  room.subscribe(() => {
    told += 1;
    arrays.add(room.getSnapshot().entries);
  });
  const began = performance.now();
  await Promise.all(writers.map(async (writer) => {
    await writer.room('room').join();
    await Promise.all(Array.from({ length: 100 }, (_, i) => writer.room('room').say(i)));
  }));
  await becomes(room, ({ entries }) => said(entries).length === 1000);
  // Of 16 ms, but for the part of a millisecond that timers leave out.
  const frames = (performance.now() - began) / 15;
  await until(() => [...arrays].at(-1).length === room.getSnapshot().entries.length);
  assert.ok(told <= frames + 2, `${told} in ${frames} frames`);
  assert.ok(told < 1000, `${told}`);
});

test('what is said is pending or an entry, never both, never neither', async (t) => {
  const { room } = await inRoom(t);
  const seen = [];
  room.subscribe(() => seen.push(room.getSnapshot()));
  const bodies = Array.from({ length: 50 }, (_, i) => i);
  const results = bodies.map((body) => room.say(body));
  seen.push(room.getSnapshot());
  await Promise.all(results);
  seen.push(await becomes(room, ({ entries }) => said(entries).length === 50));
  for (const { entries, pending } of seen) {
    assert.deepEqual([...said(entries), ...pending.map(({ body }) => body)], bodies);
  }
  assert.ok(seen.some(({ pending }) => pending.length > 0));
});

test('an answer that comes before its entry changes nothing that is shown', async (t) => {
  const here = await server(t);
  let held;
  const between = await proxy(t, here.port, { rewrite: (frame) => (frame.ev === 'said' && !held ? void (held = frame) : frame) });
  const room = (await client(t, between.ws)).room('room', { create: { title: 'a room' } });
  await room.join();
  await room.say('x');
  await until(() => held);
  assert.deepEqual(room.getSnapshot().pending.map(({ body, state }) => [body, state]), [['x', 'sending']]);
  [...between.links][0].inject(held);
  const { pending } = await becomes(room, ({ entries }) => said(entries).length === 1);
  assert.deepEqual(pending, []);
});

test('a listener that throws is nobody else\'s trouble', async (t) => {
  const { room } = await inRoom(t);
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  t.after(() => delete globalThis.reportError);
  room.subscribe(() => {
    throw new Error('mine');
  });
  let told = 0;
  const listener = () => (told += 1);
  // The same one twice is two subscriptions.
  const stop = room.subscribe(listener);
  room.subscribe(listener);
  await room.say('x');
  await until(() => told >= 2 && reported.length > 0);
  stop();
  told = 0;
  await room.say('y');
  await until(() => told >= 1);
  assert.ok(reported.every((message) => message === 'mine'));
});
