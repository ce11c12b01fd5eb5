// Who this tab is. What is in sessionStorage belongs to one tab and survives its refreshes, which is what the random chat
// wants; but a browser that duplicates a tab, or opens a window from it, copies it too, and two tabs would be one person.
// So a tab claims its name, and one that finds it claimed by a living tab becomes somebody else.

import { inTab } from './kept.js';
import { randomId } from './random-id.js';

const NAME = 'chat.tab';
// What belongs to the person, and goes with the name.
const OWN = ['chat.random.token', 'chat.random.shared'];
// A page that was just left (by a refresh) may hold its lock for a moment longer.
const PATIENCE_MS = 500;

/** Makes sure that this tab is nobody else, then gives its storage. */
export async function tabOfItsOwn() {
  const name = inTab.getItem(NAME);
  if (!name || !(await claim(name))) {
    for (const key of OWN) inTab.removeItem(key);
    const fresh = randomId();
    inTab.setItem(NAME, fresh);
    await claim(fresh);
  }
  // A page that comes back out of the browser's cache has let go of its claim.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
  return inTab;
}

// Locks end with their page, also with one that crashed. Browsers have them on https and localhost only.
const claim = (name) => (navigator.locks ? claimLock(name) : claimByAsking(name));

function claimLock(name) {
  return new Promise((resolve) => {
    navigator.locks.request(`chat tab ${name}`, { signal: AbortSignal.timeout(PATIENCE_MS) }, () => {
      resolve(true);
      // Held for as long as the page is there.
      return new Promise(() => {});
    }).catch(() => resolve(false));
  });
}

/** Asks the other tabs whether one of them has this name; from then on answers those that ask. */
function claimByAsking(name) {
  const channel = new BroadcastChannel('chat.tab');
  return new Promise((resolve) => {
    const mine = () => {
      channel.onmessage = ({ data }) => data.wants === name && channel.postMessage({ has: name });
      resolve(true);
    };
    const timer = setTimeout(mine, PATIENCE_MS);
    channel.onmessage = ({ data }) => {
      if (data.has !== name) return;
      clearTimeout(timer);
      channel.close();
      resolve(false);
    };
    channel.postMessage({ wants: name });
  });
}
