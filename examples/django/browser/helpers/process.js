// Processes of Python, each on a port of its own, in a directory of its own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { later } from '../../../server/browser/helpers/later.js';

// A Python that has Django and chat_engine.
const PYTHON = process.env.PYTHON ?? 'python3';
const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 120_000);

/** A directory that goes with the test. */
export async function directory(t) {
  const path = await mkdtemp(join(tmpdir(), 'chat-django-'));
  later(t, () => rm(path, { recursive: true, force: true }));
  return path;
}

/** Runs something to its end; gives what it printed. */
export async function run(args, { cwd, env } = {}) {
  const child = start(args, { cwd, env });
  const [code] = await child.gone;
  if (code !== 0) throw new Error(`${args.join(' ')} has ended with ${code}:\n${child.said()}`);
  return child.said();
}

/** Starts something that stays; it is over when the test is. Ready as soon as `port` answers. */
export async function serve(t, args, { cwd, env, port }) {
  const child = start(args, { cwd, env });
  later(t, child.stop);
  for (const end = Date.now() + PATIENCE_MS; ; ) {
    const open = await Promise.race([answers(port), child.gone.then(() => 'over')]);
    if (open === 'over') throw new Error(`${args.join(' ')} has ended:\n${child.said()}`);
    if (open) return child;
    if (Date.now() > end) throw new Error(`${args.join(' ')} does not listen:\n${child.said()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function start(args, { cwd, env }) {
  // A group of its own: whoever reloads itself has a child.
  const child = spawn(PYTHON, args, { cwd, env: { ...process.env, PYTHONUNBUFFERED: '1', ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said = (said + data).slice(-20_000)));
  const gone = once(child, 'close');
  const stop = async (signal = 'SIGKILL') => {
    try {
      process.kill(-child.pid, signal);
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
    await gone;
  };
  return { gone, stop, said: () => said };
}

async function answers(port) {
  const socket = net.connect(port, '127.0.0.1');
  const open = await once(socket, 'connect').then(() => true, () => false);
  socket.destroy();
  return open;
}
