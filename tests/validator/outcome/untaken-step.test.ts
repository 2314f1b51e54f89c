import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { explainScore } from "#inspect/explain/explain-score.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { ReportEntry } from "#shared/protocol/report.js";
import { agreeOn, mergeCycle } from "#validator/merge/merge-cycle.js";
import { recallHistory, remember } from "#validator/outcome/history.js";
import { learnProgress } from "#validator/outcome/progress.js";
import { setWeights } from "#validator/weights.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { lookAt } from "../../support/look-at.js";
import { NETUID } from "../../support/micro-network.js";
import { publishReports, reportOf, scoredEntry } from "../../support/reports.js";
import { openSubnet } from "../../support/subnet.js";
import { forge, noiseUpdate, submit } from "../../support/updates.js";
import { openValidator } from "../../support/validator.js";

interface TwoCycles {
  /** Whether a model of the first cycle is. */
  readonly isNamed: boolean;
  /** Who votes for the step of the second; both validators unless given. */
  readonly voters?: readonly string[];
  /** What the second cycle's reports say of ann; that they score her unless given. */
  readonly second?: Partial<ReportEntry>;
  /** Who reports in the second, and says what it holds; both validators unless given. */
  readonly reporters?: readonly ("vera" | "vito")[];
  /** Default: 1. */
  readonly secondStep?: number;
}

/** What a validator says of an update that it had no time for. */
const failed: Partial<ReportEntry> = {
  ...{ verdict: "abstained", reason: "validator_failed", detail: "no time left to fetch" },
  ...{ lossReduction: null, standardError: null, batches: null, growth: null, independence: null, score: 0 },
};

/**
 * Ann's part of all pay after two cycles in which ballots name a step, as a validator sets it, and the part of her group's pool, as `explain` has it.
 */
const paidAfterTwo = async (
  t: TestContext,
  { isNamed, voters, second = {}, reporters = ["vera", "vito"], secondStep = 1 }: TwoCycles,
) => {
  const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000 } });
  const vera = await openValidator(t, subnet, "vera");
  const { participant } = vera;
  const live = async (cycle: number, base: string) => {
    const tensors = noiseUpdate(subnet, `ann ${cycle}`, 0.05);
    const ann = forge(subnet, { miner: "ann", tensors, cycle, change: { base } });
    await submit(subnet, { ann }, cycle);
    const isSecond = cycle === 2;
    const said = { entries: [{ ...scoredEntry(ann, 0.3), ...(isSecond && second) }], cycle, base };
    const reporting = isSecond ? reporters : (["vera", "vito"] as const);
    const reports = Object.fromEntries(reporting.map((name) => [name, reportOf(subnet, name, said)]));
    await publishReports(
      subnet,
      reports,
      isSecond ? secondStep : 1,
      isSecond ? { ...(voters && { voters }), holders: reporters } : {},
    );
  };
  await live(1, subnet.modelHash);
  if (isNamed) {
    const { hash: model } = await mergeCycle(participant, 1, await agreeOn(participant, 1));
    const network = shortHash(subnet.networkHash);
    const { location } = participant;
    await subnet.record({ vera: encodeRecord({ type: "model", network, cycle: 1, model, location }) });
  }
  await subnet.to(subnet.window(2, "distribute").end);
  await live(2, await participant.models.baseOf(2));

  const agreed = await agreeOn(participant, 2);
  assert.equal(agreed.base === subnet.modelHash, !isNamed);
  await recallHistory(vera, 2);
  remember(vera, 2, agreed, await learnProgress(vera, 2, agreed));
  const nonce = await subnet.chain.nonce(participant.signer.address);
  const setting = setWeights(vera, 2, agreed.base);
  await subnet.sent("vera", nonce + 1);
  await subnet.to(subnet.node.head.number + 1);
  await setting;
  const [row] = await subnet.chain.weights(NETUID);
  const weights = new Map(row!.weights);
  const all = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  const { pay } = await explainScore(await lookAt(t, subnet), 2, subnet.uid("ann"));
  return { weight: weights.get(subnet.uid("ann"))! / all, share: pay!.share, paid: pay!.paid };
};

interface Voted {
  readonly score: number;
  /** The step that the ballots name. */
  readonly step: number;
  readonly voters?: readonly string[];
}

/** What a validator warns of after a cycle in which ann's update has that score and ballots name that step, and its figure of the step. */
const warnedOf = async (t: TestContext, { score, step, voters }: Voted) => {
  const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000 } });
  const vera = await openValidator(t, subnet, "vera");
  const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
  await submit(subnet, { ann });
  const entries = [scoredEntry(ann, score)];
  const said = { vera: reportOf(subnet, "vera", { entries }), vito: reportOf(subnet, "vito", { entries }) };
  await publishReports(subnet, said, step, voters && { voters });
  const progress = await learnProgress(vera, 1, await agreeOn(vera.participant, 1));
  const warned = vera.participant.lines.filter(
    ({ level, fields }) => level === "warn" && fields.group === "math" && fields.cycle === 1,
  );
  const [chosen] = vera.measured.filter((values) => "choose/step_math" in values);
  return { ...progress, codes: warned.map(({ fields }) => fields.code), step: chosen!["choose/step_math"] };
};

describe("a validator's warnings of a group's progress", { timeout: HANG_GUARD }, () => {
  it("name a group that stood still, and one that went on without a score", async (t) => {
    const all = ["math", "prose"];
    const still = await warnedOf(t, { score: 0.3, step: 0 });
    assert.deepEqual(still, { improved: [], undecided: [], codes: ["GROUP_STOOD_STILL"], step: 0 });
    const scoreless = await warnedOf(t, { score: 0, step: 1 });
    assert.deepEqual(scoreless, { improved: all, undecided: [], codes: ["GROUP_SCORED_NOTHING"], step: 1 });
    assert.deepEqual(await warnedOf(t, { score: 0.3, step: 1 }), { improved: all, undecided: [], codes: [], step: 1 });
  });
});

describe("a group whose step only missing votes kept from it", { timeout: HANG_GUARD }, () => {
  it("is undecided, and its cycle left out: the validator warns of it", async (t) => {
    const { improved, undecided, codes, step } = await warnedOf(t, { score: 0.3, step: 1, voters: ["vito"] });
    assert.deepEqual([improved, undecided, codes, step], [[], ["math", "prose"], ["GROUP_UNDECIDED"], 0]);
    const still = await warnedOf(t, { score: 0.3, step: 0, voters: ["vito"] });
    assert.deepEqual([still.undecided, still.codes], [[], ["GROUP_STOOD_STILL"]]);
  });

  it("costs nobody pay: validators and explain compute the same", async (t) => {
    const { weight, share, paid } = await paidAfterTwo(t, { isNamed: true, voters: ["vito"] });
    assert.deepEqual([paid, share], [1, 0.5]);
    assert.ok(Math.abs(weight - share) < 1e-4);
  });
});

describe("a group whose miners no validator judged", { timeout: HANG_GUARD }, () => {
  const after = (t: TestContext, second: Omit<TwoCycles, "isNamed">) =>
    paidAfterTwo(t, { isNamed: true, secondStep: 0, ...second });

  it("costs nobody pay where all who reported failed, though ballots name the base", async (t) => {
    const { weight, share, paid } = await after(t, { second: failed });
    assert.deepEqual([paid, share], [1, 0.5]);
    assert.ok(Math.abs(weight - share) < 1e-4);
  });

  it("costs nobody pay where no report counts, though who is back votes for the base", async (t) => {
    const { weight, share, paid } = await after(t, { reporters: ["vito"] });
    assert.deepEqual([paid, share], [1, 0.5]);
    assert.ok(Math.abs(weight - share) < 1e-4);
  });

  it("is not one whose update was refused: that cycle pays nothing", async (t) => {
    const refused = { ...failed, verdict: "rejected", reason: "malformed" } as const;
    const { weight, share, paid } = await after(t, { second: refused });
    assert.deepEqual([paid, share], [0.5, 0.25]);
    assert.ok(Math.abs(weight - share) < 1e-4);
  });
});

describe("pay for a step that no model took", { timeout: HANG_GUARD }, () => {
  it("ends with the cycle, where no model was agreed on: validators and explain compute the same", async (t) => {
    const taken = await paidAfterTwo(t, { isNamed: true });
    assert.deepEqual([taken.paid, taken.share], [1, 0.5]);
    assert.ok(Math.abs(taken.weight - taken.share) < 1e-4);
    const untaken = await paidAfterTwo(t, { isNamed: false });
    assert.deepEqual([untaken.paid, untaken.share], [0.5, 0.25]);
    assert.ok(Math.abs(untaken.weight - untaken.share) < 1e-4);
  });
});
