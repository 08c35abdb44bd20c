import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationShutdown,
  type OnModuleDestroy,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { Server } from 'node:http';
import { APP_CONFIG, type AppConfig } from '../app-config.js';
import type { RequestWatch, RequestWatcher } from './watch-requests.js';

// Longer than a failover takes, and short enough to leave Redis and the database some seconds before `stop.ts` gives up.
const CUT_AFTER_MS = 6000;

/** Lets requests finish while the application stops, and asks their connections to close after them. */
@Injectable()
export class Drain implements OnModuleDestroy, OnApplicationShutdown {
  readonly #log = new Logger('Drain');
  #isDraining = false;
  #cutting: NodeJS.Timeout | undefined;

  constructor(
    private readonly host: HttpAdapterHost,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  /** The first thing that happens when the application stops. */
  onModuleDestroy(): void {
    this.#isDraining = true;
    // A request that never arrives whole must not keep what comes after the server from being ended in order.
    this.#cutting = setTimeout(this.#cut, this.config.shutdownDelayMs + CUT_AFTER_MS).unref();
  }

  /** The server is closed by now. */
  onApplicationShutdown(): void {
    clearTimeout(this.#cutting);
  }

  /** Marks the responses of an application that stops, and closes connections that have become idle. */
  readonly watch: RequestWatcher = (_request, response) => {
    if (this.#isDraining) response.setHeader('Connection', 'close');
    return this.#watch;
  };

  readonly #watch: RequestWatch = {
    over: () => {
      if (this.#isDraining) setImmediate(this.#closeIdle);
    },
  };

  readonly #closeIdle = (): void => {
    const server = this.#server;
    // A server that still listens may have just accepted a connection with a request to come.
    if (!server.listening) server.closeIdleConnections();
  };

  readonly #cut = (): void => {
    this.#log.warn(
      'Connections whose request had not ended are cut: it did not arrive, or took too long',
    );
    this.#server.closeAllConnections();
  };

  get #server(): Server {
    return this.host.httpAdapter.getHttpServer() as Server;
  }
}
