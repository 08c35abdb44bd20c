import { connect, type Server, type Socket } from 'node:net';
import type { NodeAddress } from '../../base/address/index.js';
import { breakOff, type FaultRule, FaultStream } from './fault-stream.js';
import { startServer, stopServer } from '../../lab/index.js';

/** The two directions of bytes. */
export type FaultDirection = 'to-server' | 'from-server';

/** What a {@link FaultProxy} does at the moment. */
export type FaultMode =
  | { readonly kind: 'pass' }
  | { readonly kind: 'refuse' }
  | { readonly kind: 'black-hole' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'drop-direction'; readonly direction: FaultDirection }
  | { readonly kind: 'cut-after'; readonly bytes: number };

/** What has happened to the connections of a {@link FaultProxy}. */
export interface FaultProxyStats {
  /** Accepted since the start, also those that were reset at once. */
  readonly total: number;
  readonly open: number;
  /** Reset because the proxy refuses. */
  readonly refused: number;
  /** Cut in the middle of a reply. */
  readonly cut: number;
}

interface Link {
  readonly client: Socket;
  readonly server: Socket;
  readonly toServer: FaultStream;
  readonly fromServer: FaultStream;
}

/**
 * A TCP proxy on loopback that disturbs what passes through it, on command. A mode applies to open and to new
 * connections, until the next mode. Connections that lost bytes are reset when bytes may pass again: a TCP stream
 * never has a gap.
 */
export class FaultProxy {
  private current: FaultMode = { kind: 'pass' };
  private readonly links = new Set<Link>();
  private total = 0;
  private refused = 0;
  private cut = 0;

  private constructor(
    private readonly server: Server,
    /** Where clients connect to. */
    readonly address: NodeAddress,
    /** Where their bytes go. */
    readonly target: NodeAddress,
  ) {
    server.on('connection', (client: Socket) => {
      this.accept(client);
    });
  }

  /**
   * Starts a proxy on a free port.
   * @throws TestClusterError when no port can be had.
   */
  static async start(target: NodeAddress): Promise<FaultProxy> {
    const { server, address } = await startServer('a fault proxy', {
      allowHalfOpen: true,
      noDelay: true,
    });
    return new FaultProxy(server, address, target);
  }

  /** What the proxy does at the moment. */
  get mode(): FaultMode {
    return this.current;
  }

  /** How many connections came, are open, were refused and were cut. */
  get connections(): FaultProxyStats {
    const { total, refused, cut, links } = this;
    return { total, open: links.size, refused, cut };
  }

  /** Everything passes unchanged. */
  pass(): void {
    this.become({ kind: 'pass' });
  }

  /** Ends every fault: the same as {@link FaultProxy.pass}. What was held back arrives, in order. */
  heal(): void {
    this.pass();
  }

  /** Resets open and new connections. */
  refuse(): void {
    this.become({ kind: 'refuse' });
    for (const link of this.links) reset(link);
  }

  /** Accepts connections and drops everything in both directions, like a host that lost its network. */
  blackHole(): void {
    this.become({ kind: 'black-hole' });
  }

  /** Holds everything back until the next mode; then it arrives late and in order, like a network that hangs. */
  hold(): void {
    this.become({ kind: 'hold' });
  }

  /** Everything arrives `ms` later, in order. */
  delay(ms: number): void {
    this.become({ kind: 'delay', ms });
  }

  /** Drops the bytes of one direction; those of the other pass. */
  dropDirection(direction: FaultDirection): void {
    this.become({ kind: 'drop-direction', direction });
  }

  /** Each connection is cut after that many further bytes from the server: 1 cuts inside the next reply. */
  cutAfter(bytes: number): void {
    this.become({ kind: 'cut-after', bytes });
  }

  /** Resets every connection and gives the port back. Calling it twice is harmless. */
  async stop(): Promise<void> {
    for (const link of this.links) reset(link);
    await stopServer(this.server);
  }

  private become(mode: FaultMode): void {
    this.current = mode;
    for (const link of this.links) {
      if (!swallows(mode) && (link.toServer.hasLostBytes || link.fromServer.hasLostBytes)) {
        reset(link);
        continue;
      }
      link.toServer.apply(ruleFor(mode, 'to-server'));
      link.fromServer.apply(ruleFor(mode, 'from-server'));
    }
  }

  private accept(client: Socket): void {
    this.total += 1;
    client.on('error', ignore);
    if (this.current.kind === 'refuse') {
      this.refused += 1;
      breakOff(client);
      return;
    }
    const { host, port } = this.target;
    const server = connect({ host, port, noDelay: true, allowHalfOpen: true });
    server.on('error', ignore);
    const mode = this.current;
    const onCut = (): void => {
      this.cut += 1;
      client.destroy();
      server.destroy();
    };
    const link: Link = {
      client,
      server,
      toServer: new FaultStream(client, server, ruleFor(mode, 'to-server'), ignore),
      fromServer: new FaultStream(server, client, ruleFor(mode, 'from-server'), onCut),
    };
    this.links.add(link);
    const forget = (): void => {
      if (client.destroyed && server.destroyed) this.links.delete(link);
    };
    client.on('close', forget);
    server.on('close', forget);
  }
}

function ruleFor(mode: FaultMode, direction: FaultDirection): FaultRule {
  switch (mode.kind) {
    case 'pass':
    case 'refuse':
      return { kind: 'pass' };
    case 'black-hole':
      return { kind: 'drop' };
    case 'hold':
      return { kind: 'delay', ms: Infinity };
    case 'delay':
      return { kind: 'delay', ms: mode.ms };
    case 'drop-direction':
      return { kind: mode.direction === direction ? 'drop' : 'pass' };
    case 'cut-after':
      return direction === 'from-server'
        ? { kind: 'cut', afterBytes: mode.bytes }
        : { kind: 'pass' };
  }
}

function swallows(mode: FaultMode): boolean {
  return mode.kind === 'black-hole' || mode.kind === 'drop-direction';
}

function reset(link: Link): void {
  link.toServer.stop();
  link.fromServer.stop();
  breakOff(link.client);
  breakOff(link.server);
}

function ignore(): void {
  // Both ends act on the 'close' that follows an error.
}
