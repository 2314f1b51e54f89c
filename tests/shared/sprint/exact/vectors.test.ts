import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EXACT_DIALS } from "#shared/sprint/exact/dials.js";
import { createInputs } from "#shared/sprint/exact/inputs.js";
import { networkSeed, nodeSeed } from "#shared/sprint/exact/seeds.js";
import { BLOCK, drawWeights } from "#shared/sprint/exact/weights.js";
import { isWin } from "#shared/sprint/exact/win.js";
import { openReferenceNetwork } from "./reference-network.js";
import { hashOf, vectors } from "./vectors.js";

const { network, node } = vectors;

// Without a runtime: another processor's Node runs this file too (`npm run test:foreign`).
describe("the exact network, as an independent program writes it", () => {
  it("has its seeds", () => {
    assert.equal(networkSeed(vectors.seed1), network);
    assert.equal(nodeSeed(Buffer.from(vectors.hotkey, "hex"), vectors.seed2), node);
  });

  it("has blocks of a network that no test can hold", () => {
    for (const { tensor, block, sha256 } of vectors.real) {
      const weights = new Int8Array(BLOCK);
      drawWeights(network, tensor, block * BLOCK, weights);
      assert.equal(hashOf([weights]), sha256);
    }
  });

  for (const { dials: name, weights, nonces, inputs, outputs, outputs_sha256, difficulty, wins } of vectors.cases) {
    const dials = EXACT_DIALS[name];
    it(`has the weights, inputs, outputs and wins of ${name} by the reference network`, () => {
      for (const { tensor, first, sha256 } of weights) {
        const drawn = new Int8Array(dials.inner * dials.width);
        drawWeights(network, tensor, 0, drawn);
        assert.deepEqual([...drawn.subarray(0, first.length)], first);
        assert.equal(hashOf([drawn]), sha256);
      }
      const write = createInputs(node, dials);
      for (const { nonce, first } of inputs) {
        const input = new Int32Array(dials.width);
        write(nonce, input, 0);
        assert.deepEqual([...input.subarray(0, first.length)], first);
      }
      const reference = openReferenceNetwork(dials, network);
      const made = nonces.map((nonce) => reference.output(node, nonce));
      for (const { nonce, first } of outputs) {
        assert.deepEqual([...made[nonces.indexOf(nonce)]!.subarray(0, first.length)], first);
      }
      assert.equal(hashOf(made), outputs_sha256);
      assert.deepEqual(
        nonces.filter((nonce, i) => isWin(node, nonce, made[i]!, difficulty)),
        wins,
      );
    });
  }
});
