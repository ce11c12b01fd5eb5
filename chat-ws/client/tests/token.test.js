// Who somebody is: the anonymous token, kept and forgotten, and a site's own.

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { client, status, storage, until } from './helpers/client.js';
import { server } from './helpers/server.js';

const KEY = 'chat.v1.token';
const user = (one) => one.connection.getSnapshot().user;

async function secretFile(t) {
  const dir = await mkdtemp(join(tmpdir(), 'chat-client-'));
  t.after(() => rm(dir, { recursive: true }));
  const path = join(dir, 'secret');
  const renew = async () => {
    const secret = randomBytes(32).toString('base64url');
    await writeFile(path, secret, { mode: 0o600 });
    return secret;
  };
  return { path, renew };
}

function jwt(secret, claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ exp: Math.floor(Date.now() / 1000) + 600, ...claims })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

test('the token is kept where it was asked to be, and brings the same user back', async (t) => {
  const here = await server(t);
  const kept = storage();
  const first = await client(t, here.ws, { storage: kept, name: 'Kim' });
  assert.ok(kept.items.get(KEY));
  first.close();
  const again = await client(t, here.ws, { storage: kept });
  assert.equal(user(again), user(first));
  const other = await client(t, here.ws, { storage: storage(), storageKey: 'mine' });
  assert.notEqual(user(other), user(first));
});

test('without a storage the token is kept as long as the client', async (t) => {
  const here = await server(t);
  const one = await client(t, here.ws);
  const before = user(one);
  await here.stop('SIGTERM');
  await status(one.connection, 'offline');
  assert.equal(user(one), before);
});

test('a storage that fails is no hindrance', async (t) => {
  const here = await server(t);
  const fails = () => {
    throw new Error('not allowed');
  };
  await client(t, here.ws, { storage: { getItem: fails, setItem: fails, removeItem: fails } });
});

test('a token that the server no longer knows is forgotten, and one comes in as somebody new', async (t) => {
  const file = await secretFile(t);
  await file.renew();
  const here = await server(t, '--secret-file', file.path);
  const kept = storage();
  const one = await client(t, here.ws, { storage: kept });
  const [before, token] = [user(one), kept.items.get(KEY)];
  await here.stop();
  await here.start();
  await until(() => (one.retryNow(), one.connection.getSnapshot().status === 'online'));
  assert.equal(user(one), before, 'the same secret: the same user');

  await here.stop();
  await file.renew();
  await here.start();
  await until(() => (one.retryNow(), one.connection.getSnapshot().status === 'online'));
  assert.notEqual(user(one), before);
  assert.notEqual(kept.items.get(KEY), token);
  const next = await client(t, here.ws, { storage: kept });
  assert.equal(user(next), user(one));
});

test('a token that was never good is forgotten, too', async (t) => {
  const here = await server(t);
  const kept = storage({ [KEY]: 'nonsense' });
  await client(t, here.ws, { storage: kept });
  assert.notEqual(kept.items.get(KEY), 'nonsense');
});

test('while the server is away, no token is forgotten', async (t) => {
  const here = await server(t);
  const kept = storage();
  const one = await client(t, here.ws, { storage: kept });
  const token = kept.items.get(KEY);
  await here.stop();
  for (let i = 0; i < 5; i++) {
    await status(one.connection, 'offline');
    one.retryNow();
  }
  assert.equal(kept.items.get(KEY), token);
});

test('who is let in by nothing stops, and says why', async (t) => {
  const here = await server(t, '--no-anonymous');
  const kept = storage({ [KEY]: 'nonsense' });
  const one = await client(t, here.ws, { connect: false, storage: kept });
  await assert.rejects(one.connect(), { code: 'unauthorized' });
  const { status, error, retryAt } = one.connection.getSnapshot();
  assert.deepEqual([status, error.code, retryAt], ['closed', 'unauthorized', undefined]);
  assert.equal(kept.items.get(KEY), undefined);
  await assert.rejects(one.rooms({ order: 'live' }), { code: 'unauthorized' });
  await assert.rejects(one.room('r').join(), { code: 'unauthorized' });
});

test("a site's tokens are asked for anew with each connection, and once more where one is refused", async (t) => {
  const file = await secretFile(t);
  const secret = await file.renew();
  const here = await server(t, '--no-anonymous', '--jwt-secret-file', file.path);
  const good = () => jwt(secret, { sub: 'kim', name: 'Kim' });

  const fixed = await client(t, here.ws, { token: good() });
  assert.deepEqual([user(fixed), fixed.connection.getSnapshot().name], ['kim', 'Kim']);

  let asked = 0;
  const kept = storage();
  const one = await client(t, here.ws, { storage: kept, token: async () => (asked++ === 0 ? jwt('another secret of 32 bytes length', { sub: 'kim' }) : good()) });
  assert.equal(asked, 2);
  assert.equal(user(one), 'kim');
  assert.equal(kept.items.size, 0, "a site's token is not ours to keep");

  const stubborn = await client(t, here.ws, { connect: false, token: () => 'bad' });
  await assert.rejects(stubborn.connect(), { code: 'unauthorized' });
  const wrong = await client(t, here.ws, { connect: false, token: 'bad' });
  await assert.rejects(wrong.connect(), { code: 'unauthorized' });
  // With a good one, it can be tried again.
  const later = await client(t, here.ws, { connect: false, token: () => (asked++ > 4 ? good() : 'bad') });
  await assert.rejects(later.connect(), { code: 'unauthorized' });
  await later.connect();
  assert.equal(user(later), 'kim');
});

test('a site that cannot give a token just now is asked again later', async (t) => {
  const here = await server(t);
  let asked = 0;
  const one = await client(t, here.ws, {
    connect: false,
    token: () => {
      if (asked++ === 0) throw new Error('the site is away');
      return undefined;
    },
  });
  const connected = one.connect();
  await status(one.connection, 'offline');
  await connected;
  assert.equal(asked, 2);
});

test('a name that was changed stays over a lost connection', async (t) => {
  const here = await server(t, '--grace-ms', '0');
  const one = await client(t, here.ws, { name: 'Kim' });
  assert.equal(await one.rename('  Lee '), 'Lee');
  assert.equal(one.connection.getSnapshot().name, 'Lee');
  await here.stop();
  await here.start();
  await until(() => (one.retryNow(), one.connection.getSnapshot().status === 'online'));
  assert.equal(one.connection.getSnapshot().name, 'Lee');
});
