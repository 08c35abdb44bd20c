import type { CommandPlace } from '../../base/operations/index.js';
import type { ResolvedRedisOptions } from '../../config/index.js';

/** Returns where the commands of a connection run, by its options: what is configured, not which node is asked. */
export function placeOf(options: ResolvedRedisOptions): CommandPlace {
  const { name: connection, node } = options;
  const known = { connection, database: node.db };
  switch (options.mode) {
    case 'standalone': {
      const { host, port } = options.address;
      return { ...known, server: host, port: port === 0 ? null : port };
    }
    case 'sentinel':
      return { ...known, server: options.sentinel.masterName, port: null };
    case 'memory':
      return { ...known, server: 'memory', port: null };
  }
}
