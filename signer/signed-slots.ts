import { BlockZeroError } from "#shared/errors/error.js";
import type { Slot } from "./statement.js";

/** A slot, and what was signed for it last. */
export interface SignedSlot extends Slot {
  /** SHA-256 of the signed bytes, 64 hex digits. */
  readonly message: string;
  /** 128 hex digits. */
  readonly signature: string;
}

/** Cycles of a family up to this one were forgotten. */
export interface Forgotten {
  readonly family: string;
  readonly floor: number;
}

/** What was signed for each slot, as far as it is remembered. */
export interface SignedSlots {
  find(slot: Slot): SignedSlot | undefined;
  /** @throws BlockZeroError SIGNER_REFUSED if a slot that is not remembered is too old or one too many */
  refuseNew(slot: Slot): void;
  remember(signed: SignedSlot): void;
  forget(forgotten: Forgotten): void;
  /** All that is known, in an order in which it can be learnt again. */
  all(): readonly (Forgotten | SignedSlot)[];
  /** How much there is to remember. */
  count(): number;
}

export interface SlotLimits {
  /** Cycles that are remembered of each family. Older ones are refused. */
  readonly keptCycles?: number;
  /** Families that there may be at all. */
  readonly knownFamilies?: number;
}

const KEPT_CYCLES = 1024;

/** Families whose cycles are remembered: networks times kinds. Of others it is remembered up to which cycle they were signed. */
export const MAX_FAMILIES = 256;

/** All families: a network file has a dozen, and an owner may change it every day. */
const MAX_KNOWN_FAMILIES = 16_384;

/** Parts of a cycle that are remembered: a program names them as it likes. */
export const MAX_PARTS = 64;

interface Family {
  /** Cycle → part → what was signed. */
  readonly cycles: Map<number, Map<string, SignedSlot>>;
  floor: number;
}

export const signedSlots = ({
  keptCycles = KEPT_CYCLES,
  knownFamilies = MAX_KNOWN_FAMILIES,
}: SlotLimits): SignedSlots => {
  /** In the order of their last signatures. */
  const families = new Map<string, Family>();
  /** Of families whose cycles are forgotten the newest one. */
  const floors = new Map<string, number>();

  /** Makes a family the one that was signed for last. */
  const renewed = (name: string): Family => {
    const family = families.get(name) ?? { cycles: new Map(), floor: floors.get(name) ?? -1 };
    floors.delete(name);
    families.delete(name);
    families.set(name, family);
    return family;
  };

  const forgetOldest = (family: Family): void => {
    while (family.cycles.size > keptCycles) {
      const oldest = Math.min(...family.cycles.keys());
      family.cycles.delete(oldest);
      family.floor = Math.max(family.floor, oldest);
    }
  };

  /** Of a network file that was in force long ago nothing is asked any more. */
  const forgetStalest = (): void => {
    const [stalest] = families;
    if (families.size <= MAX_FAMILIES || stalest === undefined) return;
    const [name, { cycles, floor }] = stalest;
    floors.set(name, Math.max(floor, ...cycles.keys()));
    families.delete(name);
  };

  return {
    find: ({ family, cycle, part }) => families.get(family)?.cycles.get(cycle)?.get(part),

    refuseNew: (slot) => {
      const family = families.get(slot.family);
      if (family === undefined && !floors.has(slot.family) && families.size + floors.size >= knownFamilies)
        throw refusal(`more than ${knownFamilies} kinds of statements and networks`);
      if (slot.cycle <= (family?.floor ?? floors.get(slot.family) ?? -1))
        throw refusal(`${nameOf(slot)}: cycle ${slot.cycle} is older than what the journal remembers`);
      if ((family?.cycles.get(slot.cycle)?.size ?? 0) >= MAX_PARTS)
        throw refusal(`more than ${MAX_PARTS} writes of one kind in cycle ${slot.cycle}`);
    },

    remember: (signed) => {
      const family = renewed(signed.family);
      const parts = family.cycles.get(signed.cycle) ?? new Map<string, SignedSlot>();
      family.cycles.set(signed.cycle, parts);
      parts.set(signed.part, signed);
      forgetOldest(family);
      forgetStalest();
    },

    forget: ({ family, floor }) => {
      floors.set(family, floor);
    },

    all: () => [
      ...[...floors].map(([family, floor]) => ({ family, floor })),
      ...[...families].flatMap(([family, { cycles, floor }]) => [
        ...(floor >= 0 ? [{ family, floor }] : []),
        ...[...cycles.values()].flatMap((parts) => [...parts.values()]),
      ]),
    ],

    count: () => {
      const cycles = [...families.values()].flatMap((family) => [...family.cycles.values()]);
      return cycles.reduce((sum, parts) => sum + parts.size, floors.size);
    },
  };
};

/** A slot as a message names it. */
export const nameOf = ({ family, cycle, part }: Slot): string =>
  `${family.split("/").at(-1)} of cycle ${cycle}${part === "" ? "" : ` (${part})`}`;

const refusal = (problem: string): BlockZeroError =>
  new BlockZeroError("SIGNER_REFUSED", problem, "see docs/signer.md for what the journal remembers");
