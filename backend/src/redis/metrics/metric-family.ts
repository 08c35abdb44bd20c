import type { FamilyRow } from './family-table.js';
import type { Labels, Sample } from './sample.js';

/** A sample in the form of prom-client. Registries change it: they add their default labels. */
interface MetricValue {
  readonly labels: Record<string, string>;
  readonly value: number;
  readonly metricName: string;
}

/** The part of a metric that prom-client's registries use. */
interface MetricObject {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly aggregator: string;
  readonly values: MetricValue[];
}

/** The samples of one connection, and its labels. */
export interface OwnedSamples {
  readonly owner: Labels;
  readonly samples: readonly Sample[];
}

/** One metric in a registry of prom-client, with the current samples of all connections. */
export class MetricFamily {
  readonly help: string;
  readonly type: FamilyRow['type'];
  readonly aggregator: string;
  readonly #name: string;
  readonly #read: () => readonly OwnedSamples[];
  #nameOnce: string | null = null;
  // By the connection that was counted: another one of the same name begins at 0 by itself.
  readonly #zeros = new WeakMap<Labels, ReadonlyMap<string, number>>();

  constructor(row: FamilyRow, prefix: string, read: () => readonly OwnedSamples[]) {
    this.#name = prefix + row.name;
    this.help = row.help;
    this.type = row.type;
    this.aggregator = row.aggregator ?? 'sum';
    this.#read = read;
  }

  get name(): string {
    return this.#name;
  }

  /**
   * An OpenMetrics registry removes `_total` from the name before it reads the samples, and adds it
   * again itself. The removal must hold once only: the same metric may be in a registry of the other format.
   */
  set name(name: string) {
    this.#nameOnce = name;
  }

  /** Returns the current samples. */
  get(): MetricObject {
    const name = this.#nameOnce ?? this.#name;
    this.#nameOnce = null;
    const { help, type, aggregator } = this;
    const values: MetricValue[] = [];
    // Plain loops: there are hundreds of samples in a scrape.
    for (const { owner, samples } of this.#read()) {
      const zeros = this.#zeros.get(owner);
      for (const sample of samples) {
        const zero = zeros?.get(keyOf(sample)) ?? 0;
        values.push({
          labels: { ...owner, ...sample.labels },
          value: sample.value - zero,
          metricName: name + (sample.suffix ?? ''),
        });
      }
    }
    return { name, help, type, aggregator, values };
  }

  /** Counts from zero again, for `registry.resetMetrics()`. A gauge shows what is, so it does not change. */
  reset(): void {
    if (this.type === 'gauge') return;
    for (const { owner, samples } of this.#read()) {
      this.#zeros.set(owner, new Map(samples.map((sample) => [keyOf(sample), sample.value])));
    }
  }
}

function keyOf({ labels, suffix }: Sample): string {
  return JSON.stringify([suffix ?? '', labels]);
}
