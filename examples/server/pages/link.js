// The page's one connection: made here, once, for everything that the page shows.

import { ChatClient } from './chat-client.js';
import { setUpBanner } from './banner.js';
import { byId, h } from './dom.js';
import { bind } from './i18n.js';

/** Connects to the server that the page came from, whatever prefix it has there. */
export function connect(options) {
  const url = new URL('ws', document.baseURI);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  url.search = '';
  const client = new ChatClient(url, options);
  setUpBanner(client);
  setUpOnline(client);
  // What cannot succeed is told by the banner, which looks at the connection's state.
  client.connect().catch(() => {});
  // No need to wait for the next try if something suggests that it will do.
  const hurry = () => {
    if (client.connection.getSnapshot().status === 'offline') client.retryNow();
  };
  addEventListener('online', hurry);
  document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && hurry());
  return client;
}

/** How many people are there, in the top line. */
function setUpOnline(client) {
  const place = byId('online');
  // Read in words; seen in words where there is room, else as a number.
  const words = h('span.online-words');
  const figure = h('span.online-figure', { 'aria-hidden': 'true' });
  place.append(h('span.dot', { 'aria-hidden': 'true' }), words, figure);
  const online = client.online();
  const show = () => {
    const n = online.getSnapshot();
    place.hidden = n === undefined;
    if (n === undefined) return;
    bind(words, 'text', 'online', { n });
    bind(figure, 'text', 'number', { n });
  };
  online.subscribe(show);
  show();
}
