import { judge } from '../bounds.js';
import { sharesOf } from '../mix.js';
import type { Report } from '../results.js';
import { sampleResult } from '../sample-result.js';
import { toHtml } from './html.js';

describe('the report', () => {
  const report = (changes: Partial<Report> = {}): Report => ({
    kind: 'kill',
    date: '2026-01-02T03:04:05.000Z',
    passed: true,
    problem: null,
    note: null,
    seconds: 12,
    archive: false,
    mix: sharesOf(100),
    machine: {
      cores: 2,
      processor: '<script>',
      memoryGiB: 8,
      system: 'x',
      node: 'v20',
      redis: '7',
      ioredis: '6',
      library: '0.1.0',
      loadBefore: 0,
    },
    ours: sampleResult(),
    bare: sampleResult({ name: 'bare', title: 'bare ioredis' }),
    verdict: judge('kill', sampleResult(), sampleResult()),
    ...changes,
  });

  it('needs nothing from outside and trusts no text', () => {
    const html = toHtml(report());
    expect(html).not.toMatch(/<script|src=|href=|@import|url\(/);
    expect(html).toContain('&lt;script&gt;');
    expect(html).toContain('prefers-color-scheme:dark');
  });

  it('shows both services, the fault and the steps of the failover', () => {
    const html = toHtml(report());
    for (const text of ['nestjs-redis-ha', 'bare ioredis', 'killed', 'promoted', '3,500 ms']) {
      expect(html).toContain(text);
    }
    expect(html.match(/<svg/g)).toHaveLength(8);
  });

  it('says when the run was not passed, and why it may say nothing', () => {
    const html = toHtml(report({ passed: false, problem: 'The load generator was late itself.' }));
    expect(html).toContain('not passed');
    expect(html).toContain('was late itself');
  });

  it('works without the bare client', () => {
    expect(toHtml(report({ bare: null })).match(/<svg/g)).toHaveLength(4);
  });

  it('leaves a gap in a curve where nothing is known', () => {
    const html = toHtml(report({ ours: sampleResult({ samples: Array<null>(12).fill(null) }) }));
    expect(html).not.toContain('NaN');
  });

  it('shows what a steady run has tried', () => {
    const tried = [{ rate: 900, perSecond: 900, p50: 2, p99: 4, failed: 2 }];
    const levels = { chosen: 810, tried };
    const steady = sampleResult({ levels, direct: { perSecond: 6000, levels: tried } });
    const html = toHtml(report({ kind: 'steady', ours: steady, bare: null }));
    expect(html).toContain('900: p99 4 ms, 2 failed');
  });
});
