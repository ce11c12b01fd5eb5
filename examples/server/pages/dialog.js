// Questions and small forms, in the browser's own dialog: it keeps the focus inside, closes at Escape, and gives the
// focus back to where it was.

import { h } from './dom.js';

let made = 0;

/**
 * Shows a form with these fields. `submit(form)` may be async: the dialog stays where it gives false, and where it throws
 * (an Error whose message is for people), which is shown. Gives true where it was done, false where it was cancelled.
 */
export function ask({ title, hint, yes, danger = false, fields = [], submit = () => {} }) {
  const id = `dialog-${++made}`;
  const problem = h('p.problem', { role: 'alert' });
  const doIt = h(danger ? 'button.button.danger' : 'button.button.primary', { type: 'submit', t: [yes] });
  const cancel = h('button.button', { type: 'button', t: ['cancel'], on: { click: () => dialog.close('no') } });
  const form = h('form', { novalidate: true },
    h('h2', { id, t: [title] }),
    hint && h('p', { id: `${id}-hint`, t: [hint] }),
    ...fields,
    problem,
    h('div.actions', {}, cancel, doIt),
  );
  const dialog = h('dialog', { 'aria-labelledby': id, 'aria-describedby': hint && `${id}-hint` }, form);
  let busy = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    problem.textContent = '';
    try {
      if ((await submit(form)) !== false) dialog.close('yes');
    } catch (error) {
      problem.textContent = error.message;
    }
    busy = false;
  });
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}
