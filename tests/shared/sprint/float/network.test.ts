import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import { networkSeed, nodeSeed } from "#shared/sprint/exact/seeds.js";
import { acceptNetwork, maxPairCosine, meanPairCosine, SHARED_OUTPUTS } from "#shared/sprint/float/acceptance.js";
import { FLOAT_DIALS, flopsOf, parametersOf } from "#shared/sprint/float/dials.js";
import { evaluateNonces } from "#shared/sprint/float/prover.js";
import { openTransformer, type SprintTransformer } from "#shared/sprint/float/transformer.js";
import { drawNormals } from "#shared/sprint/float/weights.js";
import { coded } from "#tests/support/coded.js";

const seed = networkSeed("1".repeat(64));
const seed2 = "2".repeat(64);
const node = nodeSeed(new Uint8Array(32).fill(7), seed2);
const { tiny, paper } = FLOAT_DIALS;
const count = (first: number, size: number) => Array.from({ length: size }, (_, i) => first + i);

describe("the float profile of a Sprint", () => {
  it("has the dials' parameters and operations; the paper's own are not the 2.3 billion that it states", () => {
    assert.deepEqual(
      Object.values(FLOAT_DIALS).map((dials) => [parametersOf(dials), flopsOf(dials)]),
      [
        [131_072, 1_048_576],
        [8_388_608, 67_108_864],
        [2_483_027_968, 19_864_223_744],
        [876_609_536, 6_979_321_856],
      ],
    );
    const gibi = parametersOf({ ...paper, inner: 24_576 }) / 2 ** 30;
    assert.equal(gibi.toFixed(2), "2.32");
    // With two matrices a feed-forward block, and embedding and output apart: 0.61 billion.
    assert.equal(64 * (4 * 512 ** 2 + 2 * 512 * 8192) + 2 * 8192 * 512, 612_368_384);
  });

  it("draws weights block by block", () => {
    const draw = (from: number, size: number) => {
      const into = new Float32Array(size);
      drawNormals(seed, { matrix: 3, from, deviation: 0.02 }, into);
      return into;
    };
    assert.deepEqual(draw(65_536, 10), draw(0, 65_546).subarray(65_536));
    assert.throws(() => draw(1, 10), RangeError);
  });

  describe("on the CPU", () => {
    let network: SprintTransformer;
    const told: string[] = [];
    before(async () => {
      const onTensor = (done: number, of: number) => told.push(`${done}/${of}`);
      network = await openTransformer({ dials: tiny, seed, device: onnxCpu({ threads: 1 }), onTensor });
    });
    after(() => network.dispose());

    it("tells of each matrix, and gives a nonce the same output in any batch", async () => {
      assert.deepEqual([told[0], told.at(-1)], ["1/14", "14/14"]);
      const [alone] = await network.outputs(node, [70]);
      const among = await network.outputs(node, count(0, 80));
      assert.equal(among.length, 80);
      const worst = Math.max(...alone!.map((value, i) => Math.abs(value - among[70]![i]!)));
      assert.ok(worst < 1e-6 * Math.max(...alone!.map(Math.abs)), `${worst}`);
    });

    it("passes: outputs share no direction, and wins are as many as the odds say", async () => {
      const { wins, digests } = await evaluateNonces(network, { node, seed2, difficulty: 20 }, count(0, 4000));
      const outputs = await network.outputs(node, count(0, SHARED_OUTPUTS));
      assert.equal(digests.length, 8 * 4000);
      assert.ok(wins.every((nonce, i) => i === 0 || nonce > wins[i - 1]!));
      acceptNetwork({ outputs, nonces: 4000, wins: wins.length, odds: 20 });
    });

    it("is refused where its outputs share a direction, or win too often", async () => {
      const outputs = await network.outputs(node, count(0, SHARED_OUTPUTS));
      const refused = (trial: object, message: RegExp) =>
        assert.throws(
          () => acceptNetwork({ outputs, nonces: 90_000, wins: 100, odds: 900, ...trial }),
          coded("SPRINT_NETWORK_REFUSED", message),
        );
      acceptNetwork({ outputs, nonces: 90_000, wins: 139, odds: 900 });
      refused({ wins: 141 }, /141 of 90000 nonces/);
      refused({ wins: 59 }, /59 of 90000/);
      // A fifth of the deviation along one direction: ρ = 0.2, mean pair cosine 0.04.
      const deviation = Math.sqrt(outputs[0]!.reduce((sum, value) => sum + value * value, 0) / tiny.width);
      const shared = outputs.map((output) => output.map((value, i) => value + (i % 2 === 0 ? 0.2 : -0.2) * deviation));
      assert.ok(meanPairCosine(shared) > 0.02);
      refused({ outputs: shared }, /share a direction/);
      refused({ outputs: [new Float32Array(64), ...outputs] }, /share a direction/);
      assert.equal(maxPairCosine(512), 0.0025);
    });

    it("ends its loading when it is told to", async () => {
      const device = onnxCpu({ threads: 1 });
      const signal = AbortSignal.abort(new Error("no time"));
      await assert.rejects(openTransformer({ dials: tiny, seed, device, signal }), /no time/);
    });
  });

  it("takes tokens where the dials have a vocabulary", async () => {
    const dials = { ...tiny, vocabulary: 32 };
    const network = await openTransformer({ dials, seed, device: onnxCpu({ threads: 1 }) });
    const [one, other] = await network.outputs(node, [1, 2]);
    assert.notDeepEqual(one, other);
    assert.ok(one!.every(Number.isFinite));
    await network.dispose();
  });
});
