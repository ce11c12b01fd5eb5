// The random chat as its users see it.

import { sees, until } from './people.js';

export const WAITING = { ko: '대화 상대를 기다리고 있습니다.', en: 'Waiting for somebody to talk to.' };
export const MATCHED = { ko: '대화 상대가 연결되었습니다.', en: 'You are connected with a stranger.' };
export const OVER = { ko: '상대방과 연결이 끊어졌습니다.', en: 'The stranger has disconnected.' };

export const send = (page) => page.getByRole('button', { name: /^(보내기|Send)$/ });
export const field = (page) => page.getByRole('textbox', { name: /메시지|Message/ });

/** Waits for the state that this text tells. */
export const state = (page, text) => page.locator('#status', { hasText: text }).waitFor();

export async function say(page, text) {
  await field(page).fill(text);
  await field(page).press('Enter');
}

/** Waits for a message on one side. */
export const own = (page, text) => page.locator('.row.own .bubble').getByText(text, { exact: true }).waitFor();
export const theirs = (page, text) => page.locator('.row.theirs .bubble').getByText(text, { exact: true }).waitFor();

/** All that was said, as `<me` and `>you`. */
export const talk = (page) => page.locator('.row.said').evaluateAll((rows) => rows.map((row) => (row.classList.contains('own') ? '<' : '>') + row.querySelector('.bubble').textContent));

export async function matched(...pages) {
  for (const page of pages) await state(page, MATCHED.ko);
}

/** They say something to each other, which shows that they are in one room. */
export async function talked(one, other, text) {
  await say(one, text);
  await theirs(other, text);
}

export const enabled = (locator, yes = true) => until(`${locator} is ${yes ? 'enabled' : 'disabled'}`, async () => (await locator.isEnabled()) === yes);

export async function addInterest(page, tag) {
  await page.getByRole('textbox', { name: /관심사|Interests/ }).fill(tag);
  await page.getByRole('button', { name: /추가|Add/ }).click();
  await sees(page, tag);
}
