// Nothing outlives close(): a program that has closed its client ends by itself.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { proxy } from './helpers/proxy.js';
import { server } from './helpers/server.js';

const PROGRAM = fileURLToPath(new URL('helpers/closes.js', import.meta.url));

/** Runs the program until it says `ready`, does `then`, lets it close its client, and waits for its end. */
async function ends(url, when, then = () => {}) {
  const child = spawn(process.execPath, [PROGRAM, url, when], { stdio: ['pipe', 'pipe', 'inherit'] });
  const gone = once(child, 'exit');
  await once(child.stdout, 'data');
  await then();
  child.stdin.end('close');
  const since = Date.now();
  const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
  const [code] = await gone;
  clearTimeout(timer);
  assert.equal(code, 0, `${when}: ended by itself, with nothing uncaught`);
  return Date.now() - since;
}

/** What it takes at best: what is left behind would hold it up each time, what else the machine has to do would not. */
async function least(url, when) {
  let took = Infinity;
  for (let i = 0; i < 3 && took >= 1500; i++) took = Math.min(took, await ends(url, when));
  return took;
}

test('a program ends when it has closed its client, whatever that was doing', async (t) => {
  const here = await server(t);
  for (const when of ['idle', 'connecting', 'online', 'busy']) {
    const took = await least(here.ws, when);
    assert.ok(took < 1500, `${when}: ${took} ms`);
  }
});

test('also where nobody is there', async (t) => {
  const here = await server(t);
  const url = here.ws;
  await here.stop();
  for (const when of ['connecting', 'waiting']) {
    const took = await least(url, when);
    assert.ok(took < 1500, `${when}: ${took} ms`);
  }
});

test('also where the other side says nothing any more', async (t) => {
  const here = await server(t);
  const between = await proxy(t, here.port);
  const took = await ends(between.ws, 'busy', () => {
    for (const { stalled } of between.links) stalled.up = stalled.down = true;
  });
  assert.ok(took < 3500, `${took} ms`);
});
