// The chat box as its users see it; playwright looks into its shadow root by itself.

import { until } from '../../../server/browser/helpers/people.js';

export const box = (page, room) => page.locator(room ? `chat-box[data-room="${room}"]` : 'chat-box').first();
export const field = (page, room) => box(page, room).getByRole('textbox', { name: /보낼 메시지|Message to/ });

export async function say(page, text, room) {
  await field(page, room).fill(text);
  await field(page, room).press('Enter');
}

/** Waits for a message on one side. */
export const own = (page, text, room) => box(page, room).locator('.row.own .bubble').getByText(text, { exact: true }).waitFor();
export const theirs = (page, text, room) => box(page, room).locator('.row.theirs .bubble').getByText(text, { exact: true }).waitFor();

/** They say something to each other, which shows that they are in one room. */
export async function talked(one, other, text, room) {
  await say(one, text, room);
  await own(one, text, room);
  await theirs(other, text, room);
}

/** All that was said, as `<me` and `>you`. */
export const talk = (page, room) => box(page, room).locator('.row.said').evaluateAll((rows) =>
  rows.map((row) => (row.classList.contains('own') ? '<' : row.classList.contains('site') ? '!' : '>') + row.querySelector('.bubble').textContent));

export const peopleButton = (page, n, room) => box(page, room).getByRole('button', { name: new RegExp(`^(참여자 ${n}명|${n} (person|people) here)$`) });

/** Waits until the box says that so many are there. */
export const present = (page, n, room) => peopleButton(page, n, room).waitFor();

/** The names in the list of people, which is opened for it. */
export async function people(page, room) {
  const button = box(page, room).locator('[aria-controls=people]');
  if ((await button.getAttribute('aria-expanded')) === 'false') await button.click();
  return box(page, room).locator('.person-name').allTextContents();
}

export const listed = (page, names, room) => until(`${names} are there`, async () => (await people(page, room)).join() === names.join());

/** Counts the sockets that a page opens from now on, but for those that were closed before they could be used. */
export function sockets(page) {
  const all = [];
  page.on('websocket', (socket) => all.push(socket));
  return () => all.length;
}
