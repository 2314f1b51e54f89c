import type { Device } from "#shared/engine/device.js";
import { openDevice } from "#shared/engine/runtime/open-device.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { expectedFault } from "#shared/errors/file-fault.js";
import type { Log } from "#shared/telemetry/log.js";
import { type OpenWeights, openFloats, writeFloats } from "#shared/training/checkpoint-tensors.js";
import { createShardTrainer } from "../shard-trainer.js";
import type { ShardTrainer } from "../trainer.js";
import type { FromWorker, MeasureJob, ToWorker, WorkerClock, WorkerJob, WorkerTask } from "./worker-messages.js";

const tell = (message: FromWorker) => void process.send?.(message);

const say =
  (level: "debug" | "info" | "warn" | "error") =>
  (message: string, fields: Record<string, unknown> = {}) =>
    tell({ type: "log", level, message, fields });
const log: Log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };

let device: Device | undefined;
let trainer: ShardTrainer | undefined;
/** Of the last training. A step by layers reads them until the next begins. */
let frozen: OpenWeights | undefined;
let clock: WorkerClock = { stop: false, isOver: false, deadline: undefined, progress: 0 };
/** Of the training or measurement under way. */
let over = new AbortController();

const open = async ({ hub, device: choice, checkpoints, ...task }: WorkerTask): Promise<FromWorker> => {
  await trainer?.dispose();
  trainer = undefined;
  device ??= await openDevice({ device: choice, threads: task.config.threads, log });
  trainer = await createShardTrainer({
    ...task,
    device,
    hub: await openFloats(hub),
    ...(checkpoints && { keep: { ...checkpoints, log } }),
  });
  return { type: "opened" };
};

const train = async ({
  cycle,
  model,
  maxSteps,
  frozen: others,
  base: file,
  update: result,
}: WorkerJob): Promise<FromWorker> => {
  const base = await openFloats(file);
  const before = frozen;
  frozen = others === undefined ? undefined : await openFloats(others);
  try {
    const { run, update } = await trainer!.train(base, {
      cycle,
      frozen,
      ...(model !== undefined && { model }),
      ...(maxSteps !== undefined && { maxSteps }),
      stop: () => clock.stop,
      signal: over.signal,
      deadline: () => clock.deadline,
      progress: () => clock.progress,
      onStep: (step) => tell({ type: "step", step }),
    });
    await writeFloats(result, update);
    return { type: "trained", run };
  } finally {
    await before?.close();
    await base.close();
  }
};

const measure = async ({ weights: file, ...heldOut }: MeasureJob): Promise<FromWorker> => {
  const { signal } = over;
  const weights = await openFloats(file);
  try {
    return { type: "measured", losses: await trainer!.losses(weights, { ...heldOut, signal }) };
  } finally {
    await weights.close();
  }
};

const answer = async (work: Promise<FromWorker>): Promise<void> => {
  try {
    tell(await work);
  } catch (thrown) {
    const expected = expectedFault(thrown);
    if (expected) tell({ type: "failed", code: expected.code, message: expected.message, hint: expected.hint });
    else tell({ type: "failed", code: "INTERNAL", message: reasonOf(thrown), hint: "please report this" });
  }
};

const close = async (): Promise<void> => {
  await trainer?.dispose();
  process.exit();
};

process.on("message", (message: ToWorker) => {
  switch (message.type) {
    case "open":
      return void answer(open(message.task));
    case "train":
      clock = message.clock;
      over = new AbortController();
      return void answer(train(message.job));
    case "measure":
      over = new AbortController();
      return void answer(measure(message.job));
    case "clock":
      clock = message.clock;
      if (clock.isOver)
        over.abort(
          new BlockZeroError("STOPPED", "what was under way is not wanted any longer", "see the program's log"),
        );
      return;
    case "close":
      return void close();
  }
});
// Ctrl-C reaches every process of the terminal: the program decides when its workers end, and none outlives it.
process.on("SIGINT", () => undefined);
process.once("disconnect", () => process.exit());
