// What is said in one room, on the screen: stays at the end while the reader is there, keeps still while they read
// further up and says how much is new, and asks for what is earlier when they come near the top.

import { h, icon } from './dom.js';
import { bind, onLanguage } from './i18n.js';
import { reconcile } from './keyed.js';
import { rowView } from './row-view.js';
import { rows } from './rows.js';

// How near to an edge counts as being there, in pixels.
const END_PX = 48;
const TOP_PX = 240;

export class LogView {
  /** `earlier()` loads what is before; `stranger`, `retry`, `discard` as for rows. */
  constructor({ earlier, ...options }) {
    this.earlier = earlier;
    this.stranger = options.stranger ?? false;
    this.view = rowView(options);
    this.state = { entries: [], pending: [] };
    this.newest = 0;
    this.fresh = 0;
    this.atEnd = true;
    this.loading = false;

    this.list = h('ol.rows');
    this.before = h('button.button.bare', { type: 'button', t: ['log.earlier'], on: { click: () => this.#load() } });
    this.begin = h('p.log-begin', { t: [this.stranger ? 'random.matched.hint' : 'log.begin'], hidden: true });
    this.gap = h('p.log-begin', { t: ['log.gap'], hidden: true });
    // Off until the first snapshot is there: nobody wants fifty old messages read aloud.
    this.log = h('div.log', { role: 'log', 'aria-live': 'off', tabindex: '0', tLabel: ['log'] },
      h('div.log-top', {}, this.before, this.begin, this.gap), this.list);
    this.pillText = h('span');
    this.pill = h('button.pill', { type: 'button', hidden: true, on: { click: () => this.toEnd(true) } }, icon('down', 'small'), this.pillText);
    this.element = h('div.log-frame', {}, this.log, this.pill);

    this.log.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    // A keyboard that opens, a window that is turned: who was at the end still is.
    this.sizes = new ResizeObserver(() => this.atEnd && this.toEnd());
    this.sizes.observe(this.log);
    this.stop = onLanguage(() => this.#renew());
  }

  /** Shows a room's snapshot. */
  update(state) {
    const newest = state.entries.at(-1)?.n ?? 0;
    const first = this.newest === 0;
    const own = (state.pending?.length ?? 0) > (this.state.pending?.length ?? 0);
    const news = state.entries.filter((entry) => entry.n > this.newest && entry.ev === 'said' && entry.by !== state.you).length;
    const older = !first && (state.entries[0]?.n ?? 0) < (this.state.entries[0]?.n ?? 0);
    this.state = state;
    this.newest = Math.max(this.newest, newest);

    // Earlier ones go in above: where the reader looks must not move, and none of it is news.
    const anchor = this.#anchor();
    if (first || older) this.log.setAttribute('aria-live', 'off');
    reconcile(this.list, this.#rows(), this.view.make, this.view.update, this.view.same);
    this.before.hidden = !state.more;
    this.begin.hidden = state.more || !state.room;
    this.gap.hidden = !state.gap;
    if (this.atEnd || own) this.toEnd();
    else {
      this.#restore(anchor);
      this.fresh += first ? 0 : news;
      this.#showPill();
    }
    if (first || older) requestAnimationFrame(() => this.log.setAttribute('aria-live', 'polite'));
  }

  toEnd(focus = false) {
    this.log.scrollTop = this.log.scrollHeight;
    this.atEnd = true;
    this.fresh = 0;
    this.#showPill();
    if (focus) this.log.focus({ preventScroll: true });
  }

  close() {
    this.stop();
    this.sizes.disconnect();
    this.element.remove();
  }

  // Notices are sentences put together from names: they do not follow the language by themselves.
  #renew() {
    for (const { element, item } of this.list.keyed?.values() ?? []) if (item.kind === 'notice') this.view.update(element, item);
    if (this.atEnd) this.toEnd();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    this.atEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    if (this.atEnd) this.fresh = 0;
    this.#showPill();
    if (scrollTop < TOP_PX) this.#load();
  }

  async #load() {
    if (this.loading || !this.state.more) return;
    this.loading = true;
    try {
      await this.earlier();
    } catch {
      // Offline: the next scroll asks again.
    }
    this.loading = false;
  }

  #showPill() {
    this.pill.hidden = this.atEnd;
    if (this.atEnd) return;
    if (this.fresh > 0) bind(this.pillText, 'text', 'log.new', { n: this.fresh });
    else bind(this.pillText, 'text', 'log.down');
    this.pill.classList.toggle('fresh', this.fresh > 0);
  }

  // Of a talk with a stranger only the talk: who came and went is in the page's status.
  #rows() {
    if (!this.stranger) return rows(this.state);
    const all = rows({ ...this.state, entries: this.state.entries.filter((entry) => entry.ev === 'said') });
    return all[0]?.kind === 'day' ? all.slice(1) : all;
  }

  /**
   * The first message that can be seen, and where it ends. Not a day or a notice, which grow together with earlier ones; and not
   * where it begins, as its name goes when earlier ones of the same person come before it.
   */
  #anchor() {
    const top = this.log.scrollTop;
    for (const element of this.list.querySelectorAll('.said')) {
      if (end(element) > top) return { element, at: end(element) - top };
    }
    return undefined;
  }

  #restore(anchor) {
    if (anchor?.element.isConnected) this.log.scrollTop = end(anchor.element) - anchor.at;
  }
}

const end = (element) => element.offsetTop + element.offsetHeight;
