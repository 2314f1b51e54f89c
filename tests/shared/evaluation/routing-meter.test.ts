import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { createRoutingMeter, meanRelevance, type RoutingMeterOptions } from "#shared/evaluation/routing-meter.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import {
  device,
  floatsOf,
  integersOf,
  MICRO,
  microIds,
  microParameters,
  relativeError,
  runForward,
} from "../model/micro.js";
import { placed } from "./layers/material.js";

const parameters = microParameters();
const sequenceLength = 8;

/** Gate shares and selections of each expert, counted one token after the other. */
const counted = async (ids: readonly number[], layer: number) => {
  const results = await runForward({ parameters, ids, shape: { batchSize: 1, sequenceLength: ids.length } });
  const probabilities = floatsOf(results[`probabilities.${layer}`]);
  const chosen = integersOf(results[`chosen.${layer}`]);
  const gate = new Array<number>(MICRO.num_experts).fill(0);
  const selected = new Array<number>(MICRO.num_experts).fill(0);
  for (let token = 0; token < ids.length; token++) {
    const picks = chosen.slice(token * 2, token * 2 + 2);
    const of = (expert: number) => probabilities[token * MICRO.num_experts + expert]!;
    const mass = of(picks[0]!) + of(picks[1]!);
    for (const expert of picks) {
      gate[expert]! += of(expert) / mass / ids.length;
      selected[expert]! += 1 / 2 / ids.length;
    }
  }
  return { gate, selected };
};

describe("a routing meter", () => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-routing-"));
  after(() => rmSync(folder, { recursive: true }));

  it("measures the same, bit for bit, of a model in files, and of rows that memory has no room for at once", async () => {
    const rows = ["a", "b", "c", "d", "e"].map((seed) => microIds(8, seed));
    const measured = async (given: Partial<RoutingMeterOptions>) => {
      const options = { batchSize: 2, sequenceLength, model: async () => parameters, ...given };
      const meter = createRoutingMeter(device, MICRO, options);
      return meter.measure(rows).finally(() => meter.dispose());
    };
    const expected = await measured({});
    const places = placed(parameters, "F32", join(folder, "model"));
    assert.deepEqual(await measured({ model: async () => places }), expected);
    for (const memory of [1, 4 * 16 * MICRO.hidden_size * 2]) assert.deepEqual(await measured({ memory }), expected);
  });

  it("ends with its signal", async () => {
    const over = AbortSignal.abort(new Error("not wanted any more"));
    const options = { batchSize: 2, sequenceLength, model: async () => parameters, signal: over };
    const meter = createRoutingMeter(device, MICRO, options);
    await assert.rejects(meter.measure([microIds(8, "a")]), /not wanted any more/);
    await meter.dispose();
  });

  it("is refused where there are no routers, before any of the model is read", () => {
    const dense: ModelConfig = {
      ...MICRO,
      model_type: "llama",
      intermediate_size: 8,
      num_experts: 0,
      num_experts_per_tok: 0,
      moe_intermediate_size: 0,
    };
    const model = () => assert.fail("reads the model");
    const open = () => createRoutingMeter(device, dense, { batchSize: 2, sequenceLength, model });
    assert.throws(open, { code: "MODEL_DENSE", message: /Llama/ });
  });

  it("gives of each row what its own tokens come to, however short it is", async () => {
    const rows = [microIds(8, "first"), microIds(5, "second"), microIds(8, "third")];
    const meter = createRoutingMeter(device, MICRO, { batchSize: 2, sequenceLength, model: async () => parameters });
    try {
      const measured = await meter.measure(rows);
      assert.deepEqual(meter.layers, [0, 1]);
      for (const [i, ids] of rows.entries())
        for (const layer of [0, 1]) {
          const { gate, selected } = await counted(ids, layer);
          assert.equal(measured[i]!.tokens, ids.length);
          assert.ok(relativeError(measured[i]!.gate[layer]!, gate) < 1e-5);
          assert.ok(relativeError(measured[i]!.selected[layer]!, selected) < 1e-5);
        }
      const mean = meanRelevance(measured, "selected");
      for (const layer of mean) assert.ok(Math.abs(layer.reduce((sum, part) => sum + part) - 1) < 1e-6);
      const [first] = await counted(rows[0]!, 0).then(({ selected }) => selected);
      const [second] = await counted(rows[1]!, 0).then(({ selected }) => selected);
      const [third] = await counted(rows[2]!, 0).then(({ selected }) => selected);
      assert.ok(Math.abs(mean[0]![0]! - (8 * first! + 5 * second! + 8 * third!) / 21) < 1e-6);
    } finally {
      await meter.dispose();
    }
  });
});
