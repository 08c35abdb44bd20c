import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import {
  KUBERNETES_VERSIONS,
  schemaProblems,
  type KubernetesObject,
} from '../support/kubernetes-schemas.js';
import { describeNeeds } from '../support/needs.js';

jest.setTimeout(60_000);

const root = join(__dirname, '..', '..', '..');
const folder = join(root, 'deploy', 'kubernetes');
const below = (name: string): string[] =>
  readdirSync(join(folder, name)).map((entry) => `${name}/${entry}`);
const BUILT = [...below('overlays'), ...below('examples')];

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: { readonly secretKeyRef?: object };
  }[];
  readonly envFrom?: readonly { readonly configMapRef: { readonly name: string } }[];
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean;
    readonly readOnlyRootFilesystem: boolean;
    readonly capabilities: { readonly drop: readonly string[] };
  };
  readonly volumeMounts?: readonly { readonly name: string }[];
}

interface Volume {
  readonly name: string;
  readonly configMap?: { readonly name: string };
  readonly secret?: { readonly secretName: string };
}

interface PodSpec {
  readonly terminationGracePeriodSeconds?: number;
  readonly enableServiceLinks: boolean;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: {
    readonly runAsNonRoot: boolean;
    readonly seccompProfile: { readonly type: string };
  };
  readonly containers: readonly Container[];
  readonly volumes: readonly Volume[];
}

interface Workload extends KubernetesObject {
  readonly spec: {
    readonly serviceName?: string;
    readonly replicas?: number;
    readonly podManagementPolicy?: string;
    readonly selector?: { readonly matchLabels: Readonly<Record<string, string>> };
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: PodSpec;
    };
    readonly volumeClaimTemplates?: readonly KubernetesObject[];
  };
}

/** The Secrets that the containers of each pod mount, by the name of the pod's owner. */
const SECRETS: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  redis: { redis: ['redis-ha-redis'], exporter: ['redis-ha-exporter'] },
  sentinel: { sentinel: ['redis-ha-sentinel'], exporter: ['redis-ha-exporter'] },
  'redis-read': { redis: ['redis-ha-redis'] },
  'redis-drill': { drill: ['redis-ha-redis'] },
  backend: { backend: ['redis-ha-app', 'backend-database'] },
  backup: { backup: ['redis-ha-backup'] },
  'redis-restore': { restore: ['redis-ha-backup', 'redis-ha-operator'] },
};

const built = new Map<string, readonly KubernetesObject[]>();

/** What is sent to the cluster. */
function objectsOf(name: string): readonly KubernetesObject[] {
  const known = built.get(name);
  if (known !== undefined) return known;
  const words = ['kustomize', join(folder, name)];
  const { status, stdout, stderr, error } = spawnSync('kubectl', words, { encoding: 'utf8' });
  if (status !== 0) {
    const why = error?.message ?? stderr;
    throw new Error(`kubectl kustomize, which these tests need, says: ${why}`);
  }
  const objects = parseAllDocuments(stdout).map((one) => one.toJS() as KubernetesObject);
  built.set(name, objects);
  return objects;
}

const isWorkload = (object: KubernetesObject): object is Workload =>
  ['StatefulSet', 'Deployment', 'Job'].includes(object.kind);
const workloadsOf = (name: string): Workload[] => objectsOf(name).filter(isWorkload);

function nodeSetOf(name: string, kind: string): Workload {
  const found = workloadsOf(name).find(({ metadata }) => metadata.name === kind);
  if (found === undefined) throw new TypeError(`${name} has no StatefulSet ${kind}`);
  return found;
}

describeNeeds('kubectl')('deploy/kubernetes', () => {
  it.each(KUBERNETES_VERSIONS)(
    'fits the types of Kubernetes %s, with no unknown field',
    (version) => {
      expect(BUILT.length).toBeGreaterThan(3);
      expect(schemaProblems(BUILT.flatMap(objectsOf), version)).toEqual([]);
    },
  );
});

describeNeeds('kubectl').each(BUILT)('deploy/kubernetes/%s', (name) => {
  it.each(KUBERNETES_VERSIONS)(
    'fits the types of Kubernetes %s, with no unknown field',
    (version) => {
      expect(schemaProblems(objectsOf(name), version)).toEqual([]);
    },
  );

  it('holds no secret', () => {
    expect(objectsOf(name).filter(({ kind }) => kind === 'Secret')).toEqual([]);
  });

  it('asks for no right that pods under the profile "restricted" do not have', () => {
    for (const { metadata, spec } of workloadsOf(name)) {
      const { securityContext, containers, automountServiceAccountToken } = spec.template.spec;
      expect([metadata.name, securityContext, automountServiceAccountToken]).toEqual([
        metadata.name,
        expect.objectContaining({
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        }),
        false,
      ]);
      for (const { securityContext: own } of containers) {
        expect(own).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  it('mounts and reads only what is there, and finds its pods by their labels', () => {
    const names = new Set(objectsOf(name).map(({ kind, metadata }) => `${kind} ${metadata.name}`));
    for (const { spec } of workloadsOf(name)) {
      const { containers, volumes } = spec.template.spec;
      const claims = (spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name);
      const known = [...volumes.map((volume) => volume.name), ...claims];
      const wanted = volumes.flatMap(({ configMap }) => (configMap ? [configMap.name] : []));
      for (const { envFrom = [], volumeMounts = [] } of containers) {
        wanted.push(...envFrom.map(({ configMapRef }) => configMapRef.name));
        for (const mount of volumeMounts) expect(known).toContain(mount.name);
      }
      for (const map of wanted) expect(names).toContain(`ConfigMap ${map}`);
      expect(spec.template.metadata.labels).toMatchObject(spec.selector?.matchLabels ?? {});
    }
  });

  it('mounts into each container the passwords of its own user, and puts none into an environment', () => {
    for (const { metadata, spec } of workloadsOf(name)) {
      const { containers, volumes } = spec.template.spec;
      const mounted = containers.map(({ name: container, env = [], volumeMounts = [] }) => {
        expect(env.filter(({ valueFrom }) => valueFrom?.secretKeyRef !== undefined)).toEqual([]);
        const secrets = volumeMounts.flatMap((mount) => {
          const secret = volumes.find((volume) => volume.name === mount.name)?.secret;
          return secret === undefined ? [] : [secret.secretName];
        });
        return [container, secrets] as const;
      });
      const known = Object.entries(SECRETS[metadata.name] ?? {});
      expect(
        known.filter(([container]) => containers.some((one) => one.name === container)),
      ).toEqual(
        mounted.sort(
          ([a], [b]) => known.findIndex(([c]) => c === a) - known.findIndex(([c]) => c === b),
        ),
      );
    }
  });

  it('names a version of each image', () => {
    for (const { spec } of workloadsOf(name)) {
      for (const { image } of spec.template.spec.containers) expect(image).toMatch(/:[\w.-]+$/);
    }
  });
});

describeNeeds('kubectl').each(below('overlays'))('the nodes of deploy/kubernetes/%s', (name) => {
  it.each(['redis', 'sentinel'])('are called by the names that the pods of %s have', (kind) => {
    const { metadata, spec } = nodeSetOf(name, kind);
    const container = spec.template.spec.containers.find((one) => one.name === kind);
    const variable = kind === 'redis' ? 'REDIS_NODES' : 'REDIS_SENTINELS';
    const port = kind === 'redis' ? 6379 : 26379;
    const listed = container?.env?.find((one) => one.name === variable)?.value?.split(',');
    const domain = `${String(spec.serviceName)}.$(POD_NAMESPACE).svc.cluster.local`;
    expect(listed).toEqual(
      Array.from(
        { length: spec.replicas ?? 0 },
        (_, i) => `${metadata.name}-${String(i)}.${domain}:${String(port)}`,
      ),
    );
    const own = container?.env?.find((one) => one.name === 'REDIS_ANNOUNCE_HOST')?.value;
    expect(own).toBe(`$(POD_NAME).${domain}`);
    expect(objectsOf(name)).toContainEqual(
      expect.objectContaining({
        kind: 'Service',
        metadata: expect.objectContaining({ name: spec.serviceName }) as unknown,
        spec: expect.objectContaining({
          clusterIP: 'None',
          publishNotReadyAddresses: true,
        }) as unknown,
      }),
    );
  });

  it('start all at one time, for each is ready only with the others', () => {
    for (const kind of ['redis', 'sentinel']) {
      expect(nodeSetOf(name, kind).spec.podManagementPolicy).toBe('Parallel');
    }
  });

  it('are granted the time of a hand-over and of the end of Redis', () => {
    const { terminationGracePeriodSeconds = 0 } = nodeSetOf(name, 'redis').spec.template.spec;
    const head = readFileSync(join(root, 'deploy', 'redis', 'redis-node.sh'), 'utf8');
    const handover = Number(/HANDOVER_SECONDS:-(\d+)/.exec(head)?.[1]);
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(handover + 5);
  });

  it('run scripts that are in deploy/redis', () => {
    const commands = workloadsOf(name).flatMap(({ spec }) =>
      spec.template.spec.containers.flatMap(({ command = [] }) => command),
    );
    const scripts = commands.filter((word) => word.startsWith('/opt/redis-ha/'));
    expect(scripts).not.toEqual([]);
    for (const script of scripts) {
      expect(existsSync(join(root, 'deploy', 'redis', script.split('/').at(-1)!))).toBe(true);
    }
  });

  it('may be taken away one at a time', () => {
    const budgets = objectsOf(name).filter(({ kind }) => kind === 'PodDisruptionBudget');
    expect(budgets.map(({ metadata }) => metadata.name).sort()).toEqual(['redis', 'sentinel']);
    for (const budget of budgets) expect(budget).toMatchObject({ spec: { maxUnavailable: 1 } });
  });
});

describe('the check of Kubernetes objects', () => {
  it('finds fields that are unknown, of another type or missing, also of the Prometheus Operator', () => {
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' } } as const;
    const monitor = {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'ServiceMonitor',
      metadata: { name: 'b' },
      spec: { selector: {}, endpoints: [{ prot: 'metrics' }] },
    };
    const wrong = [
      { ...service, spec: { ports: [{ port: 1 }], selecter: {} } },
      { ...service, spec: { ports: [{ port: '1' }] } },
      { ...service, spec: { ports: [{ name: 'x' }] } },
      monitor,
    ];
    const found = [/selecter/, /number/, /port/, /ServiceMonitor b: .*prot/];
    expect(schemaProblems(wrong, '1.30')).toEqual(
      found.map((message) => expect.stringMatching(message) as unknown),
    );
  });
});
