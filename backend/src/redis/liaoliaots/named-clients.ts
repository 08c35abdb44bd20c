import type { RedisModuleOptions } from '@liaoliaots/nestjs-redis';
import { endClient, type DriverClient, type DriverOptions } from '../cluster/connection/index.js';
import { safeMessage } from '../base/errors/index.js';
import { refuseCommands, refusedOptions } from '../commands/index.js';
import type { RedisEngine } from '../engine/index.js';
import { atDeadline, endsWithin, type Clock } from '../base/timing/index.js';

const RETRY_EVERY_MS = 50;
const POLITE_END_MS = 1_000;
const CUT_MS = 100;
const UNKNOWN = { host: 'unknown', port: 0 };

/** How a client is created, and what is done with it afterwards. */
interface Recipe {
  readonly options: DriverOptions;
  readonly onClientCreated: (client: DriverClient) => void;
}

/**
 * Returns options that make `@liaoliaots/nestjs-redis` create one client for each namespace. It does not
 * log for them, and does not close them, because it would wait for a blocked command without a limit.
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
  // With exact optional types the driver's options do not fit the types of this module.
  return { ...silent, config: config };
}

function followingRecipe(engine: RedisEngine, namespace: string, given: DriverOptions): Recipe {
  const { rawClients, tracker } = engine.connected;
  const tracked = rawClients.options();
  return {
    options: {
      ...tracked,
      // Waits as long as a write of the engine does. The 20 attempts of ioredis end before a failover does.
      maxRetriesPerRequest: Math.ceil(engine.options.routing.writeTimeoutMs / RETRY_EVERY_MS),
      ...given,
      Connector: tracked.Connector,
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

// Waits for the replies that are under way, but not for ever: a blocking command may never get one.
async function end(client: DriverClient, clock: Clock, deadlineMs: number): Promise<void> {
  if (client.status === 'ready') {
    await endsWithin(client.quit(), atDeadline(clock, deadlineMs));
  }
  // A client that waits for a primary ends when the engine is closed.
  await endClient(client, atDeadline(clock, CUT_MS));
}
