// What stands between a browser and the server: a way that can be cut, and one that puts everything under a prefix.

import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { later } from './later.js';

/** A way to `url` that can be cut: `cut()` ends all connections and refuses new ones, until `mend()`. */
export async function way(t, url) {
  const to = new URL(url);
  const open = new Set();
  let whole = true;
  const listener = net.createServer((near) => {
    if (!whole) {
      near.destroy();
      return;
    }
    const far = net.connect(Number(to.port), to.hostname);
    const end = () => {
      near.destroy();
      far.destroy();
      open.delete(end);
    };
    open.add(end);
    for (const socket of [near, far]) socket.on('error', end).on('close', end);
    near.pipe(far).pipe(near);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const cut = () => {
    whole = false;
    for (const end of [...open]) end();
  };
  later(t, () => {
    cut();
    listener.close();
  });
  return { url: `http://127.0.0.1:${listener.address().port}`, cut, mend: () => (whole = true) };
}

/** A reverse proxy under which the server is at `/chat/`, as nginx would have it, and nothing is elsewhere. */
export async function prefixed(t, url) {
  const to = new URL(url);
  const elsewhere = [];
  const inside = (request) => {
    if (request.url.startsWith('/chat/')) return request.url.slice('/chat'.length);
    elsewhere.push(request.url);
    return undefined;
  };
  const asked = (request) => http.request({
    host: to.hostname, port: to.port, method: request.method, path: inside(request), headers: request.headers,
  });
  const listener = http.createServer((request, response) => {
    if (inside(request) === undefined) {
      response.writeHead(404).end();
      return;
    }
    const further = asked(request);
    further.on('response', (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    further.on('error', () => response.destroy());
    request.pipe(further);
  });
  const open = new Set();
  listener.on('upgrade', (request, near) => {
    if (inside(request) === undefined) {
      near.destroy();
      return;
    }
    const further = asked(request);
    further.on('upgrade', (answer, far) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${value}`);
      near.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        open.add(socket);
        socket.on('error', () => {}).on('close', () => near.destroy() && far.destroy());
      }
    });
    further.on('response', () => near.destroy());
    further.on('error', () => near.destroy());
    further.end();
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  later(t, () => {
    for (const socket of open) socket.destroy();
    listener.close();
    listener.closeAllConnections();
  });
  return { url: `http://127.0.0.1:${listener.address().port}/chat/`, elsewhere };
}
