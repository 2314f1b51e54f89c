import { isOnDuty } from "#shared/duty/draw.js";
import { DEFAULT_DUTY } from "#shared/duty/rules.js";
import { dutyTarget } from "#shared/duty/target.js";
import { ALL_DRAWS, dutyThreshold } from "#shared/duty/threshold.js";
import { hashBytes } from "#shared/protocol/hash.js";
import { DEFAULT_SETTLEMENT, type SettlementRules } from "#shared/settlement/rules.js";
import { type SettledTask, settle } from "#shared/settlement/settle.js";
import { MILLION } from "#shared/util/fraction.js";
import { type ComputeAttack, luckOf } from "../compute-attack.js";

/** Tasks of the cheat in a cycle: with two the floor of deterrence leaves the least margin. */
export const TASKS = 2;

/** Many small verifiers of equal weight: two thirds are honest, as the floor takes for granted. */
export const HONEST = Array.from({ length: 60 }, (_, i) => `vera${i}`);
export const ACCOMPLICES = Array.from({ length: 30 }, (_, i) => `twin${i}`);

/** What a task that is not computed saves. */
export const SAVED = DEFAULT_DUTY.saving / MILLION;

/** At high volume the best reputation leaves the floor alone. */
const target = dutyTarget({ reputation: MILLION, volume: 10_000, atStake: TASKS }, DEFAULT_DUTY);
const weights = new Map(["eve", ...HONEST, ...ACCOMPLICES].map((name) => [name, 1000n]));
const threshold = dutyThreshold(target, "twin0", "eve", weights);

/** Probability that one of them is on duty for a task. */
export const EACH = Number(threshold) / Number(ALL_DRAWS);

const executed = (executor: string, id: string, accused: readonly string[] = []): SettledTask => ({
  ...{ id, executor, source: { work: 1n }, verifiers: accused },
  verdict: accused.length > 0 ? "invalid" : "unchecked",
});

/** What an operator gets of a cycle for its cheat and its accomplices' bounties, in what one task pays. */
const gained = (finders: readonly string[], rules: SettlementRules): number => {
  const [first, second] = [executed("eve", "false", finders), executed("eve", "true")];
  // A bounty is at most what its finder earned itself.
  const tasks = [first, second, ...finders.map((name) => executed(name, `${name}'s own`))];
  const unit = 1_000_000n;
  const { pays } = settle({ pot: unit * BigInt(tasks.length), tasks, hosts: [] }, rules);
  const parts = pays.map(({ hotkey, paid, bounty }) =>
    hotkey === "eve" ? paid : ACCOMPLICES.includes(hotkey) ? bounty : 0n,
  );
  return Number(parts.reduce((sum, part) => sum + part, 0n)) / Number(unit);
};

/** What the operator's hardware earns, where an honest host's earns 1, and in how many cycles it was not found. */
export const playReportsItself = (
  beacon: (text: string) => string,
  rules: SettlementRules,
): { readonly payoff: number; readonly unseen: number; readonly cycles: number } => {
  const cycles = 4000;
  let [unseen, sum] = [0, 0];
  for (let cycle = 0; cycle < cycles; cycle++) {
    const onDuty = (name: string): boolean => isOnDuty(hashBytes(beacon(`${cycle} ${name}`)), threshold);
    const found = HONEST.filter(onDuty);
    if (found.length === 0) unseen += 1;
    // Who waits for the others' documents accuses only what is accused already.
    sum += gained(found.length === 0 ? [] : [...found, ...ACCOMPLICES.filter(onDuty)], rules);
  }
  return { payoff: sum / cycles / (TASKS - SAVED), unseen, cycles };
};

export const reportsItself: ComputeAttack = {
  name: "reports-itself",
  description: "computes one of two tasks, and has accomplices report it once an honest verifier has",
  play: ({ beacon }) => {
    const { payoff, unseen, cycles } = playReportsItself(beacon, { ...DEFAULT_SETTLEMENT, bounty: 0 });
    return {
      payoff,
      luck: luckOf(payoff, unseen),
      alpha: null,
      beta: {
        of: "a false task goes by unseen",
        events: unseen,
        trials: cycles,
        computed: (1 - EACH) ** HONEST.length,
      },
      stoppedBy: ["floor of deterrence", "no bounty"],
    };
  },
};
