// What becomes of a reader who misses something: it is asked for, or it is said that it cannot be had.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { becomes, client, numbers, said, status, until } from './helpers/client.js';
import { proxy } from './helpers/proxy.js';
import { server } from './helpers/server.js';

const rising = (list) => list.every((n, i) => i === 0 || n > list[i - 1]);

/** A reader behind a proxy and a writer beside it, both in `room`. */
async function two(t, { policy, recent, flags = [], rewrite } = {}) {
  const here = await server(t, '--grace-ms', '100', ...flags);
  const between = await proxy(t, here.port, { rewrite });
  const writer = await client(t, here.ws, { name: 'writer' });
  const reader = await client(t, between.ws, { name: 'reader' });
  const create = { title: 'a room', policy };
  const [from, to] = [writer.room('room', { create }), reader.room('room', { recent })];
  await from.join();
  await to.join();
  const seen = [];
  reader.on('*', (event) => event.room === 'room' && seen.push(event));
  return { here, between, writer, reader, from, to, seen };
}

test('an entry that got lost on the way is asked for, with those behind it', async (t) => {
  const lost = new Set();
  const rewrite = (frame) => {
    const drop = frame.ev === 'said' && frame.n % 5 === 0 && !lost.has(frame.n);
    if (drop) lost.add(frame.n);
    return drop ? undefined : frame;
  };
  const { from, to, seen } = await two(t, { rewrite });
  for (let i = 0; i < 24; i++) await from.say(i);
  await becomes(to, ({ entries }) => said(entries).at(-1) === 23);
  assert.ok(lost.size >= 1);
  assert.deepEqual(said(seen), Array.from({ length: 24 }, (_, i) => i));
  assert.deepEqual(numbers(seen), seen.map((_, i) => seen[0].n + i));
  assert.equal(to.getSnapshot().gap, false);
});

test('an entry that comes twice is seen once', async (t) => {
  let last;
  const { between, from, to, seen } = await two(t, { rewrite: (frame) => ((last = frame.ev === 'said' ? frame : last), frame) });
  await from.say(1);
  await becomes(to, ({ entries }) => said(entries).length === 1);
  for (let i = 0; i < 3; i++) [...between.links][0].inject(last);
  await from.say(2);
  await becomes(to, ({ entries }) => said(entries).at(-1) === 2);
  assert.deepEqual(said(seen), [1, 2]);
  assert.deepEqual(said(to.getSnapshot().entries), [1, 2]);
});

test('after a reset, the room is joined again from where one was', async (t) => {
  let reset = false;
  const { between, from, to, seen } = await two(t, {
    // Behind a reset nothing more comes: what is written meanwhile is kept back here.
    rewrite: (frame) => (reset && frame.ev === 'said' ? undefined : frame.ok?.resumed ? ((reset = false), frame) : frame),
  });
  await from.say(1);
  await becomes(to, ({ entries }) => said(entries).length === 1);
  reset = true;
  await from.say(2);
  const { n, at } = seen.at(-1);
  [...between.links][0].inject({ ev: 'reset', room: 'room', cursor: { epoch: 'any', n, at }, why: 'slow' });
  await becomes(to, ({ entries }) => said(entries).length === 2);
  await from.say(3);
  await becomes(to, ({ entries }) => said(entries).length === 3);
  assert.deepEqual(said(seen), [1, 2, 3]);
});

test('kinds of entries and events that are not known yet move the cursor and break nothing', async (t) => {
  const rewrite = (frame) => (frame.ev === 'said' && frame.body === 'new' ? { ev: 'danced', room: 'room', n: frame.n, at: frame.at, steps: 3 } : frame);
  const { between, reader, from, to, seen } = await two(t, { rewrite });
  const danced = [];
  reader.on('danced', (event) => danced.push(event.steps));
  let joins = 0;
  reader.connection.subscribe(() => (joins += 1));
  [...between.links][0].inject({ ev: 'weather', sun: true });
  for (const body of ['a', 'new', 'b']) await from.say(body);
  await becomes(to, ({ entries }) => said(entries).length === 2);
  assert.deepEqual(danced, [3]);
  assert.deepEqual(said(to.getSnapshot().entries), ['a', 'b']);
  assert.ok(to.getSnapshot().entries.every(({ ev }) => ev !== 'danced'));
  const entries = seen.filter((event) => event.n !== undefined);
  assert.deepEqual(numbers(entries), entries.map((_, i) => entries[0].n + i));
  assert.equal(joins, 0);
  // And over a lost connection, too: the cursor is behind it.
  between.cutAll();
  reader.retryNow();
  await becomes(to, ({ status }) => status === 'joined');
  assert.deepEqual(danced, [3]);
  assert.equal(to.getSnapshot().gap, false);
});

test('where what was missed is no longer kept, that is said, and the newest is there', async (t) => {
  const { between, reader, from, to, seen } = await two(t, { policy: { history: 10 } });
  await from.say('seen');
  await becomes(to, ({ entries }) => said(entries).includes('seen'));
  const gaps = [];
  reader.on('gap', (event) => gaps.push(event));
  const after = to.getSnapshot().entries.at(-1).n;
  between.refuse = true;
  between.cutAll();
  for (let i = 0; i < 30; i++) await from.say(i);
  between.refuse = false;
  await until(() => (reader.retryNow(), to.getSnapshot().status === 'joined'));
  const { gap, entries } = to.getSnapshot();
  assert.equal(gap, true);
  assert.deepEqual(said(entries), ['seen', ...Array.from({ length: 10 }, (_, i) => 20 + i)]);
  assert.deepEqual(gaps.map(({ room, why, after }) => ({ room, why, after })), [{ room: 'room', why: 'trimmed', after }]);
  assert.ok(rising(numbers(seen.filter((event) => event.n))));
  await from.say('on');
  await becomes(to, ({ entries }) => said(entries).at(-1) === 'on');
});

test('what was seen before a gap is not seen again behind it', async (t) => {
  const { between, writer, reader, from, to, seen } = await two(t);
  for (const body of ['a', 'b']) await from.say(body);
  await becomes(to, ({ entries }) => said(entries).length === 2);
  between.refuse = true;
  between.cutAll();
  // Notices alone make the gap: of what was said, all is kept, and comes again.
  for (let i = 0; i < 300; i++) await writer.rename(`name ${i}`);
  await from.say('c');
  between.refuse = false;
  await until(() => (reader.retryNow(), to.getSnapshot().status === 'joined'));
  const { gap, entries } = to.getSnapshot();
  assert.equal(gap, true);
  assert.deepEqual(said(entries), ['a', 'b', 'c']);
  assert.deepEqual(said(seen), ['a', 'b', 'c']);
  assert.ok(rising(numbers(entries)));
});

test('a room that began anew is a gap, and its numbers begin anew', async (t) => {
  const { here, writer, reader, to } = await two(t);
  writer.close(); // or it would open its room again
  const again = reader.room('own', { create: { title: 'of a site' } });
  await again.join();
  await again.say('before');
  const gaps = [];
  const iterated = [];
  reader.on('gap', (event) => gaps.push([event.room, event.why]));
  const entries = again.entries();
  const reading = (async () => {
    for await (const entry of entries) iterated.push(entry);
  })();
  // What is in memory is gone with its process.
  await here.stop();
  await here.start();
  await until(() => (reader.retryNow(), reader.connection.getSnapshot().status === 'online'));
  await status(again, 'joined');
  await again.say('after');
  const state = await becomes(again, ({ entries }) => said(entries).includes('after'));
  assert.equal(state.gap, true);
  assert.deepEqual(gaps, [['own', 'epoch']]);
  assert.deepEqual(said(state.entries), ['after']);
  assert.deepEqual(numbers(state.entries), [1, 2]);
  // A room that nobody opens again is no more.
  const gone = await status(to, 'failed');
  assert.equal(gone.error.code, 'no_such_room');
  reader.close();
  await reading;
  assert.deepEqual(said(iterated), ['before', 'after']);
});

test('a room that closed while one was away is closed, with its reason', async (t) => {
  const { between, reader, from, to } = await two(t);
  between.refuse = true;
  between.cutAll();
  await from.close();
  between.refuse = false;
  await until(() => (reader.retryNow(), to.getSnapshot().status === 'closed'));
  assert.equal(to.getSnapshot().why, 'owner');
  await assert.rejects(to.say('too late'), { code: 'room_closed' });
});

test('a room that closes is closed, with its reason, for all', async (t) => {
  const { from, to } = await two(t);
  const waiting = to.entries();
  const reading = (async () => {
    const kinds = [];
    for await (const { ev } of waiting) kinds.push(ev);
    return kinds;
  })();
  await from.close();
  assert.equal((await status(to, 'closed')).why, 'owner');
  assert.equal((await status(from, 'closed')).why, 'owner');
  assert.deepEqual(await reading, ['closed']);
});

test('earlier history is loaded page by page, until there is no more', async (t) => {
  const { here, from } = await two(t);
  for (let i = 0; i < 70; i++) await from.say(i);
  const late = (await client(t, here.ws)).room('room', { recent: 20, keep: 40 });
  const first = await late.join();
  assert.equal(said(first.entries).length, 20);
  assert.equal(first.more, true);
  // Two who ask at once ask once.
  assert.deepEqual(await Promise.all([late.earlier(30), late.earlier(30)]), [true, true]);
  assert.equal(said(late.getSnapshot().entries).length, 50);
  assert.equal(await late.earlier(30), false);
  const { entries, more } = late.getSnapshot();
  assert.equal(more, false);
  assert.deepEqual(said(entries), Array.from({ length: 70 }, (_, i) => i));
  assert.ok(rising(numbers(entries)));
  const short = (await client(t, here.ws)).room('room', { recent: 200 });
  assert.equal((await short.join()).more, false);
});

test('of entries, the newest are kept', async (t) => {
  const { here, from } = await two(t);
  const late = (await client(t, here.ws)).room('room', { keep: 5 });
  await late.join();
  for (let i = 0; i < 20; i++) await from.say(i);
  const { entries, more } = await becomes(late, ({ entries }) => said(entries).at(-1) === 19);
  assert.deepEqual(said(entries), [15, 16, 17, 18, 19]);
  assert.equal(more, true);
});
