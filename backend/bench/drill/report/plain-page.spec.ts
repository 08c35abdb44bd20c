import { type PlainReport, toPlainHtml } from './plain-page.js';

describe('the report of a drill with two runs of its own', () => {
  const report = (changes: Partial<PlainReport> = {}): PlainReport => ({
    title: 'hot-key',
    what: 'two instances',
    date: '2026-01-02T03:04:05.000Z',
    bounds: [{ what: 'it <b>holds</b>', why: 'because', seen: '3 %', holds: true }],
    runs: ['watch', 'on'],
    charts: [['<svg id="one"></svg>', '<svg id="other"></svg>']],
    facts: [['Machine', '<script>']],
    ...changes,
  });

  it('shows every bound with what was seen, and both runs beside each other', () => {
    const html = toPlainHtml(report());
    expect(html).toContain('every bound holds');
    expect(html).toContain('3 %');
    expect(html).toMatch(/id="one".*id="other"/s);
    expect(html).not.toMatch(/<b>holds|<script>/);
  });

  it('says so when one does not hold', () => {
    const bounds = [{ what: 'it', why: 'because', seen: 'never', holds: false }];
    const html = toPlainHtml(report({ bounds }));
    expect(html).toContain('not passed');
    expect(html).toContain('✗ broken');
  });
});
