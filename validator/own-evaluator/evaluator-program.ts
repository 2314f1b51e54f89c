import { join, resolve } from "node:path";
import { z } from "zod";
import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import { openTokenizer } from "#shared/data/open-tokenizer.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import { createCheckpoint } from "#shared/model/checkpoint-writer.js";
import { inMemory, type ModelTensors } from "#shared/model/model-tensors.js";
import { programEnvironment } from "#shared/own-program/environment.js";
import { makeFolder, removeWhole, writeDocument } from "#shared/own-program/job-folder.js";
import { JOB_VARIABLE } from "#shared/own-program/job-variable.js";
import { killProcessesWith } from "#shared/own-program/processes.js";
import { programLog } from "#shared/own-program/program-log.js";
import { type RunningProgram, runProgram, statusOf } from "#shared/own-program/run-program.js";
import { createWindowsFile } from "#shared/own-program/windows-file.js";
import { hashOf } from "#shared/participant/agreement/base-model.js";
import { modelConfigOf, type Network } from "#shared/protocol/network.js";
import type { Log } from "#shared/telemetry/log.js";
import { fromFloats } from "#shared/tensor-files/float32.js";
import { writeSafetensorsFile } from "#shared/tensor-files/safetensors-writer.js";
import { onAbort } from "#shared/util/on-abort.js";

/** Version of the contract in docs/own-evaluator.md. */
const CONTRACT_VERSION = 1;

/** Parts of the evaluate phase for an answer: where the program is given another model, which it must read first, and elsewhere. What is left is for measuring here. */
const MODEL_SHARE = 1 / 2;
const ANSWER_SHARE = 1 / 4;

/** Bytes of an answer. */
const ANSWER_BYTES = 1 << 20;

export interface EvaluatorProgramOptions {
  readonly network: Network;
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly timeoutSeconds: number;
  /** Does work with a signal that aborts when such a part of the evaluate phase has passed: a request's time is then over, whatever `timeoutSeconds` is. */
  readonly withinPhase: <T>(share: number, work: (late: AbortSignal) => Promise<T>) => Promise<T>;
  /** A folder of its own. */
  readonly home: string;
  readonly log: Log;
}

/** An operator's own program that measures losses, one request at a time, for as long as this process lives. */
export interface EvaluatorProgram {
  /**
   * Mean loss of each batch, nats; NaN for one that is not finite.
   *
   * @param change  names of the tensors that an update replaces, and the update; null for the model itself
   * @param signals end a request that the program was not given yet; what it was given it answers all the same
   * @throws BlockZeroError EVALUATOR_FAILED, OWN_PROGRAM_NOT_STARTED, and what writing its files throws; a signal's reason
   */
  losses(
    model: ModelTensors,
    change: FloatTensors | null,
    batches: readonly Batch[],
    signals?: readonly AbortSignal[],
  ): Promise<readonly number[]>;
  close(): Promise<void>;
}

const answerSchema = z.object({ id: z.int(), losses: z.array(z.number().nullable()) });

/** Removes the folder of a program that an earlier process had, and ends what of it still runs. @throws BlockZeroError FILE_UNWRITABLE */
export const removeEvaluator = async (home: string): Promise<void> => {
  killProcessesWith(`${JOB_VARIABLE}=${documentOf(resolve(home))}`);
  await removeWhole(home);
};

const documentOf = (home: string): string => join(home, "job.json");

/** Removes what an earlier process left, and prepares the folder; the program is started at the first request. */
export const openEvaluatorProgram = async (options: EvaluatorProgramOptions): Promise<EvaluatorProgram> => {
  const { network, command, environment, timeoutSeconds, withinPhase, log } = options;
  const home = resolve(options.home);
  const document = documentOf(home);
  await removeEvaluator(home);
  await makeFolder(home);
  const env = { ...programEnvironment(process.env, environment), PYTHONUNBUFFERED: "1" };
  const said = programLog(log, "evaluator");
  let waiting:
    | { readonly id: number; readonly settle: (answer: readonly number[] | BlockZeroError) => void }
    | undefined;
  let program: Promise<RunningProgram> | undefined;
  // Why no program answers any more.
  let over: BlockZeroError | undefined;
  let written: ModelTensors | string | undefined;
  let models = 0;
  let requests = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const hear = (line: string, isCut: boolean): void => {
    if (!line.startsWith("{")) {
      said.say(line);
      return;
    }
    const request = waiting;
    waiting = undefined;
    if (request === undefined) {
      // One that goes on would take this process's time.
      finish("it answered what nobody asked");
      void program?.then((running) => running.stop(0));
      return;
    }
    const answer = isCut ? "its answer is too long" : parse(line);
    if (typeof answer === "string") request.settle(failed(answer));
    else if (answer.id !== request.id)
      request.settle(failed(`it answered request ${answer.id} instead of ${request.id}`));
    else request.settle(answer.losses.map((loss) => loss ?? Number.NaN));
  };

  const start = async (): Promise<RunningProgram> => {
    await writeDocument(document, jobOf(network));
    const running = await runProgram({
      command,
      cwd: home,
      env,
      mark: { name: JOB_VARIABLE, value: document },
      lineBytes: ANSWER_BYTES,
      onLine: hear,
      onError: said.say,
    });
    void running.ended.then((end) => {
      const last = said.tail.at(-1);
      finish(`it ended (${statusOf(end)}${last === undefined ? "" : `; it last said: ${last}`})`);
    });
    return running;
  };

  const finish = (why: string): void => {
    over ??= failed(why);
    waiting?.settle(over);
  };

  const refuseIfOver = (): void => {
    if (over) throw over;
  };

  const ask = async (
    late: AbortSignal,
    model: ModelTensors,
    change: FloatTensors | null,
    batches: readonly Batch[],
    refuse: () => void,
  ): Promise<readonly number[]> => {
    const id = ++requests;
    const paths = { model: join(home, "model"), windows: join(home, `windows-${id}.safetensors`) };
    const changed = change && join(home, `change-${id}.safetensors`);
    refuseIfOver();
    try {
      if (written !== identityOf(model)) {
        written = undefined;
        await writeModel(paths.model, network, model, () => {
          refuseIfOver();
          refuse();
          if (late.aborted) throw tooLate();
        });
        written = identityOf(model);
        models++;
      }
      await writeBatches(paths.windows, batches);
      if (changed) await writeChange(changed, model, change);
      // It may have ended, or been closed, while the files were written.
      refuseIfOver();
      program ??= start();
      const running = await program;
      refuseIfOver();
      refuse();
      const rows = batches[0]!.batchSize;
      const request = { id, ...paths, model_version: models, change: changed, rows_per_loss: rows };
      const losses = await answerWithin(timeoutSeconds, late, (settle) => {
        waiting = { id, settle };
        running.tell(JSON.stringify(request));
      });
      if (losses.length !== batches.length)
        throw failed(`it gave ${losses.length} losses for ${batches.length} batches`);
      return losses;
    } finally {
      waiting = undefined;
      await removeWhole(paths.windows);
      if (changed) await removeWhole(changed);
    }
  };

  return {
    losses(model, change, batches, signals = []) {
      const refuse = () => refuseIfAborted(signals);
      const asked = turn.then(() => {
        refuse();
        return withinPhase(written === identityOf(model) ? ANSWER_SHARE : MODEL_SHARE, (late) =>
          ask(late, model, change, batches, refuse),
        );
      });
      turn = asked.catch(() => undefined);
      return asked;
    },
    async close() {
      finish("it was closed");
      await turn;
      const running = await program?.catch(() => undefined);
      running?.stop(0);
      await running?.ended;
      await removeWhole(home);
    },
  };
};

/** @throws a signal's reason */
export const refuseIfAborted = (signals: readonly AbortSignal[]): void => {
  for (const signal of signals) signal.throwIfAborted();
};

/** What another object of the same model has too, where it is known. */
const identityOf = (model: ModelTensors): ModelTensors | string => hashOf(model) ?? model;

const jobOf = ({ name, data }: Network): object => ({
  contract: CONTRACT_VERSION,
  network: name,
  sequence_length: data.sequence_length,
  isolated: data.sequences === "isolated",
});

const answerWithin = (
  seconds: number,
  late: AbortSignal,
  ask: (settle: (answer: readonly number[] | BlockZeroError) => void) => void,
): Promise<readonly number[]> =>
  new Promise((resolve, reject) => {
    const settle = (answer: readonly number[] | BlockZeroError): void => {
      clearTimeout(timer);
      heard();
      if (answer instanceof BlockZeroError) reject(answer);
      else resolve(answer);
    };
    const timer = setTimeout(() => settle(failed(`no answer in ${seconds} s`)), 1000 * seconds);
    let heard = (): void => undefined;
    heard = onAbort(late, () => settle(tooLate()));
    ask(settle);
  });

const parse = (line: string): z.infer<typeof answerSchema> | string => {
  try {
    const read = answerSchema.safeParse(JSON.parse(line));
    return read.success ? read.data : `its answer is no {"id", "losses"}: ${read.error.issues[0]?.message ?? ""}`;
  } catch (thrown) {
    return `its answer is no JSON: ${reasonOf(thrown)}`;
  }
};

/** @param check is asked before each tensor, and throws where it is too late for it */
const writeModel = async (dir: string, network: Network, model: ModelTensors, check: () => void): Promise<void> => {
  await removeWhole(dir);
  const writer = await createCheckpoint(dir, modelConfigOf(network), { separators: openTokenizer(network.data) });
  try {
    for (const [name, tensor] of Object.entries(model)) {
      check();
      await writer.write(name, await inMemory(tensor));
    }
    await writer.finish();
  } finally {
    await writer.discard();
  }
};

/** The weights that an update makes of the tensors that it changes. */
const writeChange = async (path: string, model: ModelTensors, change: FloatTensors): Promise<void> => {
  const specs = [...change].map(([name, { shape }]) => [name, { dtype: "F32", shape }] as const);
  await writeSafetensorsFile(path, new Map(specs), { mode: 0o600 }, async (file) => {
    for (const [name, { shape, data }] of change) {
      const base = (await inMemory(model[name]!)).data;
      await file.write(name, fromFloats({ shape, data: data.map((delta, i) => base[i]! + delta) }).data);
    }
  });
};

const writeBatches = async (path: string, batches: readonly Batch[]): Promise<void> => {
  const [{ batchSize, sequenceLength, starts }] = batches as readonly [Batch];
  const count = batches.length * batchSize;
  const file = await createWindowsFile(path, { count, sequenceLength, isolated: starts !== undefined });
  try {
    for (const batch of batches) await file.write(batch);
    await file.finish();
  } finally {
    await file.discard();
  }
};

const failed = (problem: string) =>
  new BlockZeroError("EVALUATOR_FAILED", `the evaluator's program failed: ${problem}`, "see docs/own-evaluator.md");

const tooLate = () => failed("no answer in its part of the evaluate phase");
