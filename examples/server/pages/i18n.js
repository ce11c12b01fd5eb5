// Two languages. All texts are in texts.ko.js and texts.en.js; numbers and times are written by Intl. What was
// bound to a text, in the page or by a script, is renewed when the language changes, without a reload.

import en from './texts.en.js';
import ko from './texts.ko.js';
import { inBrowser } from './kept.js';

const TABLES = { ko, en };
const SLOTS = {
  text: (element, text) => (element.textContent = text),
  label: (element, text) => element.setAttribute('aria-label', text),
  title: (element, text) => (element.title = text),
  placeholder: (element, text) => element.setAttribute('placeholder', text),
};
const bound = new WeakMap();
const listeners = new Set();

export const language = () => document.documentElement.lang;

/** The text of this key. `{name}` is replaced by `values.name`; where a text has forms, `values.n` chooses one. */
export function t(key, values = {}) {
  const entry = TABLES[language()][key];
  if (entry === undefined) throw new Error(`there is no text "${key}" in ${language()}`);
  const text = typeof entry === 'string' ? entry : (entry[plural(values.n)] ?? entry.other);
  return text.replace(/\{(\w+)\}/g, (whole, name) => {
    const value = values[name];
    return typeof value === 'number' ? number(value) : String(value ?? whole);
  });
}

/** Gives an element a text (or label, title, placeholder) that follows the language. */
export function bind(element, slot, key, values) {
  const slots = bound.get(element) ?? {};
  slots[slot] = [key, values];
  bound.set(element, slots);
  element.dataset.bound = '';
  SLOTS[slot](element, t(key, values));
}

/** Makes a `<time>` show `at` as `clock`, `day` or `ago`. */
export function bindTime(element, at, form) {
  element.dateTime = new Date(at).toISOString();
  element.dataset.form = form;
  renewTime(element);
}

export function onLanguage(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function setLanguage(code) {
  inBrowser.setItem('chat.language', code);
  document.documentElement.lang = code;
  renew();
}

/** Writes all texts under `root` anew. */
export function renew(root = document) {
  for (const element of root.querySelectorAll('[data-t]')) SLOTS.text(element, t(element.dataset.t));
  for (const element of root.querySelectorAll('[data-t-label]')) SLOTS.label(element, t(element.dataset.tLabel));
  for (const element of root.querySelectorAll('[data-t-placeholder]')) SLOTS.placeholder(element, t(element.dataset.tPlaceholder));
  for (const element of root.querySelectorAll('[data-bound]')) {
    for (const [slot, [key, values]] of Object.entries(bound.get(element) ?? {})) SLOTS[slot](element, t(key, values));
  }
  renewTimes(root);
  for (const listener of listeners) listener();
}

/** Twice a minute, so that "a minute ago" does not stand there for an hour. */
setInterval(() => renewTimes(document, '[data-form=ago]'), 30_000);

function renewTimes(root, which = 'time[data-form]') {
  for (const element of root.querySelectorAll(which)) renewTime(element);
}

function renewTime(element) {
  const at = new Date(element.dateTime);
  const text = { clock, day, ago }[element.dataset.form](at);
  if (element.textContent !== text) element.textContent = text;
  if (element.dataset.form !== 'day') element.title = intl(Intl.DateTimeFormat, { dateStyle: 'full', timeStyle: 'short' }).format(at);
}

// A formatter takes longer to make than to use.
const made = new Map();
function intl(Kind, options = {}) {
  const key = `${Kind.name} ${language()} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Kind(language(), options));
  return made.get(key);
}

const plural = (n) => intl(Intl.PluralRules).select(n ?? 0);

export const number = (n) => intl(Intl.NumberFormat).format(n);

/** "14:05", or "2:05 PM", as is usual there. */
export const clock = (at) => intl(Intl.DateTimeFormat, { timeStyle: 'short' }).format(at);

/** "Saturday, 21 November 2026". */
export const day = (at) => intl(Intl.DateTimeFormat, { dateStyle: 'full' }).format(at);

/** "now", "3 minutes ago". A clock that is ahead of ours says "now" too. */
export function ago(at) {
  const seconds = Math.min(0, (at - Date.now()) / 1000);
  const [size, unit] = [
    [86_400, 'day'],
    [3600, 'hour'],
    [60, 'minute'],
  ].find(([least]) => -seconds >= least) ?? [0, 'second'];
  const format = intl(Intl.RelativeTimeFormat, { numeric: 'auto', style: 'short' });
  return unit === 'second' ? format.format(0, 'second') : format.format(Math.ceil(seconds / size), unit);
}

/** "Kim, Lee, Park"; more than `most` are counted: "Kim, Lee, Park and 4 others". */
export function names(all, most = 3) {
  if (all.length <= most) return all.join(', ');
  return t('names.more', { names: all.slice(0, most).join(', '), n: all.length - most });
}
