import assert from "node:assert/strict";
import { it } from "node:test";
import { logVerdicts } from "#miner/sprint/log-verdicts.js";
import { checksHash, signChecks } from "#shared/protocol/checks.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { recordWindow } from "#shared/replay/phase-records.js";
import { onAbort } from "#shared/util/on-abort.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { openSprinter, SPRINT } from "#tests/support/sprint.js";
import { openSubnet, until } from "#tests/support/subnet.js";

const PROOF = "ab".repeat(32);

it("a miner hears what validators said of its proof, whoever of them is silent", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await openSubnet(t, { network: { sprint: SPRINT } });
  const { networkHash, network, location } = subnet;
  const ann = await openSprinter(subnet, "ann");
  const entry = { uid: subnet.uid("ann"), hotkey: subnet.signer("ann").address, proof: PROOF };
  const found = { verdict: "valid", reason: null, detail: null, wins: 1, checked: 1, nonce: null } as const;
  const fields = { network: networkHash, cycle: 1, entries: [{ ...entry, ...found }] };
  const documents = new Map<string, string>();
  for (const name of ["vera", "vito"]) {
    const checks = await signChecks(fields, subnet.signer(name));
    await subnet.store.put(canonicalBytes(checks));
    documents.set(name, checksHash(checks));
  }
  await subnet.to(recordWindow("checks", 1, network).start);
  const head = { type: "checks", network: shortHash(networkHash), cycle: 1, location } as const;
  const records = [...documents].map(([name, checks]) => [name, encodeRecord({ ...head, checks })]);
  await subnet.record(Object.fromEntries(records));

  const { blobs } = ann.participant;
  let isAsked = false;
  let isHere = false;
  const get: typeof blobs.get = async (request) => {
    if (request.hash !== documents.get("vito")) {
      const bytes = await blobs.get(request);
      isHere = true;
      return bytes;
    }
    isAsked = true;
    return new Promise((_, reject) => onAbort(request.signal, () => reject(request.signal.reason)));
  };
  ann.journal.update((value) => ({ ...value, cycles: { 1: { sprint: { difficulty: 1, proof: PROOF } } } }));
  const hearing = logVerdicts({ ...ann, participant: { ...ann.participant, blobs: { ...blobs, get } } }, 1);
  await subnet.to(recordWindow("checks", 1, network).end - 1);
  await until(t, () => isAsked && isHere);
  await subnet.to(subnet.window(2, "evaluate").start);
  await hearing;
  const { fields: said } = ann.participant.lines.find(
    ({ message }) => message === "what validators said of the proof",
  )!;
  assert.deepEqual(said, { cycle: 1, valid: 1, invalid: 0, abstain: 0, validators: 2 });
});
