import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { groupHeldOutBatches, groupTrainingLoader } from "#datasets/group-data.js";
import { openOwnDocuments } from "#datasets/own-documents.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import type { Device } from "#shared/engine/device.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { evaluationMemory } from "#shared/evaluation/evaluation-memory.js";
import { programEnvironment } from "#shared/own-program/environment.js";
import { makeFolder, removeWhole } from "#shared/own-program/job-folder.js";
import { JOB_VARIABLE } from "#shared/own-program/job-variable.js";
import { killProcessesWith } from "#shared/own-program/processes.js";
import { programLog } from "#shared/own-program/program-log.js";
import { type ProgramEnd, type RunningProgram, runProgram, statusOf } from "#shared/own-program/run-program.js";
import { windowsBytes } from "#shared/own-program/windows-file.js";
import { hashJson } from "#shared/protocol/hash-json.js";
import type { Network } from "#shared/protocol/network.js";
import {
  type RunPlace,
  runIdentity,
  shardChoice,
  shardIdentity,
  streamSeed,
} from "#shared/shard-training/run-identity.js";
import type { HeldOut, ShardTrainer, Training, TrainOptions } from "#shared/shard-training/trainer.js";
import type { Log } from "#shared/telemetry/log.js";
import type { OpenWeights } from "#shared/training/checkpoint-tensors.js";
import { type FloatSource, inMemory } from "#shared/training/float-source.js";
import { withSignals } from "#shared/util/join-signals.js";
import { once } from "#shared/util/once.js";
import type { MinerConfig } from "../config.js";
import { folderBytes } from "./folder-bytes.js";
import { type JobPaths, jobPaths, runOfJob, writeJob } from "./job.js";
import { hasRouters, writeJobRouters } from "./job-routers.js";
import { keepShard } from "./kept-shard.js";
import { type OutputUpdate, outputFiles, pruneOutput, readOutput } from "./output.js";
import { type Progress, type ProgressReader, progressReader } from "./progress.js";
import { shardModel } from "./shard-folder.js";
import { isWithin, shardLossesInFiles, shardLossesOf } from "./shard-loss.js";
import { windowsShape, writeTrainingWindows } from "./training-windows.js";

export interface OwnTrainerOptions {
  readonly network: Network;
  readonly group: string;
  readonly config: MinerConfig;
  /** All that is not of a group; closed with the trainer. */
  readonly hub: FloatSource & Partial<Pick<OpenWeights, "close">>;
  /** As `ShardTrainerOptions.miner`. */
  readonly miner: string;
  /** A folder of its own. */
  readonly home: string;
  /** What the miner's own check of an update is computed on; opened when the first needs it. */
  readonly openDevice: () => Promise<Device>;
  /**
   * Bytes that the shard's weights may take in that check; one that takes more is measured from its files, layer by layer. By default half of this
   * machine's.
   */
  readonly memory?: number;
  readonly log: Log;
  readonly now?: () => number;
}

/** How a program's run went, for whoever writes one. */
export interface OwnRun {
  readonly end: ProgramEnd;
  readonly progress: Progress;
  /** The last lines that were not progress. */
  readonly tail: readonly string[];
  /** What is wrong with the checkpoints that were passed over. */
  readonly refused: readonly BlockZeroError[];
  /** The step of the newest checkpoint that can be used, and what it gained; null without one. */
  readonly step: number | null;
  readonly output: OutputUpdate | null;
  /** What was being written when training was over, before the program was started. */
  readonly unwritten?: Unwritten;
}

/** A trainer that leaves the training to an operator's own program: docs/own-trainer.md is the contract. */
export interface OwnTrainer extends ShardTrainer {
  /** Runs the program once, and says how it went. */
  run(base: FloatSource, options: TrainOptions): Promise<OwnRun>;
}

/** How often the program's time, files and disk are looked at. */
const TICK_MS = 200;
const TICKS_PER_LOOK = 10;

/** Share of the time there is that a program gets at most to end in. */
const GRACE_SHARE = 0.2;

const GIB = 2 ** 30;

/** Removes a job that a miner which had such a program left, and ends what of it still runs. */
export const removeOwnTrainer = async (home: string): Promise<void> => {
  killProcessesWith(markOf(jobPaths(join(resolve(home), JOB))));
  await removeWhole(home);
};

const JOB = "job";

const markOf = ({ document }: JobPaths): string => `${JOB_VARIABLE}=${document}`;

/** @throws BlockZeroError TRAINER_SHARD_UNEVEN, CONFIG_INVALID_VALUE */
export const openOwnTrainer = async (options: OwnTrainerOptions): Promise<OwnTrainer> => {
  const { network, group, config, hub, miner, log, now = Date.now } = options;
  const { memory = evaluationMemory(0) } = options;
  // The program runs in another folder, where a relative path would lead elsewhere.
  const home = resolve(options.home);
  const { command = [], environment, grace_seconds: graceSeconds, disk_gib: diskGib } = config.trainer;
  const openDevice = once(options.openDevice);
  const env = { ...programEnvironment(process.env, environment), PYTHONUNBUFFERED: "1" };
  const place: RunPlace = { network, group, config, miner, replica: 0 };
  // Refused now rather than in every cycle.
  const shard = shardModel(network, group);
  refuseManyWindows(config, network);
  const paths = jobPaths(join(home, JOB));
  const state = await openState(home, shardIdentity(place));
  // A miner that was killed could not end them.
  if (killProcessesWith(markOf(paths)) > 0)
    log.warn("a trainer's program of an earlier miner still ran, and was ended");
  const own =
    config.data_path === undefined
      ? undefined
      : { source: openOwnDocuments(config.data_path, openTokenizer(network.data)), share: config.data_weight };

  const over = new AbortController();
  let measuring: Promise<unknown> = Promise.resolve();

  /** @returns the windows of text that are there, or what was being written when training was over */
  const prepare = async (base: FloatSource, options: TrainOptions, run: string): Promise<number | Unwritten> => {
    const { cycle, frozen, stop, maxSteps = config.max_steps } = options;
    const { batch_size: batchSize } = config;
    const shape = windowsShape(config, network, maxSteps);
    const { count } = shape;
    if (runOfJob(paths) === run) return count;
    if (stop()) return "shard";
    await removeWhole(paths.dir);
    await makeFolder(paths.dir);
    await makeFolder(paths.output);
    if (!(await keepShard(paths, place, { hub, own: base, frozen }, stop))) return "shard";
    if (hasRouters(place)) await writeJobRouters(paths.routers, place, hub);
    const loader = groupTrainingLoader(network, group, {
      batchSize,
      seed: streamSeed(place, cycle),
      own,
      shards: shardChoice(place, cycle),
    });
    const isWhole = await writeTrainingWindows(paths.windows, loader, { ...shape, batchSize, stop });
    return isWhole ? count : "text";
  };

  const run = async (base: FloatSource, options: TrainOptions): Promise<OwnRun> => {
    const { cycle, model = "", maxSteps = config.max_steps, deadline = () => undefined } = options;
    const identity = hashJson({ run: runIdentity(place, cycle, model), command, maxSteps });
    const isResumed = runOfJob(paths) === identity;
    const windows = await prepare(base, options, identity);
    if (typeof windows === "string") return { ...NOT_STARTED, unwritten: windows };
    const end = deadline();
    const left = end === undefined ? Number.POSITIVE_INFINITY : Math.max(0, end - now());
    const graceMs = Math.min(1000 * graceSeconds, GRACE_SHARE * left);
    await writeJob(paths, {
      place,
      cycle,
      model,
      run: identity,
      isResumed,
      maxSteps,
      windows,
      deadline: end === undefined ? null : Math.round(end - graceMs),
      graceMs,
      state,
    });
    if (isResumed) log.info("the trainer's job of before is taken up", { cycle });
    return supervise(base, { ...options, deadline }, graceMs);
  };

  const supervise = async (
    base: FloatSource,
    { stop, deadline, onStep }: TrainOptions & Required<Pick<TrainOptions, "deadline">>,
    graceMs: number,
  ): Promise<OwnRun> => {
    const said = programLog(log, "trainer");
    const reader: ProgressReader = progressReader(log, (step) => onStep?.(step), now);
    const program = await runProgram({
      command,
      cwd: paths.dir,
      env,
      mark: { name: JOB_VARIABLE, value: paths.document },
      onLine: (line, isCut) => void (reader.read(line, isCut) || said.say(line)),
      onError: said.say,
    });
    const disk = watchDisk(paths, state, diskGib * GIB);
    const ticking = setInterval(() => tick(program, { stop, deadline, graceMs, now }), TICK_MS);
    const looking = setInterval(() => void disk.look(program), TICKS_PER_LOOK * TICK_MS);
    let ended: ProgramEnd;
    try {
      ended = await program.ended;
    } finally {
      clearInterval(ticking);
      clearInterval(looking);
    }
    await disk.settled();
    if (disk.overrun !== null) log.warn("the trainer's program was ended", disk.overrun);
    return { end: ended, progress: reader.progress, tail: said.tail, ...(await newestGood(paths, base, log)) };
  };

  const train = async (base: FloatSource, options: TrainOptions): Promise<Training> => {
    // A miner that starts too late, or is being stopped, has written no text that fewer steps would shorten.
    const wasOver = options.stop();
    const done = await run(base, options);
    const { end, progress, tail, step, output, unwritten } = done;
    if (unwritten !== undefined) {
      if (!wasOver)
        log.warn(`the trainer's program was not started: training was over before its ${unwritten} was written`, {
          code: "TRAINER_NO_CHECKPOINT",
          ...(unwritten === "text" && { windows: windowsShape(config, network, options.maxSteps).count }),
          prevention: PREVENTIONS[unwritten],
        });
      return { run: NO_STEPS, update: inMemory({}) };
    }
    if (end.code !== 0 && !end.wasStopped)
      log.warn("the trainer's program failed", { code: "TRAINER_FAILED", status: statusOf(end), says: tail.slice(-3) });
    if (step === null || output === null) throw noCheckpoint(done);
    const { firstLoss, lastLoss } = progress;
    const tokens = output.tokens ?? progress.tokensAt(step);
    return { run: { steps: step, tokens, skipped: 0, spikes: 0, firstLoss, lastLoss }, update: output.update };
  };

  const losses = async (weights: FloatSource, heldOut: HeldOut, signal: AbortSignal): Promise<readonly number[]> => {
    const batches = groupHeldOutBatches(network, group, { ...heldOut, batchSize: config.batch_size });
    const device = await openDevice();
    const measured = { weights, batches, data: network.data, signal };
    return isWithin(memory, shard)
      ? shardLossesOf(device, paths.shard, shard, measured)
      : shardLossesInFiles(device, paths.shard, shard, { ...measured, folder: home });
  };

  return {
    run,
    train,
    losses: (weights: FloatSource, heldOut: HeldOut) => {
      const done = withSignals([over.signal, heldOut.signal], (signal) => losses(weights, heldOut, signal));
      measuring = done.catch(() => undefined);
      return done;
    },
    dispose: async () => {
      over.abort(new BlockZeroError("STOPPED", "the trainer was closed before a check's end", "start the miner again"));
      await measuring;
      await hub.close?.();
    },
  };
};

/** All of a cycle's text is written before the program starts. @throws BlockZeroError CONFIG_INVALID_VALUE */
const refuseManyWindows = (config: MinerConfig, network: Network): void => {
  const gib = windowsBytes(windowsShape(config, network)) / GIB;
  const { disk_gib: most } = config.trainer;
  if (gib > most)
    throw new BlockZeroError(
      "CONFIG_INVALID_VALUE",
      `max_steps × gradient_accumulation_steps × batch_size makes ${gib.toFixed(1)} GiB of text a cycle, trainer.disk_gib is ${most}`,
      "set max_steps to the steps that the program takes in a cycle",
    );
};

const NO_STEPS = { steps: 0, tokens: 0, skipped: 0, spikes: 0, firstLoss: Number.NaN, lastLoss: Number.NaN };

/** Of a run that was over before its program was started. */
const NOT_STARTED: OwnRun = {
  end: { code: 0, signal: null, wasStopped: true },
  progress: {
    lines: 0,
    invalid: 0,
    dropped: 0,
    last: undefined,
    firstLoss: Number.NaN,
    lastLoss: Number.NaN,
    tokensAt: () => 0,
  },
  tail: [],
  refused: [],
  step: null,
  output: null,
};

/** What a program is started with, where it was not written in time. */
type Unwritten = "shard" | "text";

const PREVENTIONS: Readonly<Record<Unwritten, string>> = {
  shard: "a faster disk for checkpoint_dir, or a network with a longer train phase",
  text: "lower max_steps",
};

/** The program's folder for what it keeps from cycle to cycle; those of other shards go. */
const openState = async (home: string, shard: string): Promise<string> => {
  const name = `state-${shard.slice(0, 16)}`;
  await makeFolder(home);
  await makeFolder(join(home, name));
  for (const other of await readdir(home))
    if (other.startsWith("state-") && other !== name) await removeWhole(join(home, other));
  return join(home, name);
};

interface Clock extends Required<Pick<TrainOptions, "stop" | "deadline">> {
  readonly graceMs: number;
  readonly now: () => number;
}

const tick = (program: RunningProgram, { stop, deadline, graceMs, now }: Clock): void => {
  const end = deadline();
  const left = end === undefined ? Number.POSITIVE_INFINITY : end - now();
  if (left <= graceMs) program.stop(Math.max(0, left));
  else if (stop()) program.stop(graceMs);
};

/** Keeps what a program writes within a bound: old checkpoints go, and a program that goes on writing is ended. */
const watchDisk = ({ dir, shard, windows, routers, output }: JobPaths, state: string, limit: number) => {
  let overrun: { readonly code: "TRAINER_DISK"; readonly bytes: number; readonly limit: number } | null = null;
  let looking: Promise<void> | undefined;
  const ours = folderBytes([shard]);
  const look = async (program: RunningProgram): Promise<void> => {
    await pruneOutput(output);
    const bytes = (await folderBytes([dir, state, shard])) - (await ours) - (await folderBytes([windows, routers]));
    if (bytes <= limit || overrun !== null) return;
    overrun = { code: "TRAINER_DISK", bytes, limit };
    program.stop(0);
  };
  return {
    look: (program: RunningProgram) => {
      looking ??= look(program).finally(() => {
        looking = undefined;
      });
      return looking;
    },
    settled: async () => looking,
    get overrun() {
      return overrun;
    },
  };
};

/** The newest checkpoint that can be used; of each newer one what is wrong with it. */
const newestGood = async (
  { output: dir }: JobPaths,
  base: FloatSource,
  log: Log,
): Promise<Pick<OwnRun, "refused" | "step" | "output">> => {
  const refused: BlockZeroError[] = [];
  for (const file of await outputFiles(dir)) {
    try {
      return { refused, step: file.step, output: await readOutput(file, base) };
    } catch (thrown) {
      if (!(thrown instanceof BlockZeroError)) throw thrown;
      refused.push(thrown);
      log.warn("a checkpoint of the trainer is passed over", {
        code: thrown.code,
        reason: thrown.message,
        prevention: thrown.hint,
      });
    }
  }
  return { refused, step: null, output: null };
};

const noCheckpoint = ({ end, refused, tail }: OwnRun) => {
  const [newest] = refused;
  if (newest) return new BlockZeroError("TRAINER_NO_CHECKPOINT", newest.message, newest.hint);
  const lastLine = tail.at(-1);
  return new BlockZeroError(
    "TRAINER_NO_CHECKPOINT",
    `the trainer's program left no checkpoint (${statusOf(end)}${lastLine === undefined ? "" : `; it last said: ${lastLine}`})`,
    "write output/experts-STEP.safetensors now and then; `blockzero-miner trainer check` tries the program",
  );
};
