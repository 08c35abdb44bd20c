/** How bad it is, the worst first. */
export const SEVERITIES = ['broken', 'danger', 'degraded', 'doubtful', 'advice'] as const;

/**
 * `broken`: it does not work now. `danger`: it works, and the next loss costs data, or is not survived, or strangers get in.
 * `degraded`: it is set up well, and something is away just now. `doubtful`: it works, and costs something. `advice`: it may
 * be meant so.
 */
export type Severity = (typeof SEVERITIES)[number];

interface CodeRow {
  readonly severity: Severity;
  /** What it means, in one line. */
  readonly means: string;
}

/** Every code that the doctor knows. A code never changes its meaning; `docs/operations/doctor.md` explains each. */
export const FINDING_CODES = {
  'address-unreachable': {
    severity: 'danger',
    means: 'an address that is announced cannot be reached from here',
  },
  'backlog-small': {
    severity: 'doubtful',
    means: 'a replica that was away for a moment has to copy everything anew',
  },
  'certificate-ended': { severity: 'danger', means: 'a certificate is not valid now' },
  'certificate-ends-soon': { severity: 'doubtful', means: 'a certificate ends soon' },
  'certificate-other-name': { severity: 'danger', means: 'a certificate is for another name' },
  'certificate-refused': { severity: 'danger', means: 'a server does not take our certificate' },
  'certificate-untrusted': {
    severity: 'danger',
    means: 'a certificate is signed by nobody whom we trust',
  },
  'clock-skew': { severity: 'doubtful', means: 'calendars differ' },
  'connections-few': { severity: 'doubtful', means: 'a node takes few connections' },
  'down-after-long': { severity: 'advice', means: 'a lost primary is noticed late' },
  'down-after-short': { severity: 'danger', means: 'healthy primaries are called down' },
  'eviction-of-sessions': {
    severity: 'danger',
    means: 'sessions, and what ended them, are evicted when memory is full',
  },
  'failover-timeout-long': {
    severity: 'doubtful',
    means: 'a failover that fails is tried again late',
  },
  'failover-under-way': { severity: 'degraded', means: 'a failover is under way' },
  'group-unknown': { severity: 'danger', means: 'a Sentinel watches no group of this name' },
  'idle-timeout-short': { severity: 'doubtful', means: 'connections that rest are closed' },
  'masterauth-missing': {
    severity: 'danger',
    means: 'a node cannot follow another one, because it has no password for it',
  },
  'memory-full': { severity: 'danger', means: 'a node has nearly no memory left' },
  'memory-unlimited': { severity: 'advice', means: 'a node takes memory without a limit' },
  'min-replicas-high': { severity: 'danger', means: 'the loss of a replica stops the writes' },
  'min-replicas-lag': {
    severity: 'doubtful',
    means: 'min-replicas-to-write stops writes for nothing, or protects nothing',
  },
  'min-replicas-off': {
    severity: 'doubtful',
    means: 'a primary that was cut off goes on taking writes, which are lost',
  },
  'name-slow': { severity: 'doubtful', means: 'a name is looked up slowly' },
  'name-unknown': { severity: 'degraded', means: 'a name has no address' },
  'no-primary': { severity: 'broken', means: 'no node says that it is the primary' },
  'no-promotable-replica': { severity: 'danger', means: 'no replica may be promoted' },
  'no-quorum': { severity: 'danger', means: 'the Sentinels cannot decide on a failover' },
  'no-replica': { severity: 'danger', means: 'there is nothing to fail over to' },
  'no-sentinel-answers': {
    severity: 'broken',
    means: 'no Sentinel tells where the primary is',
  },
  'node-down': { severity: 'degraded', means: 'a node does not answer' },
  'not-a-node': { severity: 'danger', means: 'a Sentinel stands where a node should be' },
  'not-a-sentinel': { severity: 'danger', means: 'a node stands where a Sentinel should be' },
  'open-to-everybody': { severity: 'danger', means: 'anybody who reaches it is let in' },
  'output-buffer-small': {
    severity: 'doubtful',
    means: 'connections that get much at once are cut',
  },
  'password-refused': { severity: 'danger', means: 'a server does not let us in' },
  'quorum-high': { severity: 'danger', means: 'more must agree than there are' },
  'quorum-low': { severity: 'danger', means: 'one Sentinel alone can call the primary down' },
  'replica-behind': { severity: 'degraded', means: 'a replica is far behind' },
  'replica-elsewhere': { severity: 'danger', means: 'a replica follows another cluster' },
  'replica-of-replica': { severity: 'doubtful', means: 'a replica follows a replica' },
  'replica-unlinked': { severity: 'degraded', means: 'a replica has no link to its primary' },
  'replica-writable': { severity: 'danger', means: 'a replica takes writes of its own' },
  'rights-missing': { severity: 'danger', means: 'the user may not do what the library needs' },
  'role-unseen': {
    severity: 'advice',
    means:
      'a Sentinel has not seen a new role or replica yet, and would undo a planned failover or refuse it',
  },
  'save-failed': { severity: 'danger', means: 'the last write to disk has failed' },
  'sentinel-cannot-log-in': {
    severity: 'danger',
    means: 'a Sentinel is refused by the primary, and calls it down',
  },
  'sentinel-down': { severity: 'degraded', means: 'a Sentinel does not answer' },
  'sentinel-elsewhere': {
    severity: 'danger',
    means: 'a Sentinel belongs to another cluster with the same name',
  },
  'sentinel-isolated': {
    severity: 'danger',
    means: 'a Sentinel calls a node down, which answers here',
  },
  'sentinel-rights-missing': {
    severity: 'danger',
    means: 'the user of the Sentinels may not do on a node what a failover needs',
  },
  'sentinel-same-id': { severity: 'danger', means: 'Sentinels have one id, and count as one' },
  'sentinel-settings-differ': {
    severity: 'doubtful',
    means: 'Sentinels have different settings for one group',
  },
  'sentinel-stale': {
    severity: 'danger',
    means: 'the Sentinels count one that is not there any more',
  },
  'sentinel-state-unwritable': {
    severity: 'danger',
    means: 'a Sentinel cannot write its state to disk',
  },
  'sentinel-tilt': { severity: 'degraded', means: 'a Sentinel does nothing for 30 s' },
  'sentinel-unlisted': { severity: 'advice', means: 'a Sentinel is not in your list' },
  'sentinels-disagree': {
    severity: 'danger',
    means: 'the Sentinels name different primaries',
  },
  'sentinels-few': { severity: 'danger', means: 'fewer than three Sentinels' },
  'sentinels-on-one-host': { severity: 'advice', means: 'one host has most of the Sentinels' },
  'sentinels-unacquainted': { severity: 'danger', means: 'Sentinels do not know each other' },
  'settings-differ': {
    severity: 'doubtful',
    means: 'nodes that may become the primary have different settings',
  },
  'transport-differs': { severity: 'danger', means: 'one side speaks TLS, the other does not' },
  'two-primaries': { severity: 'danger', means: 'two nodes say that they are the primary' },
  'variable-doubtful': {
    severity: 'doubtful',
    means: 'a variable of the environment is probably a mistake',
  },
  'versions-differ': { severity: 'advice', means: 'nodes have different versions' },
  'writes-refused': {
    severity: 'broken',
    means: 'the primary refuses writes, because too few replicas follow',
  },
  'writes-stop-on-failed-save': {
    severity: 'doubtful',
    means: 'a full disk makes Sentinel replace the primary, again and again',
  },
} as const satisfies Readonly<Record<string, CodeRow>>;

/** A code that the doctor knows. */
export type FindingCode = keyof typeof FINDING_CODES;
