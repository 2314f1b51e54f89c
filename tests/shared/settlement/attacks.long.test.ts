import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { createRandom } from "#shared/data/random.js";
import { drawMessage, isOnDuty } from "#shared/duty/draw.js";
import { drawVoters, majorityVerdict } from "#shared/duty/majority.js";
import { continueMissTest, NEW_MISS_TEST } from "#shared/duty/miss-test.js";
import { DEFAULT_DUTY } from "#shared/duty/rules.js";
import { VOTE_SLOTS } from "#shared/duty/slots.js";
import { dutyTarget } from "#shared/duty/target.js";
import { dutyThreshold } from "#shared/duty/threshold.js";
import { cheapDraw, hashOf, keyOf } from "../duty/support.js";
import { type Host, simulateCycle } from "./simulated-cycle.js";

const HOSTS = 10_000;

/** Whether a count of successes is within four standard deviations of what the probability gives. */
const assertRate = (t: TestContext, about: string, successes: number, trials: number, probability: number): void => {
  const deviation = Math.sqrt((probability * (1 - probability)) / trials);
  const measured = successes / trials;
  t.diagnostic(`${about}: measured ${measured.toPrecision(4)} of ${trials}, computed ${probability.toPrecision(4)}`);
  assert.ok(
    Math.abs(measured - probability) <= 4 * deviation,
    `${about}: measured ${measured}, computed ${probability} ± ${deviation}`,
  );
};

/** P(more than `above` of n), each with probability p. */
const binomialAbove = (n: number, p: number, above: number): number => {
  let term = (1 - p) ** n;
  let sum = 0;
  for (let k = 0; k <= n; k++) {
    if (k > above) sum += term;
    term *= ((n - k) / (k + 1)) * (p / (1 - p));
  }
  return sum;
};

describe("attacks on duty, measured beside computed", () => {
  it("who always says valid is found at the planted task with a wrong result that it is on duty for, and nobody else is", (t) => {
    const size = 12;
    const hosts = Array.from({ length: size }, (_, n): Host => {
      const isLax = n < size / 2;
      return { name: `${isLax ? "lax" : "honest"} ${n}`, tasks: 3, ...(isLax ? { says: () => "valid" as const } : {}) };
    });
    const cycles = Math.ceil(HOSTS / (size / 2));
    let found = 0;
    for (let n = 0; n < cycles; n++) {
      const { frauds } = simulateCycle(`always valid ${n}`, hosts).closed;
      for (const fraud of frauds) {
        assert.match(fraud, /^lax/);
        found += 1;
      }
    }
    // One relay of twelve on average, half of them with a wrong result, each verifier on duty for one task in eleven.
    const perRelay = (1 / size) * (1 / 2) * (1 / (size - 1));
    assertRate(t, "always valid", found, cycles * (size / 2), 1 - (1 - perRelay) ** (size - 1));
  });

  it("who never does its duty and never answers keeps a hundredth of its pay; who misses a tenth is told from who misses a hundredth", (t) => {
    const random = createRandom("missed duty");
    const decide = (missRate: number) => {
      let test = NEW_MISS_TEST;
      for (let trials = 1; ; trials++) {
        const missed = random.next() < missRate ? 1 : 0;
        const next = continueMissTest(test, { done: 1 - missed, missed });
        if (next.ratio === 0) return { trials, isNegligent: next.isNegligent };
        test = next;
      }
    };
    const good = Array.from({ length: HOSTS * 5 }, () => decide(0.01));
    const bad = Array.from({ length: HOSTS }, () => decide(0.1));
    const falseAlarms = good.filter(({ isNegligent }) => isNegligent).length / good.length;
    const unseen = bad.filter(({ isNegligent }) => !isNegligent).length / bad.length;
    assert.ok(falseAlarms <= 1e-4 + 4 * Math.sqrt(1e-4 / good.length), `α ${falseAlarms}`);
    assert.ok(unseen <= 0.01 + 4 * Math.sqrt(0.01 / bad.length), `β ${unseen}`);
    t.diagnostic(`missed duty: α ${falseAlarms} of ${good.length}, β ${unseen} of ${bad.length}`);
    const mean = (all: typeof good) => all.reduce((sum, { trials }) => sum + trials, 0) / all.length;
    // Wald's approximation without overshoot: 4.605 / 0.0713 and 9.2 / 0.1445; overshoot adds at most one step.
    assert.ok(Math.abs(mean(good) - 64.5) < 5, `${mean(good)} duties to clear`);
    t.diagnostic(`duties until decided: ${mean(good).toFixed(1)} for 1 %, ${mean(bad).toFixed(1)} for 10 %`);
    assert.ok(mean(bad) > 60 && mean(bad) < 80, `${mean(bad)} duties to find`);
    for (let n = 0; n < 20; n++) {
      const others = Array.from({ length: 9 }, (_, k): Host => ({ name: `host ${k}`, tasks: 3, plants: false }));
      const silent: Host = { name: "silent", tasks: 3, plants: false, says: () => null, answers: false };
      const { settlement } = simulateCycle(`silent ${n}`, [...others, silent]).closed;
      const pay = settlement.pays.find(({ hotkey }) => hotkey === "silent")!;
      assert.equal(pay.paid, (pay.asExecutor + pay.asVerifier) / 100n);
    }
  });

  it("votes against rivals carry with the probability that the cartel draws more than two thirds of the slots", (t) => {
    for (const [percent, votes] of [
      [40, 2_000],
      [60, HOSTS],
      [70, HOSTS],
    ] as const) {
      let carried = 0;
      const weights = new Map([
        ["rival", 10n],
        ["cartel", BigInt(percent)],
        ["others", BigInt(100 - percent)],
      ]);
      for (let n = 0; n < votes; n++) {
        const voters = drawVoters({ task: hashOf(`${n}`), executor: "rival", beacon: hashOf("votes"), weights });
        const verdict = majorityVerdict(voters, [
          { hotkey: "cartel", verdict: "invalid" },
          { hotkey: "others", verdict: "valid" },
          { hotkey: "rival", verdict: "valid" },
        ]);
        if (verdict === "invalid") carried += 1;
      }
      assertRate(t, `${percent} %`, carried, votes, binomialAbove(VOTE_SLOTS, percent / 100, (2 * VOTE_SLOTS) / 3));
    }
  });

  it("splitting weight among a hundred hotkeys changes neither duty nor slots", (t) => {
    const target = dutyTarget({ reputation: 900_000, volume: 5_000, atStake: 100 }, DEFAULT_DUTY);
    const others = [
      ["eve", 100n],
      ["rest", 1_000n],
    ] as const;
    const split = Array.from({ length: 100 }, (_, k) => [`part ${k}`, 9n] as const);
    const whole = new Map([...others, ["whole", 900n]]);
    const parts = new Map([...others, ...split]);
    const tasks = 200;
    let [together, apart] = [0, 0];
    let slots = 0;
    for (let n = 0; n < tasks; n++) {
      const subject = {
        task: hashOf(`split ${n}`),
        executorKey: keyOf("eve"),
        result: hashOf("r"),
        beacon: hashOf("b"),
      };
      const message = drawMessage(subject);
      if (isOnDuty(cheapDraw("whole", message), dutyThreshold(target, "whole", "eve", whole))) together += 1;
      for (const [part] of split)
        if (isOnDuty(cheapDraw(part, message), dutyThreshold(target, part, "eve", parts))) apart += 1;
      const voters = drawVoters({ task: subject.task, executor: "eve", beacon: hashOf("s"), weights: parts });
      for (const [part] of split) slots += voters.get(part) ?? 0;
    }
    const probability = (target.target / 1e6) * (900 / 1_900);
    assertRate(t, "whole", together, tasks, probability);
    assertRate(t, "split", apart, tasks * 100, probability / 100);
    assertRate(t, "slots", slots, tasks * VOTE_SLOTS, 900 / 1_900);
  });

  it("choosing among a thousand results gains nothing, for duty hangs on keys and a beacon that nobody has yet", (t) => {
    const verifiers = Array.from({ length: 20 }, (_, k) => `verifier ${k}`);
    const weights = new Map([...verifiers, "eve"].map((name) => [name, 1n]));
    const target = { target: 1_000_000, isEverybody: false };
    const threshold = dutyThreshold(target, verifiers[0]!, "eve", weights);
    const isUnchecked = (result: string, beacon: string, keys: string) =>
      verifiers.every((verifier) => {
        const subject = { task: hashOf("ground"), executorKey: keyOf("eve"), result, beacon };
        return !isOnDuty(cheapDraw(`${keys}${verifier}`, drawMessage(subject)), threshold);
      });
    let unchecked = 0;
    for (let n = 0; n < HOSTS; n++) {
      // It takes the first result that its guess of keys and beacon leaves unchecked.
      let attempt = 0;
      while (!isUnchecked(hashOf(`${n} ${attempt}`), hashOf("guess"), "guessed ")) attempt += 1;
      if (isUnchecked(hashOf(`${n} ${attempt}`), hashOf(`beacon ${n}`), "")) unchecked += 1;
    }
    assertRate(t, "ground", unchecked, HOSTS, (1 - 1 / 20) ** 20);
  });

  it("an executor's own verdict on its challenged result counts nowhere", (t) => {
    const size = 10;
    let [challenged, saved] = [0, 0];
    for (let n = 0; n < HOSTS / size; n++) {
      const hosts = Array.from({ length: size }, (_, k): Host => {
        const own = `eve ${k}`;
        return {
          name: own,
          tasks: 2,
          wrong: 1,
          plants: false,
          says: (truth, task) => (task.executor === own ? "valid" : truth),
        };
      });
      const { closed, inputs, truths } = simulateCycle(`own ${n}`, hosts, { kind: "score" });
      for (const { task } of inputs.tasks) {
        const { verdict, verifiers } = closed.verdicts.get(task.id)!;
        assert.ok(!verifiers.includes(task.executor));
        if (truths.get(task.id) !== "invalid" || verdict === "unchecked") continue;
        challenged += 1;
        if (verdict === "valid") saved += 1;
      }
    }
    assertRate(t, "challenged", challenged, HOSTS, 1 - (1 - 1 / (size - 1)) ** (size - 1));
    assert.equal(saved, 0);
  });

  it("cheating on one task costs more than it saves, with two thirds of the weight honest", (t) => {
    for (const atStake of [2, 5, 20, 100]) {
      const rule = dutyTarget({ reputation: 1_000_000, volume: 20_000, atStake }, DEFAULT_DUTY);
      const verifiers = Array.from({ length: 60 }, (_, k) => `verifier ${k}`);
      const honest = verifiers.slice(0, 40);
      const weights = new Map([...verifiers, "eve"].map((name) => [name, 1n]));
      const threshold = dutyThreshold(rule, honest[0]!, "eve", weights);
      const trials = 2_000;
      let caught = 0;
      for (let n = 0; n < trials; n++) {
        const subject = {
          task: hashOf(`${atStake} ${n}`),
          executorKey: keyOf("eve"),
          result: hashOf("r"),
          beacon: hashOf("b"),
        };
        const message = drawMessage(subject);
        if (honest.some((verifier) => isOnDuty(cheapDraw(verifier, message), threshold))) caught += 1;
      }
      const computed = 1 - (1 - Number(threshold) / 2 ** 64) ** honest.length;
      assertRate(t, `${atStake} at stake`, caught, trials, computed);
      assert.ok(computed * atStake > 0.9, `${atStake} at stake: loses ${computed * atStake}, saves 0.9`);
    }
  });
});
