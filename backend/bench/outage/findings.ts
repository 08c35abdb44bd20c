import {
  cellsOf,
  loadLags,
  openingsOf,
  type Cell,
  type LoadLag,
  type Openings,
} from './measure.js';
import type { OutageRun } from './run-outage.js';

/** A run, evaluated. */
export interface Findings {
  readonly run: OutageRun;
  /** Only of those whose breaker reports itself. */
  readonly openings: Openings | null;
  readonly cells: readonly Cell[];
  readonly loadLags: readonly LoadLag[];
  /** The longest that an idle process of this machine was late. Milliseconds. */
  readonly idleLagMs: number;
}

/** Evaluates a run. */
export function evaluate(run: OutageRun): Findings {
  const { record, moments } = run;
  const openings = run.contestant === 'ours' ? openingsOf(record.notes, moments) : null;
  return {
    run,
    openings,
    cells: cellsOf(record.calls, moments, openings, record.drainedAt),
    loadLags: loadLags(record.calls, moments, openings),
    idleLagMs: run.lags.reduce((most, { ms }) => Math.max(most, ms), 0),
  };
}

/** A sum over the cells. */
export function total(cells: readonly Cell[], pick: (cell: Cell) => number): number {
  return cells.reduce((sum, cell) => sum + pick(cell), 0);
}

/** How many calls of a cell failed. */
export function failures({ failed }: Cell): number {
  return Object.values(failed).reduce((sum, count) => sum + count, 0);
}
