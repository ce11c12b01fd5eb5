// Talking to a stranger. Looks for one as soon as it is open; a refresh leads back to the same one.

import { ask } from './dialog.js';
import { byId } from './dom.js';
import { explain, explained } from './errors.js';
import { bind, names, onLanguage, t } from './i18n.js';
import { Interests } from './interests.js';
import { connect } from './link.js';
import { setUpSettings } from './settings.js';
import { StrangerView } from './stranger-view.js';
import { tabOfItsOwn } from './tab.js';
import { countUnseen, setTitle } from './title.js';
import { toast } from './toast.js';

// Somebody who adds three tags looks once, not three times.
const SETTLE_MS = 400;

setUpSettings();
setTitle(() => [t('random.title')]);
bind(byId('status'), 'text', 'random.waiting');

const storage = await tabOfItsOwn();
const client = connect({ storage, storageKey: 'chat.random.token' });
const pairing = client.pairing();
const view = new StrangerView(client, byId('talk'));
const interests = new Interests(byId('interests'), {
  changed: interestsChanged,
  limits: () => client.connection.getSnapshot().limits ?? { tags: 8, tag: 32 },
});
const [state, status, shared, waiting] = ['state', 'status', 'shared', 'waiting'].map(byId);
const [refresh, next, block, leave] = ['refresh', 'next', 'block', 'leave'].map(byId);
let shown;
let strict = interests.strict;
let settling;

/** `waiting`, `matched` or `over`, whatever of it the pairing or its room knows. */
function now() {
  const pair = pairing.getSnapshot();
  const room = pair.room?.getSnapshot();
  if (pair.status === 'matched' && !['closed', 'left', 'failed'].includes(room?.status)) return { at: 'matched', pair };
  if (pair.status === 'matched' || pair.status === 'over') return { at: 'over', pair, why: pair.why ?? room?.why, error: pair.error ?? room?.error };
  return { at: 'waiting', pair };
}

const OVER = { partner_left: 'partner_left', idle: 'idle', left: 'you', blocked: 'blocked', replaced: 'elsewhere' };

function show() {
  const { at, pair, why, error } = now();
  state.dataset.status = at;
  view.show(at === 'waiting' ? undefined : pair.room, show);
  view.composer.enable(at === 'matched');
  view.end(at === 'over' ? `random.over.${OVER[why] ?? 'lost'}` : undefined);
  showShared(at === 'waiting' ? undefined : pair);
  if (at === shown) return;
  const before = shown;
  shown = at;
  bind(status, 'text', `random.${at}`);
  waiting.hidden = at !== 'waiting';
  refresh.hidden = at === 'matched';
  refresh.classList.toggle('primary', at === 'over');
  for (const button of [next, block, leave]) button.hidden = at !== 'matched';
  if (at !== 'matched') document.querySelector('dialog')?.close('no');
  interests.say();
  interests.place.open = at === 'waiting';
  if (before && at !== 'waiting') countUnseen();
  if (error) toast(explain(error));
  // Whoever pressed a button that is gone now goes on with what comes next.
  const lost = document.activeElement === document.body || document.activeElement?.getClientRects().length === 0;
  if (at === 'matched' && (lost || document.activeElement === refresh) && matchMedia('(pointer: fine)').matches) view.composer.focus();
  else if (lost && before) refresh.focus();
}

function showShared(pair) {
  const tags = pair?.room ? sharedWith(pair) : [];
  shared.hidden = tags.length === 0;
  if (tags.length > 0) bind(shared, 'text', 'random.shared', { tags: names(tags, tags.length), n: tags.length });
}

/** What both like; kept by the tab, as the server says it once. */
function sharedWith({ room, shared: tags }) {
  if (tags.length > 0) {
    storage.setItem('chat.random.shared', JSON.stringify({ room: room.id, tags }));
    return tags;
  }
  const kept = JSON.parse(storage.getItem('chat.random.shared') ?? 'null');
  return kept?.room === room.id ? kept.tags : [];
}

async function seek() {
  strict = interests.strict;
  try {
    await pairing.seek({ tags: interests.tags, strict });
  } catch (error) {
    toast(explain(error));
  }
}

async function goOn() {
  try {
    // `next` keeps the strictness that one began with.
    if (strict === interests.strict) await pairing.next(interests.tags);
    else {
      await pairing.leave();
      await seek();
    }
  } catch (error) {
    toast(explain(error));
  }
}

function interestsChanged() {
  clearTimeout(settling);
  const { at } = now();
  if (at === 'matched') interests.say('random.tags.next');
  if (at === 'waiting') settling = setTimeout(() => now().at === 'waiting' && seek(), SETTLE_MS);
}

refresh.addEventListener('click', () => {
  client.retryNow();
  seek();
});
next.addEventListener('click', goOn);
leave.addEventListener('click', () => pairing.leave().catch((error) => toast(explain(error))));
block.addEventListener('click', () =>
  ask({
    title: 'random.block.title',
    hint: 'random.block.hint',
    yes: 'random.block.yes',
    danger: true,
    submit: () => explained(pairing.block()),
  }),
);

pairing.subscribe(show);
onLanguage(show);
show();
seek();
