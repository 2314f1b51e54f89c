import { openDevice } from "#shared/engine/runtime/open-device.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Log } from "#shared/telemetry/log.js";
import { readFloats, writeFloats } from "#shared/training/checkpoint-tensors.js";
import { createShardTrainer, type LocalTrainer } from "./shard-trainer.js";
import type { FromWorker, ToWorker, WorkerClock, WorkerJob, WorkerTask } from "./worker-messages.js";

const tell = (message: FromWorker) => void process.send?.(message);

const say =
  (level: "debug" | "info" | "warn" | "error") =>
  (message: string, fields: Record<string, unknown> = {}) =>
    tell({ type: "log", level, message, fields });
const log: Log = { debug: say("debug"), info: say("info"), warn: say("warn"), error: say("error") };

let trainer: LocalTrainer | undefined;
let clock: WorkerClock = { stop: false, deadline: undefined, progress: 0 };

const open = async ({
  network,
  group,
  config,
  miner,
  replica,
  hub,
  base,
  checkpoints,
}: WorkerTask): Promise<FromWorker> => {
  trainer = await createShardTrainer(
    {
      device: await openDevice({ ...config, log }),
      network,
      group,
      config,
      hub: await readFloats(hub),
      miner,
      replica,
      keep: { dir: checkpoints, log },
    },
    await readFloats(base),
  );
  return { type: "opened" };
};

const train = async ({ cycle, model, maxSteps, base, update: file }: WorkerJob): Promise<FromWorker> => {
  const { run, update } = await trainer!.train(await readFloats(base), {
    cycle,
    ...(model !== undefined && { model }),
    ...(maxSteps !== undefined && { maxSteps }),
    stop: () => clock.stop,
    deadline: () => clock.deadline,
    progress: () => clock.progress,
    onStep: (step) => tell({ type: "step", step }),
  });
  const gained: Parameters = Object.fromEntries([...update].map(([name, t]) => [name, { dtype: "float32", ...t }]));
  await writeFloats(file, gained);
  return { type: "trained", run };
};

const answer = async (work: Promise<FromWorker>): Promise<void> => {
  try {
    tell(await work);
  } catch (thrown) {
    if (thrown instanceof BlockZeroError)
      tell({ type: "failed", code: thrown.code, message: thrown.message, hint: thrown.hint });
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
      return void answer(train(message.job));
    case "clock":
      clock = message.clock;
      return;
    case "close":
      return void close();
  }
});
// Ctrl-C reaches every process of the terminal: the miner decides when its workers end, and none outlives it.
process.on("SIGINT", () => undefined);
process.once("disconnect", () => process.exit());
