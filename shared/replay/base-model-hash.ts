import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { lastModelBlock, modelOutcome } from "./agreed-outcome.js";
import { isNoManifest, misfitOf } from "./model-fit.js";
import type { CycleContext, CycleSource } from "./source.js";
import { formerOf } from "./succession.js";
import { readModelManifest } from "./whole-model.js";

/** Hash of the model that a cycle starts from. If it is not settled yet, reads the state after the block `head`. */
export const baseModelHash = async (source: CycleSource, cycle: number, head: number): Promise<string> => {
  const { network } = source;
  for (let past = cycle - 1; past >= network.first_cycle; past--) {
    const agreed = await modelOfCycle(source, past, head);
    if (agreed !== null) return agreed;
  }
  // A network that succeeds another starts from the last model of that network.
  const former = await formerOf(source);
  return former ? baseModelHash(former, network.first_cycle, head) : network.genesis;
};

/**
 * Hash of the model that was agreed on in a cycle of the source's network, by the state after the block `head` if it is not settled yet. Null if
 * none was, or what was named is no model.
 */
export const modelOfCycle = async (source: CycleSource, cycle: number, head: number): Promise<string | null> => {
  const { agreed } = await modelOutcome(source, cycle, Math.min(head, lastModelBlock(cycle, source.network)));
  if (agreed === null) return null;
  const named = await modelNamed((hash) => readModelManifest(source, hash), source, { cycle, hash: agreed });
  return named === "none" ? null : agreed;
};

/**
 * Whether the hash that a majority committed for a cycle names a model: its manifest must be readable and belong to the network and the
 * cycle. Unknown if nobody has the file: then nobody can start from it, nor prove that it is not a model.
 */
export const modelNamed = async (
  manifestOf: (hash: string) => Promise<ModelManifest>,
  context: Pick<CycleContext, "network" | "networkHash">,
  { cycle, hash }: { readonly cycle: number; readonly hash: string },
): Promise<"one" | "none" | "unknown"> => {
  try {
    return misfitOf(await manifestOf(hash), context, cycle) === null ? "one" : "none";
  } catch (thrown) {
    if (isNoManifest(thrown)) return "none";
    if (isFetchFault(thrown)) return "unknown";
    throw thrown;
  }
};
