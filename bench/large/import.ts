import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { exportModel } from "#inspect/model/model-export.js";
import { importCheckpoint } from "#owner/genesis/checkpoint-import.js";
import { storeNetwork } from "#owner/genesis/genesis.js";
import { checkComplete } from "#owner/publish/complete.js";
import { pinnedNetwork } from "#owner/publish/pinned-network.js";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { directoryStore, type LocalStore } from "#shared/blobs/blob-store.js";
import type { Device } from "#shared/engine/device.js";
import { shardBatchLosses } from "#shared/evaluation/shard-losses.js";
import { checkpointPlaces } from "#shared/model/checkpoint-places.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { createBlobs } from "#shared/participant/files/blobs.js";
import { DRAWN_GROUP, drawnNetwork } from "#shared/planning/drawn-network.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import { blobsOf, bytesOfPart, parseModelManifest } from "#shared/protocol/model-manifest.js";
import type { Network } from "#shared/protocol/network.js";
import { createLogger } from "#shared/telemetry/logger.js";
import { watchPeaks } from "./anonymous-memory.js";
import { drawnBatch, ROWS } from "./drawn-window.js";
import { generateCheckpoint } from "./generated-checkpoint.js";

export interface ImportCase {
  readonly model: ModelConfig;
  /** Expert groups of the network. */
  readonly groups: number;
  /** Where checkpoint, blobs and export are written to, and removed from. */
  readonly folder: string;
  /** Windows of text that shards are measured on, of so many tokens each. */
  readonly windows: number;
  readonly sequence: number;
  readonly device: Device;
  /** Looks at the checkpoint and its export, while both are there. */
  readonly onExport?: (checkpoint: string, exported: string) => Promise<void>;
}

/** A part of the way from a checkpoint to a subnet's files and back. */
export interface ImportStage {
  readonly name: "measure" | "import" | "publish" | "export";
  /** Bytes of weights that went through it. */
  readonly bytes: number;
  readonly seconds: number;
  /** Bytes of anonymous memory before it, and at its peak. */
  readonly before: number;
  readonly peak: number;
}

/**
 * Measures and imports a generated checkpoint in bfloat16 as `blockzero genesis` does, serves it as `blockzero publish` does to a miner that fetches
 * hub and one group, and exports it as `blockzero model export` does. Server and miner are this process, so that a peak is that of both.
 */
export const importLarge = async ({
  model,
  groups,
  folder,
  windows,
  sequence,
  device,
  onExport,
}: ImportCase): Promise<readonly ImportStage[]> => {
  const home = await mkdtemp(join(folder, "blockzero-large-"));
  try {
    const drawn = (config: ModelConfig) =>
      drawnNetwork(config, { groups, sequence, shard: "restricted", codec: "float32" });
    const own = drawn(model).groups[DRAWN_GROUP]!.experts[0]!;
    const checkpoint = join(home, "checkpoint");
    await mkdir(checkpoint);
    const bytes = generateCheckpoint(checkpoint, model, { own, rows: ROWS });
    const opened = await openCheckpoint(checkpoint);
    const template = drawn(opened.config);
    const batches = Array.from({ length: windows }, (_, window) => drawnBatch(window, sequence, model));
    const full = { ...template, model: { ...template.model, shard: { mode: "full" } as const } };
    const places = checkpointPlaces(opened);
    const room = { memory: STATES_BYTES, folder: home };
    const measured = await stage("measure", bytes, async () => {
      for (const network of [full, template])
        await shardBatchLosses(device, network, places, { ...room, group: DRAWN_GROUP, batches });
    });
    const store = directoryStore(join(home, "owner", "blobs"));
    const genesis = await stage("import", bytes, async () =>
      storeNetwork(store, template, await importCheckpoint(store, template, opened)),
    );
    await opened.close();
    const parsed = parseModelManifest((await store.get(genesis.result.modelHash))!);
    if (!parsed.ok) throw new TypeError("the import wrote no manifest");
    const { hub, groups: parts } = parsed.value.parts;
    const fetched = [hub, parts[DRAWN_GROUP]!.weights];
    const published = await stage(
      "publish",
      fetched.reduce((sum, part) => sum + bytesOfPart(part), 0),
      async () => {
        await checkComplete(store, await pinnedNetwork(store, genesis.result.network as Network), home);
        await fetchAll(store, directoryStore(join(home, "miner")), fetched.flatMap(blobsOf));
      },
    );
    await rm(join(home, "miner"), { recursive: true });
    const out = join(home, "exported");
    const exported = await stage("export", bytes, () =>
      exportModel({ home: join(home, "owner"), model: genesis.result.modelHash, out, dtype: "bfloat16" }),
    );
    await onExport?.(checkpoint, out);
    return [measured.stage, genesis.stage, published.stage, exported.stage];
  } finally {
    await rm(home, { recursive: true, force: true });
  }
};

/** Bytes of hidden states in memory. */
const STATES_BYTES = 2e9;

const stage = async <T>(
  name: ImportStage["name"],
  bytes: number,
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly stage: ImportStage }> => {
  const begun = performance.now();
  const { result, before, peaks } = await watchPeaks(work);
  const seconds = (performance.now() - begun) / 1000;
  return { result, stage: { name, bytes, seconds, before: before.anonymous, peak: peaks.anonymous } };
};

/** A miner's way to blobs of a server: each is fetched and verified. */
const fetchAll = async (
  from: LocalStore,
  to: LocalStore,
  blobs: readonly { readonly hash: string; readonly bytes: number }[],
): Promise<void> => {
  const log = createLogger({ name: "bench", level: "warn", format: "pretty" });
  const server = await startBlobServer({ host: "127.0.0.1", port: 0, store: from, visible: () => true, log });
  try {
    const { open } = await createBlobs(to, createBlobClient({ allowPrivateAddresses: true, log }), 1);
    const { signal } = new AbortController();
    for (const { hash, bytes } of blobs)
      await (await open({ hash, maxBytes: bytes, locations: [server.url], signal })).close();
  } finally {
    await server.close();
  }
};
