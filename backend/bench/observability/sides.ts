/** How a backend is watched. */
export type Side = 'nothing' | 'metrics and logs' | 'traces' | 'everything' | 'nothing, again';

/** What is on. */
export interface Watching {
  /** The metrics of the library, of requests and of the process; scraped every five seconds. */
  readonly metrics: boolean;
  /** Lines of the level `info`: one for each request. */
  readonly logs: boolean;
  /** Spans of each tenth request, sent by OTLP. */
  readonly traces: boolean;
}

/** In the order of their turns. The first and the last differ by chance only. */
export const SIDES: Readonly<Record<Side, Watching>> = {
  nothing: { metrics: false, logs: false, traces: false },
  'metrics and logs': { metrics: true, logs: true, traces: false },
  traces: { metrics: false, logs: false, traces: true },
  everything: { metrics: true, logs: true, traces: true },
  'nothing, again': { metrics: false, logs: false, traces: false },
};

/** The share of requests whose spans are sent. */
export const SAMPLED = 0.1;
