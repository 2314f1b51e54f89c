import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openFindings } from "#inspect/audit/findings.js";
import { manifestReader } from "#inspect/audit/manifest-reader.js";
import { noteEarlier } from "#inspect/audit/note-earlier.js";
import { readGateBase, regate } from "#inspect/audit/read-cycle.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { lookAt } from "#tests/support/look-at.js";
import { reportOf, scoredEntry } from "#tests/support/reports.js";
import { openSubnet } from "#tests/support/subnet.js";
import { forge, noiseUpdate, submit } from "#tests/support/updates.js";

describe("an audit of a cycle whose base stayed", { timeout: HANG_GUARD }, () => {
  it("notes who scored what had been revealed, and what it cannot look for", async (t) => {
    const subnet = await openSubnet(t, { miners: ["ann", "bob", "cat"] });
    const tensors = noiseUpdate(subnet, "ann", 0.01);
    await submit(subnet, { ann: forge(subnet, { miner: "ann", tensors }) });
    const again = {
      bob: forge(subnet, { miner: "bob", tensors, cycle: 2 }),
      cat: forge(subnet, { miner: "cat", tensors: noiseUpdate(subnet, "cat", 0.01), cycle: 2 }),
    };
    await submit(subnet, again, 2);
    await subnet.to(subnet.window(2, "evaluate").start);
    const { source } = await lookAt(t, subnet);
    const manifestOf = manifestReader(source);
    const base = { hash: subnet.modelHash, manifest: await manifestOf(subnet.modelHash) };
    const regated = await regate(source, 2, await readGateBase(source, base, openFindings(2)));
    const entries = Object.values(again).map((forged) => scoredEntry(forged, 0.1));
    const reports = [reportOf(subnet, "vera", { entries, cycle: 2 })];

    const findings = openFindings(2);
    await noteEarlier({ source, cycle: 2, manifestOf }, base.hash, { regated, reports }, findings);
    const { notes } = findings.finish();
    const [vera, ann] = ["vera", "ann"].map((name) => subnet.signer(name).address);
    assert.deepEqual(notes, [
      `report of ${vera} scored uid ${subnet.uid("bob")}, whose tensors ${ann} had revealed in cycle 1`,
    ]);

    const blind = openFindings(2);
    const gone = async () => {
      throw new BlockZeroError("STATE_DISCARDED", "the node no longer has that state", "ask an archive node");
    };
    const forgetful = { ...source, chain: { ...source.chain, commitments: gone } };
    await noteEarlier({ source: forgetful, cycle: 2, manifestOf }, base.hash, { regated, reports }, blind);
    assert.deepEqual(blind.finish().notes, [
      "updates of earlier cycles cannot be had: copies of them are not looked for",
    ]);
  });
});
