import type { SprintWindow } from "#shared/compute/read-window.js";

/** Forgets Sprints before a cycle that its window does not need: each holds the checks of all validators. @param known Sprints by cycle */
export const forgetSprints = (
  known: Map<number, unknown>,
  cycle: number,
  { results, confirmations, idle }: Pick<SprintWindow, "results" | "confirmations" | "idle">,
): void => {
  const needed = new Set([...results, ...confirmations, ...idle].map((one) => one.cycle));
  for (const past of known.keys()) if (past < cycle && !needed.has(past)) known.delete(past);
};
