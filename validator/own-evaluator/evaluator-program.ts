import { join, resolve } from "node:path";
import type { FloatTensors } from "#shared/artifact/update.js";
import type { Batch } from "#shared/data/loader.js";
import type { ModelTensors } from "#shared/model/model-tensors.js";
import { makeFolder, removeWhole } from "#shared/own-program/job-folder.js";
import { JOB_VARIABLE } from "#shared/own-program/job-variable.js";
import { killProcessesWith } from "#shared/own-program/processes.js";
import type { Network } from "#shared/protocol/network.js";
import type { Log } from "#shared/telemetry/log.js";
import { failed, openConversation, tooLate } from "./evaluator-conversation.js";
import { modelFolder, writeBatches, writeChange } from "./evaluator-files.js";

/** Version of the contract in docs/own-evaluator.md. */
const CONTRACT_VERSION = 1;

/**
 * Parts of the evaluate phase for an answer: where the program is given another model, which it must read first, and elsewhere. What is left is for
 * measuring here.
 */
const MODEL_SHARE = 1 / 2;
const ANSWER_SHARE = 1 / 4;

export interface EvaluatorProgramOptions {
  readonly network: Network;
  readonly command: readonly string[];
  readonly environment: readonly string[];
  readonly timeoutSeconds: number;
  /**
   * Does work with a signal that aborts when such a part of the evaluate phase has passed: a request's time is then over, whatever `timeoutSeconds`
   * is.
   */
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

/** Removes the folder of a program that an earlier process had, and ends what of it still runs. @throws BlockZeroError FILE_UNWRITABLE */
export const removeEvaluator = async (home: string): Promise<void> => {
  killProcessesWith(`${JOB_VARIABLE}=${documentOf(resolve(home))}`);
  await removeWhole(home);
};

const documentOf = (home: string): string => join(home, "job.json");

/** What is asked of the program. */
interface Measurement {
  readonly model: ModelTensors;
  /** Null for the model itself. */
  readonly change: FloatTensors | null;
  readonly batches: readonly Batch[];
  /** Throws what ends a measurement that the program was not given yet. */
  readonly refuse: () => void;
}

/** Removes what an earlier process left, and prepares the folder; the program is started at the first request. */
export const openEvaluatorProgram = async (options: EvaluatorProgramOptions): Promise<EvaluatorProgram> => {
  const { network, withinPhase, ...talking } = options;
  const home = resolve(options.home);
  await removeEvaluator(home);
  await makeFolder(home);
  const conversation = openConversation({ ...talking, home, document: documentOf(home), job: jobOf(network) });
  const given = modelFolder(join(home, "model"), network);
  let requests = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const measure = async (
    { model, change, batches, refuse }: Measurement,
    late: AbortSignal,
  ): Promise<readonly number[]> => {
    const id = ++requests;
    const windows = join(home, `windows-${id}.safetensors`);
    const changed = change === null ? null : join(home, `change-${id}.safetensors`);
    conversation.refuseIfOver();
    try {
      const version = await given.write(model, () => {
        conversation.refuseIfOver();
        refuse();
        if (late.aborted) throw tooLate();
      });
      await writeBatches(windows, batches);
      if (change !== null && changed !== null) await writeChange(changed, model, change);
      // It may have ended, or been closed, while the files were written.
      conversation.refuseIfOver();
      await conversation.start();
      conversation.refuseIfOver();
      refuse();
      const rows = batches[0]!.batchSize;
      const request = { id, model: given.path, windows, model_version: version, change: changed, rows_per_loss: rows };
      const losses = await conversation.ask(request, late);
      if (losses.length !== batches.length)
        throw failed(`it gave ${losses.length} losses for ${batches.length} batches`);
      return losses;
    } finally {
      await removeWhole(windows);
      if (changed !== null) await removeWhole(changed);
    }
  };

  return {
    losses(model, change, batches, signals = []) {
      const refuse = () => refuseIfAborted(signals);
      const asked = turn.then(() => {
        refuse();
        return withinPhase(given.holds(model) ? ANSWER_SHARE : MODEL_SHARE, (late) =>
          measure({ model, change, batches, refuse }, late),
        );
      });
      turn = asked.catch(() => undefined);
      return asked;
    },
    async close() {
      conversation.end("it was closed");
      await turn;
      await conversation.stop();
      await removeWhole(home);
    },
  };
};

/** @throws a signal's reason */
export const refuseIfAborted = (signals: readonly AbortSignal[]): void => {
  for (const signal of signals) signal.throwIfAborted();
};

const jobOf = ({ name, data }: Network): object => ({
  contract: CONTRACT_VERSION,
  network: name,
  sequence_length: data.sequence_length,
  isolated: data.sequences === "isolated",
});
