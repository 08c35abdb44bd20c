import { formatAddress } from '../../redis/base/address/index.js';
import type { Usage } from '../../app/cost/cost.js';
import type { Fields, Survey } from '../reach/index.js';

/** What a server used between two looks. */
export interface MeasuredServer {
  readonly server: string;
  readonly role: 'primary' | 'replica' | 'sentinel' | 'unknown';
  /** What it used; `null` where it was not there both times, or began anew. */
  readonly usage: Usage | null;
  /** Why nothing was measured. */
  readonly fault: string | null;
  /** Sentinels do not tell theirs. */
  readonly isMemoryKnown: boolean;
}

interface Told {
  readonly server: string;
  readonly role: MeasuredServer['role'];
  readonly fault: string | null;
  readonly info: Fields;
}

/** Returns what each server used from one look to the next. */
export function usageBetween(before: Survey, after: Survey): MeasuredServer[] {
  const first = new Map(toldIn(before).map((told) => [told.server, told]));
  return toldIn(after).map((told) => {
    const { server, role } = told;
    const last = first.get(server);
    const isMemoryKnown = role !== 'sentinel';
    const fault = whyNot(last, told);
    if (last === undefined || fault !== null) {
      return { server, role, usage: null, fault, isMemoryKnown };
    }
    return { server, role, usage: usageOf(last.info, told.info), fault, isMemoryKnown };
  });
}

function whyNot(before: Told | undefined, after: Told): string | null {
  if (before === undefined) return 'it was not there at the first look';
  const fault = before.fault ?? after.fault;
  if (fault !== null) return fault;
  if (before.info.get('run_id') !== after.info.get('run_id')) return 'it began anew meanwhile';
  return Number.isFinite(usageOf(before.info, after.info).cores)
    ? null
    : 'it does not tell its processor time';
}

function toldIn({ nodes, sentinels }: Survey): Told[] {
  return [
    ...nodes.map(({ announced, role, fault, info }): Told => {
      const kind = role === null || role.kind === 'other' ? 'unknown' : role.kind;
      return { server: formatAddress(announced), role: kind, fault, info };
    }),
    ...sentinels.map(({ address, fault, info }): Told => {
      return { server: formatAddress(address), role: 'sentinel', fault, info };
    }),
  ];
}

function usageOf(before: Fields, after: Fields): Usage {
  const seconds =
    (numberIn(after, 'server_time_usec') - numberIn(before, 'server_time_usec')) / 1e6;
  const busy = processorTime(after) - processorTime(before);
  const memory = numberIn(after, 'used_memory_rss');
  return { memoryBytes: Number.isFinite(memory) ? memory : 0, cores: Math.max(0, busy / seconds) };
}

function processorTime(info: Fields): number {
  return numberIn(info, 'used_cpu_sys') + numberIn(info, 'used_cpu_user');
}

function numberIn(info: Fields, name: string): number {
  return Number(info.get(name) ?? NaN);
}
