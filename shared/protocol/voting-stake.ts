import { type ChainRecord, parseRecord, shortHash } from "./records.js";
import { permittedStakes, type Stakes } from "./stake.js";

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
  /** Cycles after which a validator that put no record is silent: `voting.silent_after`. */
  readonly silentAfter: number;
}

/**
 * The stakes that vote on a cycle: those of neurons with a validator permit whose latest record is one of a validator, of this network and of
 * the cycle or one of the `silentAfter` before it. Who only earns, or is gone, would otherwise count against every majority for ever. All
 * permitted stake where nobody is left.
 */
export const votingStakes = (
  { neurons, commitments }: VotingState,
  { networkHash, cycle, silentAfter }: VotingRules,
): Stakes => {
  const permitted = permittedStakes(neurons);
  const present = new Map<string, bigint>();
  for (const { hotkey, data } of commitments) {
    const stake = permitted.get(hotkey);
    const record = stake === undefined ? null : parseRecord(data);
    if (stake === undefined || !record?.ok || !isOfValidator(record.value)) continue;
    const { network, cycle: of } = record.value;
    if (network === shortHash(networkHash) && of <= cycle && of >= cycle - silentAfter) present.set(hotkey, stake);
  }
  return present.size > 0 ? present : permitted;
};

const isOfValidator = (record: ChainRecord): record is Extract<ChainRecord, { readonly cycle: number }> =>
  VALIDATORS_RECORDS.has(record.type);
