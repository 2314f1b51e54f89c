import assert from "node:assert/strict";
import { it } from "node:test";
import { runDuties } from "#miner/duty/duties.js";
import { publishDuty } from "#miner/duty/publish-duty.js";
import { type CheckEntry, checksHash, signChecks } from "#shared/protocol/checks.js";
import { sha256 } from "#shared/protocol/hash.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { sprintSchema, withDuty } from "#shared/protocol/sprint.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { openSprinter } from "../support/sprint.js";
import { openSubnet, type Subnet, until } from "../support/subnet.js";

const EVERY = 5;
const SPRINT = sprintSchema.parse({ every: EVERY, dials: "tiny", duty: { tasks: 1 } });

/** Ann commits to a proof in the Sprint of a cycle, and both validators call it valid. Returns the hashes of their checks, which the owner serves. */
const confirmAnn = async (subnet: Subnet, cycle: number): Promise<readonly string[]> => {
  const network = shortHash(subnet.networkHash);
  const head = { network, cycle, location: subnet.location };
  const proof = sha256(Buffer.from("a proof"));
  await subnet.to(subnet.window(cycle, "distribute").start - 1);
  await subnet.record({ ann: encodeRecord({ type: "enter", ...head, difficulty: 8 }) });
  await subnet.to(subnet.window(cycle, "evaluate").start - 1);
  await subnet.record({ ann: encodeRecord({ type: "sprint", ...head, proof, wins: 100, nonces: 800 }) });
  await subnet.to(subnet.window(cycle + 1, "train").start - 1);
  const entry: CheckEntry = {
    ...{ uid: subnet.uid("ann"), hotkey: subnet.signer("ann").address, proof, verdict: "valid" },
    ...{ reason: null, detail: null, wins: 100, checked: 100, nonce: null },
  };
  const documents: Record<string, string> = {};
  for (const validator of subnet.validators) {
    const checks = await signChecks({ network: subnet.networkHash, cycle, entries: [entry] }, subnet.signer(validator));
    await subnet.store.put(canonicalBytes(checks));
    documents[validator] = checksHash(checks);
  }
  const records = Object.entries(documents).map(([name, checks]) => {
    return [name, encodeRecord({ type: "checks", ...head, checks })] as const;
  });
  await subnet.record(Object.fromEntries(records));
  await subnet.to(subnet.window(cycle + 1, "reveal").start);
  const held = encodeRecord({ type: "checksheld", network, cycle, held: [0, 1] });
  await subnet.record(Object.fromEntries(subnet.validators.map((name) => [name, held])));
  return Object.values(documents);
};

it("a miner knows that it is a member once nobody serves what its Sprint was settled by, also after a restart", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
  const documents = await confirmAnn(subnet, EVERY);
  const ann = await openSprinter(subnet, "ann");
  const life = runDuties(ann);
  life.catch(() => {});
  await subnet.to(subnet.window(EVERY + 1, "evaluate").start - 1);
  await until(t, () => ann.journal.value.sprints.length > 0);
  await ann.participant.leave();
  await assert.rejects(life);

  for (const hash of documents) await subnet.store.delete(hash);
  const again = await openSprinter(subnet, "ann");
  for (const cycle of [EVERY + 1, 2 * EVERY]) await again.participant.blobs.turn(cycle);
  await subnet.to(subnet.window(2 * EVERY, "exchange").start);
  const duty = publishDuty(again, 2 * EVERY, withDuty(SPRINT)!);
  duty.catch(() => {});
  await until(t, () => again.participant.lines.some(({ message }) => /^did duty|^no duty/.test(message)));
  assert.notEqual(again.journal.value.cycles[2 * EVERY]?.duty?.document, undefined);
  await again.participant.leave();
  await assert.rejects(duty);
});
