import { decodeAddress } from "@polkadot/util-crypto";
import { isFetchFault } from "#shared/blobs/fetch-fault.js";
import { sprintTasks } from "#shared/duty/sprint-tasks.js";
import type { Task } from "#shared/duty/task.js";
import type { SprintWithDuty } from "#shared/protocol/sprint.js";
import { readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import type { CycleSource } from "#shared/replay/source.js";
import type { CycleTask, Member } from "#shared/settlement/cycle-inputs.js";
import type { DutyInputs } from "#shared/settlement/eligible-tasks.js";
import { nodeSeed } from "#shared/sprint/exact/seeds.js";
import { mapLimited } from "#shared/util/map-limited.js";
import { readCommittedProofs } from "../committed-proofs.js";
import type { Confirmed } from "../confirmed.js";
import { profileOf } from "../profile/profile-of.js";
import { isPromised, type PromisedProof, readProof } from "../read-proof.js";
import { MEMBERS_CHECK, POT, SUBNET_DUTY } from "./rules.js";

/** What a Sprint's duty is drawn over, and whether it is all that there is. */
export interface DutyBasis {
  readonly inputs: DutyInputs;
  /** Tasks of executors that do not count, as far as their proofs are to be had: members may have been asked for draws of these. */
  readonly uncounted: readonly Task[];
  /** Executor → its proof. */
  readonly proofs: ReadonlyMap<string, PromisedProof>;
  /** Whether every committed proof that counts was available. If not, others may know more tasks. */
  readonly isWhole: boolean;
}

/** Tasks of a Sprint's proofs that were read before, by hotkey and hash of the proof. */
export type KnownTasks = Map<string, readonly CycleTask[]>;

/** Proofs that are fetched at once. */
const CONCURRENT_FETCHES = 32;

/** Who is a member in a Sprint: whoever had confirmed weight before it, ascending by hotkey. */
export const membersBy = (confirmed: ReadonlyMap<string, Pick<Confirmed, "weight">> | undefined): readonly Member[] =>
  [...(confirmed ?? [])]
    .map(([hotkey, { weight }]) => ({ hotkey, weight: BigInt(Math.floor(weight)) }))
    .filter(({ weight }) => weight > 0n)
    .sort((a, b) => (a.hotkey < b.hotkey ? -1 : 1))
    .map(({ hotkey, weight }) => ({ hotkey, publicKey: decodeAddress(hotkey), weight, checks: MEMBERS_CHECK }));

/**
 * What duty of a Sprint is drawn over: wins of every proof that was committed and is one, as far as its bytes show. A proof that cannot be had has no
 * tasks.
 *
 * @param beacon the seed of duty
 * @param known  what is read is added
 * @param counts whether an executor's tasks count. Default: everybody's
 */
export const readDutyBasis = async (
  source: CycleSource,
  {
    cycle,
    sprint,
    members,
    beacon,
    known = new Map(),
    counts = () => true,
  }: {
    readonly cycle: number;
    readonly sprint: SprintWithDuty;
    readonly members: readonly Member[];
    readonly beacon: string;
    readonly known?: KnownTasks;
    readonly counts?: (executor: string) => boolean;
  },
): Promise<DutyBasis> => {
  const network = source.networkHash;
  const [committed, seed] = await Promise.all([
    readCommittedProofs(source, cycle),
    readSprintSeed(source, { cycle, purpose: "sprint-inputs" }),
  ]);
  const proofs = committed.filter(isPromised);
  const [counted, others] = [true, false].map((is) => proofs.filter(({ hotkey }) => counts(hotkey) === is));
  let isWhole = true;
  const tasksOf = async (proof: PromisedProof): Promise<readonly CycleTask[]> => {
    const { hotkey, publicKey, difficulty, promise } = proof;
    const key = `${hotkey} ${promise.proof}`;
    const before = known.get(key);
    if (before) return before;
    try {
      const read = await readProof(source, { cycle, profile: profileOf(sprint) }, proof);
      if (!read.ok) {
        known.set(key, []);
        return [];
      }
      const node = nodeSeed(publicKey, seed);
      const { wins } = read.value;
      const proven = { network, cycle, hotkey, publicKey, node, difficulty, proof: promise.proof, wins };
      const drawn = await sprintTasks(proven, { seed: beacon, count: sprint.duty.tasks });
      const tasks = drawn.map((task) => ({ task, executorKey: publicKey, source: { work: 1n } }));
      known.set(key, tasks);
      return tasks;
    } catch (thrown) {
      if (!isFetchFault(thrown)) throw thrown;
      if (counts(hotkey)) isWhole = false;
      return [];
    }
  };
  const tasks = (await mapLimited(counted!, CONCURRENT_FETCHES, tasksOf)).flat();
  // Last: they may come slowly, and nothing waits for them.
  const uncounted = (await mapLimited(others!, CONCURRENT_FETCHES, tasksOf)).flat().map(({ task }) => task);
  return {
    inputs: {
      network,
      cycle,
      members,
      tasks,
      tasksBefore: 0,
      reputations: new Map(),
      pot: POT,
      rules: SUBNET_DUTY,
      beacon,
    },
    uncounted,
    proofs: new Map(counted!.map((proof) => [proof.hotkey, proof])),
    isWhole,
  };
};
