// The lobby and its rooms as their users see them.

import { person, sees, until } from './people.js';

/** Makes a room in the dialog, and waits until one is in it. Gives its id. */
export async function makeRoom(page, title, kind = '공개') {
  await page.getByRole('button', { name: '방 만들기' }).click();
  const dialog = page.getByRole('dialog', { name: '방 만들기' });
  await dialog.getByRole('textbox', { name: '방 제목' }).fill(title);
  if (kind !== '공개') await dialog.getByRole('radio', { name: new RegExp(`^${kind}`) }).check();
  await dialog.getByRole('button', { name: '만들기' }).click();
  await inRoom(page, title);
  return idOf(page);
}

export const idOf = (page) => new URLSearchParams(new URL(page.url()).hash.slice(1)).get('room');

export const inRoom = (page, title) => page.getByRole('heading', { level: 2, name: title }).waitFor();

/** Somebody with a profile of their own goes into a room by its link. */
export async function enter(t, url, id, options) {
  const page = await person(t, `${new URL(`#room=${id}`, url)}`, options);
  await page.getByRole('textbox', { name: /메시지|Message/ }).waitFor();
  return page;
}

/** The titles in the list, from above. */
export const titles = (page) => page.locator('.room-name').allTextContents();

export const listed = (page, ...wanted) =>
  until(`the list is ${wanted}`, async () => (await titles(page)).join('|') === wanted.join('|'));

export const order = (page, name) => page.getByRole('tab', { name }).click();

/** Changes one's own name by the lobby's button. */
export async function rename(page, name) {
  await page.getByRole('button', { name: /이름:/ }).first().click();
  const dialog = page.getByRole('dialog', { name: '이름 바꾸기' });
  await dialog.getByRole('textbox').fill(name);
  await dialog.getByRole('button', { name: '저장' }).click();
  await dialog.waitFor({ state: 'detached' });
  await sees(page, name);
}

/** The names in the list of people. */
export const people = (page) => page.locator('.member-name').allTextContents();
