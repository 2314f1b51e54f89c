import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { type Watch, watchSubnet } from "#inspect/dashboard/watch.js";
import { explainScore } from "#inspect/explain/explain-score.js";
import { sentencesOf } from "#inspect/explain/sentences.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { silentLog } from "#shared/telemetry/log.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { lookAt } from "#tests/support/look-at.js";
import { PHASES } from "#tests/support/micro-network.js";
import { nameModel } from "#tests/support/name-model.js";
import { publishReports, reportOf, scoredEntry } from "#tests/support/reports.js";
import { openSubnet, type Subnet, until } from "#tests/support/subnet.js";
import { publishFile, successorOf } from "#tests/support/successor.js";
import { forge, noiseUpdate, submit } from "#tests/support/updates.js";

/** A cycle of two miners, of whom two validators think alike, but for a word that a terminal would obey. */
const lived = async (t: TestContext): Promise<Subnet> => {
  const subnet = await openSubnet(t);
  const [ann, bob] = ["ann", "bob"].map((miner) => forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) }));
  await submit(subnet, { ann: ann!, bob: bob! });
  const refused = {
    ...scoredEntry(bob!, 0),
    verdict: "rejected" as const,
    reason: "norm" as const,
    detail: "<b>\u001b[2J",
    lossReduction: null,
    standardError: null,
    batches: null,
    growth: null,
    independence: null,
  };
  await publishReports(subnet, {
    vera: reportOf(subnet, "vera", { entries: [scoredEntry(ann!, 0.02), refused] }),
    vito: reportOf(subnet, "vito", { entries: [scoredEntry(ann!, 0.02), refused] }),
  });
  return subnet;
};

const watched = async (t: TestContext, subnet: Subnet): Promise<Watch> => {
  const seen = await lookAt(t, subnet);
  const watch = await watchSubnet({ subnet: seen, cycles: 8, kept: 8, texts: false, log: silentLog, signal: t.signal });
  await watch.caughtUp;
  return watch;
};

/** Builds blocks and waits until the watch has seen the last of them. */
const move = async (t: TestContext, subnet: Subnet, watch: Watch, block: number): Promise<void> => {
  await subnet.to(block);
  await until(t, () => watch.now().clock.block === block);
};

describe("a subnet that is followed", { timeout: HANG_GUARD }, () => {
  it("shows the cycle that is judged, and answers why as `blockzero explain` does", async (t) => {
    const subnet = await lived(t);
    const watch = await watched(t, subnet);
    const now = watch.now();
    assert.deepEqual([now.cycle, now.clock.cycle, now.clock.phase, now.chain.problem], [1, 1, "merge", null]);
    const row = (name: string) => now.miners.find(({ hotkey }) => hotkey === subnet.signer(name).address)!;
    const { last } = row("ann");
    assert.deepEqual(
      [last!.verdict, last!.score, last!.rank, last!.ranked, last!.group],
      ["scored", 0.02, 1, 1, "math"],
    );
    const [low, high] = last!.interval!;
    assert.ok(low < last!.lossReduction! && Math.abs(low + high - 2 * last!.lossReduction!) < 1e-12);
    assert.deepEqual([row("bob").last!.verdict, row("bob").last!.reason], ["rejected", "norm"]);
    assert.deepEqual(
      Object.fromEntries(now.validators.map(({ uid, hotkey: _, stakeShare: __, ...facts }) => [uid, facts])),
      Object.fromEntries(
        [1, 2].map((uid) => [uid, { votes: true, agreement: 1, deviation: 0, lateness: 1, allowed: 4, problem: null }]),
      ),
    );
    assert.deepEqual(
      watch.history().groups.map(({ name, loss, improved }) => [name, loss, improved]),
      [
        ["math", [8], [true]],
        ["prose", [8], [true]],
      ],
    );
    // Arithmetic is no file, prose is in the package: their text is at hand.
    for (const { bitsPerByte } of watch.history().groups)
      assert.ok(bitsPerByte[0]! > 8 / Math.LN2 && bitsPerByte[0]! < 14);

    const page = watch.miner(subnet.uid("bob"))!;
    const explanation = await explainScore(await lookAt(t, subnet), 1, subnet.uid("bob"));
    assert.deepEqual(
      page.explanation,
      sentencesOf(explanation, subnet.network).map((sentence) => sentence.trim()),
    );
    assert.match(page.advice[0]!.text, /^`norm` in its one known cycle/);
    assert.equal(page.receipt!.reports.length, 2);
    assert.ok(!JSON.stringify(page).includes("\\u001b"));
    assert.equal(watch.miner(99), null);
    assert.equal(watch.miner(subnet.uid("bob"), 0), null);
  });

  it("gives a miner without a score above zero no rank, and counts it among its group's", async (t) => {
    const subnet = await openSubnet(t);
    const [ann, bob] = ["ann", "bob"].map((miner) =>
      forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) }),
    );
    await submit(subnet, { ann: ann!, bob: bob! });
    const entries = [scoredEntry(ann!, 0.02), scoredEntry(bob!, 0)];
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries }),
      vito: reportOf(subnet, "vito", { entries }),
    });
    const now = (await watched(t, subnet)).now();
    const ranks = ["ann", "bob"].map((name) => {
      const { last } = now.miners.find(({ hotkey }) => hotkey === subnet.signer(name).address)!;
      return [last!.rank, last!.ranked];
    });
    assert.deepEqual(ranks, [
      [1, 2],
      [null, 2],
    ]);
    assert.equal(now.groups.find(({ name }) => name === "math")!.miners, 2);
  });

  it("waits for the block in which a cycle's own file settles its model, though the newest file has a shorter distribute phase", async (t) => {
    const phases = { ...PHASES, distribute: 22, train: 3 };
    const subnet = await openSubnet(t, { network: { phases } });
    await publishFile(subnet, successorOf(subnet.network, 2, { phases: { ...phases, distribute: 2, train: 23 } }));
    await subnet.to(subnet.window(2, "distribute").start + 5);
    const watch = await watched(t, subnet);
    await move(t, subnet, watch, subnet.window(2, "distribute").end);
    assert.equal(watch.now().chain.problem, null);
  });

  it("tells of a model that is agreed on while it watches, and of none that was before", async (t) => {
    const subnet = await lived(t);
    const before = await nameModel(subnet, 1, subnet.modelHash);
    await subnet.to(subnet.window(2, "train").start);
    const watch = await watched(t, subnet);
    const told = () => watch.now().events.flatMap(({ kind, text }) => (kind === "model" ? [text] : []));
    assert.deepEqual([watch.now().models[0]!.hash, told()], [before, []]);
    await subnet.to(subnet.window(2, "merge").start);
    const model = await nameModel(subnet, 2, before);
    await subnet.to(subnet.window(3, "train").start);
    await until(t, () => told().length > 0);
    assert.deepEqual(told(), [`Cycle 2: the model is ${model.slice(0, 12)}.`]);
  });

  it("tells nobody its endpoint's key, and tries a cycle that cannot be read once a head", async (t) => {
    const subnet = await lived(t);
    const seen = await lookAt(t, subnet);
    const { chain } = seen.source;
    const refuse = async () => {
      throw new BlockZeroError("CHAIN_UNREACHABLE", "wss://node.example/rpc?apikey=hunter2 is silent", "wait");
    };
    const broken = { past: true, present: false };
    const commitments: typeof chain.commitments = (netuid, at) =>
      (at === undefined ? broken.present : broken.past) ? refuse() : chain.commitments(netuid, at);
    const watch = await watchSubnet({
      ...{ cycles: 8, kept: 8, texts: false, log: silentLog, signal: t.signal },
      subnet: { ...seen, source: { ...seen.source, chain: { ...chain, commitments } } },
    });
    const faults = () => watch.now().events.filter(({ kind }) => kind === "fault");
    await watch.caughtUp;
    assert.equal(faults().length, 1);
    assert.match(faults()[0]!.text, /wss:\/\/node\.example\/rpc\?\[redacted\] is silent$/);
    const { start } = subnet.window(1, "merge");
    await move(t, subnet, watch, start + 1);
    await until(t, () => faults().length === 2);

    broken.past = false;
    broken.present = true;
    await subnet.to(start + 2);
    await until(t, () => watch.now().chain.problem !== null && watch.now().cycle === 1);
    assert.doesNotMatch(JSON.stringify(watch.now()), /hunter2/);
    broken.present = false;
    await move(t, subnet, watch, start + 3);
    await until(t, () => watch.now().chain.problem === null);
    assert.equal(faults().length, 2);
  });

  it("costs the chain one read a block and a few a cycle, however many look", async (t) => {
    const subnet = await lived(t);
    const watch = await watched(t, subnet);
    const { end } = subnet.window(1, "merge");
    await move(t, subnet, watch, subnet.window(1, "merge").start + 1);
    const before = watch.now().chain.reads;
    for (let i = 0; i < 50; i++) {
      watch.now();
      watch.history();
      watch.miner(subnet.uid("ann"));
    }
    assert.equal(watch.now().chain.reads, before);
    for (let block = subnet.window(1, "merge").start + 2; block < end; block++) await move(t, subnet, watch, block);
    const blocks = end - subnet.window(1, "merge").start - 2;
    // Commitments, and where the chain is final.
    assert.ok(watch.now().chain.reads - before <= 2 * blocks, String(watch.now().chain.reads - before));

    const ofCycle = watch.now().chain.reads;
    for (let block = end; block < subnet.window(2, "train").start + 1; block++) await move(t, subnet, watch, block);
    await until(
      t,
      () =>
        watch.now().models[0]!.cycle === 0 &&
        watch.miner(subnet.uid("ann"))!.explanation.some((one) => /No majority agreed/.test(one)),
    );
    assert.ok(watch.now().chain.reads - ofCycle <= 40, String(watch.now().chain.reads - ofCycle));
    assert.ok(watch.now().events.some(({ text }) => text === "Cycle 2 begins."));
  });
});
