// What the server bounds, and what the client does.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { becomes, client, said, status } from './helpers/client.js';
import { server } from './helpers/server.js';

async function inRoom(t, ...flags) {
  const here = await server(t, ...flags);
  const one = await client(t, here.ws);
  const room = one.room('room', { create: { title: 'a room' } });
  await room.join();
  return { here, one, room };
}

test('over the rate, what is said waits, and comes once and in order', { timeout: 60_000 }, async (t) => {
  const { room } = await inRoom(t, '--rate', '20');
  const bodies = Array.from({ length: 90 }, (_, i) => i);
  const answers = await Promise.all(bodies.map((body) => room.say(body)));
  const { entries } = await becomes(room, ({ entries }) => said(entries).length === 90);
  assert.deepEqual(said(entries), bodies);
  assert.deepEqual(answers.map(({ n }) => n), entries.filter(({ ev }) => ev === 'said').map(({ n }) => n));
});

test('joins and lists over the rate are asked for again', { timeout: 60_000 }, async (t) => {
  const { here } = await inRoom(t, '--rate', '5');
  const one = await client(t, here.ws);
  const rooms = Array.from({ length: 30 }, (_, i) => one.room(`room-${i}`, { create: { title: 'x' } }));
  const joined = rooms.map((room) => room.join());
  const list = one.list('live', 40);
  t.after(list.subscribe(() => {}));
  await Promise.all(joined);
  await becomes(list, ({ ready }) => ready);
});

test('as many messages wait as may, and no more', async (t) => {
  const { here, room } = await inRoom(t);
  await here.stop();
  await status(room, 'offline');
  const waiting = Array.from({ length: 200 }, (_, i) => room.say(i));
  await assert.rejects(room.say('one more'), { code: 'too_many' });
  assert.equal(room.getSnapshot().pending.length, 200);
  room.leave();
  for (const one of waiting) await assert.rejects(one, { code: 'not_member' });
  assert.ok(room.getSnapshot().pending.every(({ state }) => state === 'failed'));
});

test('what is refused has failed, can be forgotten or tried again, and holds up nothing', async (t) => {
  const { one, room } = await inRoom(t);
  const large = 'x'.repeat(20_000);
  const huge = 'x'.repeat(70_000);
  const refused = [room.say(large, { key: 'large' }), room.say(huge, { key: 'huge' })];
  const answer = await room.say('after them');
  for (const one of refused) await assert.rejects(one, { code: 'too_large' });
  assert.deepEqual(room.getSnapshot().pending.map(({ key, state, error }) => [key, state, error.code]), [['large', 'failed', 'too_large'], ['huge', 'failed', 'too_large']]);
  await assert.rejects(room.retry('large'), { code: 'too_large' });
  await assert.rejects(room.retry('nothing'), { code: 'bad_request' });
  room.discard('large');
  room.discard('huge');
  assert.deepEqual(room.getSnapshot().pending, []);
  assert.equal(one.connection.getSnapshot().status, 'online', 'a frame that is too large never leaves');
  assert.equal(typeof answer.n, 'number');
  for (const body of [undefined, 1n, () => {}]) await assert.rejects(room.say(body), { code: 'bad_request' });
});

test('the same key is the same message', async (t) => {
  const { room } = await inRoom(t);
  const [first, second] = await Promise.all([room.say('x', { key: 'k' }), room.say('x', { key: 'k' })]);
  assert.deepEqual(first, second);
  const third = await room.say('x', { key: 'k' });
  assert.deepEqual([third.n, third.dup], [first.n, true]);
  assert.deepEqual(room.getSnapshot().pending, []);
  assert.deepEqual(said(room.getSnapshot().entries), ['x']);
});

test('what the server refuses is an error with its code', async (t) => {
  const { here, one, room } = await inRoom(t);
  const other = await client(t, here.ws);
  await assert.rejects(one.room('nowhere').join(), { name: 'ChatError', code: 'no_such_room' });
  assert.equal(one.room('nowhere').getSnapshot().status, 'failed');
  await assert.rejects(one.open({ room: 'room', title: 'again' }), { code: 'room_exists' });
  await assert.rejects(one.open({ title: '' }), { code: 'bad_request' });
  await other.room('room').join();
  await assert.rejects(other.room('room').close(), { code: 'forbidden' });
  await assert.rejects(one.room('nowhere').say('x'), { code: 'no_such_room' });
  await assert.rejects(one.room('new').say('x'), { code: 'not_member' });
  await assert.rejects(one.command('rooms', { order: 'sideways' }), { code: 'bad_request' });
  const small = one.room('small', { create: { title: 'small', policy: { capacity: 1 } } });
  await small.join();
  await assert.rejects(other.room('small').join(), { code: 'room_full' });
  await small.leave();
  await other.room('small').join();
  assert.equal(room.getSnapshot().status, 'joined');
});
