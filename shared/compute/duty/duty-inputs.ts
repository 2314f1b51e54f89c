import { decodeAddress } from "@polkadot/util-crypto";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { inTurns } from "#shared/blobs/in-turns.js";
import { sprintTasks } from "#shared/duty/sprint-tasks.js";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { Reputations } from "#shared/reputation/agreed-reputations.js";
import type { CycleTask, Member } from "#shared/settlement/cycle-inputs.js";
import type { DutyInputs } from "#shared/settlement/eligible-tasks.js";
import { nodeSeed } from "#shared/sprint/exact/seeds.js";
import { cappedWeights } from "../capped-weights.js";
import type { Confirmed } from "../confirmed.js";
import { readEntrants, type SprintEntrant } from "../entrants.js";
import { type EntrantWithProof, hasProof, readProofInTurn } from "../read-proof.js";
import { dutyRules, MEMBERS_CHECK, POT } from "./rules.js";

/** Proofs that are in memory at once: up to 3 MiB each, and their wins. */
const PROOFS_AT_ONCE = 32;

/** What a Sprint's duty is drawn over, and whether it is all that there is. */
export interface DutyBasis {
  readonly inputs: DutyInputs;
  /** Executor → its proof. */
  readonly proofs: ReadonlyMap<string, EntrantWithProof>;
  /** Whether every committed proof that counts was available. If not, others may know more tasks. */
  readonly isWhole: boolean;
}

/** Tasks of a Sprint's proofs that were read before, by hotkey and hash of the proof. */
export type KnownTasks = Map<string, readonly CycleTask[]>;

/**
 * The members of a Sprint, by ascending hotkey: every hotkey with confirmed weight before it. Each weight is capped at the network file's
 * `max_share`.
 */
export const membersBy = (
  confirmed: ReadonlyMap<string, Pick<Confirmed, "weight">> | undefined,
  sprint: Pick<SprintWithDuty, "max_share">,
): readonly Member[] =>
  [...cappedWeights(confirmed, sprint)]
    .sort(([a], [b]) => compareTexts(a, b))
    .map(([hotkey, weight]) => ({
      hotkey,
      publicKey: decodeAddress(hotkey),
      weight: BigInt(weight),
      checks: MEMBERS_CHECK,
    }));

/** Tasks of the members' proofs: nobody without weight can raise it. */
const volumeOf = (
  committed: readonly SprintEntrant[],
  members: readonly Member[],
  duty: SprintWithDuty["duty"],
): number => {
  const hotkeys = new Set(members.map(({ hotkey }) => hotkey));
  return tasksCommitted(
    committed.filter(({ hotkey }) => hotkeys.has(hotkey)),
    duty,
  );
};

/** Tasks that proofs have, by their records alone: everybody has the same number, whichever proofs it has. */
const tasksCommitted = (committed: readonly SprintEntrant[], { tasks }: SprintWithDuty["duty"]): number =>
  committed.reduce((sum, { record }) => sum + Math.min(tasks, record?.wins ?? 0), 0);

/**
 * The tasks that a Sprint's duty is drawn over: wins of every committed proof whose bytes pass the checks. A proof that is not available has no
 * tasks.
 *
 * @param beacon    the seed of duty
 * @param known     what is read is added
 * @param executors whose tasks count. Default: everybody's, as long as the Sprint is not settled
 */
export const readDutyBasis = async (
  source: CycleSource,
  {
    cycle,
    sprint,
    members,
    reputations,
    beacon,
    known = new Map(),
    executors,
  }: {
    readonly cycle: number;
    readonly sprint: SprintWithDuty;
    readonly members: readonly Member[];
    /** Agreed in the Sprint before. */
    readonly reputations: Reputations;
    readonly beacon: string;
    readonly known?: KnownTasks;
    readonly executors?: ReadonlySet<string>;
  },
): Promise<DutyBasis> => {
  const network = source.networkHash;
  const [committed, seed] = await Promise.all([
    readEntrants(source, cycle),
    readSprintSeed(source, { cycle, purpose: "sprint-inputs" }),
  ]);
  const proven = committed.filter(hasProof);
  const proofs = proven.filter(({ hotkey }) => executors?.has(hotkey) ?? true);
  const inTurn = inTurns(PROOFS_AT_ONCE);
  let isWhole = true;
  const tasksOf = async (proof: EntrantWithProof): Promise<readonly CycleTask[]> => {
    const { hotkey, publicKey, difficulty, record } = proof;
    const key = `${hotkey} ${record.proof}`;
    const before = known.get(key);
    if (before) return before;
    try {
      const read = await readProofInTurn(source, { cycle, sprint }, proof, inTurn);
      if (!read.ok) {
        known.set(key, []);
        return [];
      }
      const node = nodeSeed(publicKey, seed);
      const { wins } = read.value;
      const of = { network, cycle, hotkey, publicKey, node, difficulty, proof: record.proof, wins };
      const drawn = await sprintTasks(of, { seed: beacon, count: sprint.duty.tasks });
      const tasks = drawn.map((task) => ({ task, executorKey: publicKey, source: { work: 1n } }));
      known.set(key, tasks);
      return tasks;
    } catch (thrown) {
      if (!isFetchFault(thrown)) throw thrown;
      isWhole = false;
      return [];
    }
  };
  const tasks = (await Promise.all(proofs.map(tasksOf))).flat();
  return {
    inputs: {
      network,
      cycle,
      members,
      tasks,
      dropped: tasksCommitted(
        proven.filter((proof) => !proofs.includes(proof)),
        sprint.duty,
      ),
      tasksBefore: 0,
      volume: volumeOf(committed, members, sprint.duty),
      reputations,
      pot: POT,
      rules: dutyRules(sprint.duty),
      beacon,
    },
    proofs: new Map(proofs.map((proof) => [proof.hotkey, proof])),
    isWhole,
  };
};
