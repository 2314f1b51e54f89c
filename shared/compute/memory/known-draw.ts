import type { ValueSource } from "#shared/replay/beacon-value.js";
import { type Draw, readDraw } from "../confirmation.js";
import type { SprintJournal, SprintMemory } from "./sprint-memory.js";

/** Draws that are remembered: more than there are cycles between two Sprints with confirmations. */
const KEPT = 128;

/**
 * Whether a cycle has a confirmation, as a journal remembers it; else read from the chain, which may not have that state for long, and remembered.
 */
export const knownDraw =
  <C extends ValueSource, V extends SprintMemory>(journal: SprintJournal<V>): Draw<C> =>
  async (context, cycle) => {
    const known = journal.value.draws.find((draw) => draw.cycle === cycle);
    if (known) return known.isDrawn;
    const isDrawn = await readDraw(context, cycle);
    journal.note((value) => ({
      ...value,
      draws: [...value.draws.filter((draw) => draw.cycle !== cycle), { cycle, isDrawn }]
        .sort((a, b) => a.cycle - b.cycle)
        .slice(-KEPT),
    }));
    return isDrawn;
  };
