// The generator of the load, in a process of its own: what the drill does besides must not make it late.
import { Load } from './load.mjs';

let load;

const WORK = {
  open: (settings) => {
    load = new Load(settings);
  },
  makeSessions: ({ count }) => load.makeSessions(count),
  run: (plan) => load.run(plan, (at) => process.send({ started: at })),
  verify: () => load.verify(),
};

process.on('message', async ({ id, verb, given }) => {
  try {
    const answer = await WORK[verb](given);
    process.send({ id, answer: answer ?? null });
  } catch (error) {
    process.send({ id, failure: error.message });
  }
});

// Its owner is gone, however that happened. Ctrl-C reaches the owner, which ends this process in its turn.
process.on('disconnect', () => process.exit(0));
