// Elements without markup: text that people typed only ever becomes a text node, so no markup can come of it. Nothing here
// sets a style or a handler in an attribute, which a strict Content-Security-Policy forbids.

/**
 * `h('button.primary', { type: 'button', on: { click } }, child, 'text')`: `on` are listeners, everything else is an attribute
 * (false and undefined: none; true: an empty one).
 */
export function h(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(props)) {
    if (name === 'on') for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';
const DRAWINGS = {
  send: 'M12 19V5M6 11l6-6 6 6',
  people: 'M16 20v-1a4 4 0 0 0-4-4H7a4 4 0 0 0-4 4v1M9.5 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M17 4.6a3.5 3.5 0 0 1 0 6.8M21 20v-1a4 4 0 0 0-3-3.8',
  down: 'M12 5v14M6 13l6 6 6-6',
  pen: 'M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4',
  cross: 'M6 6l12 12M18 6L6 18',
};

/** A drawing. It says nothing to a screen reader: what carries it has a text or a label. */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  for (const [key, value] of Object.entries({ class: 'icon', viewBox: '0 0 24 24', 'aria-hidden': 'true' })) svg.setAttribute(key, value);
  path.setAttribute('d', DRAWINGS[name]);
  svg.append(path);
  return svg;
}

const HUES = 8;

/** A coloured letter, always the same for the same person; written by the style sheet: it is no text, to be read or copied. */
export function avatar(user, name) {
  let sum = 7;
  for (const char of String(user)) sum = (sum * 31 + char.codePointAt(0)) % 1_000_003;
  const text = String(name).trim();
  const first = new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)[Symbol.iterator]().next().value;
  return h(`span.avatar.hue-${sum % HUES}`, { 'aria-hidden': 'true', 'data-letter': (first?.segment ?? '?').toUpperCase() });
}

/** Gives an element a text, if it is another one than it has: what is written again is read aloud again. */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
