import assert from "node:assert/strict";
import { EXACT_DIALS, type ExactDials } from "#shared/sprint/exact/dials.js";
import type { LoadOptions, SprintNetwork } from "#shared/sprint/exact/sprint-network.js";
import { openReferenceNetwork } from "./reference-network.js";
import { hashOf, vectors } from "./vectors.js";

type Open = (options: LoadOptions) => Promise<SprintNetwork>;

/** Holds an implementation to the vectors of some dials. */
export const assertVectors = async (name: "tiny" | "test", open: Open): Promise<void> => {
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

const CHUNK = 10_000;

/** Holds implementations to the reference network over so many nonces: none of their outputs may differ in a bit. */
export const assertJudged = async (dials: ExactDials, count: number, opens: readonly Open[]): Promise<void> => {
  const reference = openReferenceNetwork(dials, vectors.network);
  const networks: SprintNetwork[] = [];
  try {
    for (const open of opens) networks.push(await open({ dials, seed: vectors.network }));
    for (let first = 0; first < count; first += CHUNK) {
      const nonces = Array.from({ length: Math.min(CHUNK, count - first) }, (_, i) => first + i);
      const expected = hashOf(nonces.map((nonce) => reference.output(vectors.node, nonce)));
      for (const [i, network] of networks.entries()) {
        const made = hashOf(await network.outputs(vectors.node, nonces));
        assert.equal(made, expected, `implementation ${i}, nonces from ${first}`);
      }
    }
  } finally {
    for (const network of networks) await network.dispose();
  }
};
