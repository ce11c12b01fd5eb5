// Lines that come and go by themselves, and the copying of a link, which is told by one.

import { h } from './dom.js';
import { t } from './i18n.js';

const SHOWN_MS = 5000;
let toasts;

/** A line that goes by itself: for what needs no answer. */
export function toast(text) {
  if (!toasts) {
    toasts = h('div.toasts', { role: 'status' });
    document.body.append(toasts);
  }
  const line = h('p.toast', {}, text);
  toasts.append(line);
  setTimeout(() => line.remove(), SHOWN_MS);
}

/** Copies, where the browser lets us (it does on https and localhost); else selects `field`, to be copied by hand. */
export async function copy(text, field) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t('room.copied'));
  } catch {
    field.select();
    toast(t('room.copy.by.hand'));
  }
}
