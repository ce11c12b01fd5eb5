// The elements of the rows that rows.js gives.

import { avatar } from './avatar.js';
import { h } from './dom.js';
import { errorKey } from './errors.js';
import { bind, bindTime, names, t } from './i18n.js';
import { linked } from './linkify.js';
import { words } from './words.js';

const ENDINGS = ['idle', 'empty', 'partner_left', 'owner', 'admin', 'max_age'];

/** The text key of why a room has closed; unknown reasons are treated as the general case. */
export const closedBecause = (why) => `closed.${ENDINGS.includes(why) ? why : 'other'}`;

/** `options`: `stranger` (names are not shown), `retry(key)`, `discard(key)`. */
export function rowView(options) {
  const draw = { day, notice, closed, said };
  const fill = (element, row) => draw[row.kind](element, row, options);
  return {
    make(row) {
      const element = h(`li.row.${row.kind}`);
      fill(element, row);
      return element;
    },
    update: fill,
    same: (a, b) => Object.keys({ ...a, ...b }).every((name) => equal(a[name], b[name])),
  };
}

const equal = (a, b) => a === b || (Array.isArray(a) && JSON.stringify(a) === JSON.stringify(b));

function time(at, form) {
  const element = h('time');
  bindTime(element, at, form);
  return element;
}

function day(element, row) {
  element.replaceChildren(time(row.at, 'day'));
}

function notice(element, row) {
  const lines = [];
  for (const what of ['joined', 'passed', 'returned', 'left']) {
    if (row[what].length > 0) lines.push(t(`notice.${what}`, { names: names(row[what]) }));
  }
  for (const { from, to } of row.renamed) {
    if (from !== to) lines.push(from ? t('notice.renamed', { from, to }) : t('notice.renamed.to', { to }));
  }
  element.replaceChildren(...lines.map((line) => h('span', {}, line)));
}

function closed(element, row) {
  element.replaceChildren(h('span', { t: [closedBecause(row.why)] }));
}

function said(element, row, { stranger, retry, discard }) {
  element.className = 'row said';
  element.classList.add(row.own ? 'own' : row.by === null ? 'site' : 'theirs');
  for (const flag of ['first', 'last']) element.classList.toggle(flag, row[flag]);
  element.classList.toggle('failed', row.pending === 'failed');

  // Everybody hears who speaks; it is seen once per group, and on the left only.
  const who = h('span');
  if (row.own) bind(who, 'text', 'log.you');
  else if (row.by === null) bind(who, 'text', 'log.site');
  else if (stranger) bind(who, 'text', 'log.stranger');
  else who.textContent = row.name;
  who.className = row.first && !row.own && !stranger ? 'who' : 'unseen';

  const bubble = h('p.bubble', { dir: 'auto' }, ...linked(words(row.body)));
  const line = h('div.line', {}, bubble, row.pending ? sending(row) : row.timed && time(row.at, 'clock'));
  const face = !row.own && !stranger && row.by !== null && (row.first ? avatar(row.by, row.name) : h('span.avatar-gap'));
  element.replaceChildren(...[face, h('div.saying', {}, who, line, row.pending === 'failed' && failure(row, retry, discard))].filter(Boolean));
}

const sending = (row) => row.pending === 'sending' && h('span.sending', { t: ['log.sending'] });

function failure(row, retry, discard) {
  return h('div.failure', {},
    h('span', { t: ['log.failed'] }),
    row.error && h('span', { t: [errorKey(row.error)] }),
    h('button.link', { type: 'button', t: ['log.retry'], on: { click: () => retry(row.sendKey) } }),
    h('button.link', { type: 'button', t: ['log.discard'], on: { click: () => discard(row.sendKey) } }),
  );
}
