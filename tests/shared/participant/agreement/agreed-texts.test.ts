import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { groupHeldOutBatches } from "#datasets/group-data.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { sha256 } from "#shared/protocol/hash.js";
import { networkBytes, networkHash } from "#shared/protocol/network.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { openSubnet } from "#tests/support/subnet.js";
import { temporaryFolder } from "../../artifact/temporary.js";

const pages = (word: string): string =>
  Array.from({ length: 40 }, (_, i) => `${JSON.stringify({ text: `${word} ${i} `.repeat(20) })}\n`).join("");

/** A subnet whose group `math` learns from a file of the owner's. */
const open = async (t: TestContext) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "own.jsonl");
  writeFileSync(path, pages("owner"));
  const math = { ...template.groups.math!, data: [{ kind: "jsonl", path, weight: 1 }] };
  const subnet = await openSubnet(t, { network: { groups: { ...template.groups, math } } });
  return { subnet, folder, path, hash: sha256(Buffer.from(pages("owner"))) };
};

const drawn = (network: Parameters<typeof groupHeldOutBatches>[0]) =>
  groupHeldOutBatches(network, "math", { batches: 2, batchSize: 2, seed: "0".repeat(64) });

describe("the text that a network names", { timeout: HANG_GUARD }, () => {
  it("is named by its content: no path is published, and none decides", async (t) => {
    const { subnet, hash } = await open(t);
    const { network, networkHash: published } = subnet;
    const [source] = network.groups.math!.data;
    assert.deepEqual([source?.sha256, source?.bytes], [hash, Buffer.byteLength(pages("owner"))]);
    const text = Buffer.from(networkBytes(network)).toString();
    assert.equal(sha256(Buffer.from(text)), published);
    assert.doesNotMatch(text, /own\.jsonl/);
    const elsewhere = { ...source!, path: "/elsewhere" };
    const groups = { ...network.groups, math: { ...network.groups.math!, data: [elsewhere] } };
    assert.equal(networkHash({ ...network, groups }), published);
    for (const { data } of Object.values(network.groups))
      for (const { sha256: pin } of data) assert.match(pin ?? "", /^[0-9a-f]{64}$/);
  });

  it("is fetched by whoever joins, stays there, and is what everybody draws from", async (t) => {
    const { subnet, folder, hash } = await open(t);
    const other = join(folder, "other.jsonl");
    writeFileSync(other, pages("other"));
    // The operator's own network file names another text of his: it is the published one all the same.
    const own = join(folder, "network.yaml");
    const [source] = subnet.network.groups.math!.data;
    const math = { ...subnet.network.groups.math!, data: [{ ...source!, path: other }] };
    writeFileSync(own, JSON.stringify({ ...subnet.network, groups: { ...subnet.network.groups, math } }));

    const vera = await subnet.join("vera", { checkpoint_keep_top_k: 1 });
    const vito = await subnet.join("vito", { network: own });
    assert.deepEqual(drawn(vera.network), drawn(subnet.network));
    assert.deepEqual(drawn(vito.network), drawn(subnet.network));
    for (let cycle = 1; cycle < 5; cycle++) await vera.blobs.turn(cycle);
    assert.ok(await directoryStore(join(subnet.home, "vera", vera.signer.address, "blobs")).has(hash));
  });

  it("must be there before anybody joins, and whoever lacks it is told once what and what to do", async (t) => {
    const { subnet, hash } = await open(t);
    await subnet.store.delete(hash);
    await assert.rejects(subnet.join("vera"), {
      code: "TEXT_MISSING",
      message: new RegExp(`^the documents of group "math" \\(${hash}, \\d+ bytes\\) cannot be had: `),
      hint: /blockzero publish/,
    });
  });

  it("keeps out who has other text under another hash", async (t) => {
    const { subnet, folder } = await open(t);
    const other = Buffer.from(pages("other"));
    const own = join(folder, "network.yaml");
    const [source] = subnet.network.groups.math!.data;
    const changed = { ...source!, sha256: sha256(other), bytes: other.length };
    const math = { ...subnet.network.groups.math!, data: [changed] };
    writeFileSync(own, JSON.stringify({ ...subnet.network, groups: { ...subnet.network.groups, math } }));
    await assert.rejects(subnet.join("vito", { network: own }), {
      code: "NETWORK_MISMATCH",
      message: /groups\.math\.data\.0\.(sha256|bytes)/,
    });
  });
});
