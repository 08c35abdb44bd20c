// Talks to the generator process.
import { fileURLToPath } from 'node:url';
import { start, stop } from '../lib/processes.mjs';

const PROGRAM = fileURLToPath(new URL('./load-process.mjs', import.meta.url));

/** Starts a generator. Its methods are those of Load. */
export function startLoad(settings) {
  const child = start(process.execPath, [PROGRAM], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const calls = new Map();
  let lastId = 0;
  let onStarted = () => undefined;
  child.on('message', ({ id, answer, failure, started }) => {
    if (started !== undefined) return onStarted(started);
    const call = calls.get(id);
    calls.delete(id);
    if (failure === undefined) call?.resolve(answer);
    else call?.reject(new Error(failure));
  });
  void child.ended.then(() => {
    for (const { reject } of calls.values()) reject(new Error('The load generator ended early.'));
  });
  const call = (verb, given) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      calls.set(lastId, { resolve, reject });
      child.send({ id: lastId, verb, given });
    });
  void call('open', settings);
  return {
    pid: child.pid,
    makeSessions: (count) => call('makeSessions', { count }),
    /** `whenStarted` hears the moment at which the measured part begins. */
    run: (plan, whenStarted = () => undefined) => {
      onStarted = whenStarted;
      return call('run', plan);
    },
    verify: () => call('verify'),
    stop: () => stop(child, 1_000),
  };
}
