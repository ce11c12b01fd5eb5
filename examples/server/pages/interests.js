// What one would like to talk about: a few tags, kept by the browser, by which strangers are paired first.

import { h, icon } from './dom.js';
import { bind } from './i18n.js';
import { inBrowser } from './kept.js';
import { reconcile } from './keyed.js';

const KEPT = 'chat.interests';

export class Interests {
  /** `changed()` is called when tags or strictness are others; `limits()` gives how many, and how long. */
  constructor(place, { changed, limits }) {
    this.place = place;
    this.changed = changed;
    this.limits = limits;
    ({ tags: this.tags, strict: this.strict } = kept());

    this.sum = h('span.interests-sum.truncate');
    this.list = h('ul.chips');
    this.input = h('input.input', {
      id: 'interest', autocomplete: 'off', autocapitalize: 'none', enterkeyhint: 'done', 'aria-describedby': 'interests-note', tPlaceholder: ['random.tags.hint'],
    });
    this.note = h('p.interests-note', { id: 'interests-note', role: 'status' });
    const strict = h('input', { type: 'checkbox', id: 'strict', checked: this.strict });
    const form = h('form.interests-form', {},
      h('label.unseen', { for: 'interest', t: ['random.tags'] }), this.input,
      h('button.button', { type: 'submit', t: ['random.tags.add'] }));

    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#add(this.input.value);
    });
    this.input.addEventListener('keydown', (event) => {
      // Within a composition Enter and comma are the input method's; see composer.js.
      if (event.isComposing || event.keyCode === 229) {
        if (event.key === 'Enter') event.preventDefault();
      } else if (event.key === ',') {
        event.preventDefault();
        this.#add(this.input.value);
      } else if (event.key === 'Backspace' && this.input.value === '' && this.tags.length > 0) this.#remove(this.tags.at(-1));
    });
    strict.addEventListener('change', () => {
      this.strict = strict.checked;
      this.#keep();
    });
    place.append(
      h('summary', {}, h('span.interests-title', { t: ['random.tags'] }), this.sum),
      h('div.interests-body', {}, this.list, form, this.note, h('label.strict', { for: 'strict' }, strict, h('span', { t: ['random.tags.strict'] }))),
    );
    this.#show();
  }

  /** Says something beside the field, until the next change. */
  say(key, values) {
    if (key) bind(this.note, 'text', key, values);
    else this.note.textContent = '';
  }

  #add(text) {
    const { tags: most, tag: longest } = this.limits();
    this.say();
    // Pasted lists come with commas or hashes.
    const wished = text.split(/[,#\n]/u).map((tag) => tag.normalize('NFC').trim()).filter(Boolean).map((tag) => [...tag].slice(0, longest).join('').trim());
    const known = new Set(this.tags.map((tag) => tag.toLowerCase()));
    const fresh = wished.filter((tag) => !known.has(tag.toLowerCase()) && known.add(tag.toLowerCase()));
    this.input.value = '';
    if (fresh.length === 0) return;
    if (this.tags.length + fresh.length > most) this.say('random.tags.full', { n: most });
    this.tags = [...this.tags, ...fresh].slice(0, most);
    this.#keep();
  }

  #remove(tag) {
    this.tags = this.tags.filter((one) => one !== tag);
    this.say();
    this.#keep();
    this.input.focus();
  }

  #keep() {
    inBrowser.setItem(KEPT, JSON.stringify({ tags: this.tags, strict: this.strict }));
    this.#show();
    this.changed();
  }

  #show() {
    this.sum.textContent = this.tags.join(', ');
    this.list.hidden = this.tags.length === 0;
    const make = ({ key: tag }) => {
      const element = h('li.chip', {}, h('span.truncate', { dir: 'auto' }, tag), h('button', { type: 'button', tLabel: ['random.tags.remove', { tag }], on: { click: () => this.#remove(tag) } }, icon('cross', 'small')));
      return element;
    };
    reconcile(this.list, this.tags.map((tag) => ({ key: tag })), make, () => {}, () => true);
  }
}

/** What the browser has kept; it may be anything, as anybody can write there. */
function kept() {
  try {
    const { tags, strict } = JSON.parse(inBrowser.getItem(KEPT) ?? '{}');
    return { tags: Array.isArray(tags) ? tags.filter((tag) => typeof tag === 'string').slice(0, 8) : [], strict: strict === true };
  } catch {
    return { tags: [], strict: false };
  }
}
