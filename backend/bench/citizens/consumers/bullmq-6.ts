import { Queue, Worker } from 'bullmq';
import type { StartConsumer } from '../consumer.js';
import { runJobs, type JobData } from './jobs.js';

/** BullMQ 6. */
export const startBullMq6: StartConsumer = (connections, name) => {
  const connection = { ...connections.options(), maxRetriesPerRequest: null };
  return runJobs(
    new Queue<JobData>(name, { connection }),
    (run) => new Worker<JobData>(name, run, { connection, concurrency: 8 }),
  );
};
