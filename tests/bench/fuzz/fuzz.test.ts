import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bombs } from "#bench/fuzz/bombs.js";
import { mutateBytes } from "#bench/fuzz/mutate.js";
import { fuzz } from "#bench/fuzz/run.js";
import { type FuzzTarget, fuzzTargets } from "#bench/fuzz/targets.js";

const targets = await fuzzTargets();

describe("every reader of what strangers send", () => {
  for (const target of targets)
    test(`${target.name}: takes what is valid, and refuses what is not without throwing`, async () => {
      for (const seed of target.seeds) assert.equal(await target.read(Uint8Array.from(seed)), "accepted");
      const { inputs, outcomes } = await fuzz(target, { seed: "test", inputs: 300 });
      const { accepted = 0 } = outcomes;
      assert.equal(
        Object.values(outcomes).reduce((sum, count) => sum + count),
        inputs,
      );
      assert.ok(accepted < inputs / 2, `${accepted} accepted`);
      assert.ok(Object.keys(outcomes).length > 1);
    });

  test("codecs are reached, not only the header before them", async () => {
    for (const [name, reasons] of [
      ["update, float32", ["not_finite", "norm", "malformed"]],
      ["update, int8", ["not_finite", "malformed"]],
      ["update, topk-2bit", ["accepted", "malformed"]],
    ] as const) {
      const { outcomes } = await fuzz(targets.find((target) => target.name === name)!, { seed: "reach", inputs: 2000 });
      for (const reason of reasons) assert.ok((outcomes[reason] ?? 0) > 0, `${name}: ${JSON.stringify(outcomes)}`);
    }
  });

  test("the largest inputs that are allowed, made to be costly, are refused", async () => {
    for (const { name, target, bytes } of bombs()) {
      const outcome = await targets.find((each) => each.name === target)!.read(bytes);
      assert.match(outcome, /^(SAFETENSORS_INVALID|refused|too_large)$/, name);
    }
  });
});

describe("fuzz", () => {
  const target = (read: FuzzTarget["read"]): FuzzTarget => ({
    name: "test",
    seeds: [Uint8Array.of(1, 2, 3, 4)],
    kinds: [mutateBytes],
    read,
  });

  test("gives the same inputs for the same seed, others for another", async () => {
    const inputsOf = async (seed: string) => {
      const all: string[] = [];
      const read = (bytes: Uint8Array) => `${all.push(Buffer.from(bytes).toString("hex")) > 0}`;
      await fuzz(target(read), { seed, inputs: 50 });
      return all;
    };
    assert.deepEqual(await inputsOf("a"), await inputsOf("a"));
    assert.notDeepEqual(await inputsOf("a"), await inputsOf("b"));
  });

  test("names the input that a reader does not survive", async () => {
    const fragile = target((bytes) => {
      if (bytes.length < 4) throw new RangeError("out of bounds");
      return "accepted";
    });
    await assert.rejects(fuzz(fragile, { seed: "a", inputs: 1000 }), {
      code: "FUZZ_DEFECT",
      message: /^test \d+ of seed a: out of bounds/,
      hint: /hex: [0-9a-f]*$/,
    });
  });
});
