// @ts-check
// What `npm start` says when everything runs.
import { howToInstall } from '../lib/ensure-programs.mjs';

/**
 * What `npm start` shows of a cluster.
 * @typedef {object} ShownCluster
 * @property {() => string[]} lines one for each node
 * @property {() => string} killPrimary what a person types
 * @property {string} afterwards what happens then
 */

/** @param {string} base */
function whereToLook(base) {
  return `  start here   ${base}/
  health       ${base}/health          metrics  ${base}/metrics
  API          ${base}/docs            figures  ${base}/api/health/redis/metrics`;
}

/**
 * With a cluster.
 * @param {string} base
 * @param {ShownCluster} cluster
 */
export function clusterScreen(base, cluster) {
  return `
${whereToLook(base)}

${cluster
  .lines()
  .map((line) => `  ${line}`)
  .join('\n')}

  Log in, and look at the session every 200 ms (in another terminal):

      TOKEN=$(curl -s ${base}/api/auth/login -H 'content-type: application/json' \\
        -d '{"email":"user1@example.com","password":"demo-password"}' | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')
      while sleep 0.2; do curl -s -m 1 -o /dev/null -w '%{http_code} %{time_total}s\\n' ${base}/api/auth/session -H "authorization: Bearer $TOKEN"; done

  Kill the primary (in a third one). Every answer stays 200:

      ${cluster.killPrimary()}

  In /health "currentMaster" names another node a few seconds later, and "failoverCount" goes up.
  ${cluster.afterwards}
`;
}

/**
 * Without Redis, by choice or for lack of one.
 * @param {string} base
 */
export function memoryScreen(base) {
  if (process.env.REDIS_MODE === 'memory') {
    return `
  REDIS_MODE=memory: no Redis was started; unset it to see the cluster.

${whereToLook(base)}
`;
  }
  return `
  !!  THERE IS NO REDIS HERE: the backend runs from memory only. Nothing is replicated, nothing fails over.
  !!  To see the real thing, stop this with Ctrl-C and type:
  !!
  !!      ${howToInstall('redis')}
  !!      npm start

${whereToLook(base)}
`;
}
