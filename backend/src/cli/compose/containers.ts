/** A container of a Compose project, as `docker inspect` describes it. */
export interface Container {
  readonly name: string;
  readonly service: string;
  /** For people: `running`, `paused`, `exited`, and its health. */
  readonly status: string;
  /** It runs, however well. */
  readonly isRunning: boolean;
  /** It runs, and where it is asked for its health, it is well. */
  readonly isHealthy: boolean;
  /** What its Redis is called by others. */
  readonly announced: string;
  /** Where its ports are reached on this machine. */
  readonly ports: ReadonlyMap<number, string>;
  readonly networks: readonly ContainerNetwork[];
  readonly env: ReadonlyMap<string, string>;
  /** Where what it mounts comes from, by its place inside. */
  readonly mounts: ReadonlyMap<string, string>;
}

/** A network that a container is in. */
export interface ContainerNetwork {
  readonly name: string;
  /** The address that it was given by the Compose file; `null` where any would do. */
  readonly fixedAddress: string | null;
  readonly address: string;
  readonly aliases: readonly string[];
}

interface Inspected {
  readonly Name?: string;
  readonly State?: { readonly Status?: string; readonly Health?: { readonly Status?: string } };
  readonly Config?: {
    readonly Env?: readonly string[];
    readonly Labels?: Readonly<Record<string, string>>;
  };
  readonly Mounts?: readonly { readonly Source?: string; readonly Destination?: string }[];
  readonly NetworkSettings?: {
    readonly Ports?: Readonly<
      Record<string, readonly { readonly HostIp?: string; readonly HostPort?: string }[] | null>
    >;
    readonly Networks?: Readonly<Record<string, InspectedNetwork>>;
  };
}

interface InspectedNetwork {
  readonly IPAddress?: string;
  readonly IPAMConfig?: { readonly IPv4Address?: string } | null;
  readonly Aliases?: readonly string[] | null;
}

/** Reads what `docker inspect` says of some containers. */
export function readContainers(json: string): Container[] {
  return (JSON.parse(json) as Inspected[])
    .map(readContainer)
    .sort((a, b) => a.service.localeCompare(b.service));
}

function readContainer(inspected: Inspected): Container {
  const { name, service, env } = configOf(inspected);
  const { Ports = {}, Networks = {} } = inspected.NetworkSettings ?? {};
  const networks = Object.entries(Networks).map(readNetwork);
  return {
    ...{ name, service, networks, env, ...healthOf(inspected.State) },
    announced: env.get('REDIS_ANNOUNCE_HOST') ?? networks[0]?.address ?? service,
    ports: publishedPorts(Ports),
    mounts: mountsOf(inspected.Mounts ?? []),
  };
}

function configOf({
  Name = '',
  Config = {},
}: Inspected): Pick<Container, 'name' | 'service' | 'env'> {
  const { Env = [], Labels = {} } = Config;
  const name = Name.replace(/^\//, '');
  const env = new Map(Env.map((line) => variableOf(line)));
  return { name, service: Labels['com.docker.compose.service'] ?? name, env };
}

function variableOf(line: string): [string, string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

function healthOf(
  state: Inspected['State'],
): Pick<Container, 'status' | 'isRunning' | 'isHealthy'> {
  const status = state?.Status ?? 'unknown';
  const health = state?.Health?.Status;
  return {
    status: health === undefined ? status : `${status} (${health})`,
    isRunning: status === 'running',
    isHealthy: status === 'running' && (health === undefined || health === 'healthy'),
  };
}

function mountsOf(mounts: NonNullable<Inspected['Mounts']>): Map<string, string> {
  return new Map(
    mounts.map(({ Source = '', Destination = '' }): [string, string] => [Destination, Source]),
  );
}

function readNetwork([name, network]: [string, InspectedNetwork]): ContainerNetwork {
  return {
    name,
    fixedAddress: network.IPAMConfig?.IPv4Address ?? null,
    address: network.IPAddress ?? '',
    aliases: network.Aliases ?? [],
  };
}

function publishedPorts(
  ports: NonNullable<NonNullable<Inspected['NetworkSettings']>['Ports']>,
): Map<number, string> {
  const published = new Map<number, string>();
  for (const [inside, places] of Object.entries(ports)) {
    const [place] = places ?? [];
    if (place?.HostPort === undefined) continue;
    const host = ['', '0.0.0.0', '::'].includes(place.HostIp ?? '') ? '127.0.0.1' : place.HostIp;
    published.set(Number.parseInt(inside, 10), `${host ?? '127.0.0.1'}:${place.HostPort}`);
  }
  return published;
}
