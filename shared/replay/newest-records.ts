import type { Commitment, Metagraph } from "#shared/chain/chain.js";
import { parseRecord, shortHash } from "#shared/protocol/records.js";
import { agreedModel } from "#shared/protocol/voting/agreement.js";
import { isMajority, permittedStakes, sumStake } from "#shared/protocol/voting/stake.js";
import {
  isJustSucceeding,
  isOfValidator,
  isOfVoting,
  type NewestRecord,
  stakesThatVote,
} from "#shared/protocol/voting/voting-stake.js";
import { lastModelBlock, modelRecordsOf } from "./agreed-outcome.js";
import type { CycleContext } from "./source.js";

/** The newest state of a subnet, as far as it tells of models. */
export interface NewestState {
  readonly metagraph: Pick<Metagraph, "neurons">;
  readonly commitments: readonly Commitment[];
}

/** What newest records say of a cycle's merge: the hash that a majority named, or that none was; null where they do not say it. */
export type SaidByNewest = { readonly agreed: string | null } | null;

/**
 * Reads from the newest records which model was agreed on in past cycles, for a chain that no longer has the states that say it. The chain
 * keeps one record a key. So a record from before a cycle's deciding block was there at that block. Of who has written since, nobody knows
 * what its record was: it may have named any model, and its stake voted. Where that stake cannot change the result, the result is known.
 * Stake and permits are those of now.
 *
 * @param later hashes of the network files that succeed this one: who has gone over to them may have named a model before
 */
export const newestRecords = (
  { metagraph, commitments }: NewestState,
  { network, networkHash }: Pick<CycleContext, "network" | "networkHash">,
  later: readonly string[] = [],
): ((cycle: number) => SaidByNewest) => {
  const files = new Set([networkHash, ...later].map(shortHash));
  const permitted = permittedStakes(metagraph.neurons);
  const records = commitments.flatMap(({ hotkey, data, block }) => {
    const parsed = permitted.has(hotkey) ? parseRecord(data) : null;
    return parsed?.ok && isOfValidator(parsed.value) ? [{ hotkey, record: parsed.value, block }] : [];
  });
  return (cycle) => {
    const decided = lastModelBlock(cycle, network);
    const isAny = isJustSucceeding(network, cycle);
    const then: NewestRecord[] = [];
    const since: string[] = [];
    for (const { hotkey, record, block } of records) {
      if (!isAny && !files.has(record.network)) continue;
      if (block > decided) since.push(hotkey);
      else if (isOfVoting({ network, networkHash, cycle }, record)) then.push({ hotkey, cycle: record.cycle });
    }
    const stakesIf = (of: number) =>
      stakesThatVote(permitted, [...then, ...since.map((hotkey) => ({ hotkey, cycle: of }))], {
        cycle,
        network,
      });
    const present = stakesIf(cycle);
    const named = modelRecordsOf(cycle, commitments, { network, networkHash }).filter(({ block }) => block <= decided);
    const agreed = agreedModel(named, present);
    // Even if all who have written since were silent then, and count among the known alone.
    if (agreed !== null && agreedModel(named, stakesIf(Number.NEGATIVE_INFINITY)) === agreed) return { agreed };
    const unknown = sumStake(since.map((hotkey) => permitted.get(hotkey)!));
    const support = new Map<string, bigint>([["", 0n]]);
    for (const { hotkey, record } of named)
      support.set(record.model, (support.get(record.model) ?? 0n) + (present.get(hotkey) ?? 0n));
    const isPossible = [...support.values()].some((stake) => isMajority(stake + unknown, present));
    return isPossible ? null : { agreed: null };
  };
};
