// <chat-box>: a room on a page of any site, as the template tag {% chat_box %} writes it. It lives in a shadow root, so that the
// page's styles and the box's do not meet, and joins and leaves with its place in the page, whoever puts it there.
//
// All boxes of a page share one connection per address and user. The other modules are asked for under the addresses that the
// tag has written down, as a storage for static files may give each of them a name of its own.

const own = document.querySelector('script[data-chat-modules]');
const addresses = JSON.parse(own.dataset.chatModules);
const load = async (name) => import(new URL(addresses[name], document.baseURI).href);
const [client, dom, texts, rows, links, keyed, log, write, view] = await Promise.all(
  ['client', 'dom', 'texts', 'rows', 'addresses', 'keyed', 'log', 'write', 'view'].map(load),
);
const parts = { ...dom, rows: rows.rows, addresses: links.parts, reconcile: keyed.reconcile, ...log, ...write };

// A key is remembered by the server for five minutes from when it was written: until then, saying it again says it once.
const KEY_MS = 4.5 * 60_000;
// A box that is taken out and put in again elsewhere does not leave its room for that.
const LINGER_MS = 1_000;
const NAME = 'chat-box.name';

/** A storage of the browser, if it may be used. */
function storage(which) {
  try {
    return globalThis[which];
  } catch {
    return undefined;
  }
}

function kept(which, key) {
  try {
    return storage(which)?.getItem(key) ?? undefined;
  } catch {
    return undefined;
  }
}

function keep(which, key, value) {
  try {
    if (value === undefined) storage(which)?.removeItem(key);
    else storage(which)?.setItem(key, value);
  } catch {
    // Full or forbidden: it is there for as long as the page is.
  }
}

/** One connection, and who uses it. */
class Connection {
  #uses = 0; #rooms = new Map(); #hurry;

  constructor(url, user) {
    this.url = url;
    this.user = user;
    // A user of the site is known by the site's cookie; a visitor by what the server gave the browser, which may not stand in
    // the way of the cookie once they have logged in.
    const visitor = { name: kept('localStorage', NAME), storage: storage('localStorage'), storageKey: 'chat-box.token' };
    this.client = new client.ChatClient(url, user === '' ? visitor : {});
    this.client.connect().catch(() => {}); // why not, is in the connection's state
    // No need to wait for the next try if something suggests that it will do.
    this.#hurry = () => document.visibilityState === 'visible' && this.client.retryNow();
    addEventListener('online', this.#hurry);
    document.addEventListener('visibilitychange', this.#hurry);
  }

  use() {
    this.#uses += 1;
    return this;
  }

  release() {
    this.#uses -= 1;
    setTimeout(() => this.#uses === 0 && this.#close(), LINGER_MS);
  }

  /** The room, entered; with what was not sent when the page was last left. */
  enter(id, options) {
    const there = this.#rooms.get(id) ?? { room: this.client.room(id, options), uses: 0, unsent: this.#unsent(id) };
    this.#rooms.set(id, there);
    there.uses += 1;
    there.room.join().catch(() => {}); // why not, is in its state
    return there;
  }

  leave(id) {
    const there = this.#rooms.get(id);
    there.uses -= 1;
    setTimeout(() => {
      if (there.uses > 0 || !this.#rooms.delete(id)) return;
      there.room.leave().catch(() => {});
    }, LINGER_MS);
  }

  async rename(name) {
    const given = await this.client.rename(name);
    if (this.user === '') keep('localStorage', NAME, given);
  }

  #unsent(id) {
    try {
      const { draft = '', pending = [] } = JSON.parse(kept('sessionStorage', this.#place(id)) ?? '{}');
      return { draft: String(draft), pending: pending.filter(({ key, at }) => typeof key === 'string' && typeof at === 'number') };
    } catch {
      return { draft: '', pending: [] };
    }
  }

  keepUnsent(id, draft, pending) {
    const some = draft !== '' || pending.length > 0;
    keep('sessionStorage', this.#place(id), some ? JSON.stringify({ draft, pending }) : undefined);
  }

  #place = (id) => `chat-box.unsent ${this.url} ${this.user} ${id}`;

  #close() {
    if (!open.delete(`${this.url} ${this.user}`)) return;
    removeEventListener('online', this.#hurry);
    document.removeEventListener('visibilitychange', this.#hurry);
    this.client.close();
  }
}

const open = new Map();

function connection(url, user) {
  const key = `${url} ${user}`;
  if (!open.has(key)) open.set(key, new Connection(url, user));
  return open.get(key).use();
}

/** The page's connection, for scripts of the site's own: the one that the boxes use. `user` is empty for visitors. */
export const connect = (url, user = '') => connection(url, user).client;

export class ChatBox extends HTMLElement {
  #connection; #there; #view; #stop = [];

  connectedCallback() {
    const { url, user = '', room: id, title = '', create, recent, people, login } = this.dataset;
    this.#connection = connection(url, user);
    const options = { recent: Number(recent ?? 50), ...(create !== undefined && { create: { title: title || id } }) };
    this.#there = this.#connection.enter(id, options);
    const { room, unsent } = this.#there;
    const words = texts.texts(this.closest('[lang]')?.lang || navigator.language);
    this.#view = new view.View(parts, words, { title, login, people: people !== undefined, mayRename: user === '' }, {
      earlier: () => room.earlier(),
      retry: (key) => void room.retry(key).catch(() => {}),
      discard: (key) => room.discard(key),
      say: (text) => this.#say(text, words),
      signal: (body) => room.signal(body),
      changed: () => this.#keep(),
      rename: (name) => this.#connection.rename(name),
      members: () => void room.loadMembers().catch(() => {}),
      join: () => void room.join().catch(() => {}),
      retryNow: () => this.client.retryNow(),
    });
    this.#draw();
    this.#view.composer.draft = unsent.draft;
    const show = () => {
      const state = room.getSnapshot();
      this.#view.show(state);
      if (state.status === 'joined') this.#sayUnsent();
      this.#keep();
    };
    const showConnection = () => this.#view.showConnection(this.client.connection.getSnapshot());
    this.#stop = [room.subscribe(show), this.client.connection.subscribe(showConnection)];
    showConnection();
    show();
  }

  disconnectedCallback() {
    for (const stop of this.#stop) stop();
    this.#view.close();
    this.#connection.leave(this.dataset.room);
    this.#connection.release();
    this.#there = undefined;
  }

  /** The client of chat.v1 and the room, for scripts of the site's own. */
  get client() {
    return this.#connection?.client;
  }

  get room() {
    return this.#there?.room;
  }

  #draw() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    const style = dom.h('link', { rel: 'stylesheet', href: own.dataset.chatStyle });
    style.nonce = own.nonce;
    // Nothing is seen before it can be seen as it should be.
    const { element } = this.#view;
    element.hidden = true;
    for (const event of ['load', 'error']) {
      style.addEventListener(event, () => {
        element.hidden = false;
        this.#view.appeared();
      });
    }
    root.replaceChildren(style, element);
  }

  /** What is said is never lost: it is seen as sending or failed, and what did not even get there comes back into the field. */
  async #say(text, words) {
    const { room } = this.#there;
    const key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
    try {
      await room.say(text, { key });
    } catch (error) {
      if (room.getSnapshot().pending.some((one) => one.key === key)) return;
      this.#view.composer.giveBack(text, words.refusal(error));
    }
  }

  /** Says what the page was left with, with its key; what is too old for that comes back into the field. */
  #sayUnsent() {
    const { room, unsent } = this.#there;
    if (unsent.pending.length === 0) return;
    const said = new Set(room.getSnapshot().entries.map((entry) => entry.key));
    for (const { key, body, at } of unsent.pending.splice(0)) {
      // It had come through, but its answer came too late for the page.
      if (said.has(key)) continue;
      const old = Date.now() - at;
      if (old >= 0 && old < KEY_MS) room.say(body, { key }).catch(() => {});
      else if (typeof body === 'string') this.#view.composer.giveBack(body);
    }
  }

  #keep() {
    if (!this.#there) return;
    const { room, unsent } = this.#there;
    const pending = room.getSnapshot().pending.map(({ key, body, at }) => ({ key, body, at }));
    this.#connection.keepUnsent(this.dataset.room, this.#view.composer.draft, [...unsent.pending, ...pending]);
  }
}

if (!customElements.get('chat-box')) customElements.define('chat-box', ChatBox);
