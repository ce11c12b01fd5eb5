// Saying something, so that it is never lost: what comes of it is seen in the room's `pending`, as sending or failed, and what
// did not even get there comes back into the field.

import { explain } from './errors.js';
import { randomId } from './random-id.js';
import { toast } from './toast.js';

export async function speak(room, composer, text) {
  const key = randomId();
  try {
    await room.say(text, { key });
  } catch (error) {
    if (room.getSnapshot().pending.some((one) => one.key === key)) return;
    composer.giveBack(text);
    toast(explain(error));
  }
}
