import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { collectReports, holdReports } from "#shared/participant/reports.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { type Report, reportHash } from "#shared/protocol/report.js";
import { tally } from "#shared/protocol/voting/tally.js";
import { committedReports, exchangedReports } from "#shared/replay/reports.js";
import { unscored } from "../../attacks/library/unscored.js";
import { forked } from "../../support/forked.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { PHASES } from "../../support/micro-network.js";
import { holdReports as hold, reportOf, reportRecord, scoredEntry, withSeeds } from "../../support/reports.js";
import { openSubnet, until } from "../../support/subnet.js";
import { forge, noiseUpdate } from "../../support/updates.js";

const VALIDATORS = { vera: 2000, vito: 2000, vlad: 2000 };

const open = async (...[t, options = { validators: VALIDATORS }]: Parameters<typeof openSubnet>) => {
  const subnet = await openSubnet(t, options);
  const reader = await subnet.join("ann");
  /** With the seeds that the chain gives, which has begun the evaluate phase then. */
  const seeded = async (report: Report, name: string) => (await withSeeds(subnet, { [name]: report }))[name]!;
  const put = async (name: string) => {
    const report = await seeded(reportOf(subnet, name), name);
    await subnet.store.put(canonicalBytes(report));
    return report;
  };
  const collected = async () => (await collectReports(reader, 1)).reports.map(({ validator }) => validator).sort();
  const committed = async () => (await committedReports(reader, 1)).map(({ uid }) => uid);
  const leftOut = () =>
    reader.lines.flatMap(({ message, fields }) => (message === "report left out" ? [fields.reason] : []));
  const addresses = (...names: readonly string[]) => names.map((name) => subnet.signer(name).address).sort();
  return { subnet, reader, seeded, put, collected, committed, leftOut, addresses };
};

describe("committed reports", { timeout: HANG_GUARD }, () => {
  it("are those that permitted validators committed in the evaluate phase, by ascending uid", async (t) => {
    const { subnet, committed } = await open(t, { validators: { vera: 2000, vito: 3000, poor: 900 } });
    const { start, end } = subnet.window(1, "evaluate");
    const [vera, vito, poor, bob] = ["vera", "vito", "poor", "bob"].map((name) => reportOf(subnet, name));
    await subnet.to(start - 1);
    await subnet.record({
      vito: reportRecord(subnet, vito!),
      poor: reportRecord(subnet, poor!),
      bob: reportRecord(subnet, bob!),
    });
    await subnet.to(end - 2);
    await subnet.record({ vera: reportRecord(subnet, vera!) });
    await subnet.to(end);
    assert.deepEqual(await committed(), [subnet.uid("vera"), subnet.uid("vito")]);
  });

  it("are none that came one block early or late, nor of another cycle or network", async (t) => {
    const { subnet, committed } = await open(t);
    const { start, end } = subnet.window(1, "evaluate");
    await subnet.to(start - 2);
    await subnet.record({ vera: reportRecord(subnet, reportOf(subnet, "vera")) });
    await subnet.record({
      vito: reportRecord(subnet, reportOf(subnet, "vito"), { cycle: 2 }),
      vlad: reportRecord(subnet, reportOf(subnet, "vlad"), { network: "00000000" }),
    });
    await subnet.to(end - 1);
    await subnet.record({ vlad: reportRecord(subnet, reportOf(subnet, "vlad")) });
    assert.deepEqual(await committed(), []);
  });
});

describe("holding reports", { timeout: HANG_GUARD }, () => {
  it("is of those that can be had, are their validators' and of the cycle, and are possible", async (t) => {
    const { subnet, reader, seeded, put, leftOut } = await open(t, {
      validators: { ...VALIDATORS, vick: 2000, vend: 2000, vern: 2000, vlod: 2000 },
    });
    const { end } = subnet.window(1, "evaluate");
    const [vera, vito] = [await put("vera"), await put("vito")];
    const forged: Report = { ...vito, baseline: { math: { loss: 2, batches: 2 } } };
    const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
    const absurd = await seeded(
      reportOf(subnet, "vick", { entries: [{ ...scoredEntry(ann, 0.1), score: 1.6e308 }] }),
      "vick",
    );
    // Vern chose his batches; Vlod says nothing of what one group was measured on.
    const chosen = reportOf(subnet, "vern", { seeds: { ...vera.seeds, math: "5".repeat(64) } });
    const lacking = reportOf(subnet, "vlod", { seeds: { math: vera.seeds.math! } });
    const junk = await subnet.store.put(new TextEncoder().encode('{"kind":"report"}'));
    for (const report of [forged, absurd, chosen, lacking]) await subnet.store.put(canonicalBytes(report));
    // Vlad commits to Vera's report as his own; Vito to bytes that he did not sign.
    await subnet.record({
      vera: reportRecord(subnet, vera),
      vito: reportRecord(subnet, forged),
      vlad: reportRecord(subnet, vera),
      vick: reportRecord(subnet, absurd),
      vern: reportRecord(subnet, chosen),
      vlod: reportRecord(subnet, lacking),
      vend: encodeRecord({
        type: "report",
        network: shortHash(subnet.networkHash),
        cycle: 1,
        report: junk,
        location: subnet.location,
      }),
    });
    await subnet.to(end - 1);
    assert.deepEqual(await holdReports(reader, 1, end), [0]);
    assert.deepEqual(leftOut().filter((reason) => reason === "not signed by its hotkey").length, 2);
    assert.ok(leftOut().some((reason) => /a score of 1\.6e\+308, where/.test(String(reason))));
    assert.ok(
      leftOut().some((reason) => /evaluation seed of group "math" is 5{64}, the chain gives/.test(String(reason))),
    );
    assert.ok(leftOut().some((reason) => /evaluation seed of group "prose" is missing/.test(String(reason))));
    assert.equal(leftOut().length, 6);
  });

  it("goes by the list that the chain has in the end, where a fork replaced the block that numbers it", async (t) => {
    const { subnet, reader, seeded, put } = await open(t, {
      validators: VALIDATORS,
      network: { phases: { ...PHASES, exchange: 8 } },
    });
    const { start, end } = subnet.window(1, "exchange");
    const [vera, vlad] = [await put("vera"), await put("vlad")];
    await subnet.to(start - 2);
    await subnet.record({
      vera: reportRecord(subnet, vera),
      vito: reportRecord(subnet, await seeded(reportOf(subnet, "vito"), "vito")),
      vlad: reportRecord(subnet, vlad),
    });
    const isReplaced = () => reader.clock.head.number >= start;
    const holding = holdReports(
      forked(reader, start - 1, isReplaced, { without: subnet.signer("vito").address }),
      ...([1, end - 2] as const),
    );
    const isHere = (report: Report) =>
      reader.blobs.get({ hash: reportHash(report), maxBytes: 1 << 20, locations: [], signal: reader.signal }).then(
        () => true,
        () => false,
      );
    for (const report of [vera, vlad]) await until(t, () => isHere(report));
    for (let block = start; block <= end - 2; block++) await subnet.to(block);
    // Vito's is nowhere to be had.
    assert.deepEqual(await holding, [0, 2]);
  });

  it("asks the others for what its validator does not serve, and waits for it until the deadline", async (t) => {
    const { subnet, reader, seeded, put } = await open(t);
    const { end } = subnet.window(1, "evaluate");
    const nowhere = { location: "http://127.0.0.1:1" };
    const late = await seeded(reportOf(subnet, "vito"), "vito");
    await subnet.record({
      vera: reportRecord(subnet, await put("vera"), nowhere),
      vito: reportRecord(subnet, late),
      vlad: reportRecord(subnet, reportOf(subnet, "vlad"), nowhere),
    });
    await subnet.to(end - 1);
    const held = holdReports(reader, 1, end + 1);
    await subnet.store.put(canonicalBytes(late));
    await subnet.to(end);
    await until(
      t,
      async () =>
        (
          await reader.blobs.get({
            hash: (await committedReports(reader, 1))[1]!.hash,
            maxBytes: 1 << 20,
            locations: [subnet.location],
            signal: t.signal,
          })
        ).length > 0,
    );
    await subnet.to(end + 1);
    assert.deepEqual(await held, [0, 1]);
  });
});

describe("a report that its validator does not serve", { timeout: HANG_GUARD }, () => {
  it("is had of who has it, however many others name it", async (t) => {
    const many = Array.from({ length: 12 }, (_, i) => `val${i}`);
    const validators = { vera: 2000, vito: 2000, ...Object.fromEntries(many.map((name) => [name, 2000])) };
    const { subnet, reader, seeded, put } = await open(t, { validators, miners: ["ann"] });
    const { end } = subnet.window(1, "evaluate");
    const [shown, kept] = [await seeded(reportOf(subnet, "vera"), "vera"), await put("vito")];
    await subnet.store.put(canonicalBytes(shown));
    const nowhere = (i: number) => ({ location: `http://127.0.0.1:${i + 1}` });
    await subnet.record({
      vera: reportRecord(subnet, shown, nowhere(20)),
      vito: reportRecord(subnet, kept),
      ...Object.fromEntries(many.map((name, i) => [name, reportRecord(subnet, shown, nowhere(i))])),
    });
    await subnet.to(end - 1);
    const held = holdReports(reader, 1, end);
    assert.deepEqual(await held, [0, 1]);
  });
});

describe("reports that count", { timeout: HANG_GUARD }, () => {
  it("are those that more than half of the voting stake holds, the same for everybody", async (t) => {
    const { subnet, reader, put, collected, addresses } = await open(t);
    await subnet.record({
      vera: reportRecord(subnet, await put("vera")),
      vito: reportRecord(subnet, await put("vito")),
      vlad: reportRecord(subnet, await put("vlad")),
    });
    // Vlad shows his report to Vera only, and says that Vito's is not there; numbers beyond the reports say nothing.
    const { networkHash } = subnet;
    const held = (...numbers: readonly number[]) =>
      encodeRecord({ type: "held", network: shortHash(networkHash), cycle: 1, held: numbers });
    await subnet.to(subnet.window(1, "exchange").start - 1);
    await subnet.record({ vera: held(0, 1), vito: held(0, 1), vlad: held(0, 2, 300) });
    await subnet.to(subnet.window(1, "exchange").end);
    assert.deepEqual(await collected(), addresses("vera", "vito"));
    const { reports, stakes, exchanged } = await exchangedReports(reader, 1);
    assert.deepEqual(
      reports.map(({ heldBy }) => heldBy.toFixed(2)),
      ["1.00", "0.67", "0.33"],
    );
    assert.deepEqual([stakes.size, exchanged.size], [3, 3]);
  });

  it("leave out whom a liar keeps from being heard, who rejects nobody's work by it", async (t) => {
    const validators = { vera: 2500, vela: 2000, vito: 1500, mallory: 4000 };
    const { subnet, reader, seeded } = await open(t, { validators });
    const { networkHash: network, modelHash: base } = subnet;
    const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
    const held = (numbers: readonly number[], cycle = 1) =>
      encodeRecord({ type: "held", network: shortHash(network), cycle, held: [...numbers] });
    // Vito is away, and his stake votes.
    await subnet.record({ vito: held([], 0) });
    const good = scoredEntry(ann, 0.3);
    const entries = { vera: good, vela: good, mallory: unscored(good, "unreachable") };
    const records: Record<string, string> = {};
    for (const [name, entry] of Object.entries(entries)) {
      const report = await seeded(reportOf(subnet, name, { entries: [entry] }), name);
      await subnet.store.put(canonicalBytes(report));
      records[name] = reportRecord(subnet, report);
    }
    await subnet.record(records);
    await subnet.to(subnet.window(1, "exchange").start - 1);
    await subnet.record({ vera: held([0, 1, 2]), vela: held([0, 1, 2]), mallory: held([1, 2]) });
    await subnet.to(subnet.window(1, "exchange").end);
    const { reports, stakes, unheard, isWhole } = await collectReports(reader, 1);
    assert.deepEqual([stakes.size, reports.length, isWhole], [4, 2, true]);
    assert.deepEqual(unheard, [subnet.signer("vera").address]);
    const agreed = (silenced: readonly string[]) =>
      tally({ reports, stakes, unheard: silenced, miners: [ann.submission], network, cycle: 1, base })[0]?.verdict;
    assert.equal(agreed(unheard), "abstained");
    assert.equal(agreed([]), "rejected");
  });

  it("are not unheard where their own author does not say that it holds them", async (t) => {
    const validators = { vera: 48_000, viv: 2000, vic: 1000, mallory: 49_000 };
    const { subnet, reader, put } = await open(t, { validators });
    const records: Record<string, string> = {};
    for (const name of subnet.validators) records[name] = reportRecord(subnet, await put(name));
    await subnet.record(records);
    const held = (numbers: readonly number[]) =>
      encodeRecord({ type: "held", network: shortHash(subnet.networkHash), cycle: 1, held: [...numbers] });
    await subnet.to(subnet.window(1, "exchange").start - 1);
    // Vic says nothing of what it holds.
    const all = [0, 1, 2, 3];
    await subnet.record({ vera: held(all), viv: held(all), mallory: held([0, 1, 2]) });
    await subnet.to(subnet.window(1, "exchange").end);
    const { reports, unheard } = await exchangedReports(reader, 1);
    assert.deepEqual(
      reports.map(({ counts }) => counts),
      [true, true, true, false],
    );
    assert.deepEqual(unheard, []);
  });

  it("are none of which half of the stake says so, or says it a block too late", async (t) => {
    const { subnet, put, collected } = await open(t, { validators: { vera: 2000, vito: 2000 } });
    await subnet.record({
      vera: reportRecord(subnet, await put("vera")),
      vito: reportRecord(subnet, await put("vito")),
    });
    await hold(subnet, 1, 2, ["vera"]);
    await subnet.to(subnet.window(1, "exchange").end - 1);
    await hold(subnet, 1, 2, ["vito"]);
    assert.deepEqual(await collected(), []);
  });

  it("need no silent stake", async (t) => {
    const { subnet, put, collected, addresses } = await open(t, { validators: { vera: 2000, vito: 5000 } });
    await subnet.record({ vera: reportRecord(subnet, await put("vera")) });
    await hold(subnet, 1, 1, ["vera"]);
    await subnet.to(subnet.window(1, "exchange").end);
    assert.deepEqual(await collected(), addresses("vera"));
  });

  it("are left out where nobody serves them, and the rest is said not to be whole", async (t) => {
    const { subnet, reader, put, leftOut } = await open(t, { validators: { vera: 2000, vito: 2000 } });
    const vera = await put("vera");
    await reader.blobs.put(canonicalBytes(vera));
    await subnet.record({
      vera: reportRecord(subnet, vera),
      vito: reportRecord(subnet, reportOf(subnet, "vito")),
    });
    await hold(subnet, 1, 2);
    const { end } = subnet.window(1, "exchange");
    await subnet.to(end);
    const collecting = collectReports(reader, 1, end);
    await until(t, async () => {
      if (leftOut().length === 0) await subnet.to(subnet.node.head.number + 1);
      return leftOut().length > 0;
    });
    const { reports, isWhole, committed } = await collecting;
    assert.deepEqual([reports.length, isWhole, committed.length], [1, false, 2]);
  });
});
