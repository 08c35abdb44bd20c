import { adviseOnMinReplicas } from '../../../redis/cluster/topology/index.js';
import { priorityOf, type SurveyedNode } from '../../reach/index.js';
import { found, type Evidence, type Finding } from '../doctor-finding.js';
import { groupOf, nameOf, nodesIn, numberIn, seeing, seenAt, type Picture } from '../picture.js';

const COMPARED = ['maxmemory', 'maxmemory-policy', 'min-replicas-to-write', 'min-replicas-max-lag'];
const SHORT_LAG_S = 2;

/** Whether another node can take over, and is the same then. */
export function judgePromotion(picture: Picture): Finding[] {
  if (picture.survey.masterName === null) return [];
  return [
    ...judgePriorities(picture),
    ...judgeMinReplicas(picture),
    ...judgeMasterAuth(picture),
    ...judgeDifferences(picture),
    ...judgeReplicaWrites(picture),
  ];
}

function judgePriorities({ survey }: Picture): Finding[] {
  const replicas = nodesIn(survey, 'replica').filter((node) => node !== survey.primary);
  const isNever = replicas.length > 0 && replicas.every((node) => priorityOf(node) === 0);
  return found(
    'no-promotable-replica',
    isNever ? seenAt(replicas, () => 'replica-priority is 0') : [],
    'CONFIG SET replica-priority 100 on those that may become the primary, and in their files',
  );
}

function judgeMinReplicas({ survey }: Picture): Finding[] {
  const replicas = Math.max(0, ...seeing(survey).map(({ view }) => view.replicas.length));
  const said = survey.nodes.flatMap((node) => {
    const minReplicas = numberIn(node.config, 'min-replicas-to-write');
    const all = minReplicas === null ? [] : adviseOnMinReplicas(minReplicas, replicas);
    return all.map((advice) => ({ node, advice }));
  });
  const byAdvice = [...new Set(said.map(({ advice }) => advice.code))].flatMap((code) => {
    const same = said.filter(({ advice }) => advice.code === code);
    const evidence = same.map(({ node, advice }) => ({
      at: nameOf(node),
      seen: `${advice.field} is ${String(advice.value)}: ${advice.message}`,
    }));
    return found(code, evidence, same[0]?.advice.remedy ?? '');
  });
  return [...byAdvice, ...judgeMaxLag(survey.nodes), ...judgeRefusedWrites(survey.primary)];
}

function judgeMaxLag(nodes: readonly SurveyedNode[]): Finding[] {
  return found(
    'min-replicas-lag',
    seenAt(nodes, ({ config }) => {
      const lag = numberIn(config, 'min-replicas-max-lag');
      if (!((numberIn(config, 'min-replicas-to-write') ?? 0) > 0) || lag === null) return null;
      if (lag === 0) return 'min-replicas-max-lag is 0: min-replicas-to-write does nothing';
      return lag < SHORT_LAG_S
        ? `min-replicas-max-lag is ${String(lag)}: replicas report once a second`
        : null;
    }),
    'CONFIG SET min-replicas-max-lag 2 on every node, and in their files',
  );
}

function judgeRefusedWrites(primary: SurveyedNode | null): Finding[] {
  if (primary?.role?.kind !== 'primary') return [];
  const wanted = numberIn(primary.config, 'min-replicas-to-write') ?? 0;
  const good = numberIn(primary.info, 'min_slaves_good_slaves');
  if (wanted === 0 || good === null || good >= wanted) return [];
  return found(
    'writes-refused',
    [
      {
        at: nameOf(primary),
        seen: `${String(good)} replicas follow, min-replicas-to-write is ${String(wanted)}`,
      },
    ],
    'docs/operations/troubleshooting.md#noreplicas',
    { mayPass: true },
  );
}

/** A node that was always the primary has never needed the password of another one. */
function judgeMasterAuth({ survey, doors }: Picture): Finding[] {
  const isClosed = (node: SurveyedNode): boolean =>
    doors.some(
      ({ announced, whose, isOpen }) => whose === 'node' && announced === node.announced && !isOpen,
    );
  const evidence = seenAt(survey.nodes, (node) => {
    const own = node.config.get('masterauth');
    const closed = survey.nodes.find((other) => other !== node && isClosed(other));
    if (own === undefined || closed === undefined) return null;
    if (own === '') return `masterauth is empty, and ${nameOf(closed)} wants a password`;
    const wanted = closed.config.get('requirepass') ?? '';
    const isUser = (node.config.get('masteruser') ?? '') !== '';
    return isUser || wanted === '' || wanted === own
      ? null
      : `masterauth is not the password of ${nameOf(closed)}`;
  });
  return found(
    'masterauth-missing',
    evidence,
    'CONFIG SET masterauth <password of the nodes> there, and in its file: through standard input, so that nobody sees it',
  );
}

function judgeDifferences({ survey }: Picture): Finding[] {
  const nodes = survey.nodes.filter(
    (node) => node.config.size > 0 && (node === survey.primary || priorityOf(node) > 0),
  );
  const evidence = COMPARED.flatMap((setting): Evidence[] => {
    const values = new Set(nodes.map(({ config }) => config.get(setting)));
    return values.size < 2
      ? []
      : seenAt(nodes, ({ config }) => `${setting} ${config.get(setting) ?? 'unknown'}`);
  });
  const versions = new Set(survey.nodes.flatMap(({ info }) => info.get('redis_version') ?? []));
  return [
    ...found(
      'settings-differ',
      evidence,
      'Make them the same on every node, by CONFIG SET and in their files: after a failover another one counts',
    ),
    ...found(
      'versions-differ',
      versions.size < 2
        ? []
        : seenAt(survey.nodes, ({ info }) => info.get('redis_version') ?? null),
      `Finish the upgrade of ${groupOf(survey)}: an older replica may not read what a newer primary sends`,
    ),
  ];
}

function judgeReplicaWrites({ survey }: Picture): Finding[] {
  return found(
    'replica-writable',
    seenAt(nodesIn(survey, 'replica'), ({ config }) =>
      config.get('replica-read-only') === 'no' ? 'replica-read-only is no' : null,
    ),
    'CONFIG SET replica-read-only yes: what is written there is on no other node, and lost',
  );
}
