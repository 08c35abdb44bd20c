export { chart, type Chart, type ChartMark, type Mark, type Series } from './chart.js';
export { escape } from './escape.js';
export { type FailoverStep, stepsOf } from './failover-steps.js';
export {
  boundTable,
  boxed,
  factTable,
  type Fact,
  figureCell,
  markOfBound,
  type PlainBound,
  type StepAfter,
  stepTable,
  tableHead,
} from './html-table.js';
export { drillPage, type PageHead, tile, warning } from './page.js';
