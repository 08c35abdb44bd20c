import { defineCommand, EXIT } from '../frame/index.js';
import { primaryOf } from './source/find-source.js';
import { NodeLink } from '../node-link/index.js';
import { namedFile } from './named-file.js';
import { restoreBackup } from './restore/restore-backup.js';
import { ABOUT_KEYS, BACKUP_OPTIONS, BackupSettings, readNode } from './settings.js';
import { teller, toldOfRestore } from './told-backups.js';

/** `restore <file>` */
export const command = defineCommand({
  summary: 'Put a backup back into the primary, without what was ended since',
  details: `The file is verified first, then what was ended is written, then the rest. A Redis that holds something is left alone unless --merge is given, and a backup of another cluster unless --foreign is. ${ABOUT_KEYS}`,
  arguments: [{ name: 'file', about: 'the file; or latest, the latest backup', isPath: true }],
  options: {
    ...BACKUP_OPTIONS,
    to: {
      kind: 'text',
      value: 'host:port',
      about: 'this primary, not the one that the Sentinels name',
    },
    sessions: {
      kind: 'choice',
      words: ['known', 'drop', 'keep'],
      about:
        'without those that were ended (known, unless it is given), without any, or as they were',
    },
    values: {
      kind: 'choice',
      words: ['keep', 'drop'],
      about: 'cached values, which are as old as the backup (keep)',
    },
    merge: { kind: 'flag', about: 'into what is not empty; what is there and newer stays' },
    foreign: { kind: 'flag', about: 'a backup of another cluster' },
  },
  examples: [
    ['restore latest', 'the latest backup, into a cluster that came back empty'],
    ['restore latest --merge --sessions drop', 'into what holds something; all log in again'],
  ],
  exits: [
    [EXIT.done, 'done: all replicas have everything'],
    [EXIT.unwell, 'done, and a replica does not have everything yet'],
    [EXIT.failed, 'it could not be done; a code says why (docs/operations/backups.md)'],
    [EXIT.misused, 'what was typed, or a variable, is wrong'],
    [EXIT.interrupted, 'somebody ended it'],
  ],
  run: async ({ words: [file = 'latest'], options }, io) => {
    const settings = new BackupSettings(io.env, options);
    const { ring, cluster, folder, redis } = settings;
    const address = readNode('to', options.to) ?? (await primaryOf(redis, io.signal));
    const link = await NodeLink.open(address, redis.node, io.signal);
    try {
      const path = await namedFile(settings, file, await link.histories());
      const report = await restoreBackup(link, {
        ...{ path, ring, cluster, folder, keyPrefix: redis.node.keyPrefix },
        sessions: options.sessions ?? 'known',
        values: options.values ?? 'keep',
        merge: options.merge,
        foreign: options.foreign,
      });
      teller(io, options.json)(toldOfRestore(report, path));
      return report.replicas === report.ofReplicas ? EXIT.done : EXIT.unwell;
    } finally {
      link.close();
    }
  },
});
