// A program that uses a client, closes it when it is told to, and must end by itself then.

import WebSocket from 'ws';
import { ChatClient } from '../../chat-client.js';

const [, , url, when] = process.argv;
const client = new ChatClient(url, { WebSocket });
const room = client.room('room', { create: { title: 'a room' } });

if (when !== 'idle') {
  const connected = client.connect();
  connected.catch(() => {});
  if (when === 'waiting') {
    await new Promise((resolve) => client.connection.subscribe(() => client.connection.getSnapshot().status === 'offline' && resolve()));
  } else if (when !== 'connecting') {
    await connected;
  }
}
if (when === 'busy') {
  await room.join();
  for (const store of [client.list('live'), client.online(), client.connection, room]) store.subscribe(() => {});
  client.pairing().seek();
  room.entries().next();
  client.events().next();
}
console.log('ready');

process.stdin.on('data', () => {
  if (when === 'busy') for (let i = 0; i < 10; i++) room.say(i);
  client.close();
  client.close();
  process.stdin.destroy();
});
