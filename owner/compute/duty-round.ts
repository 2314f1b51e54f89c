import type { Random } from "#shared/data/random.js";
import { isOnDuty } from "#shared/duty/draw.js";
import { judgeVerdict } from "#shared/duty/judge-verdict.js";
import { mustBeWrong, PLANTED_SHARE } from "#shared/duty/planted.js";
import { DEFAULT_DUTY } from "#shared/duty/rules.js";
import { type DutyTarget, dutyTarget } from "#shared/duty/target.js";
import { dutyThreshold } from "#shared/duty/threshold.js";
import { hashBytes } from "#shared/protocol/hash.js";
import { trustedReputation } from "#shared/reputation/reputation.js";
import { MILLION, ratioUp } from "#shared/util/fraction.js";
import type { Member } from "./member.js";
import type { ComputeScenario } from "./scenario.js";
import { entropyOf } from "./timeline.js";

/** What an epoch's requests and duties came to, by member. */
export interface DutyResult {
  readonly asked: readonly number[];
  readonly answered: readonly number[];
  readonly duties: readonly number[];
  readonly missed: readonly number[];
  /** missed / duties in millionths. */
  readonly missRates: readonly number[];
  /** A verdict that recomputation refutes. */
  readonly isFraud: readonly boolean[];
  /** Who did duty on each of a member's requests. */
  readonly verifiers: readonly (readonly (readonly string[])[])[];
}

interface Requests {
  readonly scenario: ComputeScenario;
  readonly members: readonly Member[];
  /** By member. */
  readonly weights: readonly number[];
  /** Weight of one unit of hardware. */
  readonly unit: number;
  readonly seed: number;
  readonly at: number;
  readonly random: Random;
}

/** A finished task and its true result. The executor of a planted one is no member. */
interface DrawnTask {
  readonly name: string;
  readonly executor: number | null;
  readonly isWrong: boolean;
  readonly target: Pick<DutyTarget, "target" | "isEverybody">;
  readonly verifiers: string[];
}

/**
 * Gives requests by weight, lets who is there answer them, plants a hundredth more, and lets those do their duty whom a draw puts on it. A draw
 * is a hash in place of a VRF's output: both are uniform, and no simulated verifier sees another's.
 */
export const dutyEpoch = ({ scenario, members, weights, unit, seed, at, random }: Requests): DutyResult => {
  const asked = weights.map((weight) => Math.round((scenario.requests * weight) / unit));
  const answered = members.map(({ kind }, i) => {
    if (kind.presence !== "always") return 0;
    return Array.from({ length: asked[i]! }).filter(() => random.next() >= scenario.missed).length;
  });
  const volume = answered.reduce((sum, count) => sum + count, 0);
  const tasks: DrawnTask[] = members.flatMap(({ hotkey, reputation }, executor) => {
    const scrutiny = { reputation: trustedReputation(reputation), volume, atStake: answered[executor]! };
    const target = dutyTarget(scrutiny, DEFAULT_DUTY);
    return Array.from({ length: answered[executor]! }, (_, number) => ({
      name: `${hotkey} ${number}`,
      executor,
      isWrong: false,
      target,
      verifiers: [],
    }));
  });
  for (let relay = 0; relay < Math.max(1, Math.round((volume * PLANTED_SHARE) / MILLION)); relay++) {
    const isWrong = mustBeWrong(hashBytes(entropyOf(seed, "relay", at, relay)));
    const target = dutyTarget({ reputation: 0, volume, atStake: 1 }, DEFAULT_DUTY);
    // A relay's task looks like any other, and is drawn as often as a newcomer's.
    const planted = { ...target, isEverybody: false };
    tasks.push({ name: `planted ${relay}`, executor: null, isWrong, target: planted, verifiers: [] });
  }
  const capable = new Map(members.map(({ hotkey, voting }) => [hotkey, BigInt(voting)]));
  const [duties, missed] = [members.map(() => 0), members.map(() => 0)];
  const isFraud = members.map(() => false);
  for (const { name, executor, isWrong, target, verifiers } of tasks)
    for (const [i, { hotkey, kind }] of members.entries()) {
      const threshold = dutyThreshold(target, hotkey, executor === null ? "" : members[executor]!.hotkey, capable);
      if (!isOnDuty(hashBytes(entropyOf(seed, "draw", at, name, hotkey)), threshold)) continue;
      duties[i]! += 1;
      if (kind.verdicts === "silent" || kind.presence !== "always") {
        missed[i]! += 1;
        continue;
      }
      verifiers.push(hotkey);
      const truth = isWrong ? "invalid" : "valid";
      const verdict = kind.verdicts === "always-valid" ? "valid" : truth;
      if (judgeVerdict("sprint-win", verdict, truth) === "false") isFraud[i] = true;
    }
  return {
    asked,
    answered,
    duties,
    missed,
    missRates: duties.map((count, i) => ratioUp(missed[i]!, count)),
    isFraud,
    verifiers: members.map((_, i) => tasks.filter(({ executor }) => executor === i).map((task) => task.verifiers)),
  };
};
