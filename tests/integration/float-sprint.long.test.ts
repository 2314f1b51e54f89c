import assert from "node:assert/strict";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { auditSprint } from "#inspect/audit/audit-sprint.js";
import { openFindings } from "#inspect/audit/findings.js";
import { sprintFacts } from "#inspect/explain/explain-sprint.js";
import { sprintSentences } from "#inspect/explain/sprint-sentences.js";
import { NONCES_FILE } from "#miner/sprint/prove-nonces.js";
import { runSprint } from "#miner/sprint/run-sprint.js";
import { readPayWindow } from "#shared/compute/read-pay-window.js";
import { mark } from "#shared/participant/writes/journal.js";
import { type CheckEntry, checksHash, parseChecks, signChecks } from "#shared/protocol/checks.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { prefixWindows } from "#shared/protocol/prefix-windows.js";
import { parseNoncesFile } from "#shared/sprint/proof/nonces-file.js";
import { holdChecks } from "#validator/sprint/hold-checks.js";
import { knownGate } from "#validator/sprint/known-gate.js";
import { publishChecks } from "#validator/sprint/publish-checks.js";
import { settleSprint } from "#validator/sprint/settle-sprint.js";
import { coded } from "../support/coded.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { lookAt } from "../support/look-at.js";
import {
  FLOAT_PHASES,
  FLOAT_SPRINT,
  openChecker,
  openSprinter,
  type TestChecker,
  type TestSprinter,
} from "../support/sprint.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";

const NETWORK = { sprint: FLOAT_SPRINT, phases: FLOAT_PHASES };
type Test = Parameters<typeof until>[0];

/** Batches that are computed at least before each record: more than a leaf of the tree each time. */
const BATCHES = [8, 16, 24] as const;

/** The last blocks before those that hold the two records and the proof's. */
const recordBlocks = ({ network, window }: Subnet): readonly [number, number, number] => {
  const [first, second] = prefixWindows(1, network);
  return [first.end - 3, second.end - 3, window(1, "evaluate").end - 2];
};

const entryOf = ({ journal }: TestSprinter) => journal.value.cycles[1]!.sprint!;

/** Lives through the miners' part of the Sprint of cycle 1; the head is then the last block of the evaluate phase. */
const sprinted = async (t: Test, subnet: Subnet, miners: Readonly<Record<string, TestSprinter>>): Promise<void> => {
  const lives = Object.values(miners).map((miner) => runSprint(miner, 1, FLOAT_SPRINT));
  const names = Object.keys(miners);
  for (const name of names) await subnet.sent(name, 1);
  await subnet.to(subnet.window(1, "distribute").start);
  await subnet.to(subnet.window(1, "evaluate").start);
  for (const [at, block] of recordBlocks(subnet).entries()) {
    await until(t, () => Object.values(miners).every(({ batches }) => batches() >= BATCHES[at]!));
    await subnet.to(block);
    for (const name of names) await subnet.sent(name, at + 2);
    await subnet.to(block + 1);
  }
  await Promise.all(lives);
};

/** The validators check and settle the Sprint; the head is then at the end of the reveal phase of cycle 2. */
const settled = async (t: Test, subnet: Subnet, validators: Readonly<Record<string, TestChecker>>): Promise<void> => {
  const [exchange, train] = [subnet.window(1, "exchange"), subnet.window(2, "train")];
  const checks = Object.values(validators).map((validator) => publishChecks(validator, 1, FLOAT_SPRINT));
  await subnet.to(exchange.start);
  await until(t, () => Object.values(validators).every(({ journal }) => journal.value.cycles[1]?.checks !== undefined));
  await subnet.to(train.start);
  for (const name of Object.keys(validators)) await subnet.sent(name, 1);
  await subnet.to(train.start + 1);
  await Promise.all(checks);
  const holds = Object.values(validators).map((validator) => holdChecks(validator, 1));
  const reveal = subnet.window(2, "reveal");
  await subnet.to(reveal.start);
  for (const name of Object.keys(validators)) await subnet.sent(name, 2);
  await subnet.to(reveal.end - 1);
  await Promise.all(holds);
  const due = { cycle: 1, sprint: FLOAT_SPRINT, deadline: reveal.end + 1 };
  await Promise.all(Object.values(validators).map((validator) => settleSprint(validator, due)));
};

/** A validator says of these proofs what it likes. */
const says = async (
  subnet: Subnet,
  validator: TestChecker,
  entries: readonly (Pick<CheckEntry, "verdict" | "reason" | "checked" | "nonce"> & { readonly of: string })[],
  miners: Readonly<Record<string, TestSprinter>>,
): Promise<void> => {
  const said = entries.map(({ of, ...entry }) => {
    const { proof, nonces } = entryOf(miners[of]!);
    return {
      uid: subnet.uid(of),
      hotkey: subnet.signer(of).address,
      proof: proof!,
      detail: null,
      wins: nonces!,
      ...entry,
    };
  });
  const checks = await signChecks(
    { network: subnet.networkHash, cycle: 1, entries: said },
    validator.participant.signer,
  );
  await validator.participant.blobs.put(canonicalBytes(checks));
  mark(validator, 1, { checks: checksHash(checks) });
};

describe("a Sprint of the float profile", { timeout: HANG_GUARD }, () => {
  it("is settled by votes: a padder is caught by samples, a vote against a rival and an abstention decide nothing", async (t) => {
    const subnet = await openSubnet(t, {
      network: NETWORK,
      validators: { vera: 5000, vito: 2500, vlad: 1500 },
      miners: ["ann", "pat"],
    });
    const miners = {
      ann: await openSprinter(subnet, "ann"),
      pat: await openSprinter(subnet, "pat", { behaviour: "padder" }),
    };
    const [vera, vito, vlad] = [
      await openChecker(subnet, "vera"),
      await openChecker(subnet, "vito"),
      await openChecker(subnet, "vlad"),
    ];
    await sprinted(t, subnet, miners);
    const { nonces } = entryOf(miners.ann);
    assert.ok(nonces! >= 64 * BATCHES[2], `${nonces}`);
    // Vito votes against Ann, and rightly against Pat; Vlad had no time.
    const against = { verdict: "invalid", reason: "mismatch", checked: 64, nonce: 3 } as const;
    await says(
      subnet,
      vito,
      [
        { of: "ann", ...against },
        { of: "pat", ...against },
      ],
      miners,
    );
    const late = { verdict: "abstain", reason: "no_time", checked: 0, nonce: null } as const;
    await says(
      subnet,
      vlad,
      [
        { of: "ann", ...late },
        { of: "pat", ...late },
      ],
      miners,
    );
    await settled(t, subnet, { vera, vito, vlad });

    const { source, head } = await lookAt(t, subnet);
    const window = await readPayWindow(source, 2, { arithmetic: () => assert.fail("nothing is recomputed to settle") });
    const { outcomes, isWhole } = window.results[0]!;
    assert.ok(isWhole);
    assert.deepEqual(
      outcomes.map(({ outcome, nonce }) => [outcome, nonce]),
      [
        ["valid", null],
        ["invalid", null],
      ],
    );
    assert.deepEqual(
      [outcomes[0]!.measured, outcomes[0]!.low, outcomes[0]!.high],
      [nonces, Math.floor(0.95 * nonces!), nonces],
    );
    for (const validator of [vera, vito, vlad]) {
      const gate = (await knownGate(validator, 2))!;
      const parts = ["ann", "pat"].map((name) => gate(subnet.signer(name).address));
      assert.deepEqual(parts, [Math.min(1, nonces! / 1000), 0]);
    }

    const { blobs, signal } = vera.participant;
    const hash = vera.journal.value.cycles[1]!.checks!;
    const parsed = parseChecks(await blobs.get({ hash, maxBytes: 1 << 20, locations: [], signal }));
    assert.ok(parsed.ok);
    const [onAnn, onPat] = parsed.value.entries;
    assert.deepEqual([onAnn!.verdict, onAnn!.wins, onAnn!.checked], ["valid", nonces, 198]);
    assert.equal(onPat!.verdict, "invalid");

    const findings = openFindings(1);
    await auditSprint(source, { cycle: 1, head }, findings);
    const { divergences, notes } = findings.finish();
    const lies = divergences.filter((one) => one.includes("called invalid, but every nonce of its sample agrees here"));
    assert.equal(lies.length, 1, JSON.stringify({ divergences, notes }));
    assert.match(lies[0]!, new RegExp(`^checks of ${subnet.signer("vito").address} on uid ${subnet.uid("ann")}: `));
    assert.ok(
      notes.some((note) => note.includes(`uid ${subnet.uid("pat")} is invalid`)),
      JSON.stringify(notes),
    );

    const said = (name: string) =>
      sprintSentences(
        sprintFacts(source.network, window, { uid: subnet.uid(name), hotkey: subnet.signer(name).address }),
      ).join("\n");
    assert.match(said("ann"), new RegExp(`all ${nonces} count, of which at least`));
    assert.match(said("ann"), /valid, all 198 nonces of its sample recomputed/);
    assert.match(said("ann"), /invalid \(mismatch\)/);
    assert.match(said("pat"), /It is invalid: .*\n?.*0\.0 % of its pay/);
  });

  it("goes on after a restart from what was on disk, and has no proof where that is lost", async (t) => {
    const subnet = await openSubnet(t, { network: NETWORK });
    const [ann, bob] = [await openSprinter(subnet, "ann"), await openSprinter(subnet, "bob")];
    const lives = [ann, bob].map((miner) => runSprint(miner, 1, FLOAT_SPRINT));
    for (const life of lives) life.catch(() => {});
    const both = async (total: number) => {
      for (const name of ["ann", "bob"]) await subnet.sent(name, total);
    };
    await both(1);
    await subnet.to(subnet.window(1, "distribute").start);
    await subnet.to(subnet.window(1, "evaluate").start);
    const [first, second, last] = recordBlocks(subnet);
    for (const [at, block] of [first, second].entries()) {
      await until(t, () => [ann, bob].every(({ batches }) => batches() >= BATCHES[at]!));
      await subnet.to(block);
      await both(at + 2);
      await subnet.to(block + 1);
      await until(t, () => [ann, bob].every((miner) => entryOf(miner).recorded === at + 1));
    }
    for (const { participant } of [ann, bob]) await participant.leave();
    await Promise.allSettled(lives);
    const path = (miner: TestSprinter) => join(miner.participant.home, NONCES_FILE);
    rmSync(path(bob));
    await subnet.to(last);
    const [again, lost] = [await openSprinter(subnet, "ann"), await openSprinter(subnet, "bob")];
    const proves = runSprint(again, 1, FLOAT_SPRINT);
    await assert.rejects(runSprint(lost, 1, FLOAT_SPRINT), coded("SPRINT_NONCES_LOST", /0 nonces are here/));
    await subnet.sent("ann", 4);
    await subnet.to(last + 1);
    await proves;
    const { proof, nonces, prefixes } = entryOf(again);
    assert.ok(nonces! >= 64 * BATCHES[1] && nonces! >= prefixes![1]!.nonces, `${nonces}`);
    const { blobs, signal } = again.participant;
    const file = parseNoncesFile(await blobs.get({ hash: proof!, maxBytes: 1 << 20, locations: [], signal }));
    assert.ok(file.ok && file.value.nonces === nonces);
    assert.ok(!existsSync(path(again)));
  });
});
