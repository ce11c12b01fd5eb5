// Connections that are cut, and servers that die: shown as such, and survived.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misses, person, profile, sees, until } from '../helpers/people.js';
import { way } from '../helpers/proxy.js';
import { MATCHED, OVER, WAITING, enabled, matched, own, say, send, state, talk, talked, theirs } from '../helpers/random.js';
import { enter, makeRoom } from '../helpers/rooms.js';
import { redis, server } from '../helpers/server.js';

const LOST = '연결이 끊어졌습니다. 다시 연결하고 있습니다.';

async function parted(t, ...args) {
  const at = await server(t, ...args);
  const between = await way(t, at.url);
  const kim = await person(t, `${between.url}/random`);
  kim.profile.expectLostConnections();
  await state(kim, WAITING.ko);
  const lee = await person(t, `${at.url}/random`);
  await matched(kim, lee);
  await talked(kim, lee, '안녕하세요');
  return { at, between, kim, lee };
}

test('a connection that breaks within the grace costs nobody their partner', async (t) => {
  const { between, kim, lee } = await parted(t, '--grace-ms', '20000');
  between.cut();
  await sees(kim, LOST);
  await state(kim, MATCHED.ko);
  await talkedTo(lee, '혼잣말');
  between.mend();
  await kim.getByRole('button', { name: '지금 다시 연결' }).click();
  await misses(kim, LOST);
  await theirs(kim, '혼잣말');
  await talked(kim, lee, '다시 왔어요');
  assert.equal(await lee.locator('#status').textContent(), MATCHED.ko);
  assert.deepEqual(await talk(kim), ['<안녕하세요', '>혼잣말', '<다시 왔어요']);
  assert.deepEqual(await talk(lee), ['>안녕하세요', '<혼잣말', '>다시 왔어요']);
});

async function talkedTo(page, text) {
  await say(page, text);
  await own(page, text);
  await until(`${text} is sent`, async () => (await page.locator('.sending').count()) === 0);
}

test('what is written while away is kept, shown as unsent, and sent once', async (t) => {
  const { between, kim, lee } = await parted(t, '--grace-ms', '20000');
  between.cut();
  await sees(kim, LOST);
  await say(kim, '들리나요');
  await say(kim, '여보세요');
  await own(kim, '여보세요');
  assert.equal(await kim.locator('.row.own .sending').count(), 2);
  between.mend();
  await kim.getByRole('button', { name: '지금 다시 연결' }).click();
  await theirs(lee, '여보세요');
  await misses(kim, '보내는 중');
  assert.deepEqual(await talk(lee), ['>안녕하세요', '>들리나요', '>여보세요']);
  assert.deepEqual(await talk(kim), ['<안녕하세요', '<들리나요', '<여보세요']);
});

test('who comes back after the grace finds the talk over', async (t) => {
  const { between, kim, lee } = await parted(t, '--grace-ms', '200');
  between.cut();
  await state(lee, OVER.ko);
  between.mend();
  await kim.getByRole('button', { name: '지금 다시 연결' }).click();
  await state(kim, OVER.ko);
  await enabled(send(kim), false);
  await kim.getByRole('button', { name: '새로고침' }).click();
  await lee.getByRole('button', { name: '새로고침' }).click();
  await matched(kim, lee);
});

test('who waits still waits after a cut', async (t) => {
  const at = await server(t);
  const between = await way(t, at.url);
  const kim = await person(t, `${between.url}/random`);
  kim.profile.expectLostConnections();
  await sees(kim, '접속 1명');
  between.cut();
  await sees(kim, LOST);
  between.mend();
  await misses(kim, LOST);
  const lee = await person(t, `${at.url}/random`);
  await matched(kim, lee);
});

test('a pair outlives a server that is killed, where the store does', async (t) => {
  const store = await redis(t);
  const at = await server(t, '--store', store, '--lease-ms', '10000');
  const kim = await person(t, `${at.url}/random`);
  await state(kim, WAITING.ko);
  const lee = await person(t, `${at.url}/random`);
  for (const page of [kim, lee]) page.profile.expectLostConnections();
  await matched(kim, lee);
  await talked(kim, lee, '하나');
  await at.restart(async () => {
    for (const page of [kim, lee]) await sees(page, LOST);
    await say(kim, '둘');
  });
  for (const page of [kim, lee]) await misses(page, LOST);
  await theirs(lee, '둘');
  await talked(lee, kim, '셋');
  for (const page of [kim, lee]) assert.equal(await page.locator('#status').textContent(), MATCHED.ko);
  assert.deepEqual(await talk(lee), ['>하나', '>둘', '<셋']);
});

test('where the store dies with the server the talk is over, and the next one can begin', async (t) => {
  const at = await server(t);
  const kim = await person(t, `${at.url}/random`);
  await state(kim, WAITING.ko);
  const lee = await person(t, `${at.url}/random`);
  for (const page of [kim, lee]) page.profile.expectLostConnections();
  await matched(kim, lee);
  await talked(kim, lee, '하나');
  await at.restart();
  for (const page of [kim, lee]) await state(page, OVER.ko);
  for (const page of [kim, lee]) await page.getByRole('button', { name: '새로고침' }).click();
  await matched(kim, lee);
  await talked(lee, kim, '새로운 하나');
});

test('a room says that it is offline, keeps what is unsent, and goes on', async (t) => {
  const at = await server(t);
  const between = await way(t, at.url);
  const kim = await person(t, `${between.url}/`);
  kim.profile.expectLostConnections();
  const id = await makeRoom(kim, '끊기는 방');
  const lee = await enter(t, at.url, id);
  await talked(lee, kim, '하나');
  between.cut();
  await sees(kim, LOST);
  await sees(kim, /초 뒤에 다시 시도/);
  await say(kim, '둘');
  await sees(kim, '보내는 중');
  await talkedTo(lee, '셋');
  between.mend();
  await kim.getByRole('button', { name: '지금 다시 연결' }).click();
  await misses(kim, LOST);
  await theirs(lee, '둘');
  await until('all of it in the order of the room', async () => (await talk(kim)).join() === '>하나,>셋,<둘');
  assert.deepEqual(await talk(lee), ['<하나', '<셋', '>둘']);
});

test('rooms and their talk outlive a server that is killed, where the store does', async (t) => {
  const store = await redis(t);
  const at = await server(t, '--store', store, '--lease-ms', '5000');
  const kim = await person(t, at.url);
  kim.profile.expectLostConnections();
  await makeRoom(kim, '오래가는 방');
  await say(kim, '하나');
  await own(kim, '하나');
  await at.restart(() => sees(kim, LOST));
  await misses(kim, LOST);
  await talkedTo(kim, '둘');
  assert.deepEqual(await talk(kim), ['<하나', '<둘']);
  await kim.getByRole('link', { name: '방 목록으로' }).click();
  await kim.getByRole('link', { name: /오래가는 방/ }).waitFor();
});

test('a room that went down with its server says so', async (t) => {
  const at = await server(t);
  const kim = await person(t, at.url);
  kim.profile.expectLostConnections();
  await makeRoom(kim, '잠깐 있던 방');
  await at.restart(() => sees(kim, LOST));
  await misses(kim, LOST);
  await sees(kim, '방에 들어갈 수 없습니다');
  await sees(kim, /그런 방이 없습니다/);
  await kim.locator('.room-note').getByRole('link', { name: '방 목록으로' }).click();
  await sees(kim, '아직 열린 방이 없습니다.');
  await makeRoom(kim, '다음 방');
});

test('what the server refuses is shown as not sent, and can be sent again or discarded', async (t) => {
  const { url } = await server(t, '--rate', '3');
  const one = await profile(t);
  const kim = await one.open(url);
  const id = await makeRoom(kim, '느린 방');
  // As fast as a page can, which is faster than this server allows.
  for (let i = 0; i < 30; i += 1) await say(kim, `말 ${i}`);
  await sees(kim, '보내지 못했습니다.');
  const lee = await enter(t, url, id);
  const failed = kim.locator('.row.failed').first();
  const text = await failed.locator('.bubble').textContent();
  await failed.getByRole('button', { name: '지우기' }).click();
  await until(`${text} is discarded`, async () => !(await talk(kim)).includes(`<${text}`));
  assert.ok(!(await talk(lee)).includes(`>${text}`));
  for (;;) {
    const next = kim.locator('.row.failed').first();
    if ((await next.count()) === 0) break;
    const words = await next.locator('.bubble').textContent();
    await next.getByRole('button', { name: '다시 보내기' }).click();
    await until(`${words} is sent, or refused again`, async () => (await kim.locator('.sending').count()) === 0);
    if ((await talk(lee)).includes(`>${words}`)) break;
  }
});
