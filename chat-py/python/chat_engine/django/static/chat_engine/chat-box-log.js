// What is said in one room, on the screen: stays at the end while the reader is there, keeps still while they read further up
// and says how much is new, and asks for what is earlier when they come near the top.

// How near to an edge counts as being there, in pixels.
const END_PX = 48;
const TOP_PX = 160;

/** `parts`: the other modules; `words`: the texts. `earlier()` loads what is before; `retry(key)`, `discard(key)`. */
export class Log {
  constructor(parts, words, { earlier, retry, discard }) {
    Object.assign(this, { ...parts, words, earlier, retry, discard });
    const { h, icon } = parts;
    const { t } = words;
    this.state = { entries: [], pending: [] };
    this.newest = 0;
    this.fresh = 0;
    this.atEnd = true;
    this.loading = false;

    this.list = h('ol.rows');
    this.before = h('button.button.bare', { type: 'button', hidden: true, on: { click: () => this.#load() } }, t('log.earlier'));
    this.begin = h('p', { hidden: true }, t('log.begin'));
    this.gap = h('p', { hidden: true }, t('log.gap'));
    // Off until the first snapshot is there: nobody wants fifty old messages read aloud.
    this.log = h('div.log', { role: 'log', 'aria-live': 'off', tabindex: '0', 'aria-label': t('log') },
      h('div.log-top', {}, this.before, this.begin, this.gap), this.list);
    this.pillText = h('span');
    this.pill = h('button.pill', { type: 'button', hidden: true, on: { click: () => this.toEnd(true) } }, icon('down'), this.pillText);
    this.element = h('div.log-frame', {}, this.log, this.pill);

    this.log.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    // A keyboard that opens, a window that is turned: who was at the end still is.
    this.sizes = new ResizeObserver(() => this.atEnd && this.toEnd());
    this.sizes.observe(this.log);
  }

  /** Shows a room's snapshot. */
  update(state) {
    const first = this.newest === 0;
    const own = state.pending.length > this.state.pending.length;
    const news = state.entries.filter((entry) => entry.n > this.newest && entry.ev === 'said' && entry.by !== state.you).length;
    const older = !first && (state.entries[0]?.n ?? 0) < (this.state.entries[0]?.n ?? 0);
    this.state = state;
    this.newest = Math.max(this.newest, state.entries.at(-1)?.n ?? 0);

    // Earlier ones go in above: where the reader looks must not move, and none of it is news.
    const anchor = this.#anchor();
    if (first || older) this.log.setAttribute('aria-live', 'off');
    this.reconcile(this.list, this.rows(state), (row) => this.#make(row), (element, row) => this.#draw(element, row), same);
    this.before.hidden = !state.more;
    this.begin.hidden = state.more || !state.room;
    this.gap.hidden = !state.gap;
    if (this.atEnd || own) this.toEnd();
    else {
      if (anchor?.element.isConnected) this.log.scrollTop = end(anchor.element) - anchor.at;
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
    this.sizes.disconnect();
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.log;
    this.atEnd = scrollHeight - scrollTop - clientHeight < END_PX;
    if (this.atEnd) this.fresh = 0;
    this.#showPill();
    if (scrollTop < TOP_PX && !this.atEnd) this.#load();
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
    this.write(this.pillText, this.fresh > 0 ? this.words.t('log.new', { n: this.fresh }) : this.words.t('log.down'));
    this.pill.classList.toggle('fresh', this.fresh > 0);
  }

  /**
   * The first message that can be seen, and where it ends: its beginning moves, as its name goes when earlier ones of the same
   * person come before it.
   */
  #anchor() {
    const top = this.log.scrollTop;
    for (const element of this.list.querySelectorAll('.said')) {
      if (end(element) > top) return { element, at: end(element) - top };
    }
    return undefined;
  }

  #make(row) {
    const element = this.h(`li.row.${row.kind}`);
    this.#draw(element, row);
    return element;
  }

  #draw(element, row) {
    if (row.kind === 'said') this.#said(element, row);
    else if (row.kind === 'day') element.replaceChildren(this.#time(row.at, this.words.day(row.at)));
    else if (row.kind === 'closed') element.replaceChildren(this.h('span', {}, this.words.closed(row.why)));
    else element.replaceChildren(...this.#notices(row).map((line) => this.h('span', {}, line)));
  }

  #notices(row) {
    const { t, names } = this.words;
    const lines = ['joined', 'passed', 'returned', 'left'].filter((what) => row[what].length > 0)
      .map((what) => t(`notice.${what}`, { names: names(row[what]) }));
    for (const { from, to } of row.renamed) {
      if (from !== to) lines.push(from ? t('notice.renamed', { from, to }) : t('notice.renamed.to', { to }));
    }
    return lines;
  }

  #said(element, row) {
    const { h, avatar } = this;
    const { t, clock } = this.words;
    const site = row.by === null;
    element.className = `row said ${row.own ? 'own' : site ? 'site' : 'theirs'}`;
    for (const flag of ['first', 'last']) element.classList.toggle(flag, row[flag]);
    element.classList.toggle('failed', row.pending === 'failed');

    // Everybody hears who speaks; it is seen once per group, and on the left only.
    const name = row.own ? t('log.you') : site ? t('log.site') : row.name;
    const who = h(row.first && !row.own ? 'span.who' : 'span.unseen', {}, name);
    const bubble = h('p.bubble', { dir: 'auto' }, ...this.#linked(text(row.body)));
    const beside = row.pending === 'sending' ? h('span.sending', {}, t('log.sending'))
      : !row.pending && row.timed && this.#time(row.at, clock(row.at));
    const face = !row.own && !site && (row.first ? avatar(row.by, row.name) : h('span.avatar-gap'));
    const failure = row.pending === 'failed' && h('div.failure', {},
      h('span', {}, t('log.failed')),
      row.error && h('span', {}, this.words.refusal(row.error)),
      h('button.link', { type: 'button', on: { click: () => this.retry(row.sendKey) } }, t('log.retry')),
      h('button.link', { type: 'button', on: { click: () => this.discard(row.sendKey) } }, t('log.discard')));
    element.replaceChildren(...[face, h('div.saying', {}, who, h('div.line', {}, bubble, beside), failure)].filter(Boolean));
  }

  /** A text with its web addresses as links. The other site learns nothing of this page: no opener, no referrer. */
  #linked(words) {
    return this.addresses(words).map((part) =>
      typeof part === 'string' ? document.createTextNode(part)
        : this.h('a', { href: part.href, target: '_blank', rel: 'noopener noreferrer nofollow ugc' }, part.text));
  }

  #time(at, shown) {
    return this.h('time', { datetime: new Date(at).toISOString(), title: this.words.whole(at) }, shown);
  }
}

const end = (element) => element.offsetTop + element.offsetHeight;
const equal = (a, b) => a === b || (Array.isArray(a) && JSON.stringify(a) === JSON.stringify(b));
const same = (a, b) => Object.keys({ ...a, ...b }).every((name) => equal(a[name], b[name]));

/** What is said, as text. A body is any JSON: this box says strings, others may say something else. */
function text(body) {
  if (typeof body === 'string') return body;
  if (typeof body?.text === 'string') return body.text;
  return JSON.stringify(body) ?? '';
}
