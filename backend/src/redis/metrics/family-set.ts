import { ConfigInvalidError } from '../base/errors/index.js';
import { FAMILY_TABLE } from './family-table.js';
import { MetricFamily, type OwnedSamples } from './metric-family.js';
import type { Labels, Snapshot } from './sample.js';

/** The part of a prom-client `Registry` that is needed. */
export interface MetricsRegistry {
  getSingleMetric(name: string): unknown;
  registerMetric(metric: unknown): void;
  removeSingleMetric(name: string): void;
}

/** A source of samples of one connection. */
export interface MetricsSource {
  readonly connection: string;
  /** Added to each of its series. */
  readonly labels: Labels;
  read(): Snapshot;
}

// Another copy of this library finds it too, for example after a hot reload.
const SET = Symbol.for('nestjs-redis-ha.metric-families');

/** The metrics of all connections in one registry. Each metric is registered once, for all connections. */
export class FamilySet {
  readonly #registry: MetricsRegistry;
  readonly #families: readonly MetricFamily[];
  readonly #sources = new Map<string, MetricsSource>();
  readonly #served = new Set<string>();
  #snapshots: readonly (readonly [Labels, Snapshot])[] | null = null;

  private constructor(registry: MetricsRegistry, prefix: string) {
    this.#registry = registry;
    this.#families = FAMILY_TABLE.map((row) => {
      const family = new MetricFamily(row, prefix, () => this.#samplesOf(row.name));
      Object.defineProperty(family, SET, { value: this });
      return family;
    });
  }

  /**
   * Returns the set of that registry and prefix, and creates and registers it if there is none yet.
   *
   * @throws ConfigInvalidError when a metric of another library has one of our names.
   */
  static of(registry: MetricsRegistry, prefix: string): FamilySet {
    const taken = FAMILY_TABLE.map(({ name }) => prefix + name).flatMap((name) => {
      const metric = registry.getSingleMetric(name);
      return metric === undefined ? [] : [{ name, set: setOf(metric) }];
    });
    const stranger = taken.find(({ set }) => set === null);
    if (stranger !== undefined) throw nameTaken(prefix, stranger.name);
    const known = taken[0]?.set;
    if (known !== undefined && known !== null) return known;
    const made = new FamilySet(registry, prefix);
    for (const family of made.#families) registry.registerMetric(family);
    return made;
  }

  /** Reports a connection. It replaces one of the same name, which a former life of the application left. */
  add(source: MetricsSource): void {
    this.#sources.set(source.connection, source);
    this.#snapshots = null;
  }

  /** Stops reporting a connection. With the last one the metrics leave the registry. */
  remove(source: MetricsSource): void {
    if (this.#sources.get(source.connection) !== source) return;
    this.#sources.delete(source.connection);
    this.#snapshots = null;
    if (this.#sources.size > 0) return;
    for (const family of this.#families) {
      const isOurs = this.#registry.getSingleMetric(family.name) === family;
      if (isOurs) this.#registry.removeSingleMetric(family.name);
    }
  }

  #samplesOf(name: string): readonly OwnedSamples[] {
    return this.#snapshotsFor(name).map(([owner, snapshot]) => ({
      owner,
      samples: snapshot.get(name) ?? [],
    }));
  }

  /** A registry reads all its metrics in one go: they are read once, so that they belong together. */
  #snapshotsFor(name: string): readonly (readonly [Labels, Snapshot])[] {
    if (this.#snapshots !== null && !this.#served.has(name)) {
      this.#served.add(name);
      return this.#snapshots;
    }
    const snapshots = [...this.#sources.values()].map(
      (source) => [source.labels, source.read()] as const,
    );
    this.#snapshots = snapshots;
    this.#served.clear();
    this.#served.add(name);
    queueMicrotask(() => {
      if (this.#snapshots === snapshots) this.#snapshots = null;
    });
    return snapshots;
  }
}

function setOf(metric: unknown): FamilySet | null {
  if (typeof metric !== 'object' || metric === null || !(SET in metric)) return null;
  return metric[SET] as FamilySet;
}

function nameTaken(prefix: string, name: string): ConfigInvalidError {
  return new ConfigInvalidError([
    {
      field: 'prefix',
      value: prefix,
      message: `the registry has a metric ${name} already, and it is not of this library`,
      remedy: "Choose another one: RedisMetricsModule.forRoot({ prefix: 'my_redis_' })",
    },
  ]);
}
