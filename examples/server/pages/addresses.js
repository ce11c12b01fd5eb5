// Finds the web addresses in a text. Only http and https: whatever else a text calls a link (javascript:, data:) stays text.

const ADDRESS = /https?:\/\/[^\s<>"'`\u3000]+/giu;
// What ends a sentence rather than an address.
const AFTER = /[.,;:!?…)\]}]+$/u;

/** Splits a text: strings, and `{ href, text }` where it is an address. */
export function parts(text) {
  const found = [];
  let from = 0;
  for (const { 0: match, index } of text.matchAll(ADDRESS)) {
    const address = match.replace(AFTER, (tail) => (tail.startsWith(')') && match.includes('(') ? ')' : ''));
    const href = checked(address);
    if (!href) continue;
    if (index > from) found.push(text.slice(from, index));
    found.push({ href, text: address });
    from = index + address.length;
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

function checked(address) {
  try {
    const url = new URL(address);
    return ['http:', 'https:'].includes(url.protocol) && url.hostname ? url.href : undefined;
  } catch {
    return undefined;
  }
}
