import { SPRINT_WINDOW } from "#shared/protocol/sprint.js";
import { reputationsOf, statedReputations } from "#shared/reputation/agreed-reputations.js";
import type { SettledSprint } from "../read-sprint.js";
import type { KnownSprints } from "../read-window.js";
import type { SprintJournal, SprintMemory } from "./sprint-memory.js";

/** Sprints that are remembered: those of a window, and some that a change of the window may ask for. */
const KEPT = 2 * SPRINT_WINDOW;

/** Sprints whose confirmations are remembered: the newest, and the one before. */
const CONFIRMED = 2;

/**
 * Stores how a Sprint was settled. What was read in part takes the place of nothing that the same block decided: files that were here may be gone
 * since.
 */
export const rememberSprint = <V extends SprintMemory>(
  journal: SprintJournal<V>,
  { cycle, confirms, outcomes, reputations, isWhole, decided }: SettledSprint,
): void =>
  journal.note((value) => {
    const before = value.sprints.find((past) => past.cycle === cycle);
    const isSameBlock = before?.decided === undefined || decided === undefined || before.decided === decided;
    if (!isWhole && before && isSameBlock) return value;
    const sprints = [
      ...value.sprints.filter((past) => past.cycle !== cycle),
      {
        cycle,
        confirms,
        isWhole,
        ...(decided !== undefined && { decided }),
        reputations: reputations && [...statedReputations(reputations)],
        outcomes: outcomes.map(({ uid, hotkey, outcome, measured, low, high }) => ({
          ...{ uid, hotkey, outcome, measured, low, high },
        })),
      },
    ].sort((a, b) => a.cycle - b.cycle);
    const regular = sprints.filter((one) => one.confirms === null).slice(-KEPT);
    const oldest = regular.at(-CONFIRMED)?.cycle ?? 0;
    const kept = new Set(regular);
    return { ...value, sprints: sprints.filter((one) => kept.has(one) || (one.confirms ?? -1) >= oldest) };
  });

/** The Sprints that a journal remembers, as `readSprintWindow` takes and adds them. */
export const rememberedSprints = <V extends SprintMemory>(journal: SprintJournal<V>): KnownSprints<SettledSprint> => ({
  get: (cycle) => {
    const known = journal.value.sprints.find((one) => one.cycle === cycle);
    return known && { ...known, reputations: known.reputations && reputationsOf(known.reputations) };
  },
  set: (_, result) => rememberSprint(journal, result),
});
