// Talking to a stranger, with two and three pages at once.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { misses, person, profile, sees, until } from '../helpers/people.js';
import { MATCHED, OVER, WAITING, addInterest, enabled, field, matched, own, say, send, state, talk, talked, theirs } from '../helpers/random.js';
import { LONG_GRACE, server } from '../helpers/server.js';

async function pair(t, ...args) {
  const at = await server(t, ...args);
  const url = `${at.url}/random`;
  const kim = await person(t, url);
  await state(kim, WAITING.ko);
  const lee = await person(t, url);
  await matched(kim, lee);
  return { at, url, kim, lee };
}

test('who is alone waits, cannot send, and can refresh', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, `${url}/random`);
  await state(kim, WAITING.ko);
  assert.equal(await send(kim).isEnabled(), false);
  await field(kim).fill('안녕하세요');
  await field(kim).press('Enter');
  assert.equal(await field(kim).inputValue(), '안녕하세요', 'what was written stays');
  const refresh = kim.getByRole('button', { name: '새로고침' });
  await refresh.click();
  await state(kim, WAITING.ko);
  // Still one who waits, not two: the next one is paired, and nobody else.
  const lee = await person(t, `${url}/random`);
  await matched(kim, lee);
  await until('refresh is gone', () => refresh.isHidden());
  await enabled(send(kim));
});

test('two tabs of one profile are two strangers', async (t) => {
  const { url } = await server(t, ...LONG_GRACE);
  const one = await profile(t);
  const first = await one.open(`${url}/random`);
  await state(first, WAITING.ko);
  const second = await one.open(`${url}/random`);
  await matched(first, second);
  await talked(first, second, '하나');
  await talked(second, first, '둘');
  assert.deepEqual(await talk(first), ['<하나', '>둘']);
  assert.deepEqual(await talk(second), ['>하나', '<둘']);
  // Each stays who it is.
  for (const page of [second, first]) {
    await page.reload();
    await matched(page);
  }
  await talked(first, second, '셋');
});

test('a duplicated tab becomes somebody else', async (t) => {
  const { url } = await server(t);
  const one = await profile(t);
  const first = await one.open(`${url}/random`);
  await state(first, WAITING.ko);
  // A window that a page opens takes a copy of its sessionStorage along, as a duplicated tab does.
  const opened = one.context.waitForEvent('page');
  await first.evaluate(() => void window.open(location.href));
  const copy = await opened;
  await matched(first, copy);
  await talked(first, copy, '누구세요?');
  const tokens = await Promise.all([first, copy].map((page) => page.evaluate(() => sessionStorage.getItem('chat.random.token'))));
  assert.notEqual(tokens[0], tokens[1]);
});

test('own messages are right, the other’s left, with times', async (t) => {
  const { kim, lee } = await pair(t);
  await talked(kim, lee, '안녕하세요');
  await talked(lee, kim, '반갑습니다');
  await own(kim, '안녕하세요');
  const box = (page, side) => page.locator(`.row.${side} .bubble`).boundingBox();
  const [mine, yours] = [await box(kim, 'own'), await box(kim, 'theirs')];
  const { width } = await kim.locator('.log').boundingBox();
  const { x } = await kim.locator('.log').boundingBox();
  assert.ok(mine.x + mine.width > x + width - 60, 'mine ends at the right');
  assert.ok(yours.x < x + 60, 'theirs begins at the left');
  for (const text of await kim.locator('.row.said time').allTextContents()) assert.match(text, /^(오전|오후) \d{1,2}:\d\d$/);
  assert.equal(await kim.locator('.row.said time').count(), 2);
});

test('a line break is Shift+Enter, and Enter sends', async (t) => {
  const { kim, lee } = await pair(t);
  await field(kim).focus();
  await kim.keyboard.type('위');
  await kim.keyboard.press('Shift+Enter');
  await kim.keyboard.type('아래');
  await kim.keyboard.press('Enter');
  await theirs(lee, '위\n아래');
  assert.equal(await field(kim).inputValue(), '');
});

test('an Enter within a composition sends nothing', async (t) => {
  const { kim, lee } = await pair(t);
  await field(kim).focus();
  const debug = await kim.context().newCDPSession(kim);
  await kim.evaluate(() => {
    window.enters = [];
    document.addEventListener('keydown', (event) => event.key === 'Enter' && window.enters.push(event.isComposing), true);
  });
  await debug.send('Input.imeSetComposition', { text: '한', selectionStart: 1, selectionEnd: 1 });
  await debug.send('Input.dispatchKeyEvent', { type: 'rawKeyDown', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 229 });
  await debug.send('Input.dispatchKeyEvent', { type: 'keyUp', key: 'Enter', code: 'Enter', windowsVirtualKeyCode: 13 });
  assert.deepEqual(await kim.evaluate(() => window.enters), [true]);
  assert.equal(await field(kim).inputValue(), '한');
  await debug.send('Input.insertText', { text: '한글' });
  await field(kim).press('Enter');
  await theirs(lee, '한글');
  assert.deepEqual(await talk(lee), ['>한글']);
});

test('a refresh comes back to the same partner and to what was said', async (t) => {
  const { kim, lee } = await pair(t, ...LONG_GRACE);
  await talked(kim, lee, '여기 있어요?');
  await talked(lee, kim, '네');
  await kim.reload();
  await matched(kim);
  await theirs(kim, '네');
  assert.deepEqual(await talk(kim), ['<여기 있어요?', '>네']);
  await talked(kim, lee, '새로고침했어요');
  await talked(lee, kim, '몰랐어요');
  assert.equal(await lee.locator('#status').textContent(), MATCHED.ko);
  assert.deepEqual(await talk(lee), ['>여기 있어요?', '<네', '>새로고침했어요', '<몰랐어요']);
});

test('a refresh is nobody new: the number of people online stays', async (t) => {
  const { kim, lee } = await pair(t, ...LONG_GRACE);
  const seen = await lee.evaluateHandle(() => {
    const texts = [];
    const place = document.querySelector('#online .online-words');
    new MutationObserver(() => texts.push(place.textContent)).observe(place, { childList: true, characterData: true, subtree: true });
    return texts;
  });
  await until('two are online', async () => (await lee.locator('#online').textContent()).startsWith('접속 2명'));
  await kim.reload();
  await matched(kim);
  await talked(kim, lee, '다시 왔어요');
  const numbers = await seen.jsonValue();
  assert.ok(!numbers.some((text) => text.includes('3')), `never three: ${numbers}`);
  await until('two are online', async () => (await lee.locator('#online').textContent()).startsWith('접속 2명'));
});

test('who ends the talk parts both; refresh looks for a new partner', async (t) => {
  const { url, kim, lee } = await pair(t);
  await talked(kim, lee, '안녕히 계세요');
  await kim.getByRole('button', { name: '끝내기' }).click();
  await state(kim, OVER.ko);
  await state(lee, OVER.ko);
  for (const page of [kim, lee]) await enabled(send(page), false);
  assert.deepEqual(await talk(lee), ['>안녕히 계세요'], 'the talk can still be read');
  const park = await person(t, url);
  await state(park, WAITING.ko);
  await lee.getByRole('button', { name: '새로고침' }).click();
  await matched(lee, park);
  assert.deepEqual(await talk(lee), []);
  await talked(lee, park, '처음 뵙겠습니다');
  await state(kim, OVER.ko);
});

test('a closed tab ends the talk when the grace is over', async (t) => {
  const { kim, lee } = await pair(t, '--grace-ms', '1000');
  await kim.close();
  await state(lee, OVER.ko);
  await enabled(send(lee), false);
  await sees(lee, /상대방이 대화를 떠났습니다/);
});

test('a talk in which nothing is said ends for both', async (t) => {
  const { url } = await server(t, '--idle-s', '2');
  const kim = await person(t, `${url}/random`);
  const lee = await person(t, `${url}/random`);
  for (const page of [kim, lee]) {
    await state(page, OVER.ko);
    await sees(page, /오랫동안 대화가 없어/);
    await enabled(send(page), false);
    assert.equal(await page.getByRole('button', { name: '새로고침' }).isVisible(), true);
  }
});

test('next leaves at once and waits for another', async (t) => {
  const { url, kim, lee } = await pair(t);
  await talked(kim, lee, '다음에 봐요');
  await kim.getByRole('button', { name: '다음 상대' }).click();
  await state(lee, OVER.ko);
  await state(kim, WAITING.ko);
  assert.deepEqual(await talk(kim), []);
  const park = await person(t, url);
  await matched(kim, park);
  await talked(park, kim, '안녕하세요');
});

test('who is blocked is never met again', async (t) => {
  const { url, kim, lee } = await pair(t);
  await kim.getByRole('button', { name: '차단' }).click();
  const dialog = kim.getByRole('dialog', { name: '이 상대를 차단할까요?' });
  await dialog.getByRole('button', { name: '취소' }).click();
  await dialog.waitFor({ state: 'detached' });
  await talked(kim, lee, '아직 있어요');
  await kim.getByRole('button', { name: '차단' }).click();
  await dialog.getByRole('button', { name: '차단하기' }).click();
  await state(kim, OVER.ko);
  await state(lee, OVER.ko);
  await sees(kim, /다시 연결되지 않습니다/);
  for (const page of [kim, lee]) await page.getByRole('button', { name: '새로고침' }).click();
  for (const page of [kim, lee]) await state(page, WAITING.ko);
  // Two who wait would be paired at once. A third is, with one of them, and the other one still waits.
  const park = await person(t, url);
  await matched(park);
  const texts = await until('one of them is matched', async () => {
    const both = await Promise.all([kim, lee].map((page) => page.locator('#status').textContent()));
    return both.includes(MATCHED.ko) && both;
  });
  assert.deepEqual(texts.toSorted(), [WAITING.ko, MATCHED.ko].toSorted());
});

test('a shared interest brings two together and is shown, also after a refresh', async (t) => {
  const { url } = await server(t, ...LONG_GRACE);
  const kim = await person(t, `${url}/random`);
  const strictly = async (page, name) => {
    await page.getByRole('checkbox', { name }).check();
    await until('the server knows', () => page.told.some((command) => command.do === 'match' && command.strict));
  };
  await addInterest(kim, '음악');
  await addInterest(kim, '여행');
  await strictly(kim, '관심사가 같은 사람만');
  // Somebody who likes something else, and only that, is not meant.
  const other = await person(t, `${url}/random`);
  await addInterest(other, '운동');
  await strictly(other, '관심사가 같은 사람만');
  await state(other, WAITING.ko);
  const like = await person(t, `${url}/random`, { language: 'en' });
  await state(like, WAITING.en);
  await addInterest(like, '여행');
  await state(like, MATCHED.en);
  await state(kim, MATCHED.ko);
  await sees(kim, '공통 관심사: 여행');
  await sees(like, 'shared interest: 여행');
  await kim.reload();
  await matched(kim);
  await sees(kim, '공통 관심사: 여행');
  await state(other, WAITING.ko);
  // Kept by the browser, and taken away one by one.
  await kim.getByRole('button', { name: '끝내기' }).click();
  await kim.locator('#interests summary').click();
  await kim.getByRole('button', { name: '관심사 ‘음악’ 빼기' }).click();
  await misses(kim, '음악');
});

test('typing is shown to the other, and ends with the message', async (t) => {
  const { kim, lee } = await pair(t);
  await field(kim).pressSequentially('생각');
  await sees(lee, '상대방이 입력하고 있습니다.');
  await field(kim).press('Enter');
  await theirs(lee, '생각');
  // With the message, not some seconds later.
  assert.equal(await lee.locator('.typing.shown').count(), 0);
  await field(kim).pressSequentially('음');
  await sees(lee, '상대방이 입력하고 있습니다.');
  await field(kim).fill('');
  await misses(lee, '상대방이 입력하고 있습니다.');
});

test('keystrokes are signalled now and then, not one by one', async (t) => {
  const { kim, lee } = await pair(t);
  const began = performance.now();
  await field(kim).pressSequentially('열두 글자를 입력합니다');
  // One every three seconds, of which it takes a part.
  const most = 1 + Math.floor((performance.now() - began) / 3000);
  await sees(lee, '상대방이 입력하고 있습니다.');
  const sent = () => kim.told.filter((command) => command.do === 'signal').length;
  await until('it was told', () => sent() > 0);
  assert.ok(sent() <= most, `${sent()} of at most ${most}`);
});

test('the number of people online is live', async (t) => {
  const { url } = await server(t, '--grace-ms', '200');
  const kim = await person(t, `${url}/random`);
  await sees(kim, '접속 1명');
  const lee = await person(t, `${url}/random`, { language: 'en' });
  await sees(kim, '접속 2명');
  await sees(lee, '2 online');
  await lee.close();
  await sees(kim, '접속 1명');
});

test('what is new is counted in the title of a tab that nobody looks at', async (t) => {
  const { url } = await server(t);
  const one = await profile(t);
  const kim = await one.open(`${url}/random`);
  await state(kim, WAITING.ko);
  // Headless pages are always visible: the page is told otherwise.
  const look = (how) => kim.evaluate((value) => {
    Object.defineProperty(document, 'visibilityState', { configurable: true, get: () => value });
    document.dispatchEvent(new Event('visibilitychange'));
  }, how);
  await look('hidden');
  const lee = await person(t, `${url}/random`);
  await matched(lee, kim);
  await talked(lee, kim, '계세요?');
  await until('two things are new', async () => (await kim.title()).startsWith('(2) 랜덤 채팅'));
  await look('visible');
  await until('it was seen', async () => (await kim.title()).startsWith('랜덤 채팅'));
});
