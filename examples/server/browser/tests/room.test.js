// One room: what was said, who is there, and what its people can do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misses, person, profile, sees, until } from '../helpers/people.js';
import { field, own, say, talk, talked, theirs } from '../helpers/random.js';
import { enter, inRoom, listed, makeRoom, people, rename } from '../helpers/rooms.js';
import { LONG_GRACE, server } from '../helpers/server.js';

/** A room in which this much was said, by somebody who is not there any more. */
async function told(page, title, n) {
  return page.evaluate(async ([roomTitle, count]) => {
    const { ChatClient } = await import(new URL('assets/chat-client.js', document.baseURI));
    const client = new ChatClient(new URL('ws', document.baseURI), { name: '기록' });
    await client.connect();
    const { id } = await client.open({ title: roomTitle });
    const room = client.room(id);
    await room.join();
    for (let i = 1; i <= count; i += 1) await room.say(`말 ${i}`);
    await room.leave();
    client.close();
    return id;
  }, [title, n]);
}

const place = (page) => page.locator('.log').evaluate((log) => log.scrollTop);
const saidRows = (page) => page.locator('.row.said').count();

test('what was said before is there at once, and more on scrolling up, without moving what is read', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  const id = await told(kim, '긴 이야기', 180);
  const lee = await enter(t, url, id);
  await theirs(lee, '말 180');
  assert.equal(await saidRows(lee), 50);
  const atEnd = () => lee.locator('.log').evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 2);
  assert.equal(await atEnd(), true);

  const where = (text) => lee.locator('.bubble', { hasText: new RegExp(`^${text}$`) }).evaluate((bubble) => bubble.getBoundingClientRect().top);
  const before = await lee.locator('.log').evaluate((log) => {
    log.scrollTop = 100;
    return [...log.querySelectorAll('.bubble')].find((bubble) => bubble.textContent === '말 133').getBoundingClientRect().top;
  });
  await until('more is there', async () => (await saidRows(lee)) === 100);
  assert.ok(Math.abs((await where('말 133')) - before) < 3, `it stays in place: ${before} → ${await where('말 133')}`);
  assert.ok((await place(lee)) > 500);

  // To the beginning, by the button that is there for the keyboard.
  await until('all are there', async () => {
    await lee.evaluate(() => document.querySelector('.log-top button:not([hidden])')?.click());
    return (await saidRows(lee)) === 180;
  });
  await sees(lee, '대화의 시작입니다.');
  assert.deepEqual((await talk(lee)).slice(0, 2), ['>말 1', '>말 2']);
});

test('who reads further up is not moved by what is new, and told of it', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  const id = await told(kim, '긴 이야기', 60);
  const lee = await enter(t, url, id);
  await theirs(lee, '말 60');
  await lee.locator('.log').evaluate((log) => (log.scrollTop = log.scrollHeight / 2));
  await lee.getByRole('button', { name: '맨 아래로' }).waitFor();
  const before = await place(lee);
  const park = await enter(t, url, id);
  await say(park, '새로운 말');
  await say(park, '또 새로운 말');
  const pill = lee.getByRole('button', { name: '새 메시지 2개' });
  await pill.waitFor();
  assert.equal(await place(lee), before);
  await pill.click();
  await pill.waitFor({ state: 'hidden' });
  await until('it is seen', () => lee.locator('.row.said').last().evaluate((row) => row.getBoundingClientRect().bottom <= innerHeight));
  // At the end, one stays at the end.
  await say(park, '마지막 말');
  await theirs(lee, '마지막 말');
  await until('it is seen', () => lee.locator('.log').evaluate((log) => log.scrollHeight - log.scrollTop - log.clientHeight < 2));
  assert.equal(await lee.locator('.pill').isHidden(), true);
});

test('the days are set apart', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await makeRoom(kim, '오늘');
  await say(kim, '하나');
  await own(kim, '하나');
  const today = await kim.evaluate(() => new Intl.DateTimeFormat('ko', { dateStyle: 'full' }).format(new Date()));
  await until('today is named', async () => (await kim.locator('.row.day').first().textContent()) === today);
});

test('comings, goings and new names are told in one quiet line, and in the list of people', async (t) => {
  const { url } = await server(t, '--grace-ms', '300');
  const kim = await person(t, url);
  await rename(kim, '김');
  const id = await makeRoom(kim, '사람들');
  const lee = await person(t, url);
  await rename(lee, '이');
  await lee.goto(`${new URL(`#room=${id}`, url)}`);
  await inRoom(lee, '사람들');
  await sees(kim, '이님이 들어왔습니다.');
  await until('both are listed', async () => (await people(kim)).join() === '김,이' && (await people(lee)).join() === '이,김');
  await kim.getByRole('button', { name: '참여자 2명' }).waitFor();

  const park = await person(t, url);
  await rename(park, '박');
  await park.goto(`${new URL(`#room=${id}`, url)}`);
  await sees(kim, '이, 박님이 들어왔습니다.');
  assert.equal(await kim.locator('.row.notice').count(), 1);
  await talked(kim, lee, '반갑습니다');

  await park.locator('.members').getByRole('button', { name: /이름: 박/ }).click();
  const dialog = park.getByRole('dialog');
  await dialog.getByRole('textbox').fill('박새');
  await dialog.getByRole('button', { name: '저장' }).click();
  await sees(kim, '박님이 이름을 박새(으)로 바꾸었습니다.');
  await until('the new name is listed', async () => (await people(kim)).includes('박새'));

  await lee.getByRole('link', { name: '방 목록으로' }).click();
  await sees(kim, '이님이 나갔습니다.');
  await until('two are listed', async () => (await people(kim)).join() === '김,박새');
  // One's own coming is no news to oneself.
  await misses(kim, /김님이 들어왔습니다/);
  await park.close();
  await sees(kim, /이, 박새님이 나갔습니다/);
});

test('a refresh in a room is nobody new', async (t) => {
  const { url } = await server(t, ...LONG_GRACE);
  const kim = await person(t, url);
  const id = await makeRoom(kim, '새로고침');
  const lee = await enter(t, url, id);
  await sees(kim, /님이 들어왔습니다/);
  await talked(kim, lee, '하나');
  const notices = () => kim.locator('.row.notice').allTextContents();
  const before = await notices();
  await lee.reload();
  await theirs(lee, '하나');
  await talked(lee, kim, '둘');
  assert.deepEqual(await notices(), before);
  await kim.getByRole('button', { name: '참여자 2명' }).waitFor();
});

test('two tabs of one browser are one participant', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  const id = await makeRoom(kim, '두 탭');
  const other = await kim.profile.open(`${new URL(`#room=${id}`, url)}`);
  await inRoom(other, '두 탭');
  await say(other, '다른 탭에서');
  await own(kim, '다른 탭에서');
  await own(other, '다른 탭에서');
  await kim.getByRole('button', { name: '참여자 1명' }).waitFor();
  assert.equal(await kim.locator('.row.notice').count(), 0);
});

test('typing is shown by name', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  const id = await makeRoom(kim, '입력');
  const lee = await person(t, url);
  await rename(lee, '이');
  await lee.goto(`${new URL(`#room=${id}`, url)}`);
  await inRoom(lee, '입력');
  await field(lee).pressSequentially('음');
  await sees(kim, '이님이 입력하고 있습니다.');
  await field(lee).press('Enter');
  await theirs(kim, '음');
  await misses(kim, /입력하고 있습니다/);
});

test('one socket for everything: lobby, room, lobby, another room', async (t) => {
  const { url } = await server(t);
  const one = await profile(t);
  const kim = await one.context.newPage();
  let sockets = 0;
  let loads = 0;
  kim.on('websocket', () => (sockets += 1));
  kim.on('load', () => (loads += 1));
  await kim.goto(url);
  const first = await makeRoom(kim, '첫째');
  await say(kim, '하나');
  await own(kim, '하나');
  await listed(kim, '첫째');
  await kim.getByRole('link', { name: '방 목록으로' }).click();
  await kim.getByRole('link', { name: /첫째/ }).filter({ hasText: '지금 0명' }).waitFor();
  await until('the focus is where it was left', () => kim.evaluate(() => document.activeElement.closest('.room-row')?.textContent.includes('첫째')));
  await makeRoom(kim, '둘째');
  await kim.goBack();
  await kim.goBack();
  await inRoom(kim, '첫째');
  await own(kim, '하나');
  await kim.getByRole('link', { name: /둘째/ }).click();
  await inRoom(kim, '둘째');
  await kim.getByRole('tab', { name: '새로운' }).click();
  await listed(kim, '둘째', '첫째');
  assert.deepEqual([sockets, loads], [1, 1]);
  await kim.reload();
  await inRoom(kim, '둘째');
  assert.deepEqual([sockets, loads], [2, 2]);
  assert.ok(first);
});

test('a draft waits in its room', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await makeRoom(kim, '하나');
  await field(kim).fill('반쯤 쓴 말');
  await kim.getByRole('link', { name: '방 목록으로' }).click();
  await makeRoom(kim, '둘');
  assert.equal(await field(kim).inputValue(), '');
  await kim.getByRole('link', { name: /하나/ }).click();
  await inRoom(kim, '하나');
  assert.equal(await field(kim).inputValue(), '반쯤 쓴 말');
});

test('its owner closes a room, and everybody is told why', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  const id = await makeRoom(kim, '곧 닫힐 방');
  const lee = await enter(t, url, id);
  await talked(kim, lee, '이제 닫습니다');
  assert.equal(await lee.getByRole('button', { name: '방 닫기' }).count(), 0, 'nobody else can');
  await kim.getByRole('button', { name: '방 닫기' }).click();
  const dialog = kim.getByRole('dialog', { name: '이 방을 닫을까요?' });
  await dialog.getByRole('button', { name: '방 닫기' }).click();
  await dialog.waitFor({ state: 'detached' });
  for (const page of [kim, lee]) {
    await page.locator('.ended', { hasText: '방장이 방을 닫았습니다.' }).waitFor();
    await until('nothing can be written', () => field(page).isHidden());
  }
  assert.deepEqual(await talk(lee), ['>이제 닫습니다'], 'the talk can still be read');
  await listed(kim);
  // Who comes late is told as well.
  const park = await person(t, `${new URL(`#room=${id}`, url)}`);
  await sees(park, '닫힌 방입니다.');
  await sees(park, '방장이 방을 닫았습니다.');
});

test('a room that is not there says so, and leads back', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, `${new URL('#room=nowhere', url)}`);
  await sees(kim, '방에 들어갈 수 없습니다');
  await sees(kim, /그런 방이 없습니다/);
  await kim.getByRole('button', { name: '다시 시도' }).click();
  await kim.locator('.room-note').getByRole('link', { name: '방 목록으로' }).click();
  await sees(kim, '방을 골라 보세요');
});

test('a message that is too long is kept in the field, and said to be', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await makeRoom(kim, '긴 말');
  // In bytes: three for each syllable.
  await field(kim).fill('가'.repeat(6000));
  await field(kim).press('Enter');
  await sees(kim, '메시지가 너무 깁니다. 나누어 보내 주세요.');
  assert.equal((await field(kim).inputValue()).length, 6000);
  await field(kim).fill('가'.repeat(5000));
  await field(kim).press('Enter');
  await until('it is sent', async () => (await talk(kim)).length === 1 && (await kim.locator('.sending').count()) === 0);
});

test('messages of other clients are shown as text', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  const id = await makeRoom(kim, '여러 가지');
  await kim.evaluate(async (room) => {
    const { ChatClient } = await import(new URL('assets/chat-client.js', document.baseURI));
    const client = new ChatClient(new URL('ws', document.baseURI), { name: '기계' });
    await client.connect();
    await client.room(room).join();
    for (const body of [{ text: '글' }, { kind: 'image', url: 'x' }, 42, null, ['a'], { text: 7 }]) await client.room(room).say(body);
    client.close();
  }, id);
  await until('all are shown', async () => (await talk(kim)).length === 6);
  assert.deepEqual(await talk(kim), ['>글', '>{"kind":"image","url":"x"}', '>42', '>null', '>["a"]', '>{"text":7}']);
});
