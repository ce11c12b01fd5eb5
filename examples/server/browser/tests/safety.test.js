// What people write is text, wherever it is shown; what the page asks for comes from where it came from.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { person, profile, sees, until } from '../helpers/people.js';
import { prefixed } from '../helpers/proxy.js';
import { MATCHED, field, matched, own, say, state, talk, talked, theirs } from '../helpers/random.js';
import { enter, inRoom, listed, makeRoom, rename } from '../helpers/rooms.js';
import { server } from '../helpers/server.js';

const EVIL = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(1)</script>',
  '"><svg onload=alert(1)>',
  '<a href="javascript:alert(1)">x</a>',
  '{{7*7}}${alert(1)}',
  '&lt;b&gt;&#60;i&#62;',
];

/** Nothing of it has become an element, and nothing has run. */
async function unharmed(page) {
  const found = await page.evaluate(() => ({
    elements: document.querySelectorAll('img:not(.brand img), svg[onload], script:not([src]), b, [onerror], [onload], iframe, object').length,
    links: [...document.querySelectorAll('a')].filter((a) => !['http:', 'https:'].includes(a.protocol)).length,
    ran: window.ran ?? 0,
  }));
  assert.deepEqual(found, { elements: 0, links: 0, ran: 0 });
}

const watched = (page) => page.addInitScript(() => (window.alert = () => (window.ran = (window.ran ?? 0) + 1)));

test('messages, names and titles are text in rooms and in the lobby', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  const lee = await person(t, url);
  for (const page of [kim, lee]) {
    await watched(page);
    await page.reload();
  }
  await rename(kim, '<b onload=alert(1)>김</b>');
  await makeRoom(kim, '<img src=x onerror=alert(1)>');
  for (const text of EVIL) {
    await say(kim, text);
    await own(kim, text);
  }
  await listed(lee, '<img src=x onerror=alert(1)>');
  await lee.getByRole('link', { name: /&lt;b&gt;/ }).waitFor();
  await lee.locator('.room-row').click();
  await inRoom(lee, '<img src=x onerror=alert(1)>');
  for (const text of EVIL) await theirs(lee, text);
  assert.deepEqual(await talk(lee), EVIL.map((text) => `>${text}`));
  await rename(kim, '<i>다른 이름</i>');
  await sees(lee, /<b onload=alert\(1\)>김<\/b>님이 이름을 <i>다른 이름<\/i>/);
  await field(kim).pressSequentially('x');
  await sees(lee, '<i>다른 이름</i>님이 입력하고 있습니다.');
  for (const page of [kim, lee]) await unharmed(page);
  assert.match(await lee.title(), /^<img src=x onerror=alert\(1\)>/);
});

test('messages and interests are text in the random chat', async (t) => {
  const { url } = await server(t);
  const [kim, lee] = await Promise.all([1, 2].map(async () => {
    const own = await profile(t, { interests: ['<img src=x onerror=1>'] });
    await watched(own.context);
    return own.open(`${url}/random`);
  }));
  await matched(kim, lee);
  await sees(kim, '공통 관심사: <img src=x onerror=1>');
  for (const text of EVIL) await talked(kim, lee, text);
  await kim.locator('#interests summary').evaluate((summary) => summary.click());
  await sees(kim, '<img src=x onerror=1>');
  for (const page of [kim, lee]) await unharmed(page);
});

test('only web addresses become links, and they say nothing of this page', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  const id = await makeRoom(kim, '링크');
  const lee = await enter(t, url, id);
  const text = '보세요 (https://example.org/a_(b)). javascript:alert(1) data:text/html,x https:// http://[ HTTP://EXAMPLE.org?q=<b> ftp://x https://example.org/끝!';
  await say(kim, text);
  await until('it is there', async () => (await talk(lee)).length === 1);
  assert.deepEqual(await talk(lee), [`>${text}`], 'nothing of the text is lost');
  const links = await lee.locator('.bubble a').evaluateAll((all) => all.map(({ textContent, href, rel, target }) => ({ textContent, href, rel, target })));
  assert.deepEqual(links.map(({ textContent }) => textContent), ['https://example.org/a_(b)', 'HTTP://EXAMPLE.org?q=', 'https://example.org/끝']);
  for (const { href, rel, target } of links) {
    assert.match(href, /^https?:\/\/example\.org\//);
    assert.match(rel, /noopener noreferrer/);
    assert.equal(target, '_blank');
  }
});

test('what stands behind the # is an id, whatever it looks like', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, url);
  await watched(kim);
  for (const id of ['<img src=x onerror=alert(1)>', 'javascript:alert(1)', '../../random', 'random~x', '%', '%E0%A4%A', 'x'.repeat(500), '__proto__']) {
    await kim.goto(`${new URL('?again', url)}`);
    await kim.goto(`${new URL(`#room=${encodeURIComponent(id)}`, url)}`);
    await sees(kim, '방에 들어갈 수 없습니다');
    await unharmed(kim);
  }
});

test('settings that somebody has spoilt do no harm', async (t) => {
  const { url } = await server(t);
  const kim = await person(t, `${url}/random`);
  await kim.evaluate(() => {
    for (const key of ['chat.language', 'chat.theme', 'chat.order', 'chat.interests', 'chat.token', 'chat.name']) localStorage.setItem(key, '{"<b>":1}');
    for (const key of ['chat.tab', 'chat.random.token', 'chat.random.shared']) sessionStorage.setItem(key, '{"<b>":1}');
  });
  await kim.reload();
  await sees(kim, '접속 1명');
  const lee = await person(t, `${url}/random`);
  await matched(kim, lee);
  await kim.goto(url);
  await sees(kim, '아직 열린 방이 없습니다.');
  await makeRoom(kim, '그래도 방');
});

test('everything works under a prefix, and asks for nothing outside of it', async (t) => {
  const { url: bare } = await server(t);
  const { url, elsewhere } = await prefixed(t, bare);
  const asked = [];
  const kim = await person(t, url);
  kim.on('request', (request) => asked.push(request.url()));
  await makeRoom(kim, '앞이 붙은 방');
  await say(kim, '하나');
  await kim.reload();
  await own(kim, '하나');
  const lee = await person(t, kim.url());
  await talked(lee, kim, '둘');
  await kim.getByRole('link', { name: '랜덤 채팅', exact: true }).first().click();
  await lee.goto(new URL('random', url).href);
  await matched(kim, lee);
  await talked(kim, lee, '셋');
  await kim.getByRole('link', { name: '채팅방', exact: true }).click();
  await listed(kim, '앞이 붙은 방');
  await kim.getByRole('link', { name: /앞이 붙은 방/ }).click();
  await own(kim, '하나');
  assert.deepEqual(elsewhere, []);
  assert.deepEqual(asked.filter((one) => !one.startsWith(url) && !one.startsWith(url.replace('http', 'ws'))), []);
  assert.equal(await state(lee, MATCHED.ko), undefined);
});
