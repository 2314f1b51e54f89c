import type { TrainingLoader } from "#shared/data/loader.js";
import { BlockZeroError, reasonOf } from "#shared/errors/error.js";
import type { Log } from "#shared/telemetry/log.js";
import { type Checkpoint, type CheckpointHead, openCheckpoints } from "#shared/training/checkpoints.js";
import type { InnerProgress } from "#shared/training/inner-loop.js";
import type { Shapes } from "#shared/training/objective.js";
import type { TrainStep } from "#shared/training/train-step.js";
import { type RunPlace, runIdentity, shardIdentity } from "./run-identity.js";

export interface KeepOptions {
  /** A folder of its own. */
  readonly dir: string;
  /** Between checkpoints of a run under way at least; 0: only how it ended. */
  readonly intervalSeconds: number;
  readonly log: Log;
}

interface Keeping extends KeepOptions {
  readonly trainStep: TrainStep;
  readonly place: RunPlace;
  readonly shapes: Shapes;
  readonly now: () => number;
}

/** A cycle's training that a crash does not lose. */
export interface KeptRun {
  /** Where it was when it was last kept; undefined for one that begins. The train step and the loader stand there too. */
  readonly progress?: InnerProgress;
  readonly betweenSteps: (progress: InnerProgress) => Promise<void>;
  /** Keeps how it ended, or was stopped, in the background: the optimiser's moments go on in the next cycle. */
  end(): void;
}

export interface RunKeeper {
  /** Takes up the run if it was interrupted; in a new process the optimiser's moments in any case. */
  begin(run: { cycle: number; model: string; loader: TrainingLoader }): Promise<KeptRun>;
  /** Resolves once nothing is being written. */
  settled(): Promise<void>;
}

/** Share of a run's time that writing checkpoints may take, during which it stands still: large ones are written less often. */
export const CHECKPOINT_SHARE = 1 / 20;

/**
 * Checkpoints of a trainer's runs, every `intervalSeconds`, or less often where one takes long (`CHECKPOINT_SHARE`), and at each run's end. A fault
 * of the disk is logged, never thrown.
 */
export const checkpointRuns = ({ dir, intervalSeconds, log, trainStep, place, shapes, now }: Keeping): RunKeeper => {
  const store = openCheckpoints(dir, { keep: place.config.checkpoint_keep_top_k, log });
  const interval = 1000 * intervalSeconds;
  let isFresh = true;
  let writing: Promise<void> = Promise.resolve();

  /** Brings back the moments, of the very run also the parameters and the stream; null where there is nothing to bring. */
  const takeUp = async (run: string, loader: TrainingLoader): Promise<InnerProgress | null> => {
    const found = await store.newest(shardIdentity(place), shapes);
    if (!found) return null;
    const { head } = found;
    await restore(trainStep, found, head.run === run);
    if (head.run !== run) {
      log.info("optimiser state restored", { fromCycle: head.cycle, optimiserSteps: head.taken });
      return null;
    }
    loader.seek(head.stream);
    log.info("training resumed", { cycle: head.cycle, step: head.progress.steps, tokens: head.progress.tokens });
    return head.progress;
  };

  return {
    async begin({ cycle, model, loader }) {
      await writing;
      const run = runIdentity(place, cycle, model);
      const resumed = isFresh ? await takeUp(run, loader).catch((thrown) => notRestored(log, thrown)) : null;
      isFresh = false;
      let last = resumed;
      let due = now() + interval;

      // Where the text was after the last step: a step that was stopped has drawn more.
      let stream = loader.position();

      const keep = async (progress: InnerProgress) => {
        const head: CheckpointHead = {
          version: 1,
          shard: shardIdentity(place),
          run,
          cycle,
          taken: trainStep.takenSteps,
          stream: [...stream],
          progress: { ...progress, losses: [...progress.losses], recent: [...progress.recent] },
        };
        try {
          await store.save(head, shapes, trainStep.tensors());
          log.debug("checkpoint", { cycle, step: progress.steps });
        } catch (thrown) {
          if (!(thrown instanceof BlockZeroError)) throw thrown;
          log.warn("no checkpoint", { cycle, reason: reasonOf(thrown), prevention: thrown.hint });
        }
      };

      let kept = resumed?.steps ?? 0;
      return {
        ...(resumed && { progress: resumed }),
        async betweenSteps(progress) {
          last = progress;
          stream = loader.position();
          const begun = now();
          if (interval === 0 || begun < due) return;
          await keep(progress);
          kept = progress.steps;
          const ended = now();
          due = ended + Math.max(interval, (ended - begun) / CHECKPOINT_SHARE);
        },
        end() {
          if (last && last.steps > kept) writing = keep(last);
        },
      };
    },
    settled: () => writing,
  };
};

const restore = async (trainStep: TrainStep, { head, open }: Checkpoint, isSameRun: boolean): Promise<void> => {
  const { part, close } = await open();
  try {
    const moments = { m: part("m"), v: part("v"), step: head.taken };
    await trainStep.resume({ ...moments, ...(isSameRun && { params: part("params") }) });
  } finally {
    await close();
  }
};

/** A file that was whole a moment ago, and is not: the cycle begins from the base as if there were none. */
const notRestored = (log: Log, thrown: unknown): null => {
  if (!(thrown instanceof BlockZeroError)) throw thrown;
  log.warn("no checkpoint could be read", { reason: reasonOf(thrown) });
  return null;
};
