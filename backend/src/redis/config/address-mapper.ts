import { InvalidArgumentError, safeMessage, type Problem } from '../base/errors/index.js';
import {
  addressKey,
  formatAddress,
  parseAddress,
  readAddress,
  type NodeAddress,
} from '../base/address/index.js';
import {
  converted,
  isGiven,
  readPairs,
  rule,
  showSafely,
  type Rule,
} from '../base/options/index.js';

/** What users may write for `sentinel.natMap`. */
export type NatMap =
  | Readonly<Record<string, string | NodeAddress>>
  | ((announced: NodeAddress) => NodeAddress | string | undefined);

/** Says where an announced address is reached from here. Identity when nothing is mapped. */
export type AddressMapper = (announced: NodeAddress) => NodeAddress;

/** One entry of a `natMap` that cannot be used. */
interface NatFault {
  /** The announced address as written. */
  readonly announced: string;
  readonly reason: string;
}

/** A mapper, and the entries it had to leave out. */
export interface BuiltMapper {
  readonly mapAddress: AddressMapper;
  readonly faults: readonly NatFault[];
}

/** Maps nothing: every node is reached where it says it is. */
export const keepAddress: AddressMapper = (announced) => announced;

/** A `natMap`, whose entries are checked one by one; what a function returns is checked at each call. */
export const natMap: Rule<NatMap, AddressMapper> = converted(
  rule<NatMap>(
    'an object or a function',
    (value) => typeof value === 'function' || isGiven(value),
    {
      shows: 'kind',
      remedy: "Write { '172.30.0.2:6379': '127.0.0.1:6380' }",
      fromText: readPairs,
      expectsText: "pairs such as '172.30.0.2:6379=127.0.0.1:6380', each announced address once",
    },
  ),
  (given, path, findings) => {
    const { mapAddress, faults } = buildAddressMapper(given);
    for (const { announced, reason } of faults) {
      const remedy =
        "Write the announced address and where it is reached, for example '172.30.0.2:6379' and '127.0.0.1:6380'";
      findings.refuse(path, announced, reason, remedy);
    }
    return mapAddress;
  },
);

/**
 * Turns a `natMap` into the mapper of the engine. Keys match whatever the spelling of the address;
 * a target without a port keeps the announced one; an address that is not mapped stays as it is.
 * The mapper of a function throws `INVALID_ARGUMENT` when the function returns no usable address.
 */
export function buildAddressMapper(given: NatMap | undefined): BuiltMapper {
  if (given === undefined) return { mapAddress: keepAddress, faults: [] };
  if (typeof given === 'function') return { mapAddress: mapByFunction(given), faults: [] };
  const targets = new Map<string, NodeAddress>();
  const faults: NatFault[] = [];
  for (const [announced, target] of Object.entries(given)) {
    const reason = addTarget(targets, announced, target);
    if (reason !== null) faults.push({ announced, reason });
  }
  return {
    mapAddress: (announced) => targets.get(addressKey(announced)) ?? announced,
    faults,
  };
}

function addTarget(
  targets: Map<string, NodeAddress>,
  announced: string,
  target: unknown,
): string | null {
  const from = parseAddress(announced);
  if (!from.ok) return `the announced address ${from.reason}`;
  const to = readAddress(target, from.address.port);
  if (!to.ok) return `the address to use instead ${to.reason}`;
  const key = addressKey(from.address);
  if (targets.has(key)) return 'the announced address is mapped twice';
  targets.set(key, to.address);
  return null;
}

function mapByFunction(
  choose: (announced: NodeAddress) => NodeAddress | string | undefined,
): AddressMapper {
  return (announced) => {
    const chosen = choose(announced);
    if (chosen === undefined) return announced;
    const parsed = readAddress(chosen, announced.port);
    if (parsed.ok) return parsed.address;
    throw new InvalidArgumentError({
      field: 'sentinel.natMap',
      value: showSafely(chosen),
      message: `the function returned an address that ${parsed.reason}`,
      remedy: "Return 'host:port', an object of host and port, or undefined to map nothing",
    });
  };
}

/**
 * Returns a mapper that never throws: an address with which the function of a `natMap` fails stays as
 * it was announced, and `onFault` is told why.
 */
export function containFaults(
  mapAddress: AddressMapper,
  onFault: (problem: Problem) => void,
): AddressMapper {
  return (announced) => {
    try {
      return mapAddress(announced);
    } catch (error) {
      onFault({
        field: 'sentinel.natMap',
        value: formatAddress(announced),
        message: `the function failed for this address, which is used as announced: ${safeMessage(error)}`,
        remedy: "Return 'host:port', an object of host and port, or undefined to map nothing",
      });
      return announced;
    }
  };
}
