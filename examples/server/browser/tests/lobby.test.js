// The list of rooms, live in its four orders, and the making of rooms.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misses, person, sees, until } from '../helpers/people.js';
import { own, say, theirs } from '../helpers/random.js';
import { enter, idOf, inRoom, listed, makeRoom, order, rename, titles } from '../helpers/rooms.js';
import { server } from '../helpers/server.js';

const row = (page, title) => page.getByRole('link', { name: new RegExp(title) });
const back = (page) => page.getByRole('link', { name: '방 목록으로' }).click();

test('an empty lobby says so, and shows a room as soon as somebody makes one', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await sees(kim, '아직 열린 방이 없습니다.');
  const lee = await person(t, url);
  await makeRoom(lee, '첫 번째 방');
  await listed(kim, '첫 번째 방');
  await misses(kim, '아직 열린 방이 없습니다.');
  await row(kim, '첫 번째 방').filter({ hasText: '지금 1명' }).waitFor();
});

test('rooms are ranked live in four orders', async (t) => {
  const { url } = await server(t, '--grace-ms', '200');
  const watcher = await person(t, url);
  const one = await person(t, url);
  const two = await person(t, url);
  const a = await makeRoom(one, '가 방');
  await say(one, '가에서');
  await own(one, '가에서');
  await back(one);
  const b = await makeRoom(one, '나 방');
  await say(one, '나에서');
  await own(one, '나에서');
  await makeRoom(two, '다 방');

  // Newest: by when they were made.
  await order(watcher, '새로운');
  await listed(watcher, '다 방', '나 방', '가 방');

  // Live: one is in 나, two is in 다, and then both are in 나.
  await order(watcher, '지금 많은');
  await listed(watcher, '나 방', '다 방', '가 방');
  await row(two, '나 방').click();
  await inRoom(two, '나 방');
  await row(watcher, '나 방').filter({ hasText: '지금 2명' }).waitFor();
  await listed(watcher, '나 방', '가 방', '다 방');
  const lee = await enter(t, url, a);
  const park = await enter(t, url, a);
  const choi = await enter(t, url, a);
  await row(watcher, '가 방').filter({ hasText: '지금 3명' }).waitFor();
  await listed(watcher, '가 방', '나 방', '다 방');

  // Visitors of the last half hour: who has gone still counts. 가: one, lee, park, choi. 나: one, two. 다: two.
  for (const page of [lee, park]) await back(page);
  await row(watcher, '가 방').filter({ hasText: '지금 1명' }).waitFor();
  await listed(watcher, '나 방', '가 방', '다 방');
  await order(watcher, '최근 30분');
  await listed(watcher, '가 방', '나 방', '다 방');
  await row(watcher, '가 방').filter({ hasText: '최근 30분 4명' }).waitFor();

  // Most recently active: by the last thing said; where nothing was said, last.
  await order(watcher, '최근 대화');
  await listed(watcher, '나 방', '가 방', '다 방');
  await say(choi, '가에서 또');
  await listed(watcher, '가 방', '나 방', '다 방');
  await sees(watcher, /: 가에서 또$/);
  await row(two, '다 방').click();
  await inRoom(two, '다 방');
  await say(two, '다에서도');
  await listed(watcher, '다 방', '가 방', '나 방');
  assert.equal(b, idOf(one));
});

test('a row shows the last message, both counts and when', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await rename(kim, '김');
  await makeRoom(kim, '이야기방');
  await say(kim, '오늘도 안녕하세요');
  const lee = await person(t, url, { language: 'en' });
  const seen = row(lee, '이야기방');
  await seen.filter({ hasText: '김: 오늘도 안녕하세요' }).waitFor();
  await seen.filter({ hasText: '1 person now' }).filter({ hasText: '1 visitor in the last 30 minutes' }).waitFor();
  assert.match(await seen.locator('time').textContent(), /now|ago/);
});

test('the order is kept, and is chosen by arrow keys too', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  const tab = (name) => kim.getByRole('tab', { name, selected: true });
  await tab('지금 많은').focus();
  await kim.keyboard.press('ArrowRight');
  await tab('최근 30분').waitFor();
  await kim.keyboard.press('End');
  await tab('최근 대화').waitFor();
  await kim.keyboard.press('ArrowRight');
  await tab('지금 많은').waitFor();
  await kim.keyboard.press('ArrowLeft');
  await tab('최근 대화').waitFor();
  assert.equal(await kim.evaluate(() => document.activeElement.id), 'order-active');
  await kim.reload();
  await tab('최근 대화').waitFor();
});

test('a row that moves keeps the focus', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await makeRoom(kim, '하나');
  await back(kim);
  await makeRoom(kim, '둘');
  await back(kim);
  await order(kim, '최근 대화');
  await listed(kim, '하나', '둘');
  await row(kim, '둘').focus();
  const lee = await person(t, url);
  await row(lee, '둘').click();
  await inRoom(lee, '둘');
  await say(lee, '위로');
  await listed(kim, '둘', '하나');
  assert.equal(await kim.evaluate(() => document.activeElement.closest('.room-row')?.querySelector('.room-name').textContent), '둘');
});

test('a private room is in no list, and its link leads into it', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url, { permissions: ['clipboard-read', 'clipboard-write'] });
  const lee = await person(t, url);
  await makeRoom(kim, '비밀 모임', '비공개');
  await sees(kim, /링크를 아는 사람만/);
  await kim.locator('.share').getByRole('button', { name: '링크 복사' }).click();
  await sees(kim, '링크를 복사했습니다.');
  const link = await kim.evaluate(() => navigator.clipboard.readText());
  assert.equal(link, kim.url());
  const park = await person(t, link);
  await inRoom(park, '비밀 모임');
  await say(park, '왔어요');
  await theirs(kim, '왔어요');
  await makeRoom(park, '모두의 방');
  await listed(lee, '모두의 방');
});

test('a room without a title is not made', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await kim.getByRole('button', { name: '방 만들기' }).click();
  const dialog = kim.getByRole('dialog', { name: '방 만들기' });
  await dialog.getByRole('button', { name: '만들기' }).click();
  await dialog.getByRole('textbox').fill('   ');
  await dialog.getByRole('button', { name: '만들기' }).click();
  assert.equal(await dialog.isVisible(), true);
  await kim.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await kim.evaluate(() => document.activeElement.id), 'new-room');
  assert.deepEqual(await titles(kim), []);
});

test('a chosen name is kept, and is the same in all tabs of a browser', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await rename(kim, '나무');
  await kim.reload();
  await kim.getByRole('button', { name: '내 이름: 나무. 바꾸기' }).waitFor();
  const other = await kim.profile.open(url);
  await other.getByRole('button', { name: '내 이름: 나무. 바꾸기' }).waitFor();
  // One person, however many tabs.
  await until('one is online', async () => (await other.locator('#online').textContent()).startsWith('접속 1명'));
});

test('the list takes more than fifty rooms when asked', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await sees(kim, '아직 열린 방이 없습니다.');
  await kim.evaluate(async () => {
    const { ChatClient } = await import(new URL('assets/chat-client.js', document.baseURI));
    const client = new ChatClient(new URL('ws', document.baseURI));
    await client.connect();
    await Promise.all(Array.from({ length: 60 }, (_, i) => client.open({ title: `방 ${i}` })));
    client.close();
  });
  await until('fifty rooms', async () => (await titles(kim)).length === 50);
  await kim.getByRole('button', { name: '더 보기' }).click();
  await until('sixty rooms', async () => (await titles(kim)).length === 60);
});
