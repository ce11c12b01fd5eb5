// The example's site, as one line of its README starts it; and people of it.

import { fileURLToPath } from 'node:url';
import { person } from '../../../server/browser/helpers/people.js';
import { freePort } from '../../../server/browser/helpers/ports.js';
import { directory, run, serve } from './process.js';

const HERE = fileURLToPath(new URL('../..', import.meta.url));
export const PASSWORD = 'a-long-reel-of-film';

/** Starts the site. `env`: what is said to it, such as `CHAT_URL`. `restart()` kills it as a power cut would and starts it again. */
export async function site(t, env = {}) {
  const own = { VAR_DIR: await directory(t), ...env };
  const port = await freePort();
  const here = { url: `http://localhost:${port}`, env: own };
  const start = async () => {
    // Without the reloader: nothing is edited here, and its child would live a moment longer.
    here.process = await serve(t, ['manage.py', 'demo', `127.0.0.1:${port}`, '--noreload'], { cwd: HERE, env: own, port });
  };
  here.stop = () => here.process.stop();
  here.start = start;
  here.manage = (...args) => run(['manage.py', ...args], { cwd: HERE, env: own });
  await start();
  return here;
}

/** Another process of the same site, such as `chat_server`. */
export const beside = (t, { env }, args, port) => serve(t, ['manage.py', ...args], { cwd: HERE, env, port });

const WORDS = {
  ko: { signUp: '가입하기', logIn: '로그인', email: '이메일 주소', name: '이름', rooms: '채팅방' },
  en: { signUp: 'Sign up', logIn: 'Log in', email: 'E-mail address', name: 'Name', rooms: 'Rooms' },
};

/** Signs up and logs in, as people do; then the main page is there, and connected. */
export async function enter(page, { url }, name, email, language = 'ko') {
  const words = WORDS[language];
  await page.goto(`${url}/sign-up/`);
  await page.getByLabel(words.email).fill(email);
  await page.getByLabel(words.name, { exact: true }).fill(name);
  await page.locator('#id_password1').fill(PASSWORD);
  await page.locator('#id_password2').fill(PASSWORD);
  await page.getByRole('button', { name: words.signUp }).click();
  await page.waitForURL(/log-in/);
  await page.locator('#id_password').fill(PASSWORD);
  await page.getByRole('button', { name: words.logIn }).click();
  await page.getByRole('heading', { level: 1, name: words.rooms }).waitFor();
  await page.locator('[data-online]').filter({ visible: true }).waitFor();
}

let numbers = 0;

/** Somebody with a profile of their own, on the main page. */
export async function member(t, at, name, options = {}) {
  const page = await person(t, `${at.url}/log-in/`, options);
  await enter(page, at, name, `someone-${(numbers += 1)}@example.org`, options.language ?? 'ko');
  return page;
}
