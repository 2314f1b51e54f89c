import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { derivationOf } from "#inspect/explain/derivation.js";
import { findArtifact } from "#miner/score/artifact.js";
import { drawScores } from "#miner/score/draws.js";
import { duplicateGate } from "#miner/score/duplicates.js";
import { gateNow } from "#miner/score/gated-pay.js";
import type { ExpectedStanding } from "#miner/score/report.js";
import { GATES, type GateName, type ScoreReport } from "#miner/score/report.js";
import { scoreArtifact } from "#miner/score/score.js";
import { expectedStanding } from "#miner/score/standing.js";
import { describeScore, standingLines } from "#miner/score/text.js";
import type { Parameters } from "#shared/model/parameters.js";
import { encodeParameters } from "#shared/model/part-parameters.js";
import { judgeCycle } from "#validator/judge/judge.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { lookAt } from "../../support/look-at.js";
import { parameters, template } from "../../support/micro-network.js";
import { publishReports, reportOf, scoredEntry } from "../../support/reports.js";
import { SPRINT } from "../../support/sprint.js";
import { openSubnet, type Subnet } from "../../support/subnet.js";
import {
  device,
  type Forged,
  type Forgery,
  forge,
  map,
  noiseUpdate,
  submit,
  trainedUpdate,
} from "../../support/updates.js";
import { openMeter } from "../../support/validator.js";

/** Lays a forgery out as a miner's blob store has it; returns the manifest's file. */
const lay = (folder: string, { artifact, manifest, tensors }: Forged, bytes: Uint8Array = tensors.bytes): string => {
  const put = (hash: string, content: Uint8Array) => {
    mkdirSync(join(folder, hash.slice(0, 2)), { recursive: true });
    const path = join(folder, hash.slice(0, 2), hash);
    writeFileSync(path, content);
    return path;
  };
  put(tensors.hash, bytes);
  return put(artifact, manifest);
};

interface Given {
  readonly file: string;
  /** Null: there is no wallet. */
  readonly miner?: string | null;
  readonly group?: string;
  readonly cycle?: number;
  readonly draws?: number;
  readonly memory?: number;
}

const score = async (
  t: TestContext,
  subnet: Subnet,
  { file, miner = "ann", group, cycle, draws = 1, memory = 2 ** 30 }: Given,
) => {
  const local = await findArtifact(file, { folders: [], miner: null });
  const hotkey = miner === null ? null : subnet.signer(miner);
  const seen = await lookAt(t, subnet);
  try {
    const { signal } = t;
    const measuring = { draws, device: async () => device, memory, folder: temporaryFolder(t), signal };
    return await scoreArtifact(seen, { local, hotkey, group, cycle, ...measuring });
  } finally {
    await seen.close();
  }
};

const statusOf = ({ gates }: ScoreReport) => Object.fromEntries(gates.map(({ gate, status }) => [gate, status]));

const withoutRacing = { scoring: { ...template.scoring, racing: { ...template.scoring.racing, rounds: 1 } } };

describe("a score before anything is paid", { timeout: HANG_GUARD }, () => {
  it("is the one that a validator gives with the same seed", async (t) => {
    const subnet = await openSubnet(t, { network: withoutRacing });
    const tensors = await trainedUpdate(subnet, { miner: "ann" });
    const forged = forge(subnet, { miner: "ann", tensors });
    const file = lay(temporaryFolder(t), forged);
    const report = await score(t, subnet, { file, draws: 2 });

    assert.deepEqual([report.verdict, report.reason, report.artifact], ["scored", null, forged.artifact]);
    assert.deepEqual([report.cycle, report.base, report.group], [1, subnet.modelHash, "math"]);
    assert.deepEqual(
      report.gates.map(({ gate }) => gate),
      [...GATES],
    );
    const { commit, reveal, ...others } = statusOf(report);
    assert.deepEqual([commit, reveal], ["open", "open"]);
    assert.deepEqual([...new Set(Object.values(others))], ["passed"]);
    assert.ok(report.expected!.score > 0);
    assert.equal(report.standing, null, "no cycle is over");
    assert.equal(new Set(report.draws.map(({ seed }) => seed)).size, 2);
    for (const { batches, measured } of report.draws) {
      const { lossReduction, lowerBound, interval, score } = measured!;
      assert.equal(batches, template.scoring.eval_batches);
      assert.ok(lowerBound < lossReduction && interval[0] < lossReduction && lossReduction < interval[1]);
      assert.equal(score, Math.max(0, lowerBound));
    }
    assert.deepEqual(await score(t, subnet, { file, draws: 2 }), report, "the draws are always the same");
    assert.deepEqual(await score(t, subnet, { file, draws: 2, memory: 0 }), report, "layer by layer too");
    assert.match(describeScore(report), /It would be scored: it lowers the loss by .+, above zero in 2 of 2 draws\./);

    const vera = await subnet.join("vera");
    const meter = await openMeter(t, subnet);
    await submit(subnet, { ann: forged });
    const judging = judgeCycle(vera, meter, 1);
    await subnet.to(subnet.window(1, "evaluate").start);
    const judged = await judging;
    const entry = judged.entries.find(({ uid }) => uid === subnet.uid("ann"))!;
    const [draw] = await drawScores(meter, {
      network: subnet.network,
      group: "math",
      model: parameters,
      tensors: new Map(Object.entries(tensors)),
      seeds: [judged.seeds.math!],
      sealed: null,
      signal: t.signal,
    });
    const { lossReduction, standardError, score: given } = draw!.measured!;
    assert.deepEqual(
      [lossReduction, standardError, given, draw!.batches, draw!.baseline],
      [entry.lossReduction, entry.standardError, entry.score, entry.batches, judged.baseline.math!.loss],
    );

    const later = await score(t, subnet, { file });
    assert.deepEqual([statusOf(later).commit, statusOf(later).reveal], ["passed", "passed"]);
    const other = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "other", 0.01) });
    const swapped = await score(t, subnet, { file: lay(temporaryFolder(t), other) });
    assert.deepEqual([swapped.verdict, swapped.reason], ["rejected", "commitment_mismatch"]);
    assert.notEqual(swapped.expected, null, "what it would have been worth is told all the same");
    const idle = forge(subnet, { miner: "bob", tensors: noiseUpdate(subnet, "bob", 0.01) });
    const missed = await score(t, subnet, { file: lay(temporaryFolder(t), idle), miner: "bob" });
    assert.deepEqual([missed.verdict, missed.reason, missed.standing], ["rejected", "no_commit", null]);
  });

  it("fails at the gate at which a validator rejects, and says which ones came before", async (t) => {
    const subnet = await openSubnet(t);
    const good = noiseUpdate(subnet, "good", 0.01);
    const [name] = Object.keys(good);
    const cases: readonly (readonly [GateName, string, Partial<Forgery>, Partial<Given>])[] = [
      ["network", "wrong_network", { change: { network: "1".repeat(64) } }, {}],
      ["cycle", "wrong_cycle", { cycle: 2 }, { cycle: 1 }],
      ["signature", "bad_signature", { signer: subnet.signer("bob") }, {}],
      ["group", "wrong_group", {}, { group: "prose" }],
      ["base", "stale_base", { change: { base: "2".repeat(64) } }, {}],
      ["codec", "wrong_codec", { change: { codec: "int8" } }, {}],
      ["size", "too_large", { change: { bytes: (1 << 20) + 1 } }, {}],
      ["tensors", "unknown_tensor", { tensors: { ...good, extra: good[name!]! } }, {}],
      ["tensors", "malformed", { tensors: encodeParameters(good).bytes.subarray(0, -1) }, {}],
      ["values", "not_finite", { tensors: map(good, () => Number.NaN) }, {}],
      ["norm", "norm", { tensors: map(good, (value) => value * 1000) }, {}],
    ];
    for (const [gate, reason, change, given] of cases) {
      const forged = forge(subnet, { miner: "ann", tensors: good, ...change });
      const report = await score(t, subnet, { file: lay(temporaryFolder(t), forged), ...given });
      assert.deepEqual([report.verdict, report.reason], ["rejected", reason], gate);
      const at = GATES.indexOf(gate);
      for (const [i, found] of report.gates.entries()) {
        const expected = i < 2 ? "open" : i < at ? "passed" : i === at ? "failed" : "not reached";
        assert.equal(found.status, expected, `${gate}: ${found.gate}`);
      }
      assert.deepEqual([report.draws, report.expected], [[], null]);
      assert.match(describeScore(report), new RegExp(`${gate} +FAILED +${reason}: .+`));
    }
    const cut = forge(subnet, { miner: "ann", tensors: good });
    const short = lay(temporaryFolder(t), cut, cut.tensors.bytes.subarray(0, 1000));
    assert.equal((await score(t, subnet, { file: short })).reason, "hash_mismatch");
    const file = join(temporaryFolder(t), "other.json");
    writeFileSync(file, '{"kind":"model"}');
    const wrong = await score(t, subnet, { file, group: "math" });
    assert.deepEqual([wrong.reason, statusOf(wrong).manifest], ["malformed", "failed"]);
    const stranger = await score(t, subnet, { file, group: "math", miner: null });
    assert.deepEqual(
      [stranger.hotkey, stranger.gates.at(2)],
      [null, { ...wrong.gates.at(2), detail: "it is no manifest" }],
    );
  });

  it("takes tensors without a manifest, and says what that leaves unchecked", async (t) => {
    const subnet = await openSubnet(t);
    const file = join(temporaryFolder(t), "update.safetensors");
    writeFileSync(file, encodeParameters(await trainedUpdate(subnet, { miner: "ann" })).bytes);
    const report = await score(t, subnet, { file, group: "math" });
    assert.deepEqual([report.verdict, report.cycle, report.artifact], ["scored", 1, null]);
    assert.ok(report.expected!.score > 0);
    for (const { batches, measured } of report.draws) {
      const derived = derivationOf({ ...measured!, batches, growth: 1 }, subnet.network.scoring);
      assert.deepEqual(
        [derived.confidence, derived.batches, derived.lowerBound, derived.score],
        [report.confidence.oneSided, batches, measured!.lowerBound, measured!.score],
        "as `blockzero explain` derives it",
      );
    }
    const { signature, base, tensors, duplicate } = statusOf(report);
    assert.deepEqual([signature, base, tensors, duplicate], ["unchecked", "unchecked", "passed", "passed"]);
    const stranger = await score(t, subnet, { file, group: "math", miner: null });
    assert.deepEqual(stranger, { ...report, hotkey: null }, "tensors are worth the same whoever has them");
    await assert.rejects(score(t, subnet, { file }), { code: "CONFIG_MISSING_KEY" });
    await assert.rejects(score(t, subnet, { file, group: "poetry" }), { code: "EXPERT_GROUP_UNKNOWN" });
    writeFileSync(file, "");
    assert.equal((await score(t, subnet, { file, group: "math" })).reason, "malformed");
  });

  it("finds what was revealed in an earlier cycle, though it was not merged", async (t) => {
    const subnet = await openSubnet(t);
    const tensors = await trainedUpdate(subnet, { miner: "ann" });
    await submit(subnet, { ann: forge(subnet, { miner: "ann", tensors }) });
    await subnet.to(subnet.window(2, "train").start);
    const file = join(temporaryFolder(t), "update.safetensors");
    writeFileSync(file, encodeParameters(tensors).bytes);
    const report = await score(t, subnet, { file, group: "math", cycle: 2 });
    assert.deepEqual([report.verdict, report.reason], ["rejected", "duplicate"]);
    assert.match(report.gates.find(({ gate }) => gate === "duplicate")!.detail ?? "", / in cycle 1$/);
  });

  it("does not call it checked where what a cycle revealed for its group cannot be had, and is stopped meanwhile", async (t) => {
    const subnet = await openSubnet(t);
    const former = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.01) });
    await submit(subnet, { ann: former });
    await subnet.store.delete(former.artifact);
    await subnet.to(subnet.window(2, "train").start);
    const { source } = await lookAt(t, subnet);
    const update = { cycle: 2, group: "math", base: subnet.modelHash, tensorsHash: "1".repeat(64) };
    const { status, detail } = await duplicateGate(source, update, t.signal);
    assert.equal(status, "unchecked");
    assert.match(detail ?? "", /some of earlier cycles cannot be had any more/);
    assert.equal((await duplicateGate(source, { ...update, group: "prose" }, t.signal)).status, "passed");
    const stop = new AbortController();
    const fetch: typeof source.fetch = async (file) => {
      if (file.hash === former.artifact) stop.abort();
      stop.signal.throwIfAborted();
      return source.fetch(file);
    };
    await assert.rejects(duplicateGate({ ...source, fetch }, update, stop.signal), { name: "AbortError" });
  });

  it("rejects what makes the loss infinite, and pays nothing for what makes it worse", async (t) => {
    const subnet = await openSubnet(t, { network: { scoring: { ...template.scoring, max_update_norm: 1e30 } } });
    const file = (tensors: Parameters) => lay(temporaryFolder(t), forge(subnet, { miner: "ann", tensors }));
    const trained = await trainedUpdate(subnet, { miner: "ann" });
    const infinite = await score(t, subnet, { file: file(map(trained, () => 1e25)), draws: 2 });
    assert.deepEqual([infinite.verdict, infinite.reason], ["rejected", "non_finite_loss"]);
    assert.match(describeScore(infinite), /loss +FAILED +non_finite_loss: in 2 of 2 draws/);
    const worse = await score(t, subnet, { file: file(noiseUpdate(subnet, "noise 116", 0.49)) });
    assert.deepEqual([worse.verdict, worse.expected!.score], ["scored", 0]);
    const draws = worse.draws.map((draw) => ({ ...draw, verdict: "abstained", measured: null }) as const);
    assert.match(
      describeScore({ ...worse, verdict: "abstained", reason: "validator_failed", draws, expected: null }),
      /^It cannot be scored here: in 1 of 1 draws the loss without it is not a finite number\.$/m,
    );
    assert.match(describeScore(worse), /it raises the loss by .+ it would earn nothing, above zero in 0 of 1 draws/);
  });
});

describe("the place that a score would have had", { timeout: HANG_GUARD }, () => {
  it("is among those of the last cycle that is over, by score and by the window's mean", async (t) => {
    const subnet = await openSubnet(t, { miners: ["ann", "bob", "cat"] });
    const forged = Object.fromEntries(
      ["ann", "bob", "cat"].map((miner) => [
        miner,
        forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) }),
      ]),
    );
    const ask = async (scores: readonly number[], miner: string | null = "ann") => {
      const hotkey = miner === null ? null : subnet.signer(miner).address;
      return expectedStanding(await lookAt(t, subnet), { hotkey, group: "math", scores });
    };
    assert.equal(await ask([0.1]), null);
    await submit(subnet, forged);
    const entries = [scoredEntry(forged.ann!, 0.001), scoredEntry(forged.bob!, 0.02), scoredEntry(forged.cat!, 0.01)];
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries }),
      vito: reportOf(subnet, "vito", { entries }),
    });

    const middle = (await ask([0.015, 0.005, 0.03]))!;
    assert.deepEqual([middle.cycle, middle.place, middle.bestPlace, middle.worstPlace, middle.of], [1, 2, 1, 3, 3]);
    assert.ok(Math.abs(middle.mergedShare! - 0.015 / 0.035) < 1e-12);
    // One cycle of a window of four; place 2 of two paid ones earns 2/5 of the group's half.
    assert.deepEqual(middle.window, { cycles: 4, score: 0.015 / 4, place: 2, of: 3 });
    assert.ok(Math.abs(middle.payShare - 0.2) < 1e-12);
    assert.deepEqual(middle.unknown, []);

    const last = (await ask([0.005]))!;
    assert.deepEqual([last.place, last.mergedShare, last.payShare], [3, null, 0]);
    const nothing = (await ask([0]))!;
    assert.deepEqual([nothing.mergedShare, nothing.payShare], [null, 0]);
    assert.deepEqual([nothing.place, nothing.bestPlace, nothing.window.place, nothing.of], [null, null, null, 3]);
    assert.match(
      standingLines({ verdict: "scored", standing: nothing }).join("\n"),
      /would have been no place of 3 in group math, .*\n.* 0\.0000: no place of 3, and/,
    );
    const newcomer = (await ask([1], "owner"))!;
    assert.deepEqual([newcomer.place, newcomer.of, newcomer.window.of], [1, 4, 4]);
    assert.deepEqual((await ask([1], null))!.window, newcomer.window, "as if it were still to register");
  });
});

describe("pay by confirmed weight", () => {
  const standing: ExpectedStanding = {
    ...{ cycle: 7, group: "math", place: 1, bestPlace: 1, worstPlace: 1, of: 3, mergedShare: 0.5 },
    ...{ window: { cycles: 4, score: 0.1, place: 1, of: 3 }, payShare: 0.1, sprint: null, unknown: [] },
  };
  const text = (sprint: ExpectedStanding["sprint"]) =>
    standingLines({ verdict: "scored", standing: { ...standing, sprint } }).join(" ");

  it("is said where a network requires it", () => {
    assert.doesNotMatch(text(null), /nonces/);
    assert.match(
      text({ required: 2000, confirmed: 500, part: 0.25 }),
      /That is 25[.0]* % of what it would be but for Sprints and duty: 500 nonces are confirmed, whole pay requires 2000\./,
    );
    assert.match(text({ required: 2000, confirmed: 2500, part: 1 }), /leave it all of that: 2500 nonces are confirmed/);
  });

  it("is nothing before a miner has shown anything, and whole before the first Sprint", {
    timeout: HANG_GUARD,
  }, async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
    const look = await lookAt(t, subnet);
    assert.equal(await gateNow({ ...look, last: 0 }, subnet.signer("ann").address), undefined);
    await subnet.to(subnet.window(2, "evaluate").start);
    const later = await lookAt(t, subnet);
    const gated = await gateNow(later, subnet.signer("ann").address);
    assert.deepEqual(gated?.own, { required: 1000, confirmed: 0, part: 0 });
  });
});

describe("an artifact to score", () => {
  it("is found by its file, its hash, its cycle, or as the newest", async (t) => {
    const subnet = await openSubnet(t);
    const address = subnet.signer("ann").address;
    const home = join(temporaryFolder(t), address);
    const folder = join(home, "blobs");
    const forged = [1, 2].map((cycle) =>
      forge(subnet, { miner: "ann", cycle, tensors: noiseUpdate(subnet, `${cycle}`, 0.01) }),
    );
    const files = forged.map((one) => lay(folder, one));
    const shelves = { folders: [folder], miner: { address, network: subnet.networkHash } };
    const find = async (wanted?: string) => (await findArtifact(wanted, shelves)).signed?.artifact;
    const unknown = { code: "ARTIFACT_UNKNOWN" };
    await assert.rejects(find(), unknown);
    mkdirSync(join(home, subnet.networkHash.slice(0, 8)));
    const journal = { cycles: { 1: { artifact: forged[0]!.artifact }, 2: { artifact: forged[1]!.artifact }, 3: {} } };
    writeFileSync(join(home, subnet.networkHash.slice(0, 8), "miner.json"), JSON.stringify(journal));

    assert.equal(await find(), forged[1]!.artifact);
    assert.equal(await find("1"), forged[0]!.artifact);
    assert.equal(await find(forged[0]!.artifact), forged[0]!.artifact);
    assert.equal(await find(files[1]), forged[1]!.artifact);
    await assert.rejects(find("3"), { ...unknown, hint: "name one of cycles 2, 1" });
    await assert.rejects(find("3".repeat(64)), unknown);
    await assert.rejects(findArtifact(undefined, { ...shelves, miner: null }), unknown);
    await assert.rejects(findArtifact(home, shelves), { code: "FILE_UNREADABLE" });

    const alone = join(temporaryFolder(t), "manifest.json");
    writeFileSync(alone, forged[0]!.manifest);
    await assert.rejects(findArtifact(alone, { ...shelves, folders: [] }), { code: "TENSORS_MISSING" });
    assert.match((await findArtifact(alone, shelves)).tensors, new RegExp(forged[0]!.tensors.hash));
  });
});
