import { z } from "zod";
import { hashSchema } from "#shared/protocol/hash.js";
import { shortHash } from "#shared/protocol/records.js";
import { type Journal, recent } from "../writes/journal.js";

/** The model that a cycle starts from. */
export interface SettledBase {
  /** The cycle whose majority named it. Null: it is the one that the network begins with. */
  readonly of: number | null;
  readonly model: string;
}

/** What was settled while the chain had the states that say it, which a node may discard after 256 blocks. */
export interface SettledBases {
  /** @param networkHash of the file in force in the cycle */
  get(cycle: number, networkHash: string): SettledBase | undefined;
  /** Remembers it. */
  settle(cycle: number, networkHash: string, base: SettledBase): void;
}

/** By `<cycle>/<first eight digits of the network file's hash>`. */
export const settledBasesSchema = z
  .record(z.string(), z.strictObject({ of: z.int().min(0).nullable(), model: hashSchema }))
  .default({});

type Bases = z.infer<typeof settledBasesSchema>;

/** Keeps them in a journal, the newest cycles. @param journal unset: in memory */
export const settledBases = (journal: Pick<Journal<Bases>, "value" | "note"> = inMemory()): SettledBases => {
  const keyOf = (cycle: number, networkHash: string) => `${cycle}/${shortHash(networkHash)}`;
  const get = (cycle: number, networkHash: string) => journal.value[keyOf(cycle, networkHash)];
  return {
    get,
    settle(cycle, networkHash, base) {
      const known = get(cycle, networkHash);
      if (known?.of === base.of && known.model === base.model) return;
      journal.note((bases) => recent({ ...bases, [keyOf(cycle, networkHash)]: base }));
    },
  };
};

const inMemory = (): Pick<Journal<Bases>, "value" | "note"> => {
  let value: Bases = {};
  return {
    get value() {
      return value;
    },
    note(change) {
      value = change(value);
    },
  };
};
