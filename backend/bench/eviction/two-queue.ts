import { Line } from '../../src/redis/base/collections/eviction-queue.js';
import { Node } from './node.js';
import type { Policy } from './policies.js';

/**
 * 2Q: a quarter is first in, first out; the rest an LRU of those who came back within half the capacity of
 * departures after they had left the quarter.
 */
export function newTwoQueue(capacity: number): Policy {
  const nodes = new Map<string, Node>();
  const gone = new Map<string, Node>();
  const [entry, main, departures] = [new Line<Node>(), new Line<Node>(), new Line<Node>()];
  const entrySize = Math.max(1, Math.floor(capacity / 4));
  const remembered = Math.max(1, Math.floor(capacity / 2));

  function evict(): void {
    const isEntryFull = entry.entries > entrySize || main.entries === 0;
    const node = isEntryFull ? entry.evict() : main.evict();
    if (node === null) return;
    nodes.delete(node.key);
    if (!isEntryFull) return;
    gone.set(node.key, node);
    departures.add(node);
    if (departures.entries > remembered) gone.delete(departures.evict()?.key ?? '');
  }

  return {
    get(key) {
      const node = nodes.get(key);
      if (node === undefined) return false;
      if (node.home === 'main') main.replace(node, node);
      return true;
    },
    set(key) {
      const old = gone.get(key);
      if (old !== undefined) {
        gone.delete(key);
        departures.remove(old);
      }
      const node = new Node(key);
      node.home = old === undefined ? 'entry' : 'main';
      nodes.set(key, node);
      (old === undefined ? entry : main).add(node);
      if (nodes.size > capacity) evict();
    },
  };
}
