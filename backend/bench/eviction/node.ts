import type { Evictable } from '../../src/redis/base/collections/eviction-queue.js';

/** A key in a cache that holds nothing else. */
export class Node implements Evictable<Node> {
  readonly key: string;
  weight = 1;
  newer: Node | null = null;
  older: Node | null = null;
  uses = 0;
  isProven = false;
  /** The line it stands in, where there are several. */
  home = '';

  constructor(key: string) {
    this.key = key;
  }
}
