import { CODECS, encodedLength } from "#shared/artifact/codec/index.js";
import type { BlobWriter } from "#shared/blobs/blob-writer.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { type GroupStep, type Model, mergeModel } from "#shared/merge/merge-model.js";
import { groupShapeMap } from "#shared/model/groups.js";
import {
  type BlobRef,
  blobsOfModel,
  bytesOfPart,
  type MergedUpdate,
  type ModelManifest,
} from "#shared/protocol/model-manifest.js";
import { phaseAt } from "#shared/protocol/phases.js";
import { lineage } from "#shared/replay/lineage.js";
import { blobsFrom } from "#shared/replay/source.js";
import { cycleSource } from "../cycle-source.js";
import type { Participant } from "../participant.js";
import { systemCode } from "../through-faults.js";
import { filesOf } from "./files-in-force.js";

/** How a model was obtained: it was here, its parts were fetched, or it was recomputed from an older model and the updates merged since. */
export type CatchUp = "at hand" | "fetched" | "replayed";

type Reader = Pick<Participant, "chain" | "clock" | "blobs" | "models" | "network" | "networkHash" | "log" | "signal">;

/** Writing a byte of a model that is merged here, and reading what it is made of, costs as much as fetching so many. */
const LOCAL_SHARE = 1 / 8;

/** Greatest number of ancestors searched for one whose parts are here. */
const DEPTH = 64;

/**
 * Brings all parts of a model into the local store, in the way that costs fewer bytes: it fetches the missing parts, or the updates merged since an
 * ancestor that is here, where what each merge writes counts as well. A replay's result must have the model's hash, or it is discarded, so nobody is
 * trusted. If the replay fails, the parts are fetched. Of the models between at most one is on the disk beside the one that is being made. Where the
 * disk is full, files that the last cycles did not use go before the parts are fetched, and not with the next cycle.
 *
 * @throws what fetching the manifest or the parts throws
 */
export const catchUp = async (reader: Reader, hash: string): Promise<CatchUp> => {
  const { blobs, clock, models, network, log, signal } = reader;
  const manifest = await models.manifest(hash, signal);
  const missing = await missingParts(reader, manifest);
  if (missing.length === 0) return "at hand";
  const bytes = missing.reduce((sum, part) => sum + part.bytes, 0);
  try {
    const path = await cheaperPath(reader, hash, bytes);
    if (path !== null) {
      await replay(reader, path);
      return "replayed";
    }
  } catch (thrown) {
    signal.throwIfAborted();
    log.warn("could not replay a model, its parts are fetched", { model: hash, reason: reasonOf(thrown) });
  }
  try {
    await fetchAll(reader, missing);
  } catch (thrown) {
    if (!isDiskFull(thrown)) throw thrown;
    log.warn("no room for a model: files that the last cycles did not use go now", { model: hash });
    // After an outage there are as many models as while it ran, and this is one more.
    const { cycle } = phaseAt(clock.head.number, network.phases);
    await blobs.makeRoom(cycle, network.scoring.window, new Set(filesOf({ hash, manifest })));
    await fetchAll(reader, missing);
  }
  return "fetched";
};

const fetchAll = async (reader: Reader, parts: readonly BlobRef[]): Promise<void> => {
  const source = cycleSource(reader);
  for (const { hash, bytes } of parts) await (await source.open({ hash, maxBytes: bytes })).close();
};

const FULL: ReadonlySet<unknown> = new Set(["EDQUOT", "ENOSPC"]);

const isDiskFull = (thrown: unknown): boolean => hasCode(thrown, "STORE_FAILED") && FULL.has(systemCode(thrown));

/** The models from one whose parts are here to the wanted one, oldest first. Null if their updates and merges cost as much as `bytes`. */
const cheaperPath = async (reader: Reader, hash: string, bytes: number): Promise<readonly Model[] | null> => {
  const { models, signal } = reader;
  const path: Model[] = [];
  let cost = 0;
  for await (const model of lineage(hash, (ancestor) => models.manifest(ancestor, signal))) {
    // Merges under a former network file followed other rules.
    if (path.length > 0 && path[0]!.manifest.network !== reader.networkHash) return null;
    path.unshift(model);
    if (path.length > 1 && (await missingParts(reader, model.manifest)).length === 0) return path;
    for (const { group, tensors } of model.manifest.merged)
      if (!(await isHere(reader, tensors, updateLength(reader, group)))) cost += updateLength(reader, group);
    cost += LOCAL_SHARE * bytesOfSteps(model.manifest);
    if (cost >= bytes || path.length > DEPTH) return null;
  }
  return null;
};

/** Merges along a path of models, of which the first is here. What it writes of one that is not wanted goes once the next one is there. */
const replay = async (reader: Reader, path: readonly Model[]): Promise<void> => {
  const { create, keepOnly } = replayedFiles(reader, path);
  const wanted = path.at(-1)!;
  let base = path[0]!;
  try {
    for (const model of path.slice(1)) {
      base = await mergedAgain(reader, base, model, create);
      await keepOnly(base, wanted);
    }
  } catch (thrown) {
    // Who is stopped goes on with the last model that was made. Else its place may be needed for parts that are fetched.
    await (reader.signal.aborted ? keepOnly(base, wanted) : keepOnly(wanted));
    throw thrown;
  }
};

/** What a replay along a path of models writes, and how what nobody needs of it goes again. */
const replayedFiles = ({ blobs }: Reader, [first, ...made]: readonly Model[]) => {
  const written = new Set<string>();
  const create = async (): Promise<BlobWriter> => {
    const writer = await blobs.recreate();
    return {
      ...writer,
      finish: async () => {
        const blob = await writer.finish();
        written.add(blob.hash);
        return blob;
      },
    };
  };
  /** Deletes parts that were written and are none of these models'. */
  const keepOnly = async (...models: readonly Model[]): Promise<void> => {
    const kept = new Set([...made.map(({ hash }) => hash), ...[first!, ...models].flatMap(filesOf)]);
    await blobs.forget([...written].filter((hash) => !kept.has(hash)));
  };
  return { create, keepOnly };
};

/** Makes a model of the one before it and the updates that it names. @throws BlockZeroError REPLAY_DIVERGED */
const mergedAgain = async (
  reader: Reader,
  base: Model,
  { hash, manifest }: Model,
  create: () => Promise<BlobWriter>,
): Promise<Model> => {
  const { signal } = reader;
  const source = cycleSource(reader);
  const made = await mergeModel(
    reader,
    { cycle: manifest.cycle, base, steps: stepsOf(manifest) },
    {
      part: blobsFrom(source),
      update: async ({ group, tensors }) => ({
        hash: tensors,
        file: await source.open({ hash: tensors, maxBytes: updateLength(reader, group) }),
      }),
      create,
    },
    { signal },
  );
  if (made.hash === hash) return made;
  throw new BlockZeroError(
    "REPLAY_DIVERGED",
    `the updates merged in cycle ${manifest.cycle} give model ${made.hash}, not ${hash}`,
    "run `blockzero audit --cycle N` to see where they part",
  );
};

/** Bytes that a merge wrote: weights and momentum of the groups that took a step. */
const bytesOfSteps = ({ parts, steps }: ModelManifest): number =>
  Object.entries(parts.groups).reduce(
    (sum, [group, { weights, momentum }]) =>
      steps[group] ? sum + bytesOfPart(weights) + (momentum ? bytesOfPart(momentum) : 0) : sum,
    0,
  );

const stepsOf = ({ merged, steps }: ModelManifest): ReadonlyMap<string, GroupStep<MergedUpdate>> => {
  const names = new Set(merged.map(({ group }) => group));
  return new Map(
    [...names].map((name) => [name, { step: steps[name] ?? 0, updates: merged.filter(({ group }) => group === name) }]),
  );
};

/** Bytes of any update of a group. */
const updateLength = ({ network }: Reader, name: string): number =>
  network.groups[name]
    ? encodedLength(CODECS[network.artifact.codec], groupShapeMap(network, name))
    : Number.POSITIVE_INFINITY;

const missingParts = async (reader: Reader, manifest: ModelManifest): Promise<readonly BlobRef[]> => {
  const missing: BlobRef[] = [];
  for (const blob of blobsOfModel(manifest)) {
    reader.signal.throwIfAborted();
    if (!(await isHere(reader, blob.hash, blob.bytes))) missing.push(blob);
  }
  return missing;
};

const isHere = async ({ blobs, signal }: Reader, hash: string, maxBytes: number): Promise<boolean> => {
  try {
    await (await blobs.open({ hash, maxBytes, locations: [], signal })).close();
    return true;
  } catch (thrown) {
    if (hasCode(thrown, "FETCH_NOT_FOUND")) return false;
    throw thrown;
  }
};
