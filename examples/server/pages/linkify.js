// Text with its web addresses made into links.

import { parts } from './addresses.js';
import { h } from './dom.js';

/** The nodes for a text. The other site learns nothing of this page: no opener, no referrer. */
export const linked = (text) =>
  parts(text).map((part) =>
    typeof part === 'string'
      ? document.createTextNode(part)
      : h('a', { href: part.href, target: '_blank', rel: 'noopener noreferrer nofollow ugc' }, part.text),
  );
