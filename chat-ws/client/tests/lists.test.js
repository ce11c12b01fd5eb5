// Watched lists: always what a fresh question would answer.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { becomes, client, pause, until } from './helpers/client.js';
import { proxy } from './helpers/proxy.js';
import { random } from './helpers/random.js';
import { server } from './helpers/server.js';

const ORDERS = ['live', 'visitors', 'newest', 'active'];
/** What is answered to whoever has not been told yet that a room was closed. */
const GONE = ['room_closed', 'no_such_room', 'not_member'];
const unless = (...codes) => ({ code }) => assert.ok(codes.includes(code), code);

/** The list is soon what `rooms` answers. A row whose `last` alone is new may take a second. */
async function agrees(one, order, limit) {
  const list = one.list(order, limit);
  let asked;
  try {
    await until(async () => {
      asked = (await one.rooms({ order, limit })).rooms;
      return JSON.stringify(list.getSnapshot().rooms) === JSON.stringify(asked);
    }, `${order} agrees`, 10_000);
  } catch (error) {
    assert.deepEqual(list.getSnapshot().rooms, asked, error.message);
  }
}

test('under churn, with lost frames and cuts, lists become what a fresh question answers', { timeout: 120_000 }, async (t) => {
  const chance = random(t);
  const here = await server(t, '--grace-ms', '0', '--empty-s', '1');
  let [told, lost] = [0, 0];
  const between = await proxy(t, here.port, { rewrite: (frame) => (frame.ev === 'list' && told++ % 3 === 1 ? void (lost += 1) : frame) });
  const watcher = await client(t, between.ws);
  const stops = ORDERS.flatMap((order) => [3, 10].map((limit) => watcher.list(order, limit).subscribe(() => {})));
  const people = await Promise.all(Array.from({ length: 4 }, () => client(t, here.ws)));
  let count = 0;
  for (let round = 0; round < 4; round++) {
    for (let step = 0; step < 60; step++) {
      const one = chance.pick(people);
      const room = one.room(`room-${chance.below(14)}`, { create: { title: `room ${count++}` } });
      const what = chance.below(10);
      if (what < 5) await room.join();
      else if (room.getSnapshot().status !== 'joined') continue;
      else if (what < 7) await room.say(count).catch(unless(...GONE));
      else if (what < 9) await room.leave();
      else await room.close().catch(unless('forbidden', ...GONE));
      await pause(15); // lists are told four times a second
    }
    if (round === 2) {
      between.cutAll();
      await until(() => (watcher.retryNow(), watcher.connection.getSnapshot().status === 'online' && between.links.size === 1));
    }
    const { rewrite } = between;
    between.rewrite = undefined;
    for (const order of ORDERS) {
      // A frame that was lost is noticed with the next one: something changes in each list.
      const [{ id } = { id: 'room-0' }] = (await people[0].rooms({ order, limit: 1 })).rooms;
      const room = people[0].room(id, { create: { title: id } });
      await room.join();
      await room.say('the next one');
    }
    for (const order of ORDERS) for (const limit of [3, 10]) await agrees(watcher, order, limit);
    between.rewrite = rewrite;
  }
  assert.ok(lost > 0);
  for (const stop of stops) stop();
});

test('a list is watched while somebody looks', async (t) => {
  const here = await server(t);
  const asked = [];
  const between = await proxy(t, here.port);
  const one = await client(t, between.ws);
  between.rewrite = (frame) => (frame.ev === 'list' && asked.push(frame.list), frame);
  const list = one.list('newest', 5);
  assert.deepEqual(list.getSnapshot(), { version: 0, rooms: [], ready: false, error: undefined });
  const stop = list.subscribe(() => {});
  await becomes(list, ({ ready }) => ready);
  await one.open({ title: 'first' });
  await becomes(list, ({ rooms }) => rooms.length === 1);
  stop();
  // Nobody looks: the server is told, and says no more. What was seen last stays.
  await until(async () => {
    asked.length = 0;
    await one.open({ title: 'unseen' });
    await pause(600);
    return asked.length === 0;
  });
  assert.equal(list.getSnapshot().rooms.length, 1);
  t.after(list.subscribe(() => {}));
  await becomes(list, ({ rooms }) => rooms.length > 1);
  list.stop();
});

test('one that is set up, taken down and set up at once is watched once', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  let replies = 0;
  between.rewrite = (frame) => (frame.ok?.list && (replies += 1), frame);
  const one = await client(t, between.ws);
  const list = one.list('live', 5);
  list.subscribe(() => {})();
  t.after(list.subscribe(() => {}));
  await becomes(list, ({ ready }) => ready);
  await one.command('ping');
  assert.equal(replies, 1);
});

test('views of one list of several lengths are parts of it', async (t) => {
  const here = await server(t);
  const one = await client(t, here.ws);
  const [few, many] = [one.list('newest', 2), one.list('newest', 4)];
  t.after(few.subscribe(() => {}));
  for (let i = 0; i < 6; i++) {
    await one.open({ room: `r${i}`, title: `room ${i}` });
    await pause(3); // of those that are of the same moment, the first would be first
  }
  await becomes(few, ({ rooms }) => rooms[0]?.id === 'r5');
  t.after(many.subscribe(() => {}));
  await becomes(many, ({ rooms }) => rooms.map(({ id }) => id).join() === 'r5,r4,r3,r2');
  await one.open({ room: 'r6', title: 'room 6' });
  await becomes(many, ({ rooms }) => rooms.map(({ id }) => id).join() === 'r6,r5,r4,r3');
  assert.deepEqual(few.getSnapshot().rooms.map(({ id }) => id), ['r6', 'r5']);
});

test('a list is cut to its length, so that what fell off does not come back', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  const one = await client(t, between.ws);
  for (const room of ['a', 'b']) await one.open({ room, title: room });
  const list = one.list('newest', 2);
  t.after(list.subscribe(() => {}));
  const { version, rooms } = await becomes(list, ({ rooms }) => rooms.length === 2);
  const tell = (number, ...ops) => [...between.links][0].inject({ ev: 'list', list: 'newest', version: version + number, ops });
  tell(1, { at: 0, room: { ...rooms[0], id: 'new' } });
  tell(2, { gone: 'new' });
  await becomes(list, (state) => state.version === version + 2);
  assert.deepEqual(list.getSnapshot().rooms, [rooms[0]]);
});

test('the number of people online', async (t) => {
  const here = await server(t, '--grace-ms', '0');
  const one = await client(t, here.ws);
  const online = one.online();
  assert.equal(online.getSnapshot(), undefined);
  t.after(online.subscribe(() => {}));
  await becomes(online, (n) => n === 1);
  const other = await client(t, here.ws);
  await becomes(online, (n) => n === 2);
  other.close();
  await becomes(online, (n) => n === 1);
});
