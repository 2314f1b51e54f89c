import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { blobFolders } from "#shared/subnet/blob-folders.js";
import { openModelStore } from "../model/model-store.js";
import { type CycleAudit, openFindings } from "./findings.js";

/** The cycles whose models a home holds, by the hash of their network. */
export type ModelCycles = ReadonlyMap<string, ReadonlySet<number>>;

/**
 * Call this before reading the chain's head. Blocks that arrive in between then put the chain ahead of the models, never the models ahead
 * of the chain.
 */
export const modelCycles = async (home: string): Promise<ModelCycles> => {
  const found = new Map<string, Set<number>>();
  // A home without blob stores is fine: its files may be in an archive only.
  if (blobFolders(home).length === 0) return found;
  for (const { network, cycle } of (await openModelStore(home)).models.values())
    if (network !== null) found.set(network, (found.get(network) ?? new Set()).add(cycle));
  return found;
};

/**
 * The cycles whose models a home holds although its chain ends before they could have been made. The chain has lost blocks, so there is
 * nothing to compare those models with.
 */
export const auditsPastHead = (
  known: ModelCycles,
  { networkHash, network, head }: { readonly networkHash: string; readonly network: Network; readonly head: number },
): readonly CycleAudit[] =>
  [...(known.get(networkHash) ?? [])]
    .filter((cycle) => phaseWindow(cycle, "evaluate", network.phases).start > head)
    .sort((a, b) => a - b)
    .map((cycle) => {
      const findings = openFindings(cycle);
      findings.lacks(`the chain ends at block ${head}, before the cycle's evaluation, yet the home has a model of it`);
      return findings.finish();
    });
