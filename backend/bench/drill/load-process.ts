import { serve } from '../common/serve.js';
import { Load, type LoadPlan, type LoadSettings } from './load.js';
import type { LoadRun, Verified } from './results.js';

// The generator of the load, in a process of its own: what the drill does besides must not make it late.
let load: Load;

serve({
  open(settings: LoadSettings): void {
    load = new Load(settings);
  },
  makeSessions: (count: number) => load.makeSessions(count),
  warmUp: (rate: number, seconds: number) => load.warmUp(rate, seconds),
  begin: (plan: LoadPlan) => load.begin(plan),
  finish: (): Promise<LoadRun> => load.finish(),
  verify: (): Promise<Verified> => load.verify(),
  close: () => load.close(),
});
