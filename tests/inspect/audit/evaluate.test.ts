import assert from "node:assert/strict";
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import type { EvaluatedCycle } from "#inspect/audit/audit-cycle.js";
import { compareGroup, createReevaluation } from "#inspect/audit/evaluate.js";
import { openFindings } from "#inspect/audit/findings.js";
import { manifestReader } from "#inspect/audit/manifest-reader.js";
import type { Regated } from "#inspect/audit/repeats.js";
import { l2Norm } from "#shared/artifact/update.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Report, ReportEntry } from "#shared/protocol/report.js";
import type { SignedVote } from "#shared/protocol/voting/chosen-step.js";
import { type GatedUpdate, gateSubmission, openSubmission } from "#shared/replay/gate-submission.js";
import type { CycleSource } from "#shared/replay/source.js";
import { raceRules } from "#shared/scoring/racing/rules.js";
import { runRace } from "#shared/scoring/racing/run-races.js";
import { openSubnetFiles } from "#shared/subnet/files.js";
import { mean } from "#shared/util/mean.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { reportOf, scoredEntry } from "#tests/support/reports.js";
import { sealedPages } from "#tests/support/sealed-pages.js";
import { openSubnet, type Subnet, type SubnetOptions } from "#tests/support/subnet.js";
import { device, forge, genesisBase, map, noiseUpdate, submit, trainedUpdate } from "#tests/support/updates.js";

const SEEDS = { math: "5".repeat(64) };

const open = async (t: TestContext, options: SubnetOptions = {}, tensors?: (subnet: Subnet) => Promise<Parameters>) => {
  const subnet = await openSubnet(t, options);
  const ann = forge(subnet, { miner: "ann", tensors: (await tensors?.(subnet)) ?? noiseUpdate(subnet, "ann", 0.05) });
  await submit(subnet, { ann });
  await subnet.to(subnet.window(1, "choose").start);
  const files = openSubnetFiles({ folders: [join(subnet.home, "owner")] });
  t.after(() => files.close());
  const { chain, network, networkHash } = subnet;
  const source: CycleSource = { chain, network, networkHash, fetch: files.fetch, open: files.open };
  const groups = new Map([["math", { norm: l2Norm(Object.values(genesisBase(subnet).group("math"))) }]]);
  const gates = { base: { hash: subnet.modelHash, groups }, cycle: 1 };
  const result = await gateSubmission(source, ann.submission, gates);
  assert.ok(result.ok);
  const openUpdate: EvaluatedCycle["openUpdate"] = async ({ submission }) => {
    const opened = await openSubmission(source, submission, gates);
    assert.ok(opened.ok);
    return opened;
  };
  const regated = [{ submission: ann.submission, result, isRepeated: false }];
  return { subnet, source, files, ann, openUpdate, regated };
};

type Opened = Pick<Awaited<ReturnType<typeof open>>, "subnet" | "source" | "files">;

/** What was measured, and votes on the steps along Ann's update. */
type Measured = Pick<EvaluatedCycle, "reports" | "regated" | "openUpdate"> & {
  readonly plan?: EvaluatedCycle["plan"];
  readonly votes?: readonly SignedVote[];
  readonly memory?: number;
};

const measure = async (
  t: TestContext,
  { subnet: { modelHash: hash, home: folder }, source, files }: Opened,
  { plan = { merged: new Map(), all: new Map() }, votes = [], memory = Number.MAX_VALUE, ...measured }: Measured,
) => {
  const findings = openFindings(1);
  const base = { hash, manifest: await manifestReader(source)(hash) };
  const reevaluation = createReevaluation(device, source, { tolerance: 1e-3, files, memory, folder });
  t.after(() => reevaluation.dispose());
  const ballots = { votes: new Map([["math", votes]]), stakes: new Map(), voters: [] };
  await reevaluation.measure({ source, cycle: 1, base, seeds: SEEDS, plan, ballots, ...measured }, findings);
  const { divergences, missing, notes } = findings.finish();
  return { divergences, missing, notes };
};

describe("measuring again what a report says", { timeout: HANG_GUARD }, () => {
  it("does not begin with batches that the network does not have", async (t) => {
    const opened = await open(t);
    const { subnet, ann, openUpdate, regated } = opened;
    const { eval_batches: most } = subnet.network.scoring;
    const entry = { ...scoredEntry(ann, 0.3), batches: most + 1 };
    const report = reportOf(subnet, "vera", { entries: [entry] });
    for (const batches of [most + 1, 2 ** 33, Number.MAX_SAFE_INTEGER]) {
      const hostile = { ...report, baseline: { math: { loss: 1, batches } } };
      assert.deepEqual(await measure(t, opened, { reports: [hostile], regated, openUpdate }), {
        divergences: [
          `report of ${report.validator} on the base, group "math": ${batches} batches are said to be measured, there are ${most}`,
          `report of ${report.validator} on uid ${entry.uid}: ${most + 1} batches are said to be measured, there are ${most}`,
        ],
        missing: [],
        notes: [],
      });
    }
  });

  it("finds that nobody can have measured on text that cannot be opened by anybody", async (t) => {
    const opened = await open(t, { sealed: sealedPages(10) });
    const { subnet, openUpdate, regated } = opened;
    const { index } = subnet.network.groups.math!.sealed!;
    // What the owner committed to in the network file is what is read here: an index that is too short for its envelopes.
    const fetch: CycleSource["fetch"] = async (file) => {
      const bytes = await opened.source.fetch(file);
      return file.hash === index ? bytes.subarray(32) : bytes;
    };
    const report = reportOf(subnet, "vera");
    const silent = { ...reportOf(subnet, "vito"), baseline: {} };
    const source = { ...opened.source, fetch };
    const found = await measure(t, { ...opened, source }, { reports: [report, silent], regated, openUpdate });
    assert.deepEqual(found.missing, []);
    assert.equal(found.divergences.length, 1);
    assert.match(
      found.divergences[0]!,
      new RegExp(`^report of ${report.validator} scores what had no text: sealed text: its index has `),
    );
  });

  const trained = (subnet: Subnet) => trainedUpdate(subnet, { miner: "ann" });
  const standing: SignedVote["vote"] = { better: [], best: 0 };
  const moving: SignedVote["vote"] = { better: [2, 3], best: 2 };
  const planAlong = ({ submission, artifact }: Awaited<ReturnType<typeof open>>["ann"]): EvaluatedCycle["plan"] => {
    const { uid, hotkey } = submission;
    const update = {
      ...{ uid, hotkey, group: "math", artifact, submission },
      ...{ verdict: "scored" as const, reason: null, lossReduction: 0.3, standardError: 0.01, independence: 1 },
      ...{ score: 0.3, share: 1, isJudged: true },
    };
    const along = new Map([["math", [update]]]);
    return { merged: along, all: along };
  };

  it("names whose ballot approves a step that does not lower the loss, and notes who approves none that does", async (t) => {
    const reversed = async (subnet: Subnet) => map(await trained(subnet), (value) => -value);
    const audited = async (tensors: typeof trained, votes: readonly SignedVote[]) => {
      const opened = await open(t, {}, tensors);
      const { ann, openUpdate, regated } = opened;
      return measure(t, opened, { reports: [], regated, openUpdate, plan: planAlong(ann), votes });
    };
    const votes = [
      { hotkey: "vera", vote: standing },
      { hotkey: "vito", vote: moving },
      { hotkey: "vlad", vote: null },
      { hotkey: "vick", vote: { better: [2, 7], best: 7 } },
    ];
    const good = await audited(trained, votes);
    assert.deepEqual(good.divergences, [
      'ballot of vick on "math": it approves step 7, which there is not in this cycle',
    ]);
    assert.equal(good.notes.length, 1);
    assert.match(
      good.notes[0]!,
      /^ballot of vera on "math": it approves nothing, where step 1 lowers the loss by 0\.\d/,
    );

    const harmful = await audited(reversed, votes);
    assert.deepEqual(harmful.notes, []);
    assert.deepEqual(
      harmful.divergences.map((what) => what.replace(/, which .*/, "")),
      [
        'ballot of vito on "math": it approves step 2',
        'ballot of vito on "math": it approves step 3',
        'ballot of vick on "math": it approves step 2',
        'ballot of vick on "math": it approves step 7',
      ],
    );
  });

  it("finds the same, to the bit, layer by layer from the model's files", async (t) => {
    const opened = await open(t, {}, trained);
    const { subnet, ann, openUpdate, regated } = opened;
    const votes = [
      { hotkey: "vera", vote: standing },
      { hotkey: "vick", vote: { better: [7], best: 7 } },
    ];
    const report = reportOf(subnet, "vera", { entries: [{ ...scoredEntry(ann, 5), batches: 12 }] });
    const reports = [{ ...report, baseline: { math: { loss: 1, batches: 12 } } }];
    const measured = { reports, regated, openUpdate, plan: planAlong(ann), votes };
    const whole = await measure(t, opened, measured);
    assert.match(whole.divergences[0]!, /: the base's loss on "math" is 1, here \d/);
    assert.match(whole.divergences[1]!, /: it lowers the loss by .*, here by \d/);
    assert.deepEqual([whole.divergences.length >= 3, whole.notes.length], [true, 1]);
    assert.deepEqual(await measure(t, opened, { ...measured, memory: 0 }), whole);
  });

  it("says of a model whose files are deleted meanwhile that they are gone", async (t) => {
    const opened = await open(t);
    const { subnet, ann, openUpdate, regated } = opened;
    const copies: string[] = [];
    const locateForNow: typeof opened.files.locateForNow = async (file) => {
      const copy = join(subnet.home, `copy-${copies.length}`);
      copyFileSync(await opened.files.locateForNow(file), copy);
      copies.push(copy);
      return copy;
    };
    const deleting: CycleSource["open"] = async (file) => {
      for (const copy of copies) rmSync(copy, { force: true });
      return opened.source.open(file);
    };
    const reports = [reportOf(subnet, "vera", { entries: [scoredEntry(ann, 0.3)] })];
    await assert.rejects(
      measure(
        t,
        { ...opened, files: { ...opened.files, locateForNow }, source: { ...opened.source, open: deleting } },
        { reports, regated, openUpdate, memory: 0 },
      ),
      /^BlockZeroError.*was deleted while it was measured/,
    );
  });
});

describe("a race that others ran in than could be had later", { timeout: HANG_GUARD }, () => {
  const scoring = { ...template.scoring, eval_batches: 64, racing: { rounds: 4, tolerance: 0.02 } };
  const rules = raceRules(scoring);
  const sign = (batch: number) => (batch % 2 === 0 ? 1 : -1);
  const later = (batch: number) => (batch < 8 ? 0.8 : 1);
  /** By how much each lowers a batch's loss: the first leaves at once, two are alike and go on, and the last is never sure. */
  const gains: Readonly<Record<string, (batch: number) => number>> = {
    ann: () => 2,
    bob: (batch) => later(batch) + 0.1 * sign(batch),
    cat: (batch) => later(batch) - 0.1 * sign(batch),
    dan: (batch) => 0.12 + 0.6 * sign(batch),
  };
  const names = Object.keys(gains);
  const updates = Object.fromEntries(names.map((name) => [name, { group: "math", artifact: name } as GatedUpdate]));
  const losses = async (update: GatedUpdate | null, from: number, to: number): Promise<readonly number[]> =>
    Array.from({ length: to - from }, (_, i) => 4 - (update === null ? 0 : gains[update.artifact]!(from + i)));
  const regatedOf = (missing: readonly string[] = []) =>
    names.map((name, uid) => ({
      submission: { uid, hotkey: name, reveal: { group: "math" } },
      result: missing.includes(name) ? null : { ok: true, update: updates[name]! },
      isRepeated: false,
    })) as unknown as readonly Regated[];

  const raceOf = (contenders: readonly string[]) =>
    runRace({
      contenders,
      rules,
      before: (from, to) => losses(null, from, to),
      after: (name, from, to) => losses(updates[name]!, from, to),
    });

  /** What a validator says whose race ran with these alone. @param reason of the others */
  const reportOn = async (
    contenders: readonly string[],
    reason: "unreachable" | "validator_failed",
  ): Promise<Report> => {
    const { results, before } = await raceOf(contenders);
    const entries = names.map((name, uid): ReportEntry => {
      const one = { uid, hotkey: name, group: "math", artifact: name, detail: null };
      const result = results.get(name);
      const unmeasured = { lossReduction: null, standardError: null, batches: null, growth: null, independence: null };
      if (result?.verdict !== "scored") return { ...one, ...unmeasured, verdict: "abstained", reason, score: 0 };
      return { ...one, ...result, reason: null, independence: 1 };
    });
    const baseline = { math: { loss: mean(before), batches: before.length } };
    return { validator: "vera", entries, baseline } as unknown as Report;
  };

  const compare = async (report: Report, regated = regatedOf()): Promise<readonly string[]> => {
    const findings = openFindings(1);
    await compareGroup({ group: "math", report, regated, losses }, { scoring }, 1e-3, findings);
    return findings.finish().divergences;
  };
  const withScore = (report: Report, score: number): Report => ({
    ...report,
    entries: report.entries.map((entry) => (entry.hotkey === "ann" ? { ...entry, score } : entry)),
  });

  it("is compared with a race of the same, not with one of all that there are", async () => {
    const [few, all] = await Promise.all([raceOf(["ann", "bob", "dan"]), raceOf(names)]);
    const [before, after] = [few.results.get("ann")!, all.results.get("ann")!];
    assert.ok(before.verdict === "scored" && after.verdict === "scored");
    assert.deepEqual([before.batches, few.before.length], [after.batches, all.before.length]);
    assert.ok(Math.abs(before.score - after.score) > 0.01, "who else ran changes a score");

    const report = await reportOn(["ann", "bob", "dan"], "unreachable");
    assert.deepEqual(await compare(report), []);
    assert.equal((await compare(withScore(report, 5))).length, 1, "a lie is found");
    assert.deepEqual(await compare(await reportOn(names, "unreachable")), []);
  });

  it("is not compared where nobody knows who ran in it, or one who did cannot be had; its losses are", async () => {
    const report = await reportOn(["ann", "bob", "dan"], "validator_failed");
    assert.deepEqual(await compare(report), []);
    assert.deepEqual(await compare(withScore(report, 5)), []);
    const lying = report.entries.map((entry) => (entry.hotkey === "ann" ? { ...entry, lossReduction: 3 } : entry));
    assert.equal((await compare({ ...report, entries: lying })).length, 1);
    assert.deepEqual(await compare(await reportOn(names, "unreachable"), regatedOf(["cat"])), []);
  });
});
