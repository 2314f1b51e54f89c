import assert from "node:assert/strict";
import { join } from "node:path";
import { it } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { writeCheckpoint } from "#shared/model/checkpoint.js";
import { initialParameters } from "#shared/model/init.js";
import { upcycledConfig } from "#shared/model/upcycle.js";
import { upcycle } from "#shared/training/upcycle.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { denseMicro, device } from "#tests/shared/model/micro.js";
import { template } from "#tests/support/micro-network.js";

it("a dense checkpoint becomes no other model than the template's, and this is said before anything is trained", async (t) => {
  const dense = denseMicro("llama");
  const dir = join(temporaryFolder(t), "dense");
  await writeCheckpoint(dir, dense, initialParameters(dense, createRandom("dense")));
  const model = upcycledConfig(dense, { experts: 4, perToken: 1 });
  const how = { device, seed: "0", steps: 1, batchSize: 1, learningRate: 0.1, signal: new AbortController().signal };
  const into = (model: typeof dense, experts: number) =>
    upcycle({ dir, experts, perToken: 1 }, { ...how, network: { ...template, model } });
  await assert.rejects(into({ ...model, hidden_size: 64 }, 4), {
    code: "CHECKPOINT_MISMATCH",
    message: /dense, upcycled, does not fit the network template: hidden_size is \d+, the network template says 64/,
  });
  await assert.rejects(into(model, 2), { code: "CHECKPOINT_MISMATCH", message: /num_experts is 2, .* says 4/ });
});
