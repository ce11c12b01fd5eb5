// The real chat-server, on a port of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BINARY = resolve(process.env.CHAT_SERVER ?? fileURLToPath(new URL('../../../../target/debug/chat-server', import.meta.url)));

try {
  accessSync(BINARY, constants.X_OK);
} catch {
  console.error(`error: there is no chat-server at ${BINARY}\n  cargo build -p chat-server, or say where it is: CHAT_SERVER=/path/to/chat-server`);
  process.exit(1);
}

const DEFAULTS = [['--rate', '0'], ['--grace-ms', '500']];

/** Starts one and stops it behind the test `t`. `args` are further flags; `here.stop()` and `here.start()` in between, on the same port. */
export async function server(t, ...args) {
  const flags = [...DEFAULTS.filter(([flag]) => !args.includes(flag)).flat(), ...args];
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CHAT_')));
  let child;
  let gone;
  const here = {
    async start() {
      const listen = here.url ? new URL(here.url).host : '127.0.0.1:0';
      child = spawn(BINARY, ['--listen', listen, ...flags], { stdio: ['ignore', 'pipe', 'pipe'], env });
      let said = '';
      child.stderr.on('data', (data) => (said = (said + data).slice(-20_000)));
      gone = once(child, 'exit');
      const [line] = await Promise.race([
        once(createInterface(child.stdout), 'line'),
        gone.then(([code]) => Promise.reject(new Error(`chat-server has ended with ${code}:\n${said}`))),
      ]);
      here.url = /http:\/\/\S+/.exec(line)[0];
      here.port = Number(new URL(here.url).port);
      here.ws = `${here.url.replace('http', 'ws')}/ws`;
    },
    async stop(signal = 'SIGKILL') {
      child.kill(signal);
      await gone;
    },
  };
  await here.start();
  t.after(() => here.stop());
  return here;
}
