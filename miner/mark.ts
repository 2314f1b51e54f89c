import { withFields } from "#shared/participant/writes/journal.js";
import type { Miner } from "./context.js";
import type { MinerJournal } from "./journal.js";

type Fields = MinerJournal["cycles"][string];

/** Writes down how far a cycle came, before what depends on it. */
export const mark = ({ journal }: Pick<Miner, "journal">, cycle: number, fields: Fields): void =>
  journal.update(withFields(cycle, fields));

/** The same for what the chain can tell again. */
export const note = ({ journal }: Pick<Miner, "journal">, cycle: number, fields: Fields): void =>
  journal.note(withFields(cycle, fields));
