import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { bitsPerByte } from "#shared/data/bits-per-byte.js";
import type { Batch } from "#shared/data/loader.js";
import { pinnedTokenizer } from "#shared/data/pinned-tokenizer.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { evaluationBatches } from "#shared/evaluation/loss-meter.js";
import { pinnedTexts } from "#shared/packs/pinned-text.js";
import type { Network } from "#shared/protocol/network.js";
import { evaluationSeeds } from "#shared/replay/evaluation-seeds.js";
import { openEvaluationText } from "#shared/replay/evaluation-text.js";
import type { CycleSource } from "#shared/replay/source.js";

/** Converts a mean loss over a cycle's first evaluation batches, nats per token, to bits per byte. Null where the text cannot be had. */
export type ToBitsPerByte = (group: string, loss: number, batches: number) => number | null;

/** Whether a network's evaluation text can be drawn without fetching any file. */
export const needsNoFiles = (network: Network): boolean =>
  pinnedTexts(network).length === 0 && pinnedTokenizer(network).length === 0;

/** Draws a cycle's evaluation batches once: a token has as many bytes as its text has. @param source with the network's texts in place */
export const cycleBitsPerByte = async (source: CycleSource, cycle: number): Promise<ToBitsPerByte> => {
  const { network } = source;
  const drawn = new Map<string, readonly Pick<Batch, "counted" | "bytes">[]>();
  for (const [group, seed] of Object.entries(await seedsOf(source, cycle))) {
    try {
      const text = await openEvaluationText(source, { group, cycle });
      const batches = evaluationBatches(network, group, seed, text?.documents ?? null);
      drawn.set(
        group,
        batches.map(({ counted, bytes }) => ({ counted, bytes })),
      );
    } catch (thrown) {
      // No text, no figure: the loss in nats is shown all the same.
      if (!(thrown instanceof BlockZeroError)) throw thrown;
    }
  }
  return (group, loss, batches) => {
    const measured = drawn.get(group)?.slice(0, batches) ?? [];
    return measured.length === 0
      ? null
      : bitsPerByte(
          measured.map(() => loss),
          measured,
        );
  };
};

/** None where a contribution that they are mixed with cannot be had. */
const seedsOf = async (source: CycleSource, cycle: number): Promise<Readonly<Record<string, string>>> => {
  try {
    return (await evaluationSeeds(source, { cycle, purpose: "evaluate" })).ofGroups;
  } catch (thrown) {
    if (!isFetchFault(thrown)) throw thrown;
    return {};
  }
};
