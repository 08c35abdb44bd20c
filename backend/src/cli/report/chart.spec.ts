import { chart, ticksFor, type ChartMark } from './chart.js';

describe('the axes of a chart', () => {
  it('have round numbers', () => {
    expect(ticksFor(1320)).toEqual([0, 500, 1000]);
    expect(ticksFor(100)).toEqual([0, 25, 50, 75, 100]);
    expect(ticksFor(1.1)).toEqual([0, 0.5, 1]);
    expect(ticksFor(5000, true)).toEqual([1, 10, 100, 1000, 5000]);
  });
});

describe('the marks of a chart', () => {
  const drawn = (marks: readonly ChartMark[]): { label: string; x: number; end: boolean }[] => {
    const svg = chart({
      ...{ title: 'Writes', unit: 'per second', seconds: 34, series: [], max: 100, marks },
    });
    const labels = svg.matchAll(/class="mark-label" x="([\d.]+)" y="\d+"([^>]*)>([^<]*)</g);
    return [...labels].map(([, x = '', rest = '', label = '']) => ({
      ...{ label, x: Number(x), end: rest.includes('text-anchor="end"') },
    }));
  };

  it('have their labels where steps come a moment apart', () => {
    const labels = drawn([
      { label: 'kill', second: 2, isFault: true },
      { label: 'promoted', second: 6 },
      { label: 'first write', second: 6.1 },
      { label: 'writing again', second: 6.1 },
      { label: 'put back', second: 10.4, isFault: true },
    ]).map(({ label }) => label);
    expect(labels).toEqual(['kill', 'promoted', 'first write', 'writing again', 'put back']);
  });

  it('have a label at the right edge before their line, where it is not cut', () => {
    const [last] = drawn([{ label: 'whole again', second: 33 }]);
    expect(last).toMatchObject({ label: 'whole again', end: true });
    expect(last?.x).toBeGreaterThan(400);
  });
});
