// A coloured letter for a person or a room, always the same for the same id. The colours are classes, as the policy forbids
// styles in attributes; they are in frame.css. The letter is written by the style sheet: it is no text, to be read, found or copied.

import { h } from './dom.js';

const HUES = 8;

function hue(id) {
  let sum = 7;
  for (const char of String(id)) sum = (sum * 31 + char.codePointAt(0)) % 1_000_003;
  return sum % HUES;
}

/** The first thing that a reader would call a letter: a whole emoji, a whole syllable. */
function initial(name) {
  const text = String(name).trim();
  const first = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)[Symbol.iterator]().next().value;
  return (first?.segment ?? '?').toUpperCase();
}

export const avatar = (id, name) => h(`span.avatar.hue-${hue(id)}`, { 'aria-hidden': 'true', 'data-letter': initial(name) });
