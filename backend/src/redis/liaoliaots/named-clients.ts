import type { RedisModuleOptions } from '@liaoliaots/nestjs-redis';
import type { DriverClient, DriverOptions } from '../cluster/connection/index.js';
import { safeMessage } from '../base/errors/index.js';
import type { RedisEngine } from '../engine/index.js';
import { atGraceEnd, endsWithin, type Clock } from '../base/timing/index.js';
import { refuseCommands, refusedOptions } from './refused-client.js';

const RETRY_EVERY_MS = 50;
const POLITE_END_MS = 1_000;
const CUT_MS = 100;
const UNKNOWN = { host: 'unknown', port: 0 };

/** How one client is made, and what is done with it then. */
interface Recipe {
  readonly options: DriverOptions;
  readonly onClientCreated: (client: DriverClient) => void;
}

/**
 * Options that make `@liaoliaots/nestjs-redis` create one client for each namespace. It neither logs
 * for them nor closes them: its own way to close waits for a blocked command without an end.
 */
export function namedClientOptions(
  engine: RedisEngine,
  namespaces: readonly string[],
  given: DriverOptions,
): RedisModuleOptions {
  const clients: DriverClient[] = [];
  const recipe = engine.connectedOrNull === null ? refusedRecipe : followingRecipe;
  engine.beforeClose(() => endAll(clients, engine));
  const config = namespaces.map((namespace) => {
    const { options, onClientCreated } = recipe(engine, namespace, given);
    return {
      ...options,
      namespace,
      onClientCreated: (client: DriverClient) => {
        clients.push(client);
        onClientCreated(client);
      },
    };
  });
  const silent = { closeClient: false, readyLog: false, errorLog: false };
  // The driver's own option type does not fit its own constructor under exact optional types.
  return { ...silent, config: config };
}

function followingRecipe(engine: RedisEngine, namespace: string, given: DriverOptions): Recipe {
  const { rawClients, tracker } = engine.connected;
  const tracked = rawClients.options();
  return {
    options: {
      ...tracked,
      // As long as a write of the engine waits; ioredis' own 20 attempts are over before Sentinel has acted.
      maxRetriesPerRequest: Math.ceil(engine.options.routing.writeTimeoutMs / RETRY_EVERY_MS),
      ...given,
      ...(tracked.Connector !== undefined && { Connector: tracked.Connector }),
    },
    // Without a listener the driver prints each error to the console.
    onClientCreated: (client) => {
      client.on('error', (error: unknown) => {
        engine.bus.emit({
          type: 'connection.lost',
          node: tracker.primary?.address ?? UNKNOWN,
          reason: `raw client ${namespace}: ${safeMessage(error)}`,
        });
      });
    },
  };
}

function refusedRecipe({ refusal }: RedisEngine, _namespace: string, given: DriverOptions): Recipe {
  return {
    options: { ...given, ...refusedOptions(refusal) },
    onClientCreated: (client) => {
      refuseCommands(client, refusal);
    },
  };
}

async function endAll(clients: readonly DriverClient[], engine: RedisEngine): Promise<void> {
  const { clock, options } = engine;
  const deadlineMs = Math.min(POLITE_END_MS, options.shutdownTimeoutMs);
  await Promise.all(clients.map((client) => end(client, clock, deadlineMs)));
}

// Replies on their way may still arrive; one that is waited for in a blocking command may not.
async function end(client: DriverClient, clock: Clock, deadlineMs: number): Promise<void> {
  if (client.status === 'ready') {
    await endsWithin(client.quit(), atGraceEnd(clock, deadlineMs));
  }
  if (client.status === 'end') return;
  const ended = new Promise((resolve) => {
    client.once('end', resolve);
  });
  client.disconnect();
  // One that waits for a primary ends when the engine does.
  await endsWithin(ended, atGraceEnd(clock, CUT_MS));
}
