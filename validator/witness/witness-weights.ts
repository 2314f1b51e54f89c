import type { Participant } from "#shared/participant/participant.js";
import type { ModelManifest } from "#shared/protocol/model-manifest.js";
import { openBaseWeights, openFrozenWeights, openHubWeights } from "#shared/shard-training/base-weights.js";
import { type OpenWeights, writeFloats } from "#shared/training/checkpoint-tensors.js";
import type { WitnessFiles } from "./witness-files.js";

/** Files of what a training starts from. */
export interface CopiedWeights {
  readonly hub: string;
  readonly base: string;
  /** Undefined where a group needs none. */
  readonly frozen: string | undefined;
}

/** One model's weights in files, for the process that trains: its hub once, and a group's for as long as that one is trained. */
export interface WitnessWeights {
  /** @param model always the same; @throws what fetching and reading the model throw, FILE_UNWRITABLE */
  copy(
    participant: Participant,
    model: { readonly hash: string; readonly manifest: ModelManifest },
    group: string,
  ): Promise<CopiedWeights>;
}

export const witnessWeights = (files: Pick<WitnessFiles, "underWay" | "begin" | "removeGroup">): WitnessWeights => {
  const { hub, base, frozen } = files.underWay;
  let hasHub = false;
  let copied: { readonly group: string; readonly hasFrozen: boolean } | undefined;
  return {
    async copy(participant, model, group) {
      await files.begin();
      if (copied?.group !== group) {
        copied = undefined;
        await files.removeGroup();
        await write(openBaseWeights(participant, model, group), base);
        copied = { group, hasFrozen: await write(openFrozenWeights(participant, model, group), frozen) };
      }
      if (!hasHub) await write(openHubWeights(participant, model), hub);
      hasHub = true;
      return { hub, base, frozen: copied.hasFrozen ? frozen : undefined };
    },
  };
};

/** @returns whether there was something to write */
const write = async (opening: Promise<OpenWeights | undefined>, path: string): Promise<boolean> => {
  const weights = await opening;
  if (weights === undefined) return false;
  try {
    await writeFloats(path, weights);
    return true;
  } finally {
    await weights.close();
  }
};
