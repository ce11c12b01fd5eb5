// Making a room: a title, and who can come.

import { ask } from './dialog.js';
import { h } from './dom.js';
import { explained } from './errors.js';

/** Asks for it, opens the room, and calls `made(id)`. */
export function newRoom(client, made) {
  const limit = client.connection.getSnapshot().limits?.title ?? 100;
  const title = h('input.input', { id: 'new-title', name: 'title', maxlength: limit, required: true, autocomplete: 'off', autofocus: true });
  const kind = (value) => h('label.choice', {},
    h('input', { type: 'radio', name: 'kind', value, checked: value === 'public' }),
    h('span', {}, h('strong', { t: [`new.${value}`] }), h('small', { t: [`new.${value}.hint`] })),
  );
  let room;
  return ask({
    title: 'new.title',
    yes: 'new.make',
    fields: [
      h('div.field', {}, h('label', { for: 'new-title', t: ['new.label'] }), title),
      h('fieldset.field', {}, h('legend', { t: ['new.kind'] }), kind('public'), kind('private')),
    ],
    async submit(form) {
      if (!form.reportValidity() || title.value.trim() === '') return false;
      room = await explained(client.open({ title: title.value.trim(), kind: new FormData(form).get('kind') }));
      return true;
    },
  }).then((done) => done && made(room.id));
}
