import { formatAddress } from '../../../base/address/index.js';
import type { SentinelStatus } from './sentinel-desk.js';

/** Returns why no primary is known, and what each Sentinel said. */
export function explainUnknown(statuses: readonly SentinelStatus[]): string {
  const told = statuses.filter(({ isAnswering }) => isAnswering).length;
  const each = statuses
    .filter(({ isAnswering }) => !isAnswering)
    .map(({ address, problem }) => `${formatAddress(address)}: ${problem ?? 'no answer yet'}`)
    .join('; ');
  if (told > 0) {
    const has = told === 1 ? 'has' : 'have';
    return `${String(told)} of ${String(statuses.length)} Sentinels ${has} answered, too few to believe: ${each}`;
  }
  return `no Sentinel names one: ${each}`;
}

const REFUSALS: readonly {
  readonly sign: RegExp;
  readonly explain: (reason: string, masterName: string) => string;
}[] = [
  {
    sign: /^ERR No such master/,
    explain: (reason, name) =>
      `it knows no group named "${name}" (${reason}); check sentinel.masterName`,
  },
  {
    sign: /^NOAUTH/,
    explain: (reason) => `it wants a password (${reason}); set sentinel.password`,
  },
  {
    sign: /^NOPERM/,
    explain: (reason) =>
      `its user may not ask (${reason}); give sentinel.username +sentinel, +ping, +subscribe and &*`,
  },
  {
    sign: /^the password is refused/,
    explain: (reason) => `${reason}; check sentinel.username and sentinel.password`,
  },
];

/** Returns what is wrong with a Sentinel that answered with an error, and what to do about it. */
export function explainRefusal(reason: string, masterName: string): string {
  const known = REFUSALS.find(({ sign }) => sign.test(reason));
  return known?.explain(reason, masterName) ?? reason;
}
