// What needs no browser: the texts, and the functions of values.

import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { parts } from '../../pages/addresses.js';
import { rows } from '../../pages/rows.js';
import en from '../../pages/texts.en.js';
import ko from '../../pages/texts.ko.js';
import { words } from '../../pages/words.js';

const PAGES = new URL('../../pages/', import.meta.url);
const forms = (text) => (typeof text === 'string' ? [text] : Object.values(text));
const holes = (text) => [...new Set(forms(text).flatMap((form) => form.match(/\{\w+\}/g) ?? []))].sort();

test('both languages have the same texts, with the same holes', () => {
  assert.deepEqual(Object.keys(en).sort(), Object.keys(ko).sort());
  for (const key of Object.keys(ko)) assert.deepEqual(holes(en[key]), holes(ko[key]), key);
});

test('every text is used, and every text that is used is there', async () => {
  const files = (await readdir(PAGES)).filter((name) => /\.(js|html)$/.test(name) && !name.startsWith('texts.'));
  const source = (await Promise.all(files.map((name) => readFile(new URL(name, PAGES), 'utf8')))).join('\n');
  const named = new Set([...source.matchAll(/['"`]([a-z]+(?:\.[a-z_]+)+|[a-z]+)['"`]/g)].map(([, key]) => key));
  // `order.${order}`, `closed.${why}` …
  const families = [...source.matchAll(/`([a-z.]+)\.\$\{/g)].map(([, start]) => `${start}.`);
  const unused = Object.keys(ko).filter((key) => !named.has(key) && !families.some((start) => key.startsWith(start)));
  assert.deepEqual(unused, []);
  const bound = [...source.matchAll(/data-t(?:-\w+)?="([^"]+)"|\bt(?:Label|Title|Placeholder)?: \['([^']+)'|\bt\('([^']+)'/g)].map((found) => found[1] ?? found[2] ?? found[3]);
  assert.ok(bound.length > 60);
  assert.deepEqual(bound.filter((key) => !(key in ko)), []);
});

test('the pages hold no script, style or handler of their own, and no address elsewhere', async () => {
  for (const name of await readdir(PAGES)) {
    const text = await readFile(new URL(name, PAGES), 'utf8');
    if (name.endsWith('.html')) {
      assert.doesNotMatch(text, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i, name);
      assert.doesNotMatch(text, /(src|href)="(\/|https?:)/i, name);
    }
    if (name.endsWith('.js')) assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\b/, name);
    if (name.endsWith('.css')) assert.doesNotMatch(text, /url\(|@import/, name);
  }
});

const at = Date.UTC(2026, 10, 21, 3);
const said = (n, by, minutes = 0, more = {}) => ({ ev: 'said', n, at: at + minutes * 60_000, by, name: by, body: `${n}`, ...more });
const came = (n, user, ev = 'joined', name = user) => ({ ev, n, at, user, name });
const shapes = (all) => all.map((row) => row.kind);

test('messages of one person within five minutes stand together, with a time for each minute', () => {
  const all = rows({ you: 'me', entries: [said(1, 'a'), said(2, 'a', 1), said(3, 'a', 1), said(4, 'a', 9), said(5, 'me', 9)] }).slice(1);
  assert.deepEqual(all.map(({ first, last, timed }) => [first, last, timed]),
    [[true, false, true], [false, false, false], [false, true, true], [true, true, true], [true, true, true]]);
  assert.deepEqual(all.map(({ own }) => own), [false, false, false, false, true]);
});

test('comings and goings between two messages are one row, in which each person is named once', () => {
  const [, , notice] = rows({ you: 'me', entries: [said(1, 'a'), came(2, 'b'), came(3, 'c'), came(4, 'c', 'left'), came(5, 'a', 'left'), came(6, 'a'), came(7, 'd', 'left'), came(8, 'me'), came(9, 'b', 'renamed', 'B'), said(10, 'a')] });
  const { joined, left, passed, returned, renamed } = notice;
  assert.deepEqual({ joined, left, passed, returned, renamed }, { joined: ['b'], left: ['d'], passed: ['c'], returned: ['a'], renamed: [{ from: 'b', to: 'B' }] });
});

test('a message keeps its row when it is written into the log', () => {
  const before = rows({ you: 'me', entries: [], pending: [{ key: 'k', body: 'x', at, state: 'sending' }] });
  const after = rows({ you: 'me', entries: [said(1, 'me', 0, { key: 'k' })], pending: [] });
  assert.deepEqual([shapes(before), shapes(after)], [['day', 'said'], ['day', 'said']]);
  assert.equal(before[1].key, after[1].key);
  // Somebody else's key names nothing here.
  const theirs = rows({ you: 'me', entries: [said(1, 'me', 0, { key: 'k' }), said(2, 'a', 0, { key: 'k' })] });
  assert.equal(new Set(theirs.map(({ key }) => key)).size, theirs.length);
});

test('a day begins with its first message, and the end is the last row', () => {
  const all = rows({ you: 'me', entries: [said(1, 'a', -1440), said(2, 'a'), { ev: 'closed', n: 3, at, why: 'owner' }] });
  assert.deepEqual(shapes(all), ['day', 'said', 'day', 'said', 'closed']);
});

test('addresses end where their sentence does', () => {
  const links = (text) => parts(text).filter((part) => part.href).map((part) => part.text);
  assert.deepEqual(links('https://a.example. (https://b.example/x) "https://c.example"'), ['https://a.example', 'https://b.example/x', 'https://c.example']);
  assert.deepEqual(links('javascript:alert(1) https:// http://: mailto:x@y'), []);
  assert.deepEqual(parts('a https://b.example c').map((part) => part.text ?? part), ['a ', 'https://b.example', ' c']);
});

test('a body that is no string is shown all the same', () => {
  assert.deepEqual(['x', { text: 'y' }, { text: 1 }, null, undefined, [1]].map(words), ['x', 'y', '{"text":1}', 'null', '', '[1]']);
});
