// The two settings in the top line, language and theme. Until something is chosen, both follow the browser; a choice
// that is what the browser says anyway is forgotten, so that it follows again.

import { byId, h, icon } from './dom.js';
import { language, onLanguage, renew, setLanguage } from './i18n.js';
import { inBrowser } from './kept.js';

const darkWanted = matchMedia('(prefers-color-scheme: dark)');
const root = document.documentElement;

function applyTheme() {
  root.dataset.theme = inBrowser.getItem('chat.theme') ?? (darkWanted.matches ? 'dark' : 'light');
}

function chooseTheme(theme) {
  if (theme === (darkWanted.matches ? 'dark' : 'light')) inBrowser.removeItem('chat.theme');
  else inBrowser.setItem('chat.theme', theme);
  applyTheme();
}

/** Fills the top line, and writes all texts of the page for the first time. */
export function setUpSettings() {
  const theme = h('button.button.bare.square', {
    type: 'button',
    tLabel: ['settings.dark'],
    tTitle: ['settings.dark'],
    on: { click: () => chooseTheme(root.dataset.theme === 'dark' ? 'light' : 'dark') },
  }, icon('moon'));
  // Its text is the other language, in that language, for those who cannot read this one.
  const other = h('button.button.bare', {
    type: 'button',
    t: ['settings.language'],
    on: { click: () => setLanguage(language() === 'ko' ? 'en' : 'ko') },
  });
  const mark = () => (other.lang = language() === 'ko' ? 'en' : 'ko');
  const press = () => theme.setAttribute('aria-pressed', String(root.dataset.theme === 'dark'));
  mark();
  onLanguage(mark);
  press();
  new MutationObserver(press).observe(root, { attributeFilter: ['data-theme'] });
  darkWanted.addEventListener('change', applyTheme);
  // Another tab of this browser has chosen.
  addEventListener('storage', ({ key }) => {
    if (key === 'chat.theme') applyTheme();
    if (key === 'chat.language' && inBrowser.getItem(key) && inBrowser.getItem(key) !== language()) {
      root.lang = inBrowser.getItem(key);
      renew();
    }
  });
  byId('settings').append(other, theme);
  // A link to #content would be taken for a room by the lobby.
  byId('skip').addEventListener('click', (event) => {
    event.preventDefault();
    byId('content').focus();
  });
  renew();
}
