// Brings the children of an element into line with a list: kept ones stay the same elements, with their focus,
// selection and scroll position; only what is new is made and only what is out of place is moved.

/**
 * Each item has a `key`. `make(item)` gives its element; `update(element, item)` is called where the item differs from
 * the one that the element was last made from. Assumes that nothing else adds children to `parent`.
 */
export function reconcile(parent, items, make, update, same = Object.is) {
  const before = parent.keyed ?? new Map();
  const after = new Map();
  const focused = document.activeElement;
  for (const item of items) {
    let known = before.get(item.key);
    before.delete(item.key);
    if (!known) known = { element: make(item), item };
    else if (!same(known.item, item)) {
      update(known.element, item);
      known.item = item;
    }
    after.set(item.key, known);
  }
  for (const { element } of before.values()) element.remove();
  let at = parent.firstChild;
  for (const { element } of after.values()) {
    if (element === at) at = at.nextSibling;
    else parent.insertBefore(element, at);
  }
  parent.keyed = after;
  // An element that is moved in the tree loses the focus.
  if (focused !== document.activeElement && focused?.isConnected && parent.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}
