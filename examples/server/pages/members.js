// Who is in the room: beside the talk on a wide screen, over it on a narrow one.

import { avatar } from './avatar.js';
import { h, icon } from './dom.js';
import { bind } from './i18n.js';
import { reconcile } from './keyed.js';

export class Members {
  /** `rename()` asks for a new name; `all()` loads those that did not come with the room; `close()` is asked for. */
  constructor({ rename, all, close }) {
    this.rename = rename;
    this.list = h('ul.member-list');
    this.all = h('button.button.bare', { type: 'button', t: ['room.people.all'], hidden: true, on: { click: all } });
    this.count = h('p.member-note', { t: ['room.people.count'], hidden: true });
    this.element = h('aside.members', { id: 'members', 'aria-labelledby': 'members-title', hidden: true },
      h('div.members-head', {},
        h('h3', { id: 'members-title', tabindex: '-1', t: ['room.people.title'] }),
        h('button.button.bare.square', { type: 'button', tLabel: ['close'], on: { click: close } }, icon('cross'))),
      this.list, this.all, this.count);
  }

  update({ members, live, you, room, status }) {
    // Oneself first, then by name, as one looks for people.
    const sorted = [...members].sort((a, b) => (b.user === you) - (a.user === you) || a.name.localeCompare(b.name));
    const items = sorted.map(({ user, name }) => ({ key: user, name, you: user === you, owner: user === room?.owner }));
    reconcile(this.list, items, (item) => this.#make(item), (element, item) => this.#fill(element, item),
      (a, b) => a.name === b.name && a.you === b.you && a.owner === b.owner);
    this.all.hidden = status !== 'joined' || live <= members.length;
    this.count.hidden = !(room?.capacity > 1000);
  }

  #make(item) {
    const element = h('li.member');
    this.#fill(element, item);
    return element;
  }

  #fill(element, { key, name, you, owner }) {
    const edit = you && h('button.button.bare.square', { type: 'button', on: { click: this.rename } }, icon('pen', 'small'));
    if (edit) bind(edit, 'label', 'you.name', { name });
    element.replaceChildren(...[
      avatar(key, name),
      h('span.member-name.truncate', { dir: 'auto' }, name),
      you && h('span.mark', { t: ['you.me'] }),
      owner && h('span.mark', { t: ['room.owner'] }),
      edit,
    ].filter(Boolean));
  }
}
