// The box in sites of other kinds: for visitors, several on a page, under a strict policy, under a prefix.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { later } from '../../../server/browser/helpers/later.js';
import { person, profile, sees, until } from '../../../server/browser/helpers/people.js';
import { freePort } from '../../../server/browser/helpers/ports.js';
import { certificate } from '../helpers/certificate.js';
import { box, listed, own, people, present, say, sockets, talk, talked, theirs } from '../helpers/box.js';
import { run, serve } from '../helpers/process.js';
import { PAGE, addSettings, addToPage, project, runserver } from '../helpers/project.js';

/** A site with these lines on its page. */
async function site(t, lines, settings = '', page = PAGE) {
  const where = await project(t, page);
  await addSettings(where, `INSTALLED_APPS += ["chat_engine.django"]\n${settings}`);
  await addToPage(where, `{% load chat_engine %}\n${lines}`);
  return where;
}

const at = async (t, where) => `http://localhost:${await runserver(t, where)}/`;
const ONE = '{% chat_box "lobby" title="Lobby" %}';

test('several boxes on a page share one connection, and each has its own room', async (t) => {
  const where = await site(t, '{% chat_box "a" title="First" %}\n{% chat_box "b" title="Second" %}\n<div id="again">{% chat_box "a" title="First" %}</div>');
  const url = await at(t, where);
  const reader = await profile(t, { language: 'en' });
  const kim = await reader.context.newPage();
  const opened = sockets(kim);
  await kim.goto(url);
  const lee = await person(t, url, { language: 'en' });
  for (const room of ['a', 'b']) await present(kim, 2, room);
  await talked(kim, lee, 'in the first', 'a');
  await talked(lee, kim, 'in the second', 'b');
  assert.deepEqual([await talk(kim, 'a'), await talk(kim, 'b')], [['<in the first'], ['>in the second']]);
  // Both boxes of one room show it, and one that goes does not take the other's room along.
  const again = kim.locator('#again chat-box');
  await again.locator('.bubble').getByText('in the first').waitFor();
  await kim.evaluate(() => document.querySelector('#again').remove());
  await talked(lee, kim, 'still there', 'a');
  await kim.waitForTimeout(1500); // longer than a box lingers
  await talked(kim, lee, 'and still', 'a');
  assert.equal(opened(), 1);
});

test('a visitor is the same one after a refresh and in another tab, under the name they chose', async (t) => {
  const url = await at(t, await site(t, ONE));
  const [kim, lee] = [await person(t, url, { language: 'en' }), await person(t, url, { language: 'en' })];
  await present(kim, 2);
  await people(kim);
  await box(kim).getByRole('button', { name: /^Your name: / }).click();
  await box(kim).getByRole('textbox', { name: 'Your name', exact: true }).fill('<i>김</i>');
  await box(kim).getByRole('button', { name: 'Save' }).click();
  await sees(lee, /is now called <i>김<\/i>\./);
  const focused = () => kim.evaluate(() => document.activeElement?.shadowRoot?.activeElement?.getAttribute('aria-label') ?? '');
  await until('the focus is where it was', async () => /^Your name: <i>김<\/i>/.test(await focused()));
  const notices = await lee.locator('chat-box .row.notice').allTextContents();
  await kim.reload();
  const tab = await kim.profile.open(url);
  for (const page of [kim, tab]) assert.equal((await until('one is listed', async () => (await people(page))[0])), '<i>김</i>');
  await talked(kim, lee, '하나');
  await present(lee, 2);
  assert.deepEqual(await lee.locator('chat-box .row.notice').allTextContents(), notices, 'nobody came or went');
});

test('who logs in is who they are, whatever the browser was as a visitor', async (t) => {
  const where = await site(t, ONE);
  const url = await at(t, where);
  await run(['manage.py', 'shell', '-c', 'from django.contrib.auth.models import User; User.objects.create_superuser("kim", "kim@example.org", "pass", first_name="Kim")'], { cwd: where });
  const kim = await person(t, url, { language: 'en' });
  await present(kim, 1);
  assert.match((await people(kim))[0], /^guest-/);
  kim.profile.expect(/404 \(Not Found\)/); // the admin has no icon
  await kim.goto(`${url}admin/login/?next=/`);
  await kim.locator('#id_username').fill('kim');
  await kim.locator('#id_password').fill('pass');
  await kim.keyboard.press('Enter');
  await listed(kim, ['Kim']);
  assert.equal(await box(kim).getByRole('button', { name: /^Your name/ }).count(), 0, 'the site names its users');
});

test('who may not chat without an account is told so, and where to get in', async (t) => {
  const settings = 'CHAT = {"default": {"ANONYMOUS": False}}';
  const url = await at(t, await site(t, '{% chat_box "lobby" title="Lobby" login="/admin/login/?next=/" %}', settings));
  const kim = await person(t, url, { language: 'en' });
  await sees(kim, 'Log in to take part.');
  assert.equal(await box(kim).getByRole('link', { name: 'Log in' }).getAttribute('href'), '/admin/login/?next=/');
  assert.equal(await box(kim).getByRole('button', { name: 'Reload the page' }).count(), 0);
});

const POLICY = `
def policy(get_response):
    from secrets import token_urlsafe

    def page(request):
        request.csp_nonce = token_urlsafe(16)
        response = get_response(request)
        response["Content-Security-Policy"] = (
            "default-src 'none'; connect-src ws:; img-src data:; base-uri 'none'; require-trusted-types-for 'script'; "
            f"script-src 'nonce-{request.csp_nonce}'; style-src 'nonce-{request.csp_nonce}'"
        )
        return response

    return page
`;

test('a policy of nonces alone lets it pass', async (t) => {
  const where = await site(t, ONE, 'MIDDLEWARE += ["shop.policy.policy"]');
  await writeFile(join(where, 'shop/policy.py'), POLICY);
  const url = await at(t, where);
  const [kim, lee] = [await person(t, url), await person(t, url)];
  await talked(kim, lee, '안녕');
  // It is shown as it should be: the style was let in.
  assert.equal(await box(kim).locator('.box').evaluate((element) => getComputedStyle(element).display), 'flex');
});

test('the page’s style and the box’s do not meet', async (t) => {
  const style = '<style>* { color: red !important; text-transform: uppercase } p { display: none } .row { float: right }</style>';
  const where = await site(t, ONE, '', PAGE.replace('</head>', `${style}\n</head>`));
  const kim = await person(t, await at(t, where), { language: 'en' });
  await say(kim, 'hello');
  await own(kim, 'hello');
  const seen = await box(kim).locator('.row.own').evaluate((row) => [getComputedStyle(row.querySelector('.bubble')).display, getComputedStyle(row).float]);
  assert.deepEqual(seen, ['block', 'none']);
});

test('dark or light as the page is, not as the reader would have other pages', async (t) => {
  const ground = (page, room) => box(page, room).locator('.box').evaluate((element) => getComputedStyle(element).backgroundColor);
  const boxes = '{% chat_box "a" %}{% chat_box "b" theme="dark" %}<div style="color-scheme: light dark">{% chat_box "c" %}</div>';
  const url = await at(t, await site(t, boxes));
  const [day, night] = [await person(t, url, { theme: 'light' }), await person(t, url, { theme: 'dark' })];
  const [light, dark] = ['rgb(255, 255, 255)', 'rgb(24, 29, 27)'];
  for (const [page, wanted] of [[day, [light, dark, light]], [night, [light, dark, dark]]]) {
    await present(page, 2, 'c');
    assert.deepEqual([await ground(page, 'a'), await ground(page, 'b'), await ground(page, 'c')], wanted);
  }
});

test('in production: behind https, under a path prefix, the sockets beside the pages, static files by names with hashes', async (t) => {
  const settings = `
CHAT = {"default": {"WS_URL": "/ws", "SERVE": False}}
FORCE_SCRIPT_NAME = "/shop"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
DEBUG, ALLOWED_HOSTS = False, ["localhost"]
STATIC_ROOT = BASE_DIR / "collected"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
}
`;
  const where = await site(t, ONE, settings);
  await run(['manage.py', 'collectstatic', '--verbosity', '0', '--noinput'], { cwd: where });
  const pages = await runserver(t, where);
  const chat = await freePort();
  await serve(t, ['manage.py', 'chat_server', `127.0.0.1:${chat}`], { cwd: where, port: chat });
  const { url, elsewhere, files } = await proxy(t, join(where, 'collected'), pages, chat);
  const look = { language: 'en', ignoreHTTPSErrors: true };
  const [kim, lee] = [await person(t, url, look), await person(t, url, look)];
  await talked(kim, lee, 'hello');
  assert.deepEqual(elsewhere, [], 'everything is asked for under the prefix');
  assert.ok(files.length > 8 && files.every((path) => /\.[0-9a-f]{12}\.(js|css)$/.test(path)), files.join());
});

/** What stands in front of such a site, and is all that speaks https: `/shop/static/` are files, `/shop/ws` is the chat's, the rest of `/shop/` the pages'. */
async function proxy(t, collected, pages, chat) {
  const elsewhere = [];
  const files = [];
  const asked = (request, port, path) => http.request({ host: '127.0.0.1', port, method: request.method, path, headers: { ...request.headers, 'x-forwarded-proto': 'https' } });
  const listener = https.createServer(certificate(), (request, response) => {
    if (!request.url.startsWith('/shop/')) {
      elsewhere.push(request.url);
      response.writeHead(404).end();
      return;
    }
    if (request.url.startsWith('/shop/static/')) {
      files.push(request.url);
      response.setHeader('content-type', request.url.endsWith('.css') ? 'text/css' : 'text/javascript');
      readFile(join(collected, request.url.slice('/shop/static/'.length))).then((file) => response.end(file), () => response.writeHead(404).end());
      return;
    }
    const further = asked(request, pages, request.url.slice('/shop'.length));
    further.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    further.on('error', () => response.destroy());
    request.pipe(further);
  });
  const open = new Set();
  listener.on('upgrade', (request, near) => {
    if (request.url !== '/shop/ws') {
      elsewhere.push(request.url);
      near.destroy();
      return;
    }
    const further = asked(request, chat, '/ws');
    further.on('upgrade', (answer, far) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
      near.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        open.add(socket);
        socket.on('error', () => {}).on('close', () => near.destroy() && far.destroy());
      }
    });
    further.on('response', () => near.destroy());
    further.on('error', () => near.destroy());
    further.end();
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  later(t, () => {
    for (const socket of open) socket.destroy();
    listener.close();
    listener.closeAllConnections();
  });
  return { url: `https://localhost:${listener.address().port}/shop/`, elsewhere, files };
}

test('what is said by other programs is text too', async (t) => {
  const url = await at(t, await site(t, ONE));
  const [kim, lee] = [await person(t, url, { language: 'en' }), await person(t, url, { language: 'en' })];
  await present(kim, 2);
  await lee.evaluate(async () => {
    const { room } = document.querySelector('chat-box');
    for (const body of [{ text: '<b>x</b>' }, { kind: 'image' }, 42, null, ['a'], { text: 7 }]) await room.say(body);
  });
  await until('all are shown', async () => (await talk(kim)).length === 6);
  assert.deepEqual(await talk(kim), ['><b>x</b>', '>{"kind":"image"}', '>42', '>null', '>["a"]', '>{"text":7}']);
  await theirs(kim, '42');
});
