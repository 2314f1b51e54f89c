import { recent } from "#shared/participant/writes/journal.js";
import type { MinerJournal } from "../journal.js";
import type { DutyMember } from "./context.js";

type Fields = NonNullable<MinerJournal["cycles"][string]["duty"]>;

/** Writes down how far the duty of a cycle's Sprint came, before what depends on it. */
export const markDuty = ({ journal }: Pick<DutyMember, "journal">, cycle: number, fields: Fields): void =>
  journal.update(withFields(cycle, fields));

/** The same for what the chain can tell again. */
export const noteDuty = ({ journal }: Pick<DutyMember, "journal">, cycle: number, fields: Fields): void =>
  journal.note(withFields(cycle, fields));

const withFields =
  (cycle: number, fields: Fields) =>
  (value: MinerJournal): MinerJournal => {
    const entry = value.cycles[cycle];
    return {
      ...value,
      cycles: recent({ ...value.cycles, [cycle]: { ...entry, duty: { ...entry?.duty, ...fields } } }),
    };
  };
