// Who this tab is. What is in sessionStorage belongs to one tab and survives its refreshes, which is what the random chat
// wants; but a browser that duplicates a tab, or opens a window from it, copies it too, and two tabs would be one person.
// So a tab claims its name, and one that finds it claimed by a living tab becomes somebody else.

import { inTab } from './kept.js';
import { randomId } from './random-id.js';

const NAME = 'chat.tab';
// What belongs to the person, and goes with the name.
const OWN = ['chat.random.token', 'chat.random.shared'];
// A page that was just left (by a refresh) may hold its lock for a moment longer; on a slow device for a long one. A tab that was duplicated
// waits for all of it before it is somebody else, which is better than a stranger's talk that ends with a refresh.
const LOCK_MS = 3000;
// Where tabs ask each other, each refresh waits this long for an answer that does not come.
const ANSWER_MS = 500;

/** Makes sure that this tab is nobody else, then gives its storage. */
export async function tabOfItsOwn() {
  const name = inTab.getItem(NAME);
  if (!name || !(await claim(name))) {
    for (const key of OWN) inTab.removeItem(key);
    const fresh = randomId();
    inTab.setItem(NAME, fresh);
    hold(fresh);
  }
  // A page that comes back out of the browser's cache has let go of its claim.
  addEventListener('pageshow', (event) => event.persisted && location.reload());
  return inTab;
}

// Locks end with their page, also with one that crashed. Browsers have them on https and localhost only; elsewhere the tabs
// ask each other.
const claim = (name) => (navigator.locks ? lock(name, AbortSignal.timeout(LOCK_MS)) : unclaimed(name));
const hold = (name) => void (navigator.locks ? lock(name) : answer(name));

/** Gives true as soon as the lock is held, which it is for as long as the page is there; false where somebody else keeps it. */
function lock(name, signal) {
  return new Promise((resolve) => {
    const held = () => {
      resolve(true);
      return new Promise(() => {});
    };
    navigator.locks.request(`chat tab ${name}`, { signal }, held).catch(() => resolve(false));
  });
}

/** Answers, from now on, those that ask for this name. Gives the channel on which that is done. */
function answer(name) {
  const channel = new BroadcastChannel('chat.tab');
  channel.addEventListener('message', ({ data }) => data.wants === name && channel.postMessage({ has: name }));
  return channel;
}

/** Asks whether another tab has this name; answers for it while asking, so that of two that come together one goes on. */
function unclaimed(name) {
  const channel = answer(name);
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ANSWER_MS, true);
    channel.addEventListener('message', ({ data }) => {
      if (data.has !== name) return;
      clearTimeout(timer);
      channel.close();
      resolve(false);
    });
    channel.postMessage({ wants: name });
  });
}
