import { BlockZeroError } from "#shared/errors/error.js";
import type { HubAddress } from "#shared/hub/hub-address.js";
import { type Pulled, type PullOptions, pullFolder } from "#shared/hub/pull.js";

/** What a model and its tokenizer are made of. Pickled weights are programs, and other formats are the same weights again. */
const isModelFile = (path: string): boolean =>
  /^(?:LICENSE|NOTICE|USE_POLICY)[^/]*$|\.(?:safetensors|json|jinja|txt|model|md)$/.test(path);

/**
 * Fetches a model's files from the Hub into a new folder: weights in safetensors, configs, tokenizer, card and licence.
 *
 * @throws BlockZeroError HUB_ADDRESS_INVALID, and what `pullFolder` throws
 */
export const pullModel = (address: HubAddress, out: string, options: Omit<PullOptions, "wants">): Promise<Pulled> => {
  if (address.kind === "model") return pullFolder(address, out, { ...options, wants: isModelFile });
  throw new BlockZeroError("HUB_ADDRESS_INVALID", "that is a data set, no model", "write hf://owner/name@revision");
};
