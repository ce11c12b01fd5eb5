// Refusals of the server in words for people.

import { t } from './i18n.js';

const KNOWN = ['unavailable', 'rate_limited', 'no_such_room', 'room_full', 'room_closed', 'forbidden', 'not_member', 'too_many', 'too_large', 'bad_request'];

/** The text key for a refused command; unknown codes are treated as the general case. */
export const errorKey = (error) => `error.${KNOWN.includes(error?.code) ? error.code : 'other'}`;

/** What to tell people about it. */
export const explain = (error) => t(errorKey(error));

/** Turns a refusal into an error whose message is for people. */
export async function explained(promise) {
  try {
    return await promise;
  } catch (error) {
    throw new Error(explain(error), { cause: error });
  }
}
