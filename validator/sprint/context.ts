import type { Arithmetic } from "#shared/compute/profile/profile.js";
import type { Validator } from "../context.js";

/** A validator that checks the proofs of Sprints. */
export interface Checker extends Pick<Validator, "participant" | "journal" | "metrics"> {
  /** What claimed wins are recomputed on. */
  readonly arithmetic: Arithmetic;
}
