/** How a backend is watched. */
export type Side =
  | 'nothing'
  | 'a context alone'
  | 'metrics and logs'
  | 'request spans alone'
  | 'traces'
  | 'everything'
  | 'nothing, again';

/** What is on. */
export interface Watching {
  /** The metrics of the library, of requests and of the process; scraped every five seconds. */
  readonly metrics?: true;
  /** Lines of the level `info`: one for each request. */
  readonly logs?: true;
  /** Spans of each tenth request, sent by OTLP; the library's as well, or only those that the SDK makes of requests. */
  readonly traces?: 'all' | 'requests';
  /** An `AsyncLocalStorage` around each request, which nobody reads: what no log and no trace can do without. */
  readonly context?: true;
}

/** In the order of their turns. The first and the last differ by chance only. */
export const SIDES: Readonly<Record<Side, Watching>> = {
  nothing: {},
  'a context alone': { context: true },
  'metrics and logs': { metrics: true, logs: true },
  'request spans alone': { traces: 'requests' },
  traces: { traces: 'all' },
  everything: { metrics: true, logs: true, traces: 'all' },
  'nothing, again': {},
};

/** The share of requests whose spans are sent. */
export const SAMPLED = 0.1;
