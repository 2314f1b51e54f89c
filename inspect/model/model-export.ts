import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { sizeOf } from "#shared/engine/tensor.js";
import { BlockZeroError, hasCode, reasonOf } from "#shared/errors/error.js";
import { writeFileAtomic } from "#shared/files/atomic-file.js";
import { withSource } from "#shared/files/byte-source.js";
import { type CheckpointOptions, type CheckpointWriter, createCheckpoint } from "#shared/model/checkpoint-writer.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { openPlacedPart, type PlacedPart } from "#shared/parts/part-places.js";
import type { BlobRef, ModelManifest } from "#shared/protocol/model-manifest.js";
import { generationConfig } from "./export-files.js";
import { modelCard, type Provenance } from "./model-card.js";
import { findModel, type ModelStore, openModelStore, type StoredModel } from "./model-store.js";
import { networkTokenizer } from "./network-tokenizer.js";

export interface ModelExport extends Pick<CheckpointOptions, "dtype" | "maxShardBytes">, Provenance {
  readonly home: string;
  /** A model's hash, the first digits of one, or `latest`. */
  readonly model: string;
  /** A new or empty directory. */
  readonly out: string;
  /** Ends the export; what was written of it goes. */
  readonly signal?: AbortSignal | undefined;
}

export interface ExportedModel extends StoredModel {
  /** Number of scalars. */
  readonly parameters: number;
  /** Files without a sound copy in the home. The checkpoint needs none of them, but one may belong to an ancestor or a newer model. */
  readonly lost: ReadonlySet<string>;
}

/**
 * Assembles a model from the blobs under a home and writes it as a checkpoint that transformers reads, with tokenizer, generation config and a
 * model card. Memory is the same for a model of any size.
 *
 * @param onDamage is called once for every copy found that cannot be used
 * @throws BlockZeroError OUT_NOT_EMPTY, HOME_WITHOUT_BLOBS, MODEL_UNKNOWN, MODEL_AMBIGUOUS, MODEL_PART_MISSING,
 *         MODEL_PART_DAMAGED, MODEL_PART_MALFORMED, CHECKPOINT_MISMATCH, CHECKPOINT_RANGE
 */
export const exportModel = async (
  { home, model, out, dtype, maxShardBytes, signal, ...provenance }: ModelExport,
  onDamage?: (problem: string) => void,
): Promise<ExportedModel> => {
  if (existsSync(out) && readdirSync(out).length > 0)
    throw new BlockZeroError("OUT_NOT_EMPTY", `${out} is not empty`, "name a new directory with --out");
  const store = await openModelStore(home, onDamage);
  const { hash, manifest } = findModel(store, model);
  const metadata = {
    "blockzero.model": hash,
    "blockzero.cycle": String(manifest.cycle),
    ...(manifest.network !== null && { "blockzero.network": manifest.network }),
  };
  const found = await store.networkOf({ hash, manifest });
  const known = found && (await networkTokenizer(store, found.network));
  const tokenizer = known?.tokenizer ?? byteTokenizer;
  const writer = await createCheckpoint(out, manifest.config, {
    ...(dtype && { dtype }),
    ...(maxShardBytes !== undefined && { maxShardBytes }),
    metadata,
    separators: tokenizer,
  });
  try {
    await writeParts(writer, store, manifest, signal);
    await writer.finish();
  } finally {
    await writer.discard();
  }
  const count = countParameters(parameterShapes(manifest.config));
  const files = {
    "generation_config.json": generationConfig(manifest.config, tokenizer),
    // The network's own goes before.
    ...known?.files,
    "README.md": modelCard({ hash, manifest, parameters: count, network: found, models: store.models, ...provenance }),
  };
  for (const [name, content] of Object.entries(files)) writeFileAtomic(join(out, name), content, 0o644);
  return { hash, manifest, parameters: count, lost: store.lost };
};

/** Elements that are copied at a time. */
const PIECE = 1 << 20;

/** Writes the tensors of hub and groups; no two parts may hold the same one. */
const writeParts = async (
  writer: CheckpointWriter,
  store: ModelStore,
  manifest: ModelManifest,
  signal: AbortSignal | undefined,
): Promise<void> => {
  const memory = new Float32Array(PIECE);
  for await (const { tensors, readInto } of openParts(store, manifest))
    for (const [name, { shape }] of tensors) {
      const length = sizeOf(shape);
      for (let at = 0; at < length; at += PIECE) {
        signal?.throwIfAborted();
        const piece = memory.subarray(0, Math.min(PIECE, length - at));
        await readInto(name, piece, at);
        await writer.writePiece(name, piece, at);
      }
    }
};

/**
 * The parts of a model, one at a time: hub, then groups. Each is closed when the next one is asked for.
 *
 * @throws BlockZeroError MODEL_PART_MISSING, MODEL_PART_DAMAGED, MODEL_PART_MALFORMED, also where two parts hold a tensor of one name
 */
export async function* openParts(store: ModelStore, { parts }: ModelManifest): AsyncGenerator<PlacedPart> {
  const known = new Set<string>();
  const groups = Object.entries(parts.groups).map(([name, { weights }]) => [`group ${name}`, weights] as const);
  for (const [what, reference] of [["hub", parts.hub] as const, ...groups]) {
    const part = await openPlacedPart((blob) => locateBlob(store, what, blob), reference, null, what).catch(
      (thrown) => {
        throw hasCode(thrown, "SAFETENSORS_INVALID") ? malformed(what, reasonOf(thrown), thrown) : thrown;
      },
    );
    try {
      for (const name of part.tensors.keys()) {
        if (known.has(name)) throw malformed(what, `it holds ${name}, as another part does`);
        known.add(name);
      }
      yield part;
    } finally {
      await part.close();
    }
  }
}

const locateBlob = async (store: ModelStore, what: string, { hash }: BlobRef): Promise<string> => {
  const found = await store.open(hash);
  if (found !== null) return withSource(found, async ({ path }) => path);
  if (store.lost.has(hash))
    throw new BlockZeroError(
      "MODEL_PART_DAMAGED",
      `the ${what} of the model, blob ${hash}, has no sound copy in ${store.home}`,
      "export from the home of somebody whose copy is sound",
    );
  throw new BlockZeroError(
    "MODEL_PART_MISSING",
    `the ${what} of the model, blob ${hash}, is not in ${store.home}`,
    "a miner holds the hub and its own group only: export from a validator's or the owner's home",
  );
};

const malformed = (what: string, problem: string, cause?: unknown) =>
  new BlockZeroError("MODEL_PART_MALFORMED", `${what} of the model: ${problem}`, "export another model", { cause });
