import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import type { IncomingBlob } from "./incoming-blob.js";

/** A blob that is received into a file. The file remains if the fetch stops. */
export interface PartialFile extends IncomingBlob {
  /** Stops here. The received bytes stay for the next attempt unless the blob was finished. */
  close(): Promise<void>;
}

export interface PartialFileOptions {
  readonly path: string;
  readonly hash: string;
  /** Turns a refusal of the file system into a coded error. */
  readonly attempt: <T>(work: () => Promise<T>) => Promise<T>;
  /** Moves the complete, verified and synced file to its place. */
  readonly keep: () => Promise<void>;
  /** Called once, when nobody uses the file any more. */
  readonly onClose: () => void;
}

/** Continues the file of an earlier attempt. Its bytes are read once, to hash them. */
export const openPartialFile = async ({
  path,
  hash,
  attempt,
  keep,
  onClose,
}: PartialFileOptions): Promise<PartialFile> => {
  const file = await open(path, "a", 0o644);
  let digest = createHash("sha256");
  let length = 0;
  let closed = false;
  const close = async () => {
    if (closed) return;
    closed = true;
    await file.close().finally(onClose);
  };
  const restart = async () => {
    await attempt(() => file.truncate(0));
    digest = createHash("sha256");
    length = 0;
  };
  try {
    for await (const chunk of createReadStream(path)) {
      digest.update(chunk);
      length += chunk.length;
    }
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return {
    length: () => length,
    append: async (chunk) => {
      await attempt(() => file.appendFile(chunk));
      digest.update(chunk);
      length += chunk.length;
    },
    restart,
    finish: async () => {
      if (digest.copy().digest("hex") !== hash) {
        await restart();
        return false;
      }
      await attempt(() => file.sync());
      // A request for the same blob must not find the file while it is moved to its place.
      await attempt(keep);
      await close();
      return true;
    },
    close,
  };
};
