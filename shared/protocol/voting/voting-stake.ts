import type { Network } from "../network.js";
import { type ChainRecord, parseRecord, shortHash } from "../records.js";
import { permittedStakes, type Stakes, sumStake } from "./stake.js";

/** Records that a validator writes. A miner's program seals nothing with a hotkey that has a validator permit. */
const VALIDATORS_RECORDS: ReadonlySet<ChainRecord["type"]> = new Set([
  "report",
  "held",
  "ballot",
  "model",
  "checks",
  "checksheld",
  "seal",
  "sealheld",
  "deal",
  "group",
  "partial",
  "pulse",
]);

/** Chain state at one block, as far as voting needs it. */
export interface VotingState {
  readonly neurons: Iterable<{ readonly hotkey: string; readonly stake: bigint; readonly validatorPermit: boolean }>;
  readonly commitments: Iterable<{ readonly hotkey: string; readonly data: string }>;
}

export interface VotingRules {
  /** Full hash of the network file. */
  readonly networkHash: string;
  /** The cycle that is voted on. */
  readonly cycle: number;
  readonly network: VotingFile;
}

/**
 * What the network file says of who votes: cycles without a record after which a validator is silent, the share of stake that the others must
 * hold, and whether it succeeds another.
 */
export type VotingFile = Pick<Network, "voting" | "succeeds" | "first_cycle">;

/**
 * Whether records of former files tell who validates as well: in the first `silent_after` cycles of a file that succeeds another. Who has not
 * written under it yet may only be late. Otherwise a few who went over first would decide the cycle, and which model all go on from. Those who
 * never go over count as long as others who are silent.
 */
export const isJustSucceeding = ({ voting, succeeds, first_cycle }: VotingFile, cycle: number): boolean =>
  succeeds !== undefined && cycle < first_cycle + voting.silent_after;

/**
 * Whether it is one of the first cycles of a file that succeeds none. Nobody can tell then who will validate, so everybody who may counts as known:
 * else the first to write a record would be all of the voting stake, and would name the model that all others begin from.
 */
const isBeginning = ({ voting, succeeds, first_cycle }: VotingFile, cycle: number): boolean =>
  succeeds === undefined && cycle < first_cycle + voting.silent_after;

/**
 * Whether a validator's record tells that it validates under the file: one of the file; in its first cycles also any of the file that it succeeds,
 * and of all others those that are at most `silent_after` cycles old. Older ones are of validators that an earlier change left behind.
 */
export const isOfVoting = (
  { networkHash, network: file, cycle }: VotingRules,
  { network, cycle: of }: { readonly network: string; readonly cycle: number },
): boolean => {
  if (of > cycle) return false;
  if (network === shortHash(networkHash)) return true;
  if (file.succeeds === undefined || !isJustSucceeding(file, cycle)) return false;
  return network === shortHash(file.succeeds.network) || of >= cycle - file.voting.silent_after;
};

/** Resolution for comparing a share with stakes, which are integers: a billionth. */
const PARTS = 1_000_000_000;

/** That a neuron's newest record is a validator's, and of which cycle. */
export interface NewestRecord {
  readonly hotkey: string;
  readonly cycle: number;
}

/**
 * The stakes that vote on a cycle. *Known* are neurons with a validator permit whose latest record is a validator's record, of this network and of
 * the cycle or an earlier one; in the first cycles of a file that succeeds another, also of that one, or a recent one of any file; in those of a file
 * that succeeds none, all neurons with a permit. *Present* are neurons with such a record that is at most `silent_after` cycles old. Without this
 * rule, neurons that only earn, or have left, would count against every majority forever. The present vote if they hold a share of `quorum` of all
 * known stake. This prevents a few validators from deciding alone because they come first, at the beginning or after all were silent. Otherwise all
 * known neurons vote. If there are none, all neurons with a permit vote.
 */
export const votingStakes = ({ neurons, commitments }: VotingState, rules: VotingRules): Stakes => {
  const permitted = permittedStakes(neurons);
  const known: NewestRecord[] = [];
  for (const { hotkey, data } of commitments) {
    const record = permitted.has(hotkey) ? parseRecord(data) : null;
    if (!record?.ok || !isOfValidator(record.value)) continue;
    if (isOfVoting(rules, record.value)) known.push({ hotkey, cycle: record.value.cycle });
  }
  return stakesThatVote(permitted, known, rules);
};

/** The same, given all permitted stakes and the records by which validators are known. */
export const stakesThatVote = (
  permitted: Stakes,
  records: Iterable<NewestRecord>,
  { cycle, network }: Pick<VotingRules, "cycle" | "network">,
): Stakes => {
  const { silent_after, quorum } = network.voting;
  const known = new Map(isBeginning(network, cycle) ? permitted : []);
  const present = new Map<string, bigint>();
  for (const { hotkey, cycle: of } of records) {
    const stake = permitted.get(hotkey);
    if (stake === undefined) continue;
    known.set(hotkey, stake);
    if (of >= cycle - silent_after) present.set(hotkey, stake);
  }
  if (known.size === 0) return permitted;
  const least = BigInt(Math.round(quorum * PARTS)) * sumStake(known.values());
  return present.size > 0 && BigInt(PARTS) * sumStake(present.values()) >= least ? present : known;
};

/** Whether it is a record that a validator writes. */
export const isOfValidator = (record: ChainRecord): record is Extract<ChainRecord, { readonly cycle: number }> =>
  VALIDATORS_RECORDS.has(record.type);
