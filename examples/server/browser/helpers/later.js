// What has to be done when a test is over, the last things first: pages go before the server that they are connected to.

const left = new WeakMap();

export function later(t, what) {
  if (!left.has(t)) {
    left.set(t, []);
    t.after(async () => {
      const failed = [];
      for (const one of left.get(t).reverse()) {
        try {
          await one();
        } catch (error) {
          failed.push(error);
        }
      }
      if (failed.length > 0) throw failed[0];
    });
  }
  left.get(t).push(what);
}
