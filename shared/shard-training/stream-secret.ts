import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { readFileIfAny, writeFileAtomic } from "#shared/files/atomic-file.js";
import { sha256 } from "#shared/protocol/hash.js";

const FILE = "stream-secret";
const BYTES = 32;
const DOMAIN = "blockzero/stream/1";

/**
 * Whose training stream it is: SHA-256("blockzero/stream/1" ‖ secret ‖ hotkey's address), 64 hex digits. The secret is drawn once and kept in the
 * home, readable by its owner alone: hotkey and cycle are public, and who knew the rest could train another's stream. A restart of the same home goes
 * on with the same stream.
 *
 * @throws BlockZeroError STREAM_SECRET_INVALID where the file holds something else
 */
export const streamOwner = (home: string, address: string): string => {
  const path = join(home, FILE);
  let secret = readFileIfAny(path)?.trim();
  if (secret === undefined) {
    secret = randomBytes(BYTES).toString("hex");
    writeFileAtomic(path, `${secret}\n`);
  }
  if (!/^[0-9a-f]{64}$/.test(secret))
    throw new BlockZeroError(
      "STREAM_SECRET_INVALID",
      `${path} is not 64 hex digits`,
      "delete it: the next cycle trains on another stream",
    );
  return sha256(Buffer.from(DOMAIN), Buffer.from(secret, "hex"), Buffer.from(address));
};
