import { createHash } from "node:crypto";
import { watch } from "node:fs";
import { CHECKPOINT_SHARE } from "#shared/shard-training/checkpoint-runs.js";
import { inMemory } from "#shared/training/float-source.js";
import { collectingLog } from "../shared/chain/support.js";
import { trained } from "../support/trained.js";
import { base, configOf, openTrainer } from "./micro-shard.js";

// A process that trains the micro shard, says every step as it is taken, and what came of it in the end. Its arguments: the
// number of steps, micro-batches a step, a folder for a checkpoint after every step; and, where it is to be killed, after which
// step, and after how many changes of that folder, of which a checkpoint makes several.

const [steps, accumulation, dir, killAt, changes] = process.argv.slice(2);
const config = configOf({
  warmup_steps: 3,
  max_steps: Number(steps),
  gradient_accumulation_steps: Number(accumulation),
});

/** Whole lines, written before the call returns: what is said stays said when the process is killed. */
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);

const dieAfter = (left: number): void => {
  const die = () => process.kill(process.pid, "SIGKILL");
  if (left === 0) die();
  watch(dir!, { persistent: false }, () => --left === 0 && die());
};

const { log } = collectingLog();
// A millisecond passes whenever somebody looks, and in a step as long as one checkpoint keeps off the next, so that one is due after every step.
let time = 0;
const trainer = await openTrainer(config, {
  keep: { dir: dir!, intervalSeconds: 0.001, log },
  now: () => time++,
});
const { run, update } = await trained(
  trainer.train(inMemory(base), {
    cycle: 1,
    model: "a".repeat(64),
    stop: () => false,
    // Known and far ahead, as a living chain's is: then only a measured pace lets a step have all its micro-batches.
    deadline: () => 1e9,
    onStep: ({ step, loss }) => {
      time += 2 / CHECKPOINT_SHARE;
      say({ step, loss });
      if (`${step}` === killAt) dieAfter(Number(changes));
    },
  }),
);
await trainer.dispose();

const hash = createHash("sha256");
for (const [name, { data }] of [...update].sort(([a], [b]) => (a < b ? -1 : 1)))
  hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
say({ run, hash: hash.digest("hex") });
