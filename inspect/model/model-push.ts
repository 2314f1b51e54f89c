import { existsSync, statSync } from "node:fs";
import { readdir, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { lockHome } from "#shared/files/home-lock.js";
import type { HubAddress } from "#shared/hub/hub-address.js";
import { type Pushed, pushFolder } from "#shared/hub/push.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { withSignals } from "#shared/util/join-signals.js";
import { exportModel, type ModelExport } from "./model-export.js";
import { checkModelName, storesIn } from "./model-store.js";

export interface ModelPush extends Omit<ModelExport, "out"> {
  readonly address: HubAddress;
  /** Makes a new repository private, and refuses one that is public. */
  readonly isPrivate: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly answerMs?: number;
  /** Where a model of a home is exported to until it is sent: its home if not given. */
  readonly scratch?: string | undefined;
  /** Told of the folder of the export. */
  readonly onExport?: (folder: string) => void;
}

export interface PushedModel extends Pushed {
  /** The model's hash; null for a folder that names none. */
  readonly model: string | null;
}

/** Weights and their index: what is left of an earlier model would be read as a part of the new one. */
const isWeights = (path: string): boolean => /^[^/]+\.safetensors(?:\.index\.json)?$/.test(path);

/**
 * Puts a checkpoint folder, or a model of a home that is exported for it, into a repository of the Hub. The export goes when it was sent, or
 * when the work ends; what a killed one left goes with the next.
 *
 * @param options.model a folder in Hugging Face's layout; else a model's hash, the beginning of one, or `latest`
 * @throws BlockZeroError what `exportModel`, `openCheckpoint`, `lockHome` and `pushFolder` throw
 */
export const pushModel = async (
  { address, isPrivate, env, answerMs, scratch, onExport, signal: stopping, ...options }: ModelPush,
  onDamage?: (problem: string) => void,
): Promise<PushedModel> => {
  if (address.kind !== "model")
    throw new BlockZeroError(
      "HUB_ADDRESS_INVALID",
      "a model does not go into a data set",
      "write hf://owner/name@branch",
    );
  if (existsSync(options.model) && statSync(options.model).isDirectory())
    return pushCheckpoint(options.model, { address, isPrivate, env, answerMs, signal: stopping });
  checkModelName(options.model);
  // Before a folder is made in it.
  storesIn(options.home);
  return inScratch(join(scratch ?? options.home, SCRATCH), stopping, async (folder, signal) => {
    const out = join(folder, "model");
    onExport?.(out);
    await exportModel({ ...options, out, signal }, onDamage);
    return pushCheckpoint(out, { address, isPrivate, env, answerMs, signal });
  });
};

/** The folder of an export until it is sent. */
const SCRATCH = "blockzero-push";

/** Does work in an empty folder that no other process uses, and removes it. The signal aborts also when another process took it over. */
const inScratch = async <T>(
  folder: string,
  stopping: AbortSignal | undefined,
  work: (folder: string, signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  const lost = new AbortController();
  const unlock = lockHome(folder, (error) => lost.abort(error));
  const empty = async (): Promise<void> => {
    for (const name of await readdir(folder))
      if (name !== "lock") await rm(join(folder, name), { recursive: true, force: true });
  };
  try {
    await empty();
    return await withSignals([stopping, lost.signal], (signal) => work(folder, signal));
  } catch (thrown) {
    throw lost.signal.aborted ? lost.signal.reason : thrown;
  } finally {
    // What another process took over is that one's.
    if (!lost.signal.aborted) await empty();
    unlock();
    await rmdir(folder).catch(() => {});
  }
};

const pushCheckpoint = async (
  dir: string,
  {
    answerMs,
    ...options
  }: Pick<ModelPush, "address" | "isPrivate" | "env" | "signal"> & { readonly answerMs: number | undefined },
): Promise<PushedModel> => {
  const { address, isPrivate, env, signal } = options;
  const checkpoint = await openCheckpoint(dir);
  const { metadata } = checkpoint;
  await checkpoint.close();
  const model = metadata.get("blockzero.model") ?? null;
  const facts = ["model", "network", "cycle"].map((key) => [key, metadata.get(`blockzero.${key}`)] as const);
  const pushed = await pushFolder(dir, address, {
    env,
    isPrivate,
    title: model === null ? "Model by BlockZero" : `BlockZero model ${model.slice(0, 12)}`,
    description: facts.flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`])).join("\n"),
    replaces: isWeights,
    signal,
    ...(answerMs !== undefined && { answerMs }),
  });
  return { ...pushed, model };
};
