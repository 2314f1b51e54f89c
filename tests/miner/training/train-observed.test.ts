import assert from "node:assert/strict";
import { it } from "node:test";
import { trainObserved } from "#miner/training/train-observed.js";
import { inMemory } from "#shared/training/float-source.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { openMiner } from "#tests/support/miner.js";
import { openSubnet } from "#tests/support/subnet.js";
import { genesisBase } from "#tests/support/updates.js";

const STEPS = 40;

it("a training that diverges has two lines in the log: its first skipped step, and a summary with advice", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t);
  const ann = await openMiner(t, subnet, "ann");
  await subnet.to(subnet.window(1, "train").start);
  const train: typeof ann.trainer.train = (base, options) => {
    for (let step = 1; step <= STEPS; step++)
      options.onStep?.({
        step,
        loss: Number.NaN,
        learningRate: 5,
        gradNorm: Number.NaN,
        skipped: true,
        spike: false,
        replica: 0,
      });
    return ann.trainer.train(base, { ...options, onStep: () => {}, maxSteps: 1 });
  };
  const base = { hash: subnet.modelHash, weights: inMemory(genesisBase(subnet).group("math")), frozen: undefined };
  await trainObserved({ ...ann, trainer: { ...ann.trainer, train } }, 1, base);
  const warned = ann.participant.lines.filter(({ level }) => level === "warn");
  assert.deepEqual(
    warned.map(({ message, fields }) => [message, fields.step ?? fields.firstSkipped, fields.skipped]),
    [
      ["step skipped: the loss or its gradient is not finite", 1, undefined],
      ["steps were skipped", 1, STEPS],
    ],
  );
  assert.match(String(warned[1]!.fields.prevention), /lower learning_rate or raise warmup_steps/);
});
