import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DEMONSTRATION, writeDemonstration } from "#localnet/demonstration/demonstration.js";
import { ROUTERS, TRAINING } from "#localnet/training.js";
import { loadNetworkTemplate } from "#owner/network/network-template.js";
import { checkVocabulary } from "#shared/data/vocabulary.js";
import { readUpcycledConfig, upcycle } from "#shared/training/upcycle.js";
import type { Base, MakeBases } from "./base.js";

/** The localnet's, which the demonstration takes. */
const SEED = "1";

/**
 * A dense checkpoint made the demonstration's model, with one expert more in every layer than its groups own: a copy of the dense feed-forward
 * network as the others are, which nobody trains. Its routers are trained as genesis does. The text lies in a folder that is gone with the generator.
 *
 * @throws BlockZeroError UPCYCLE_UNSUPPORTED, VOCABULARY_TOO_SMALL, and what reading the checkpoint or its tokenizer throws
 */
export async function* checkpointBases(
  dir: string,
  { pretraining, steps, onStep, ...making }: MakeBases,
): AsyncGenerator<Base> {
  const folder = await mkdtemp(join(tmpdir(), "blockzero-shards-"));
  try {
    const { template, groups } = writeDemonstration(folder, dir);
    const checkpoint = { dir, experts: DEMONSTRATION.groupExperts * groups.length + 1, perToken: 1 };
    const network = {
      ...loadNetworkTemplate(template, await readUpcycledConfig(checkpoint)),
      genesis: "0".repeat(64),
    };
    checkVocabulary(network);
    const parameters = await upcycle(checkpoint, {
      ...making,
      ...ROUTERS,
      network,
      seed: SEED,
      steps: pretraining,
      onStep: (step) => onStep?.("training the routers", step + 1, pretraining),
    });
    const training = { ...TRAINING, ...DEMONSTRATION.training, max_steps: steps };
    yield { routers: "for the groups", network, parameters, training };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
