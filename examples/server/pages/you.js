// One's own name: shown in the lobby and in rooms, changed in a dialog, kept by the browser for the next time.

import { avatar } from './avatar.js';
import { ask } from './dialog.js';
import { h, icon } from './dom.js';
import { explained } from './errors.js';
import { bind } from './i18n.js';
import { inBrowser } from './kept.js';

/** The name to ask for at the first connection, if one was ever chosen. */
export const wishedName = () => inBrowser.getItem('chat.name') ?? undefined;

/** Makes `button` show the name, and change it when pressed. */
export function showName(client, button) {
  const show = () => {
    const { user, name } = client.connection.getSnapshot();
    button.hidden = name === undefined;
    if (name === undefined) return;
    button.replaceChildren(avatar(user, name), h('span.truncate', {}, name), icon('pen', 'small'));
    bind(button, 'label', 'you.name', { name });
  };
  client.connection.subscribe(show);
  button.addEventListener('click', () => changeName(client));
  show();
}

export function changeName(client) {
  const { name = '', limits } = client.connection.getSnapshot();
  const input = h('input.input', {
    id: 'your-name', maxlength: limits?.name ?? 32, required: true, autocomplete: 'nickname', value: name, autofocus: true,
  });
  input.addEventListener('focus', () => input.select(), { once: true });
  return ask({
    title: 'you.title',
    hint: 'you.hint',
    yes: 'you.save',
    fields: [h('div.field', {}, h('label', { for: 'your-name', t: ['you.label'] }), input)],
    async submit(form) {
      const wish = input.value.trim();
      if (!form.reportValidity() || wish === '') return false;
      inBrowser.setItem('chat.name', await explained(client.rename(wish)));
      return true;
    },
  });
}
