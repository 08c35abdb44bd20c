import type { Keyspace } from '../../src/redis/keyspace/index.js';
import type { Subject } from '../../src/redis/keyspace/journal/disk/journal-log.js';
import { KeyspaceKeys } from '../../src/redis/keyspace/keyspace-keys.js';

/** A key, as journals name it. */
export function keyOf({ name }: Keyspace, key: string): Subject {
  return { kind: 'write', write: { key: new KeyspaceKeys(name).entry(key) } };
}

/** A key group that is emptied but for some keys, as journals name it. */
export function groupOf(
  { name }: Keyspace,
  group: string,
  except: readonly string[] = [],
): Subject {
  const keys = new KeyspaceKeys(name);
  const spared = except.map((key) => keys.entry(key));
  return { kind: 'drop', drop: { group: keys.group(group), except: spared } };
}
