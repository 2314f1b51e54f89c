import { BlockZeroError } from "#shared/errors/error.js";
import { type HubOptions, openHub } from "./hub.js";
import { formatHubAddress, type HubAddress } from "./hub-address.js";
import { digestOf } from "./hub-file.js";

export interface PullFileOptions extends HubOptions {
  readonly maxBytes: number;
}

/**
 * One small file of a repository, checked by the hash that the Hub lists. Nothing else is fetched.
 *
 * @throws BlockZeroError HUB_NOT_FOUND, HUB_FAILED, HUB_LISTING_INVALID, HUB_CONTENT_MISMATCH, HUB_TOO_LARGE, FETCH_REFUSED_ADDRESS
 */
export const pullFile = async (
  address: HubAddress,
  path: string,
  { maxBytes, ...options }: PullFileOptions,
): Promise<Uint8Array> => {
  const hub = openHub(address, options);
  const wanted = address.revision ?? "main";
  const found = await hub.revision(wanted);
  const file = found && (await hub.files(found.commit)).find((listed) => listed.path === path);
  if (!found || !file)
    throw new BlockZeroError(
      "HUB_NOT_FOUND",
      `the Hub shows no ${found === null ? "" : `${path} in `}${formatHubAddress(address, wanted)}`,
      "check the name and the revision; a private repository needs HF_TOKEN",
    );
  if (file.size > maxBytes)
    throw new BlockZeroError(
      "HUB_TOO_LARGE",
      `${path} has ${file.size} bytes, ${maxBytes} are read at most`,
      "take another repository",
    );
  const bytes = new Uint8Array(file.size);
  const hash = digestOf(file.digest, file.size);
  let length = 0;
  for await (const piece of hub.download(file, found.commit, 0)) {
    bytes.set(piece, length);
    hash.update(piece);
    length += piece.length;
  }
  if (length === file.size && hash.digest("hex") === file.digest.hex) return bytes;
  throw new BlockZeroError(
    "HUB_CONTENT_MISMATCH",
    `the Hub gives ${path} with other bytes than its list of files names`,
    "try again; take another repository where it stays so",
  );
};
