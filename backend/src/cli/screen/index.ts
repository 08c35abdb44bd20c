export { formatBytes } from './amounts.js';
export { Live } from './live.js';
export { Progress } from './progress.js';
export { type OutputStream, Screen, wantsColors } from './screen.js';
export { padTo, type Styles, stylesOf, widthOf } from './styles.js';
export { type Column, cutTo, drawTable, wrapText } from './table.js';
