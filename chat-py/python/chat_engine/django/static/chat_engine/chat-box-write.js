// Where messages are written, and who is typing. Enter sends, Shift+Enter makes a new line; an Enter that ends the composition
// of a syllable (Hangul, kana, pinyin) belongs to the input method and sends nothing.

// While somebody writes, a signal is sent this often; who has not sent one for longer is not typing any more.
const EVERY_MS = 3000;
const LASTS_MS = 5000;

/** `send(text)`; `signal(body)` tells the others; `changed()`: the draft is another one; `most()`: the bytes a body may have. */
export class Composer {
  constructor({ h, icon, write }, { t }, { send, signal, changed, most }) {
    Object.assign(this, { write, t, send, signal, changed, most });
    this.ready = false;
    this.told = -Infinity;
    this.label = h('label.unseen', { for: 'text' });
    this.text = h('textarea.text', {
      id: 'text', rows: '1', enterkeyhint: 'send', autocomplete: 'off', 'aria-describedby': 'problem', placeholder: t('compose.hint'),
    });
    this.button = h('button.button.primary.square.send', { type: 'submit', disabled: true, 'aria-label': t('compose.send'), title: t('compose.send') }, icon('send'));
    this.problem = h('p.problem', { id: 'problem', role: 'alert' });
    this.element = h('form.compose', {}, this.label, this.text, this.button, this.problem);

    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.text.addEventListener('keydown', (event) => {
      // A page's own shortcuts are not meant while somebody writes here.
      event.stopPropagation();
      // 229: Safari sends the Enter that ends a composition after the composition's end.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    });
    this.text.addEventListener('input', () => {
      this.write(this.problem, '');
      this.#fit();
      this.#type(this.text.value.trim() !== '');
      this.changed();
    });
  }

  /** Whether messages can be sent. The field stays open: half a sentence must not lose its cursor when the connection does. */
  enable(ready) {
    this.ready = ready;
    this.button.disabled = !ready;
  }

  name(title) {
    this.write(this.label, this.t('compose.room', { title }));
  }

  get draft() {
    return this.text.value;
  }

  set draft(text) {
    this.text.value = text;
    this.write(this.problem, '');
    this.#fit();
    this.changed();
  }

  /** Puts back what could not be kept, before what was written since; `why` is told. */
  giveBack(text, why = '') {
    this.draft = this.draft === '' ? text : `${text}\n${this.draft}`;
    this.write(this.problem, why);
  }

  #submit() {
    // Half of a surrogate pair is no text that could be sent.
    const text = this.text.value.trim().toWellFormed();
    if (!this.ready || text === '') return;
    if (new TextEncoder().encode(JSON.stringify(text)).length > this.most()) {
      this.write(this.problem, this.t('compose.long'));
      return;
    }
    this.draft = '';
    this.told = -Infinity; // the message says by itself that the typing is over
    this.send(text);
    this.text.focus({ preventScroll: true });
  }

  #type(yes) {
    const before = this.told;
    if (!yes) this.told = -Infinity;
    if (yes ? performance.now() - before < EVERY_MS : before === -Infinity) return;
    if (yes) this.told = performance.now();
    this.signal({ typing: yes });
  }

  /** As high as its text, up to what the style sheet allows. Set by script, which a policy for styles lets pass. */
  #fit() {
    this.text.style.height = 'auto';
    this.text.style.height = `${this.text.scrollHeight + this.text.offsetHeight - this.text.clientHeight}px`;
  }
}

/** "… is typing": signals that nobody keeps. */
export class Typing {
  constructor({ h, write }, { t, names }) {
    Object.assign(this, { write, t, names });
    this.text = h('span');
    this.element = h('p.typing', {}, h('span.dots', { 'aria-hidden': 'true' }, h('i'), h('i'), h('i')), this.text);
    this.seen = new WeakSet();
    this.until = new Map();
    this.state = { members: [] };
  }

  /** Takes a room's snapshot. */
  update(state) {
    this.state = state;
    for (const signal of state.signals) {
      if (this.seen.has(signal)) continue;
      this.seen.add(signal);
      if (signal.by === state.you || typeof signal.body?.typing !== 'boolean') continue;
      const age = Math.max(0, Date.now() - signal.at);
      if (signal.body.typing) this.until.set(signal.by, performance.now() + LASTS_MS - age);
      else this.until.delete(signal.by);
    }
    // Who has said something, or has left, is not typing any more.
    const newest = state.entries.at(-1)?.n ?? 0;
    for (let i = state.entries.length - 1; this.newest !== undefined && i >= 0 && state.entries[i].n > this.newest; i -= 1) {
      this.until.delete(state.entries[i].by ?? state.entries[i].user);
    }
    this.newest = newest;
    this.#show();
  }

  close() {
    clearTimeout(this.timer);
  }

  #show() {
    clearTimeout(this.timer);
    const now = performance.now();
    for (const [who, until] of this.until) if (until <= now) this.until.delete(who);
    const called = new Map(this.state.members.map(({ user, name }) => [user, name]));
    const who = [...this.until.keys()].map((user) => called.get(user)).filter((name) => name !== undefined);
    this.element.classList.toggle('shown', who.length > 0);
    this.write(this.text, who.length > 0 ? this.t('typing', { names: this.names(who), n: who.length }) : '');
    if (this.until.size > 0) this.timer = setTimeout(() => this.#show(), Math.max(50, Math.min(...this.until.values()) - now));
  }
}
