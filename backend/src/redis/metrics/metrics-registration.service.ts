import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { ModuleRef } from '@nestjs/core';
import { SessionService } from '../sessions/index.js';
import { ConnectionSource } from './connection-source.js';
import type { CacheTeller, ConnectionTeller } from './metrics-sources.js';
import { FamilySet, type MetricsRegistry } from './family-set.js';
import type { Labels } from './sample.js';

/** What to register, and where. */
interface MetricsRegistrationDeps {
  readonly registry: MetricsRegistry;
  readonly prefix: string;
  readonly labels: Labels;
  readonly redis: ConnectionTeller;
  readonly cache: CacheTeller;
  /** Whether sessions are reported, if there are any. */
  readonly sessions: boolean;
  readonly moduleRef: ModuleRef;
}

/** Keeps the metrics of a connection in a registry for as long as the application runs. */
export class MetricsRegistration implements OnModuleInit, OnApplicationShutdown {
  readonly #deps: MetricsRegistrationDeps;
  #registered: { readonly set: FamilySet; readonly source: ConnectionSource } | null = null;

  constructor(deps: MetricsRegistrationDeps) {
    this.#deps = deps;
  }

  /** Called by Nest. */
  onModuleInit(): void {
    const { registry, prefix, redis, cache, labels } = this.#deps;
    const set = FamilySet.of(registry, prefix);
    const source = new ConnectionSource({ redis, cache, labels, sessions: this.#sessions() });
    set.add(source);
    this.#registered = { set, source };
  }

  /** Called by Nest. */
  onApplicationShutdown(): void {
    if (this.#registered === null) return;
    const { set, source } = this.#registered;
    this.#registered = null;
    set.remove(source);
    source.close();
  }

  #sessions(): SessionService | null {
    if (!this.#deps.sessions) return null;
    try {
      return this.#deps.moduleRef.get(SessionService, { strict: false });
    } catch {
      // Nest can only throw when a provider is missing.
      return null;
    }
  }
}
