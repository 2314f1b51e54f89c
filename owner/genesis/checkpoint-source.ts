import { existsSync } from "node:fs";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Environment } from "#shared/hub/hub.js";
import { HUB_SCHEME, parseHubAddress } from "#shared/hub/hub-address.js";
import type { HubFile } from "#shared/hub/hub-file.js";
import { pullFolder } from "#shared/hub/pull.js";
import { CONFIG_FILE } from "#shared/model/checkpoint-layout.js";

/** Of a repository's files: those at its top that a checkpoint has. Weights in other formats are left where they are. */
const OF_CHECKPOINT = /^[^/]+\.(?:safetensors|json|model|txt|jinja)$/;

/**
 * The folder of a checkpoint that is named as a folder or as `hf://owner/name@revision`. One of the Hub is fetched into `checkpoints/` of
 * `home`, each file checked by its hash; cut short, a later call goes on; fetched once, it is taken from there.
 *
 * @param onFile told of every file that is fetched
 * @throws BlockZeroError HUB_ADDRESS_INVALID, and what `pullFolder` throws
 */
export const checkpointFolder = async (
  from: string,
  home: string,
  { env, onFile, answerMs }: { env: Environment; onFile?: (file: HubFile) => void; answerMs?: number },
): Promise<string> => {
  if (!from.startsWith(HUB_SCHEME)) return from;
  const address = parseHubAddress(from);
  if (address.kind !== "model")
    throw new BlockZeroError("HUB_ADDRESS_INVALID", `${from} is a data set`, "name a model: hf://owner/name@revision");
  const folder = join(home, "checkpoints", `${address.name}@${address.revision ?? "main"}`.replaceAll("/", "--"));
  if (existsSync(join(folder, CONFIG_FILE))) return folder;
  await pullFolder(address, folder, {
    env,
    wants: (path) => OF_CHECKPOINT.test(path),
    ...(onFile && { onFile }),
    ...(answerMs !== undefined && { answerMs }),
  });
  return folder;
};
