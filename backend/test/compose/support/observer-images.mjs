// @ts-check
// The images of the profile `observability`: the real ones where a registry can be reached, else programs of this
// machine. Nothing can stand in for Grafana and Jaeger.
import { existsSync } from 'node:fs';
import { placeOf, whereIs } from './image-root.mjs';
import { hasImage, made } from './own-images.mjs';

/** What is started of the profile, whatever the images are. */
export const OBSERVERS = ['prometheus', 'alertmanager', 'redis-exporter', 'sentinel-exporter'];
/** What only the real images can run. */
export const ONLY_REAL = ['grafana', 'jaeger'];

const NOBODY = 65534;

/** @typedef {import('./cluster.mjs').Cluster} Cluster */
/** @typedef {import('./image-root.mjs').ImageRoot} ImageRoot */
/** @typedef {{ variable: string, image: string, programs: Record<string, readonly string[]>, files?: string, data?: string, entry: string }} StandIn */

/**
 * As the official images have it: where the programs are, who runs them, and what a new volume begins as. `programs`
 * says by which names Debian and others call them.
 * @type {readonly StandIn[]}
 */
const STAND_INS = [
  {
    variable: 'PROMETHEUS_IMAGE',
    image: 'local/ha-prometheus-of-this-machine',
    programs: { '/bin/prometheus': ['prometheus'], '/bin/promtool': ['promtool'] },
    data: '/prometheus',
    entry: '/bin/prometheus',
  },
  {
    variable: 'ALERTMANAGER_IMAGE',
    image: 'local/ha-alertmanager-of-this-machine',
    programs: { '/bin/alertmanager': ['prometheus-alertmanager', 'alertmanager'] },
    // Debian's reads its templates from there; others have them inside.
    files: '/usr/share/prometheus/alertmanager',
    data: '/alertmanager',
    entry: '/bin/alertmanager',
  },
  {
    variable: 'REDIS_EXPORTER_IMAGE',
    image: 'local/ha-redis-exporter-of-this-machine',
    programs: { '/redis_exporter': ['prometheus-redis-exporter', 'redis_exporter'] },
    entry: '/redis_exporter',
  },
];

/** @param {readonly string[]} names */
function anyOf(names) {
  return placeOf(names.find((name) => whereIs(name) !== undefined) ?? names[0] ?? '');
}

/**
 * @param {ImageRoot} root
 * @param {StandIn} standIn
 */
async function fill(root, { programs, files, data, entry }) {
  await root.addBase([`nobody:x:${NOBODY}:${NOBODY}:nobody:/:/bin/sh`]);
  for (const [inside, names] of Object.entries(programs)) {
    await root.addProgram(anyOf(names), inside);
  }
  if (files !== undefined && existsSync(files)) await root.addTree(files, files);
  if (data !== undefined) await root.addFolder(data, NOBODY);
  const own = data === undefined ? [] : [`VOLUME ${data}`, `WORKDIR ${data}`];
  return ['ENV PATH=/bin', 'USER nobody', `ENTRYPOINT ["${entry}"]`, ...own];
}

/** @param {NodeJS.ProcessEnv} env */
async function standIns(env) {
  /** @type {Record<string, string>} */
  const images = {};
  for (const standIn of STAND_INS) {
    const { variable, image } = standIn;
    if (!(await hasImage(env, image))) await made(env, image, (root) => fill(root, standIn));
    images[variable] = image;
  }
  // It has a shell, which is all that is needed to see how Grafana is begun.
  return { ...images, GRAFANA_IMAGE: images.PROMETHEUS_IMAGE ?? '' };
}

/**
 * Has the cluster use images that are there. Resolves with whether they are the real ones; throws if none can be had.
 * @param {Cluster} cluster
 */
export async function provideObserverImages(cluster) {
  const all = [...OBSERVERS, ...ONLY_REAL];
  const pulled = () =>
    cluster.compose('--profile', 'observability', 'pull', '-q', ...all).then(
      () => true,
      () => false,
    );
  const isReal = !cluster.hasOwnEngine && (await pulled());
  if (!isReal) Object.assign(cluster.env, await standIns(cluster.env));
  return isReal;
}
