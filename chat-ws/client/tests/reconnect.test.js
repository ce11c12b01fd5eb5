// Coming back: when, after what, and after what not.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import WebSocket from 'ws';
import { becomes, client, pause, status, until } from './helpers/client.js';
import { proxy } from './helpers/proxy.js';
import { server } from './helpers/server.js';

const link = (between) => [...between.links][0];

test('waits grow, with full jitter, within the window of the server', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  let retry;
  between.rewrite = (frame) => ((retry ??= frame.ok?.retry), frame);
  const waits = [];
  for (let who = 0; who < 4; who++) {
    const one = await client(t, between.ws);
    between.refuse = true;
    between.cutAll();
    for (let tries = 0; tries < 8; tries++) {
      const { retryAt } = await status(one.connection, 'offline');
      // Of the window; what passes between the two clocks is in it.
      waits.push({ tries, part: (retryAt - Date.now()) / Math.min(retry.min_ms * 2 ** tries, retry.max_ms) });
      one.retryNow();
    }
    one.close();
    between.refuse = false;
  }
  assert.deepEqual(retry, { min_ms: 500, max_ms: 15000 });
  assert.ok(waits.every(({ part }) => part <= 1.01), JSON.stringify(waits));
  // 32 throws of a coin: all on one side once in two thousand million times.
  assert.ok(waits.some(({ part }) => part < 0.5) && waits.some(({ part }) => part > 0.5), JSON.stringify(waits));
});

test('a connection that held makes the next wait short again; one that did not, does not', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  const one = await client(t, between.ws);
  const waits = async (count) => {
    const most = [];
    for (let i = 0; i < count; i++) {
      link(between).cut();
      const { retryAt } = await status(one.connection, 'offline');
      most.push(retryAt - Date.now());
      one.retryNow();
      await status(one.connection, 'online');
    }
    return Math.max(...most);
  };
  // After ten that were lost at once the window is at its end: that all ten are below half a second has a chance of 1 in 10¹².
  await waits(8);
  assert.ok((await waits(10)) > 500);
  await pause(5200);
  assert.ok((await waits(1)) <= 500);
});

test('a server that drains says when to come back; what was joined is joined again', async (t) => {
  // They come back within half of the grace: so late that this one is seen to be away.
  const here = await server(t, '--grace-ms', '20000');
  const one = await client(t, here.ws);
  const room = one.room('own', { create: { title: 'of a site' } });
  await room.join();
  let bye;
  one.on('bye', (event) => (bye = event));
  const before = Date.now();
  const stopped = here.stop('SIGTERM');
  const state = await status(one.connection, 'offline');
  const after = Date.now();
  assert.deepEqual([state.code, state.why, bye.why], [4000, 'drain', 'drain']);
  assert.ok(state.retryAt >= before + bye.retry_ms && state.retryAt <= after + bye.retry_ms, `${state.retryAt - before} for ${bye.retry_ms}`);
  assert.equal(room.getSnapshot().status, 'offline');
  await stopped;
  await here.start();
  one.retryNow();
  await status(room, 'joined');
});

test('after these close codes one does not come back', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  for (const [code, error] of [[4400, 'bad_request'], [4403, 'forbidden'], [4413, 'too_large']]) {
    const one = await client(t, between.ws);
    const room = one.room('room', { create: { title: 'a room' } });
    await room.join();
    link(between).inject({ ev: 'bye', why: 'so it is' });
    link(between).close(code, 'a reason');
    const state = await status(one.connection, 'closed');
    assert.deepEqual([state.code, state.error.code, state.why, state.retryAt], [code, error, 'so it is', undefined]);
    assert.deepEqual([room.getSnapshot().status, room.getSnapshot().error.code], ['failed', error]);
    await assert.rejects(room.say('x'), { code: error });
    one.retryNow();
    assert.equal(one.connection.getSnapshot().status, 'closed');
    // Asked for, it is tried.
    await one.connect();
    await room.join();
    one.close();
    between.cutAll();
  }
});

test('after these, known or not, one does', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  const one = await client(t, between.ws);
  for (const code of [1000, 1001, 1011, 4000, 4001, 4002, 4408, 4999]) {
    link(between).close(code);
    assert.equal((await status(one.connection, 'offline')).code, code);
    link(between)?.cut();
    one.retryNow();
    await status(one.connection, 'online');
  }
});

test('when to come back is what the server said, or all of the window', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  const one = await client(t, between.ws);
  let before = Date.now();
  link(between).inject({ ev: 'bye', why: 'drain', retry_ms: 7777 });
  link(between).close(4000);
  const { retryAt } = await status(one.connection, 'offline');
  assert.ok(retryAt >= before + 7777 && retryAt <= Date.now() + 7777, `${retryAt - before}`);
  between.cutAll();
  one.retryNow();
  await status(one.connection, 'online');
  before = Date.now();
  link(between).close(4429);
  assert.ok((await status(one.connection, 'offline')).retryAt >= before + 15_000);
});

test('who was too fast again and again waits as long as it may take', async (t) => {
  const here = await server(t, '--rate', '5');
  const one = await client(t, here.ws);
  const before = Date.now();
  const { retryAt, code } = await (async () => {
    for (let i = 0; i < 400; i++) one.command('ping').catch(() => {});
    return status(one.connection, 'offline');
  })();
  assert.equal(code, 4429);
  assert.ok(retryAt >= before + 15_000 && retryAt <= Date.now() + 30_000, `${retryAt - before}`);
});

test('a command that was not answered fails; one that waits for the connection does not', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  const one = await client(t, between.ws, { connect: false });
  await assert.rejects(one.rooms({ order: 'live' }), { code: 'disconnected' });
  one.connect();
  assert.equal((await one.rooms({ order: 'live' })).total, 0);
  link(between).stalled.up = true;
  const lost = one.open({ title: 'never' });
  lost.catch(() => {});
  link(between).cut();
  await assert.rejects(lost, { code: 'disconnected' });
  await assert.rejects(one.command('unheard of'), { code: 'disconnected' });
  one.retryNow();
  await assert.rejects(one.command('unheard of'), { code: 'unknown_command' });
});

test('a connection of which only one half is left is noticed', async (t) => {
  const here = await server(t, '--ping-ms', '1000');
  const between = await proxy(t, here.port);
  const one = await client(t, between.ws);
  await pause(2500);
  assert.equal(one.connection.getSnapshot().status, 'online', 'silence alone is no loss');
  const half = link(between);
  half.stalled.down = half.stalled.up = true;
  const since = Date.now();
  await status(one.connection, 'offline');
  const took = Date.now() - since;
  // Later it would have been noticed by whoever waits for an answer.
  assert.ok(took < 14_000, `${took} ms`);
  one.retryNow();
  await status(one.connection, 'online');
});

test('a program that stood still has not lost a connection whose answer is there', async (t) => {
  const here = await server(t, '--ping-ms', '3000');
  // The server waits for 7.2 s.
  let stood = false;
  /** Stands still as soon as a ping is sent, for longer than its answer may take. */
  class StandsStill extends WebSocket {
    send(text) {
      super.send(text);
      if (stood || !text.includes('"do":"ping"')) return;
      stood = true;
      process.nextTick(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4500));
    }
  }
  const one = await client(t, here.ws, { WebSocket: StandsStill });
  const { session } = one.connection.getSnapshot();
  await until(() => stood);
  await pause(500);
  const now = one.connection.getSnapshot();
  assert.deepEqual([now.status, now.session], ['online', session]);
});

test('a try that gets no answer is given up', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port, { trouble: (link) => between.deaf && (link.stalled.down = true) });
  between.deaf = true;
  const one = await client(t, between.ws, { connect: false });
  const connected = one.connect();
  await until(() => between.links.size === 1);
  await status(one.connection, 'offline');
  between.deaf = false;
  one.retryNow();
  await connected;
});
