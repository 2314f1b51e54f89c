import { type ChildProcess, fork } from "node:child_process";
import { BlockZeroError } from "#shared/errors/error.js";
import { mapLimited } from "#shared/util/map-limited.js";
import type { ModelName } from "./models/arena-model.js";
import type { Observation } from "./observation.js";

export interface SeedsOptions {
  readonly model: ModelName;
  readonly seeds: readonly string[];
  readonly cycles: number;
  /** Names of attacks of the library. */
  readonly attacks: readonly string[];
  /** Processes at a time; each takes one seed after the other. */
  readonly processes: number;
  /** What was observed before, of any seeds and attacks: it is not lived through again. */
  readonly known?: readonly Observation[];
  readonly onObservation: (observation: Observation) => void;
}

/** What one process is started for. */
export type SeedRequest = Pick<SeedsOptions, "model" | "cycles" | "attacks"> & { readonly seed: string };

export type SeedMessage = Observation;

/**
 * Lives through attacks with each of the seeds; a seed's genesis model and what its attacks are measured against are made once, in one process.
 * Gives the observations by seed, in the order of the seeds, and of each in the order of the attacks.
 *
 * @throws BlockZeroError ATTACK_FAILED where a process ends before its attacks are over
 */
export const runSeeds = async ({
  seeds,
  processes,
  attacks,
  known = [],
  onObservation,
  ...request
}: SeedsOptions): Promise<readonly (readonly Observation[])[]> => {
  const running = new Set<ChildProcess>();
  try {
    return await mapLimited(seeds, processes, async (seed) => {
      const before = known.filter((observation) => observation.seed === seed);
      const left = attacks.filter((name) => !before.some(({ attack }) => attack === name));
      const observed = await observe({ ...request, attacks: left, seed }, running, onObservation);
      return attacks.map((name) => [...before, ...observed].find(({ attack }) => attack === name)!);
    });
  } finally {
    for (const child of running) child.kill("SIGKILL");
  }
};

const observe = (
  request: SeedRequest,
  running: Set<ChildProcess>,
  onObservation: SeedsOptions["onObservation"],
): Promise<readonly Observation[]> => {
  if (request.attacks.length === 0) return Promise.resolve([]);
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./seed-process.js", import.meta.url), [JSON.stringify(request)], {
      execArgv: ["--enable-source-maps"],
    });
    running.add(child);
    const observations: Observation[] = [];
    child.on("message", (observation: SeedMessage) => {
      observations.push(observation);
      onObservation(observation);
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      running.delete(child);
      if (observations.length === request.attacks.length) return resolve(observations);
      const failed = request.attacks[observations.length];
      reject(
        new BlockZeroError(
          "ATTACK_FAILED",
          `${failed} with seed ${request.seed}: the process ended (${signal ?? `status ${code}`})`,
          "its reason stands above; run it alone: npm run attacks -- --only NAME",
        ),
      );
    });
  });
};
