// A server that is away: what is said is kept, and what cannot be kept is told.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { becomes, client, said, status, until } from './helpers/client.js';
import { proxy } from './helpers/proxy.js';
import { server } from './helpers/server.js';

const back = (one) => until(() => (one.retryNow(), one.connection.getSnapshot().status === 'online'));

test('what is said while the server is away is said when it is back, in order', async (t) => {
  const here = await server(t);
  const one = await client(t, here.ws);
  const room = one.room('own', { create: { title: 'of a site' } });
  await room.join();
  await here.stop();
  await status(room, 'offline');
  const results = ['a', 'b', 'c'].map((body) => room.say(body));
  assert.deepEqual(room.getSnapshot().pending.map(({ body, state }) => [body, state]), [['a', 'sending'], ['b', 'sending'], ['c', 'sending']]);
  await here.start();
  await back(one);
  const answers = await Promise.all(results);
  assert.deepEqual(answers.map(({ dup }) => dup), [false, false, false]);
  assert.deepEqual(said((await becomes(room, ({ entries }) => said(entries).length === 3)).entries), ['a', 'b', 'c']);
});

test('where the room is gone with the server, what was to be said there fails', async (t) => {
  const here = await server(t);
  const one = await client(t, here.ws);
  const { id } = await one.open({ title: 'in memory' });
  const room = one.room(id);
  await room.join();
  await here.stop();
  await status(room, 'offline');
  const lost = room.say('x');
  await here.start();
  await back(one);
  await assert.rejects(lost, { code: 'no_such_room' });
  const { status: state, error, pending } = room.getSnapshot();
  assert.deepEqual([state, error.code, pending[0].state, pending[0].error.code], ['failed', 'no_such_room', 'failed', 'no_such_room']);
});

test('a join waits for the connection, and is given up with the client', async (t) => {
  const here = await server(t);
  await here.stop();
  const one = await client(t, here.ws, { connect: false });
  const room = one.room('room', { create: { title: 'a room' } });
  const [connected, joined] = [one.connect(), room.join()];
  assert.equal(room.getSnapshot().status, 'joining');
  await status(one.connection, 'offline');
  const saying = room.say('early');
  await here.start();
  one.retryNow();
  await connected;
  assert.equal((await joined).status, 'joined');
  assert.equal((await saying).dup, false);
  await here.stop();
  await status(room, 'offline');
  const late = room.say('late');
  one.close();
  await assert.rejects(late, { code: 'closed' });
  await assert.rejects(room.join(), { code: 'closed' });
  await assert.rejects(one.connect(), { code: 'closed' });
  assert.equal(room.getSnapshot().status, 'left');
});

test('a message whose answer got lost is not said again, if its entry tells', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  const one = await client(t, between.ws);
  const room = one.room('room', { create: { title: 'a room' } });
  await room.join();
  [...between.links][0].stalled.down = true;
  const saying = room.say('x');
  const other = await client(t, here.ws);
  const there = other.room('room');
  await there.join();
  await becomes(there, ({ entries }) => said(entries).length === 1);
  between.cutAll();
  one.retryNow();
  const { n, dup } = await saying;
  assert.equal(dup, false);
  assert.equal((await becomes(room, ({ entries }) => said(entries).length === 1)).entries.find(({ ev }) => ev === 'said').n, n);
  await room.say('y');
  await becomes(there, ({ entries }) => said(entries).length === 2);
  assert.deepEqual(said(there.getSnapshot().entries), ['x', 'y']);
});

test('one that may have been said, longer ago than keys are remembered, is not said again unasked', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  const one = await client(t, between.ws);
  const room = one.room('room', { create: { title: 'a room' } });
  await room.join();
  [...between.links][0].stalled.up = true;
  const sent = room.say('perhaps said', { key: 'k' });
  const unsent = room.say('never sent');
  between.refuse = true;
  between.cutAll();
  await status(room, 'offline');
  // The clock that is looked at goes on; timers and sockets do as they do.
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 5 * 60_000 });
  between.refuse = false;
  one.retryNow();
  await assert.rejects(sent, { code: 'expired' });
  t.mock.timers.reset();
  assert.equal((await unsent).dup, false);
  assert.deepEqual(room.getSnapshot().pending.map(({ key, state }) => [key, state]), [['k', 'failed']]);
  await room.retry('k');
  assert.deepEqual(said((await becomes(room, ({ pending }) => pending.length === 0)).entries), ['never sent', 'perhaps said']);
});

test('a room that was left while offline is not joined again', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  const one = await client(t, between.ws);
  const other = (await client(t, here.ws)).room('room', { create: { title: 'a room' } });
  await other.join();
  const room = one.room('room');
  await room.join();
  between.cutAll();
  await room.leave();
  await back(one);
  await becomes(other, ({ members }) => members.length === 1);
  assert.equal(room.getSnapshot().status, 'left');
  await room.join();
  await becomes(other, ({ members }) => members.length === 2);
});
