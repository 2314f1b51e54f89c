import { BlockZeroError } from "#shared/errors/error.js";
import { groupShapeMap } from "#shared/model/groups.js";
import type { Participant } from "#shared/participant/participant.js";
import { openPart } from "#shared/parts/open-part.js";
import type { PartRef } from "#shared/protocol/model-manifest.js";
import { misfitOf } from "#shared/replay/model-fit.js";

/**
 * Reads the model of this validator's own merge from the store, as every participant will. A validator commits no model that cannot be read
 * or has a weight that is not finite, so no majority can agree on such a model.
 *
 * @throws BlockZeroError MODEL_UNUSABLE, and what reading the parts throws
 */
export const readBack = async (
  { models, network, networkHash, signal }: Pick<Participant, "models" | "network" | "networkHash" | "signal">,
  hash: string,
  cycle: number,
): Promise<void> => {
  const manifest = await models.manifest(hash, signal);
  const misfit = misfitOf(manifest, { network, networkHash }, cycle);
  if (misfit !== null) throw unusable(hash, misfit);
  for (const name of Object.keys(network.groups)) {
    const shapes = groupShapeMap(network, name);
    const { weights, momentum } = manifest.parts.groups[name]!;
    const check = async (part: PartRef, what: string) => {
      const opened = await openPart((blob) => models.open(blob, signal), part, shapes, what);
      const norm = await opened.norm(signal).finally(opened.close);
      if (!Number.isFinite(norm)) throw unusable(hash, `${what} has an element that is no finite number`);
    };
    await check(weights, `group ${name}`);
    if (momentum) await check(momentum, `the momentum of group ${name}`);
  }
};

const unusable = (hash: string, why: string): BlockZeroError =>
  new BlockZeroError(
    "MODEL_UNUSABLE",
    `model ${hash} of our own merge is not committed: ${why}`,
    "the older model stays in force; report this as a bug",
  );
