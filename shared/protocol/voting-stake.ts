import type { Network } from "./network.js";
import { type ChainRecord, parseRecord, shortHash } from "./records.js";
import { permittedStakes, type Stakes, sumStake } from "./stake.js";

/** Records that only a validator writes. */
const VALIDATORS_RECORDS: ReadonlySet<ChainRecord["type"]> = new Set(["report", "held", "ballot", "model"]);

/** Chain state at one block, as voting goes by it. */
export interface VotingState {
  readonly neurons: Iterable<{ readonly hotkey: string; readonly stake: bigint; readonly validatorPermit: boolean }>;
  readonly commitments: Iterable<{ readonly hotkey: string; readonly data: string }>;
}

export interface VotingRules {
  /** Full hash of the network file. */
  readonly networkHash: string;
  /** The cycle that is voted on. */
  readonly cycle: number;
  /** Cycles after which a validator that put no record is silent, and the share that those who are not must hold: `voting` of the network file. */
  readonly voting: Network["voting"];
}

/** Parts in which a share is compared with stakes, which are whole numbers: a billionth. */
const PARTS = 1_000_000_000;

/**
 * The stakes that vote on a cycle. *Known* are neurons with a validator permit whose latest record is one of a validator, of this network and of
 * the cycle or one before it; *present* are those of them whose record is at most `silent_after` cycles old. Who only earns, or is gone, would
 * otherwise count against every majority for ever. Those present vote where they hold a share of `quorum` of all known stake: who comes back first
 * after all were silent is not the whole network. Else all who are known vote; where nobody is, all with a permit.
 */
export const votingStakes = (
  { neurons, commitments }: VotingState,
  { networkHash, cycle, voting: { silent_after, quorum } }: VotingRules,
): Stakes => {
  const permitted = permittedStakes(neurons);
  const known = new Map<string, bigint>();
  const present = new Map<string, bigint>();
  for (const { hotkey, data } of commitments) {
    const stake = permitted.get(hotkey);
    const record = stake === undefined ? null : parseRecord(data);
    if (stake === undefined || !record?.ok || !isOfValidator(record.value)) continue;
    const { network, cycle: of } = record.value;
    if (network !== shortHash(networkHash) || of > cycle) continue;
    known.set(hotkey, stake);
    if (of >= cycle - silent_after) present.set(hotkey, stake);
  }
  if (known.size === 0) return permitted;
  const least = BigInt(Math.round(quorum * PARTS)) * sumStake(known.values());
  return present.size > 0 && BigInt(PARTS) * sumStake(present.values()) >= least ? present : known;
};

const isOfValidator = (record: ChainRecord): record is Extract<ChainRecord, { readonly cycle: number }> =>
  VALIDATORS_RECORDS.has(record.type);
