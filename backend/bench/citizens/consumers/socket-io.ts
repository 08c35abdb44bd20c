import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdapter } from '@socket.io/redis-adapter';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';
import { Books } from '../books.js';
import type { Connections } from '../connections.js';
import type { StartConsumer } from '../consumer.js';

/** Two Socket.IO servers: what one sends has to reach the browser that is connected to the other. */
export const startSocketIo: StartConsumer = async (connections, key) => {
  const [sender, receiver] = await Promise.all([serve(connections, key), serve(connections, key)]);
  const browser = io(`http://127.0.0.1:${String(receiver.port)}`, { transports: ['websocket'] });
  const books = new Books('messages');
  browser.on('news', (number: number) => books.happen(number));
  await new Promise<void>((resolve) => browser.once('connect', resolve));
  await untilSubscribed(sender, receiver);
  return {
    books: [books],
    // The adapter tells nobody whether it could send.
    ask(number) {
      sender.io.emit('news', number);
      books.ask(number, Promise.resolve(), { isDone: false });
    },
    rows: async () => [books.row()],
    async close() {
      browser.disconnect();
      await Promise.all([sender.close(), receiver.close()]);
    },
  };
};

interface Served {
  readonly io: Server;
  readonly port: number;
  close(): Promise<void>;
}

async function serve(connections: Connections, key: string): Promise<Served> {
  const clients = [connections.client(), connections.client()] as const;
  const http: HttpServer = createServer();
  const server = new Server(http, { adapter: createAdapter(...clients, { key }) });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    io: server,
    port: (http.address() as AddressInfo).port,
    async close() {
      await server.close();
      for (const client of clients) client.disconnect();
    },
  };
}

/** Each server answers the other: both are subscribed. */
async function untilSubscribed(...servers: readonly Served[]): Promise<void> {
  for (const { io: server } of servers) {
    for (;;) {
      const { adapter } = server.of('/');
      if ((await adapter.serverCount()) >= servers.length) break;
    }
  }
}
