// What becomes of what was said when the way to the server is cut, the page is loaded again, or the site is killed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misses, sees, until } from '../../../server/browser/helpers/people.js';
import { freePort } from '../../../server/browser/helpers/ports.js';
import { way } from '../../../server/browser/helpers/proxy.js';
import { redis } from '../../../server/browser/helpers/server.js';
import { box, field, own, present, say, talk, talked, theirs } from '../helpers/box.js';
import { beside, member, site } from '../helpers/site.js';

/** A site whose sockets are served beside it, by `chat_server`, over a way that can be cut; both on one Redis. */
async function apart(t) {
  const port = await freePort();
  const env = { CHAT_URL: await redis(t) };
  const between = await way(t, `http://127.0.0.1:${port}`);
  const at = await site(t, { ...env, CHAT_WS_URL: `${between.url.replace('http:', 'ws:').replace('127.0.0.1', 'localhost')}/ws` });
  await beside(t, at, ['chat_server', `127.0.0.1:${port}`], port);
  return { at, between };
}

test('offline is shown, and what was said meanwhile is said as soon as there is a connection', async (t) => {
  const { at, between } = await apart(t);
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  for (const page of [kim, lee]) {
    page.profile.expectLostConnections();
    await page.goto(`${at.url}/rooms/film-metropolis/`);
  }
  await talked(kim, lee, '하나');
  between.cut();
  await sees(kim, '연결이 끊어졌습니다. 다시 연결하고 있습니다.');
  await say(kim, '둘');
  await sees(kim, '보내는 중');
  between.mend();
  await theirs(lee, '둘');
  await misses(kim, '보내는 중');
  await misses(kim, /연결이 끊어졌습니다/);
  await present(kim, 2);
  assert.deepEqual(await talk(lee), ['>하나', '>둘']);
});

test('what was not sent outlives the page, and so does half a sentence', async (t) => {
  const { at, between } = await apart(t);
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  for (const page of [kim, lee]) {
    page.profile.expectLostConnections();
    await page.goto(`${at.url}/rooms/film-metropolis/`);
  }
  await talked(kim, lee, '하나');
  between.cut();
  await sees(kim, /연결이 끊어졌습니다/);
  await say(kim, '둘');
  await say(kim, '셋');
  await field(kim).fill('반쯤 쓴');
  await kim.reload();
  await sees(kim, '서버에 연결하고 있습니다.');
  between.mend();
  await theirs(lee, '셋');
  await own(kim, '셋');
  assert.deepEqual(await talk(lee), ['>하나', '>둘', '>셋'], 'once, and in order');
  assert.equal(await field(kim).inputValue(), '반쯤 쓴');
  // Once it is said, it is not kept.
  await field(kim).fill('');
  await kim.reload();
  await own(kim, '셋');
  await talked(kim, lee, '넷');
  assert.deepEqual(await talk(lee), ['>하나', '>둘', '>셋', '>넷']);
  await until('nothing is kept', () => kim.evaluate(() => sessionStorage.length === 0));
});

test('a message that was answered for before the page was loaded again is not said twice', async (t) => {
  const { at } = await apart(t);
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  for (const page of [kim, lee]) await page.goto(`${at.url}/rooms/film-metropolis/`);
  await talked(kim, lee, '하나');
  // As if the answer had come too late for the page to take note of it.
  await kim.evaluate(() => {
    const box = document.querySelector('chat-box');
    const entry = box.room.getSnapshot().entries.findLast((one) => one.ev === 'said');
    const { url, user, room } = box.dataset;
    window.addEventListener('pagehide', () => sessionStorage.setItem(`chat-box.unsent ${url} ${user} ${room}`,
      JSON.stringify({ draft: '', pending: [{ key: entry.key, body: entry.body, at: entry.at }] })));
  });
  await kim.reload();
  await own(kim, '하나');
  await talked(kim, lee, '둘');
  assert.deepEqual(await talk(lee), ['>하나', '>둘']);
  assert.deepEqual(await talk(kim), ['<하나', '<둘']);
});

test('when the site is killed and comes back, so do its pages: with Redis, as if nothing had been', async (t) => {
  const at = await site(t, { CHAT_URL: await redis(t) });
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  for (const page of [kim, lee]) {
    page.profile.expectLostConnections();
    await page.goto(`${at.url}/rooms/film-arirang/`);
  }
  await talked(kim, lee, '하나');
  await at.stop();
  await sees(kim, /연결이 끊어졌습니다/);
  await say(kim, '둘');
  await at.start();
  await theirs(lee, '둘');
  await talked(lee, kim, '셋');
  assert.deepEqual(await talk(kim), ['<하나', '<둘', '>셋']);
});

test('a box that is taken out of the page leaves its room, and one that is put in joins', async (t) => {
  const at = await site(t);
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  for (const page of [kim, lee]) await page.goto(`${at.url}/rooms/film-nosferatu/`);
  await talked(kim, lee, '하나');
  // Moved, it stays.
  await lee.evaluate(() => document.querySelector('main').prepend(document.querySelector('chat-box')));
  await talked(kim, lee, '둘');
  await lee.evaluate(() => {
    window.taken = document.querySelector('chat-box');
    window.taken.remove();
  });
  await sees(kim, '이님이 나갔습니다.');
  await present(kim, 1);
  await lee.evaluate(() => document.querySelector('main').append(window.taken));
  await present(kim, 2);
  await talked(lee, kim, '셋');
  await until('one socket is open', () => lee.evaluate(() => window.taken.client.connection.getSnapshot().status === 'online'));
  assert.equal(await box(lee).count(), 1);
});
