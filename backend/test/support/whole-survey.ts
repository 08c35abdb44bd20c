import { survey, type Survey } from '../../src/cli/reach/index.js';
import { resolveFromEnv } from '../../src/redis/config/index.js';
import { waitUntil } from '../../src/redis/testing/index.js';

/** Looks at a cluster until three Sentinels know each other and three nodes, of which two are linked replicas. */
export async function untilWhole(env: Readonly<Record<string, string>>): Promise<Survey> {
  const { options } = resolveFromEnv(env);
  if (options.mode === 'memory') throw new TypeError('the variables name no Redis');
  let last = '';
  return waitUntil(
    async () => {
      const seen = await survey(options, Date.now);
      last = shortly(seen);
      return isWhole(seen) && seen;
    },
    { what: 'the cluster is whole', timeoutMs: 50_000, everyMs: 300, explain: () => [last] },
  );
}

function isWhole({ sentinels, nodes }: Survey): boolean {
  const replicas = nodes.filter(({ role }) => role?.kind === 'replica' && role.isLinked);
  return (
    sentinels.length === 3 &&
    replicas.length === 2 &&
    sentinels.every(
      ({ view }) =>
        view?.otherSentinels.length === 2 &&
        view.replicas.filter(({ isHealthy }) => isHealthy).length === 2,
    )
  );
}

function shortly({ sentinels, nodes }: Survey): string {
  return [...sentinels, ...nodes]
    .map((one) => `${String(one.address.port)} ${one.fault ?? 'answers'}`)
    .join(', ');
}
