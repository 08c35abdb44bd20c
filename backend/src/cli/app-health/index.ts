export { APP_OPTION, type AppHealth, appUrl, askAppHealth, askAppMetrics } from './ask-app.js';
export { listAt, numberAt, shownText, textAt, valueAt, whyNoAnswer } from './json-fields.js';
