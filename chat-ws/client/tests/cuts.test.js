// Connections that are cut again and again: everything is seen once and in order, and nothing said is lost or doubled.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { client, hurried, numbers, pause, said, until } from './helpers/client.js';
import { proxy } from './helpers/proxy.js';
import { random } from './helpers/random.js';
import { server } from './helpers/server.js';

const CLIENTS = 5;
const ROOMS = ['one', 'two', 'three'];
const CUTS = 220;

test('over hundreds of cuts each entry is seen once and in order, and each message is said once', { timeout: 120_000 }, async (t) => {
  const chance = random(t);
  const here = await server(t, '--grace-ms', '150');
  const cutting = await proxy(t, here.port, {
    trouble(link) {
      if (cutting.calm) return;
      // In the middle of whatever goes through, or at some time.
      link.kind = chance.pick(['rst', 'fin', 'stall']);
      if (chance.below(3) > 0) link.bytes = 100 + chance.below(8000);
      else setTimeout(() => link.cut(link.kind), chance.below(250)).unref();
    },
  });

  // What there is to see, by a connection that is never cut.
  const watcher = await client(t, here.ws);
  const truth = new Map();
  for (const room of ROOMS) {
    truth.set(room, []);
    await watcher.room(room, { create: { title: room, policy: { history: 10_000 } } }).join();
  }
  watcher.on('*', (event) => truth.get(event.room)?.push(event));

  const people = await Promise.all(Array.from({ length: CLIENTS }, async (_, who) => {
    const one = await hurried(t, cutting.ws, chance, { name: `client ${who}` });
    const person = { who, one, seen: new Map(), iterated: new Map(), answers: [] };
    for (const id of ROOMS) {
      const seen = [];
      const iterated = [];
      person.seen.set(id, seen);
      person.iterated.set(id, iterated);
      one.on('*', (event) => event.room === id && seen.push(event));
      const entries = one.room(id).entries();
      (async () => {
        for await (const entry of entries) iterated.push(entry);
      })();
    }
    await Promise.all(ROOMS.map((id) => one.room(id).join()));
    return person;
  }));

  let count = 0;
  const talk = async ({ one, who, answers }) => {
    while (cutting.cuts < CUTS) {
      for (const id of ROOMS) {
        // What waits is bounded, and a slow machine gets less through.
        if (one.room(id).getSnapshot().pending.length > 100) continue;
        const body = { who, number: count++ };
        answers.push(one.room(id).say(body).then((answer) => ({ id, body, ...answer })));
      }
      await pause(chance.below(60));
    }
  };
  await Promise.all(people.map(talk));
  cutting.calm = true;
  const answers = (await Promise.all(people.flatMap((person) => person.answers))).flat();
  await Promise.all(people.map(({ one }) => until(() => one.connection.getSnapshot().status === 'online')));
  // Nobody is in their grace any more: whatever is still to come, comes to all.
  const isAtTheEnd = ({ status, live, entries }, id) =>
    status === 'joined' && live === CLIENTS + 1 && entries.at(-1)?.n === truth.get(id).at(-1).n;
  const settled = () => ROOMS.every((id) => people.every(({ one }) => isAtTheEnd(one.room(id).getSnapshot(), id)));
  await until(async () => settled() && (await pause(400), settled()), 'all have seen the end');
  assert.ok(cutting.cuts >= 200, `only ${cutting.cuts} cuts`);
  t.diagnostic(`${cutting.cuts} cuts, ${answers.length} messages`);

  for (const id of ROOMS) {
    const log = truth.get(id);
    const first = log[0].n;
    assert.deepEqual(numbers(log), log.map((_, i) => first + i), 'the log has no holes');
    const whole = new Map(log.map((entry) => [entry.n, entry]));
    for (const { who, one, seen, iterated } of people) {
      const name = `client ${who} in ${id}`;
      const from = seen.get(id)[0].n;
      const expected = log.filter((entry) => entry.n >= from);
      assert.deepEqual(numbers(seen.get(id)), numbers(expected), `${name}: each number once and in order`);
      assert.deepEqual(seen.get(id), expected, `${name}: the same entries`);
      assert.deepEqual(iterated.get(id), expected, `${name}: the same by iteration`);
      const state = one.room(id).getSnapshot();
      assert.equal(state.gap, false);
      assert.deepEqual(state.pending, []);
      assert.deepEqual(state.members, watcher.room(id).getSnapshot().members, `${name}: the same members`);
      assert.equal(state.live, CLIENTS + 1);
    }
    for (const { who } of people) {
      const asked = answers.filter((answer) => answer.id === id && answer.body.who === who);
      const written = said(log).filter((body) => body.who === who);
      assert.deepEqual(written, asked.map((answer) => answer.body), 'each message once, in the order of the calls');
      for (const answer of asked) assert.deepEqual(whole.get(answer.n).body, answer.body, 'an answer names its entry');
    }
  }
});
