// The lobby's list: one of four orders, live. Rows keep their elements when they change places, so that what is
// focused or about to be pressed stays what it was, and they glide to their new place.

import { avatar } from './avatar.js';
import { byId, h, icon, motionWelcome } from './dom.js';
import { bind, bindTime } from './i18n.js';
import { inBrowser } from './kept.js';
import { reconcile } from './keyed.js';
import { words } from './words.js';

const ORDERS = ['live', 'visitors', 'newest', 'active'];
const FIRST = 50;
// As many as a list can be watched to.
const MOST = 100;

export class RoomList {
  constructor(client) {
    this.client = client;
    this.list = byId('room-list');
    this.note = byId('rooms-note');
    this.panel = byId('rooms');
    this.more = byId('more-rooms');
    this.limit = FIRST;
    this.open = undefined;
    this.tabs = ORDERS.map((order) => this.#tab(order));
    byId('orders').append(...this.tabs);
    this.more.addEventListener('click', () => this.#watch(this.order, MOST));
    const kept = inBrowser.getItem('chat.order');
    this.#watch(ORDERS.includes(kept) ? kept : 'live', FIRST);
  }

  /** Marks the room that is open beside the list. */
  mark(id) {
    this.open = id;
    this.#show();
  }

  /** Gives the focus to this room's row, or to the heading where it is gone. */
  focus(id) {
    const link = [...this.list.querySelectorAll('a')].find((one) => one.dataset.room === id);
    (link ?? byId('lobby-title')).focus({ preventScroll: !link });
  }

  #tab(order) {
    return h('button.order', {
      type: 'button',
      role: 'tab',
      id: `order-${order}`,
      'aria-controls': 'rooms',
      t: [`order.${order}`],
      on: {
        click: () => this.#watch(order, FIRST),
        keydown: (event) => this.#arrow(event, order),
      },
    });
  }

  #arrow(event, order) {
    const at = ORDERS.indexOf(order);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: ORDERS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const tab = this.tabs.at(to % ORDERS.length);
    tab.focus();
    tab.click();
  }

  #watch(order, limit) {
    if (order === this.order && limit === this.limit && this.store) return;
    this.order = order;
    this.limit = limit;
    inBrowser.setItem('chat.order', order);
    for (const tab of this.tabs) {
      const chosen = tab.id === `order-${order}`;
      tab.setAttribute('aria-selected', String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    this.panel.setAttribute('aria-labelledby', `order-${order}`);
    this.unsubscribe?.();
    this.store?.stop();
    this.store = this.client.list(order, limit);
    this.unsubscribe = this.store.subscribe(() => this.#show());
    this.panel.scrollTop = 0;
    this.#show();
  }

  #show() {
    const { rooms, ready } = this.store.getSnapshot();
    this.panel.setAttribute('aria-busy', String(!ready));
    this.note.hidden = rooms.length > 0;
    if (rooms.length === 0) {
      const lines = ready ? ['lobby.empty', 'lobby.empty.hint'] : ['lobby.loading'];
      if (this.note.dataset.shown !== lines[0]) this.note.replaceChildren(...lines.map((key) => h('span', { t: [key] })));
      this.note.dataset.shown = lines[0];
    } else this.note.dataset.shown = '';
    this.more.hidden = rooms.length < FIRST || this.limit === MOST;
    const items = rooms.map((room) => ({ key: room.id, room, open: room.id === this.open }));
    const before = places(this.list);
    reconcile(this.list, items, make, fill, (a, b) => a.room === b.room && a.open === b.open);
    glide(this.list, before);
  }
}

function make(item) {
  const element = h('li');
  fill(element, item);
  return element;
}

function fill(element, { room, open }) {
  // The link stays, so that the focus does; what is in it is written anew.
  const link = element.firstChild ?? h('a.room-row');
  link.href = `#room=${encodeURIComponent(room.id)}`;
  link.dataset.room = room.id;
  if (open) link.setAttribute('aria-current', 'true');
  else link.removeAttribute('aria-current');
  const { last } = room;
  const ago = last && h('time');
  if (last) bindTime(ago, last.at, 'ago');
  link.replaceChildren(
    avatar(room.id, room.title),
    h('span.room-text', {},
      h('span.room-line', {}, h('strong.room-name', { dir: 'auto' }, room.title), ago),
      h('span.room-line', {}, lastWords(last), h('span.room-counts', {},
        count('people', 'lobby.live', room.live), count('clock', 'lobby.visitors', room.visitors))),
    ),
  );
  if (!element.firstChild) element.append(link);
}

function lastWords(last) {
  if (!last) return h('span.room-last', { t: ['lobby.quiet'] });
  const text = last.body === null && last.cut ? h('span', { t: ['lobby.other'] }) : words(last.body);
  return h('span.room-last', { dir: 'auto' }, last.name ? h('span.room-who', {}, `${last.name}: `) : '', text);
}

/** A number with a drawing, in words for a screen reader and a mouse that rests on it. */
function count(drawing, key, n) {
  const element = h(`span.count.${key === 'lobby.live' ? 'live' : 'visitors'}`, { tTitle: [key, { n }] }, icon(drawing, 'small'));
  const shown = h('span', { 'aria-hidden': 'true' });
  const spoken = h('span.unseen');
  bind(shown, 'text', 'number', { n });
  bind(spoken, 'text', key, { n });
  element.append(shown, spoken);
  if (key === 'lobby.live' && n > 0) element.classList.add('some');
  return element;
}

function places(list) {
  if (!motionWelcome()) return new Map();
  return new Map([...list.children].map((element) => [element, element.getBoundingClientRect().top]));
}

/** Lets rows that have moved glide from where they were. */
function glide(list, before) {
  for (const element of list.children) {
    const was = before.get(element);
    if (was === undefined) continue;
    const by = was - element.getBoundingClientRect().top;
    if (by !== 0) element.animate([{ transform: `translateY(${by}px)` }, { transform: 'none' }], { duration: 240, easing: 'ease-out' });
  }
}
