import { stat } from "node:fs/promises";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { fetchFile } from "#shared/hub/fetch-file.js";
import type { Environment } from "#shared/hub/hub.js";
import { HUB_SCHEME, parseHubAddress } from "#shared/hub/hub-address.js";
import { pullFile } from "#shared/hub/pull-file.js";
import { openCheckpointFolder, parseJson, reading } from "#shared/model/checkpoint-folder.js";
import { CONFIG_FILE } from "#shared/model/checkpoint-layout.js";
import { MAX_CONFIG_BYTES } from "#shared/model/checkpoint-reader.js";
import { dtypeOf, fromHuggingFaceConfig } from "#shared/model/huggingface-config.js";
import type { ModelConfig } from "#shared/protocol/model-config.js";
import type { FloatDType } from "#shared/tensor-files/float-dtype.js";

/** The words for what `readModelConfig` takes. */
export const MODEL_SOURCE_FORM = "a folder, its config.json, hf://owner/name@revision, or the URL of either";

export interface ModelSourceOptions {
  /** HF_TOKEN, and HF_ENDPOINT for another hub. */
  readonly env: Environment;
  /** Whether a server may send its client to loopback and private networks. */
  readonly allowPrivateAddresses: boolean;
  /** Milliseconds that a server has for an answer. */
  readonly answerMs?: number;
  /** Ends every wait for a server. */
  readonly signal?: AbortSignal;
}

/** What a `config.json` says of a model. */
export interface DescribedModel {
  readonly config: ModelConfig;
  /** The precision of its weights. */
  readonly dtype: FloatDType;
}

/**
 * Reads a model's `config.json` of Hugging Face's format alone: nothing else is read or fetched.
 *
 * @param source a folder or a file, `hf://owner/name@revision`, or a URL of http or https, to which `config.json` is added where it names no JSON
 *   file
 * @throws BlockZeroError CHECKPOINT_NOT_FOUND, CHECKPOINT_MALFORMED, HUB_ADDRESS_INVALID, FETCH_REFUSED_ADDRESS, and what `pullFile` throws
 */
export const readModelConfig = async (
  source: string,
  { env, allowPrivateAddresses, answerMs, signal }: ModelSourceOptions,
): Promise<DescribedModel> => {
  const limits = { maxBytes: MAX_CONFIG_BYTES, allowPrivateAddresses, answerMs, signal };
  if (source.startsWith(HUB_SCHEME)) {
    const address = parseHubAddress(source);
    if (address.kind !== "model")
      throw new BlockZeroError(
        "HUB_ADDRESS_INVALID",
        `${source} is a data set`,
        "name a model: hf://owner/name@revision",
      );
    return described(source, parseJson(source, await pullFile(address, CONFIG_FILE, { env, ...limits })));
  }
  if (/^https?:\/\//.test(source)) {
    const url = addressOf(source);
    const what = `${url.origin}${url.pathname}`;
    return described(what, parseJson(what, await fetchFile(url, limits)));
  }
  if (await isFolder(source))
    return described(
      join(source, CONFIG_FILE),
      await (await openCheckpointFolder(source)).json(CONFIG_FILE, MAX_CONFIG_BYTES),
    );
  return described(source, parseJson(source, await reading(() => readSmallFile(source, MAX_CONFIG_BYTES))));
};

const described = (what: string, document: unknown): DescribedModel => ({
  config: fromHuggingFaceConfig(document, what),
  dtype: dtypeOf(document),
});

const addressOf = (text: string): URL => {
  if (!URL.canParse(text))
    throw new BlockZeroError("CHECKPOINT_NOT_FOUND", `${JSON.stringify(text)} is no URL`, `name ${MODEL_SOURCE_FORM}`);
  const url = new URL(text);
  if (!url.pathname.endsWith(".json")) url.pathname = `${url.pathname.replace(/\/+$/, "")}/${CONFIG_FILE}`;
  return url;
};

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
