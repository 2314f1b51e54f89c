import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { parseDutyAnswers } from "#shared/duty/answers-document.js";
import { assessDuty, type DutyTask } from "#shared/duty/assess-duty.js";
import { checkTask, type Finding } from "#shared/duty/check-task.js";
import { drawDuty, drawMessage, drawValue, isOnDuty } from "#shared/duty/draw.js";
import { type Duty, isDutyDocumentSigned, parseDutyDocument } from "#shared/duty/duty-document.js";
import { judgeVerdict } from "#shared/duty/judge-verdict.js";
import { drawVoters, majorityVerdict } from "#shared/duty/majority.js";
import { mergeChecker, mergeTask } from "#shared/duty/merge-tasks.js";
import { continueMissTest, MISS_TEST, NEW_MISS_TEST } from "#shared/duty/miss-test.js";
import { DEFAULT_AUDIT, DEFAULT_DUTY, PAPER_DUTY } from "#shared/duty/rules.js";
import { sprintTasks, sprintWinChecker } from "#shared/duty/sprint-tasks.js";
import { dutyTarget } from "#shared/duty/target.js";
import type { TaskOf } from "#shared/duty/task.js";
import { ALL_DRAWS, dutyThreshold } from "#shared/duty/threshold.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { sprtSteps } from "#shared/util/sprt-steps.js";
import { signerFromUri } from "#shared/wallet/index.js";
import { sprtPower } from "#tests/shared/sprint/proof/sprt-power.js";
import { localDuty, localDutyAnswers } from "#tests/support/local-signing.js";
import { devSigner, verify } from "../protocol/keys.js";
import { cheapDraw, hashOf, keyOf, verifyCheapDraw, verifyVrf } from "./support.js";

const network = hashOf("network");
const cycle = 7;
const alice = devSigner("//Alice");

const merge: TaskOf<"merge"> = {
  kind: "merge",
  id: hashOf("task"),
  network,
  cycle,
  executor: "eve",
  subject: { base: hashOf("base") },
  result: hashOf("result"),
};

describe("a task's check", () => {
  it("gives the checker's finding, and abstains where it throws, is late, or is not there", async () => {
    const invalid: Finding = { verdict: "invalid", reason: "another model" };
    assert.deepEqual(await checkTask({ merge: async () => invalid }, merge, 1000), invalid);
    assert.deepEqual(await checkTask({ merge: async () => ({ verdict: "valid" }) }, merge, 1000), { verdict: "valid" });
    assert.deepEqual(await checkTask({}, merge, 1000), {
      verdict: "abstain",
      reason: "this machine does not check tasks of kind merge",
    });
    const throwing = () => {
      throw new Error("disk full\n");
    };
    assert.deepEqual(await checkTask({ merge: throwing }, merge, 1000), { verdict: "abstain", reason: "disk full?" });
    let isTold = false;
    const hanging = (_: unknown, signal: AbortSignal) => {
      signal.addEventListener("abort", () => {
        isTold = true;
      });
      return new Promise<Finding>(() => {});
    };
    assert.deepEqual(await checkTask({ merge: hanging }, merge, 1), {
      verdict: "abstain",
      reason: "not checked within 1 ms",
    });
    assert.ok(isTold);
  });

  it("of a win recomputes it, of a merge merges again", async () => {
    const proven = { network, cycle, hotkey: "eve", publicKey: keyOf("eve"), node: hashOf("node"), difficulty: 400 };
    const [win] = await sprintTasks(
      { ...proven, proof: hashOf("proof"), wins: [7] },
      { seed: hashOf("seed"), count: 1 },
    );
    const digest = hashOf("output");
    const recomputed = (isWin: boolean) => ({ "sprint-win": sprintWinChecker(async () => ({ isWin, digest })) });
    assert.deepEqual(await checkTask(recomputed(true), win!, 1000), { verdict: "valid", digest });
    assert.deepEqual(await checkTask(recomputed(false), win!, 1000), {
      verdict: "invalid",
      reason: "nonce 7 does not win at difficulty 400",
      digest,
    });
    const onItsOwn = { "sprint-win": sprintWinChecker(async () => ({ isWin: true, digest: null })) };
    assert.deepEqual(await checkTask(onItsOwn, win!, 1000), { verdict: "valid" });
    const [base, model] = [hashOf("base"), hashOf("model")];
    const task = mergeTask({ network, cycle, hotkey: "vera", publicKey: keyOf("vera"), base, model });
    const merged = (found: string | null) => ({ merge: mergeChecker(async () => found) });
    assert.deepEqual(await checkTask(merged(model), task, 1000), { verdict: "valid" });
    assert.equal((await checkTask(merged(base), task, 1000)).verdict, "invalid");
    assert.equal((await checkTask(merged(null), task, 1000)).verdict, "abstain");
  });
});

describe("how often work is checked", () => {
  const scrutiny = (reputation: number, volume: number, atStake: number) => ({ reputation, volume, atStake });

  it("has the paper's figures as a preset", () => {
    const target = (reputation: number, volume: number) =>
      dutyTarget(scrutiny(reputation, volume, 1), PAPER_DUTY).target;
    assert.equal(target(0, 20_000), 1_000_000, "a newcomer's every task");
    assert.equal(target(1_000_000, 10_000), 10_000, "1 % at high volume");
    assert.equal(target(1_000_000, 5_000), 50_000, "5 % at 5,000");
    assert.equal(target(1_000_000, 100), 1_000_000, "every task at low volume");
    assert.equal(target(500_000, 10_000), 505_000, "1 − 0.99 / 2");
  });

  it("is at least the floor of deterrence, and everybody's duty where too few tasks are at stake", () => {
    for (const [atStake, floor] of [
      [10, 180_000],
      [100, 18_000],
      [1_000, 1_800],
    ] as const) {
      const { target, floor: found } = dutyTarget(scrutiny(1_000_000, 20_000, atStake), DEFAULT_DUTY);
      assert.equal(found, floor);
      assert.equal(target, Math.max(floor, 10_000));
    }
    assert.ok(dutyTarget(scrutiny(1_000_000, 20_000, 1), DEFAULT_DUTY).isEverybody);
  });

  it("falls with reputation and volume, and stays between 0 and 1", () => {
    const million = fc.integer({ min: 0, max: 1_000_000 });
    const volume = fc.integer({ min: 0, max: 20_000 });
    fc.assert(
      fc.property(million, million, volume, volume, fc.integer({ min: 0, max: 2_000 }), (r1, r2, v1, v2, atStake) => {
        const { target: most } = dutyTarget(scrutiny(Math.min(r1, r2), Math.min(v1, v2), atStake), DEFAULT_DUTY);
        const { target: least } = dutyTarget(scrutiny(Math.max(r1, r2), Math.max(v1, v2), atStake), DEFAULT_DUTY);
        assert.ok(least <= most && least >= 0 && most <= 1_000_000 && Number.isInteger(least));
      }),
      { seed: 15 },
    );
  });

  it("is shared out by weight, whoever splits it among hotkeys: thresholds add up, and never for one's own task", () => {
    const weight = fc.bigInt({ min: 0n, max: 10n ** 18n });
    fc.assert(
      fc.property(
        weight,
        weight,
        weight,
        weight,
        fc.integer({ min: 0, max: 1_000_000 }),
        (a, b, c, executor, target) => {
          const rule = { target, isEverybody: false };
          const split = new Map([
            ["a", a],
            ["b", b],
            ["c", c],
            ["eve", executor],
          ]);
          const whole = new Map([
            ["a", a + b],
            ["c", c],
            ["eve", executor],
          ]);
          const parts = dutyThreshold(rule, "a", "eve", split) + dutyThreshold(rule, "b", "eve", split);
          const together = dutyThreshold(rule, "a", "eve", whole);
          assert.ok(together - parts >= 0n && together - parts <= 1n);
          const all = parts + dutyThreshold(rule, "c", "eve", split);
          const expected = (ALL_DRAWS * BigInt(target)) / 1_000_000n;
          if (a + b + c > 0n) assert.ok(expected - all >= 0n && expected - all <= 3n);
          assert.equal(dutyThreshold({ target, isEverybody: true }, "eve", "eve", split), 0n);
        },
      ),
      { seed: 16 },
    );
  });
});

/** Tasks of one executor with a threshold of an eighth of all draws. */
const tasksOf = (count: number): readonly DutyTask[] =>
  Array.from({ length: count }, (_, n) => ({
    task: hashOf(`task ${n}`),
    executorKey: keyOf("eve"),
    result: hashOf(`result ${n}`),
    beacon: hashOf("beacon"),
    threshold: ALL_DRAWS / 8n,
  }));

const cheap = (task: DutyTask) => cheapDraw(alice.address, drawMessage(task));
const dutyOf = (task: DutyTask, verdict: Duty["verdict"] = "valid"): Duty => ({
  task: task.task,
  draw: cheap(task).toString("hex"),
  verdict,
  reason: verdict === "valid" ? null : "because",
});
const assess = (
  tasks: readonly DutyTask[],
  duties: readonly Duty[] | null,
  answered: readonly DutyTask[],
  rules = DEFAULT_AUDIT,
  dropped = 0,
) => {
  const document = duties && localDuty({ network, cycle, duties: [...duties] }, alice);
  const answers = answered.map((task) => ({ task: task.task, draw: cheap(task).toString("hex") }));
  return assessDuty(
    {
      hotkey: alice.address,
      publicKey: alice.publicKey,
      document,
      answers: localDutyAnswers({ network, cycle, answers, votes: [] }, alice),
      tasks,
      dropped,
      auditSeed: hashOf("audit"),
    },
    verifyCheapDraw,
    rules,
  );
};

describe("duty that was done and missed", () => {
  const tasks = tasksOf(64);
  const onDuty = tasks.filter((task) => isOnDuty(cheap(task), task.threshold));
  const others = tasks.filter((task) => !onDuty.includes(task));

  it("finds all done where all of it is claimed and the rest is answered", () => {
    assert.ok(onDuty.length > 2 && onDuty.length < 20, `${onDuty.length}`);
    const found = assess(
      tasks,
      onDuty.map((task) => dutyOf(task)),
      others,
    );
    assert.deepEqual([found.done.length, found.missed, found.missRate, found.unfounded], [onDuty.length, 0, 0, 0]);
  });

  it("finds duty that is not claimed, and counts a draw that is not shown as missed", () => {
    const [first, ...rest] = onDuty;
    const one = assess(
      tasks,
      rest.map((task) => dutyOf(task)),
      [first!, ...others],
    );
    assert.deepEqual([one.found, one.missed, one.duties], [1, 1, onDuty.length]);
    const hidden = assess(
      tasks,
      rest.map((task) => dutyOf(task)),
      others,
    );
    assert.deepEqual([hidden.found, hidden.unanswered, hidden.missed], [0, 1, 1]);
    const nothing = assess(tasks, null, []);
    assert.deepEqual([nothing.missed, nothing.missRate], [tasks.length, 1_000_000]);
  });

  it("estimates from a sample", () => {
    const found = assess(tasks, [], tasks, { ...DEFAULT_AUDIT, sample: 32 });
    assert.equal(found.asked, 32);
    assert.equal(found.missed, Math.ceil((found.found * 64) / 32));
  });

  it("counts no claim of a task that it is not on duty for, nor a draw of somebody else", () => {
    const claims = [
      dutyOf(others[0]!),
      { ...dutyOf(onDuty[0]!), draw: cheapDraw("bob", drawMessage(onDuty[0]!)).toString("hex") },
    ];
    const found = assess(tasks, claims, tasks);
    assert.deepEqual([found.done.length, found.unfounded], [0, 2]);
    const unknown = assess(tasks.slice(1), [dutyOf(tasks[0]!)], []);
    assert.equal(unknown.unfounded, 1);
  });

  it("verifies no claim after the draw of somebody else", () => {
    const [first, ...rest] = [...onDuty].sort((a, b) => (a.task < b.task ? -1 : 1));
    const forged = { ...dutyOf(first!), draw: cheapDraw("bob", drawMessage(tasksOf(200)[170]!)).toString("hex") };
    const open = tasks.map((task) => ({ ...task, threshold: ALL_DRAWS }));
    const found = assess(open, [forged, ...rest.map((task) => dutyOf(task))], []);
    assert.deepEqual([found.done.length, found.unfounded], [0, onDuty.length]);
  });

  it("of more duties than a document holds counts those with the least draws", () => {
    const most = { ...DEFAULT_AUDIT, most: 3 };
    const byDraw = onDuty.map((task) => ({ task, value: drawValue(cheap(task)) }));
    const [a, b, c, d] = byDraw.sort((x, y) => (x.value < y.value ? -1 : 1)).map(({ task }) => task);
    const claiming = (...claimed: (DutyTask | undefined)[]) =>
      assess(
        tasks,
        claimed.map((task) => dutyOf(task!)),
        tasks.filter((task) => !claimed.includes(task)),
        most,
      );
    assert.equal(claiming(a, b, c).missed, 0);
    assert.equal(claiming(a, b, d).missed, 1);
    assert.equal(claiming(a, b).missed, onDuty.length - 2);
  });

  it("misses nothing by tasks that were dropped since and took places of a full document, half of them at most", () => {
    const byDraw = [...onDuty].sort((a, b) => (drawValue(cheap(a)) < drawValue(cheap(b)) ? -1 : 1));
    const gone = tasksOf(200).slice(64);
    const claiming = (done: number, more: readonly DutyTask[], dropped: number) => {
      const claimed = [...byDraw.slice(0, done), ...more];
      return assess(
        tasks,
        claimed.map((task) => dutyOf(task)),
        tasks.filter((task) => !claimed.includes(task)),
        { ...DEFAULT_AUDIT, most: 4 },
        dropped,
      );
    };
    assert.equal(claiming(3, gone.slice(0, 1), 1).missed, 0);
    assert.equal(claiming(2, gone.slice(0, 2), 2).missed, 0);
    // Padding: more places than dropped tasks can have taken, a document that is not full, or more than half of one.
    assert.equal(claiming(3, gone.slice(0, 1), 0).missed, onDuty.length - 3);
    assert.equal(claiming(2, gone.slice(0, 2), 1).missed, onDuty.length - 2);
    assert.equal(claiming(2, gone.slice(0, 1), 9).missed, onDuty.length - 2);
    assert.equal(claiming(1, gone.slice(0, 3), 9).missed, onDuty.length - 1);
    // One with a greater draw in the place of one with a less one is missed all the same.
    const [a, , c] = byDraw;
    const skipping = assess(
      tasks,
      [a!, c!, ...gone.slice(0, 2)].map((task) => dutyOf(task)),
      tasks.filter((task) => task !== a && task !== c),
      { ...DEFAULT_AUDIT, most: 4 },
      2,
    );
    assert.equal(skipping.missed, 1);
  });

  it("counts abstentions beyond a fifth as missed", () => {
    const found = assess(
      tasks,
      onDuty.map((task) => dutyOf(task, "abstain")),
      others,
    );
    assert.equal(found.abstained, onDuty.length);
    assert.equal(found.missed, onDuty.length - Math.floor(onDuty.length / 5));
  });

  it("works with real draws", async () => {
    const signer = await signerFromUri("//Alice");
    const few = tasksOf(2).map((task) => ({ ...task, threshold: ALL_DRAWS }));
    const drawn = async (task: DutyTask) => Buffer.from(await drawDuty(task, signer)).toString("hex");
    const duties = await Promise.all(few.map(async (task) => ({ ...dutyOf(task), draw: await drawn(task) })));
    const document = localDuty({ network, cycle, duties }, signer);
    const claims = { hotkey: signer.address, publicKey: signer.publicKey, document, answers: null, tasks: few };
    assert.equal(assessDuty({ ...claims, auditSeed: hashOf("audit") }, verifyVrf).done.length, 2);
  });
});

describe("documents of duty", () => {
  const duties = tasksOf(3).map((task) => dutyOf(task));

  it("are read as they are written, signed, in one form", () => {
    const document = localDuty({ network, cycle, duties }, alice);
    const parsed = parseDutyDocument(canonicalBytes(document));
    assert.ok(parsed.ok && isDutyDocumentSigned(parsed.value, verify));
    const answers = localDutyAnswers(
      { network, cycle, answers: duties.map(({ task, draw }) => ({ task, draw })), votes: [] },
      alice,
    );
    assert.ok(parseDutyAnswers(canonicalBytes(answers)).ok);
  });

  it("are refused with a reason otherwise", () => {
    const document = localDuty({ network, cycle, duties }, alice);
    const refusal = (change: object) => {
      const parsed = parseDutyDocument(canonicalBytes({ ...document, ...change }));
      return parsed.ok ? "accepted" : parsed.problem;
    };
    assert.match(refusal({ duties: [...document.duties].reverse() }), /ascend by task/);
    assert.match(refusal({ duties: [document.duties[0], document.duties[0]] }), /ascend by task/);
    assert.match(refusal({ duties: [{ ...duties[0], reason: "x" }] }), /is given unless valid/);
    assert.match(refusal({ duties: [{ ...duties[0], verdict: "invalid" }] }), /is given unless valid/);
    assert.match(refusal({ duties: [{ ...duties[0], draw: "00" }] }), /192/);
    assert.match(refusal({ kind: "report" }), /kind/);
    assert.match(refusal({ extra: 1 }), /extra/);
    assert.ok(!parseDutyDocument(Buffer.from("{")).ok);
  });
});

describe("missed duty over cycles", () => {
  it("is judged by the steps that protocol.md names", () => {
    const steps = { event: 2_302_585, none: -95_310, bad: 9_200_290, good: -4_605_070 };
    assert.deepEqual(sprtSteps(MISS_TEST), steps);
  });

  it("is found and cleared after 69 and 65 duties on average, with the error rates of docs/duty.md", () => {
    const [negligent, careful] = [sprtPower(MISS_TEST, 0.1), sprtPower(MISS_TEST, 0.01)];
    assert.deepEqual([negligent.meanTrials.toFixed(0), careful.meanTrials.toFixed(0)], ["69", "65"]);
    assert.deepEqual([(1 - negligent.bad).toFixed(4), careful.bad.toExponential(1)], ["0.0095", "4.7e-5"]);
  });

  it("is found after four misses in a row, and forgiven after 49 duties done", () => {
    let test = continueMissTest(NEW_MISS_TEST, { done: 0, missed: 3 });
    assert.ok(!test.isNegligent);
    test = continueMissTest(test, { done: 0, missed: 1 });
    assert.deepEqual(test, { ratio: 0, isNegligent: true });
    test = continueMissTest(test, { done: 48, missed: 0 });
    assert.ok(test.isNegligent);
    assert.ok(!continueMissTest(test, { done: 1, missed: 0 }).isNegligent);
  });
});

describe("a vote on a flagged task", () => {
  const voters = new Map([
    ["ada", 40],
    ["ben", 40],
    ["cal", 48],
  ]);
  const votes = (ada: string, ben: string, cal: string) =>
    Object.entries({ ada, ben, cal }).flatMap(([hotkey, verdict]) =>
      verdict === "silent" ? [] : [{ hotkey, verdict: verdict as "valid" | "invalid" | "abstain" }],
    );

  it("needs more than two thirds, leaves out who abstains, and keeps who is silent", () => {
    assert.equal(majorityVerdict(voters, votes("invalid", "invalid", "valid")), "undecided", "80 of 128");
    assert.equal(majorityVerdict(voters, votes("invalid", "invalid", "silent")), "undecided");
    assert.equal(majorityVerdict(voters, votes("invalid", "invalid", "abstain")), "invalid");
    assert.equal(majorityVerdict(voters, votes("valid", "invalid", "valid")), "valid", "88 of 128");
    assert.equal(majorityVerdict(voters, votes("invalid", "abstain", "abstain")), "undecided", "too few decide");
    assert.equal(majorityVerdict(voters, []), "undecided");
    assert.equal(majorityVerdict(new Map(), []), "undecided");
  });

  it("counts nobody without a slot, and a voter with two verdicts as silent", () => {
    const strangers = Array.from({ length: 999 }, (_, n) => ({ hotkey: `x${n}`, verdict: "invalid" as const }));
    assert.equal(majorityVerdict(voters, [...votes("valid", "valid", "valid"), ...strangers]), "valid");
    const twofold = [...votes("invalid", "invalid", "abstain"), { hotkey: "ben", verdict: "valid" as const }];
    assert.equal(majorityVerdict(voters, twofold), "undecided");
  });

  it("gives its executor no slot, whatever weight it has", () => {
    const weights = new Map([
      ["eve", 10n ** 20n],
      ["ada", 1n],
      ["ben", 1n],
    ]);
    const drawn = drawVoters({ task: hashOf("t"), executor: "eve", beacon: hashOf("b"), weights });
    assert.ok(!drawn.has("eve"));
    assert.equal(
      [...drawn.values()].reduce((sum, slots) => sum + slots, 0),
      128,
    );
  });
});

it("refutes a verdict of an exact kind by recomputation; of another kind it is only not paid", () => {
  assert.equal(judgeVerdict("sprint-win", "valid", "invalid"), "false");
  assert.equal(judgeVerdict("merge", "invalid", "valid"), "false");
  assert.equal(judgeVerdict("score", "valid", "invalid"), "unpaid");
  for (const truth of ["valid", "invalid", "abstain"] as const) {
    assert.equal(judgeVerdict("sprint-win", truth, truth), "sound");
    assert.equal(judgeVerdict("sprint-win", "abstain", truth), "sound");
    assert.equal(judgeVerdict("sprint-win", truth, "abstain"), "sound");
  }
});
