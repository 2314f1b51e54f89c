import { renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { minerSettings, type TrainingConfig } from "#miner/config.js";
import type { LocalStore } from "#shared/blobs/blob-store.js";
import { loadConfig } from "#shared/config/load.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { type ByteSource, hashOfSource, withSource } from "#shared/files/byte-source.js";
import { ensureFolderSync } from "#shared/files/ensure-folder.js";
import { openRegularFile } from "#shared/files/regular-file.js";
import { groupShapes, hubShapes } from "#shared/model/groups.js";
import { partLayout } from "#shared/model/part-layout.js";
import { openPart } from "#shared/parts/open-part.js";
import { DRAWN_GROUP, drawnNetwork } from "#shared/planning/drawn-network.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { type BlobRef, type PartRef, partOf } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { partFloats } from "#shared/shard-training/base-weights.js";
import type { OpenWeights } from "#shared/training/checkpoint-tensors.js";
import type { Shapes } from "#shared/training/objective.js";
import { ROWS } from "./drawn-window.js";
import { generateFile } from "./generated-file.js";

export interface ShardSize {
  readonly model: ModelConfig;
  /** Experts of the group, in every layer; all that the shard holds. */
  readonly experts: number;
  /** Tokens of a step. */
  readonly sequence: number;
}

/** A part of a model in a store, as a manifest names it. */
interface StoredPart {
  readonly shapes: Shapes;
  readonly part: PartRef;
}

/** What a miner of `DRAWN_GROUP` has of a generated model, in bfloat16. */
export interface GeneratedShard {
  readonly network: Network;
  /** Of a miner that trains the group layer by layer, a window a step. */
  readonly config: TrainingConfig;
  readonly hub: StoredPart;
  readonly own: StoredPart;
}

/**
 * Stores hub and group as blobs by their hash, in sparse files.
 *
 * @param folder of the store's file system, for files under way
 * @throws BlockZeroError USAGE for more experts than the model has
 */
export const generateShard = async (
  store: Pick<LocalStore, "path">,
  folder: string,
  { model, experts, sequence }: ShardSize,
): Promise<GeneratedShard> => {
  const network = networkOf(model, experts, sequence);
  const group = network.groups[DRAWN_GROUP]!;
  const own = group.experts[0]!;
  const config = loadConfig(minerSettings, {
    env: {},
    flags: {
      expert_group: DRAWN_GROUP,
      batch_size: 1,
      gradient_accumulation_steps: 1,
      "training.program": "layers",
    },
  });
  const put = async (shapes: Shapes): Promise<StoredPart> => {
    const dtypes = new Map(Object.keys(shapes).map((name) => [name, "BF16"] as const));
    const blobs: BlobRef[] = [];
    for (const header of partLayout(new Map(Object.entries(shapes)), undefined, dtypes)) {
      const path = join(folder, "incoming.safetensors");
      const bytes = generateFile(path, header, { own, rows: ROWS });
      const hash = await withSource(await openRegularFile(path), hashOfSource);
      ensureFolderSync(dirname(store.path(hash)));
      renameSync(path, store.path(hash));
      blobs.push({ hash, bytes });
    }
    const [first, ...others] = blobs;
    return { shapes, part: partOf([first!, ...others]) };
  };
  const hub = await put(hubShapes(model, network.groups));
  return { network, config, hub, own: await put(groupShapes(model, group)) };
};

/** A network of two groups: one of so many experts in every layer, spread over their ids, and one of all others. */
const networkOf = (model: ModelConfig, experts: number, sequence: number): Network => {
  const { num_experts: all, num_hidden_layers: layers } = model;
  if (experts > all)
    throw new BlockZeroError("USAGE", `the model has ${all} experts, a group cannot have ${experts}`, "give fewer");
  const network = drawnNetwork(model, { groups: 1, sequence, shard: "restricted", codec: "float32" });
  const own = Array.from({ length: experts }, (_, i) => Math.floor((i * all) / experts));
  const others = Array.from({ length: all }, (_, id) => id).filter((id) => !own.includes(id));
  const ofAllLayers = (ids: readonly number[]) => ({
    ...network.groups[DRAWN_GROUP]!,
    experts: Object.fromEntries(Array.from({ length: layers }, (_, layer) => [String(layer), [...ids]])),
  });
  return {
    ...network,
    groups: { [DRAWN_GROUP]: ofAllLayers(own), ...(others.length > 0 && { others: ofAllLayers(others) }) },
  };
};

/** Opens blobs of a store, each verified. @throws TypeError for one that is not there as it was stored */
export const openFrom =
  (store: Pick<LocalStore, "open">) =>
  async ({ hash }: BlobRef): Promise<ByteSource> => {
    const source = await store.open(hash);
    if (source === null) throw new TypeError(`blob ${hash} is not there as it was stored`);
    return source;
  };

/** Opens a part as a miner does. Close it. */
export const openStored = async (
  { shapes, part }: StoredPart,
  open: (blob: BlobRef) => Promise<ByteSource>,
): Promise<OpenWeights> =>
  partFloats(await openPart(open, part, new Map(Object.entries(shapes)), "the generated part"), shapes);
