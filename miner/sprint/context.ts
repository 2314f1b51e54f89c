import type { SprintNetworkOptions } from "#shared/sprint/exact/prover.js";
import type { Miner } from "../context.js";
import type { PowerMeter } from "./power.js";

/** A miner that takes part in Sprints. */
export interface Sprinter extends Pick<Miner, "participant" | "config" | "journal" | "metrics" | "timer"> {
  /** What nonces are computed on. It is opened when the first Sprint needs it. */
  readonly arithmetic: () => Promise<Pick<SprintNetworkOptions, "device" | "threads">>;
  readonly power: PowerMeter;
}
