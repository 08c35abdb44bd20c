import { Queue, Worker } from 'bullmq5';
import type { StartConsumer } from '../consumer.js';
import { runJobs, type JobData } from './jobs.js';

/** BullMQ 5, which brings an ioredis of its own. */
export const startBullMq5: StartConsumer = (connections, name) => {
  const connection = { ...connections.options(), maxRetriesPerRequest: null };
  return runJobs(
    new Queue<JobData>(name, { connection }),
    (run) => new Worker<JobData>(name, run, { connection, concurrency: 8 }),
  );
};
