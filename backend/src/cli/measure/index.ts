export { now } from './machine-now.js';
export { formatFigure, formatMs } from './figures.js';
export { OpenLoop } from './open-loop.js';
export { longestGap, type Summary, summaryOf } from './statistics.js';
