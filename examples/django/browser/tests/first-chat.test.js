// The README's own lines, as text, put into a site that `django-admin startproject` has just made: then two browsers talk.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { accessible } from '../../../server/browser/helpers/axe.js';
import { person, until } from '../../../server/browser/helpers/people.js';
import { own, present, say, talked, theirs } from '../helpers/box.js';
import { addSettings, addToPage, edit, project, runserver } from '../helpers/project.js';

const README = fileURLToPath(new URL('../../../../chat-py/README.md', import.meta.url));

/** The blocks of code of a section, by their language, without comments and empty lines. */
async function blocks(section) {
  const text = await readFile(README, 'utf8');
  const part = text.slice(text.indexOf(`\n## ${section}\n`) + 1).split(/\n## /)[0];
  assert.ok(part.startsWith('## '), `the README has "${section}"`);
  return Object.fromEntries([...part.matchAll(/```(\w+)\n(.*?)```/gs)].map(([, language, code]) =>
    [language, code.split('\n').filter((line) => line !== '' && !/^(# |\{#)/.test(line))]));
}

/** Puts the README's lines where it says. */
async function withChat(where) {
  const { python, html } = await blocks('The first chat in an existing Django site');
  await addSettings(where, python.join('\n'));
  await addToPage(where, html.join('\n'));
}

test('the first chat in an existing site takes five lines', async () => {
  const { console, python, html } = await blocks('The first chat in an existing Django site');
  assert.deepEqual([console.length, python.length, html.length], [1, 2, 2]);
});

test('startproject, the README’s lines, runserver: two browsers talk', async (t) => {
  const where = await project(t);
  await withChat(where);
  const port = await runserver(t, where, { reload: true });
  const kim = await person(t, `http://127.0.0.1:${port}/`, { language: 'en' });
  const lee = await person(t, `http://localhost:${port}/`, { language: 'ko' });
  for (const page of [kim, lee]) await present(page, 2);
  await talked(kim, lee, 'hello');
  await talked(lee, kim, '안녕하세요');
  await lee.reload();
  await theirs(lee, 'hello');
  await own(lee, '안녕하세요');
  await present(kim, 2);
  assert.equal(await kim.locator('chat-box .row.notice').count(), 1, 'one has come, once');
  await accessible(kim, 'the page');
});

test('when a file changes and the site starts itself anew, open pages come back', async (t) => {
  const where = await project(t);
  await withChat(where);
  const port = await runserver(t, where, { reload: true });
  const kim = await person(t, `http://127.0.0.1:${port}/`, { language: 'en' });
  const lee = await person(t, `http://127.0.0.1:${port}/`, { language: 'en' });
  for (const page of [kim, lee]) page.profile.expectLostConnections();
  await talked(kim, lee, 'before');
  await until('the site has started itself anew', async () => {
    // What changes before the reloader's first look is no change to it: it changes again until it is seen.
    await edit(join(where, 'shop/urls.py'), (text) => `${text}\n# changed\n`);
    return kim.locator('chat-box .link-line').waitFor({ timeout: 3_000 }).then(() => true, () => false);
  });
  await say(kim, 'meanwhile');
  await theirs(lee, 'meanwhile');
  await talked(lee, kim, 'after');
});
