// Everybody can use it: both languages, dark and light, by keyboard, with a screen reader, on a phone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessible } from '../../../server/browser/helpers/axe.js';
import { person, profile, until } from '../../../server/browser/helpers/people.js';
import { field, own, peopleButton, present, say, talked, theirs } from '../helpers/box.js';
import { member, site } from '../helpers/site.js';

// axe itself makes styles, to look through those of shadow roots; that nothing else does is seen where it is not run.
const OF_AXE = /Applying inline style violates/;

for (const look of ['ko', 'en'].flatMap((language) => ['light', 'dark'].map((theme) => ({ language, theme })))) {
  test(`axe finds nothing (${look.language}, ${look.theme})`, async (t) => {
    const at = await site(t);
    const visitor = await person(t, `${at.url}/sign-up/`, look);
    await accessible(visitor, 'signing up');
    await visitor.getByRole('button', { name: /가입하기|Sign up/ }).click();
    await visitor.locator('.problem').first().waitFor();
    await accessible(visitor, 'signing up, with faults');
    await visitor.goto(`${at.url}/log-in/`);
    await accessible(visitor, 'logging in');

    const kim = await member(t, at, 'Kim', look);
    await accessible(kim, 'the main page, without rooms');
    await kim.goto(`${at.url}/rooms/new/`);
    await accessible(kim, 'making a room');
    await kim.locator('#id_title').fill('등산 mountains');
    await kim.keyboard.press('Enter');
    await present(kim, 1);
    const lee = await member(t, at, 'Lee', { ...look, phone: true });
    for (const page of [kim, lee]) page.profile.expect(OF_AXE);
    await accessible(lee, 'the main page on a phone');
    await lee.goto(kim.url());
    await talked(kim, lee, 'https://example.org 안녕 hello');
    await talked(lee, kim, '반갑습니다 hi');
    await field(lee).pressSequentially('…');
    await kim.locator('chat-box .typing.shown').waitFor();
    await accessible(kim, 'a room');
    await accessible(lee, 'a room on a phone');
    await peopleButton(lee, 2).tap();
    await lee.locator('chat-box .person').first().waitFor();
    await accessible(lee, 'its people on a phone');
    await kim.goto(`${kim.url()}history/`);
    await accessible(kim, 'its history');
    kim.profile.expect(/404/);
    await kim.goto(`${at.url}/rooms/nowhere/`);
    await accessible(kim, 'no such room');
  });
}

test('all of it works by keyboard', async (t) => {
  const at = await site(t);
  const [kim, lee] = [await member(t, at, '김'), await member(t, at, '이')];
  await lee.goto(`${at.url}/rooms/film-metropolis/`);
  await present(lee, 1);
  const focused = () => kim.evaluate(() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent.trim();
  });
  const tabTo = async (name) => {
    for (let i = 0; i < 60; i += 1) {
      await kim.keyboard.press('Tab');
      if (name.test(await focused())) return;
    }
    assert.fail(`the keyboard does not reach ${name}`);
  };
  await tabTo(/^메트로폴리스$/);
  await kim.keyboard.press('Enter');
  await present(kim, 2);
  await tabTo(/에 보낼 메시지$/);
  await kim.keyboard.type('안녕');
  // A new line sends nothing; a page's shortcuts are not meant here.
  await kim.keyboard.press('Shift+Enter');
  await kim.keyboard.type('하세요');
  await kim.keyboard.press('Enter');
  await theirs(lee, '안녕\n하세요');
  assert.match(await focused(), /보낼 메시지$/, 'one writes on');
  for (let i = 0; i < 20 && !/참여자/.test(await focused()); i += 1) await kim.keyboard.press('Shift+Tab');
  // The people are shown already: they are closed, and the focus is where it was.
  const people = kim.locator('chat-box .people');
  await until('they are shown', () => people.isVisible());
  for (let i = 0; i < 20 && !/참여자 2명/.test(await focused()); i += 1) await kim.keyboard.press('Shift+Tab');
  await kim.keyboard.press('Enter');
  await people.waitFor({ state: 'hidden' });
  await kim.keyboard.press('Enter');
  await people.waitFor();
  assert.equal(await focused(), '닫기');
  await kim.keyboard.press('Escape');
  await people.waitFor({ state: 'hidden' });
  assert.match(await focused(), /참여자 2명/);
});

test('nothing is cut off or too small to be hit on a phone', async (t) => {
  const at = await site(t);
  const kim = await member(t, at, '아주아주 긴 이름을 가진 사람입니다', { phone: true });
  const found = () => kim.evaluate(() => {
    const roots = [document, ...[...document.querySelectorAll('chat-box')].map((box) => box.shadowRoot)];
    const all = roots.flatMap((root) => [...root.querySelectorAll('a, button, input:not([type=hidden], [type=radio]), textarea')]);
    const size = (element) => {
      const { width, height } = element.getBoundingClientRect();
      return { width, height };
    };
    // Links within a text are as high as it; the way past the head is there when it is focused. A hair less is what is left of 44
    // where the page is scrolled by a part of a pixel.
    const small = all.filter((element) => element.checkVisibility() && !element.matches('p a, h3 a, .bubble a, .skip') && Math.min(...Object.values(size(element))) < 43.9);
    const sizes = small.map((element) => `${element.outerHTML.slice(0, 100)} ${JSON.stringify(size(element))}`);
    return { small: sizes, wider: document.documentElement.scrollWidth - innerWidth };
  });
  // What a page is on its way through is not what it is: looked at until it is as it should be, and what it stays at is told.
  const narrow = async (what) => {
    let last;
    const good = async () => {
      last = await found();
      return last.small.length === 0 && last.wider === 0;
    };
    await until(what, good).catch(() => assert.fail(`${what}: ${JSON.stringify(last)}`));
  };
  await narrow('the main page');
  await kim.goto(`${at.url}/rooms/new/`);
  await kim.locator('#id_title').fill('아주아주 긴 제목의 방입니다 '.repeat(5).trim());
  await narrow('making a room');
  await kim.keyboard.press('Enter');
  await present(kim, 1);
  await say(kim, `긴낱말${'ㅋ'.repeat(200)} https://example.org/${'x'.repeat(200)}`);
  await kim.locator('chat-box .row.own time').waitFor();
  await narrow('a room');
  await kim.goto(`${at.url}/`);
  await kim.locator('[data-rooms] .row').waitFor();
  await narrow('the main page with a room');
});

test('old messages are not read aloud, new ones are', async (t) => {
  const at = await site(t);
  const kim = await member(t, at, '김');
  await kim.goto(`${at.url}/rooms/film-arirang/`);
  await say(kim, '하나');
  await own(kim, '하나');
  const lee = await member(t, at, '이');
  // How live the log was whenever messages came into it, from the beginning.
  await lee.profile.context.addInitScript(() => {
    window.live = [];
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function attached(options) {
      const root = attach.call(this, options);
      new MutationObserver((changes) => {
        const added = changes.flatMap((change) => [...change.addedNodes]);
        if (added.some((node) => node.classList?.contains('said'))) window.live.push(root.querySelector('.log').getAttribute('aria-live'));
      }).observe(root, { childList: true, subtree: true });
      return root;
    };
  });
  await lee.goto(`${at.url}/rooms/film-arirang/`);
  await theirs(lee, '하나');
  await until('it is live', async () => (await lee.locator('chat-box .log').getAttribute('aria-live')) === 'polite');
  await talked(kim, lee, '둘');
  assert.equal((await lee.evaluate(() => window.live)).at(-1), 'polite');
  assert.equal((await lee.evaluate(() => window.live.filter((one) => one === 'polite'))).length, 1);
});

test('without scripts, the rooms can be seen', async (t) => {
  const at = await site(t);
  const kim = await member(t, at, '김');
  await kim.goto(`${at.url}/rooms/film-arirang/`);
  await say(kim, '하나');
  await own(kim, '하나');
  const cookies = await kim.profile.context.cookies();
  const reader = await profile(t, { javaScriptEnabled: false });
  await reader.context.addCookies(cookies);
  const page = await reader.open(`${at.url}/`);
  await page.getByRole('link', { name: /Arirang · 아리랑/ }).filter({ hasText: '지금 1명' }).filter({ hasText: '김: 하나' }).click();
  await page.getByRole('heading', { level: 1, name: '아리랑' }).waitFor();
  // A browser that is driven keeps what is for those without scripts to itself: that it is there is all that can be seen.
  assert.match(await page.content(), /<noscript><p lang="ko">대화하려면 자바스크립트가 필요합니다\.<\/p><\/noscript>/);
});
