import { recent } from "#shared/participant/writes/journal.js";
import type { MinerJournal } from "../journal.js";
import type { DutyMember } from "./context.js";

type DutyEntry = NonNullable<MinerJournal["cycles"][string]["duty"]>;

/** Writes down how far the duty of a cycle's Sprint came. */
export const markDuty = ({ journal }: Pick<DutyMember, "journal">, cycle: number, fields: DutyEntry): void =>
  journal.update((value) => {
    const entry = value.cycles[cycle];
    return {
      ...value,
      cycles: recent({ ...value.cycles, [cycle]: { ...entry, duty: { ...entry?.duty, ...fields } } }),
    };
  });
