// One talk with a stranger: what was said, whether they are typing, and the field to write in, which is there while one
// waits as well, with Send switched off.

import { Composer } from './composer.js';
import { h } from './dom.js';
import { bind } from './i18n.js';
import { LogView } from './log-view.js';
import { speak } from './speak.js';
import { countUnseen } from './title.js';
import { TypingView, typingSender } from './typing.js';

export class StrangerView {
  constructor(client, place) {
    this.place = place;
    this.ended = h('p.ended', { hidden: true });
    this.room = undefined;
    this.composer = new Composer({
      send: (text) => this.room && speak(this.room, this.composer, text),
      typing: (yes) => this.typed?.(yes),
      most: () => client.connection.getSnapshot().limits?.body ?? 16_384,
    });
    this.place.append(this.ended, this.composer.element);
  }

  /** Shows the talk in this room; undefined: none. `changed()` is called with each change of the room. */
  show(room, changed) {
    if (room === this.room) return;
    this.unsubscribe?.();
    this.log?.close();
    this.typing?.close();
    this.log = this.typing = this.typed = this.newest = undefined;
    this.room = room;
    if (!room) return;
    this.log = new LogView({
      stranger: true,
      earlier: () => room.earlier(),
      retry: (key) => room.retry(key).catch(() => {}),
      discard: (key) => room.discard(key),
    });
    this.typing = new TypingView({ stranger: true });
    this.typed = typingSender((body) => room.signal(body));
    this.ended.before(this.log.element);
    this.composer.element.before(this.typing.element);
    this.unsubscribe = room.subscribe(() => {
      this.#update();
      changed();
    });
    this.#update();
  }

  /** Why the talk is over, as the key of a text; undefined: it is not. */
  end(key) {
    this.ended.hidden = key === undefined;
    if (this.typing) this.typing.element.hidden = !this.ended.hidden;
    if (key === undefined) return;
    const why = h('span');
    bind(why, 'text', key);
    this.ended.replaceChildren(why, ' ', h('span', { t: ['random.over.hint'] }));
  }

  #update() {
    const state = this.room.getSnapshot();
    this.log.update(state);
    this.typing.update(state);
    const newest = state.entries.at(-1)?.n ?? 0;
    if (this.newest !== undefined) {
      for (const entry of state.entries) if (entry.n > this.newest && entry.ev === 'said' && entry.by !== state.you) countUnseen();
    }
    this.newest = newest;
  }
}
