import { formatAddress } from '../../../redis/base/address/index.js';
import { found, type Evidence, type Finding } from '../doctor-finding.js';
import type { Door, Picture, Rights, Server } from '../picture.js';

const LOOPBACK = /^-?(127\.|::1$|localhost$|\/)/;

/** Who is let in, and what the user may do. */
export function judgeDoors(picture: Picture): Finding[] {
  return [...judgeOpen(picture), ...judgeRights(picture), ...judgeSentinelRights(picture)];
}

function at({ announced }: Server): string {
  return formatAddress(announced);
}

function judgeOpen(picture: Picture): Finding[] {
  const open = picture.doors.filter((door) => door.isOpen);
  const evidence = open.flatMap((door): Evidence[] => {
    const where = openTo(door);
    return where === null ? [] : [{ at: at(door), seen: `no password is needed, ${where}` }];
  });
  return found(
    'open-to-everybody',
    evidence,
    'Set a password (requirepass and masterauth, or users: docs/operations/secure.md), and protected-mode yes until then',
  );
}

/** Who can reach an open door from elsewhere; `null` where only this machine can. */
function openTo({ address, whose, bind, isProtected }: Door): string | null {
  if (whose === 'sentinel' || bind === null) {
    return LOOPBACK.test(address.host) ? null : `at ${address.host}`;
  }
  const others = bind.split(' ').filter((one) => !LOOPBACK.test(one));
  if (others.length === 0 || isProtected) return null;
  return `protected-mode is off, and it listens at ${others.join(' ').trim() || 'every address'}`;
}

function judgeRights({ rights }: Picture): Finding[] {
  const lacking = rights.filter(({ missing }) => (missing ?? []).length > 0);
  const isEssential = lacking.some(({ missing }) => missing?.some((one) => !one.isSpareable));
  return found(
    'rights-missing',
    lacking.map((one) => ({ at: at(one), seen: lackOf(one) })),
    `On each of them: ACL SETUSER ${lacking[0]?.user ?? ''} ${rulesOf(lacking).join(' ')}`,
    { severity: isEssential ? 'danger' : 'doubtful' },
  );
}

/** Nothing else shows it before the primary is lost. */
function judgeSentinelRights({ sentinelRights }: Picture): Finding[] {
  const lacking = sentinelRights.filter(({ missing }) => (missing ?? []).length > 0);
  return found(
    'sentinel-rights-missing',
    lacking.map((one) => ({
      at: at(one),
      seen: `Sentinels log in as ${one.user}: ${lackOf(one)}`,
    })),
    `On each of them: ACL SETUSER ${lacking[0]?.user ?? ''} ${rulesOf(lacking).join(' ')}`,
  );
}

function lackOf({ user, missing }: Rights): string {
  const lost = (missing ?? []).map((one) => `${one.rule} (without it ${one.lost})`);
  return `user ${user} lacks ${lost.join(', ')}`;
}

function rulesOf(all: readonly Rights[]): string[] {
  return [...new Set(all.flatMap(({ missing }) => (missing ?? []).map(({ rule }) => rule)))];
}
