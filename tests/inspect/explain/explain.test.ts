import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { explainFacts, explainScore } from "#inspect/explain/explain-score.js";
import type { Explanation } from "#inspect/explain/explanation.js";
import { readMinersCycle } from "#inspect/explain/read-miners-cycle.js";
import { readSeedSource, seedText } from "#inspect/explain/seed-source.js";
import { sentencesOf } from "#inspect/explain/sentences.js";
import { describeRepeat } from "#shared/independence/repeats.js";
import type { ReportEntry } from "#shared/protocol/report.js";
import { seedBlocks } from "#shared/protocol/seed.js";
import { seedRound } from "#shared/replay/evaluation-seeds.js";
import { studentQuantile } from "#shared/scoring/student-t.js";
import { publicBeacon } from "#shared/simulators/devchain/beacon.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { lookAt } from "#tests/support/look-at.js";
import { publishReports, reportOf, scoredEntry } from "#tests/support/reports.js";
import { BEACON, openSubnet, type Subnet } from "#tests/support/subnet.js";
import { type Forged, forge, noiseUpdate, submit } from "#tests/support/updates.js";

const VALIDATORS = { vera: 2800, vito: 2000, vick: 1200 };

type Entries = (forged: Readonly<Record<string, Forged>>) => Readonly<Record<string, readonly ReportEntry[]>>;

/** A cycle of two miners in which validators said this. */
const lived = async (t: TestContext, entriesOf: Entries): Promise<Subnet> => {
  const subnet = await openSubnet(t, { validators: VALIDATORS });
  const forged = Object.fromEntries(
    ["ann", "bob"].map((miner) => [miner, forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) })]),
  );
  await submit(subnet, forged);
  const reports = Object.entries(entriesOf(forged)).map(([validator, entries]) => [
    validator,
    reportOf(subnet, validator, { entries }),
  ]);
  await publishReports(subnet, Object.fromEntries(reports));
  return subnet;
};

const explain = async (t: TestContext, subnet: Subnet, miner: string) => {
  const explanation = await explainScore(await lookAt(t, subnet), 1, subnet.uid(miner));
  return { explanation, text: sentencesOf(explanation, subnet.network).join("\n") };
};

const rejected = ({ submission }: Forged, reason: "duplicate" | "norm", detail: string): ReportEntry => ({
  ...scoredEntry({ submission, artifact: submission.reveal!.artifact }, 0),
  verdict: "rejected",
  reason,
  detail,
  lossReduction: null,
  standardError: null,
  batches: null,
  growth: null,
  independence: null,
});

const silences = ({ validators }: Explanation) => validators.map(({ silence }) => silence);

describe("an explanation", { timeout: HANG_GUARD }, () => {
  it("follows a score from the commitment over each validator's word to the pay", async (t) => {
    const growth = 0.02 / (0.03 - studentQuantile(0.975, 11) * 0.005 * Math.sqrt(6 / 12));
    const subnet = await lived(t, ({ ann, bob }) => ({
      // Half of the batches were enough for vera; vito gives less than his figures do.
      vera: [{ ...scoredEntry(ann!, 0.02), standardError: 0.005, batches: 6, growth }, scoredEntry(bob!, 0.03)],
      vito: [{ ...scoredEntry(ann!, 0.01), standardError: 0.004 }],
    }));
    const { explanation, text } = await explain(t, subnet, "ann");
    const { commitment, reveal, update, validators, agreed } = explanation;
    assert.equal(commitment!.block, subnet.window(1, "commit").start);
    assert.deepEqual([reveal!.group, update!.base, explanation.base], ["math", subnet.modelHash, subnet.modelHash]);
    assert.deepEqual(
      validators.map(({ hotkey, score }) => [hotkey, score]),
      [
        [subnet.signer("vera").address, 0.02],
        [subnet.signer("vito").address, 0.01],
        [subnet.signer("vick").address, null],
      ],
    );
    assert.deepEqual(silences(explanation), [null, null, "it committed no report in time"]);
    const [half, whole, none] = validators.map(({ derivation }) => derivation);
    assert.deepEqual([half!.confidence, half!.batches, half!.exponent, half!.growth], [0.975, 12, 1, growth]);
    assert.ok(Math.abs(half!.lowerBound - (0.03 - half!.quantile * 0.005 * Math.sqrt(6 / 12))) < 1e-12);
    assert.ok(Math.abs(half!.lowerBound * half!.growth! - 0.02) < 1e-12);
    assert.deepEqual([whole!.growth, whole!.score, none], [1, whole!.lowerBound, null]);
    assert.notEqual(whole!.score, 0.01);
    assert.ok(Math.abs(validators[0]!.stakeShare - 28 / 60) < 1e-3);
    // Four fifths of the stake scored it; more than half of these give it 0.02 at least, and more than half of all half of that.
    assert.deepEqual([agreed!.verdict, agreed!.score], ["scored", 0.02]);
    assert.ok(Math.abs(agreed!.scoredBy - 0.8) < 1e-3);
    assert.deepEqual([explanation.isWhole, explanation.duplicate], [true, null]);
    // Less than half of the stake scored bob.
    assert.deepEqual(explanation.place, { group: "math", place: 1, of: 1 });
    assert.deepEqual(
      explanation.window.cycles.map(({ cycle, verdict, score }) => [cycle, verdict, score]),
      [
        [-2, null, 0],
        [-1, null, 0],
        [0, null, 0],
        [1, "scored", 0.02],
      ],
    );
    assert.deepEqual([explanation.pay!.score, explanation.pay!.place, explanation.pay!.of], [0.02 / 4, 1, 1]);
    assert.ok(Math.abs(explanation.pay!.share - 0.5) < 1e-12, "alone in its group it has the group's pool");
    assert.deepEqual([explanation.merge.model, explanation.merge.isSettled], [null, false]);
    for (const sentence of [
      /^It committed to an artifact in block \d+, in the commit phase \(blocks \d+ to \d+\)\.$/m,
      /, 46\.7 % of the stake: scored 0\.0200: it lowers the loss by 0\.03000 nats a token, standard error 0\.00500, over 6 of 12 batches\. The lower bound that all 12 would give at 0\.975 is 0\.03000 − 2\.20099 × 0\.00354 = 0\.02222, times 0\.90016: who left early keeps its proportion to those who went on\.$/m,
      /, 33\.3 % of the stake: scored 0\.0100: .+, over 12 of 12 batches\. The lower bound at 0\.975 is 0\.02000 − 2\.20099 × 0\.00400 = 0\.01120\. That gives 0\.0112: the report contradicts itself\.$/m,
      / A score is the lower bound that all 12 batches would give at a one-sided confidence of 0\.975, cut at zero\. The network's 0\.95 holds over all looks at an update, so this one, the last, takes 0\.975\. Its independence, .+ is [0-9.]+, where work of its own among equals has about 1\.$/m,
      /^ {2}uid 3 .+, 20\.0 % of the stake: it committed no report in time\.$/m,
      /^Validators with 80\.0 % of the stake scored it, where more than half is needed\. More than half of the stake that judged it gives it a score of at least 0\.0200, which is what was agreed; who gave that one measured a loss reduction of 0\.0300\./m,
      /^3 validators might vote:$/m,
      /^The cycle's model is not settled yet\.$/m,
      /^With a mean of 0\.0050 it has place 1 of 1 in group math\. The group's pool is 50\.0 % of all pay; by curve top-n it earns 50\.0 %/m,
      /^No validator's weights were on chain at block \d+\.$/m,
    ])
      assert.match(text, sentence);
    const unscored = { ...explanation, agreed: { ...explanation.agreed!, score: 0 } };
    const settled = { ...explanation.merge, model: "a".repeat(64), isSettled: true, isKnown: true };
    for (const [merge, sentence] of [
      [{ stoodStill: true }, /^It was not merged into model a+: its group's model stood still, since no majority/m],
      [
        { stoodStill: true, isUndecided: true },
        /: its group's model stood still for want of votes, and its pay leaves/m,
      ],
      [{ along: "merged" }, /: the step that was chosen goes along updates with a score above zero\.$/m],
      [{ along: "all" }, /: the step that was chosen goes along the 2 that lower the loss of their group most\.$/m],
      [{ share: 0.5 }, /with 50\.0 % of its group's mean: the step that was chosen goes along updates whatever their/m],
    ] as const)
      assert.match(sentencesOf({ ...unscored, merge: { ...settled, ...merge } }, subnet.network).join("\n"), sentence);
    for (const [along, independence, sentence] of [
      ["merged", 1, /: at most the best 2 of a group are, by score times independence\.$/m],
      ["merged", 0, /: nothing of it is its own\.$/m],
      ["best", 1, /: the step that was chosen goes along the best update of its group alone\.$/m],
      ["all", 0, /: the step that was chosen goes along the 2 that lower the loss of their group most\.$/m],
    ] as const) {
      const leftOut = { ...explanation, agreed: { ...agreed!, independence }, merge: { ...settled, along } };
      assert.match(sentencesOf(leftOut, subnet.network).join("\n"), sentence);
    }

    const last = {
      ...unscored,
      place: { ...explanation.place!, place: null },
      pay: { ...explanation.pay!, place: null },
    };
    const told = sentencesOf(last, subnet.network).join("\n");
    assert.match(
      told,
      /^In this cycle it has no place among the 1 scored in group math: that takes a score above zero\.$/m,
    );
    assert.match(told, /it has no place among the 1 in group math\. The/);

    const bob = await explain(t, subnet, "bob");
    assert.deepEqual([bob.explanation.agreed!.verdict, bob.explanation.pay], ["abstained", null]);
    assert.equal(silences(bob.explanation)[1], "its report does not name the miner");
    assert.match(
      bob.text,
      /46\.7 % of the stake scored it, .+ and 0\.0 % rejected it or could not reach it; more than half could not judge it: it is abstained on/,
    );

    const vera = await explain(t, subnet, "vera");
    assert.equal(vera.explanation.role, "validator");
    assert.match(vera.text, /validators are not scored/);
    assert.equal(JSON.parse(JSON.stringify(explanation)).agreed.score, 0.02);
    await assert.rejects(explainScore(await lookAt(t, subnet), 1, 99), {
      code: "UID_UNKNOWN",
      hint: "name one of 0, 1, 2, 3, 4, 5",
    });
  });

  it("points from a duplicate to its original, and shows no control characters that a validator wrote", async (t) => {
    const subnet = await lived(t, ({ ann, bob }) => {
      const original = { cycle: 1, hotkey: ann!.submission.hotkey, artifact: ann!.artifact };
      return {
        vera: [scoredEntry(ann!, 0.02), rejected(bob!, "duplicate", describeRepeat(original))],
        vito: [scoredEntry(ann!, 0.02), rejected(bob!, "norm", "\u001b[2Jcleared")],
      };
    });
    const { explanation, text } = await explain(t, subnet, "bob");
    const { uid, hotkey, cycle } = explanation.duplicate!;
    assert.deepEqual([uid, hotkey, cycle], [subnet.uid("ann"), subnet.signer("ann").address, 1]);
    assert.deepEqual([explanation.agreed!.verdict, explanation.agreed!.reason], ["rejected", "duplicate"]);
    assert.ok(Math.abs(explanation.agreed!.rejectedBy - 0.8) < 1e-3);
    assert.match(
      text,
      new RegExp(`^It was taken for a copy of artifact [0-9a-f]{12}, which uid ${uid} submitted`, "m"),
    );
    assert.match(text, /rejected \(norm\)\. .+ It says: \?\[2Jcleared\./);
    assert.ok(!text.includes("\u001b"));
    assert.match(text, /It was scored in none of them, so it has no place in any group and earns nothing\./);
  });

  it("says that updates which do harm earn nothing, and that a report on another model counts for nothing", async (t) => {
    const worse = (forged: Forged): ReportEntry => ({ ...scoredEntry(forged, 0), lossReduction: -0.01 });
    const subnet = await lived(t, ({ ann, bob }) => ({
      vera: [worse(ann!), worse(bob!)],
      vito: [worse(ann!), worse(bob!)],
    }));
    const { explanation, text } = await explain(t, subnet, "ann");
    assert.deepEqual([explanation.agreed!.verdict, explanation.window.cycles.at(-1)!.counts], ["scored", true]);
    assert.match(text, /scored 0\.0000: it raises the loss by 0\.01000 nats a token.+ = -0\.01220, cut at zero\.$/m);

    const split = await openSubnet(t, { validators: VALIDATORS });
    const ann = forge(split, { miner: "ann", tensors: noiseUpdate(split, "ann", 0.01) });
    await submit(split, { ann });
    const entries = [scoredEntry(ann, 0.02)];
    await publishReports(split, {
      vera: reportOf(split, "vera", { entries, base: "7".repeat(64) }),
      vito: reportOf(split, "vito", { entries }),
    });
    const other = await explain(t, split, "ann");
    assert.match(silences(other.explanation)[0]!, /^its report is about model 7{64}, not the agreed one$/);
    assert.equal(other.explanation.agreed!.verdict, "abstained");
    const idle = await explain(t, split, "bob");
    assert.deepEqual([idle.explanation.agreed!.verdict, idle.explanation.agreed!.reason], ["abstained", null]);
    assert.match(idle.text, /^It committed to nothing in the commit phase/m);
  });

  it("draws no conclusion from reports that are no longer kept", async (t) => {
    const subnet = await lived(t, ({ ann, bob }) => ({ vera: [scoredEntry(ann!, 0.02), scoredEntry(bob!, 0.01)] }));
    const { explanation } = await explain(t, subnet, "ann");
    const gone: Explanation = {
      ...explanation,
      isWhole: false,
      agreed: null,
      place: null,
      pay: null,
      window: {
        length: 1,
        cycles: [{ cycle: 1, verdict: null, score: 0, counts: true }],
        unknown: [1],
      },
      chain: { ...explanation.chain, incentive: 0.5 },
    };
    const text = sentencesOf(gone, subnet.network).join("\n");
    assert.match(text, /what was agreed cannot be said/);
    assert.match(text, /cycle 1 is not known any more/);
    assert.match(text, /what it earns, cannot be said/);
    assert.match(text, /its incentive is 50\.0 %/);
    assert.doesNotMatch(text, /earns nothing|counts as missed|missed\)/);
  });

  it("counts the cycles of the mean that lie before the first, and names none of them", async (t) => {
    const subnet = await lived(t, ({ ann, bob }) => ({ vera: [scoredEntry(ann!, 0.02), scoredEntry(bob!, 0.01)] }));
    const { explanation } = await explain(t, subnet, "ann");
    const before = [-2, -1, 0].map((cycle) => ({ cycle, verdict: null, score: 0, counts: true }));
    const cycles = [...before, ...explanation.window.cycles.slice(-1)];
    const window = { ...explanation.window, length: 4, cycles };
    const text = sentencesOf({ ...explanation, window }, { ...subnet.network, first_cycle: 1 }).join("\n");
    assert.match(text, /^Pay goes by the mean over 4 cycles: 3 cycles before the first 0, cycle 1 /m);
  });

  it("says that a cycle counts as missed that was not scored by the reports that are still kept", async (t) => {
    const subnet = await lived(t, ({ ann }) => ({ vito: [scoredEntry(ann!, 0.02)], vera: [] }));
    const { explanation } = await explain(t, subnet, "ann");
    assert.equal(explanation.agreed!.verdict, "abstained");
    const told = (isWhole: boolean) => sentencesOf({ ...explanation, isWhole }, subnet.network).join("\n");
    assert.match(told(true), /could not judge it: it is abstained on, and the cycle is left out of its mean\.$/m);
    assert.match(told(false), /what was agreed cannot be said, and the cycle counts as missed\.$/m);
    assert.doesNotMatch(told(false), /left out of its mean/);
  });

  it("leaves a cycle that was abstained on out of the mean only in the group that the miner stands in", async (t) => {
    const subnet = await lived(t, ({ ann }) => ({ vito: [scoredEntry(ann!, 0.02)], vera: [] }));
    const facts = await readMinersCycle(await lookAt(t, subnet), 1, subnet.uid("ann"));
    const told = (group: string) => {
      const before = { ...facts.window.history.find(({ uid }) => uid === subnet.uid("ann"))!, cycle: 0 };
      const history = [
        { ...before, group, verdict: "scored", score: 0.02, independence: 1 } as const,
        ...facts.window.history,
      ];
      const explanation = explainFacts({ ...facts, window: { ...facts.window, history } });
      const { verdict, counts } = explanation.window.cycles.at(-1)!;
      return { verdict, counts, text: sentencesOf(explanation, subnet.network).join("\n") };
    };
    const own = told("math");
    assert.deepEqual([own.verdict, own.counts], ["abstained", false]);
    assert.match(own.text, /it is abstained on, and the cycle is left out of its mean\.$/m);
    const other = told("prose");
    assert.deepEqual([other.verdict, other.counts], ["abstained", true]);
    assert.match(other.text, /it is abstained on, and the cycle counts as zero, since it stands in another group\.$/m);
    assert.match(other.text, /cycle 1 0 \(abstained on in another group\)\.$/m);
  });

  it("says where no figure is agreed on for who is away", async (t) => {
    const subnet = await lived(t, ({ ann }) => ({ vera: [scoredEntry(ann!, 0.02)], vito: [scoredEntry(ann!, 0)] }));
    const { explanation, text } = await explain(t, subnet, "ann");
    assert.equal(explanation.agreed!.verdict, "abstained");
    assert.match(
      text,
      /80\.0 % of the stake scored it, .+; what it is worth hangs on who is away, failed itself or is not heard: it is abstained on/,
    );
  });

  it("tells who could not judge from who is away, whichever artifact was scored", async (t) => {
    const subnet = await lived(t, ({ ann }) => ({ vera: [scoredEntry(ann!, 0.02)] }));
    const { explanation } = await explain(t, subnet, "ann");
    const [first] = explanation.validators;
    const opinion = (stakeShare: number, change: Partial<NonNullable<typeof first>>) => ({
      ...first!,
      ...{ stakeShare, derivation: null, lossReduction: null },
      ...change,
    });
    const told = (isUnheard: boolean) =>
      sentencesOf(
        {
          ...explanation,
          validators: [
            opinion(0.28125, {}),
            opinion(0.15625, { artifact: "f".repeat(64) }),
            opinion(0.0625, { verdict: "rejected", reason: "norm" }),
            opinion(0.5, { verdict: null, artifact: null, silence: "it committed no report in time", isUnheard }),
          ],
          agreed: { ...explanation.agreed!, verdict: "abstained", scoredBy: 0.28125, rejectedBy: 0.0625 },
        },
        subnet.network,
      ).join("\n");
    assert.match(told(false), /; most of those who judged it scored it: it is abstained on/);
    assert.match(
      told(true),
      /; most of those who judged it scored it, with the 50\.0 % that reported and is not heard: it is abstained on/,
    );
  });
});

it("an explanation names what drew the batches, and marks what somebody could choose among as weaker", () => {
  assert.match(
    seedText({ origin: "pulse", round: 7, blocks: [9, 11], value: null }),
    /^Its .* the pulse of the beacon's round 7, .*nobody/,
  );
  assert.match(
    seedText({ origin: "blocks", round: 7, blocks: [9, 11], value: null }),
    /no pulse .* round 7 by block 11: .* 9 to 11, .*weaker/,
  );
  assert.match(
    seedText({ origin: "blocks", round: null, blocks: [9, 9], value: null }),
    /names no beacon: .* block 9, .*weaker/,
  );
});

describe("the seed's source", { timeout: HANG_GUARD }, () => {
  it("is the beacon's round where the chain had its pulse", async (t) => {
    const { publicKey, genesisTime, period } = publicBeacon(BEACON);
    const beacon = { public_key: publicKey, genesis_time: genesisTime, period, delay: 1 };
    const subnet = await openSubnet(t, { network: { beacon } });
    const { deciding } = seedBlocks(1, "evaluate", subnet.network);
    await subnet.to(deciding);
    const { origin, round, blocks } = await readSeedSource(subnet, 1);
    assert.deepEqual([origin, blocks], ["pulse", [subnet.window(1, "evaluate").start, deciding]]);
    assert.equal(round, seedRound(await subnet.chain.timestamp(deciding - 2), beacon));
  });
});
