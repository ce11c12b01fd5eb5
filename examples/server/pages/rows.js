// From the log of a room to the rows that are shown: days, messages in groups, comings and goings in one quiet line. A function of
// values: no element, no language, no clock but the reader's calendar.
//
// Rows: { kind: 'day', at } · { kind: 'said', by, name, body, at, own, first, last, timed, pending?, error?, sendKey? }
//     · { kind: 'notice', joined: [name], left: […], passed: […], returned: […], renamed: [{ from?, to }] }
//     · { kind: 'closed', why }, each with a `key` that stays the same for as long as the row does.

const GROUP_MS = 5 * 60_000;

/** `state` is a room's snapshot; `you` the reader's id there. */
export function rows({ entries = [], pending = [], you }) {
  const out = [];
  const called = new Map();
  let day;
  let notice;

  const newDay = (at) => {
    const of = new Date(at).toDateString();
    if (of === day) return;
    day = of;
    notice = undefined;
    out.push({ kind: 'day', key: `day ${of}`, at });
  };

  for (const entry of entries) {
    if (entry.ev === 'said') {
      newDay(entry.at);
      notice = undefined;
      const own = entry.by !== null && entry.by === you;
      // The row of a message that was just sent stays the row that it was while it was on its way.
      const key = own && entry.key ? `key ${entry.key}` : `n ${entry.n}`;
      out.push({ kind: 'said', key, by: entry.by, name: entry.name, body: entry.body, at: entry.at, own });
      if (entry.by) called.set(entry.by, entry.name);
    } else if (entry.ev === 'closed') {
      out.push({ kind: 'closed', key: `n ${entry.n}`, why: entry.why });
    } else if (['joined', 'left', 'renamed'].includes(entry.ev)) {
      const was = called.get(entry.user);
      called.set(entry.user, entry.name);
      // Nobody has to be told what they do themselves.
      if (entry.user === you) continue;
      newDay(entry.at);
      if (!notice) {
        notice = { kind: 'notice', key: `notice ${entry.n}`, people: new Map(), renamed: [] };
        out.push(notice);
      }
      if (entry.ev === 'renamed') notice.renamed.push({ from: was, to: entry.name });
      else {
        const known = notice.people.get(entry.user);
        notice.people.set(entry.user, { first: known?.first ?? entry.ev, last: entry.ev, name: entry.name });
      }
    }
  }
  for (const one of pending) {
    newDay(one.at);
    out.push({ kind: 'said', key: `key ${one.key}`, sendKey: one.key, by: you, body: one.body, at: one.at, own: true, pending: one.state, error: one.error });
  }
  return grouped(out.map((row) => (row.kind === 'notice' ? summed(row) : row)));
}

/** Who came twice is named once: a notice says what became of each. */
function summed({ people, ...row }) {
  const which = { joined: [], left: [], passed: [], returned: [] };
  for (const { first, last, name } of people.values()) {
    if (first === last) which[last].push(name);
    else which[first === 'joined' ? 'passed' : 'returned'].push(name);
  }
  return { ...row, ...which };
}

/** Marks the first and the last message of what one person says at a stretch, and the last of each minute, which is `timed`. */
function grouped(all) {
  const together = (a, b) =>
    a?.kind === 'said' && b?.kind === 'said' && a.by === b.by && a.name === (b.name ?? a.name) && Math.abs(b.at - a.at) < GROUP_MS;
  return all.map((row, i) => {
    if (row.kind !== 'said') return row;
    const last = !together(row, all[i + 1]);
    const timed = last || Math.floor(row.at / 60_000) !== Math.floor(all[i + 1].at / 60_000);
    return { ...row, first: !together(all[i - 1], row), last, timed };
  });
}
