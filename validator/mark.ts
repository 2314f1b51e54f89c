import { recent } from "#shared/participant/writes/journal.js";
import type { Validator } from "./context.js";
import type { ValidatorJournal } from "./journal.js";

/** Notes how far a cycle came. */
export const mark = (
  { journal }: Pick<Validator, "journal">,
  cycle: number,
  fields: ValidatorJournal["cycles"][string],
): void =>
  journal.update((value) => ({
    ...value,
    cycles: recent({ ...value.cycles, [cycle]: { ...value.cycles[cycle], ...fields } }),
  }));
