import { assessDuty } from "#shared/duty/assess-duty.js";
import { isOnDuty } from "#shared/duty/draw.js";
import { dutyEvidence, replayedDuty } from "#shared/duty/evidence.js";
import { judgeVerdict } from "#shared/duty/judge-verdict.js";
import { continueMissTest, MISS_TEST, NEW_MISS_TEST } from "#shared/duty/miss-test.js";
import { mustBeWrong, PLANTED_SHARE } from "#shared/duty/planted.js";
import { DEFAULT_DUTY } from "#shared/duty/rules.js";
import { drawSlots, VOTE_SLOTS } from "#shared/duty/slots.js";
import { dutyTarget } from "#shared/duty/target.js";
import { ALL_DRAWS, dutyThreshold } from "#shared/duty/threshold.js";
import { hashBytes } from "#shared/protocol/hash.js";
import { settle } from "#shared/settlement/settle.js";
import { binomialAtLeast } from "#shared/sprint/proof/binomial.js";
import { accusedNonces, settleByRecomputation, settleByVote } from "#shared/sprint/proof/votes.js";
import { MILLION } from "#shared/util/fraction.js";
import { sprtPower } from "#tests/shared/sprint/proof/sprt-power.js";
import type { ComputeAttack } from "../compute-attack.js";

const VERIFIERS = 10;
const TASKS = 1000;

/** Verifiers of equal weight; eve is one of them. */
const weights = new Map(Array.from({ length: VERIFIERS }, (_, i) => [i === 0 ? "eve" : `vera${i}`, 1000n]));

/** What checking costs a host, as a part of its hardware: what who never checks saves. */
const CHECKING = 0.003;

const target = dutyTarget({ reputation: 0, volume: TASKS, atStake: TASKS / VERIFIERS }, DEFAULT_DUTY);

export const alwaysValid: ComputeAttack = {
  name: "verifier-always-valid",
  description: "says valid to every task that it is on duty for, without looking",
  play: ({ beacon }) => {
    const cycles = 200;
    const planted = (TASKS * PLANTED_SHARE) / MILLION;
    const threshold = dutyThreshold(target, "eve", "", weights);
    let [unseen, framed] = [0, 0];
    for (let cycle = 0; cycle < cycles; cycle++) {
      let found = false;
      for (let relay = 0; relay < planted; relay++) {
        const truth = mustBeWrong(hashBytes(beacon(`relay ${cycle} ${relay}`))) ? "invalid" : "valid";
        if (!isOnDuty(hashBytes(beacon(`draw ${cycle} ${relay}`)), threshold)) continue;
        if (judgeVerdict("sprint-win", "valid", truth) === "false") found = true;
        if (judgeVerdict("sprint-win", truth, truth) === "false") framed += 1;
      }
      if (!found) unseen += 1;
    }
    const each = Number((threshold * BigInt(MILLION)) / ALL_DRAWS) / MILLION / 2;
    return {
      payoff: unseen / cycles / (1 - CHECKING),
      alpha: { of: "an honest verdict is called false", events: framed, trials: cycles, computed: 0 },
      beta: { of: "a cycle goes by unseen", events: unseen, trials: cycles, computed: (1 - each) ** planted },
      stoppedBy: ["planted tasks"],
    };
  },
};

export const makesUp: ComputeAttack = {
  name: "verifier-makes-up",
  description: "gives verdicts that are right, and makes the evidence up for half of its duty",
  play: ({ beacon }) => {
    const [cycles, duties] = [200, 20];
    const [eve, vera] = [hashBytes(beacon("eve")), hashBytes(beacon("vera"))];
    const evidenceOf = (verifierKey: Uint8Array, task: string, digest: string) =>
      dutyEvidence({ verifierKey, task, digest });
    let [unseen, framed] = [0, 0];
    for (let cycle = 0; cycle < cycles; cycle++) {
      const done = Array.from({ length: duties }, (_, i) => beacon(`task ${cycle} ${i}`));
      const madeUp = new Set(done.slice(0, duties / 2));
      const isRefuted = (verifierKey: Uint8Array, digestOf: (task: string) => string): boolean => {
        const subject = { seed: beacon(`audit ${cycle}`), verifierKey, document: beacon(`document ${cycle}`), done };
        const task = replayedDuty(subject)!;
        const truth = evidenceOf(verifierKey, task, beacon(`output ${task}`));
        return evidenceOf(verifierKey, task, digestOf(task)) !== truth;
      };
      if (!isRefuted(eve, (task) => beacon(madeUp.has(task) ? "made up" : `output ${task}`))) unseen += 1;
      if (isRefuted(vera, (task) => beacon(`output ${task}`))) framed += 1;
    }
    return {
      payoff: unseen / cycles / (1 - CHECKING / 2),
      alpha: { of: "honest evidence is refuted", events: framed, trials: cycles, computed: 0 },
      beta: { of: "a cycle goes by unseen", events: unseen, trials: cycles, computed: 1 / 2 },
      stoppedBy: ["recomputed evidence"],
    };
  },
};

export const neverAnswers: ComputeAttack = {
  name: "verifier-silent",
  description: "publishes no duty document and no draws that it is asked for",
  play: ({ beacon }) => {
    const threshold = dutyThreshold(target, "eve", "ann", weights);
    const tasks = Array.from({ length: TASKS }, (_, i) => ({
      ...{ task: beacon(`task ${i}`), executorKey: new Uint8Array(32), result: beacon(`result ${i}`) },
      ...{ beacon: beacon("draws"), threshold },
    }));
    const { duties, missed, missRate } = assessDuty(
      {
        ...{ hotkey: "eve", publicKey: new Uint8Array(32), document: null, answers: null },
        ...{ tasks, auditSeed: beacon("audit") },
      },
      () => false,
    );
    const executed = (name: string) => ({
      ...({ id: name, executor: name, source: { work: 1n }, verdict: "valid", verifiers: ["vera1"] } as const),
    });
    const { pays } = settle({
      pot: 1_000_000n,
      tasks: [executed("eve"), executed("ann")],
      hosts: [{ hotkey: "eve", isFraud: false, assigned: 1, done: 1, missRate }],
    });
    const paid = (name: string) => Number(pays.find(({ hotkey }) => hotkey === name)!.paid);
    const after = continueMissTest(NEW_MISS_TEST, { done: duties - missed, missed });
    return {
      payoff: paid("eve") / paid("ann"),
      alpha: null,
      beta: { of: "a cycle of silence is not found", events: Number(!after.isNegligent), trials: 1, computed: 0 },
      stoppedBy: ["unanswered draws", "validation share"],
    };
  },
};

export const skipsTenth: ComputeAttack = {
  name: "verifier-skips-tenth",
  description: "skips a tenth of its duty, beside honest verifiers who miss a hundredth",
  play: ({ random }) => {
    /** Whether the test, asked after each duty, calls who misses so much negligent. */
    const isCaught = (rate: number): boolean => {
      let test = NEW_MISS_TEST;
      for (;;) {
        const missed = random.next() < rate ? 1 : 0;
        const next = continueMissTest(test, { done: 1 - missed, missed });
        if (next.ratio === 0) return next.isNegligent;
        test = next;
      }
    };
    const count = (trials: number, rate: number): number =>
      Array.from({ length: trials }, () => isCaught(rate)).filter((caught) => caught).length;
    const [honest, cheats] = [4000, 2000];
    const [careful, negligent] = [sprtPower(MISS_TEST, 0.01), sprtPower(MISS_TEST, 0.1)];
    return {
      // By the rule: what is missed above 1 % is taken from the pay.
      payoff: 1 - (0.1 - 0.01) + CHECKING / 10,
      alpha: {
        of: "who misses 1 % is found negligent",
        events: count(honest, 0.01),
        trials: honest,
        computed: careful.bad,
      },
      beta: {
        of: "who misses 10 % is cleared",
        events: cheats - count(cheats, 0.1),
        trials: cheats,
        computed: 1 - negligent.bad,
      },
      stoppedBy: ["sequential test", "validation share"],
    };
  },
};

export const againstRivals: ComputeAttack = {
  name: "verifier-against-rivals",
  description: "has 40 % of the weight, and votes against all proofs of others, naming nonces that win",
  play: ({ beacon }) => {
    const stakes = new Map(Array.from({ length: VERIFIERS }, (_, i) => [i < 4 ? `eve${i}` : `vera${i}`, 1000n]));
    const verdictOf = (verifier: string) =>
      verifier.startsWith("eve")
        ? { verifier, verdict: "invalid" as const, nonce: 7 }
        : { verifier, verdict: "valid" as const, nonce: null };
    const votes = [...stakes.keys()].map(verdictOf);
    const accused = accusedNonces(votes, { subject: "rival", members: stakes }, [3, 7, 11]);
    // Recomputed, none of the accused is a loser.
    const losers: readonly number[] = accused.filter((nonce) => nonce !== 7);
    const exact = settleByRecomputation(votes, { subject: "rival", members: stakes }, losers);
    const draws = 500;
    let undecided = 0;
    let invalid = 0;
    for (let draw = 0; draw < draws; draw++) {
      const slots = drawSlots({
        ...{ domain: "blockzero/duty-vote/1", beacon: beacon(`vote ${draw}`), subject: beacon(`proof ${draw}`) },
        ...{ slots: VOTE_SLOTS, weights: stakes },
      });
      const members = new Map([...slots].map(([name, held]) => [name, BigInt(held)]));
      const { outcome } = settleByVote(votes, { subject: "rival", members });
      if (outcome === "undecided") undecided += 1;
      if (outcome === "invalid") invalid += 1;
    }
    return {
      // A proof of a rival that fell would raise what the attacker's own share of the pot is.
      payoff: exact.outcome === "valid" ? 1 : 2,
      alpha: {
        of: "a rival's float proof is left undecided",
        events: undecided,
        trials: draws,
        computed: binomialAtLeast(VOTE_SLOTS / 2, VOTE_SLOTS, 0.4),
      },
      beta: {
        of: "a rival's float proof falls",
        events: invalid,
        trials: draws,
        computed: binomialAtLeast(Math.floor((2 * VOTE_SLOTS) / 3) + 1, VOTE_SLOTS, 0.4),
      },
      stoppedBy: ["recomputation of the named nonce", "more than two thirds"],
    };
  },
};
