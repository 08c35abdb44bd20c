import { parseOrder, usage } from './arguments.js';

const parse = (line: string) => parseOrder(line.split(' ').filter((word) => word !== ''));

describe('the arguments of a drill', () => {
  it('takes the fault alone, and fills in the rest', () => {
    expect(parse('kill')).toMatchObject({
      kind: 'kill',
      rate: 1200,
      bareRate: 1200,
      seconds: 60,
      out: '.tmp/drill/kill',
      keep: false,
    });
  });

  it('takes every option, in either form', () => {
    expect(
      parse('freeze --rate 800 --seconds=90 --out reports --bare-rate 0 --keep --no-build'),
    ).toMatchObject({
      kind: 'freeze',
      rate: 800,
      seconds: 90,
      out: 'reports',
      bareRate: 0,
      keep: true,
      noBuild: true,
    });
  });

  it('leaves the rate of a steady run to be found', () => {
    expect(parse('steady')).toMatchObject({ rate: null, bareRate: null });
  });

  it.each([
    ['', 'Which fault?'],
    ['melt', '"melt" is no fault'],
    ['kill freeze', 'One fault at a time: kill or freeze'],
    ['kill --speed 3', 'There is no option --speed'],
    [
      'kill --rate',
      '--rate takes a whole number from 10 to 50000 (requests per second), not nothing',
    ],
    ['kill --rate fast', 'not "fast"'],
    ['kill --rate 1.5', 'not "1.5"'],
    ['kill --rate 9', 'not "9"'],
    ['kill --rate 50001', 'not "50001"'],
    ['kill --bare-rate -1', 'not "-1"'],
    ['kill --seconds 601', '--seconds takes a whole number from 10 to 600'],
    ['freeze --seconds 44', 'leaves no room for freeze: give at least 45'],
    ['kill --out', '--out needs a value'],
    ['kill --out --keep', '--out needs a value'],
    ['toString', '"toString" is no fault'],
  ])('refuses "%s" and says why', (line, message) => {
    expect(() => parse(line)).toThrow(message);
  });

  it('explains every fault and option when asked', () => {
    expect(parse('--help')).toBeNull();
    for (const word of ['all-down', 'switchover', '--bare-rate', '--keep', '--database']) {
      expect(usage()).toContain(word);
    }
  });
});
