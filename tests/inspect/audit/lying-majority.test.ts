import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cycleAuditor } from "#inspect/audit/audit-cycle.js";
import { encodeParameters } from "#shared/model/part-parameters.js";
import { loadModel } from "#shared/participant/agreement/base-model.js";
import { canonicalBytes } from "#shared/protocol/hash-json.js";
import { modelHash } from "#shared/protocol/model-manifest.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { openSubnet as openAudited } from "#shared/subnet/open-subnet.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { collectingLog } from "#tests/shared/chain/support.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { localnetHome } from "#tests/support/localnet-home.js";
import { publishReports, reportOf, scoredEntry } from "#tests/support/reports.js";
import { openSubnet } from "#tests/support/subnet.js";
import { forge, noiseUpdate, submit } from "#tests/support/updates.js";
import { agreeOn, mergeCycle } from "#validator/merge/merge-cycle.js";

describe("an audit of a majority that lies", { timeout: HANG_GUARD }, () => {
  it("names the element that was changed, the seed that was chosen and the update that should not have been scored", async (t) => {
    const subnet = await openSubnet(t, { validators: { vera: 2000, vito: 2000, vlad: 2000 } });
    const vera = await subnet.join("vera");
    const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
    const bob = forge(subnet, { miner: "bob", tensors: noiseUpdate(subnet, "bob", 5) });
    await submit(subnet, { ann, bob });
    // Bob's update is longer than the gates allow; it was scored all the same, if with nothing.
    const entries = [scoredEntry(ann, 0.3), scoredEntry(bob, 0)];
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries }),
      vito: reportOf(subnet, "vito", { entries }),
      // He chose his batches, and they say that they hold his report.
      vlad: reportOf(subnet, "vlad", { entries: [scoredEntry(ann, 7)], seeds: { math: "5".repeat(64) } }),
    });
    const honest = await mergeCycle(vera, 1, await agreeOn(vera, 1));
    const { weights } = (await loadModel(vera, honest.hash)).groups.get("math")!;
    const [name] = Object.keys(weights).sort();
    const changed = weights[name!]!.data.slice();
    changed[7] = changed[7]! + 1;
    const lie = encodeParameters({ ...weights, [name!]: { ...weights[name!]!, data: changed } });
    const { parts } = honest.manifest;
    const manifest = {
      ...honest.manifest,
      parts: {
        ...parts,
        groups: {
          ...parts.groups,
          math: { ...parts.groups.math!, weights: { hash: lie.hash, bytes: lie.bytes.length } },
        },
      },
    };
    await subnet.store.put(lie.bytes);
    await subnet.store.put(canonicalBytes(manifest));
    const model = modelHash(manifest);
    const record = encodeRecord({
      type: "model",
      network: shortHash(subnet.networkHash),
      cycle: 1,
      model,
      location: subnet.location,
    });
    await subnet.record({ vera: record, vito: record });
    await subnet.to(subnet.window(2, "distribute").end);

    const home = temporaryFolder(t);
    localnetHome(subnet, home);
    const audited = await openAudited({
      home,
      chain: undefined,
      netuid: undefined,
      allowPrivateAddresses: false,
      log: collectingLog().log,
      signal: t.signal,
    });
    t.after(() => audited.close());
    const found = await cycleAuditor(audited)(1);
    assert.deepEqual([found.result, found.agreed, found.recomputed], ["diverges", model, honest.hash]);
    const { validator } = reportOf(subnet, "vera");
    for (const problem of [
      `group math differs in tensor "${name}" at index 7 `,
      `report of ${subnet.signer("vlad").address} does not count, though most of the stake says that it holds it: its evaluation seed of group "math" is 5555`,
      `report of ${validator} on uid ${subnet.uid("bob")}: it was scored, but the gates reject it: norm`,
    ])
      assert.ok(
        found.divergences.some((what) => what.includes(problem)),
        `${problem} is not in ${found.divergences.join("; ")}`,
      );
  });
});
