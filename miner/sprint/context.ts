import type { Arithmetic } from "#shared/compute/profile/profile.js";
import type { Miner } from "../context.js";
import type { PowerMeter } from "./power.js";

/** A miner that takes part in Sprints. */
export interface Sprinter extends Pick<Miner, "participant" | "config" | "journal" | "metrics" | "timer" | "gate"> {
  /** What nonces are computed on. It is opened when the first Sprint needs it. */
  readonly arithmetic: () => Promise<Arithmetic>;
  readonly power: PowerMeter;
}
