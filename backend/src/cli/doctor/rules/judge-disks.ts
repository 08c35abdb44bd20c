import { mayStopOnSave, stopsWhereSavesFail } from '../../reach/index.js';
import { found, type Finding } from '../doctor-finding.js';
import { seenAt, type Picture } from '../picture.js';

/** What a node does when its disk is full. */
export function judgeDisks({ survey: { nodes } }: Picture): Finding[] {
  return [
    ...found(
      'save-failed',
      seenAt(nodes, (node) => {
        const { info } = node;
        const failed = [
          'rdb_last_bgsave_status',
          'aof_last_write_status',
          'aof_last_bgrewrite_status',
        ];
        const bad = failed.filter((name) => info.get(name) === 'err');
        const end = stopsWhereSavesFail(node) ? ': it refuses writes and PING with MISCONF' : '';
        return bad.length === 0 ? null : `${bad.join(', ')} err${end}`;
      }),
      'See the log of the node: the disk is full, or the folder of "dir" may not be written',
      { severity: nodes.some(stopsWhereSavesFail) ? 'broken' : 'danger' },
    ),
    ...found(
      'writes-stop-on-failed-save',
      seenAt(nodes, (node) =>
        mayStopOnSave(node)
          ? `save "${node.config.get('save') ?? ''}", stop-writes-on-bgsave-error yes`
          : null,
      ),
      'CONFIG SET stop-writes-on-bgsave-error no on every node and in their files, and watch rdb_last_bgsave_status; or CONFIG SET save "" for a cache',
    ),
  ];
}
