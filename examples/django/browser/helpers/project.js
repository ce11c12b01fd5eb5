// Sites as there are many: what `django-admin startproject` makes, with one page.

import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../server/browser/helpers/ports.js';
import { directory, run, serve } from './process.js';

export const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Shop</title><link rel="icon" href="data:,"></head>
<body>
<main>
<h1>Shop</h1>
</main>
</body>
</html>
`;

/** Makes one; `page` is its home page. */
export async function project(t, page = PAGE) {
  const where = await directory(t);
  await run(['-m', 'django', 'startproject', 'shop', where]);
  await mkdir(join(where, 'templates'));
  await writeFile(join(where, 'templates/home.html'), page);
  await edit(join(where, 'shop/settings.py'), (text) => text.replace("'DIRS': []", "'DIRS': [BASE_DIR / 'templates']"));
  await edit(join(where, 'shop/urls.py'), (text) => text
    .replace('urlpatterns = [', 'urlpatterns = [\n    path("", TemplateView.as_view(template_name="home.html")),')
    .replace('from django.urls import path', 'from django.urls import path\nfrom django.views.generic import TemplateView'));
  return where;
}

export async function edit(path, change) {
  const before = await readFile(path, 'utf8');
  const after = change(before);
  assert.notEqual(after, before, path);
  await writeFile(path, after);
}

export const addSettings = (where, lines) => edit(join(where, 'shop/settings.py'), (text) => `${text}\n${lines}\n`);

/** Puts something onto the home page. */
export const addToPage = (where, lines) => edit(join(where, 'templates/home.html'), (text) => text.replace('</main>', `${lines}\n</main>`));

/** `manage.py runserver`; gives its port. `reload`: as it is usually run, where it starts itself anew when a file has changed. */
export async function runserver(t, where, { reload = false } = {}) {
  await run(['manage.py', 'migrate', '--verbosity', '0'], { cwd: where });
  const port = await freePort();
  await serve(t, ['manage.py', 'runserver', `127.0.0.1:${port}`, ...(reload ? [] : ['--noreload'])], { cwd: where, port });
  return port;
}
