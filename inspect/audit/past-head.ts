import type { Network } from "#shared/protocol/network.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { blobFolders } from "#shared/subnet/blob-folders.js";
import { openModelStore } from "../model/model-store.js";
import { type CycleAudit, openFindings } from "./findings.js";

/** The cycles of which a home has models, by the hash of their network. */
export type ModelCycles = ReadonlyMap<string, ReadonlySet<number>>;

/** To be asked for before the chain is: then a chain that goes on meanwhile is ahead of the models, and none is ahead of it. */
export const modelCycles = async (home: string): Promise<ModelCycles> => {
  const found = new Map<string, Set<number>>();
  // Its files may be in an archive alone.
  if (blobFolders(home).length === 0) return found;
  for (const { network, cycle } of (await openModelStore(home)).models.values())
    if (network !== null) found.set(network, (found.get(network) ?? new Set()).add(cycle));
  return found;
};

/**
 * The cycles that a home has models of although its chain ends before anybody could have made them: blocks are gone, so there is
 * nothing to hold those models against.
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
