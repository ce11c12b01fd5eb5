// "… is typing": signals that nobody keeps. While somebody writes one is sent every few seconds, and one more when
// they empty the field; who has not sent one for a while, or has said something, is not typing any more.

import { h } from './dom.js';
import { bind, names, onLanguage } from './i18n.js';

const EVERY_MS = 3000;
const LASTS_MS = 5000;

/**
 * Gives `typing(yes)`, to be called at every keystroke; `signal(body)` is called now and then. `typing(undefined)`: it was
 * sent, which says by itself that the typing is over.
 */
export function typingSender(signal) {
  let sent = -Infinity;
  return (yes) => {
    const before = sent;
    if (!yes) sent = -Infinity;
    if (yes === undefined || (yes ? performance.now() - before < EVERY_MS : before === -Infinity)) return;
    if (yes) sent = performance.now();
    signal({ typing: yes });
  };
}

export class TypingView {
  constructor({ stranger = false } = {}) {
    this.stranger = stranger;
    this.element = h('p.typing');
    this.text = h('span');
    this.element.append(h('span.typing-dots', { 'aria-hidden': 'true' }, h('i'), h('i'), h('i')), this.text);
    this.seen = new WeakSet();
    this.until = new Map();
    this.newest = undefined;
    this.state = undefined;
    this.stop = onLanguage(() => this.#show());
    this.#show();
  }

  /** Takes a room's snapshot. */
  update(state) {
    this.state = state;
    for (const signal of state.signals ?? []) {
      if (this.seen.has(signal)) continue;
      this.seen.add(signal);
      if (signal.by === state.you || typeof signal.body?.typing !== 'boolean') continue;
      const age = Math.max(0, Date.now() - signal.at);
      if (signal.body.typing) this.until.set(signal.by, performance.now() + LASTS_MS - age);
      else this.until.delete(signal.by);
    }
    const newest = state.entries.at(-1)?.n ?? 0;
    for (const entry of this.newest === undefined ? [] : state.entries.toReversed()) {
      if (entry.n <= this.newest) break;
      this.until.delete(entry.ev === 'said' ? entry.by : entry.user);
    }
    this.newest = newest;
    this.#show();
  }

  close() {
    clearTimeout(this.timer);
    this.stop();
    this.element.remove();
  }

  #show() {
    clearTimeout(this.timer);
    const now = performance.now();
    for (const [who, until] of this.until) if (until <= now) this.until.delete(who);
    const called = new Map((this.state?.members ?? []).map(({ user, name }) => [user, name]));
    const who = [...this.until.keys()].map((user) => called.get(user)).filter((name) => name !== undefined);
    const any = this.stranger ? this.until.size > 0 : who.length > 0;
    this.element.classList.toggle('shown', any);
    if (!any) this.text.textContent = '';
    else if (this.stranger) bind(this.text, 'text', 'typing.other');
    else bind(this.text, 'text', 'typing', { names: names(who), n: who.length });
    if (this.until.size > 0) this.timer = setTimeout(() => this.#show(), Math.max(50, Math.min(...this.until.values()) - now));
  }
}
