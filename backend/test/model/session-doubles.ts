import type {
  DeleteOptions,
  DropOptions,
  WriteOptions,
  WriteReceipt,
} from '../../src/redis/keyspace/index.js';
import { ManualClock } from '../../src/redis/testing/index.js';
import { ScriptedKeyspace } from '../support/scripted-keyspace.js';
import { ScriptedRedis } from '../support/scripted-redis.js';
import type { Stage } from './session-stage.js';

const HOUR = 3_600_000;
/** How far the calendars of the processes are ahead while Redis does not tell them the time. */
const OFFSETS_MS = [0, 4000, -4000];

/** A mistake that the library once made, put back. */
export type Relapse =
  | 'ends are kept for an hour, and changes begin a session again'
  | 'an end is compared with what it ends'
  | 'a rotation does not look whether the old session is still there'
  | 'a change is born anew'
  | 'the one that stays is not named';

/** A keyspace that makes a mistake. */
class RelapsedKeyspace extends ScriptedKeyspace {
  relapse: Relapse | null = null;

  override write(
    key: string,
    draft: Parameters<ScriptedKeyspace['write']>[1],
    options: WriteOptions = {},
  ): Promise<WriteReceipt> {
    const { replaces, birth, ...rest } = options;
    const forgetsBase =
      this.relapse === 'ends are kept for an hour, and changes begin a session again' &&
      this.isAway;
    return super.write(key, draft, {
      ...rest,
      ...(replaces !== undefined && !forgetsBase && { replaces }),
      ...(birth !== undefined && this.relapse !== 'a change is born anew' && { birth }),
    });
  }

  override delete(key: string, options: DeleteOptions = {}): Promise<WriteReceipt> {
    const isBlind =
      this.relapse === 'a rotation does not look whether the old session is still there';
    const { replaces, ...rest } = this.#spoilt(options);
    return super.delete(key, { ...rest, ...(replaces !== undefined && !isBlind && { replaces }) });
  }

  override dropGroup(group: string, options: DropOptions = {}): Promise<WriteReceipt> {
    const isNameless = this.relapse === 'the one that stays is not named';
    return super.dropGroup(group, { ...this.#spoilt(options), ...(isNameless && { except: [] }) });
  }

  #spoilt<O extends DeleteOptions | DropOptions>(options: O): O {
    if (this.relapse === 'an end is compared with what it ends')
      return { ...options, isFinal: false };
    const isShort = this.relapse === 'ends are kept for an hour, and changes begin a session again';
    return isShort ? { ...options, keepMs: HOUR } : options;
  }
}

/** Processes over a double of the keyspace, which makes a mistake if it is told to. */
export function doubles(relapse: Relapse | null): Stage {
  const time = new ManualClock();
  const redis = new ScriptedRedis();
  const footings = OFFSETS_MS.map((offsetMs, i) => {
    const origin = String(OFFSETS_MS.length - i).padStart(16, '0');
    const keyspace = new RelapsedKeyspace(redis, time, origin, offsetMs);
    keyspace.relapse = relapse;
    return { keyspace, link: keyspace, clock: keyspace.calendar() };
  });
  return { time, footings };
}
