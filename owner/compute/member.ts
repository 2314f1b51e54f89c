import { NEWCOMER, type Reputation } from "#shared/reputation/reputation.js";
import type { HostKind } from "./kinds.js";
import { type EarlyState, NO_EARLY_MISS } from "./rules/early-share.js";

/** A hotkey, and what is agreed on it so far. */
export interface Member {
  readonly hotkey: string;
  readonly kind: HostKind;
  /** The kind's place in the scenario. */
  readonly kindAt: number;
  /** The last weight that was settled as valid: it votes and has duties with it. */
  voting: number;
  history: number[];
  /** Of the last epoch that had any. */
  confirmations: readonly number[];
  early: EarlyState;
  reputation: Reputation;
}

/** All hotkeys. Who is always there begins with the weight of its machine; the others are newcomers. */
export const membersOf = (kinds: readonly HostKind[], seconds: number): Member[] =>
  kinds.flatMap((kind, kindAt) =>
    Array.from({ length: kind.count * kind.identities }, (_, number): Member => {
      const weight = Math.floor((kind.speed / kind.identities) * seconds);
      return {
        hotkey: `${kind.name.replaceAll(" ", "-")}-${number + 1}`,
        kind,
        kindAt,
        voting: kind.presence === "always" ? weight : 0,
        history: [],
        confirmations: [],
        early: NO_EARLY_MISS,
        reputation: NEWCOMER,
      };
    }),
  );
