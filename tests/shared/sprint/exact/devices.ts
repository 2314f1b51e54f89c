import assert from "node:assert/strict";
import { EXACT_DIALS } from "#shared/sprint/exact/dials.js";
import type { SprintNetwork } from "#shared/sprint/exact/sprint-network.js";
import { hashOf, vectors } from "./vectors.js";

/** Holds an implementation to the vectors of some dials. @param open makes the network of these dials and seed */
export const assertVectors = async (
  name: "tiny" | "test",
  open: (options: { dials: (typeof EXACT_DIALS)["tiny"]; seed: string }) => Promise<SprintNetwork>,
): Promise<void> => {
  const { nonces, outputs_sha256, difficulty, wins } = vectors.cases.find(({ dials }) => dials === name)!;
  const network = await open({ dials: EXACT_DIALS[name], seed: vectors.network });
  try {
    assert.equal(hashOf(await network.outputs(vectors.node, nonces)), outputs_sha256);
    assert.deepEqual(
      await network.losers(vectors.node, nonces, difficulty),
      nonces.filter((nonce) => !wins.includes(nonce)),
    );
  } finally {
    await network.dispose();
  }
};
