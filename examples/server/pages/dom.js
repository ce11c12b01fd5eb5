// Elements without markup: text that people typed only ever becomes a text node, so no markup can come of it.

import { bind } from './i18n.js';

/**
 * `h('button.button.primary', { type: 'button', t: ['compose.send'], on: { click } }, child, 'text')`
 *
 * `t`, `tLabel`, `tTitle`, `tPlaceholder` are texts of the table, renewed when the language changes;
 * `on` are listeners; everything else is an attribute (false and undefined: none; true: an empty one).
 */
export function h(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split('.');
  const element = document.createElement(tag);
  if (classes.length > 0) element.className = classes.join(' ');
  for (const [name, value] of Object.entries(props)) {
    if (name === 't') bind(element, 'text', ...value);
    else if (name === 'tLabel') bind(element, 'label', ...value);
    else if (name === 'tTitle') bind(element, 'title', ...value);
    else if (name === 'tPlaceholder') bind(element, 'placeholder', ...value);
    else if (name === 'on') for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.filter((child) => child !== undefined && child !== null && child !== false));
  return element;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A drawing of icons.svg. It says nothing to a screen reader: what carries it has a text or a label. */
export function icon(name, size = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', `icon ${size}`.trim());
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `assets/icons.svg#${name}`);
  svg.append(use);
  return svg;
}

/** The element with this id. The page and its script are one thing: a missing one is a fault of ours. */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** Whether moving things about is welcome. */
export const motionWelcome = () => !matchMedia('(prefers-reduced-motion: reduce)').matches;
