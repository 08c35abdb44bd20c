import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { NextFunction, Request, Response } from 'express';
import type { Server } from 'node:http';

/** Lets requests finish while the application stops, and asks their connections to close after them. */
@Injectable()
export class Drain implements OnModuleDestroy {
  #isDraining = false;

  constructor(private readonly host: HttpAdapterHost) {}

  /** The first thing that happens when the application stops. */
  onModuleDestroy(): void {
    this.#isDraining = true;
  }

  /** Marks the responses of an application that stops, and closes connections that have become idle. */
  readonly middleware = (_request: Request, response: Response, next: NextFunction): void => {
    if (this.#isDraining) response.setHeader('Connection', 'close');
    response.once('close', () => {
      if (this.#isDraining) setImmediate(this.#closeIdle);
    });
    next();
  };

  readonly #closeIdle = (): void => {
    const server = this.host.httpAdapter.getHttpServer() as Server;
    // A server that still listens may have just accepted a connection with a request to come.
    if (!server.listening) server.closeIdleConnections();
  };
}
