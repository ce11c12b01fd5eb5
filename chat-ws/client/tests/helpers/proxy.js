// A TCP proxy that makes trouble: it cuts (by FIN, by RST, in the middle of frames), stalls, refuses, and changes what the
// server sends.

import { once } from 'node:events';
import net from 'node:net';
import { rewriting, textFrame, closeFrame } from './frames.js';

/**
 * A way to the server at `port`, until the test `t` is over.
 *
 * `trouble(link)` is called with each connection and may call `link.cut(kind)` ('fin', 'rst', 'stall'), now or later, or set
 * `link.bytes` to what it may carry, both ways, before `link.kind` happens to it. `rewrite(frame)` gets what the server sends as
 * an object, and gives what the client gets: an object, or undefined for nothing.
 */
export async function proxy(t, port, { trouble = () => {}, rewrite } = {}) {
  const links = new Set();
  const here = { links, cuts: 0, refuse: false, trouble, rewrite, stalls: 0 };
  const listener = net.createServer({ allowHalfOpen: true }, (client) => {
    if (here.refuse) return client.resetAndDestroy();
    const server = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    for (const socket of [client, server]) socket.on('error', () => {}).setNoDelay(true);
    const link = { client, server, bytes: Infinity, kind: 'rst', open: true, stalled: { up: false, down: false } };
    links.add(link);

    link.end = () => {
      link.open = false;
      links.delete(link);
      client.destroy();
      server.destroy();
    };
    link.cut = (kind = 'rst') => {
      if (!link.open) return;
      here.cuts += 1;
      if (kind === 'stall') {
        // Nothing comes through any more, and after a while the rest is gone too.
        here.stalls += 1;
        link.stalled.up = link.stalled.down = true;
        setTimeout(() => link.cut('rst'), 150).unref();
        here.cuts -= 1;
        return;
      }
      link.open = false;
      links.delete(link);
      for (const socket of [client, server]) kind === 'fin' ? socket.end() : socket.resetAndDestroy();
      if (kind === 'fin') setTimeout(link.end, 1000).unref();
    };
    link.inject = (object) => client.write(textFrame(object));
    link.close = (code, reason) => client.write(closeFrame(code, reason));

    const carry = (from, to, way, change = (data) => data) => {
      from.on('data', (data) => {
        if (!link.open || link.stalled[way]) return;
        if (data.length >= link.bytes) {
          // The part of a frame that still comes through.
          to.write(change(data.subarray(0, link.bytes)), () => link.cut(link.kind));
          link.bytes = Infinity;
          link.stalled.up = link.stalled.down = true;
          return;
        }
        link.bytes -= data.length;
        to.write(change(data));
      });
      from.on('end', () => link.open && !link.stalled[way] && to.end());
      from.on('close', () => link.open && !link.stalled[way] && link.end());
    };
    carry(client, server, 'up');
    carry(server, client, 'down', rewriting((frame) => (here.rewrite ? here.rewrite(frame) : frame)));
    here.trouble(link);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  here.ws = `ws://127.0.0.1:${listener.address().port}/ws`;
  here.cutAll = (kind) => [...links].forEach((link) => link.cut(kind));
  t.after(() => {
    [...links].forEach((link) => link.end());
    listener.close();
  });
  return here;
}
