export {
  CONNECTION_OPTIONS,
  connectionFrom,
  connectionIn,
  isConnectionSaid,
  doubtsAbout,
  type ConnectionValues,
  type ReachOptions,
} from './connection-options.js';
export { mayStopOnSave, stopsWhereSavesFail } from './failed-save.js';
export { CLUSTER_FILE, DEFAULT_FOLDER, isClusterHere, lineForShell, UP } from './local-folder.js';
export { otherWays } from './other-ways.js';
export { type Answer, isReached, reach, type Reached, type Unreached } from './reach-server.js';
export { type ClockReading, type Fields, readInfo } from './server-answers.js';
export {
  mostNamed,
  priorityOf,
  saysQuorum,
  survey,
  SURVEY_DEADLINE_MS,
  type Survey,
  type SurveyedNode,
  type SurveyedSentinel,
} from './survey.js';
