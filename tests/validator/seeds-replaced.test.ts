import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { runSprint } from "#miner/sprint/run-sprint.js";
import { BlockZeroError } from "#shared/errors/error.js";
import type { LossMeter } from "#shared/evaluation/loss-meter.js";
import { parseRecord } from "#shared/protocol/records.js";
import { parseReport } from "#shared/protocol/report.js";
import { type SeedPurpose, seedBlocks } from "#shared/protocol/seed.js";
import { evaluationSeeds, readSprintSeed } from "#shared/replay/evaluation-seeds.js";
import { vote } from "#validator/choose/vote.js";
import { exchangeReports } from "#validator/exchange.js";
import { report } from "#validator/judge/report.js";
import { agreeOn } from "#validator/merge/merge-cycle.js";
import { publishChecks } from "#validator/sprint/publish-checks.js";
import { runChecks } from "#validator/sprint/sprints.js";
import { forked } from "../support/forked.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { NETUID } from "../support/micro-network.js";
import { commitReports, reportOf, scoredEntry } from "../support/reports.js";
import { openChecker, openSprinter, SPRINT, type TestChecker } from "../support/sprint.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";
import { forge, noiseUpdate, submit } from "../support/updates.js";
import { openValidator, type TestValidator } from "../support/validator.js";

const opened = async (t: TestContext) => {
  const subnet = await openSubnet(t, { validators: { vera: 3000, vito: 2000 } });
  const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
  return { subnet, ann, vera: await openValidator(t, subnet, "vera") };
};

/** A validator that saw another block of a seed when it began to measure. `onMeasure` is called before it measures. */
const onAFork = (
  validator: TestValidator,
  { network }: Subnet,
  purpose: SeedPurpose,
  onMeasure: () => Promise<void> = async () => {},
) => {
  let isReplaced = false;
  const { deciding } = seedBlocks(1, purpose, network);
  const { meter } = validator;
  const replace = async () => {
    await onMeasure();
    isReplaced = true;
  };
  const noticing: LossMeter = {
    ...meter,
    losses: async (...of) => {
      await replace();
      return meter.losses(...of);
    },
    ofGroup: async (...of) => {
      await replace();
      return meter.ofGroup(...of);
    },
  };
  return {
    ...validator,
    meter: noticing,
    participant: forked(validator.participant, deciding, () => isReplaced),
  };
};

const stored = ({ participant: { blobs, signal } }: TestValidator, hash: string) =>
  blobs.get({ hash, maxBytes: 1 << 20, locations: [], signal });

const ownReport = async (validator: TestValidator) => {
  const read = parseReport(await stored(validator, validator.journal.value.cycles[1]!.report!));
  assert.ok(read.ok);
  return read.value;
};

const isNotOnChain = async (subnet: Subnet, name: string) =>
  (await subnet.chain.commitments(NETUID)).every(({ hotkey }) => hotkey !== subnet.signer(name).address);

const coded = ({ participant }: Pick<TestValidator, "participant">, code = "EVALUATION_SEED_REPLACED") =>
  participant.lines.filter(({ fields }) => fields?.code === code).map(({ level }) => level);

describe("a validator on a fork whose block of a seed is replaced", { timeout: HANG_GUARD }, () => {
  it("judges again, and reports by the seeds of the chain", async (t) => {
    const { subnet, ann, vera } = await opened(t);
    await submit(subnet, { ann });
    const forking = onAFork(vera, subnet, "evaluate");
    const reporting = report(forking, 1);
    await subnet.to(subnet.window(1, "evaluate").start);
    await subnet.sent("vera", 1);
    await subnet.to(subnet.node.head.number + 1);
    await reporting;
    const { ofGroups } = await evaluationSeeds(subnet, { cycle: 1, purpose: "evaluate" });
    const { seeds, entries } = await ownReport(vera);
    assert.deepEqual(seeds, ofGroups);
    assert.equal(entries.find(({ uid }) => uid === subnet.uid("ann"))?.verdict, "scored");
    assert.deepEqual(coded(vera), ["warn"]);
  });

  it("reports nothing where no time is left, and says so", async (t) => {
    const { subnet, ann, vera } = await opened(t);
    await submit(subnet, { ann });
    const { start, end } = subnet.window(1, "evaluate");
    const forking = onAFork(vera, subnet, "evaluate", async () => {
      if (subnet.node.head.number < end - 2) await subnet.to(end - 2);
    });
    const refused = assert.rejects(report(forking, 1), { code: "EVALUATION_SEED_REPLACED" });
    await subnet.to(start);
    await refused;
    assert.ok(await isNotOnChain(subnet, "vera"));
    assert.equal(vera.journal.value.cycles[1]?.report, undefined);
  });

  it("commits no report that it signed before a restart, and says of one that it committed that it counts for nothing", async (t) => {
    const { subnet, ann, vera } = await opened(t);
    await submit(subnet, { ann });
    const { deciding } = seedBlocks(1, "evaluate", subnet.network);
    const before = { ...vera, participant: forked(vera.participant, deciding, () => false) };
    const reporting = report(before, 1);
    await subnet.to(subnet.window(1, "evaluate").start);
    await subnet.sent("vera", 1);
    await assert.rejects(report(vera, 1), { code: "EVALUATION_SEED_REPLACED" });
    await subnet.to(subnet.node.head.number + 1);
    await reporting;
    await subnet.to(subnet.window(1, "exchange").start - 1);
    const exchanging = exchangeReports(vera, 1);
    await subnet.sent("vera", 2);
    await subnet.to(subnet.node.head.number + 1);
    await exchanging;
    assert.deepEqual(coded(vera), ["error"]);
  });

  const voting = async (t: TestContext, onMeasure?: (subnet: Subnet) => Promise<void>) => {
    const { subnet, ann, vera } = await opened(t);
    await submit(subnet, { ann });
    await commitReports(subnet, { vera: reportOf(subnet, "vera", { entries: [scoredEntry(ann, 0.3)] }) });
    await subnet.to(subnet.window(1, "choose").start);
    const agreed = await agreeOn(vera.participant, 1);
    const forking = onAFork(vera, subnet, "choose", async () => onMeasure?.(subnet));
    return { subnet, vera, voted: vote(forking, 1, agreed) };
  };

  it("measures candidate steps again before it votes", async (t) => {
    const { subnet, vera, voted } = await voting(t);
    await subnet.sent("vera", 3);
    await subnet.to(subnet.node.head.number + 1);
    await voted;
    assert.ok(vera.journal.value.cycles[1]?.ballot);
    assert.deepEqual(coded(vera), ["warn"]);
    const measured = vera.participant.lines.filter(({ message }) => message === "measured steps");
    assert.equal(measured.length, 2);
  });

  it("commits no ballot that it made before a restart by seeds that the chain does not have", async (t) => {
    const { subnet, ann, vera } = await opened(t);
    await submit(subnet, { ann });
    await commitReports(subnet, { vera: reportOf(subnet, "vera", { entries: [scoredEntry(ann, 0.3)] }) });
    await subnet.to(subnet.window(1, "choose").start);
    const agreed = await agreeOn(vera.participant, 1);
    const { deciding } = seedBlocks(1, "choose", subnet.network);
    const leaving = { ...vera.participant, commitOnce: () => Promise.reject(new Error("killed")) };
    const before = { ...vera, participant: forked(leaving, deciding, () => false) };
    await assert.rejects(vote(before, 1, agreed), /killed/);
    await assert.rejects(vote(vera, 1, agreed), { code: "EVALUATION_SEED_REPLACED" });
    assert.equal(vera.journal.value.cycles[1]?.voted, undefined);
  });

  it("does not vote where no time is left", async (t) => {
    let isLate = false;
    const { vera, voted } = await voting(t, async (subnet) => {
      if (!isLate) await subnet.to(subnet.node.head.number + 1);
      isLate = true;
    });
    await assert.rejects(voted, { code: "EVALUATION_SEED_REPLACED" });
    assert.equal(vera.journal.value.cycles[1]?.ballot, undefined);
  });

  /** A checker that has signed checks by a seed which a fork replaces at `replace()`. */
  const checked = async (t: TestContext, run: (checker: TestChecker, sprint: typeof SPRINT) => Promise<unknown>) => {
    const sprint = { ...SPRINT, sample: 4 };
    const subnet = await openSubnet(t, { network: { sprint } });
    const ann = await openSprinter(subnet, "ann");
    const vera = await openChecker(subnet, "vera");
    const evaluate = subnet.window(1, "evaluate");
    const life = runSprint(ann, 1, sprint);
    await subnet.sent("ann", 1);
    await subnet.to(subnet.window(1, "distribute").start);
    await subnet.to(evaluate.start);
    await until(t, () => ann.batches() >= 12);
    await subnet.to(evaluate.end - 2);
    await subnet.sent("ann", 2);
    await subnet.to(evaluate.end - 1);
    await life;
    let isReplaced = false;
    const { deciding } = seedBlocks(1, "sprint-sample", subnet.network);
    const participant = forked(vera.participant, deciding, () => isReplaced);
    const checker = { ...vera, participant };
    const checking = run(checker, sprint);
    await subnet.to(subnet.window(1, "exchange").start);
    await until(t, () => vera.journal.value.cycles[1]?.checks !== undefined);
    const replace = () => {
      isReplaced = true;
    };
    return { subnet, vera, checker, sprint, checking, replace };
  };

  /** Asserts that what is on chain in this block are checks by the sample that the chain draws. */
  const areOfChain = async (subnet: Subnet, { participant, journal }: TestChecker) => {
    const { checks, checksSeed } = journal.value.cycles[1]!;
    assert.equal(checksSeed, await readSprintSeed(subnet, { cycle: 1, purpose: "sprint-sample" }));
    const commitments = await subnet.chain.commitments(NETUID);
    const record = parseRecord(commitments.find(({ hotkey }) => hotkey === participant.signer.address)?.data ?? "");
    assert.ok(record.ok && record.value.type === "checks");
    assert.equal(record.value.checks, checks);
    assert.deepEqual(new Set(coded({ participant }, "SPRINT_SEED_REPLACED")), new Set(["warn"]));
  };

  it("checks proofs again by the sample of the chain", async (t) => {
    const { subnet, vera, checking, replace } = await checked(t, (checker, sprint) =>
      publishChecks(checker, 1, sprint),
    );
    replace();
    const { start } = subnet.window(2, "train");
    await subnet.to(start);
    await subnet.sent("vera", 1);
    await subnet.to(start + 1);
    await checking;
    await areOfChain(subnet, vera);
  });

  it("checks them also where the chain does not answer the first time", async (t) => {
    let isMute = false;
    const { subnet, vera, replace } = await checked(t, (checker) => {
      const { participant } = checker;
      const { chain } = participant;
      const mute: typeof chain.commitments = async (...of) => {
        if (!isMute) return chain.commitments(...of);
        isMute = false;
        throw new BlockZeroError("CHAIN_TIMEOUT", "no answer", "ask again");
      };
      const faltering = { ...participant, chain: { ...chain, commitments: mute } };
      return runChecks({ ...checker, participant: faltering }).catch(() => {});
    });
    replace();
    isMute = true;
    const { start } = subnet.window(2, "train");
    await subnet.to(start);
    await subnet.sent("vera", 1);
    await subnet.to(start + 1);
    await until(t, () => vera.journal.value.cycles[1]?.checked !== undefined);
    assert.ok(vera.participant.lines.some(({ message }) => message.startsWith("not done yet")));
    await areOfChain(subnet, vera);
  });

  it("checks them also where it signed before a restart", async (t) => {
    const leaving = new AbortController();
    const { subnet, vera, checker, sprint, checking, replace } = await checked(t, (before, of) => {
      const participant = { ...before.participant, signal: leaving.signal };
      return publishChecks({ ...before, participant }, 1, of).catch(() => {});
    });
    leaving.abort();
    await checking;
    replace();
    const again = publishChecks(checker, 1, sprint);
    const { start } = subnet.window(2, "train");
    await subnet.to(start);
    await subnet.sent("vera", 1);
    await subnet.to(start + 1);
    await again;
    await areOfChain(subnet, vera);
  });
});
