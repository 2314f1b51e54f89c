import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { describe, it } from "node:test";
import { openByteProduct } from "#shared/engine/runtime/onnx-bytes.js";
import { onnxCpu } from "#shared/engine/runtime/onnx-cpu.js";
import type { ByteProduct } from "#shared/kernels/exact-products.js";
import { compareWays } from "#shared/sprint/exact/compare-ways.js";
import { EXACT_DIALS, flopsOf, largestSum, parametersOf } from "#shared/sprint/exact/dials.js";
import { fasterWay } from "#shared/sprint/exact/faster-way.js";
import { createInputs } from "#shared/sprint/exact/inputs.js";
import { fitsProcessor, openProcessorNetwork } from "#shared/sprint/exact/processor-network.js";
import { openSprintNetwork } from "#shared/sprint/exact/prover.js";
import { networkSeed, nodeSeed } from "#shared/sprint/exact/seeds.js";
import type { LoadOptions } from "#shared/sprint/exact/sprint-network.js";
import { drawWeights } from "#shared/sprint/exact/weights.js";
import { isWin } from "#shared/sprint/exact/win.js";
import { coded } from "#tests/support/coded.js";
import { assertVectors } from "./devices.js";

const seed = networkSeed("1".repeat(64));

/** This process's threads, by Linux. */
const TASKS = "/proc/self/task";

/** The nice value is the 19th field; the second, a name in brackets, may have spaces. https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
/** Null of a thread that has ended meanwhile, as those of other tests do. */
const niceOf = (task: string): number | null => {
  try {
    return Number(readFileSync(`${TASKS}/${task}/stat`, "utf8").split(") ").at(-1)!.split(" ")[16]);
  } catch {
    return null;
  }
};
const node = nodeSeed(new Uint8Array(32).fill(7), "2".repeat(64));

describe("the exact profile of a Sprint", () => {
  it("has dials whose largest sum float32 holds without rounding", () => {
    assert.deepEqual(
      Object.values(EXACT_DIALS).map((dials) => [parametersOf(dials), flopsOf(dials), largestSum(dials)]),
      [
        [98_304, 196_608, 116_736],
        [6_291_456, 12_582_912, 462_848],
        [2_415_919_104, 4_831_838_208, 11_026_432],
      ],
    );
    for (const dials of Object.values(EXACT_DIALS)) assert.ok(largestSum(dials) < 2 ** 24);
  });

  it("fits the processor's kernels at each dial, but not of other values", async () => {
    for (const dials of Object.values(EXACT_DIALS)) assert.ok(fitsProcessor(dials, 2));
    const others = { ...EXACT_DIALS.tiny, bound: 32 };
    assert.equal(fitsProcessor(others, 2), false);
    await assert.rejects(openProcessorNetwork({ dials: others, seed, threads: 2 }), coded("DEVICE_UNAVAILABLE"));
    assert.equal(fitsProcessor({ ...EXACT_DIALS.real, layers: 128 }, 2), false);
  });

  it("gives way to all else where it is asked to, on threads that nothing else gets afterwards", async () => {
    // Elsewhere a thread has no priority of its own.
    if (process.platform !== "linux") return;
    const own = getPriority();
    const before = new Set(readdirSync(TASKS));
    const options = { dials: EXACT_DIALS.tiny, seed, threads: 2 };
    const [first, count] = [0, 64];
    const usual = await openProcessorNetwork(options);
    const wins = await usual.search(node, { first, count }, 8);
    await usual.dispose();
    const network = await openProcessorNetwork({ ...options, nice: 19 });
    assert.deepEqual(await network.search(node, { first, count }, 8), wins);
    const lowered = readdirSync(TASKS).filter((task) => !before.has(task) && niceOf(task) === 19);
    assert.ok(lowered.length >= 2, `${lowered.length} threads`);
    assert.equal(getPriority(), own, "this thread keeps its priority");
    await network.dispose();
    const again = readdirSync(TASKS);
    assert.ok(own === 19 || lowered.every((task) => !again.includes(task)), "a lowered thread was kept");
  });

  it("draws weights evenly, block by block", () => {
    const weights = new Int8Array(3 * 65_536);
    drawWeights(seed, 5, 0, weights);
    const counts = new Map<number, number>();
    for (const weight of weights) counts.set(weight, (counts.get(weight) ?? 0) + 1);
    assert.deepEqual(
      [...counts.keys()].sort((a, b) => a - b),
      Array.from({ length: 15 }, (_, i) => i - 7),
    );
    for (const count of counts.values()) assert.ok(Math.abs(count - weights.length / 15) < 500, `${count}`);
    const last = new Int8Array(10);
    drawWeights(seed, 5, 2 * 65_536, last);
    assert.deepEqual(last, weights.slice(2 * 65_536, 2 * 65_536 + 10));
    assert.throws(() => drawWeights(seed, 5, 1, last), RangeError);
  });

  for (const [name, open] of Object.entries({
    "the engine": async (options: LoadOptions) => openSprintNetwork({ ...options, device: onnxCpu({ threads: 1 }) }),
    "the processor's kernels": async (options: LoadOptions) =>
      openProcessorNetwork({ ...options, threads: 2, way: "kernels" }),
    "the processor's products": async (options: LoadOptions) =>
      openProcessorNetwork({ ...options, threads: 2, way: "products" }),
  })) {
    it(`finds the wins of a range, tells losers among claimed ones, and gives outputs that say which, by ${name}`, async () => {
      const told: string[] = [];
      const network = await open({
        dials: EXACT_DIALS.tiny,
        seed,
        onTensor: (done, of) => told.push(`${done}/${of}`),
      });
      assert.deepEqual(told, ["1/6", "2/6", "3/6", "4/6", "5/6", "6/6"]);
      const first = 2 ** 47 - 3;
      const wins = await network.search(node, { first, count: 601 }, 20);
      assert.ok(wins.length > 10 && wins.length < 60, `${wins.length}`);
      assert.deepEqual(await network.search(node, { first, count: 0 }, 20), []);
      assert.deepEqual(await network.losers(node, wins, 20), []);
      const all = Array.from({ length: 601 }, (_, i) => first + i);
      assert.deepEqual(
        await network.losers(node, all, 20),
        all.filter((nonce) => !wins.includes(nonce)),
      );
      const outputs = await network.outputs(node, all);
      assert.deepEqual(
        all.filter((nonce, i) => isWin(node, nonce, outputs[i]!, 20)),
        wins,
      );
      for (const output of outputs) assert.ok(output.every((value) => value >= -64 && value < 64));
      await assert.rejects(network.search(node, { first: 2 ** 48 - 1, count: 2 }, 20), RangeError);
      await assert.rejects(network.outputs(node, [-1]), RangeError);
      await assert.rejects(network.losers(node, [1], 0.5), RangeError);
      await network.dispose();
    });

    it(`ends its loading by a signal, by ${name}`, async () => {
      const reason = new Error("enough");
      await assert.rejects(open({ dials: EXACT_DIALS.tiny, seed, signal: AbortSignal.abort(reason) }), reason);
    });

    it(`gives the vectors' outputs and wins, by ${name}`, () => assertVectors("tiny", open));
  }

  it("takes products only where they are as right as the kernels, tries once a size, and small layers not at all", async () => {
    const dials = { ...EXACT_DIALS.tiny, layers: 1, width: 128 };
    let asked = 0;
    const product = await openByteProduct();
    const wrong: ByteProduct = async (operands) => {
      await product(operands);
      operands.y[operands.y.length - 1]! ^= 2 ** 8;
      asked++;
    };
    assert.equal(await compareWays(dials, wrong), false);
    assert.ok(asked > 0 && asked <= 2 * dials.layers, `the trial went on for ${asked} products`);
    assert.equal(await fasterWay(EXACT_DIALS.tiny), "kernels");
    assert.equal(await fasterWay(dials), await fasterWay({ ...dials, layers: 2 }));
  });

  it("makes another network and other inputs of another seed, hotkey and nonce", () => {
    const input = (of: string, nonce: number) => {
      const values = new Int8Array(64);
      createInputs(of, EXACT_DIALS.tiny)(nonce, values, 0);
      return values;
    };
    const other = nodeSeed(new Uint8Array(32).fill(8), "2".repeat(64));
    assert.notEqual(seed, networkSeed("2".repeat(64)));
    assert.notDeepEqual(input(node, 0), input(other, 0));
    // What differs only above 32 bits.
    assert.notDeepEqual(input(node, 0), input(node, 2 ** 40));
    assert.throws(() => input(node, 2 ** 48), RangeError);
  });
});
