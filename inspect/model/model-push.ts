import { existsSync, statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import type { HubAddress } from "#shared/hub/hub-address.js";
import { type Pushed, pushFolder } from "#shared/hub/push.js";
import { openCheckpoint } from "#shared/model/checkpoint-reader.js";
import { exportModel, type ModelExport } from "./model-export.js";
import { checkModelName } from "./model-store.js";

export interface ModelPush extends Omit<ModelExport, "out"> {
  readonly address: HubAddress;
  /** Makes a new repository private, and refuses one that is public. */
  readonly isPrivate: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly answerMs?: number;
}

export interface PushedModel extends Pushed {
  /** The model's hash; null for a folder that names none. */
  readonly model: string | null;
}

/** Weights and their index: what is left of an earlier model would be read as a part of the new one. */
const isWeights = (path: string): boolean => /^[^/]+\.safetensors(?:\.index\.json)?$/.test(path);

/**
 * Puts a checkpoint folder, or a model of a home that is exported for it, into a repository of the Hub.
 *
 * @param options.model a folder in Hugging Face's layout; else a model's hash, the beginning of one, or `latest`
 * @throws BlockZeroError what `exportModel`, `openCheckpoint` and `pushFolder` throw
 */
export const pushModel = async (
  { address, isPrivate, env, answerMs, ...options }: ModelPush,
  onDamage?: (problem: string) => void,
): Promise<PushedModel> => {
  if (address.kind !== "model")
    throw new BlockZeroError(
      "HUB_ADDRESS_INVALID",
      "a model does not go into a data set",
      "write hf://owner/name@branch",
    );
  if (existsSync(options.model) && statSync(options.model).isDirectory())
    return pushCheckpoint(options.model, { address, isPrivate, env, answerMs });
  checkModelName(options.model);
  const scratch = await mkdtemp(join(tmpdir(), "blockzero-push-"));
  try {
    const out = join(scratch, "model");
    await exportModel({ ...options, out }, onDamage);
    return await pushCheckpoint(out, { address, isPrivate, env, answerMs });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};

const pushCheckpoint = async (
  dir: string,
  {
    answerMs,
    ...options
  }: Pick<ModelPush, "address" | "isPrivate" | "env"> & { readonly answerMs: number | undefined },
): Promise<PushedModel> => {
  const { address, isPrivate, env } = options;
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
    ...(answerMs !== undefined && { answerMs }),
  });
  return { ...pushed, model };
};
