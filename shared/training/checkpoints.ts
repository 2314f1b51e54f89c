import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { reasonOf } from "#shared/errors/error.js";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { writing } from "#shared/files/writing.js";
import type { Log } from "#shared/telemetry/log.js";
import { hashFile, type OpenState, openState, writeState } from "./checkpoint-tensors.js";
import type { Shapes } from "./objective.js";
import type { StateTensor } from "./train-step.js";

const count = z.int().min(0);
const word = z.int().min(0).max(0xffffffff);

/** The small part of a checkpoint. */
const headSchema = z.object({
  version: z.literal(1),
  /** Hash of everything that decides the names, shapes and meaning of the tensors. */
  shard: z.string(),
  /** Hash of everything that decides every bit of the run: base model, cycle, configuration, stream. */
  run: z.string(),
  cycle: count,
  /** Number of steps that the optimiser has taken, in all cycles. */
  taken: count,
  /** Position in the stream of batches. */
  stream: z.tuple([word, word, word, word]),
  progress: z.object({
    steps: count,
    tokens: count,
    skipped: count,
    spikes: count,
    position: count,
    losses: z.array(z.number()),
    recent: z.array(z.number()),
    pace: z.number().nonnegative().nullable(),
  }),
});

export type CheckpointHead = z.infer<typeof headSchema>;

/** The file beside the tensors. It is written last, so a checkpoint exists once this file does. */
const recordSchema = headSchema.extend({ sha256: z.string() });

export interface Checkpoint {
  readonly head: CheckpointHead;
  /** Opens the state on disk. */
  open(): Promise<OpenState>;
}

/** Checkpoints of a training run, in their own folder. */
export interface Checkpoints {
  /** Writes a checkpoint whole or not at all, then deletes the surplus ones. @throws BlockZeroError FILE_UNWRITABLE, also for a full disk */
  save(head: CheckpointHead, shapes: Shapes, tensors: AsyncIterable<StateTensor>): Promise<void>;
  /** The newest undamaged checkpoint of a shard. Others are logged and skipped. */
  newest(shard: string, shapes: Shapes): Promise<Checkpoint | null>;
}

export interface CheckpointsOptions {
  /** Number of checkpoints kept of a cycle. Of earlier cycles only the last checkpoint is kept. */
  readonly keep: number;
  readonly log: Pick<Log, "warn" | "info">;
}

export const openCheckpoints = (dir: string, { keep, log }: CheckpointsOptions): Checkpoints => {
  const path = (name: string, end: "json" | "safetensors") => join(dir, `${name}.${end}`);
  const drop = async (name: string) => {
    await rm(path(name, "json"), { force: true });
    await rm(path(name, "safetensors"), { force: true });
  };

  return {
    async save(head, shapes, tensors) {
      const names = await namesIn(dir);
      const name = nameOf(numberOf(names.at(-1)) + 1, head);
      const file = path(name, "safetensors");
      await writeState(file, shapes, tensors);
      const sha256 = await hashFile(file);
      const older = names.filter((other) => cycleOf(other) !== head.cycle);
      const same = names.filter((other) => cycleOf(other) === head.cycle);
      const kept = new Set([name, ...older.slice(-1), ...(keep > 1 ? same.slice(1 - keep) : [])]);
      await writing(dir, async () => {
        writeFileAtomic(path(name, "json"), JSON.stringify({ ...head, sha256 }));
        for (const other of names) if (!kept.has(other)) await drop(other);
        await sweep(dir, kept);
      });
    },

    async newest(shard, shapes) {
      for (const name of (await namesIn(dir)).reverse()) {
        try {
          const record = recordSchema.parse(JSON.parse(readFileIfAny(path(name, "json")) ?? ""));
          if (record.shard !== shard) {
            log.info("a checkpoint of another model or group is passed over", { checkpoint: name });
            continue;
          }
          const file = path(name, "safetensors");
          if ((await hashFile(file)) === record.sha256) return { head: record, open: () => openState(file, shapes) };
          log.warn("a damaged checkpoint is passed over", { checkpoint: name, reason: "its tensors changed" });
        } catch (thrown) {
          log.warn("a damaged checkpoint is passed over", { checkpoint: name, reason: reasonOf(thrown) });
        }
      }
      return null;
    },
  };
};

const nameOf = (number: number, { cycle, progress }: CheckpointHead) =>
  `${String(number).padStart(8, "0")}-cycle-${cycle}-step-${progress.steps}`;
const NAME = /^(\d{8,})-cycle-(\d+)-step-\d+$/;
const numberOf = (name: string | undefined): number => Number(NAME.exec(name ?? "")?.[1] ?? 0);
const cycleOf = (name: string): number => Number(NAME.exec(name)?.[2]);

/** Complete checkpoints, oldest first. */
const namesIn = async (dir: string): Promise<string[]> =>
  (await filesIn(dir))
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -".json".length))
    .filter((name) => NAME.test(name))
    .sort((a, b) => numberOf(a) - numberOf(b));

const filesIn = async (dir: string): Promise<string[]> => {
  try {
    return await readdir(dir);
  } catch {
    return [];
  }
};

/** Removes what a crash left: tensors without their record, temporary files. */
const sweep = async (dir: string, kept: ReadonlySet<string>): Promise<void> => {
  for (const file of await filesIn(dir)) {
    const [name, end] = [file.slice(0, file.indexOf(".")), file.slice(file.indexOf("."))];
    if (NAME.test(name) && (!kept.has(name) || end.endsWith(".tmp"))) await rm(join(dir, file), { force: true });
  }
};
