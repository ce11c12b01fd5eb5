// One room on the screen: its head, the talk, the people, and what to say where it cannot be entered or has closed. Lives
// from the opening of the room to the way back; the connection is the page's.

import { changeName } from './you.js';
import { Composer } from './composer.js';
import { ask } from './dialog.js';
import { h, icon } from './dom.js';
import { errorKey, explain, explained } from './errors.js';
import { bind, onLanguage, t } from './i18n.js';
import { LogView } from './log-view.js';
import { Members } from './members.js';
import { closedBecause } from './row-view.js';
import { speak } from './speak.js';
import { countUnseen, setTitle } from './title.js';
import { copy, toast } from './toast.js';
import { TypingView, typingSender } from './typing.js';

const narrow = matchMedia('(max-width: 1179px)');
// What was half written in which room, while the page is open.
const drafts = new Map();

export class RoomView {
  constructor(client, room, place) {
    this.client = client;
    this.room = room;
    this.place = place;
    this.newest = undefined;
    this.noted = 'nothing yet';
    this.#build();
    place.replaceChildren(this.head, this.share, this.note, this.body);
    place.hidden = false;
    this.unsubscribe = room.subscribe(() => this.#show());
    this.stop = onLanguage(() => this.#show());
    this.onWidth = () => this.#people(!narrow.matches);
    narrow.addEventListener('change', this.onWidth);
    this.onWidth();
    this.#show();
    this.join();
  }

  /** Enters, and tells by the state what comes of it. */
  join() {
    this.room.join().catch(() => {});
  }

  /** Where to start: the field on a computer; on a phone the heading, as the field would open the keyboard. */
  focus() {
    this.title.focus({ preventScroll: true });
    this.#focusField();
  }

  /** Goes out of the room, as one does who shuts the door: no grace, no place kept. */
  close() {
    drafts.set(this.room.id, this.composer.draft);
    this.unsubscribe();
    this.stop();
    narrow.removeEventListener('change', this.onWidth);
    this.log.close();
    this.typing.close();
    this.place.replaceChildren();
    this.place.hidden = true;
    if (['joined', 'joining', 'offline'].includes(this.room.getSnapshot().status)) this.room.leave().catch(() => {});
  }

  // As soon as there is a field, if the reader has not gone elsewhere meanwhile.
  #focusField() {
    if (document.activeElement === this.title && !this.body.hidden && matchMedia('(pointer: fine)').matches) this.composer.focus();
  }

  #build() {
    const { room, client } = this;
    this.title = h('h2.room-title.truncate', { id: 'room-title', tabindex: '-1', dir: 'auto' });
    this.lock = h('span.room-lock', { hidden: true, tTitle: ['new.private'] }, icon('lock', 'small'), h('span.unseen', { t: ['new.private'] }));
    this.count = h('span', { 'aria-hidden': 'true' });
    this.countWords = h('span.unseen');
    this.peopleButton = h('button.button.bare', {
      type: 'button', id: 'people', 'aria-controls': 'members', on: { click: () => this.#people(this.members.element.hidden, true) },
    }, icon('people'), this.count, this.countWords);
    this.closeButton = h('button.button.bare.square', {
      type: 'button', hidden: true, tLabel: ['room.close'], tTitle: ['room.close'], 'aria-haspopup': 'dialog', on: { click: () => this.#askToClose() },
    }, icon('end'));
    this.linkButton = h('button.button.bare.square', {
      type: 'button', tLabel: ['room.copy'], tTitle: ['room.copy'], on: { click: () => this.#copy() },
    }, icon('link'));
    this.head = h('div.room-head', {},
      h('a.button.bare.square', { href: '#', tLabel: ['room.back'], tTitle: ['room.back'] }, icon('back')),
      this.title, this.lock, this.peopleButton, this.linkButton, this.closeButton);

    this.linkField = h('input.input', { readonly: true, tLabel: ['room.link'], value: location.href });
    this.share = h('div.share', { hidden: true },
      h('p', { t: ['room.private'] }),
      h('div.share-line', {}, this.linkField, h('button.button', { type: 'button', t: ['room.copy'], on: { click: () => this.#copy() } })));

    this.note = h('div.room-note', { role: 'status' });
    this.log = new LogView({
      earlier: () => room.earlier(),
      retry: (key) => room.retry(key).catch(() => {}),
      discard: (key) => room.discard(key),
    });
    this.typing = new TypingView();
    this.composer = new Composer({
      send: (text) => speak(room, this.composer, text),
      typing: typingSender((body) => room.signal(body)),
      most: () => client.connection.getSnapshot().limits?.body ?? 16_384,
    });
    this.composer.draft = drafts.get(room.id) ?? '';
    this.ended = h('p.ended', { hidden: true });
    this.members = new Members({
      rename: () => changeName(client),
      all: () => room.loadMembers().catch((error) => toast(explain(error))),
      close: () => this.#people(false, true),
    });
    this.talk = h('div.talk', {}, this.log.element, this.typing.element, this.composer.element, this.ended);
    this.body = h('div.room-body', {}, this.talk, this.members.element);
    this.body.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && narrow.matches && !this.members.element.hidden) this.#people(false, true);
    });
  }

  #show() {
    const state = this.room.getSnapshot();
    const { room, status } = state;
    const title = room?.title ?? '';
    this.title.textContent = title || t('room.unknown');
    setTitle(() => (title ? [title] : []));
    this.lock.hidden = room?.kind !== 'private';
    this.share.hidden = room?.kind !== 'private' || status === 'closed';
    this.peopleButton.hidden = !room;
    this.linkButton.hidden = !room || !this.share.hidden;
    bind(this.count, 'text', 'number', { n: state.live });
    bind(this.countWords, 'text', 'room.people', { n: state.live });
    this.closeButton.hidden = !room?.owner || room.owner !== state.you || status === 'closed';

    // Once there was something to see it stays there, whatever becomes of the connection or the room.
    const seen = room !== undefined && status !== 'failed' && status !== 'left';
    const appears = seen && this.body.hidden;
    this.body.hidden = !seen;
    this.#note(seen ? undefined : state);
    if (!seen) return;
    if (appears) this.#focusField();
    this.composer.name('compose.room', { title });
    this.composer.enable(status === 'joined' || status === 'offline' || status === 'joining');
    this.composer.element.hidden = this.typing.element.hidden = status === 'closed';
    this.ended.hidden = status !== 'closed';
    if (status === 'closed') bind(this.ended, 'text', closedBecause(state.why));
    this.log.update(state);
    this.typing.update(state);
    this.members.update(state);
    this.#count(state);
  }

  /** News for the tab's title. */
  #count({ entries, you }) {
    const newest = entries.at(-1)?.n ?? 0;
    if (this.newest !== undefined) {
      for (const entry of entries) if (entry.n > this.newest && entry.ev === 'said' && entry.by !== you) countUnseen();
    }
    this.newest = newest;
  }

  #note(state) {
    const key = state && `${state.status} ${state.error?.code ?? state.why ?? ''}`;
    if (key === this.noted) return;
    this.noted = key;
    this.note.hidden = !state;
    this.note.replaceChildren();
    if (!state) return;
    if (['new', 'joining', 'offline'].includes(state.status)) {
      this.note.append(h('p', { t: ['room.joining'] }));
      return;
    }
    const code = state.error?.code;
    const over = code === 'room_closed' || state.status === 'closed';
    const kicked = state.status === 'left' && state.why === 'kicked';
    const why = h('p');
    if (over) bind(why, 'text', closedBecause(state.why));
    else if (kicked) bind(why, 'text', 'room.kicked');
    else if (state.error) bind(why, 'text', errorKey(state.error));
    this.note.append(
      h('h3', { t: [over ? 'closed.title' : state.status === 'left' ? 'room.left' : 'room.failed'] }),
      why,
      h('div.actions', {},
        h('button.button', { type: 'button', t: ['room.again'], on: { click: () => this.join() } }),
        h('a.button.primary', { href: '#', t: ['room.back'] })),
    );
  }

  #people(shown, focus = false) {
    this.members.element.hidden = !shown;
    this.peopleButton.setAttribute('aria-expanded', String(shown));
    // Over the talk, it is what there is; beside it, both are.
    this.talk.inert = shown && narrow.matches;
    if (!focus) return;
    if (shown && narrow.matches) this.members.element.querySelector('h3').focus();
    else this.peopleButton.focus();
  }

  #copy() {
    if (this.share.hidden) this.linkField.value = location.href;
    copy(location.href, this.linkField);
  }

  #askToClose() {
    ask({
      title: 'room.close.title',
      hint: 'room.close.hint',
      yes: 'room.close',
      danger: true,
      submit: () => explained(this.room.close()),
    });
  }
}
