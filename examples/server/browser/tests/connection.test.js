// Connections that are cut, and servers that die: shown as such, and survived.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misses, person, reconnect, sees, until } from '../helpers/people.js';
import { way } from '../helpers/proxy.js';
import { MATCHED, OVER, WAITING, enabled, field, matched, own, say, send, state, talk, talked, theirs } from '../helpers/random.js';
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
  await reconnect(kim);
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

test('nobody has to wait for the next try', async (t) => {
  const { between, kim } = await parted(t, '--grace-ms', '20000');
  // The waits between tries are random, up to a length. Here they are so long that only the button can end them in time.
  await kim.evaluate(() => (Math.random = () => 1000));
  between.cut();
  await sees(kim, /\d{3}초 뒤에 다시 시도/);
  between.mend();
  await kim.getByRole('button', { name: '지금 다시 연결' }).click();
  await misses(kim, LOST);
});

test('what is written while away is kept, shown as unsent, and sent once', async (t) => {
  const { between, kim, lee } = await parted(t, '--grace-ms', '20000');
  between.cut();
  await sees(kim, LOST);
  await say(kim, '들리나요');
  await say(kim, '여보세요');
  await own(kim, '여보세요');
  assert.equal(await kim.locator('.row.own .sending').count(), 2);
  between.mend();
  await reconnect(kim);
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
  await reconnect(kim);
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
  const at = await server(t, '--store', store, '--lease-ms', '30000');
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
  await reconnect(kim);
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
  const at = await server(t);
  const kim = await person(t, at.url);
  kim.profile.expectLostConnections();
  const id = await makeRoom(kim, '다시 열릴 방');
  await at.restart(async () => {
    await sees(kim, LOST);
    for (const text of ['하나', '둘']) await say(kim, text);
    await own(kim, '둘');
  });
  await sees(kim, '방에 들어갈 수 없습니다');
  // Somebody opens the room again, under the same id.
  const lee = await person(t, at.url);
  await lee.evaluate(async (room) => {
    const { ChatClient } = await import(new URL('assets/chat-client.js', document.baseURI));
    const client = new ChatClient(new URL('ws', document.baseURI));
    await client.connect();
    await client.open({ room, title: '다시 열린 방' });
    client.close();
  }, id);
  await lee.getByRole('link', { name: /다시 열린 방/ }).click();
  await kim.getByRole('button', { name: '다시 시도' }).click();
  const failed = (text) => kim.locator('.row.failed').filter({ hasText: text });
  await failed('하나').getByText('보내지 못했습니다.').waitFor();
  await failed('하나').getByRole('button', { name: '지우기' }).click();
  await failed('둘').getByRole('button', { name: '다시 보내기' }).click();
  await theirs(lee, '둘');
  await until('nothing is left', async () => (await kim.locator('.row.failed').count()) === 0);
  assert.deepEqual(await talk(kim), ['<둘']);
  assert.deepEqual(await talk(lee), ['>둘']);
});

test('what cannot even wait comes back into the field', async (t) => {
  const at = await server(t);
  const between = await way(t, at.url);
  const kim = await person(t, `${between.url}/`);
  kim.profile.expectLostConnections();
  const id = await makeRoom(kim, '수다');
  const lee = await enter(t, at.url, id);
  between.cut();
  await sees(kim, LOST);
  // 200 may wait to be sent. Faster than anybody types.
  await kim.evaluate(() => {
    const form = document.querySelector('form.compose');
    for (let i = 1; i <= 201; i += 1) {
      form.querySelector('textarea').value = `말 ${i}`;
      form.requestSubmit();
    }
  });
  await until('it is back', async () => (await field(kim).inputValue()) === '말 201');
  between.mend();
  await reconnect(kim);
  await theirs(lee, '말 200');
  await field(kim).press('Enter');
  await theirs(lee, '말 201');
  const all = (mark) => Array.from({ length: 201 }, (_, i) => `${mark}말 ${i + 1}`);
  await until('all are sent', async () => (await kim.locator('.sending').count()) === 0);
  assert.deepEqual(await talk(lee), all('>'));
  assert.deepEqual(await talk(kim), all('<'));
});
