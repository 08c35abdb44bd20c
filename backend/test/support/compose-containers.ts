import { readContainers, type Container } from '../../src/cli/compose/containers.js';

/** What may differ of a container of {@link composeContainers}. */
export interface ContainerTraits {
  readonly secrets?: string;
  readonly isTls?: boolean;
  readonly stopped?: readonly string[];
}

const NETWORK = '172.29.77';
const SERVICES = [
  ['redis-master', '11', 6379, 6379],
  ['redis-replica-1', '12', 6379, 6380],
  ['redis-replica-2', '13', 6379, 6381],
  ['sentinel-1', '21', 26379, 26379],
  ['sentinel-2', '22', 26379, 26380],
  ['sentinel-3', '23', 26379, 26381],
] as const;

/** The containers of the shipped Compose file, as `docker inspect` of an engine 20.10 describes them. */
export function composeInspect(traits: ContainerTraits = {}): string {
  return JSON.stringify(SERVICES.map((service) => inspected(service, traits)));
}

/** The same, as this program reads them. */
export function composeContainers(traits: ContainerTraits = {}): Container[] {
  return readContainers(composeInspect(traits));
}

function inspected(
  [service, last, inside, port]: (typeof SERVICES)[number],
  { secrets, isTls = false, stopped = [] }: ContainerTraits,
): object {
  const isUp = !stopped.includes(service);
  const address = `${NETWORK}.${last}`;
  const published = [{ HostIp: '127.0.0.1', HostPort: String(port) }];
  return {
    Name: `/shop-${service}-1`,
    State: isUp ? { Status: 'running', Health: { Status: 'healthy' } } : { Status: 'exited' },
    Config: {
      Env: [
        `REDIS_ANNOUNCE_HOST=${address}`,
        `REDIS_TLS=${String(isTls)}`,
        'REDIS_SENTINEL_MASTER_NAME=shop',
      ],
      Labels: { 'com.docker.compose.service': service },
    },
    Mounts:
      secrets === undefined
        ? []
        : [{ Source: `${secrets}/${service}`, Destination: '/run/secrets/redis' }],
    NetworkSettings: {
      Ports: isUp ? { [`${String(inside)}/tcp`]: published } : {},
      Networks: {
        shop_redis: {
          IPAddress: isUp ? address : '',
          IPAMConfig: { IPv4Address: address },
          Aliases: [service, 'b3a9c1d20f4e'],
        },
      },
    },
  };
}
