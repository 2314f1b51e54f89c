import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { auditSprint } from "#inspect/audit/audit-sprint.js";
import { openFindings } from "#inspect/audit/findings.js";
import { runSprint } from "#miner/sprint/run-sprint.js";
import { readSprint } from "#shared/compute/read-sprint.js";
import { openRecomputer } from "#shared/compute/recomputer.js";
import { mark } from "#shared/participant/writes/journal.js";
import { checksHash, parseChecks, signChecks } from "#shared/protocol/checks.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, parseRecord, shortHash } from "#shared/protocol/records.js";
import { parseWinners } from "#shared/sprint/proof/winners.js";
import { checkProofs } from "#validator/sprint/check-proofs.js";
import { holdChecks } from "#validator/sprint/hold-checks.js";
import { knownGate } from "#validator/sprint/known-gate.js";
import { publishChecks } from "#validator/sprint/publish-checks.js";
import { settleSprint } from "#validator/sprint/settle-sprint.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { lookAt } from "../support/look-at.js";
import { NETUID } from "../support/micro-network.js";
import { openChecker, openSprinter, SPRINT, type TestChecker, type TestSprinter } from "../support/sprint.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";
import { device } from "../support/updates.js";

const BATCHES = 12;

const recordOf = async ({ chain }: Subnet, { participant }: TestSprinter | TestChecker) => {
  const commitments = await chain.commitments(NETUID);
  const parsed = parseRecord(commitments.find(({ hotkey }) => hotkey === participant.signer.address)?.data ?? "");
  assert.ok(parsed.ok);
  return parsed.value;
};

const proofOf = ({ journal }: TestSprinter): string => journal.value.cycles[1]!.sprint!.proof!;

/** The nonces that a miner claims. */
const winsOf = async (miner: TestSprinter): Promise<readonly number[]> => {
  const { blobs, signal } = miner.participant;
  const bytes = await blobs.get({ hash: proofOf(miner), maxBytes: 1 << 20, locations: [], signal });
  const parsed = parseWinners(bytes);
  assert.ok(parsed.ok);
  return parsed.value.wins;
};

/** Lives through the miners' part of the Sprint of cycle 1; the head is then the last block of the evaluate phase. */
const sprinted = async (
  t: Parameters<typeof until>[0],
  subnet: Subnet,
  miners: Readonly<Record<string, TestSprinter>>,
) => {
  const lives = Object.values(miners).map((miner) => runSprint(miner, 1, SPRINT));
  const names = Object.keys(miners);
  const evaluate = subnet.window(1, "evaluate");
  for (const name of names) await subnet.sent(name, 1);
  await subnet.to(subnet.window(1, "distribute").start);
  await subnet.to(evaluate.start);
  await until(t, () => Object.values(miners).every(({ batches }) => batches() >= BATCHES));
  await subnet.to(evaluate.end - 2);
  for (const name of names) await subnet.sent(name, 2);
  await subnet.to(evaluate.end - 1);
  await Promise.all(lives);
};

/** Both validators check and settle the Sprint; the head is then at the end of the reveal phase of cycle 2. */
const settled = async (
  t: Parameters<typeof until>[0],
  subnet: Subnet,
  validators: Readonly<Record<string, TestChecker>>,
  served: readonly string[],
) => {
  const [exchange, train] = [subnet.window(1, "exchange"), subnet.window(2, "train")];
  const checking = Object.values(validators).filter(({ journal }) => journal.value.cycles[1]?.checks === undefined);
  const checks = Object.values(validators).map((validator) => publishChecks(validator, 1, SPRINT));
  await subnet.to(exchange.start);
  const hasAll = async ({ participant: { blobs, signal } }: TestChecker) => {
    const has = served.map((hash) => blobs.get({ hash, maxBytes: 1 << 20, locations: [], signal }));
    return (await Promise.allSettled(has)).every(({ status }) => status === "fulfilled");
  };
  for (const validator of checking) await until(t, () => hasAll(validator));
  // Who cannot be reached is asked until the train phase begins.
  for (let block = exchange.start + 1; block <= train.start; block++) await subnet.to(block);
  await until(t, () => Object.values(validators).every(({ journal }) => journal.value.cycles[1]?.checks !== undefined));
  for (const name of Object.keys(validators)) await subnet.sent(name, 1);
  await subnet.to(train.start + 1);
  await Promise.all(checks);
  const isGiven = ({ participant, journal }: TestChecker) =>
    participant.embargo.isLifted(journal.value.cycles[1]!.checks!);
  await subnet.to(train.end - 2);
  assert.ok(!checking.some(isGiven), "who checked nothing could commit a copy");
  await subnet.to(train.end - 1);
  assert.ok(checking.every(isGiven));
  const holds = Object.values(validators).map((validator) => holdChecks(validator, 1));
  const reveal = subnet.window(2, "reveal");
  await subnet.to(reveal.start);
  for (const name of Object.keys(validators)) await subnet.sent(name, 2);
  await subnet.to(reveal.end - 1);
  await Promise.all(holds);
  const deadline = reveal.end + 1;
  await Promise.all(
    Object.values(validators).map((validator) => settleSprint(validator, { cycle: 1, sprint: SPRINT, deadline })),
  );
};

describe("a Sprint", { timeout: HANG_GUARD }, () => {
  it("is entered, proven, checked and settled on chain: a padder is caught by the nonce, who is silent has shown nothing", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT }, miners: ["ann", "bob", "eve", "pat"] });
    const ann = await openSprinter(subnet, "ann");
    const bob = await openSprinter(subnet, "bob");
    const pat = await openSprinter(subnet, "pat", { behaviour: "padder" });
    const eve = await openSprinter(subnet, "eve", { "compute.max_share": 0.5 });
    const vera = await openChecker(subnet, "vera");
    const vito = await openChecker(subnet, "vito");
    await sprinted(t, subnet, { ann, bob, eve, pat });
    const proof = await recordOf(subnet, ann);
    assert.ok(proof.type === "sprint" && proof.wins > 50 && proof.nonces > proof.wins, JSON.stringify(proof));
    // Bob's proof is nowhere to be had.
    await bob.participant.leave();
    await settled(t, subnet, { vera, vito }, [ann, eve, pat].map(proofOf));

    const source = (await lookAt(t, subnet)).source;
    const recomputer = openRecomputer(subnet, {
      sprint: SPRINT,
      cycle: 1,
      arithmetic: async () => ({ device, threads: 1 }),
    });
    t.after(recomputer.dispose);
    const { outcomes, isWhole, proofs, validators } = await readSprint(source, {
      cycle: 1,
      sprint: SPRINT,
      recomputer,
    });
    assert.ok(isWhole, JSON.stringify(validators.map(({ problem }) => problem)));
    const of = (name: string) => outcomes.find(({ hotkey }) => hotkey === subnet.signer(name).address)!;
    assert.deepEqual(
      ["ann", "bob", "eve", "pat"].map((name) => of(name).outcome),
      ["valid", "withheld", "valid", "invalid"],
    );
    const { nonce } = of("pat");
    const padder = proofs.find(({ hotkey }) => hotkey === subnet.signer("pat").address)!;
    assert.deepEqual(await recomputer.losers(padder, [nonce!]), [nonce]);
    assert.equal(of("ann").measured, of("ann").wins * of("ann").difficulty);
    for (const validator of [vera, vito]) {
      const kept = validator.journal.value.sprints[0]!;
      assert.deepEqual(
        kept.outcomes,
        outcomes.map(({ uid, hotkey, outcome, measured, low, high }) => ({
          uid,
          hotkey,
          outcome,
          measured,
          low,
          high,
        })),
      );
      const gate = (await knownGate(validator, 2))!;
      const address = (name: string) => subnet.signer(name).address;
      assert.equal(gate(address("ann")), Math.min(1, of("ann").measured / 1000));
      assert.deepEqual([gate(address("bob")), gate(address("pat"))], [0, 0]);
      assert.equal(await knownGate(validator, 1), undefined);
    }
    const { checks } = { checks: vera.journal.value.cycles[1]!.checks! };
    const { blobs, signal } = vera.participant;
    const parsed = parseChecks(await blobs.get({ hash: checks, maxBytes: 1 << 20, locations: [], signal }));
    assert.ok(parsed.ok);
    assert.deepEqual(
      parsed.value.entries.map(({ verdict, reason }) => `${verdict} ${reason}`),
      ["valid null", "abstain unreachable", "valid null", "invalid no_win"],
    );
  });

  it("has a proof of garbage settled as invalid, and no second proof after a restart", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
    const ann = await openSprinter(subnet, "ann");
    const bob = await subnet.join("bob");
    const vera = await openChecker(subnet, "vera");
    const vito = await openChecker(subnet, "vito");
    const garbage = Buffer.from("no proof");
    await bob.blobs.put(garbage);
    const head = { network: shortHash(subnet.networkHash), cycle: 1, location: bob.location };
    const lives = runSprint(ann, 1, SPRINT);
    await subnet.sent("ann", 1);
    await subnet.record({ bob: encodeRecord({ type: "enter", ...head, difficulty: 8 }) });
    const evaluate = subnet.window(1, "evaluate");
    await subnet.to(evaluate.start);
    await until(t, () => ann.batches() >= BATCHES);
    await subnet.to(evaluate.end - 2);
    await subnet.sent("ann", 2);
    const fake = { proof: sha256(garbage), wins: 3, nonces: 40 };
    await subnet.record({ bob: encodeRecord({ type: "sprint", ...head, ...fake }) });
    await lives;
    const before = await recordOf(subnet, ann);
    const computed = ann.batches();
    // It starts again: nothing is computed or written a second time.
    await runSprint(ann, 1, SPRINT);
    assert.deepEqual([await recordOf(subnet, ann), ann.batches()], [before, computed]);

    await settled(t, subnet, { vera, vito }, [proofOf(ann), sha256(garbage)]);
    const recomputer = openRecomputer(subnet, {
      sprint: SPRINT,
      cycle: 1,
      arithmetic: async () => ({ device, threads: 1 }),
    });
    t.after(recomputer.dispose);
    const { source } = await lookAt(t, subnet);
    const { outcomes, validators } = await readSprint(source, { cycle: 1, sprint: SPRINT, recomputer });
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ["valid", "invalid"],
      JSON.stringify(validators.map(({ checks, problem }) => ({ checks, problem }))),
    );
    assert.match(outcomes[1]!.fault!, /JSON|bytes/);
  });

  it("is not settled by a validator's lies, and an audit names who lied", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT }, validators: { vera: 3000, vito: 2000 } });
    const ann = await openSprinter(subnet, "ann");
    const bob = await openSprinter(subnet, "bob", { behaviour: "padder" });
    const vera = await openChecker(subnet, "vera");
    const vito = await openChecker(subnet, "vito");
    await sprinted(t, subnet, { ann, bob });
    const entries = [ann, bob].map(({ participant, journal }, at) => {
      const { proof, wins } = journal.value.cycles[1]!.sprint!;
      const of = { uid: subnet.uid(["ann", "bob"][at]!), hotkey: participant.signer.address, proof: proof! };
      return { ...of, detail: null, wins: wins!, checked: Math.min(SPRINT.sample, wins!) };
    });
    const nonce = (await winsOf(ann))[0]!;
    const lies = await signChecks(
      {
        network: subnet.networkHash,
        cycle: 1,
        entries: [
          { ...entries[0]!, verdict: "invalid", reason: "no_win", nonce },
          { ...entries[1]!, verdict: "valid", reason: null, nonce: null },
        ],
      },
      subnet.signer("vito"),
    );
    await vito.participant.blobs.put(canonicalBytes(lies));
    mark(vito, 1, { checks: checksHash(lies) });
    await settled(t, subnet, { vera, vito }, [ann, bob].map(proofOf));

    const recomputer = openRecomputer(subnet, {
      sprint: SPRINT,
      cycle: 1,
      arithmetic: async () => ({ device, threads: 1 }),
    });
    t.after(recomputer.dispose);
    const { source, head } = await lookAt(t, subnet);
    const { outcomes } = await readSprint(source, { cycle: 1, sprint: SPRINT, recomputer });
    assert.deepEqual(
      outcomes.map(({ outcome }) => outcome),
      ["valid", "invalid"],
    );
    const findings = openFindings(1);
    await auditSprint(source, { cycle: 1, head }, findings);
    const { divergences, notes } = findings.finish();
    assert.equal(divergences.length, 2, JSON.stringify(notes));
    assert.match(
      divergences[0]!,
      new RegExp(`^checks of ${vito.participant.signer.address} on uid 3: .* nonce ${nonce}, which wins$`),
    );
    assert.match(divergences[1]!, /on uid 4: it is called valid, but nonce \d+ of the sample does not win$/);
  });

  it("is abstained on by a validator that comes too late to recompute, which says so", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
    const ann = await openSprinter(subnet, "ann");
    const vera = await openChecker(subnet, "vera");
    await sprinted(t, subnet, { ann });
    await subnet.to(subnet.window(2, "train").end - 2);
    const recomputer = { portion: 1, losers: () => assert.fail("recomputed without time") };
    const { entries } = await checkProofs({ participant: vera.participant, cycle: 1, sprint: SPRINT, recomputer });
    const wins = (await winsOf(ann)).length;
    assert.deepEqual(
      entries.map(({ verdict, reason, checked, detail }) => ({ verdict, reason, checked, detail })),
      [
        {
          verdict: "abstain",
          reason: "no_time",
          checked: 0,
          detail: `0 of ${Math.min(SPRINT.sample, wins)} wins recomputed`,
        },
      ],
    );
  });

  it("is not entered outside of the operator's limits", async (t) => {
    const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
    const ann = await openSprinter(subnet, "ann", { "compute.max_share": 0 });
    await runSprint(ann, 1, SPRINT);
    assert.equal(ann.journal.value.cycles[1], undefined);
    assert.ok(
      ann.participant.lines.some(
        ({ message, fields }) => message === "no Sprint" && fields?.reason === "compute.max_share is 0",
      ),
    );
  });
});
