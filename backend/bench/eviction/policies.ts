import { EvictionQueue, Line, use } from '../../src/redis/base/collections/eviction-queue.js';
import { FrequencySketch } from './frequency-sketch.js';
import { Node } from './node.js';
import { newTwoQueue } from './two-queue.js';

/** A cache of so many keys, with one way to choose who leaves. */
export interface Policy {
  /** Whether a key is held. Counts as use. */
  get(key: string): boolean;
  /** Adds a key that is not held. */
  set(key: string): void;
}

/** What is compared: linked nodes all of them, one Map from key to node. */
export const POLICIES = {
  LRU: newLru,
  '2Q': newTwoQueue,
  'S3-FIFO': newS3Fifo,
  'W-TinyLFU': newWindowTinyLfu,
} satisfies Record<string, (capacity: number) => Policy>;

/** The name of one of them. */
export type PolicyName = keyof typeof POLICIES;

/** Who was not used for longest leaves. */
function newLru(capacity: number): Policy {
  const nodes = new Map<string, Node>();
  const line = new Line<Node>();
  return {
    get(key) {
      const node = nodes.get(key);
      if (node === undefined) return false;
      if (node !== line.newest) line.replace(node, node);
      return true;
    },
    set(key) {
      const node = new Node(key);
      nodes.set(key, node);
      line.add(node);
      if (nodes.size > capacity) nodes.delete(line.evict()?.key ?? '');
    },
  };
}

/** What the library itself uses. */
function newS3Fifo(capacity: number): Policy {
  const nodes = new Map<string, Node>();
  const queue = new EvictionQueue<Node>(capacity);
  return {
    get(key) {
      const node = nodes.get(key);
      if (node === undefined) return false;
      use(node);
      return true;
    },
    set(key) {
      const node = new Node(key);
      nodes.set(key, node);
      queue.add(node);
      if (nodes.size > capacity) nodes.delete(queue.evict()?.key ?? '');
    },
  };
}

/**
 * One in a hundred is a window of the newest; the rest is a segmented LRU (a fifth on probation), into which
 * whoever leaves the window gets only if it was asked for more often than the one it would drive out.
 */
function newWindowTinyLfu(capacity: number): Policy {
  const nodes = new Map<string, Node>();
  const [window, probation, safe] = [new Line<Node>(), new Line<Node>(), new Line<Node>()];
  const windowSize = Math.max(1, Math.floor(capacity / 100));
  const safeSize = Math.floor((capacity - windowSize) * 0.8);
  const sketch = new FrequencySketch(capacity);
  const homes = new Map([
    ['window', window],
    ['probation', probation],
    ['safe', safe],
  ]);
  const move = (node: Node, to: string): void => {
    homes.get(node.home)?.remove(node);
    node.home = to;
    homes.get(to)?.add(node);
  };
  const drop = (node: Node): void => {
    homes.get(node.home)?.remove(node);
    nodes.delete(node.key);
  };
  return {
    get(key) {
      sketch.add(key);
      const node = nodes.get(key);
      if (node === undefined) return false;
      move(node, node.home === 'window' ? 'window' : 'safe');
      if (safe.entries > safeSize && safe.oldest !== null) move(safe.oldest, 'probation');
      return true;
    },
    set(key) {
      const node = new Node(key);
      node.home = 'window';
      nodes.set(key, node);
      window.add(node);
      if (window.entries <= windowSize || window.oldest === null) return;
      const candidate = window.oldest;
      move(candidate, 'probation');
      if (nodes.size <= capacity) return;
      const victim = probation.oldest ?? candidate;
      const isBetter = sketch.count(candidate.key) > sketch.count(victim.key);
      drop(isBetter || victim === candidate ? victim : candidate);
    },
  };
}
