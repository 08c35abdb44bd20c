import { countBy } from '../../common/groups.js';
import { Books, type Row } from '../books.js';
import type { Consumer } from '../consumer.js';

/** What a job is told. */
export interface JobData {
  readonly number: number;
}

interface JobQueue {
  add(name: 'job', data: JobData, options: { readonly jobId: string }): Promise<unknown>;
  on(event: 'error', listener: () => void): unknown;
  getJob(id: string): Promise<unknown>;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

interface JobWorker {
  on(event: 'error', listener: () => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(force?: boolean): Promise<void>;
}

type Run = (job: { readonly data: JobData }) => Promise<void>;

/** A queue and a worker. Each job has an id of its own, so that an `add` that is sent again adds nothing. */
export async function runJobs(queue: JobQueue, work: (run: Run) => JobWorker): Promise<Consumer> {
  const books = new Books('jobs');
  const worker = work(async ({ data }) => books.happen(data.number));
  // Without a listener an error of a connection ends the process.
  for (const one of [queue, worker]) one.on('error', () => undefined);
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);
  return {
    books: [books],
    ask(number) {
      const added = queue.add('job', { number }, { jobId: idOf(number) });
      books.ask(number, added, { isDone: false });
    },
    rows: async () => [await rowOf(books, queue)],
    async close() {
      await Promise.all([worker.close(true), queue.close()]);
    },
  };
}

/**
 * With why jobs were lost. An `add` that was acknowledged and of which the present primary knows nothing was acknowledged
 * by the old one, and not passed on. A job that is in Redis would be one that nobody has fetched.
 */
async function rowOf(books: Books, queue: JobQueue): Promise<Row> {
  const row = books.row();
  const jobs = await Promise.all(books.lost.map((number) => queue.getJob(idOf(number))));
  const causes = jobs.map((job) => (job === undefined ? 'TAKEN_BY_THE_OLD_PRIMARY' : 'NOT_RUN'));
  return { ...row, reasons: { ...row.reasons, ...countBy(causes) } };
}

function idOf(number: number): string {
  return `job-${String(number)}`;
}
