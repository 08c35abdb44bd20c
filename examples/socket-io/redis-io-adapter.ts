import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import { createAdapter } from '@socket.io/redis-adapter';
import { RedisService } from 'nestjs-redis-ha';

/** Socket.IO of Nest, with messages that reach the clients of all processes. */
export class RedisIoAdapter extends IoAdapter {
  readonly #adapter: ReturnType<typeof createAdapter>;

  constructor(app: INestApplicationContext) {
    super(app);
    const redis = app.get(RedisService);
    // The adapter handles no rejection of its publisher, which would end the process: so it waits instead.
    const publisher = redis.createClient({ maxRetriesPerRequest: null });
    this.#adapter = createAdapter(publisher, redis.createClient());
  }

  override createIOServer(
    ...options: Parameters<IoAdapter['createIOServer']>
  ): ReturnType<IoAdapter['createIOServer']> {
    const server = super.createIOServer(...options);
    server.adapter(this.#adapter);
    return server;
  }
}
