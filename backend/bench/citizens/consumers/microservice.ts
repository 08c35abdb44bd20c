import 'reflect-metadata';
import { Controller, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientProxyFactory,
  EventPattern,
  MessagePattern,
  Transport,
  type MicroserviceOptions,
  type RedisOptions,
} from '@nestjs/microservices';
import { defer, firstValueFrom, lastValueFrom, retry, timeout, type Observable } from 'rxjs';
import { Books } from '../books.js';
import type { Connections } from '../connections.js';
import type { StartConsumer } from '../consumer.js';

const ANSWER_MS = 2000;
const AGAIN = { count: 50, delay: 200 };

@Module({})
class ServedModule {}

/**
 * What a microservice is asked for: requests as Nest sends them, the same tried again, and events. The attempts of those
 * that are tried again have books of their own: a request that is handled twice by two attempts was sent twice by the
 * application, one that is handled twice by one attempt by somebody below it.
 */
class Kinds {
  readonly requests = new Books('requests');
  readonly again = new Books('requests, tried again');
  readonly attempts = new Books('attempts of these');
  readonly events = new Books('events');
  private attempted = 0;

  get all(): readonly Books[] {
    return [this.requests, this.again, this.attempts, this.events];
  }

  /** One attempt of a request, each time that somebody subscribes. */
  attempt(send: (attempt: number) => Observable<number>): Observable<number> {
    return defer(() => {
      const answer = firstValueFrom(send(++this.attempted));
      this.attempts.ask(this.attempted, answer, { isDone: false });
      return answer;
    });
  }
}

/** A request and which of its attempts this is. */
type Attempt = readonly [number: number, attempt: number];

/** A microservice of Nest and its client. */
export const startMicroservice: StartConsumer = async (connections, name) => {
  const kinds = new Kinds();
  const service = await listen(connections, handlersOf(name, kinds));
  const client = ClientProxyFactory.create(transportOf(connections));
  await client.connect();
  const request = (pattern: string, what: number | Attempt): Observable<number> =>
    client.send<number>(`${name}-${pattern}`, what).pipe(timeout(ANSWER_MS));
  return {
    books: kinds.all,
    ask(number) {
      const once = firstValueFrom(request('request', number));
      kinds.requests.ask(number, once, { isDone: false });
      const attempts = kinds.attempt((attempt) => request('again', [number, attempt]));
      const again = firstValueFrom(attempts.pipe(retry(AGAIN)));
      kinds.again.ask(number, again, { isDone: false });
      const sent = lastValueFrom(client.emit(`${name}-event`, number), { defaultValue: null });
      kinds.events.ask(number, sent, { isDone: false });
    },
    rows: async () => kinds.all.map((books) => books.row()),
    async close() {
      await Promise.allSettled([client.close(), service.close()]);
    },
  };
};

function transportOf(connections: Connections): RedisOptions {
  const options = { ...connections.options(), maxRetriesPerRequest: null };
  return { transport: Transport.REDIS, options };
}

async function listen(
  connections: Connections,
  controller: new () => object,
): Promise<INestMicroservice> {
  const service = await NestFactory.createMicroservice<MicroserviceOptions>(
    { module: ServedModule, controllers: [controller] },
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- Nest's options are a class, and literals are how they are meant
    { ...transportOf(connections), logger: false },
  );
  await service.listen();
  return service;
}

function handlersOf(name: string, { requests, again, attempts, events }: Kinds): new () => object {
  @Controller()
  class Handlers {
    @MessagePattern(`${name}-request`)
    double(number: number): number {
      requests.happen(number);
      return 2 * number;
    }

    @MessagePattern(`${name}-again`)
    doubleAgain([number, attempt]: Attempt): number {
      again.happen(number);
      attempts.happen(attempt);
      return 2 * number;
    }

    @EventPattern(`${name}-event`)
    note(number: unknown): void {
      events.happen(Number(number));
    }
  }
  return Handlers;
}
