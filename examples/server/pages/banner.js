// The line under the top that says that the connection is away, for how long, and what can be done.

import { byId, h, icon } from './dom.js';
import { bind } from './i18n.js';

// The first connection usually takes less than this; a line that flashes by helps nobody.
const PATIENCE_MS = 800;

export function setUpBanner(client) {
  const place = byId('banner');
  const text = h('span');
  // Out of the live region's sight: nobody wants seconds read aloud.
  const wait = h('span.banner-wait', { 'aria-hidden': 'true' });
  const retry = h('button.button', { type: 'button', t: ['link.retry'], on: { click: () => client.retryNow() } });
  const reload = h('button.button', { type: 'button', t: ['link.reload'], on: { click: () => location.reload() } });
  const line = h('div.banner-line', {}, icon('warn'), h('p', {}, text, ' ', wait), retry, reload);
  let tick;
  let was = false;
  let shown;
  let patient = true;
  setTimeout(() => {
    patient = false;
    show();
  }, PATIENCE_MS);

  function show() {
    const { status, retryAt, code } = client.connection.getSnapshot();
    clearInterval(tick);
    document.documentElement.dataset.link = status;
    if (status === 'online') was = true;
    if (status === 'online' || status === 'idle' || (!was && patient && status !== 'closed')) {
      line.remove();
      shown = undefined;
      return;
    }
    const ended = status === 'closed';
    const key = ended ? (code === 4403 ? 'link.kicked' : 'link.ended') : was ? 'link.lost' : 'link.first';
    // Written once per change, as each writing is read aloud.
    if (shown !== key) bind(text, 'text', key);
    shown = key;
    retry.hidden = status !== 'offline';
    reload.hidden = !ended;
    const seconds = () => {
      const n = Math.ceil(((retryAt ?? 0) - Date.now()) / 1000);
      wait.hidden = status !== 'offline' || !(n > 0);
      if (!wait.hidden) bind(wait, 'text', 'link.in', { n });
    };
    seconds();
    if (status === 'offline') tick = setInterval(seconds, 1000);
    if (!line.isConnected) place.append(line);
  }
  client.connection.subscribe(show);
  show();
}
