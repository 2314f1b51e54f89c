import type { Commitment } from "#shared/chain/chain.js";
import { readVoters } from "#shared/chain/voters.js";
import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { type ModelRecord, parseRecord, shortHash } from "#shared/protocol/records.js";
import { agreedModel, type SignedModelRecord } from "#shared/protocol/voting/agreement.js";
import { permittedStakes, type Stakes } from "#shared/protocol/voting/stake.js";
import type { CycleContext } from "./source.js";

/** The model that the validators committed for a cycle. */
export interface ModelOutcome {
  /** Hash that more than half of the stake committed. Null: the previous model stays in force. */
  readonly agreed: string | null;
  readonly records: readonly SignedModelRecord[];
  readonly stakes: Stakes;
}

/** The last block whose state counts for a cycle's model records. */
export const lastModelBlock = (cycle: number, { phases }: Pick<Network, "phases">): number =>
  phaseWindow(cycle + 1, "distribute", phases).end - 1;

/** The network's model records among a subnet's commitments. */
export const modelRecords = (
  commitments: readonly Commitment[],
  networkHash: string,
): readonly { readonly hotkey: string; readonly record: ModelRecord; readonly block: number }[] =>
  commitments.flatMap(({ hotkey, data, block }) => {
    const parsed = parseRecord(data);
    if (!parsed.ok || parsed.value.type !== "model" || parsed.value.network !== shortHash(networkHash)) return [];
    return [{ hotkey, record: parsed.value, block }];
  });

/** Those of one cycle, from its merge phase on. */
export const modelRecordsOf = (
  cycle: number,
  commitments: readonly Commitment[],
  { network, networkHash }: Pick<CycleContext, "network" | "networkHash">,
): ReturnType<typeof modelRecords> => {
  const merge = phaseWindow(cycle, "merge", network.phases);
  return modelRecords(commitments, networkHash).filter(
    ({ record, block }) => record.cycle === cycle && block >= merge.start,
  );
};

/**
 * The outcome of a cycle's merge in the state after block `at`. Final at `lastModelBlock`. Before that block, a model counts as agreed only
 * if no record of others can change it: stake that has not committed yet counts. Those who named it may still write another record in its place.
 */
export const modelOutcome = async (context: CycleContext, cycle: number, at: number): Promise<ModelOutcome> => {
  const { network } = context;
  const { stakes: voting, metagraph, commitments } = await readVoters(context, cycle, at);
  const stakes = at < lastModelBlock(cycle, network) ? permittedStakes(metagraph.neurons) : voting;
  const records = modelRecordsOf(cycle, commitments, context);
  return { agreed: agreedModel(records, stakes), records, stakes };
};
