// People in front of a real browser. One Chromium per test file; each person has a profile of their own, unless said
// otherwise; and nobody's console may say anything.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { launch } from './chromium.js';
import { later } from './later.js';

// How long something that has to come about may take on a busy machine.
export const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 60_000);

let browser;
after(async () => (await browser)?.close());

/** A profile: a browser of one person. `options`: those of playwright, `language` (`ko`, `en`), `theme` (`light`, `dark`), `phone`, `interests`. */
export async function profile(t, { language = 'ko', theme = 'light', phone = false, interests = [], ...options } = {}) {
  browser ??= launch();
  const context = await (await browser).newContext({
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    timezoneId: 'Asia/Seoul',
    colorScheme: theme,
    reducedMotion: 'reduce',
    viewport: phone ? { width: 360, height: 740 } : { width: 1280, height: 800 },
    hasTouch: phone,
    isMobile: phone,
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  if (interests.length > 0) {
    await context.addInitScript((tags) => {
      if (location.protocol === 'http:') localStorage.setItem('chat.interests', JSON.stringify({ tags }));
    }, interests);
  }
  const said = [];
  // What a browser says by itself: where something was filled in before its first frame; and in some tests, which then name it.
  const expected = [/Autofocus processing was blocked because a document already has a focused element/];
  const listen = (page) => {
    // What the page has told the server.
    page.told = [];
    page.on('websocket', (socket) => socket.on('framesent', ({ payload }) => page.told.push(JSON.parse(payload))));
    page.on('console', (message) => said.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => said.push(`error: ${error.stack}`));
  };
  context.on('page', listen);
  later(t, async () => {
    await context.close();
    assert.deepEqual(said.filter((line) => !expected.some((one) => one.test(line))), [], 'the console stays empty');
  });
  return {
    context,
    open: async (url) => {
      const page = await context.newPage();
      await page.goto(url);
      return page;
    },
    expect: (line) => expected.push(line),
    expectLostConnections: () => expected.push(/WebSocket connection to .* failed|net::ERR_(CONNECTION|EMPTY_RESPONSE|SOCKET)/),
  };
}

/** A person with a profile of their own who opens `url`. */
export async function person(t, url, options) {
  const own = await profile(t, options);
  const page = await own.open(url);
  page.profile = own;
  return page;
}

/** Waits until `is()` gives something true, and gives that. */
export async function until(what, is) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await is();
    if (found) return found;
    if (Date.now() > end) assert.fail(`has not come about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until a text stands somewhere, to be seen. */
export const sees = (page, text) => page.getByText(text, { exact: typeof text === 'string' }).filter({ visible: true }).first().waitFor();

/** Waits until it is nowhere to be seen. */
export const misses = (page, text) => until(`${text} is gone`, async () => (await page.getByText(text).filter({ visible: true }).count()) === 0);

/** Presses "retry now", unless the page has come back by itself meanwhile, and waits until it is back. */
export const reconnect = (page) => until('the connection is back', async () => {
  await page.evaluate(() => document.querySelector('.banner-line button:not([hidden])')?.click());
  return (await page.locator('.banner-line').count()) === 0;
});
