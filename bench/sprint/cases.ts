import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DialsName, EXACT_DIALS, type ExactDials } from "#shared/sprint/exact/dials.js";
import { createInputs } from "#shared/sprint/exact/inputs.js";
import { networkSeed, nodeSeed } from "#shared/sprint/exact/seeds.js";
import { drawWeights, tensorCount } from "#shared/sprint/exact/weights.js";

export interface SprintCase {
  readonly name: DialsName;
  /** Those of the name; of `real` only as many layers as both sides' memory holds. */
  readonly dials: ExactDials;
  /** Difficulty that its proofs have. */
  readonly difficulty: number;
  /** Nonces of our turns. */
  readonly nonces: number;
}

/** Layers of `real` that are compared: PyTorch's floats would take 9.7 GB for all. */
const LAYERS_OF_REAL = 4;

export const SPRINT_CASES: readonly SprintCase[] = [
  { name: "tiny", dials: EXACT_DIALS.tiny, difficulty: 60, nonces: 200_000 },
  { name: "test", dials: EXACT_DIALS.test, difficulty: 110, nonces: 20_480 },
  { name: "real", dials: { ...EXACT_DIALS.real, layers: LAYERS_OF_REAL }, difficulty: 900, nonces: 768 },
];

export const SEED = networkSeed("5".repeat(64));
export const NODE = nodeSeed(new Uint8Array(32).fill(1), "6".repeat(64));

/** Nonces whose outputs both sides must agree on. */
export const COMPARED = 256;

/** Writes a case's weights and the inputs of its first nonces, a byte each. */
export const writeMaterial = async ({ dials }: SprintCase, folder: string): Promise<void> => {
  const { width, inner } = dials;
  const weights = new Int8Array(tensorCount(dials) * width * inner);
  for (let tensor = 0; tensor < tensorCount(dials); tensor++) {
    drawWeights(SEED, tensor, 0, weights.subarray(tensor * width * inner, (tensor + 1) * width * inner));
  }
  const inputs = new Int8Array(COMPARED * width);
  const write = createInputs(NODE, dials);
  for (let nonce = 0; nonce < COMPARED; nonce++) write(nonce, inputs, nonce * width);
  await writeFile(join(folder, "weights.bin"), weights);
  await writeFile(join(folder, "inputs.bin"), inputs);
};
