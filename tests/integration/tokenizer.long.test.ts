import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { heldOutLosses, referenceBatches } from "#shared/evaluation/reference-text.js";
import { loadModel, wholeModel } from "#shared/participant/agreement/base-model.js";
import { mean } from "#shared/util/mean.js";
import { microParameters } from "../shared/model/micro.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { template } from "../support/micro-network.js";
import { liveThrough, MINERS, openPrograms } from "../support/programs.js";
import { smallTokenizer } from "../support/small-tokenizer.js";
import { openSubnet } from "../support/subnet.js";
import { openMeter } from "../support/validator.js";

describe("a subnet with a byte-pair tokenizer and isolated documents", { timeout: HANG_GUARD }, () => {
  it("learns for two cycles, and its validators agree on every bit", async (t) => {
    const model = { ...template.model, vocab_size: 2048 };
    const genesis = microParameters(model);
    const subnet = await openSubnet(t, {
      miners: [...MINERS, "observer"],
      network: {
        model,
        data: { ...template.data, tokenizer: smallTokenizer, sequences: "isolated" },
        limits: { artifact_bytes: 4 << 20 },
      },
      genesis,
    });
    const { network } = subnet;
    const programs = await openPrograms(t, subnet);
    for (const name of programs.names) await programs.start(name);
    const first = await liveThrough(subnet, programs, 1);
    const second = await liveThrough(subnet, programs, 2);
    for (const { models } of [first, second]) assert.equal(models[0], models[1]);
    assert.notEqual(second.models[0], first.models[0]);
    assert.deepEqual(programs.errors(), []);

    // Nobody has the owner's path: the tokenizer came by its hash.
    const observer = await subnet.join("observer");
    assert.equal(openTokenizer(observer.network.data).size, 2048);
    const batches = referenceBatches(observer.network, "math");
    assert.ok(batches.some(({ starts }) => starts?.some((start) => start > 0n)));
    assert.ok(batches.some(({ counted }) => counted < 16 * 8) && batches.every(({ bytes }) => bytes > 0));

    const meter = await openMeter(t, subnet);
    const untrained = (await heldOutLosses(meter, network, genesis)).math!;
    const last = wholeModel(await loadModel(observer, await observer.models.baseOf(3)));
    const trained = (await heldOutLosses(meter, network, last)).math!;
    assert.ok(trained.loss < untrained.loss, `${untrained.loss} → ${trained.loss}`);
    assert.ok(trained.bitsPerByte < untrained.bitsPerByte);
    const tokensPerByte = mean(batches.map(({ counted, bytes }) => counted / bytes));
    assert.ok(Math.abs(trained.bitsPerByte / (trained.loss * tokensPerByte) / Math.LOG2E - 1) < 0.1);
    const told = programs.measured("vera").find((values) => "val_bpb/math" in values)!;
    assert.ok(Math.abs(Number(told["val_bpb/math"]) - untrained.bitsPerByte) < 1e-6);
  });
});
