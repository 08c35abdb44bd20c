import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TinyDns } from './tiny-dns.js';

/** What a network is like. */
export interface PodNetworkPlan {
  readonly family: 4 | 6;
  /** How long name servers go on telling what was true. */
  readonly dnsLagMs: number;
  /** Domains that are tried behind a name, as Kubernetes writes them into every pod. */
  readonly search: readonly string[];
  /** Whether connections to an address that nobody has any more are refused; else they wait until somebody gives up. */
  readonly refusesAtFormerAddresses: boolean;
  /** A folder of its own, for files. */
  readonly directory: string;
}

/** A network namespace on the bridge. */
export interface PodPlace {
  readonly id: string;
  readonly address: string;
}

/**
 * A bridge in the network namespace of this process, namespaces on it that get addresses nobody had before, and a name
 * server. This process must have a network, a mount and a pid namespace of its own: with it all of this ends.
 */
export class PodNetwork {
  readonly #plan: PodNetworkPlan;
  readonly #dns: TinyDns;
  #places = 1;

  private constructor(plan: PodNetworkPlan, dns: TinyDns) {
    this.#plan = plan;
    this.#dns = dns;
  }

  static async open(plan: PodNetworkPlan): Promise<PodNetwork> {
    // Where `ip netns` keeps its namespaces, and nobody outside sees it.
    execFileSync('mount', ['-t', 'tmpfs', 'none', '/run']);
    const gateway = addressOf(plan.family, 1);
    ip(
      'link set lo up',
      'link add br0 type bridge',
      'link set br0 up',
      `addr add ${withMask(plan.family, gateway)} dev br0`,
    );
    const { search } = plan;
    mkdirSync(plan.directory, { recursive: true });
    const lines = [
      `nameserver ${gateway}`,
      ...(search.length === 0 ? [] : [`search ${search.join(' ')}`]),
      'options ndots:1 timeout:1 attempts:2',
    ];
    writeFileSync(join(plan.directory, 'resolv.conf'), `${lines.join('\n')}\n`);
    execFileSync('mount', ['--bind', join(plan.directory, 'resolv.conf'), '/etc/resolv.conf']);
    return new PodNetwork(plan, await TinyDns.open(gateway, plan.dnsLagMs));
  }

  /** Makes a namespace with a new address. */
  attach(): PodPlace {
    const { family } = this.#plan;
    const number = ++this.#places;
    const place = { id: `pod${String(number)}`, address: addressOf(family, number) };
    const port = portOf(place);
    ip(
      `netns add ${place.id}`,
      `link add ${port} type veth peer name eth0 netns ${place.id}`,
      `link set ${port} master br0 up`,
      `-n ${place.id} link set lo up`,
      `-n ${place.id} addr add ${withMask(family, place.address)} dev eth0`,
      `-n ${place.id} link set eth0 up`,
    );
    return place;
  }

  /** What is sent to it or by it from now on is gone without a word, as with a machine that lost its power. */
  cut(place: PodPlace): void {
    ip(`link set ${portOf(place)} down`);
  }

  /** All processes of a namespace have ended. */
  leave(place: PodPlace): void {
    if (!this.#plan.refusesAtFormerAddresses) this.cut(place);
  }

  /** Gives a name to an address, or takes it away. */
  name(name: string, place: PodPlace | null): void {
    this.#dns.set(name, place?.address ?? null);
  }

  close(): void {
    this.#dns.close();
  }
}

const portOf = ({ id }: PodPlace): string => `v-${id}`;

function addressOf(family: 4 | 6, number: number): string {
  return family === 4 ? `10.88.0.${String(number)}` : `fd88::${number.toString(16)}`;
}

function withMask(family: 4 | 6, address: string): string {
  return family === 4 ? `${address}/24` : `${address}/64 nodad`;
}

function ip(...commands: readonly string[]): void {
  for (const command of commands) execFileSync('ip', command.split(' '));
}
