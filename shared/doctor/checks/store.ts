import { randomBytes } from "node:crypto";
import { openStore } from "#shared/blobs/open-store.js";
import { type Check, failure, ok } from "../check.js";

/** Longest wait for one answer of a service. */
const ANSWER_MS = 15_000;

/** The store elsewhere takes a blob, gives it back and deletes it. */
export const storeCheck: Check = {
  name: "store",
  deadlineMs: 60_000,
  run: async ({ config, env }) => {
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
