import { existsSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "#shared/telemetry/log.js";
import { faultFields } from "../fault-fields.js";

/** A network's folder in a home: the first digits of a hash. */
const NETWORK = /^[0-9a-f]{8}$/;

/**
 * What programs keep there to go on with training and measuring, which takes many times a model's size. A network that begins anew goes on with
 * nothing of it. Journals, receipts and secrets stay.
 */
const OF_TRAINING: readonly string[] = [
  "training",
  "residuals",
  "data",
  "evaluator",
  "update.safetensors",
  "sprint.nonces",
  "losses.jsonl",
  "witnesses",
];

/** Removes what was kept to go on with training under other networks than this one. Never throws. @param network the name of this one's folder */
export const removeFormerTraining = async (
  home: string,
  network: string,
  log: Pick<Log, "info" | "warn">,
): Promise<void> => {
  try {
    for (const former of await readdir(home)) {
      if (!NETWORK.test(former) || former === network) continue;
      const left = OF_TRAINING.map((name) => join(home, former, name)).filter(existsSync);
      for (const path of left) await rm(path, { recursive: true, force: true });
      if (left.length > 0) log.info("removed what was left of training under another network", { network: former });
    }
  } catch (thrown) {
    log.warn("training under another network cannot be removed", faultFields(thrown));
  }
};
