// Clients for tests: closed when the test is over; and what tests wait with.

import WebSocket from 'ws';
import { ChatClient } from '../../chat-client.js';

// How long a client waits before it comes back is chance, from 0 to 500 ms at first. Not less than 20 here: whoever looks every 5 ms would
// now and then not see that it was away.
const chance = Math.random;
Math.random = () => 0.04 + 0.96 * chance();

/** A client of the server (or proxy) at `url`, connected unless `connect` is false. */
export async function client(t, url, { connect = true, ...options } = {}) {
  const one = new ChatClient(url, { WebSocket, ...options });
  t.after(() => one.close());
  if (connect) await one.connect();
  return one;
}

/** A client that does not wait with coming back: for tests in which being away is not what is looked at. */
export async function hurried(t, url, random, options) {
  const one = await client(t, url, { ...options, connect: false });
  one.connection.subscribe(() => {
    if (one.connection.getSnapshot().status === 'offline') setTimeout(() => one.retryNow(), random.below(40));
  });
  await one.connect();
  return one;
}

/** Waits until `look()` gives something true, and gives that. What it saw last is told where that does not come about. */
export async function until(look, what = look, ms = 60_000) {
  const end = Date.now() + ms;
  for (;;) {
    const seen = await look();
    if (seen) return seen;
    if (Date.now() > end) throw new Error(`in ${ms} ms it did not come about: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Waits until a store's snapshot is like this. */
export function becomes(store, like, ms) {
  return until(() => {
    const snapshot = store.getSnapshot();
    return like(snapshot) && snapshot;
  }, like, ms);
}

export const status = (store, wanted, ms) => becomes(store, (state) => state.status === wanted, ms);
export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What is in a storage, as a browser's. */
export function storage(there = {}) {
  const items = new Map(Object.entries(there));
  return {
    items,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

export const said = (entries) => entries.filter((entry) => entry.ev === 'said').map((entry) => entry.body);
export const numbers = (entries) => entries.map((entry) => entry.n);
