// Plain http from another machine, as when a phone tries a server at home: browsers then have no locks, no clipboard and
// no randomUUID for pages.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { person, profile, sees } from '../helpers/people.js';
import { WAITING, matched, own, say, state, talked } from '../helpers/random.js';
import { makeRoom } from '../helpers/rooms.js';
import { LONG_GRACE, server } from '../helpers/server.js';

// What Chromium has to say about a header that it takes seriously on https only.
const EXPECTED = /Cross-Origin-Opener-Policy header has been ignored/;

/** The server under a name by which browsers do not trust it. */
async function afar(t) {
  const url = new URL((await server(t, ...LONG_GRACE)).url);
  url.hostname = 'chat.test';
  return url.href;
}

test('tabs are strangers, duplicates and refreshes included', async (t) => {
  const url = new URL('random', await afar(t)).href;
  const one = await profile(t);
  one.expect(EXPECTED);
  const first = await one.open(url);
  assert.equal(await first.evaluate(() => isSecureContext || 'locks' in navigator), false);
  await state(first, WAITING.ko);
  const opened = one.context.waitForEvent('page');
  await first.evaluate(() => void window.open(location.href));
  const copy = await opened;
  await matched(first, copy);
  await talked(first, copy, '하나');
  await first.reload();
  await matched(first);
  await talked(copy, first, '둘');
});

test('rooms work, and a link that cannot be copied is selected', async (t) => {
  const kim = await person(t, await afar(t));
  kim.profile.expect(EXPECTED);
  await makeRoom(kim, '집에서', '비공개');
  await say(kim, '하나');
  await own(kim, '하나');
  await kim.locator('.share').getByRole('button', { name: '링크 복사' }).click();
  await sees(kim, '링크를 직접 복사해 주세요.');
  assert.equal(await kim.evaluate(() => getSelection().toString()), kim.url());
});
