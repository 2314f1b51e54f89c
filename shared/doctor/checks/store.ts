import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { openStore } from "#shared/blobs/open-store.js";
import { knownMark } from "#shared/participant/files/archive.js";
import { markOf } from "#shared/participant/files/marked-folder.js";
import { type Check, failure, ok } from "../check.js";
import { type Examined, homeOf } from "../examined.js";

/** Longest wait for one answer of a service. */
const ANSWER_MS = 15_000;

/** @throws BlockZeroError STORE_FAILED where another folder stands in the place of the one that has the copies. Nothing is marked. */
const checkFolder = async ({ config: { store, checkpoint_dir, wallet } }: Examined): Promise<void> => {
  if (store.kind !== "directory") return;
  const home = await homeOf({ checkpoint_dir, wallet });
  const mark = home === null ? undefined : knownMark(join(home, "archive.json"));
  if (mark !== undefined) markOf(store.path, mark);
};

/** The store elsewhere takes a blob, gives it back and deletes it. */
export const storeCheck: Check = {
  name: "store",
  deadlineMs: 60_000,
  run: async (about) => {
    const { config, env } = about;
    await checkFolder(about);
    const store = await openStore(config.store, env, { answerMs: ANSWER_MS });
    if (store === null) return ok("none: files are on this machine alone");
    const bytes = randomBytes(64);
    const hash = await store.put(bytes);
    try {
      const found = await store.get(hash);
      if (found === null || !bytes.equals(found))
        return failure(
          `${config.store.kind} gives back other bytes than it took`,
          "check the store's bucket or folder",
        );
    } finally {
      await store.delete(hash);
    }
    return ok(`${config.store.kind} takes, gives and deletes a blob`);
  },
};
