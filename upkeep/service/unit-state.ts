import { setTimeout as delay } from "node:timers/promises";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Systemctl } from "./systemctl.js";
import { RESTART_SECONDS } from "./unit.js";

/** Properties of a unit, by name. @throws what the manager throws */
export const unitState = async <Name extends string>(
  manager: Systemctl,
  unit: string,
  names: readonly Name[],
): Promise<Partial<Record<Name, string>>> => {
  const text = await manager("show", unit, ...names.map((name) => `--property=${name}`));
  const pairs = text
    .split("\n")
    .filter((line) => line.includes("="))
    .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
  return Object.fromEntries(pairs);
};

/** A unit that cannot be started as it is written, or whose program refuses its settings, has ended by then. */
const SETTLED_MS = 2000;

/**
 * Waits a moment after a unit was started: `enable --now` succeeds as soon as the program was forked, also where nothing could be executed.
 *
 * @param logs the command that shows its log
 * @throws BlockZeroError SERVICE_FAILED if it does not run then; what the manager throws
 */
export const checkStaysUp = async (manager: Systemctl, unit: string, logs: string): Promise<void> => {
  await delay(SETTLED_MS);
  const found = await unitState(manager, unit, ["ActiveState", "SubState", "ExecMainStatus"]);
  if (found.ActiveState === "active" && found.SubState === "running") return;
  throw new BlockZeroError(
    "SERVICE_FAILED",
    `${unit} does not stay up: ${found.ActiveState}/${found.SubState}, status ${found.ExecMainStatus}; it is started again every ${RESTART_SECONDS} seconds`,
    `see ${logs}`,
  );
};
