// Where messages are written. Enter sends, Shift+Enter makes a new line; an Enter that ends the composition of a
// syllable (Hangul, kana, pinyin) belongs to the input method and sends nothing.

import { h, icon } from './dom.js';
import { bind } from './i18n.js';

export class Composer {
  /** `send(text)`; `typing(true | false | undefined)` as for typing.js; `most()` gives the bytes that a body may have. */
  constructor({ send, typing = () => {}, most = () => 16_384 }) {
    this.send = send;
    this.typing = typing;
    this.most = most;
    this.ready = false;
    const id = 'compose';
    this.label = h('label.unseen', { for: id, t: ['compose'] });
    this.text = h('textarea.compose-text', { id, rows: '1', enterkeyhint: 'send', autocomplete: 'off', 'aria-describedby': `${id}-problem`, tPlaceholder: ['compose.hint'] });
    this.button = h('button.button.primary.square.compose-send', { type: 'submit', disabled: true, tLabel: ['compose.send'], tTitle: ['compose.send'] }, icon('send'));
    this.problem = h('p.problem', { id: `${id}-problem`, role: 'alert' });
    this.element = h('form.compose', {}, this.label, this.text, this.button, this.problem);

    this.element.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.text.addEventListener('keydown', (event) => {
      // 229: Safari sends the Enter that ends a composition after the composition's end.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      this.#submit();
    });
    this.text.addEventListener('input', () => {
      this.problem.textContent = '';
      this.#fit();
      this.typing(this.text.value.trim() !== '');
    });
  }

  /** Whether messages can be sent. The field stays open: half a sentence must not lose its cursor when the other leaves. */
  enable(ready) {
    this.ready = ready;
    this.button.disabled = !ready;
  }

  name(key, values) {
    bind(this.label, 'text', key, values);
  }

  get draft() {
    return this.text.value;
  }

  set draft(text) {
    this.text.value = text;
    this.problem.textContent = '';
    this.#fit();
  }

  focus() {
    this.text.focus({ preventScroll: true });
  }

  /** Puts back what could not be kept, before what was written since. */
  giveBack(text) {
    this.draft = this.draft === '' ? text : `${text}\n${this.draft}`;
  }

  #submit() {
    // Half of a surrogate pair is no text that could be sent.
    const text = this.text.value.trim().toWellFormed();
    if (!this.ready || text === '') return;
    if (new TextEncoder().encode(JSON.stringify(text)).length > this.most()) {
      bind(this.problem, 'text', 'compose.long');
      return;
    }
    this.draft = '';
    this.typing(undefined);
    this.send(text);
    this.focus();
  }

  /** As high as its text, up to what the style sheet allows. */
  #fit() {
    this.text.style.height = 'auto';
    this.text.style.height = `${this.text.scrollHeight + this.text.offsetHeight - this.text.clientHeight}px`;
  }
}
