import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, it, type TestContext } from "node:test";
import { Worker } from "node:worker_threads";
import { createRandom } from "#shared/data/random.js";
import { createSketcher } from "#shared/independence/count-sketch.js";
import type { SketchStep } from "#shared/independence/sketch-thread.js";
import { openSketching } from "#shared/independence/sketching.js";
import { HANG_GUARD } from "../../support/hang-guard.js";

const SEEDS = ["5".repeat(64), "a".repeat(64)] as const;

/** As a reader gives them: all in the same memory. */
async function* inOneMemory(tensors: readonly Float32Array[]) {
  const memory = new Float32Array(Math.max(...tensors.map(({ length }) => length)));
  for (const data of tensors) {
    memory.set(data);
    yield memory.subarray(0, data.length);
  }
}

const open = (t: TestContext) => {
  const sketching = openSketching();
  t.after(() => sketching.close());
  return sketching;
};

describe("sketches on a thread of their own", { timeout: HANG_GUARD }, () => {
  const random = createRandom("sketches");
  const tensors = [3, (1 << 20) + 7, 0, 1000].map((length) => Float32Array.from({ length }, () => random.next() - 0.5));

  it("are those of this thread, whatever a tensor's size, also after one that was given up", async (t) => {
    const sketching = open(t);
    async function* broken() {
      yield tensors[3]!;
      throw new TypeError("not readable");
    }
    for (const seed of SEEDS) {
      await assert.rejects(sketching.sketch(seed, broken()), /not readable/);
      assert.deepEqual(await sketching.sketch(seed, inOneMemory(tensors)), createSketcher(seed)(tensors));
    }
  });

  it("get the memory of their elements back from the thread", async (t) => {
    const thread = new Worker(new URL("../../../shared/independence/sketch-thread.js", import.meta.url));
    t.after(() => thread.terminate());
    const ask = async (step: SketchStep, moved: readonly ArrayBuffer[] = []) => {
      thread.postMessage(step, moved);
      const [answer] = await once(thread, "message");
      return answer as Float32Array | null;
    };
    assert.equal(await ask({ kind: "begin", seed: SEEDS[0] }), null);
    const elements = tensors[3]!.slice();
    assert.deepEqual(await ask({ kind: "add", elements }, [elements.buffer]), tensors[3]);
    assert.equal(elements.length, 0, "it was moved");
    assert.deepEqual(await ask({ kind: "end" }), createSketcher(SEEDS[0])([tensors[3]!]));
  });

  it("end with the thread", async (t) => {
    const sketching = open(t);
    async function* ended() {
      yield tensors[0]!;
      await sketching.close();
      yield tensors[3]!;
    }
    await assert.rejects(sketching.sketch(SEEDS[0], ended()), { code: "SKETCH_FAILED" });
    await assert.rejects(sketching.sketch(SEEDS[0], inOneMemory(tensors)), { code: "SKETCH_FAILED" });
  });
});
