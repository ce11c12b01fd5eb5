// Everybody can use it: both languages, both themes, by keyboard, with a screen reader, on a phone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible } from '../helpers/axe.js';
import { person, profile, reconnect, sees, until } from '../helpers/people.js';
import { way } from '../helpers/proxy.js';
import { MATCHED, OVER, WAITING, addInterest, matched, own, say, state, talk, talked, theirs } from '../helpers/random.js';
import { enter, idOf, inRoom } from '../helpers/rooms.js';
import { LONG_GRACE, server } from '../helpers/server.js';

const LOOKS = ['ko', 'en'].flatMap((language) => ['light', 'dark'].map((theme) => ({ language, theme })));

for (const look of LOOKS) {
  const name = `${look.language}, ${look.theme}`;

  test(`axe finds nothing in the lobby and in rooms (${name})`, async (t) => {
    const at = await server(t);
    const between = await way(t, at.url);
    const kim = await person(t, `${between.url}/`, look);
    kim.profile.expectLostConnections();
    await kim.locator('.list-note').filter({ visible: true }).waitFor();
    await accessible(kim, 'an empty lobby');
    await kim.locator('#new-room').click();
    await accessible(kim, 'making a room');
    await kim.locator('dialog input[name=title]').fill('등산 mountains');
    await kim.locator('dialog [type=submit]').click();
    await inRoom(kim, '등산 mountains');
    await say(kim, 'https://example.org 안녕');
    await kim.locator('.row.own time').waitFor();
    const lee = await enter(t, at.url, idOf(kim), { ...look, phone: true });
    await talked(lee, kim, '반갑습니다 hello');
    await accessible(kim, 'a room beside the list');
    await accessible(lee, 'a room on a phone');
    await lee.locator('#people').tap();
    await lee.locator('#members-title').filter({ visible: true }).waitFor();
    await accessible(lee, 'its people on a phone');
    await kim.locator('.member button').click();
    await accessible(kim, 'changing one’s name');
    await kim.keyboard.press('Escape');
    between.cut();
    await kim.locator('.banner-line').waitFor();
    await say(kim, '아직 못 보낸 말');
    await kim.locator('.sending').waitFor();
    await accessible(kim, 'a room that is offline');
    between.mend();
    await reconnect(kim);
    await theirs(lee, '아직 못 보낸 말');
    await kim.locator('.room-head button[aria-haspopup=dialog]').click();
    await accessible(kim, 'closing a room');
    await kim.locator('dialog [type=submit]').click();
    await lee.locator('.ended').filter({ visible: true }).waitFor();
    await accessible(kim, 'a closed room');
    const nowhere = await kim.profile.open(`${new URL('#room=nowhere', at.url)}`);
    await nowhere.locator('.room-note h3').waitFor();
    await accessible(nowhere, 'a room that is not there');
  });

  test(`axe finds nothing in the random chat (${name})`, async (t) => {
    const { url } = await server(t);
    const kim = await person(t, `${url}/random`, look);
    await state(kim, WAITING[look.language]);
    await addInterest(kim, '음악');
    await accessible(kim, 'waiting');
    const lee = await person(t, `${url}/random`, { ...look, phone: true, interests: ['음악'] });
    for (const page of [kim, lee]) await state(page, MATCHED[look.language]);
    await talked(kim, lee, '안녕하세요 hello');
    await talked(lee, kim, '네');
    await lee.locator('.compose textarea').pressSequentially('음');
    await kim.locator('.typing.shown').waitFor();
    await accessible(kim, 'a talk');
    await accessible(lee, 'a talk on a phone');
    await lee.locator('#block').tap();
    await accessible(lee, 'blocking');
    await lee.locator('dialog [type=submit]').tap();
    for (const page of [kim, lee]) await state(page, OVER[look.language]);
    await accessible(kim, 'a talk that is over');
    await accessible(lee, 'blocked, on a phone');
  });
}

test('the language is the browser’s, can be switched without a reload, and is kept', async (t) => {
  const { url } = await server(t, ...LONG_GRACE);
  const lee = await person(t, `${url}/random`, { language: 'en' });
  await state(lee, WAITING.en);
  assert.equal(await lee.locator('html').getAttribute('lang'), 'en');
  const kim = await person(t, `${url}/random`);
  await state(kim, MATCHED.ko);
  await state(lee, MATCHED.en);
  await talked(kim, lee, '안녕하세요');
  await kim.getByRole('button', { name: 'English' }).click();
  await state(kim, MATCHED.en);
  assert.equal(await kim.locator('html').getAttribute('lang'), 'en');
  assert.match(await kim.locator('.row time').first().textContent(), /^\d{1,2}:\d\d\s?(AM|PM)?$/);
  assert.equal(await kim.title(), 'Random chat · Chat');
  assert.deepEqual(await talk(kim), ['<안녕하세요'], 'the talk is still there');
  // Also in its other tabs, and after a reload.
  const lobby = await kim.profile.open(url);
  await sees(lobby, 'There is no room yet.');
  await lobby.getByRole('button', { name: '한국어' }).click();
  await sees(lobby, '아직 열린 방이 없습니다.');
  await state(kim, MATCHED.ko);
  await kim.reload();
  await state(kim, MATCHED.ko);
});

test('a browser of another language is greeted in English', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, `${url}/random`, { locale: 'fr-FR' });
  await state(kim, WAITING.en);
});

test('the theme is the browser’s, follows it, can be chosen, and the choice is kept', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url, { theme: 'dark' });
  const theme = () => kim.locator('html').getAttribute('data-theme');
  assert.equal(await theme(), 'dark');
  await kim.emulateMedia({ colorScheme: 'light' });
  await until('it follows', async () => (await theme()) === 'light');
  const dark = kim.getByRole('button', { name: '어두운 화면' });
  assert.equal(await dark.getAttribute('aria-pressed'), 'false');
  await dark.click();
  assert.equal(await theme(), 'dark');
  assert.equal(await dark.getAttribute('aria-pressed'), 'true');
  await kim.reload();
  assert.equal(await theme(), 'dark');
  await dark.click();
  assert.equal(await theme(), 'light');
  // Which is what the browser says, so from now on it is followed again.
  await kim.emulateMedia({ colorScheme: 'dark' });
  await until('it follows', async () => (await theme()) === 'dark');
});

/** Presses Tab until what is focused has this name. */
async function tabTo(page, name) {
  for (let i = 0; i < 40; i += 1) {
    await page.keyboard.press('Tab');
    const focused = page.locator(':focus');
    if ((await focused.count()) === 0) continue;
    const names = await focused.evaluate((element) => [element.getAttribute('aria-label'), element.textContent, element.labels?.[0]?.textContent].join(' '));
    if (names.includes(name)) {
      const ring = await focused.evaluate((element) => getComputedStyle(element).outlineStyle);
      assert.notEqual(ring, 'none', `${name} shows that it has the focus`);
      return;
    }
  }
  assert.fail(`the keyboard does not reach ${name}`);
}

test('a stranger is talked to, blocked and replaced by keyboard alone', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, `${url}/random`);
  await state(kim, WAITING.ko);
  const lee = await person(t, `${url}/random`);
  await matched(kim, lee);
  await tabTo(kim, '본문으로 건너뛰기');
  await kim.keyboard.press('Enter');
  await tabTo(kim, '메시지');
  await kim.keyboard.type('키보드로');
  await kim.keyboard.press('Enter');
  await theirs(lee, '키보드로');
  await kim.keyboard.type('또');
  await kim.keyboard.press('Enter');
  await theirs(lee, '또');
  await kim.evaluate(() => document.activeElement.blur());
  await tabTo(kim, '차단');
  await kim.keyboard.press('Enter');
  await kim.keyboard.press('Escape');
  await until('the focus is back', () => kim.evaluate(() => document.activeElement.id === 'block'));
  await kim.keyboard.press('Enter');
  await tabTo(kim, '차단하기');
  await kim.keyboard.press('Enter');
  await state(kim, OVER.ko);
  await until('the focus is on what comes next', () => kim.evaluate(() => document.activeElement.id === 'refresh'));
  await kim.keyboard.press('Enter');
  await state(kim, WAITING.ko);
});

test('a room is made, talked in and left by keyboard alone', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await sees(kim, '아직 열린 방이 없습니다.');
  await tabTo(kim, '방 만들기');
  await kim.keyboard.press('Enter');
  await kim.keyboard.type('키보드 방');
  await kim.keyboard.press('Enter');
  await inRoom(kim, '키보드 방');
  // The focus is where one goes on: in the field.
  await kim.keyboard.type('안녕');
  await kim.keyboard.press('Enter');
  await own(kim, '안녕');
  await kim.locator('.room-name', { hasText: '키보드 방' }).waitFor();
  await kim.keyboard.press('Shift+Tab');
  for (let i = 0; i < 10 && !(await kim.evaluate(() => document.activeElement.getAttribute('href') === '#')); i += 1) await kim.keyboard.press('Shift+Tab');
  await kim.keyboard.press('Enter');
  await sees(kim, '방을 골라 보세요');
  await until('the focus is on its row', () => kim.evaluate(() => document.activeElement.dataset.room !== undefined));
  await kim.keyboard.press('Enter');
  await inRoom(kim, '키보드 방');
});

for (const width of [320, 390]) {
  test(`nothing is wider than a phone of ${width} pixels, or too small for a finger`, async (t) => {
    const { url } = await server(t);
    for (const language of ['ko', 'en']) {
      const kim = await profile(t, { language, phone: true, viewport: { width, height: 700 } });
      const found = (page) => page.evaluate(() => {
        const all = [...document.querySelectorAll('button, a, input, textarea, summary, label')].filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest('.unseen, .skip, .bubble'));
        const small = all.filter((element) => {
          // A box to tick is as large as its label. A hair less is what is left of 44 where the page is scrolled by a part of a pixel.
          const box = (element.closest('label') ?? element).getBoundingClientRect();
          return Math.min(box.width, box.height) < 43.9 && element.matches(':not(label)');
        });
        return { small: small.map((element) => `${element.outerHTML.slice(0, 120)} ${element.getBoundingClientRect().width}x${element.getBoundingClientRect().height}`), wider: document.documentElement.scrollWidth - innerWidth };
      });
      // What a page is on its way through is not what it is: looked at until it is as it should be, and what it stays at is told.
      const narrow = async (page, what) => {
        let last;
        const good = async () => {
          last = await found(page);
          return last.small.length === 0 && last.wider === 0;
        };
        await until(what, good).catch(() => assert.fail(`${what}, ${language}: ${JSON.stringify(last)}`));
      };
      const lobby = await kim.open(url);
      await lobby.locator('#you').waitFor();
      await narrow(lobby, 'the lobby');
      await lobby.locator('#new-room').tap();
      await lobby.locator('dialog input[name=title]').fill('아주아주 긴 제목의 방입니다 '.repeat(5).trim());
      await narrow(lobby, 'making a room');
      await lobby.locator('dialog [type=submit]').tap();
      await lobby.locator('.compose textarea').fill(`긴낱말${'ㅋ'.repeat(200)} https://example.org/${'x'.repeat(200)}`);
      await lobby.locator('.compose-send').tap();
      await lobby.locator('.row.own time').waitFor();
      await narrow(lobby, 'a room');
      await lobby.locator('#people').tap();
      await narrow(lobby, 'its people');
      await lobby.locator('.members-head button').tap();
      await lobby.locator('.room-head a').tap();
      await lobby.locator('.room-row').first().waitFor();
      await narrow(lobby, 'the lobby with rooms');
      const random = await kim.open(`${url}/random`);
      await addInterest(random, '아주 긴 관심사도 있을 수 있지요');
      await narrow(random, 'waiting');
      const other = await kim.open(`${url}/random`);
      for (const page of [random, other]) await state(page, MATCHED[language]);
      await say(random, 'ㅋ'.repeat(300));
      await theirs(other, 'ㅋ'.repeat(300));
      await narrow(random, 'a talk');
      await random.locator('#leave').tap();
      await state(random, OVER[language]);
      await narrow(random, 'a talk that is over');
    }
  });
}

test('old messages are not read aloud, new ones are', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await kim.locator('#new-room').click();
  await kim.locator('dialog input[name=title]').fill('조용히');
  await kim.keyboard.press('Enter');
  await inRoom(kim, '조용히');
  await say(kim, '하나');
  await own(kim, '하나');
  // How live the log was whenever messages came into it, from the beginning.
  const reader = await profile(t);
  await reader.context.addInitScript(() => {
    window.live = [];
    new MutationObserver((changes) => {
      const added = changes.flatMap((change) => [...change.addedNodes]);
      if (added.some((node) => node.classList?.contains('said'))) window.live.push(document.querySelector('.log').getAttribute('aria-live'));
    }).observe(document, { childList: true, subtree: true });
  });
  const lee = await reader.open(`${new URL(`#room=${idOf(kim)}`, url)}`);
  await theirs(lee, '하나');
  await until('it is live', async () => (await lee.locator('.log').getAttribute('aria-live')) === 'polite');
  await say(kim, '둘');
  await theirs(lee, '둘');
  assert.deepEqual(await lee.evaluate(() => window.live), ['off', 'polite']);
});
