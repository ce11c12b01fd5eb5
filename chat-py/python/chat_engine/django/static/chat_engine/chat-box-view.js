// What one box shows: its head, the line about the connection, the talk, the people, and what to say where the room cannot be
// entered or has closed. It is given what there is to see and asks for what is to be done; the connection is not its own.

// How wide a box is in which the people fit beside the talk; as in the style sheet.
const WIDE_REM = 36;
// The first connection usually takes less than this; a line that flashes by helps nobody.
const PATIENCE_MS = 800;

/**
 * `parts`: the other modules; `words`: the texts; `options`: `title`, `login`, `people`, `mayRename`; `asks`: `earlier`, `retry`, `discard`,
 * `say`, `signal`, `changed`, `rename`, `members`, `join`, `retryNow`.
 */
export class View {
  constructor(parts, words, options, asks) {
    Object.assign(this, { parts, words, options, asks });
    this.patient = true;
    this.was = false;
    this.note = undefined;
    const { h, icon, Log, Composer, Typing } = parts;
    const { t } = words;

    this.title = h('p.title', { id: 'title', dir: 'auto' });
    this.live = h('span', { 'aria-hidden': 'true' });
    this.liveWords = h('span.unseen');
    this.peopleButton = h('button.button.bare', {
      type: 'button', hidden: true, 'aria-expanded': 'false', 'aria-controls': 'people', on: { click: () => this.#people(this.people.hidden, true) },
    }, icon('people'), this.live, this.liveWords);
    this.head = h('div.head', {}, this.title, this.peopleButton);

    this.linkText = h('p');
    this.linkButton = h('button.button', { type: 'button', hidden: true, on: { click: () => this.linkAsk() } });
    this.linkLogin = options.login && h('a.button', { href: options.login, hidden: true }, t('link.login.go'));
    this.link = h('div.link-line', { hidden: true }, this.linkText, this.linkButton, this.linkLogin);
    // The region is there before anything is written into it, or it would not be read.
    this.status = h('div', { role: 'status' }, this.link);

    this.log = new Log(parts, words, asks);
    this.typing = new Typing(parts, words);
    this.composer = new Composer(parts, words, {
      send: (text) => asks.say(text), signal: asks.signal, changed: asks.changed, most: () => this.limits?.body ?? 16_384,
    });
    this.ended = h('p.ended', { hidden: true });
    this.talk = h('div.talk', {}, this.log.element, this.typing.element, this.composer.element, this.ended);
    this.#buildPeople();
    this.body = h('div.body', { hidden: true }, this.talk, this.people);
    this.noteElement = h('div.note', { role: 'status' });
    this.element = h('div.box', { role: 'group', 'aria-labelledby': 'title', lang: words.language }, this.head, this.status, this.noteElement, this.body);
    this.body.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && !this.people.hidden) this.#people(false, true);
    });
    this.timer = setTimeout(() => {
      this.patient = false;
      if (this.connection) this.showConnection(this.connection);
    }, PATIENCE_MS);
  }

  /** Its style is there, so it is known how wide it is. */
  appeared() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    if (this.options.people && this.element.clientWidth > WIDE_REM * rem) this.#people(true);
    this.log.toEnd();
  }

  close() {
    clearTimeout(this.timer);
    this.log.close();
    this.typing.close();
  }

  /** Shows the connection's state. */
  showConnection(connection) {
    this.connection = connection;
    this.limits = connection.limits;
    const { t } = this.words;
    const { status, code, error } = connection;
    if (status === 'online') this.was = true;
    const ended = status === 'closed';
    this.link.hidden = status === 'online' || status === 'idle' || (!this.was && this.patient && !ended);
    if (this.link.hidden) return;
    const barred = ended && error?.code === 'unauthorized';
    const key = barred ? 'login' : ended ? (code === 4403 ? 'kicked' : 'ended') : this.was ? 'lost' : 'first';
    this.parts.write(this.linkText, t(`link.${key}`));
    this.linkButton.hidden = status !== 'offline' && !ended;
    this.parts.write(this.linkButton, t(ended ? 'link.reload' : 'link.retry'));
    this.linkAsk = ended ? () => location.reload() : this.asks.retryNow;
    if (this.linkLogin) {
      this.linkLogin.hidden = !barred;
      this.linkButton.hidden ||= barred;
    }
  }

  /** Shows the room's state. */
  show(state) {
    const { write } = this.parts;
    const { room, status } = state;
    const title = room?.title ?? this.options.title;
    write(this.title, title || this.words.t('box'));
    this.peopleButton.hidden = !room;
    write(this.live, this.words.t('number', { n: state.live }));
    write(this.liveWords, this.words.t('room.people', { n: state.live }));

    // Once there was something to see it stays there, whatever becomes of the connection or the room.
    const seen = room !== undefined && status !== 'failed' && status !== 'left';
    this.body.hidden = !seen;
    this.#note(seen ? undefined : state);
    if (!seen) return;
    const over = status === 'closed';
    this.composer.name(title);
    this.composer.enable(!over);
    this.composer.element.hidden = this.typing.element.hidden = over;
    this.ended.hidden = !over;
    write(this.ended, over ? this.words.closed(state.why) : '');
    this.log.update(state);
    this.typing.update(state);
    this.#showPeople(state);
  }

  #note(state) {
    const { h } = this.parts;
    const { t, closed, refusal } = this.words;
    const key = state && `${state.status} ${state.error?.code ?? state.why ?? ''}`;
    if (key === this.note) return;
    this.note = key;
    this.noteElement.hidden = !state;
    if (!state) return this.noteElement.replaceChildren();
    if (['new', 'joining', 'offline'].includes(state.status)) return this.noteElement.replaceChildren(h('p', {}, t('room.joining')));
    const over = state.status === 'closed' || state.error?.code === 'room_closed';
    const why = over ? closed(state.why) : state.why === 'kicked' ? t('room.kicked') : state.error ? refusal(state.error) : '';
    this.noteElement.replaceChildren(
      h('p.note-title', {}, over ? why : t(state.status === 'left' ? 'room.left' : 'room.failed')),
      !over && h('p', {}, why) || '',
      h('button.button', { type: 'button', on: { click: () => this.asks.join() } }, t('room.again')),
    );
  }

  #buildPeople() {
    const { h, icon } = this.parts;
    const { t } = this.words;
    this.list = h('ul.list');
    this.all = h('button.button.bare', { type: 'button', hidden: true, on: { click: () => this.asks.members() } }, t('room.people.all'));
    this.name = h('input.input', { id: 'name', autocomplete: 'nickname', required: true });
    this.nameProblem = h('p.problem', { role: 'alert' });
    this.naming = h('form.naming', { hidden: true },
      h('label', { for: 'name' }, t('you.label')), this.name, h('button.button', { type: 'submit' }, t('you.save')), this.nameProblem);
    this.naming.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#rename();
    });
    this.naming.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape') return;
      event.stopPropagation();
      this.#named();
    });
    this.people = h('div.people', { id: 'people', role: 'group', 'aria-labelledby': 'people-title', hidden: true },
      h('div.people-head', {},
        h('p', { id: 'people-title' }, t('room.people.title')),
        h('button.button.bare.square', { type: 'button', 'aria-label': t('close'), on: { click: () => this.#people(false, true) } }, icon('cross'))),
      this.naming, this.list, this.all);
  }

  #people(shown, focus = false) {
    this.people.hidden = !shown;
    this.element.classList.toggle('with-people', shown);
    this.peopleButton.setAttribute('aria-expanded', String(shown));
    if (focus && !shown) this.peopleButton.focus();
    else if (focus) this.people.querySelector('button').focus();
  }

  #showPeople({ members, live, you, status }) {
    // Oneself first, then by name, as one looks for people.
    const sorted = [...members].sort((a, b) => (b.user === you) - (a.user === you) || a.name.localeCompare(b.name));
    const items = sorted.map(({ user, name }) => ({ key: user, name, own: user === you }));
    this.parts.reconcile(this.list, items, (item) => this.#person(this.parts.h('li.person'), item),
      (element, item) => this.#person(element, item), (a, b) => a.name === b.name && a.own === b.own);
    this.all.hidden = status !== 'joined' || live <= members.length;
  }

  #person(element, { key, name, own }) {
    const { h, icon, avatar } = this.parts;
    const { t } = this.words;
    // What is drawn anew would lose the focus: one's own line is, with each new name.
    const focused = element.contains(element.getRootNode().activeElement);
    element.replaceChildren(...[
      avatar(key, name),
      h('span.person-name', { dir: 'auto' }, name),
      own && h('span.mark', {}, t('you.me')),
      own && this.options.mayRename && h('button.button.bare.square.rename', {
        type: 'button', 'aria-label': t('you.name', { name }), on: { click: () => this.#askName(name) },
      }, icon('pen')),
    ].filter(Boolean));
    if (focused) element.querySelector('.rename')?.focus();
    return element;
  }

  #askName(name) {
    this.name.value = name;
    this.name.maxLength = this.limits?.name ?? 32;
    this.naming.hidden = false;
    this.name.select();
    this.name.focus();
  }

  async #rename() {
    const wish = this.name.value.trim();
    if (wish === '') return;
    try {
      await this.asks.rename(wish);
      this.#named();
    } catch (error) {
      this.parts.write(this.nameProblem, this.words.refusal(error));
    }
  }

  #named() {
    this.naming.hidden = true;
    this.parts.write(this.nameProblem, '');
    (this.list.querySelector('.rename') ?? this.peopleButton).focus();
  }
}
