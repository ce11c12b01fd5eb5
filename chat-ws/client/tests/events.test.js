// Events by callback and by iteration; rooms that only count; large rooms.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import WebSocket from 'ws';
import { ChatClient } from '../chat-client.js';
import { becomes, client, numbers, said, until } from './helpers/client.js';
import { server } from './helpers/server.js';

async function pair(t, create = { title: 'a room' }) {
  const here = await server(t);
  const clients = await Promise.all(['Kim', 'Lee'].map((name) => client(t, here.ws, { name })));
  const rooms = clients.map((one) => one.room('room', { create }));
  for (const room of rooms) await room.join();
  await becomes(rooms[0], ({ live }) => live === 2);
  return { here, clients, rooms };
}

test('callbacks get the events of their name, until they are taken off', async (t) => {
  const { clients: [one], rooms: [mine, theirs] } = await pair(t);
  const got = [];
  const offs = [one.on('said', ({ body }) => got.push(['said', body])), one.on('signal', ({ body }) => got.push(['signal', body])), one.on('*', ({ ev }) => got.push(['*', ev]))];
  await theirs.say(1);
  theirs.signal(2);
  await until(() => got.length === 4);
  assert.deepEqual(got, [['said', 1], ['*', 'said'], ['signal', 2], ['*', 'signal']]);
  for (const off of offs) off();
  await theirs.say(3);
  await becomes(mine, ({ entries }) => said(entries).length === 2);
  assert.equal(got.length, 4);
});

test('an iteration over entries begins with the join, also when it is asked for later, and ends with the room', async (t) => {
  const { here, rooms: [mine] } = await pair(t);
  await mine.say('before');
  const one = await client(t, here.ws, { connect: false });
  const room = one.room('room');
  const read = async (options) => {
    const bodies = [];
    for await (const entry of room.entries(options)) if (entry.ev === 'said') bodies.push(entry.body);
    return bodies;
  };
  const early = [read(), read({ recent: true })];
  one.connect();
  await room.join();
  await mine.say('after');
  await becomes(room, ({ entries }) => said(entries).includes('after'));
  const late = [read(), read({ recent: true })];
  await mine.say('last');
  await becomes(room, ({ entries }) => said(entries).includes('last'));
  await room.leave();
  const [a, b, c, d] = await Promise.all([...early, ...late]);
  assert.deepEqual([a, c], [['after', 'last'], ['after', 'last']]);
  assert.deepEqual([b, d], [['before', 'after', 'last'], ['before', 'after', 'last']]);
});

test('an iteration that is left gets nothing more; one that is too slow is told', async (t) => {
  const { clients: [one], rooms: [mine] } = await pair(t);
  const slow = (await (async () => {
    const room = one.room('slow', { create: { title: 'slow' }, keep: 10 });
    await room.join();
    const entries = room.entries();
    for (let i = 0; i < 21; i++) await room.say(i);
    await becomes(room, ({ entries }) => said(entries).at(-1) === 20);
    return entries;
  })());
  await assert.rejects(slow.next(), { code: 'slow' });
  assert.equal((await slow.next()).done, true);

  const events = one.events();
  mine.say('x');
  for await (const event of events) if (event.ev === 'said') break;
  assert.equal((await events.next()).done, true);
  const last = one.events();
  const waiting = last.next();
  one.close();
  assert.equal((await waiting).done, true);
  assert.equal((await one.events().next()).done, true);
});

test('a room that only counts has a live number, and no notices', async (t) => {
  const { rooms: [mine, theirs] } = await pair(t, { title: 'a hall', policy: { presence: 'count' } });
  await becomes(mine, ({ live }) => live === 2);
  await theirs.say('x');
  await becomes(mine, ({ entries }) => said(entries).length === 1);
  assert.deepEqual(numbers(mine.getSnapshot().entries), [1]);
  await theirs.leave();
  await becomes(mine, ({ live }) => live === 1);
});

test('members come, go and change their names', async (t) => {
  const { clients: [, other], rooms: [mine, theirs] } = await pair(t);
  const names = () => mine.getSnapshot().members.map(({ name }) => name).sort();
  await becomes(mine, () => names().join() === 'Kim,Lee');
  await other.rename('Park');
  await becomes(mine, () => names().join() === 'Kim,Park');
  await theirs.leave();
  const { live } = await becomes(mine, () => names().join() === 'Kim');
  assert.equal(live, 1);
});

test('the members of a large room can all be loaded, while some go', { timeout: 60_000 }, async (t) => {
  const { here, rooms: [mine] } = await pair(t);
  const crowd = await Promise.all(Array.from({ length: 240 }, async () => {
    const one = await client(t, here.ws);
    await one.room('room').join();
    return one;
  }));
  const late = (await client(t, here.ws)).room('room');
  const { members, live } = await late.join();
  assert.deepEqual([members.length, live], [200, 243]);
  const [loaded] = await Promise.all([late.loadMembers(), ...crowd.slice(0, 40).map((one) => one.room('room').leave())]);
  assert.equal(loaded, undefined);
  await becomes(late, ({ live }) => live === 203);
  await becomes(mine, ({ live }) => live === 203);
  assert.deepEqual(late.getSnapshot().members, mine.getSnapshot().members);
});

test('a page is not needed, and neither is a global WebSocket; a wrong address is told at once', async (t) => {
  const here = await server(t);
  const { WebSocket: global } = globalThis;
  globalThis.WebSocket = undefined;
  t.after(() => (globalThis.WebSocket = global));
  assert.throws(() => new ChatClient(here.ws), TypeError);
  assert.throws(() => new ChatClient('nowhere', { WebSocket }), TypeError);
  await client(t, new URL(`${here.url}/ws#part`));
});
