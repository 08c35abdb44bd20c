import type { OutageClient } from './outage-client.js';

/** A Map: whatever it measures is the load, the loader and the machine. */
export function openFloor(): OutageClient {
  const values = new Map<string, unknown>();
  return {
    get: async (key) => values.get(key),
    set: async (key, value) => values.set(key, value),
    async getOrSet(key, loader) {
      const known = values.get(key);
      if (known !== undefined) return known;
      const loaded = await loader();
      values.set(key, loaded);
      return loaded;
    },
    close: async () => values.clear(),
  };
}
