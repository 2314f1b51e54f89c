import { type DutyBasis, type KnownTasks, membersBy, readDutyBasis } from "#shared/compute/duty/duty-inputs.js";
import { settledExecutors } from "#shared/compute/duty/settled-executors.js";
import { knownDraw } from "#shared/compute/memory/known-draw.js";
import { rememberedSprints } from "#shared/compute/memory/remember-sprint.js";
import { readSprint } from "#shared/compute/read-sprint.js";
import { readSprintWindow } from "#shared/compute/read-window.js";
import { withRecomputer } from "#shared/compute/recomputer.js";
import { readUntilWhole } from "#shared/participant/at-every-block.js";
import { awaitSprintSeed } from "#shared/participant/await-seeds.js";
import { faultFields } from "#shared/participant/fault-fields.js";
import { isOfAFork } from "#shared/participant/remembered-sprint.js";
import { waitForFiles } from "#shared/participant/waiting.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import type { DutyMember } from "./context.js";
import { membersUnsure } from "./members-unsure.js";

interface BasisWanted {
  readonly cycle: number;
  readonly sprint: SprintWithDuty;
  /** Block until which proofs are asked for. */
  readonly deadline: number;
  /** Whether the Sprint is settled: only tasks that count are then drawn over, as those who close its duty do. */
  readonly isSettled: boolean;
}

/**
 * What this miner draws a Sprint's duty over. Null if it is no member: it has no confirmed weight. What Sprints were settled by and proofs are asked
 * for at every block until `deadline`, and then left out. A warning says if the weights hang on Sprints that cannot be read: the draws may then be
 * other ones than validators expect.
 */
export const readBasis = async (
  { participant, journal, arithmetic }: DutyMember,
  { cycle, sprint, deadline, isSettled }: BasisWanted,
): Promise<DutyBasis | null> => {
  const { log, signal, signer } = participant;
  const beacon = await awaitSprintSeed(participant, { cycle, purpose: "sprint-duty" });
  return waitForFiles(participant, { deadline, isHeld: true }, async (wait) => {
    const { source } = wait;
    const known = rememberedSprints(journal);
    const draw = knownDraw(journal);
    const { confirmed, reputations, unknown } = await readUntilWhole(participant, wait, async () => {
      const window = await readSprintWindow(source, cycle, { arithmetic, known, draw, signal });
      return { ...window, isWhole: !window.isAwaited };
    });
    if (unknown.length > 0)
      log.warn("members of duty may be others", { cycle, ...faultFields(membersUnsure(unknown)) });
    const members = membersBy(confirmed, sprint);
    if (!members.some(({ hotkey }) => hotkey === signer.address)) return null;
    const tasks: KnownTasks = new Map();
    const drawn = { cycle, sprint, members, reputations, beacon, known: tasks };
    return withRecomputer(source, { sprint, cycle, arithmetic, signal }, (recomputer) =>
      readUntilWhole(participant, wait, async () => {
        if (!isSettled) return readDutyBasis(source, drawn);
        const before = known.get(cycle);
        const isLasting = before?.isWhole === true && !(await isOfAFork(participant, before));
        const settled = isLasting ? before : await readSprint(source, { cycle, sprint, recomputer });
        // Whoever reads it next need not recompute what it took.
        if (!isLasting && settled.isWhole) known.set(cycle, settled);
        const executors = settledExecutors(settled);
        const basis = await readDutyBasis(source, { ...drawn, executors });
        return { ...basis, isWhole: basis.isWhole && settled.isWhole };
      }),
    );
  });
};
