// Ports for servers that listen some time after their port was chosen, or come back to it.

import { once } from 'node:events';
import net from 'node:net';

// Below those that systems give to whoever asks for any, so that nobody else comes to be there meanwhile; those above 20,000 are where sites
// have their chat beside `runserver`. Each test file, which is a process, begins somewhere else.
const [FIRST, END] = [10_000, 20_000];
let next = FIRST + Math.floor(Math.random() * (END - FIRST));

/** A port on which nobody listens; none is given twice. */
export async function freePort() {
  for (;;) {
    const port = next;
    next = next + 1 < END ? next + 1 : FIRST;
    const probe = net.createServer();
    const free = await new Promise((resolve) => {
      probe.once('error', () => resolve(false));
      probe.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
}
