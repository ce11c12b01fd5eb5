// The main page's list, kept as the rooms are: one watched list over the page's one connection. Without this script the page
// shows the rooms as they were when it was loaded.

const place = document.querySelector('[data-rooms]');
const empty = document.querySelector('[data-empty]');
const template = document.querySelector('[data-row]').content.querySelector('li');
const online = document.querySelector('[data-online]');
const { url, user, order, limit, roomUrl, live, visitors, other } = place.dataset;

const { connect } = await import(document.querySelector('script[data-chat-modules]').src);
const client = connect(url, user);
const number = new Intl.NumberFormat(document.documentElement.lang);
const counted = (words, n) => words.replace('{n}', number.format(n));

/** Writes what differs: what stays is not read aloud again, and keeps its focus and selection. */
function write(row, part, text) {
  const element = row.querySelector(part);
  if (element.textContent !== text) element.textContent = text;
}

function last(room) {
  if (!room.last) return '';
  const { name, body } = room.last;
  const text = typeof body === 'string' ? body : (typeof body?.text === 'string' ? body.text : other);
  return `${name ?? ''}: ${text}`;
}

function draw(row, room) {
  row.dataset.id = room.id;
  row.querySelector('a').href = roomUrl.replace('__id__', encodeURIComponent(room.id));
  write(row, '.row-title', room.title);
  write(row, '.row-last', last(room));
  write(row, '.row-live', counted(live, room.live));
  write(row, '.row-visitors', counted(visitors, room.visitors));
}

function show() {
  const { rooms, ready } = list.getSnapshot();
  if (!ready) return;
  const there = new Map([...place.children].map((row) => [row.dataset.id, row]));
  let at = place.firstElementChild;
  for (const room of rooms) {
    const row = there.get(room.id) ?? template.cloneNode(true);
    there.delete(room.id);
    draw(row, room);
    if (row === at) at = at.nextElementSibling;
    else {
      // What is moved loses the focus.
      const focused = row.contains(document.activeElement) && document.activeElement;
      place.insertBefore(row, at);
      if (focused) focused.focus({ preventScroll: true });
    }
  }
  for (const row of there.values()) row.remove();
  empty.hidden = rooms.length > 0;
  // The films' rooms are in the list as well, as far as it reaches.
  for (const film of document.querySelectorAll('[data-film]')) {
    const room = rooms.find(({ id }) => id === film.dataset.film);
    if (!room) continue;
    film.hidden = room.live === 0;
    film.textContent = counted(live, room.live);
  }
}

const list = client.list(order, Number(limit));
list.subscribe(show);
const count = client.online();
count.subscribe(() => {
  const n = count.getSnapshot();
  online.hidden = n === undefined;
  if (n !== undefined) online.textContent = counted(online.dataset.words, n);
});
