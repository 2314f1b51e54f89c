import type { Random } from "#shared/data/random.js";
import type { TinyField } from "./tiny-field.js";

/**
 * What somebody tries against proof of compute, as a description. `play` lives it through once with the rules themselves, and with the tiny
 * exact network where real arithmetic decides.
 */
export interface ComputeAttack {
  readonly name: string;
  readonly description: string;
  readonly play: (ring: Ring) => Promise<Play> | Play;
}

export interface Ring {
  /** Another in every run: what the attacker and the world draw by lot follows from it. */
  readonly seed: string;
  readonly random: Random;
  /** 64 hex digits that nobody knew before: another for each text. */
  readonly beacon: (text: string) => string;
  /** The tiny exact network of this run, opened once. */
  readonly tiny: () => Promise<TinyField>;
}

/** How often something happened, and how often it should by the formula. */
export interface Rate {
  /** What is counted, in a few words. */
  readonly of: string;
  readonly events: number;
  readonly trials: number;
  readonly computed: number;
}

export interface Play {
  /** What an hour of a unit of the attacker's hardware earns; 1 is what an honest host's does. */
  readonly payoff: number;
  /** Half the width of its interval of 95 %, where luck has a part in it; several seeds tell by themselves. */
  readonly luck?: number;
  /** Honest hosts that were rejected or lost something: α. Null where the attack touches none. */
  readonly alpha: Rate | null;
  /** Tries of the attacker that pass: β. */
  readonly beta: Rate;
  readonly stoppedBy: readonly string[];
}

/** The `luck` of a payoff that goes by a number of events. */
export const luckOf = (payoff: number, events: number): number => (1.96 * payoff) / Math.sqrt(Math.max(1, events));
