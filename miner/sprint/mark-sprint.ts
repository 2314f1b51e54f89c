import { withCycle } from "#shared/participant/writes/journal.js";
import type { MinerJournal } from "../journal.js";
import type { Sprinter } from "./context.js";

type SprintEntry = NonNullable<MinerJournal["cycles"][string]["sprint"]>;

type Fields = Partial<SprintEntry>;

/** Writes down how far a Sprint came, and what else is to be known from then on, before what depends on it. */
export const markSprint = (
  { journal }: Pick<Sprinter, "journal">,
  cycle: number,
  fields: Fields,
  beside: Pick<MinerJournal, "proven"> = {},
): void => journal.update((value) => ({ ...withFields(cycle, fields)(value), ...beside }));

/** The same for what the chain can tell again. */
export const noteSprint = ({ journal }: Pick<Sprinter, "journal">, cycle: number, fields: Fields): void =>
  journal.note(withFields(cycle, fields));

const withFields = (cycle: number, fields: Fields) =>
  withCycle<MinerJournal["cycles"][string]>(cycle, (entry) => ({
    ...entry,
    sprint: { ...entry?.sprint, ...fields } as SprintEntry,
  }));
