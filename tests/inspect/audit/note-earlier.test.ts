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
    const former = forge(subnet, { miner: "ann", tensors, cycle: 2 });
    await submit(subnet, { ann: former }, 2);
    const again = {
      bob: forge(subnet, { miner: "bob", tensors, cycle: 3 }),
      cat: forge(subnet, { miner: "cat", tensors: noiseUpdate(subnet, "cat", 0.01), cycle: 3 }),
    };
    await submit(subnet, again, 3);
    await subnet.to(subnet.window(3, "evaluate").start);
    const { source } = await lookAt(t, subnet);
    const manifestOf = manifestReader(source);
    const base = { hash: subnet.modelHash, manifest: await manifestOf(subnet.modelHash) };
    const regated = await regate(source, 3, await readGateBase(source, base, openFindings(3)));
    const entries = Object.values(again).map((forged) => scoredEntry(forged, 0.1));
    const reports = [reportOf(subnet, "vera", { entries, cycle: 3 })];

    const findings = openFindings(3);
    await noteEarlier({ source, cycle: 3, manifestOf }, base.hash, { regated, reports }, findings);
    const { notes } = findings.finish();
    const [vera, ann] = ["vera", "ann"].map((name) => subnet.signer(name).address);
    assert.deepEqual(notes, [
      `report of ${vera} scored uid ${subnet.uid("bob")}, whose tensors ${ann} had revealed in cycle 2`,
    ]);

    // The node has discarded the states up to a block, and then those of all cycles before this one.
    const { chain } = source;
    const notedBy = async (changed: Partial<typeof source>, what = regated) => {
      const some = openFindings(3);
      await noteEarlier(
        { source: { ...source, ...changed }, cycle: 3, manifestOf },
        base.hash,
        { regated: what, reports },
        some,
      );
      return some.finish().notes;
    };
    const knownFrom = (first: number) => {
      const commitments: typeof chain.commitments = async (...asked) => {
        if (asked[1] !== undefined && asked[1] < first)
          throw new BlockZeroError("STATE_DISCARDED", "the node no longer has that state", "ask an archive node");
        return chain.commitments(...asked);
      };
      return { chain: { ...chain, commitments } };
    };
    const gone = "updates of some earlier cycles cannot be had: copies of them are not looked for";
    assert.deepEqual(await notedBy(knownFrom(subnet.window(2, "train").start)), [gone, ...notes]);
    assert.deepEqual(await notedBy(knownFrom(subnet.window(3, "train").start)), [gone]);
    const fetch: typeof source.fetch = async (file) => {
      if (file.hash === former.artifact) throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask sooner");
      return source.fetch(file);
    };
    assert.deepEqual(await notedBy({ fetch }), [gone]);
    assert.deepEqual(await notedBy({ fetch }, []), [], "nothing was submitted that may be a copy");
  });
});
