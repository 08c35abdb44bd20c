import { stylesOf, widthOf } from './styles.js';
import { cutTo, drawTable, wrapText } from './table.js';

const COLUMNS = [
  { title: 'node' },
  { title: 'says', isFlexible: true },
  { title: 'ms', isNumber: true },
];
const { bad } = stylesOf(true);

describe('a table', () => {
  it('lines up words on the left and figures on the right', () => {
    expect(
      drawTable(
        COLUMNS,
        [
          ['a:1', 'fine', '2'],
          ['bb:22', 'well', '10'],
        ],
        null,
      ),
    ).toEqual(['node   says  ms', 'a:1    fine   2', 'bb:22  well  10']);
  });

  it('never is wider than the window, marks and all', () => {
    const rows = [['a:1', bad('it cannot be reached, or does not answer (ECONNREFUSED)'), '2']];
    for (const width of [24, 40, 80]) {
      const lines = drawTable(COLUMNS, rows, width);
      expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(width);
    }
  });

  it('is not cut where nobody knows how wide it is shown', () => {
    const text = 'x'.repeat(300);
    expect(drawTable(COLUMNS, [['a', text, '1']], null)[1]).toContain(text);
  });
});

describe('a text that is cut', () => {
  it('ends with … and keeps the mark that ends its colour', () => {
    expect(cutTo(bad('refused'), 4)).toBe('\u001b[31mref…\u001b[39m');
    expect(cutTo('four', 4)).toBe('four');
  });
});

describe('a text that is wrapped', () => {
  it('breaks between words, and leaves a long word whole', () => {
    expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapText('unbreakable', 4)).toEqual(['unbreakable']);
    expect(wrapText('', 4)).toEqual([]);
  });
});
