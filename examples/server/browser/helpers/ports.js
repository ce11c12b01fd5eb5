// Ports for servers that listen some time after their port was chosen, or come back to it.

import { once } from 'node:events';
import net from 'node:net';

// Below those that systems give to whoever asks for any, so that nobody else comes to be there meanwhile; and each test file, which is a
// process, has its own. The ports above 20,000 are those on which sites have their chat beside `runserver`.
const OF_ONE_FILE = 100;
let next = 10_000 + (process.pid % 100) * OF_ONE_FILE;

/** A port on which nobody listens; none is given twice. */
export async function freePort() {
  for (;;) {
    const port = next++;
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
