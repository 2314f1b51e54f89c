import { withCycle } from "#shared/participant/writes/journal.js";
import type { MinerJournal } from "../journal.js";
import type { DutyMember } from "./context.js";

type Fields = NonNullable<MinerJournal["cycles"][string]["duty"]>;

/** Writes down how far the duty of a cycle's Sprint came, before what depends on it. */
export const markDuty = ({ journal }: Pick<DutyMember, "journal">, cycle: number, fields: Fields): void =>
  journal.update(withFields(cycle, fields));

/** The same for what the chain can tell again. */
export const noteDuty = ({ journal }: Pick<DutyMember, "journal">, cycle: number, fields: Fields): void =>
  journal.note(withFields(cycle, fields));

const withFields = (cycle: number, fields: Fields) =>
  withCycle<MinerJournal["cycles"][string]>(cycle, (entry) => ({ ...entry, duty: { ...entry?.duty, ...fields } }));
