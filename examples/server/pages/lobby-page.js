// The lobby and its rooms: one page and one connection. Which room is open stands behind the # of the address, so that
// a link leads into it, "back" leads out, and a reload stays there.

import { byId } from './dom.js';
import { inBrowser } from './kept.js';
import { connect } from './link.js';
import { newRoom } from './new-room.js';
import { RoomList } from './room-list.js';
import { RoomView } from './room-view.js';
import { setUpSettings } from './settings.js';
import { setTitle } from './title.js';
import { t } from './i18n.js';
import { showName, wishedName } from './you.js';

setUpSettings();
// All tabs of a browser are one person here: their token is the browser's.
const client = connect({ storage: inBrowser, storageKey: 'chat.token', name: wishedName() });
const list = new RoomList(client);
showName(client, byId('you'));
byId('new-room').addEventListener('click', () => newRoom(client, (id) => (location.hash = `room=${encodeURIComponent(id)}`)));

let view;

/** The room that the address names. */
function wanted() {
  try {
    return new URLSearchParams(location.hash.slice(1)).get('room') || undefined;
  } catch {
    return undefined;
  }
}

function go(first = false) {
  const id = wanted();
  const before = view?.room.id;
  if (id === before && !first) return;
  view?.close();
  view = undefined;
  document.body.classList.toggle('in-room', id !== undefined);
  byId('choose').hidden = id !== undefined;
  list.mark(id);
  if (id === undefined) {
    setTitle(() => [t('lobby.title')]);
    if (!first) list.focus(before);
  } else {
    view = new RoomView(client, client.room(id), byId('room'));
    if (!first) view.focus();
  }
}

addEventListener('hashchange', () => go());
go(true);
