// What a browser keeps for us. Storage may be switched off, full or forbidden: then things are kept for as long as
// the page is open, and everything else works.

function memory() {
  const values = new Map();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, String(value)),
    removeItem: (key) => void values.delete(key),
  };
}

function safe(open) {
  let storage;
  try {
    storage = open();
    storage.getItem('chat');
  } catch {
    return memory();
  }
  const spare = memory();
  return {
    getItem: (key) => spare.getItem(key) ?? storage.getItem(key),
    setItem(key, value) {
      try {
        storage.setItem(key, value);
        spare.removeItem(key);
      } catch {
        spare.setItem(key, value);
      }
    },
    removeItem(key) {
      spare.removeItem(key);
      storage.removeItem(key);
    },
  };
}

/** For this browser: settings, and who one is in rooms. */
export const inBrowser = safe(() => localStorage);

/** For this tab: who one is in the random chat. */
export const inTab = safe(() => sessionStorage);
