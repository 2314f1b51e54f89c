import type { Model } from "#shared/merge/merge-model.js";
import { blobsOfModel } from "#shared/protocol/model-manifest.js";
import { faultFields } from "../fault-fields.js";
import type { Participant } from "../participant.js";
import { untilBlock } from "../until-block.js";

/** Hashes of a model's files: the manifest, and all parts. */
export const filesOf = ({ hash, manifest }: Model): readonly string[] => [
  hash,
  ...blobsOfModel(manifest).map((blob) => blob.hash),
];

/** Blocks to wait for the manifest of the model in force. */
const MANIFEST_BLOCKS = 2;

/**
 * Hashes of the files of the model that a cycle starts from, as far as is known when it begins. Null where the chain does not say which model that
 * is, or nobody gives its manifest in time.
 */
export const filesInForce = async (
  { clock, models, log, signal }: Pick<Participant, "clock" | "models" | "log" | "signal">,
  cycle: number,
): Promise<ReadonlySet<string> | null> => {
  try {
    return await untilBlock(clock, clock.head.number + MANIFEST_BLOCKS, signal, async (until) => {
      const hash = await models.baseOf(cycle);
      return new Set(filesOf({ hash, manifest: await models.manifest(hash, until) }));
    });
  } catch (thrown) {
    signal.throwIfAborted();
    log.debug("it is not known which files are in force", { cycle, ...faultFields(thrown) });
    return null;
  }
};
