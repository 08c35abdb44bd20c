import { formatAddress } from '../../../redis/base/address/index.js';
import { BackupError } from '../backup-error.js';
import type { HistoryPlace } from '../file/backup-header.js';
import { broken, type NodeLink } from '../../node-link/index.js';

/** What a node sends to a replica that asks for its data: a snapshot first, unless it can go on from where that was. */
export type Following =
  | {
      readonly kind: 'snapshot';
      readonly place: HistoryPlace;
      readonly pieces: AsyncGenerator<Buffer>;
    }
  | { readonly kind: 'goes-on'; readonly place: HistoryPlace };

const PIECE_BYTES = 256 * 1_024;
const END_MARK_BYTES = 40;
// While a snapshot is made nothing but line breaks come, one a second.
const SNAPSHOT_SILENT_MS = 60_000;

/**
 * Asks for the data of a node, as its replicas do.
 *
 * @param since - where an earlier connection was; `null` for a snapshot
 */
export async function followNode(link: NodeLink, since: HistoryPlace | null): Promise<Following> {
  await link.ask('REPLCONF', 'capa', 'eof', 'capa', 'psync2');
  link.silentAfter(SNAPSHOT_SILENT_MS);
  const from = since === null ? ['?', '-1'] : [since.history, String(since.offset + 1)];
  link.send(['PSYNC', ...from]);
  await link.reader.skipBlanks();
  const line = await link.reader.line();
  const [word, history, offset] = line.split(' ');
  if (word === '+FULLRESYNC' && history !== undefined) {
    return {
      kind: 'snapshot',
      place: { history, offset: Number(offset) },
      pieces: snapshotOf(link),
    };
  }
  if (word === '+CONTINUE' && since !== null) {
    return { kind: 'goes-on', place: { history: history ?? since.history, offset: since.offset } };
  }
  throw new BackupError(
    'NODE_REFUSED',
    `${formatAddress(link.address)} does not hand out its data: ${line.slice(1)}`,
    'See whether it is a replica in sync with its primary, and whether its user may PSYNC',
  );
}

async function* snapshotOf({ reader }: NodeLink): AsyncGenerator<Buffer> {
  await reader.skipBlanks();
  const head = await reader.line();
  if (head.startsWith('$EOF:')) {
    yield* untilMark(reader, Buffer.from(head.slice('$EOF:'.length)));
    return;
  }
  const size = /^\$(\d+)$/.exec(head)?.[1];
  if (size === undefined) throw broken(`the node sends no snapshot: ${head.slice(0, 80)}`);
  for (let left = Number(size); left > 0;) {
    const piece = await reader.some(Math.min(left, PIECE_BYTES));
    left -= piece.length;
    yield piece;
  }
}

/** A node that does not know the size says at the beginning what stands at the end. */
async function* untilMark(reader: NodeLink['reader'], mark: Buffer): AsyncGenerator<Buffer> {
  if (mark.length !== END_MARK_BYTES) throw broken('the node does not say how its snapshot ends');
  // What may be the mark stays until more has come. After the mark nothing comes before the node hears from us.
  while (!(await reader.peek(END_MARK_BYTES)).equals(mark)) {
    const piece = await reader.allBut(END_MARK_BYTES);
    yield piece;
  }
  await reader.exactly(END_MARK_BYTES);
}
