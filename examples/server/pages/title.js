// The tab's title: what the page shows, and how much is new while nobody looks at it.

import { onLanguage, t } from './i18n.js';

let parts = () => [];
let unseen = 0;

function show() {
  const title = [...parts(), t('app.name')].join(' · ');
  document.title = unseen > 0 ? `(${unseen}) ${title}` : title;
}

/** `of` gives what stands before the name of the page; it is asked again when the language changes. */
export function setTitle(of) {
  parts = of;
  show();
}

/** Something has happened that somebody who looks elsewhere would like to know. */
export function countUnseen() {
  if (document.visibilityState === 'visible') return;
  unseen += 1;
  show();
}

document.addEventListener('visibilitychange', () => {
  if (document.visibilityState !== 'visible') return;
  unseen = 0;
  show();
});
onLanguage(show);
