import { readAppConfig } from '../app-config.js';
import { CostProbe } from './cost.probe.js';
import { dollarsADay } from './cost.js';

describe('the cost of a process', () => {
  it.each([
    [{ memoryBytes: 1e9, cores: 0 }, 1 / 3],
    [{ memoryBytes: 0, cores: 1 }, 2 / 3],
    [{ memoryBytes: 3e9, cores: 0.5 }, 4 / 3],
    [{ memoryBytes: 0, cores: 0 }, 0],
  ])('is, at ten dollars a gigabyte and twenty a core, for %p a day: %p', (usage, dollars) => {
    const prices = { gigabyteMonth: 10, coreMonth: 20 };
    expect(dollarsADay(usage, prices)).toBeCloseTo(dollars, 10);
  });

  it('is made of the memory and the processor time that this process has used', () => {
    const free = readAppConfig({ PRICE_GIGABYTE_MONTH: '0', PRICE_CORE_MONTH: '0' });
    expect(new CostProbe(free).check().cost.dollarsADay).toBe(0);
    const { cost } = new CostProbe(readAppConfig({})).check();
    expect(cost.status).toBe('up');
    expect(cost.memoryBytes).toBeGreaterThan(10e6);
    expect(cost.cores).toBeGreaterThan(0);
    expect(cost.dollarsADay).toBeGreaterThan(0);
  });
});
