import { median } from '../../src/cli/measure/statistics.js';
import type { Result, Turn } from './results.js';
import { cpuSecondsOf } from './sampler.js';
import type { Stage } from './stage.js';

const TURNS = 8;
const SECONDS = 5;
// The first of the two stood still while the other one carried its load: what it had cached has expired, and all of
// its sessions are due to be written. That is of no turn.
const ROUNDS_BEFORE = 2;

/**
 * Both services carry the same load in turns of a few seconds: what the machine does besides hits both. Who begins
 * changes from turn to turn.
 */
export async function takeTurns(
  ours: Stage,
  bare: Stage,
): Promise<Record<'ours' | 'bare', Turn[]>> {
  ours.say(`in turns with the bare client, ${TURNS} times ${SECONDS} s each ...`);
  const turns: Record<'ours' | 'bare', Turn[]> = { ours: [], bare: [] };
  for (let round = 0; round < ROUNDS_BEFORE + TURNS; round++) {
    const order = round % 2 === 0 ? ([ours, bare] as const) : ([bare, ours] as const);
    for (const stage of order) {
      const turn = await takeTurn(stage);
      if (round >= ROUNDS_BEFORE) turns[stage.service.name].push(turn);
    }
  }
  return turns;
}

/** The median of a figure over all turns. */
export function medianOf(turns: Result['turns'], figure: keyof Turn): number | null {
  const known = (turns ?? []).map((turn) => turn[figure]).filter((value) => value !== null);
  return known.length === 0 ? null : median(known);
}

async function takeTurn({ load, rate, service }: Stage): Promise<Turn> {
  await load.begin({ rate, seconds: SECONDS, phases: [] });
  const before = cpuSecondsOf(service.pids);
  const { whole } = await load.finish();
  const after = cpuSecondsOf(service.pids);
  const seconds = before === null || after === null ? null : after - before;
  return {
    p99: whole.p99,
    processorMs: seconds === null ? null : (1000 * seconds) / (rate * SECONDS),
  };
}
