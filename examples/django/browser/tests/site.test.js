// The site as its people see it: in by e-mail, a list of rooms that is live, rooms with people and a history.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { person, sees, until } from '../../../server/browser/helpers/people.js';
import { listed, own, present, say, sockets, talk, talked, theirs } from '../helpers/box.js';
import { PASSWORD, enter, member, site } from '../helpers/site.js';

const titles = (page) => page.locator('[data-rooms] .row-title').allTextContents();
const row = (page, title) => page.locator('[data-rooms] .row').filter({ hasText: title });

const film = (page, title) => page.locator('.film').getByRole('link', { name: title, exact: true });

/** Makes a room, and is in it. */
async function make(page, title, kind = '공개') {
  await page.goto(new URL('/rooms/new/', page.url()).href);
  await page.getByLabel('방 제목').fill(title);
  if (kind !== '공개') await page.getByRole('radio', { name: new RegExp(`^${kind}`) }).check();
  await page.getByRole('button', { name: '만들기' }).click();
  await page.getByRole('heading', { level: 1, name: title }).waitFor();
  return page.url();
}

test('sign-up by e-mail, then log-in, then the main page', async (t) => {
  const at = await site(t);
  const kim = await person(t, at.url);
  await kim.waitForURL(/log-in/);
  await kim.getByRole('link', { name: '가입하기' }).click();
  await kim.getByLabel('이메일 주소').fill('Kim@Example.org');
  await kim.getByLabel('이름', { exact: true }).fill('김');
  await kim.locator('#id_password1').fill(PASSWORD);
  await kim.locator('#id_password2').fill(`${PASSWORD}!`);
  await kim.getByRole('button', { name: '가입하기' }).click();
  await kim.locator('.problem').first().waitFor();
  await kim.locator('#id_password1').fill(PASSWORD);
  await kim.locator('#id_password2').fill(PASSWORD);
  await kim.getByRole('button', { name: '가입하기' }).click();

  await kim.waitForURL(/log-in/);
  await sees(kim, '김님, 환영합니다. 이제 로그인할 수 있습니다.');
  assert.equal(await kim.locator('#id_username').inputValue(), 'kim@example.org', 'the address is there already');
  await kim.locator('#id_password').fill('something else');
  await kim.getByRole('button', { name: '로그인' }).click();
  await kim.getByRole('alert').waitFor();
  // In other letters it is the same address.
  await kim.locator('#id_username').fill('KIM@example.org');
  await kim.locator('#id_password').fill(PASSWORD);
  await kim.getByRole('button', { name: '로그인' }).click();
  await kim.getByRole('heading', { level: 1, name: '채팅방' }).waitFor();
  await kim.locator('.film').first().waitFor();

  // Nobody can be there twice.
  const other = await person(t, `${at.url}/sign-up/`);
  await other.getByLabel('이메일 주소').fill('kim@EXAMPLE.org');
  await other.getByLabel('이름', { exact: true }).fill('다른 김');
  await other.locator('#id_password1').fill(PASSWORD);
  await other.locator('#id_password2').fill(PASSWORD);
  await other.getByRole('button', { name: '가입하기' }).click();
  await sees(other, '이미 가입한 주소입니다.');
});

test('two people talk in a film’s room, and nobody’s address is shown', async (t) => {
  const at = await site(t);
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  for (const page of [kim, lee]) await film(page, '메트로폴리스').click();
  await present(kim, 2);
  await present(lee, 2);
  await talked(kim, lee, '어제 다시 봤어요');
  await talked(lee, kim, '어땠어요?');
  await listed(kim, ['김', '이']);
  await listed(lee, ['이', '김']);
  for (const page of [kim, lee]) assert.doesNotMatch(await page.locator('chat-box').evaluate((box) => box.shadowRoot.textContent), /@|someone/);
  assert.deepEqual(await talk(lee), ['>어제 다시 봤어요', '<어땠어요?']);
});

test('a refresh counts nobody twice, and what was said is there again', async (t) => {
  const at = await site(t);
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  for (const page of [kim, lee]) await film(page, '아리랑').click();
  await present(kim, 2);
  await talked(kim, lee, '하나');
  const notices = () => kim.locator('chat-box .row.notice').allTextContents();
  const before = await notices();
  for (let i = 0; i < 3; i += 1) {
    await lee.reload();
    await theirs(lee, '하나');
  }
  await talked(lee, kim, '둘');
  assert.deepEqual(await notices(), before, 'nobody came and nobody went');
  await present(kim, 2);
  // Another tab of the same person is the same person.
  const tab = await lee.profile.open(lee.url());
  await theirs(tab, '하나');
  await own(tab, '둘');
  await talked(kim, tab, '셋');
  await present(kim, 2);
  assert.deepEqual(await notices(), before);
});

test('the list is ranked live, over one socket, without being loaded again', async (t) => {
  const at = await site(t);
  const [kim, lee, park] = [await member(t, at, '김'), await member(t, at, '이'), await member(t, at, '박')];
  const opened = sockets(park);
  await park.reload();
  await sees(park, '접속 3명');
  await make(kim, '첫째 방');
  const second = await make(lee, '둘째 방');
  await until('both are listed', async () => (await titles(park)).length === 2);
  await row(park, '첫째 방').getByText('지금 1명').waitFor();
  await kim.goto(second);
  await present(kim, 2);
  await until('it has risen', async () => (await titles(park)).join() === '둘째 방,첫째 방');
  await row(park, '둘째 방').getByText('지금 2명').waitFor();
  await row(park, '첫째 방').getByText('최근 30분 1명').waitFor();
  await say(kim, '여기예요');
  await row(park, '둘째 방').getByText('김: 여기예요').waitFor();
  // The films' own figures follow too.
  await lee.goto(`${at.url}/rooms/film-nosferatu/`);
  await park.locator('[data-film=film-nosferatu]').getByText('지금 1명').waitFor();
  assert.equal(opened(), 1, 'one socket');
  // As the server writes the page, so does the script.
  const live = await titles(park);
  await park.goto(`${at.url}/?order=newest`);
  assert.equal((await titles(park))[0], 'Nosferatu · 노스페라투');
  assert.equal(live.length, 3);
});

test('a room is in one socket with nothing besides, and leaving its page leaves it', async (t) => {
  const at = await site(t);
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  const room = await make(kim, '방');
  const opened = sockets(lee);
  await lee.goto(room);
  // Whoever comes and goes with nothing said between is told of in one line.
  await present(kim, 2);
  await talked(kim, lee, '하나');
  assert.equal(opened(), 1);
  await lee.getByRole('link', { name: '모든 방' }).click();
  await sees(kim, '이님이 나갔습니다.');
  await present(kim, 1);
});

test('a private room is in no list, and who has its address may come in', async (t) => {
  const at = await site(t);
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  const room = await make(kim, '둘만의 방', '비공개');
  await sees(kim, /비공개 방입니다/);
  await make(kim, '모두의 방');
  await until('the other is listed', async () => (await titles(lee)).join() === '모두의 방');
  for (const page of [kim, lee]) await page.goto(room);
  await talked(kim, lee, '쉿');
  await kim.goto(`${room}history/`);
  assert.equal(await kim.locator('.said b').count(), 0, 'nothing of it is stored');
});

test('rooms are made by the site alone, whatever a socket is told', async (t) => {
  const at = await site(t);
  const kim = await member(t, at, '김');
  const refused = await kim.evaluate(async () => {
    const { connect } = await import(document.querySelector('script[data-chat-modules]').src);
    const { url, user } = document.querySelector('[data-rooms]').dataset;
    const client = connect(url, user);
    const opened = await client.open({ title: '몰래' }).catch((error) => error.code);
    const joined = await client.room('film-nowhere', { create: { title: '몰래' } }).join().catch((error) => error.code);
    return [opened, joined];
  });
  assert.deepEqual(refused, ['forbidden', 'forbidden']);
});

test('what was said is kept, also when its room is over', async (t) => {
  const at = await site(t);
  const kim = await member(t, at, '김');
  await film(kim, '제너럴').click();
  await say(kim, '기차가 주인공이죠');
  await own(kim, '기차가 주인공이죠');
  const said = kim.locator('.said li').filter({ hasText: '기차가 주인공이죠' });
  await until('it is stored', async () => {
    await kim.goto(`${at.url}/rooms/film-the-general/history/`);
    return said.isVisible();
  });
  // In memory, the rooms are as old as the process.
  await at.stop();
  await at.start();
  await kim.reload();
  await said.waitFor();
});

test('who logs out is out of the chat at once, in all their pages', async (t) => {
  const at = await site(t);
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  for (const page of [kim, lee]) await page.goto(`${at.url}/rooms/film-sherlock-jr/`);
  await talked(kim, lee, '하나');
  const other = await lee.profile.open(`${at.url}/`);
  await other.getByRole('button', { name: '로그아웃' }).click();
  await other.waitForURL(/log-in/);
  await sees(lee, '연결이 종료되었습니다.');
  await present(kim, 1);
  await lee.getByRole('button', { name: '페이지 새로 고침' }).click();
  await lee.waitForURL(/log-in/);
});

test('a room that is not there says so', async (t) => {
  const at = await site(t);
  const kim = await member(t, at, '김');
  kim.profile.expect(/404/);
  for (const id of ['nowhere', 'film-nowhere', '%3Cimg%20src=x%3E', 'x'.repeat(100)]) {
    const answer = await kim.goto(`${at.url}/rooms/${id}/`);
    assert.equal(answer.status(), 404, id);
    await sees(kim, '그런 방이 없습니다');
  }
});

test('titles, names and messages are text', async (t) => {
  const at = await site(t);
  const kim = await member(t, at, '<b>김</b>');
  const lee = await member(t, at, '이');
  await make(kim, '<img src=x onerror=alert(1)>');
  for (const text of ['<script>alert(1)</script>', '<a href="javascript:alert(1)">x</a>', 'https://example.org/?a=<b>']) {
    await say(kim, text);
    await own(kim, text);
  }
  await row(lee, '<img src=x onerror=alert(1)>').getByText('<b>김</b>: https://example.org/?a=<b>').waitFor();
  const evil = () => lee.evaluate(() => [document, ...[...document.querySelectorAll('chat-box')].map((box) => box.shadowRoot)]
    .flatMap((root) => [...root.querySelectorAll('img, b:not(.said b), script:not([src]), [onerror], a[href^=javascript]')].map((element) => element.outerHTML)));
  assert.deepEqual(await evil(), []);
  await lee.reload();
  await row(lee, '<img src=x onerror=alert(1)>').getByText('<b>김</b>: https://example.org/?a=<b>').waitFor();
  assert.deepEqual(await evil(), []);
  await row(lee, '<img').getByRole('link').click();
  await theirs(lee, '<script>alert(1)</script>');
  assert.deepEqual(await evil(), []);
  const link = lee.locator('chat-box .bubble a');
  assert.deepEqual(await link.evaluateAll((all) => all.map((a) => [a.href, a.rel])), [['https://example.org/?a=', 'noopener noreferrer nofollow ugc']]);
});

test('the site speaks English and Korean, and so does its box', async (t) => {
  const at = await site(t);
  const kim = await member(t, at, 'Kim', { language: 'en' });
  await film(kim, 'Nosferatu').click();
  await present(kim, 1);
  await say(kim, 'hello');
  await own(kim, 'hello');
  await sees(kim, 'This is where the talk begins.');
  await kim.getByRole('button', { name: '한국어' }).click();
  await kim.getByRole('heading', { level: 1, name: '노스페라투' }).waitFor();
  await sees(kim, '대화의 시작입니다.');
  await present(kim, 1);
  assert.equal(await kim.locator('html').getAttribute('lang'), 'ko');
  await kim.getByRole('link', { name: '모든 방' }).click();
  await row(kim, 'Nosferatu · 노스페라투').waitFor();
  await enter(await person(t, at.url, { language: 'en' }), at, 'Lee', 'lee@example.org', 'en');
});
