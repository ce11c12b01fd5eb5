// The real chat-server, on a port of its own; and a real redis-server, for a store that outlives it.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { later } from './later.js';
import { freePort } from './ports.js';

const BINARY = process.env.CHAT_SERVER ?? fileURLToPath(new URL('../../../../target/debug/chat-server', import.meta.url));
// For work on the pages: served from a directory, instead of those that were embedded when the binary was built.
const PAGES = process.env.CHAT_PAGES ? ['--pages', process.env.CHAT_PAGES] : [];

const DEFAULTS = [['--rate', '0'], ['--grace-ms', '3000']];
/** For tests in which pages come back: however slow the machine is, their grace is not over. */
export const LONG_GRACE = ['--grace-ms', '20000'];

/**
 * Starts one and stops it when the test `t` is over. `args` are further flags. `restart()` kills it as a power cut would and starts
 * another one on the same port.
 */
export async function server(t, ...args) {
  const here = {};
  const flags = [...DEFAULTS.filter(([flag]) => !args.includes(flag)).flat(), ...args];
  async function start(listen) {
    const child = spawn(BINARY, ['--listen', listen, ...PAGES, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (data) => (said = (said + data).slice(-20_000)));
    const gone = once(child, 'exit');
    const line = await Promise.race([
      once(createInterface(child.stdout), 'line').then(([first]) => first),
      gone.then(([code]) => Promise.reject(new Error(`chat-server has ended with ${code}:\n${said}`))),
    ]);
    here.url = /http:\/\/\S+/.exec(line)[0];
    here.log = () => said;
    here.stop = async (signal = 'SIGKILL') => {
      child.kill(signal);
      await gone;
    };
  }
  await start(`127.0.0.1:${await freePort()}`);
  here.restart = async (between = () => {}) => {
    await here.stop();
    await between();
    await start(new URL(here.url).host);
  };
  later(t, () => here.stop());
  return here;
}

/** Starts a redis-server in a directory of its own; gives its URL. */
export async function redis(t) {
  const dir = await mkdtemp(join(tmpdir(), 'chat-browser-redis-'));
  const port = await freePort();
  const child = spawn('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir], { stdio: 'ignore' });
  const gone = once(child, 'exit');
  later(t, async () => {
    child.kill('SIGKILL');
    await gone;
    await rm(dir, { recursive: true });
  });
  for (;;) {
    const socket = net.connect(port, '127.0.0.1');
    const open = await Promise.race([once(socket, 'connect').then(() => true, () => false), gone.then(() => Promise.reject(new Error('redis-server has ended')))]);
    socket.destroy();
    if (open) return `redis://127.0.0.1:${port}`;
  }
}
