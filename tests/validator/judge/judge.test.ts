import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, it, type TestContext } from "node:test";
import { checkReport } from "#inspect/audit/check-report.js";
import { openFindings } from "#inspect/audit/findings.js";
import { type BlobStore, directoryStore } from "#shared/blobs/blob-store.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { evaluationBatches } from "#shared/evaluation/loss-meter.js";
import { readOriginal } from "#shared/independence/repeats.js";
import type { Parameters } from "#shared/model/parameters.js";
import type { Participant } from "#shared/participant/participant.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { sha256 } from "#shared/protocol/hash.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import type { Report } from "#shared/protocol/report.js";
import { evaluationSeeds } from "#shared/replay/evaluation-seeds.js";
import { readSubmissions } from "#shared/replay/submissions.js";
import { mean } from "#shared/util/mean.js";
import { judgeCycle } from "#validator/judge/judge.js";
import { openMeter as openMeterFor } from "#validator/open-meter.js";
import { forked } from "../../support/forked.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { parameters, template } from "../../support/micro-network.js";
import { blobsOf, ownServer } from "../../support/own-server.js";
import { type Joined, openSubnet, type Subnet, until } from "../../support/subnet.js";
import { device, type Forged, forge, map, noiseUpdate, serve, submit, trainedUpdate } from "../../support/updates.js";
import { openMeter } from "../../support/validator.js";

const judge = async (t: TestContext, subnet: Subnet, forged: Readonly<Record<string, Forged>>) => {
  const vera = await subnet.join("vera");
  const meter = await openMeter(t, subnet);
  await submit(subnet, forged);
  const judged = judgeCycle(vera, meter, 1);
  await subnet.to(subnet.window(1, "evaluate").start);
  const report = await judged;
  const entry = (name: string) => report.entries.find(({ uid }) => uid === subnet.uid(name));
  return { report, entry, meter };
};

/** The updates of Ann and Bob, judged where Ann's own server has hers and the validator loses its copy before the look `lost` at it. */
const judgeWithLoss = async (
  t: TestContext,
  lost: number,
  {
    change,
    meanwhile,
    evaluate = template.phases.evaluate,
  }: {
    change?: (store: BlobStore) => BlobStore;
    meanwhile?: (subnet: Subnet, vera: Joined) => Promise<void>;
    evaluate?: number;
  },
) => {
  const subnet = await openSubnet(t, { network: { phases: { ...template.phases, evaluate } } });
  const vera = await subnet.join("vera");
  const [ann, bob] = ["ann", "bob"].map((miner) => forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) }));
  const server = await ownServer(t, ann!, change);
  const head = { network: shortHash(subnet.networkHash), cycle: 1, group: "math" };
  const reveal = encodeRecord({ type: "reveal", ...head, artifact: ann!.artifact, location: server.url });
  const forged = { ...ann!, reveal };
  await serve(subnet, bob!);
  for (const phase of ["commit", "reveal"] as const) {
    await subnet.to(subnet.window(1, phase).start - 1);
    await subnet.record({ ann: forged[phase], bob: bob![phase] });
  }
  const own = directoryStore(blobsOf(vera));
  let looks = 0;
  const forgetful: Participant = {
    ...vera,
    blobs: {
      ...vera.blobs,
      open: async (request) => {
        if (request.hash === forged.tensors.hash && looks++ === lost) await own.delete(request.hash);
        return vera.blobs.open(request);
      },
    },
  };
  // Nothing is kept in memory from one look to the next.
  const judged = judgeCycle(forgetful, await openMeter(t, subnet), 1, { cacheBytes: 0 });
  judged.catch(() => {});
  await subnet.to(subnet.window(1, "evaluate").start);
  await meanwhile?.(subnet, vera);
  const { entries } = await judged;
  return { looks, lines: vera.lines, entry: (name: string) => entries.find(({ uid }) => uid === subnet.uid(name)) };
};

const verdictOf = (entry: Report["entries"][number] | undefined) => [entry?.verdict, entry?.reason ?? null];

const plus = (update: Parameters): Parameters => ({
  ...parameters,
  ...map(update, (delta, name, i) => parameters[name]!.data[i]! + delta),
});

interface BesideLate {
  readonly cycle?: number;
  /** Blocks of the evaluate phase. */
  readonly evaluate?: number;
  /** Whether the other validator has it only after it was asked once. */
  readonly isAskedInVain?: boolean;
}

/** Ann's independence against Bob's and Cat's, where another validator has Dan's update when nobody waits for miners any longer. */
const besideLate = async (
  t: TestContext,
  late: "a copy" | "an old copy" | "another training",
  { cycle = 1, evaluate = template.phases.evaluate, isAskedInVain = false }: BesideLate = {},
) => {
  const phases = { ...template.phases, evaluate };
  const subnet = await openSubnet(t, { miners: ["ann", "bob", "cat", "dan"], network: { phases } });
  const [vera, vito] = [await subnet.join("vera"), await subnet.join("vito")];
  const trained = (miner: string) => trainedUpdate(subnet, { miner, steps: 24 });
  const [ann, bob, cat] = [await trained("ann"), await trained("bob"), await trained("cat")];
  const head = { network: shortHash(subnet.networkHash), cycle: 0 };
  const model = sha256(Buffer.from("where it serves"));
  await subnet.record({ vito: encodeRecord({ type: "model", ...head, model, location: vito.location }) });
  const copy = late === "a copy" ? ann : map(ann, (value) => 0.9 * value);
  const tensors = late === "another training" ? await trained("dan") : copy;
  const dan = forge(subnet, { miner: "dan", tensors, cycle, location: "http://127.0.0.1:1" });
  const forged = Object.fromEntries(
    Object.entries({ ann, bob, cat }).map(([miner, update]) => [
      miner,
      forge(subnet, { miner, tensors: update, cycle }),
    ]),
  );
  const known = join(vera.home, "updates.json");
  if (late === "an old copy") {
    const old = { group: "math", hotkey: subnet.signer("ann").address };
    mkdirSync(vera.home, { recursive: true });
    writeFileSync(known, JSON.stringify({ 1: [{ ...old, artifact: "1".repeat(64), tensors: dan.tensors.hash }] }));
  }
  for (const one of Object.values(forged)) await serve(subnet, one);
  for (const phase of ["commit", "reveal"] as const) {
    await subnet.to(subnet.window(cycle, phase).start - 1);
    await subnet.record(
      Object.fromEntries(Object.entries({ ...forged, dan }).map(([miner, one]) => [miner, one[phase]])),
    );
  }
  const { start } = subnet.window(cycle, "evaluate");
  const over = start + Math.floor(evaluate / 3);
  let [isBegun, inVain] = [false, 0];
  const blobs: Participant["blobs"] = {
    ...vera.blobs,
    get: async (request) => {
      isBegun ||= request.hash === dan.artifact;
      try {
        return await vera.blobs.get(request);
      } catch (thrown) {
        if (request.hash === dan.artifact && vera.clock.head.number >= over) inVain++;
        throw thrown;
      }
    },
  };
  await subnet.to(start - 1);
  const report = judgeCycle({ ...vera, blobs }, await openMeter(t, subnet), cycle);
  report.catch(() => {});
  // Who begins later waits longer for miners.
  await until(t, () => isBegun);
  await subnet.to(over - 1);
  await until(t, () => vera.lines.some(({ message }) => message.startsWith("updates not here in time")));
  if (isAskedInVain) {
    await subnet.to(over);
    await until(t, () => inVain > 0);
  }
  for (const bytes of [dan.manifest, dan.tensors.bytes]) await vito.blobs.put(bytes);
  await subnet.to(isAskedInVain ? over + 1 : over);
  const { entries } = await report;
  const of = (miner: string) => entries.find(({ uid }) => uid === subnet.uid(miner))!;
  assert.deepEqual(verdictOf(of("dan")), ["abstained", "unreachable"], "it is measured no more");
  assert.ok(of("ann").score > 0);
  return {
    ann: of("ann").independence! / (of("bob").independence! + of("cat").independence!),
    dan: dan.tensors.hash,
    known: JSON.parse(readFileSync(known, "utf8")) as Record<number, { readonly tensors: string }[]>,
  };
};

describe("judgeCycle", { timeout: HANG_GUARD }, () => {
  it("pays what lowers the loss of its own group's text, and neither noise nor nothing", async (t) => {
    const miners = ["ann", "bob", "cat", "dan", "eve"];
    const subnet = await openSubnet(t, { miners });
    const updates = {
      ann: await trainedUpdate(subnet, { miner: "ann" }),
      bob: noiseUpdate(subnet, "noise 116", 0.49),
      cat: noiseUpdate(subnet, "cat", 0),
      dan: await trainedUpdate(subnet, { miner: "dan", group: "prose" }),
    };
    const forged = Object.fromEntries(
      Object.entries(updates).map(([miner, tensors]) => [
        miner,
        forge(subnet, { miner, tensors, group: miner === "dan" ? "prose" : "math" }),
      ]),
    );
    const { report, entry, meter } = await judge(t, subnet, forged);

    assert.deepEqual(
      [report.validator, report.cycle, report.base, report.network],
      [subnet.signer("vera").address, 1, subnet.modelHash, subnet.networkHash],
    );
    assert.deepEqual(
      report.entries.map(({ uid }) => uid),
      miners.map(subnet.uid),
    );
    for (const name of ["ann", "dan"]) {
      assert.equal(entry(name)?.verdict, "scored");
      assert.ok(entry(name)!.score > 0, `${name}: ${JSON.stringify(entry(name))}`);
      assert.ok(entry(name)!.score < entry(name)!.lossReduction!, "the score is a lower bound");
    }
    assert.deepEqual([entry("bob")?.verdict, entry("bob")?.score], ["scored", 0]);
    assert.ok(entry("bob")!.lossReduction! < 0, "what makes it worse is told so");
    assert.deepEqual([entry("cat")?.lossReduction, entry("cat")?.standardError, entry("cat")?.score], [0, 0, 0]);
    assert.deepEqual(verdictOf(entry("eve")), ["rejected", "no_commit"]);

    // The seed comes from a block that nobody had seen when the last reveal was made; the losses are those of base + update.
    const { origin, ofGroups } = await evaluationSeeds(subnet, { cycle: 1, purpose: "evaluate" });
    assert.equal(origin, "blocks");
    for (const [group, miner] of [
      ["math", "ann"],
      ["prose", "dan"],
    ] as const) {
      const seed = ofGroups[group]!;
      assert.equal(report.seeds[group], seed);
      const batches = evaluationBatches(subnet.network, group, seed, null);
      const before = await meter.losses(parameters, batches);
      const after = await meter.losses(plus(updates[miner]), batches);
      const { loss, batches: measured } = report.baseline[group]!;
      assert.ok(Math.abs(loss - mean(before.slice(0, measured))) < 1e-9);
      const { lossReduction, batches: raced } = entry(miner)!;
      assert.ok(raced! >= 4 && raced! <= measured && measured <= batches.length);
      const expected = mean(before.slice(0, raced!)) - mean(after.slice(0, raced!));
      assert.ok(Math.abs(lossReduction! - expected) < 1e-6);
      assert.ok(expected > 0);
    }
  });

  it("says the same of a model that does not fit in memory, layer by layer from its files", async (t) => {
    const subnet = await openSubnet(t, { miners: ["ann", "bob", "cat"] });
    const [vera, vito] = [await subnet.join("vera"), await subnet.join("vito")];
    const whole = await openMeter(t, subnet);
    const { meter: layered } = await openMeterFor(vito, device, subnet.modelHash, 0);
    t.after(() => layered.dispose());
    assert.ok(layered.isLayerMajor);
    await submit(subnet, {
      ann: forge(subnet, { miner: "ann", tensors: await trainedUpdate(subnet, { miner: "ann" }) }),
      bob: forge(subnet, { miner: "bob", tensors: noiseUpdate(subnet, "bob", 0.3) }),
      cat: forge(subnet, { miner: "cat", tensors: noiseUpdate(subnet, "cat", 0.1, "prose"), group: "prose" }),
    });
    const judged = [judgeCycle(vera, whole, 1), judgeCycle(vito, layered, 1)] as const;
    await subnet.to(subnet.window(1, "evaluate").start);
    const [one, other] = await Promise.all(judged);
    assert.ok(one.entries.some(({ score }) => score > 0));
    assert.deepEqual([other.entries, other.baseline, other.seeds], [one.entries, one.baseline, one.seeds]);
  });

  it("rejects an update that makes the loss NaN, and scores the next one as if it had not been", async (t) => {
    const subnet = await openSubnet(t, {
      network: { scoring: { ...template.scoring, max_update_norm: 1e30 } },
    });
    const good = await trainedUpdate(subnet, { miner: "bob" });
    const { report, entry, meter } = await judge(t, subnet, {
      ann: forge(subnet, { miner: "ann", tensors: map(good, () => 1e25) }),
      bob: forge(subnet, { miner: "bob", tensors: good }),
    });
    assert.deepEqual(verdictOf(entry("ann")), ["rejected", "non_finite_loss"]);
    assert.deepEqual([entry("ann")?.score, entry("ann")?.lossReduction], [0, null]);
    const all = evaluationBatches(subnet.network, "math", report.seeds.math!, null);
    const batches = all.slice(0, entry("bob")!.batches!);
    const expected = mean(await meter.losses(parameters, batches)) - mean(await meter.losses(plus(good), batches));
    assert.ok(Math.abs(entry("bob")!.lossReduction! - expected) < 1e-6);
  });

  it("divides what one training is worth among all that submit it, whoever came first", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const tensors = await trainedUpdate(subnet, { miner: "ann" });
    const [ann, bob] = ["ann", "bob"].map((miner) => forge(subnet, { miner, tensors }));
    for (const forged of [ann!, bob!]) await serve(subnet, forged);
    // The copier has the lower uid and reveals first, but commits a block later.
    await subnet.to(subnet.window(1, "commit").start - 1);
    await subnet.record({ bob: bob!.commit });
    await subnet.record({ ann: ann!.commit });
    await subnet.record({ ann: ann!.reveal });
    await subnet.record({ bob: bob!.reveal });
    const meter = await openMeter(t, subnet);
    const judged = judgeCycle(vera, meter, 1);
    await subnet.to(subnet.window(1, "evaluate").start);
    const { entries } = await judged;
    const of = (name: string) => entries.find(({ uid }) => uid === subnet.uid(name));
    for (const name of ["ann", "bob"]) {
      assert.deepEqual(verdictOf(of(name)), ["scored", null]);
      assert.ok(of(name)!.score > 0);
      assert.ok(Math.abs(of(name)!.independence! - 1) < 1e-9, "there is nobody else to divide it with");
    }
  });

  it("does not pay twice for the same work where no model took it, also by another's hand and to who was not there", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000, vito: 2000 }, miners: ["ann", "bob", "cat"] });
    const vera = await subnet.join("vera");
    const meter = await openMeter(t, subnet);
    const tensors = await trainedUpdate(subnet, { miner: "ann" });
    const judgeIn = async (
      cycle: number,
      forged: Readonly<Record<string, Forged>>,
      judges: readonly Participant[] = [vera],
    ) => {
      await submit(subnet, forged, cycle);
      const judging = judges.map((judge) => judgeCycle(judge, meter, cycle));
      await subnet.to(subnet.window(cycle, "evaluate").start);
      const reports = await Promise.all(judging);
      return reports.map(({ entries }) =>
        Object.keys(forged).map((name) => entries.find(({ uid }) => uid === subnet.uid(name))!),
      );
    };
    const [[first] = []] = await judgeIn(1, { ann: forge(subnet, { miner: "ann", tensors }) });
    assert.deepEqual(verdictOf(first), ["scored", null]);
    // Nobody names a model: cycle 2 starts from genesis again, for which the update is as good as new.
    await subnet.to(subnet.window(2, "distribute").end);
    const vito = await subnet.join("vito");
    const again = {
      ann: forge(subnet, { miner: "ann", tensors, cycle: 2 }),
      bob: forge(subnet, { miner: "bob", tensors, cycle: 2 }),
      cat: forge(subnet, { miner: "cat", tensors: noiseUpdate(subnet, "cat", 0.01), cycle: 2 }),
    };
    for (const entries of await judgeIn(2, again, [vera, vito])) {
      assert.deepEqual(entries.map(verdictOf), [
        ["rejected", "duplicate"],
        ["rejected", "duplicate"],
        ["scored", null],
      ]);
      assert.deepEqual(readOriginal(entries[1]!.detail!), {
        cycle: 1,
        hotkey: subnet.signer("ann").address,
        artifact: first!.artifact,
      });
    }
  });

  it("abstains on an update that cannot be read again, and reports on the others", async (t) => {
    // The first look is the gates', the second the race's first.
    for (const lost of [1]) {
      let served = 0;
      const change = (store: BlobStore): BlobStore => ({
        ...store,
        size: async (hash) => (served > 1 ? null : store.size(hash)),
        stream: (hash) => {
          served++;
          return store.stream(hash);
        },
      });
      const { looks, entry, lines } = await judgeWithLoss(t, lost, { change });
      // It is read to be measured and to be compared with the others, at the same time.
      assert.ok(looks <= lost + 2, "it is not asked for again");
      assert.deepEqual(verdictOf(entry("ann")), ["abstained", "validator_failed"]);
      assert.match(entry("ann")!.detail!, /^it could not be read again: .* does not have it/);
      assert.deepEqual(verdictOf(entry("bob")), ["scored", null]);
      const told = lines.filter(({ level, message }) => level === "warn" && message === "update not readable").length;
      assert.ok(told === 1 || told === 2, `${told}`);
    }
  });

  it("waits no longer for a file that it lost than the phase allows, and not at all once the program stops", async (t) => {
    const silentOnceServed = () => {
      let served = 0;
      const change = (store: BlobStore): BlobStore => ({
        ...store,
        stream: (hash) => (++served > 2 ? new Readable({ read() {} }) : store.stream(hash)),
      });
      return { change, isAsked: () => served > 2 };
    };
    const silent = silentOnceServed();
    const { entry } = await judgeWithLoss(t, 1, {
      change: silent.change,
      // So long that it is given up before measuring ends.
      evaluate: 8,
      meanwhile: async (subnet, vera) => {
        await until(t, silent.isAsked);
        const { start, end } = subnet.window(1, "evaluate");
        await subnet.to((start + end) / 2);
        await until(t, () => vera.lines.some(({ message }) => message === "update not readable"));
        await subnet.to(end - 2);
      },
    });
    assert.deepEqual(verdictOf(entry("ann")), ["abstained", "validator_failed"]);
    assert.match(entry("ann")!.detail!, /^it could not be read again: /);
    const [verdict] = verdictOf(entry("bob"));
    assert.ok(verdict === "scored" || verdict === "abstained");

    const stopped = silentOnceServed();
    const stopping = judgeWithLoss(t, 1, {
      change: stopped.change,
      meanwhile: async (_, vera) => {
        await until(t, stopped.isAsked);
        vera.abort();
      },
    });
    await assert.rejects(stopping, { name: "AbortError" });
  });

  it("fetches what is revealed early while the reveal phase lasts, and what is revealed anew at its end", async (t) => {
    const subnet = await openSubnet(t, { network: { phases: { ...template.phases, reveal: 6 } } });
    const vera = await subnet.join("vera");
    const meter = await openMeter(t, subnet);
    const [ann, bob] = ["ann", "bob"].map((miner) =>
      forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) }),
    );
    for (const one of [ann!, bob!]) await serve(subnet, one);
    const judged = judgeCycle(vera, meter, 1);
    const { start, end } = subnet.window(1, "reveal");
    await subnet.to(subnet.window(1, "commit").start - 1);
    await subnet.record({ ann: ann!.commit, bob: bob!.commit });
    await subnet.to(start);
    const nowhere = encodeRecord({
      type: "reveal",
      network: shortHash(subnet.networkHash),
      cycle: 1,
      group: "math",
      artifact: bob!.artifact,
      location: "http://127.0.0.1:1",
    });
    await subnet.record({ ann: ann!.reveal, bob: nowhere });
    const has = async ({ tensors }: Forged) => (await fetch(`${vera.location}/blob/${tensors.hash}`)).ok;
    await until(t, () => has(ann!));
    assert.ok(subnet.node.head.number < end - 1, "the phase is not over");
    await subnet.record({ bob: bob!.reveal });
    await subnet.to(subnet.window(1, "evaluate").start);
    const { entries } = await judged;
    assert.deepEqual(
      entries.map(({ verdict }) => verdict),
      ["scored", "scored"],
    );
    assert.ok(vera.lines.some(({ message }) => message === "evaluated"));
  });

  it("judges what the chain has revealed, not what a block did that a fork replaced", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const forgedBy = (miner: string) => forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) });
    const [ann, bob] = [forgedBy("ann"), forgedBy("bob")];
    await submit(subnet, { ann, bob });
    const { start } = subnet.window(1, "evaluate");
    const isReplaced = () => vera.clock.head.number >= start;
    const forking = forked(vera, start - 1, isReplaced, { without: subnet.signer("ann").address });
    const judged = judgeCycle(forking, await openMeter(t, subnet), 1);
    judged.catch(() => {});
    await until(t, async () => (await fetch(`${vera.location}/blob/${bob.tensors.hash}`)).ok);
    await subnet.to(start);
    const report = await judged;
    const submissions = await readSubmissions(subnet, 1);
    const regated = submissions.map((submission) => ({ submission, result: null, isRepeated: false }));
    const findings = openFindings(1);
    checkReport({ ...report, signature: "" }, regated, findings);
    assert.deepEqual(findings.finish().divergences, []);
    assert.deepEqual(report.entries.map(verdictOf), [
      ["scored", null],
      ["scored", null],
    ]);
  });

  it("goes on where its chain or its disk does not answer for a moment", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const meter = await openMeter(t, subnet);
    const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.01) });
    await serve(subnet, ann);
    const [reveal, evaluate] = [subnet.window(1, "reveal"), subnet.window(1, "evaluate")];
    const failed = { early: 0, servers: 0, disk: 0 };
    const silent = () => new BlockZeroError("CHAIN_TIMEOUT", "the node did not answer", "ask another one");
    const shaky: Participant = {
      ...vera,
      chain: {
        ...vera.chain,
        metagraph: async (netuid, block) => {
          if (block !== reveal.start) return vera.chain.metagraph(netuid, block);
          failed.early++;
          throw silent();
        },
      },
      models: {
        ...vera.models,
        servers: async () => {
          failed.servers++;
          throw silent();
        },
      },
      blobs: {
        ...vera.blobs,
        open: async (request) => {
          if (request.hash !== ann.tensors.hash || vera.clock.head.number >= evaluate.start)
            return vera.blobs.open(request);
          failed.disk++;
          throw new BlockZeroError("STORE_FAILED", "the disk is full", "free space");
        },
      },
    };
    await subnet.to(subnet.window(1, "commit").start - 1);
    await subnet.record({ ann: ann.commit });
    await subnet.to(reveal.start);
    const judged = judgeCycle(shaky, meter, 1);
    judged.catch(() => {});
    await until(t, () => failed.early > 0);
    await subnet.record({ ann: ann.reveal });
    await until(t, () => failed.disk > 0);
    await subnet.to(evaluate.start);
    const { entries } = await judged;
    assert.deepEqual(verdictOf(entries.find(({ uid }) => uid === subnet.uid("ann"))), ["scored", null]);
    assert.ok(failed.servers > 0);
  });

  it("asks at the next block who had nothing yet, while it still waits for a server that is silent", async (t) => {
    const subnet = await openSubnet(t, { network: { phases: { ...template.phases, evaluate: 30 } } });
    const vera = await subnet.join("vera");
    const meter = await openMeter(t, subnet);
    const bob = forge(subnet, { miner: "bob", tensors: noiseUpdate(subnet, "bob", 0.01) });
    const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.01) });
    const { start } = subnet.window(1, "evaluate");
    const isOpen = () => subnet.node.head.number > start;
    const { url } = await ownServer(t, ann, (store) => ({
      ...store,
      size: async (hash) => (isOpen() ? store.size(hash) : null),
    }));
    const { artifact } = ann;
    const head = { network: shortHash(subnet.networkHash), cycle: 1, group: "math" };
    const reveals = { ann: encodeRecord({ type: "reveal", ...head, artifact, location: url }), bob: bob.reveal };
    await subnet.to(subnet.window(1, "commit").start);
    await subnet.record({ ann: ann.commit, bob: bob.commit });
    await subnet.to(subnet.window(1, "reveal").start);
    await subnet.record(reveals);
    await subnet.to(start);
    let isGivenUp = false;
    const never: typeof vera.blobs.get = ({ onAsked, signal }) =>
      new Promise((_, reject) => {
        onAsked?.();
        const giveUp = () => {
          isGivenUp = true;
          reject(signal?.reason);
        };
        signal?.addEventListener("abort", giveUp, { once: true });
      });
    const blobs: typeof vera.blobs = {
      ...vera.blobs,
      get: (request) => (request.hash === bob.artifact ? never(request) : vera.blobs.get(request)),
    };
    const models = { ...vera.models, servers: async () => [] };
    const judged = judgeCycle({ ...vera, blobs, models }, meter, 1);
    judged.catch(() => {});
    const failures = (location: string) => vera.lines.filter(({ fields }) => fields.location === location).length;
    await until(t, () => failures(url) > 0);
    const isHere = () => directoryStore(blobsOf(vera)).has(ann.tensors.hash);
    for (let block = start + 1; !(await isHere()); block++) if (block < start + 9) await subnet.to(block);
    assert.equal(isGivenUp, false, "it is not waited for until the silent one is given up");
    await subnet.to(start + 10);
    await subnet.to(start + 15);
    assert.deepEqual((await judged).entries.map(verdictOf), [
      ["scored", null],
      ["abstained", "unreachable"],
    ]);
  });

  it("asks on for what it never came to ask for while it has nothing to measure, and then not", async (t) => {
    const judgedWhere = async (isBobHere: boolean) => {
      const subnet = await openSubnet(t, { network: { phases: { ...template.phases, evaluate: 12 } } });
      const vera = await subnet.join("vera");
      const [ann, bob] = ["ann", "bob"].map((miner) =>
        forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) }),
      );
      await submit(subnet, { ann: ann!, ...(isBobHere && { bob: bob! }) });
      const { start } = subnet.window(1, "evaluate");
      await subnet.to(start);
      let asked = 0;
      /** Its turn to be asked does not come before a third of the phase is over. */
      const noTurn: typeof vera.blobs.get = ({ signal }) =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      const blobs: typeof vera.blobs = {
        ...vera.blobs,
        get: (request) => {
          if (request.hash !== ann!.artifact) return vera.blobs.get(request);
          asked++;
          return vera.clock.head.number < start + 4 ? noTurn(request) : vera.blobs.get(request);
        },
      };
      const judged = judgeCycle({ ...vera, blobs }, await openMeter(t, subnet), 1);
      judged.catch(() => {});
      const isHere = () => directoryStore(blobsOf(vera)).has(bob!.tensors.hash);
      await until(t, async () => asked > 0 && (!isBobHere || (await isHere())));
      await subnet.to(start + 4);
      const { entries } = await judged;
      return verdictOf(entries.find(({ uid }) => uid === subnet.uid("ann")));
    };
    assert.deepEqual(await judgedWhere(false), ["scored", null]);
    assert.deepEqual(await judgedWhere(true), ["abstained", "validator_failed"]);
  });

  it("takes for kin what it got from another validator when there was no time left to measure it", async (t) => {
    const [beside, alone] = [await besideLate(t, "a copy"), await besideLate(t, "another training")];
    assert.ok(beside.ann < 0.8 * alone.ann, `${beside.ann} beside a copy, ${alone.ann} without`);
    const { dan, known } = alone;
    assert.ok(
      known[1]?.some(({ tensors }) => tensors === dan),
      "nobody may submit it again",
    );
  });

  it("asks other validators for it at each block of its time, not once", async (t) => {
    const alone = await besideLate(t, "another training");
    const beside = await besideLate(t, "a copy", { evaluate: 12, isAskedInVain: true });
    assert.ok(beside.ann < 0.8 * alone.ann, `${beside.ann} beside a copy, ${alone.ann} without`);
  });

  it("takes for no kin what comes late and everybody had before", async (t) => {
    const alone = await besideLate(t, "another training");
    const beside = await besideLate(t, "an old copy", { cycle: 2 });
    // Kin of one would have half.
    assert.ok(beside.ann > 0.65 * alone.ann, `${beside.ann} beside an old copy, ${alone.ann} without`);
  });

  it("tells a miner that is gone from a validator that is cut off", async (t) => {
    type Nonsense = (subnet: Subnet, vera: Joined) => Promise<Partial<Pick<Forged, "commit" | "reveal">>>;
    const verdicts = async (unreachable: readonly string[], nonsense: Nonsense = async () => ({})) => {
      const subnet = await openSubnet(t, { miners: ["ann", "bob", "cat"] });
      const vera = await subnet.join("vera");
      const meter = await openMeter(t, subnet);
      const forged = ["ann", "bob"].map((miner) => {
        const location = unreachable.includes(miner) ? "http://127.0.0.1:1" : subnet.location;
        return forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01), location });
      });
      for (const one of forged) if (one.submission.reveal?.location === subnet.location) await serve(subnet, one);
      const sent = await nonsense(subnet, vera);
      for (const phase of ["commit", "reveal"] as const) {
        await subnet.to(subnet.window(1, phase).start - 1);
        const { [phase]: cat } = sent;
        await subnet.record({ ann: forged[0]![phase], bob: forged[1]![phase], ...(cat ? { cat } : {}) });
      }
      const { start } = subnet.window(1, "evaluate");
      await subnet.to(start - 1);
      const judged = judgeCycle(vera, meter, 1);
      // Whoever does not answer is asked again for a third of the phase; those who do have been fetched by then.
      const served = async ({ tensors }: Forged) => (await fetch(`${vera.location}/blob/${tensors.hash}`)).ok;
      if (!unreachable.includes("bob")) await until(t, () => served(forged[1]!));
      await subnet.to(start);
      await subnet.to(start + 1);
      return (await judged).entries.map(verdictOf);
    };
    const silent = ["rejected", "no_commit"];
    assert.deepEqual(await verdicts(["ann"]), [["abstained", "unreachable"], ["scored", null], silent]);
    const own = ["abstained", "validator_failed"];
    assert.deepEqual(await verdicts(["ann", "bob"]), [own, own, silent]);

    // What is refused without a server's answer shows nobody as reached.
    const uncommitted: Nonsense = async (subnet) => {
      const { reveal } = forge(subnet, { miner: "cat", tensors: noiseUpdate(subnet, "cat", 0.01) });
      return { reveal };
    };
    assert.deepEqual(await verdicts(["ann", "bob"], uncommitted), [own, own, silent]);
    const ofFileThatIsHere: Nonsense = async (subnet, vera) => {
      const here = new TextEncoder().encode('{"kind":"update"}');
      await vera.blobs.put(here);
      const artifact = sha256(here);
      const head = { network: shortHash(subnet.networkHash), cycle: 1 };
      const commitment = commitmentOf(artifact, subnet.signer("cat").publicKey, 1);
      return {
        commit: encodeRecord({ type: "commit", ...head, commitment }),
        reveal: encodeRecord({ type: "reveal", ...head, group: "math", artifact, location: subnet.location }),
      };
    };
    assert.deepEqual(await verdicts(["ann", "bob"], ofFileThatIsHere), [own, own, ["rejected", "malformed"]]);
    // A server that sends what does not pass is one that was reached.
    const served: Nonsense = async (subnet) => {
      const forged = forge(subnet, { miner: "cat", tensors: noiseUpdate(subnet, "cat", 0.01), change: { cycle: 0 } });
      await serve(subnet, forged);
      return forged;
    };
    const gone = ["abstained", "unreachable"];
    assert.deepEqual(await verdicts(["ann", "bob"], served), [gone, gone, ["rejected", "wrong_cycle"]]);
  });
});
