import { readFileSync } from 'node:fs';
import { dollarsADay } from '../../src/app/cost/cost.js';

const page = readFileSync('docs/operations/cost.md', 'utf8');
const prices = readFileSync('deploy/observability/prometheus/rules/prices.yml', 'utf8');
const compose = readFileSync('docker-compose.redis-sentinel.yml', 'utf8');

/** What prices.yml records, by name. */
const RECORDED = new Map(
  [...prices.matchAll(/record: (\S+)\n\s+expr: vector\(([\d.]+)\)/g)].map(
    ([, name = '', figure]) => [name, Number(figure)] as const,
  ),
);
const priceOf = (name: string): number => RECORDED.get(`redis_ha:price_dollars:${name}`) ?? NaN;

describe('the page of cost', () => {
  it('has the prices and limits that are shipped, and no others', () => {
    const shown = [...page.matchAll(/\| \$(\d+) +\| `(redis_ha:\S+)`/g)];
    expect(new Map(shown.map(([, figure, name = '']) => [name, Number(figure)]))).toEqual(RECORDED);
  });

  it('reckons the most that six services can cost from the limits of the Compose file', () => {
    const [ofNode, ofSentinel] = ['512m', '128m'].map((limit) => {
      const cpus = new RegExp(`mem_limit: ${limit}\\n\\s+cpus: ([\\d.]+)`).exec(compose)?.[1];
      const memoryBytes = Number.parseInt(limit, 10) * 2 ** 20;
      return { memoryBytes, cores: Number(cpus) };
    });
    const month = 30;
    const most = [ofNode!, ofSentinel!]
      .map((usage) => {
        const dearness = {
          gigabyteMonth: priceOf('gigabyte_month'),
          coreMonth: priceOf('core_month'),
        };
        return 3 * month * dollarsADay(usage, dearness);
      })
      .reduce((sum, one) => sum + one);
    expect(page).toContain(`**$${most.toFixed(2)}**`);
  });
});
