import { OPTION_TABLE } from '../../redis/config/index.js';

/** What says where Redis is, and who one is there. The rest of an environment may stay as it is. */
const OF_THE_WAY =
  /^(mode|host|port|path|url|(node|sentinel)\.(username|password|passwordFile|tls)|sentinel\.(masterName|nodes|natMap))$/;

/** The variables beside these that would contradict them, or lead elsewhere. */
export function otherWays(variables: Readonly<Record<string, string>>): string[] {
  return OPTION_TABLE.filter(({ path }) => OF_THE_WAY.test(path))
    .flatMap(({ env }) => env)
    .filter((name) => !Object.hasOwn(variables, name));
}
