import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { template } from "../support/micro-network.js";

/** Blocks, 88 a cycle: at a tenth of a second each, enough for every phase on a machine without other work. */
export const SOAK_PHASES = {
  distribute: 6,
  train: 12,
  commit: 6,
  reveal: 6,
  evaluate: 20,
  exchange: 8,
  choose: 14,
  merge: 16,
} as const;

/** Steps of a few milliseconds, so that each cycle trains in less time than a block. */
const TRAINING = {
  batch_size: 4,
  gradient_accumulation_steps: 1,
  learning_rate: 0.003,
  warmup_steps: 0,
  max_steps: 12,
};

const STRANGER_REQUESTS = 100_000;

/** Writes the micro network as a template. @returns its path */
export const writeNetwork = (folder: string): string => {
  const path = join(folder, "network.yaml");
  const { first_cycle: _, ...network } = { ...template, name: "soak", phases: SOAK_PHASES };
  writeFileSync(path, stringify(network));
  return path;
};

export interface PlayerPlace {
  readonly endpoint: string;
  /** Its home, where that is not the localnet's. */
  readonly home: string | null;
}

/** Writes participants' settings: quick training, and each by its own line to the chain. @returns the file's path */
export const writeSettings = (folder: string, players: ReadonlyMap<string, PlayerPlace>): string => {
  const path = join(folder, "settings.yaml");
  const own = [...players].map(([name, { endpoint, home }]) => [
    name,
    {
      chain_endpoint: endpoint,
      // All who look are strangers at one address: the localnet, its page, and who explains each cycle.
      listen: { stranger_requests_per_minute: STRANGER_REQUESTS },
      ...(home !== null && { checkpoint_dir: home }),
      ...(!name.startsWith("validator") && TRAINING),
    },
  ]);
  writeFileSync(path, stringify(Object.fromEntries(own)));
  return path;
};
