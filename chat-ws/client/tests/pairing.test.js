// Strangers: found, lost, found again.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, pause, said, status, storage, until } from './helpers/client.js';
import { proxy } from './helpers/proxy.js';
import { server } from './helpers/server.js';

async function strangers(t, ...flags) {
  const here = await server(t, ...(flags.includes('--grace-ms') ? [] : ['--grace-ms', '20000']), ...flags);
  const between = await proxy(t, here.port);
  const kept = storage();
  const one = await client(t, between.ws, { storage: kept });
  const other = await client(t, here.ws);
  return { here, between, kept, one, other };
}

async function talking(t, ...flags) {
  const all = await strangers(t, ...flags);
  await Promise.all([all.one, all.other].map((who) => who.pairing().seek({ tags: ['music'] })));
  const [mine, theirs] = await Promise.all([all.one, all.other].map((who) => status(who.pairing(), 'matched')));
  return { ...all, mine, theirs };
}

test('two strangers are in a room, say something, and part', async (t) => {
  const { one, other, mine, theirs } = await talking(t);
  assert.deepEqual([mine.shared, theirs.shared], [['music'], ['music']]);
  assert.equal(mine.room.id, theirs.room.id);
  const { you, members, status: state, more, entries } = mine.room.getSnapshot();
  assert.deepEqual([state, members.length, more, entries], ['joined', 2, false, []]);
  assert.notEqual(you, theirs.room.getSnapshot().you);
  assert.notEqual(you, one.connection.getSnapshot().user, 'the own id stays with oneself');
  await mine.room.say('hello');
  await until(() => said(theirs.room.getSnapshot().entries)[0] === 'hello');
  theirs.room.signal({ typing: true });
  await until(() => mine.room.getSnapshot().signals[0]?.body.typing);

  await other.pairing().leave();
  const over = await status(one.pairing(), 'over');
  assert.deepEqual([over.why, over.room, over.error], ['partner_left', mine.room, undefined]);
  assert.deepEqual([other.pairing().getSnapshot().status, other.pairing().getSnapshot().why], ['over', 'left']);
  assert.deepEqual(said(over.room.getSnapshot().entries), ['hello'], 'what was said can still be read');
  await assert.rejects(over.room.say('too late'), { code: 'room_closed' });
});

test('a connection that is lost for a moment does not lose the partner', async (t) => {
  const { between, one, mine, theirs } = await talking(t);
  between.cutAll();
  await theirs.room.say('are you there?');
  one.retryNow();
  await until(() => said(mine.room.getSnapshot().entries).length === 1);
  assert.equal(one.pairing().getSnapshot().room, mine.room);
  await mine.room.say('yes');
  await until(() => said(theirs.room.getSnapshot().entries).length === 2);
});

test('a page that is loaded again is in the same talk, with what was said', async (t) => {
  const { here, kept, one, mine, theirs } = await talking(t);
  await mine.room.say('before');
  one.close();
  const again = await client(t, here.ws, { storage: kept, connect: false });
  const pairing = again.pairing();
  const seeking = pairing.seek();
  await again.connect();
  await seeking;
  const { room } = await status(pairing, 'matched');
  assert.equal(room.id, mine.room.id);
  assert.deepEqual(said(room.getSnapshot().entries), ['before']);
  assert.equal(theirs.room.getSnapshot().status, 'joined');
  await theirs.room.say('after');
  await until(() => said(room.getSnapshot().entries).length === 2);
});

test('it is found without being looked for', async (t) => {
  const { here, kept, one, mine } = await talking(t);
  one.close();
  const second = await client(t, here.ws, { storage: kept });
  assert.equal((await status(second.pairing(), 'matched')).room.id, mine.room.id);
});

test('a second page of somebody who is in a talk goes there, too', async (t) => {
  const here = await server(t);
  const kept = storage();
  const page = await client(t, here.ws, { storage: kept });
  const second = await client(t, here.ws, { storage: kept });
  const other = await client(t, here.ws);
  await page.pairing().seek();
  await other.pairing().seek();
  const { room } = await status(page.pairing(), 'matched');
  await second.pairing().seek();
  assert.equal((await status(second.pairing(), 'matched')).room.id, room.id);
});

test('a partner who is gone for longer than the grace ends the talk', async (t) => {
  const { other, one } = await talking(t, '--grace-ms', '200');
  other.close();
  assert.equal((await status(one.pairing(), 'over')).why, 'partner_left');
});

test('who comes back too late finds the talk over', async (t) => {
  const { between, one, other } = await talking(t, '--grace-ms', '200');
  between.refuse = true;
  between.cutAll();
  await status(other.pairing(), 'over');
  between.refuse = false;
  await until(() => (one.retryNow(), one.connection.getSnapshot().status === 'online'));
  const { why, error } = await status(one.pairing(), 'over');
  assert.deepEqual([why, error], ['partner_left', undefined]);
});

test('nothing said ends it', async (t) => {
  const { one, other } = await strangers(t, '--idle-s', '1');
  await Promise.all([one, other].map((who) => who.pairing().seek()));
  assert.equal((await status(one.pairing(), 'over')).why, 'idle');
});

test('the next partner is another one', async (t) => {
  const { here, one, other, mine } = await talking(t);
  const third = await client(t, here.ws);
  await third.pairing().seek();
  await one.pairing().next();
  const { room } = await status(one.pairing(), 'matched');
  assert.notEqual(room, mine.room);
  assert.equal((await status(third.pairing(), 'matched')).room.id, room.id);
  assert.deepEqual([mine.room.getSnapshot().status, mine.room.getSnapshot().why], ['left', 'left']);
  assert.equal((await status(other.pairing(), 'over')).why, 'partner_left');
  // After the end, `next` looks again too.
  await other.pairing().next(['films']);
  assert.equal(other.pairing().getSnapshot().status, 'seeking');
});

test('a next that is lost on the way is done when the connection is back', async (t) => {
  const { here, between, one, other, mine } = await talking(t);
  const third = await client(t, here.ws);
  await third.pairing().seek();
  [...between.links][0].stalled.up = true;
  const next = one.pairing().next();
  between.cutAll();
  assert.equal(one.pairing().getSnapshot().status, 'seeking');
  one.retryNow();
  await next;
  assert.notEqual((await status(one.pairing(), 'matched')).room.id, mine.room.id);
  assert.equal((await status(other.pairing(), 'over')).why, 'partner_left');
});

test('a talk that was left while offline is not gone back to', async (t) => {
  const { here, between, one, other, mine } = await talking(t);
  const third = await client(t, here.ws);
  await third.pairing().seek();
  between.cutAll();
  await one.pairing().leave();
  const seeking = one.pairing().seek();
  one.retryNow();
  await seeking;
  assert.notEqual((await status(one.pairing(), 'matched')).room.id, mine.room.id);
  assert.equal((await status(other.pairing(), 'over')).why, 'partner_left');
});

test('who is blocked is not met again', async (t) => {
  const { one, other } = await talking(t);
  await one.pairing().block();
  assert.deepEqual([one.pairing().getSnapshot().status, one.pairing().getSnapshot().why], ['over', 'blocked']);
  await status(other.pairing(), 'over');
  await Promise.all([one.pairing().seek(), other.pairing().seek()]);
  await pause(500);
  assert.deepEqual([one.pairing().getSnapshot().status, other.pairing().getSnapshot().status], ['seeking', 'seeking']);
});

test('a search survives a lost connection, and can be changed and given up', async (t) => {
  const { between, one, other } = await strangers(t);
  await one.pairing().seek({ tags: ['a'], strict: true });
  await one.pairing().seek({ tags: ['b'], strict: true });
  assert.equal(one.pairing().getSnapshot().status, 'seeking');
  between.cutAll();
  await status(one.connection, 'offline');
  one.retryNow();
  await status(one.connection, 'online');
  await one.pairing().seek({ tags: ['b'], strict: true });
  await other.pairing().seek({ tags: ['b'] });
  assert.deepEqual((await status(one.pairing(), 'matched')).shared, ['b']);

  await one.pairing().leave();
  await one.pairing().seek({ tags: ['c'], strict: true });
  await one.pairing().cancel();
  assert.equal(one.pairing().getSnapshot().status, 'idle');
  assert.deepEqual((await one.command('unmatch', { pool: 'random' }).catch((error) => error)).code, 'not_waiting');
  await assert.rejects(one.pairing('no such pool!').seek(), { code: 'bad_request' });
  assert.equal(one.pairing('no such pool!').getSnapshot().status, 'over');
});

test('a search goes on by itself after the server was away', async (t) => {
  const { here, one, other } = await strangers(t);
  await one.pairing().seek();
  await here.stop();
  await status(one.connection, 'offline');
  await here.start();
  await Promise.all([one, other].map((who) => until(() => (who.retryNow(), who.connection.getSnapshot().status === 'online'))));
  await other.pairing().seek();
  await status(one.pairing(), 'matched');
});

test('of two pages that look for the same person, the later one does', async (t) => {
  const here = await server(t);
  const kept = storage();
  const page = await client(t, here.ws, { storage: kept });
  const later = await client(t, here.ws, { storage: kept });
  await page.pairing().seek();
  await later.pairing().seek();
  assert.equal((await status(page.pairing(), 'over')).why, 'replaced');
  assert.equal(later.pairing().getSnapshot().status, 'seeking');
});

test('a search that begins before the connection waits for it', async (t) => {
  const here = await server(t);
  const pair = await Promise.all([0, 1].map(() => client(t, here.ws, { connect: false })));
  const seeking = pair.map((one) => one.pairing('other').seek());
  pair.forEach((one) => one.connect());
  await Promise.all(seeking);
  await Promise.all(pair.map((one) => status(one.pairing('other'), 'matched')));
});
