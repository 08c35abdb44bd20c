/** Units of Grafana that are used here. */
export type Unit =
  'short' | 'ops' | 's' | 'bytes' | 'percentunit' | 'currencyUSD' | 'dateTimeFromNow' | 'none';

/** One line or one number. */
export interface Query {
  readonly expr: string;
  /** How a line is called, with `{{label}}`. */
  readonly legend: string;
}

/** A value from which on something has a colour. */
export interface Threshold {
  readonly from: number;
  readonly color: 'green' | 'yellow' | 'orange' | 'red';
}

/** What a panel shows; where it stands is found when the dashboard is made. */
export interface Panel {
  readonly type: 'timeseries' | 'stat' | 'table';
  readonly title: string;
  /** What it means, and when to worry. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Of the 24 columns. */
  readonly width: number;
  readonly min?: number;
  readonly max?: number;
  readonly stacked?: boolean;
  readonly thresholds?: readonly Threshold[];
  /** Words instead of values. */
  readonly words?: Readonly<Record<number, string>>;
  /** Why there may be nothing to show while all is well. Other panels must always have data. */
  readonly mayBeEmpty?: string;
}

/** Panels under one heading. */
export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

type Common = Omit<Panel, 'type' | 'width'> & { readonly width?: number };

/** Lines over time; three beside each other. */
export function lines(panel: Common): Panel {
  return { width: 8, ...panel, type: 'timeseries' };
}

/** One number, large. */
export function number(panel: Common): Panel {
  return { width: 3, ...panel, type: 'stat' };
}

/** A list of what there is now. */
export function table(panel: Common): Panel {
  return { width: 12, ...panel, type: 'table' };
}

/** The series of the library that the variables of the dashboard choose. */
export function chosen(metric: string, ...more: string[]): string {
  const labels = [
    'environment=~"$environment"',
    'instance=~"$instance"',
    'connection=~"$connection"',
    ...more,
  ];
  return `${metric}{${labels.join(',')}}`;
}

/** The same for a counter: how much a second. */
export function rate(metric: string, ...more: string[]): string {
  return `rate(${chosen(metric, ...more)}[$__rate_interval])`;
}
