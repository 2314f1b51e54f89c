import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import { loadModel } from "#shared/participant/agreement/base-model.js";
import { mark } from "#shared/participant/writes/journal.js";
import { sha256 } from "#shared/protocol/hash.js";
import type { BlockRange } from "#shared/protocol/phases.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { runCycle } from "#validator/cycle.js";
import { agreeOn, mergeCycle } from "#validator/merge/merge-cycle.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { NETUID } from "../support/micro-network.js";
import { publishReports, reportOf, scoredEntry } from "../support/reports.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";
import { type Forged, forge, noiseUpdate, submit } from "../support/updates.js";
import { openValidator, type TestValidator } from "../support/validator.js";

const outOfMemory = async () => {
  throw new RangeError("out of memory");
};

const broken: LossMeter = {
  losses: outOfMemory,
  ofGroup: outOfMemory,
  dispose: async () => {},
};

const entryOf = ({ journal }: TestValidator) => journal.value.cycles[1];

/** Ann's update is on chain and served; the next block begins the evaluate phase. */
const submitted = async (subnet: Subnet) => {
  const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
  await submit(subnet, { ann });
  return ann;
};

/** What a validator said of having caught up. */
const caughtUp = ({ participant }: TestValidator) =>
  participant.lines.find(({ message }) => message === "caught up")?.fields;

/**
 * Vera alone makes the model of cycle 1 and the majority; Vito lives that cycle where `deprive` takes the update away, or not at
 * all, and then cycle 2.
 */
const behind = async (
  t: TestContext,
  deprive?: (subnet: Subnet, vera: TestValidator, ann: Forged) => Promise<void>,
) => {
  const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000 } });
  const vera = await openValidator(t, subnet, "vera");
  const vito = { ...(await openValidator(t, subnet, "vito")), meter: broken };
  await loadModel(vito.participant, subnet.modelHash);
  const ann = await submitted(subnet);
  await publishReports(subnet, { vera: reportOf(subnet, "vera", { entries: [scoredEntry(ann, 0.3)] }) });
  const { hash: model } = await mergeCycle(vera.participant, 1, await agreeOn(vera.participant, 1));
  if (deprive) {
    await deprive(subnet, vera, ann);
    const abstained = assert.rejects(runCycle(vito, 1), { code: "MERGE_ABSTAINED" });
    await subnet.sent("vito", 2);
    await subnet.to(subnet.window(1, "merge").end - 1);
    await abstained;
  }
  const { networkHash } = subnet;
  const { location } = vera.participant;
  await subnet.record({
    vera: encodeRecord({ type: "model", network: shortHash(networkHash), cycle: 1, model, location }),
  });
  await subnet.to(subnet.window(2, "distribute").end);
  const life = runCycle(vito, 2).catch(() => {});
  return { subnet, vito, model, life };
};

describe("a validator's cycle", { timeout: HANG_GUARD }, () => {
  it("judges once, and reports what it judged before it was killed", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000 } });
    await submitted(subnet);
    const [evaluate, exchange, merge] = (["evaluate", "exchange", "merge"] as const).map((phase) =>
      subnet.window(1, phase),
    ) as [BlockRange, BlockRange, BlockRange];
    const killed = await openValidator(t, subnet, "vera");
    const life = runCycle(killed, 1).catch(() => {});
    await subnet.to(evaluate.start);
    await until(t, () => entryOf(killed)?.report !== undefined);
    await killed.participant.leave();
    await life;
    const { report } = entryOf(killed)!;
    assert.equal(entryOf(killed)?.reported, undefined);
    const figures = ["eval/loss_math", "eval/loss_prose", "eval/verdict", "eval/score", "eval/loss_reduction"];
    const toldBy = ({ measured }: TestValidator) => {
      const names = new Set(measured.flatMap(Object.keys));
      return figures.filter((name) => names.has(name));
    };
    assert.deepEqual(toldBy(killed), [], "who read them now could commit a copy of the report");

    const again = { ...(await openValidator(t, subnet, "vera")), meter: broken };
    assert.equal(entryOf(again)?.report, report);
    const rest = runCycle(again, 1);
    await subnet.sent("vera", 1);
    await subnet.to(subnet.node.head.number + 1);
    await until(t, () => entryOf(again)?.reported !== undefined);
    assert.deepEqual(toldBy(again), [], "nor while the evaluate phase lasts");
    await subnet.to(exchange.start - 1);
    await subnet.sent("vera", 2);
    assert.deepEqual(toldBy(again), figures);
    await subnet.to(subnet.window(1, "choose").start);
    await subnet.sent("vera", 3);
    await subnet.to(subnet.node.head.number + 1);
    await until(t, () => entryOf(again)?.voted !== undefined);
    await subnet.to(merge.start);
    await subnet.sent("vera", 5);
    await subnet.to(merge.start + 1);
    await rest;
    const { model, published, weighted } = entryOf(again)!;
    assert.deepEqual([published, weighted], [merge.start + 1, merge.start + 1]);
    await subnet.to(subnet.window(2, "distribute").end - 1);
    assert.equal(await again.participant.models.baseOf(2), model);

    await runCycle(again, 1);
    assert.equal(await subnet.chain.nonce(again.participant.signer.address), 5, "everything was done once");
  });

  it("copies its report to a store elsewhere when nobody can commit a copy any more, as it is served", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000 } });
    await submitted(subnet);
    const elsewhere = join(subnet.home, "elsewhere");
    const vera = await openValidator(t, subnet, "vera", { store: `directory:${elsewhere}` });
    const { start, end } = subnet.window(1, "evaluate");
    const cycle = runCycle(vera, 1).catch(() => {});
    await subnet.to(start);
    await until(t, () => entryOf(vera)?.report !== undefined);
    await subnet.sent("vera", 1);
    await subnet.to(end - 2);
    const report = entryOf(vera)!.report!;
    // What is stored after it has come there: the queue goes in order.
    await vera.participant.blobs.put(Buffer.from("something else"));
    await until(t, () => directoryStore(elsewhere).has(sha256(Buffer.from("something else"))));
    assert.ok(!(await directoryStore(elsewhere).has(report)), "its record has its hash, by which a bucket gives it");
    await subnet.to(end - 1);
    await until(t, () => directoryStore(elsewhere).has(report));
    await vera.participant.leave();
    await cycle;
  });

  it("puts no record on chain while it does not know the model: its stake would vote, and name none", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000 } });
    const vera = await openValidator(t, subnet, "vera");
    const { participant } = vera;
    const unknown = async () => {
      throw new BlockZeroError("BASE_UNKNOWN", "the state is gone", "ask an archive node");
    };
    const models = { ...participant.models, baseOf: unknown, outcomeOf: unknown };
    const cycle = runCycle({ ...vera, participant: { ...participant, models } }, 1);
    const ended = assert.rejects(cycle, { code: "BASE_UNKNOWN" });
    const evaluate = subnet.window(1, "evaluate");
    await until(t, async () => {
      await subnet.to(subnet.node.head.number + 1);
      return subnet.node.head.number >= evaluate.end;
    });
    await ended;
    await subnet.to(subnet.window(1, "merge").end);
    assert.equal(await subnet.chain.nonce(participant.signer.address), 0);
    const said = participant.lines.filter(({ fields }) => fields.code === "BASE_UNKNOWN" && fields.task !== undefined);
    assert.deepEqual(
      said.map(({ level }) => level).filter((level) => level === "warn").length,
      1,
      "of many blocks the first has a line",
    );
  });

  it("merges by the others' reports when it cannot make its own", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000 } });
    const ann = await submitted(subnet);
    await publishReports(subnet, { vera: reportOf(subnet, "vera", { entries: [scoredEntry(ann, 0.3)] }) });
    const vito = { ...(await openValidator(t, subnet, "vito")), meter: broken };
    const cycle = runCycle(vito, 1);
    await subnet.sent("vito", 3);
    await subnet.to(subnet.node.head.number + 1);
    await cycle;
    assert.ok(entryOf(vito)?.published);
    assert.deepEqual(
      vito.participant.lines
        .filter(({ level }) => level === "error")
        .map(({ message, fields }) => [message, fields.reason]),
      [
        ["missed report", `the evaluate phase ended at block ${subnet.window(1, "evaluate").end}`],
        ["missed exchange", `the exchange phase ended at block ${subnet.window(1, "exchange").end}`],
        ["missed ballot", `the choose phase ended at block ${subnet.window(1, "choose").end}`],
      ],
    );
    const missed = vito.participant.lines.filter(({ fields }) => fields?.code === "WINDOW_MISSED");
    for (const { fields } of missed) assert.match(String(fields.prevention), /where there is none nothing is decided$/);
    assert.equal(missed.length, 3);
    assert.deepEqual(
      vito.journal.value.history.map(({ uid, verdict, score }) => [uid, verdict, score]),
      [
        [subnet.uid("ann"), "scored", 0.3],
        [subnet.uid("bob"), "abstained", 0],
      ],
    );
  });

  it("begins a duty again at the next block where the chain did not answer", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000 } });
    const ann = await submitted(subnet);
    await publishReports(subnet, { vera: reportOf(subnet, "vera", { entries: [scoredEntry(ann, 0.3)] }) });
    const vito = { ...(await openValidator(t, subnet, "vito")), meter: broken };
    const { chain } = vito.participant;
    const failed = { tally: 0, weights: 0 };
    const failOnce = (what: keyof typeof failed) => {
      if (failed[what]++ === 0) throw new BlockZeroError("CHAIN_TIMEOUT", "the node did not answer", "ask another one");
    };
    const lastOfExchange = subnet.window(1, "exchange").end - 1;
    const shaky: TestValidator["participant"]["chain"] = {
      ...chain,
      commitments: async (netuid, block) => {
        if (block === lastOfExchange) failOnce("tally");
        return chain.commitments(netuid, block);
      },
      metagraph: async (netuid, block) => {
        if (block === undefined) failOnce("weights");
        return chain.metagraph(netuid, block);
      },
    };
    const cycle = runCycle({ ...vito, participant: { ...vito.participant, chain: shaky } }, 1);
    cycle.catch(() => {});
    await until(t, () => failed.tally > 0);
    await subnet.to(subnet.node.head.number + 1);
    await until(t, () => failed.weights > 0);
    await subnet.to(subnet.node.head.number + 1);
    await subnet.sent("vito", 3);
    await subnet.to(subnet.node.head.number + 1);
    await cycle;
    assert.ok(entryOf(vito)?.weighted);
    assert.ok(entryOf(vito)?.published);
    assert.equal(vito.journal.value.history.length, 2);
  });

  it("does not merge again what it merged before it was killed", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000 } });
    const ann = await submitted(subnet);
    await publishReports(subnet, { vera: reportOf(subnet, "vera", { entries: [scoredEntry(ann, 0.3)] }) });
    const vito = { ...(await openValidator(t, subnet, "vito")), meter: broken };
    const { hash: model } = await mergeCycle(vito.participant, 1, await agreeOn(vito.participant, 1));
    mark(vito, 1, { model });
    const kept = directoryStore(join(vito.participant.home, "..", "blobs"));
    for (const copies of [subnet.store, kept]) await copies.delete(ann.tensors.hash);
    const cycle = runCycle(vito, 1);
    cycle.catch(() => {});
    await subnet.sent("vito", 3);
    await subnet.to(subnet.node.head.number + 1);
    await cycle;
    assert.deepEqual([entryOf(vito)?.model, entryOf(vito)?.published], [model, subnet.node.head.number]);
    await runCycle(vito, 1);
    assert.equal(await subnet.chain.nonce(vito.participant.signer.address), 3, "what is done is done once");
  });

  it("misses no report where it had reported before it was killed", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await openValidator(t, subnet, "vera");
    mark(vera, 1, { report: sha256(Buffer.from("of before")), reported: subnet.window(1, "evaluate").start });
    await subnet.to(subnet.window(1, "exchange").start);
    const life = runCycle(vera, 1).catch(() => {});
    await subnet.sent("vera", 1);
    assert.ok(!vera.participant.lines.some(({ message }) => message === "missed report"));
    vera.participant.abort();
    await life;
  });

  it("asks for the model's files again at the next block before it says that it cannot report", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000 } });
    const manifest = (await subnet.store.get(subnet.modelHash))!;
    await subnet.store.delete(subnet.modelHash);
    const vera = await openValidator(t, subnet, "vera");
    const said = (text: string) => vera.participant.lines.some(({ message }) => message === text);
    const life = runCycle(vera, 1).catch(() => {});
    await subnet.to(subnet.window(1, "distribute").start);
    await until(t, () => said("missed report") || said("not done yet: once more at the next block"));
    await subnet.store.put(manifest);
    await subnet.to(subnet.node.head.number + 1);
    await until(t, () => said("missed report") || caughtUp(vera) !== undefined);
    assert.equal(said("missed report"), false);
    vera.participant.abort();
    await life;
  });

  it("merges with an update that nobody sent at the first block", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000 } });
    const ann = await submitted(subnet);
    await publishReports(subnet, { vera: reportOf(subnet, "vera", { entries: [scoredEntry(ann, 0.3)] }) });
    await subnet.store.delete(ann.tensors.hash);
    const vito = { ...(await openValidator(t, subnet, "vito")), meter: broken };
    const cycle = runCycle(vito, 1);
    cycle.catch(() => {});
    await subnet.sent("vito", 2);
    const asked = () => vito.participant.lines.some(({ message }) => message === "blob not fetched");
    await until(t, asked);
    await subnet.store.put(ann.tensors.bytes);
    await subnet.to(subnet.node.head.number + 1);
    await Promise.race([cycle, subnet.sent("vito", 3)]);
    await subnet.to(subnet.node.head.number + 1);
    await cycle;
    assert.ok(entryOf(vito)?.published);
  });

  it("catches up while it runs, after a merge that it left to the others", async (t) => {
    const { vito, model, life } = await behind(t, async ({ store }, { participant }, { tensors }) => {
      const kept = directoryStore(join(participant.home, "..", "blobs"));
      for (const copies of [store, kept]) await copies.delete(tensors.hash);
    });
    await until(t, () => caughtUp(vito) !== undefined);
    assert.deepEqual(caughtUp(vito), { cycle: 2, model, how: "fetched" });
    vito.participant.abort();
    await life;
  });

  it("catches up by replay after an outage, where the updates are less than the parts", async (t) => {
    const { vito, model, life } = await behind(t);
    await until(t, () => caughtUp(vito) !== undefined);
    assert.deepEqual(caughtUp(vito), { cycle: 2, model, how: "replayed" });
    assert.deepEqual((await loadModel(vito.participant, model)).manifest.cycle, 1);
    vito.participant.abort();
    await life;
  });

  it("sets weights and remembers the scores also where it must leave the merge to the others", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000 } });
    const ann = await submitted(subnet);
    await publishReports(subnet, { vera: reportOf(subnet, "vera", { entries: [scoredEntry(ann, 0.3)] }) });
    await subnet.store.delete(ann.tensors.hash);
    const vito = { ...(await openValidator(t, subnet, "vito")), meter: broken };
    const abstained = assert.rejects(runCycle(vito, 1), { code: "MERGE_ABSTAINED" });
    await subnet.sent("vito", 2);
    await subnet.to(subnet.window(1, "merge").end - 1);
    await abstained;
    assert.ok(entryOf(vito)?.weighted);
    assert.equal(entryOf(vito)?.published, undefined);
    assert.equal(vito.journal.value.history.length, 2);
    const [row] = await subnet.chain.weights(NETUID);
    assert.deepEqual(row, {
      uid: subnet.uid("vito"),
      weights: [
        [0, 65535],
        [subnet.uid("ann"), 65535],
      ],
    });
  });
});
