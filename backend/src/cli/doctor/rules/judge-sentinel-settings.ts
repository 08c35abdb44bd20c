import { isIP } from 'node:net';
import { adviseOnSentinels, type Advice } from '../../../redis/cluster/topology/index.js';
import { found, type Evidence, type Finding } from '../doctor-finding.js';
import { nameOf, seeing, seenAt, type Picture, type SeeingSentinel } from '../picture.js';

const LONG_DOWN_AFTER_MS = 10_000;
const MANY = 3;

// What a Sentinel knows only after it has asked the primary, some seconds after its start.
const LEARNT: readonly Advice['code'][] = ['sentinels-few', 'no-replica', 'quorum-high'];

/** What Sentinels are set to. Each has its own settings: SENTINEL SET changes one of them. */
export function judgeSentinelSettings(picture: Picture): Finding[] {
  const sentinels = seeing(picture.survey);
  const name = picture.survey.masterName ?? '';
  return [
    ...judgeByAdvice(sentinels, name),
    ...found(
      'down-after-long',
      seenAt(sentinels, ({ view }) =>
        view.downAfterMs > LONG_DOWN_AFTER_MS
          ? `down-after-milliseconds is ${String(view.downAfterMs)}: no write for as long`
          : null,
      ),
      `On each Sentinel: SENTINEL SET ${name} down-after-milliseconds 3000`,
    ),
    ...judgeDifferences(sentinels, name),
    ...judgeHosts(sentinels),
  ];
}

function judgeByAdvice(sentinels: readonly SeeingSentinel[], masterName: string): Finding[] {
  const said = sentinels.flatMap((sentinel) =>
    adviseOnSentinels(sentinel.view, masterName).map((advice) => ({ advice, sentinel })),
  );
  const codes = [...new Set(said.map(({ advice }) => advice.code))];
  return codes.flatMap((code) => {
    const same = said.filter(({ advice }) => advice.code === code);
    const evidence = same.map(({ advice, sentinel }) => ({
      at: nameOf(sentinel),
      seen: `${advice.field.replace(` ${masterName}`, '')} is ${String(advice.value)}: ${advice.message}`,
    }));
    const remedy = same[0]?.advice.remedy ?? '';
    return found(code, evidence, remedy, { mayPass: LEARNT.includes(code) });
  });
}

const COMPARED = ['quorum', 'down-after-milliseconds', 'failover-timeout', 'parallel-syncs'];

function judgeDifferences(sentinels: readonly SeeingSentinel[], name: string): Finding[] {
  const evidence = COMPARED.flatMap((setting): Evidence[] => {
    const values = new Set(sentinels.map(({ group }) => group.get(setting)));
    if (values.size < 2) return [];
    return seenAt(sentinels, ({ group }) => `${setting} ${group.get(setting) ?? 'unknown'}`);
  });
  return found(
    'sentinel-settings-differ',
    evidence,
    `Whoever leads the failover goes by its own: SENTINEL SET ${name} <setting> <value> on each Sentinel`,
  );
}

/** Whether the loss of one machine loses the majority. Names and this machine itself say nothing about that. */
function judgeHosts(sentinels: readonly SeeingSentinel[]): Finding[] {
  const [first] = [...sentinels].sort(
    (a, b) => b.view.otherSentinels.length - a.view.otherSentinels.length,
  );
  if (first === undefined) return [];
  const own = sentinels
    .flatMap(({ view }) => view.otherSentinels)
    .find(({ id }) => id === first.view.id)?.address.host;
  const hosts = [own ?? '', ...first.view.otherSentinels.map(({ address }) => address.host)];
  const counted = hosts.filter(
    (host) => isIP(host) !== 0 && !host.startsWith('127.') && host !== '::1',
  );
  const evidence = [...new Set(counted)].flatMap((host): Evidence[] => {
    const many = counted.filter((one) => one === host).length;
    const isMost = hosts.length >= MANY && many * 2 > hosts.length;
    return isMost
      ? [{ at: host, seen: `${String(many)} of ${String(hosts.length)} Sentinels` }]
      : [];
  });
  return found(
    'sentinels-on-one-host',
    evidence,
    'Run them on three hosts: the loss of this one leaves nobody to decide',
  );
}
