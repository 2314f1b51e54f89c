import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { gzipSync } from "node:zlib";
import { cycleAuditor } from "#inspect/audit/audit-cycle.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { openPackFolder } from "#shared/packs/pack-folder.js";
import { openSubnet as openFromOutside } from "#shared/subnet/open-subnet.js";
import { subnetWithTexts } from "#shared/subnet/texts.js";
import { jsonl, pack, paragraphs, writeCorpus } from "#tests/owner/pack/material.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { collectingLog } from "#tests/shared/chain/support.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { template } from "#tests/support/micro-network.js";
import { liveThrough, MINERS, openPrograms } from "#tests/support/programs.js";
import { openSubnet } from "#tests/support/subnet.js";

/** A subnet both of whose groups learn from packs of many small shards. */
const openPacked = async (t: TestContext) => {
  const folder = temporaryFolder(t);
  const texts = paragraphs();
  const made = async (name: string, part: readonly string[]) => {
    const path = join(folder, name);
    await pack([writeCorpus(folder, part, `${name}.jsonl`)], path, {
      settings: { held_out: 0.2, shard_bytes: 8_000 },
    });
    return path;
  };
  const half = texts.length >> 1;
  const paths = { math: await made("math", texts.slice(0, half)), prose: await made("prose", texts.slice(half)) };
  const groups = {
    math: { ...template.groups.math!, data: [{ kind: "pack", path: paths.math, weight: 1 }] },
    prose: { ...template.groups.prose!, data: [{ kind: "pack", path: paths.prose, weight: 1 }] },
  };
  const subnet = await openSubnet(t, { miners: [...MINERS, "observer"], network: { groups } });
  return { folder, paths, subnet };
};

describe("a subnet that learns from packs", { timeout: HANG_GUARD }, () => {
  it("lives two cycles: validators have the held-out part, miners some training shards, and the audit agrees", async (t) => {
    const { paths, subnet } = await openPacked(t);
    const programs = await openPrograms(t, subnet);
    for (const name of programs.names) await programs.start(name);
    for (const cycle of [1, 2]) {
      const { models, merged } = await liveThrough(subnet, programs, cycle);
      assert.equal(models[0], models[1], "both validators made the same bits");
      for (const { merged: uids } of merged) assert.deepEqual([...(uids as number[])].sort(), MINERS.map(subnet.uid));
    }
    assert.deepEqual(programs.errors(), []);

    const { manifest } = openPackFolder(paths.math);
    const has = (name: string) => {
      const store = directoryStore(join(subnet.home, name, subnet.signer(name).address, "blobs"));
      return async (shards: readonly { readonly hash: string }[]) =>
        (await Promise.all(shards.map(({ hash }) => store.has(hash)))).filter(Boolean).length;
    };
    assert.ok(manifest.training.length > 32);
    assert.equal(await has("vera")(manifest.held_out), manifest.held_out.length);
    assert.equal(await has("vera")(manifest.training), 0);
    const fetched = await has("ann")(manifest.training);
    assert.ok(fetched >= 32 && fetched <= 64, `${fetched} of ${manifest.training.length}`);

    const { log } = collectingLog();
    const opened = await openFromOutside({
      home: undefined,
      chain: subnet.node.endpoint,
      netuid: subnet.network.netuid,
      allowPrivateAddresses: true,
      log,
      signal: t.signal,
    });
    t.after(() => opened.close());
    const outside = await subnetWithTexts(opened);
    for (const cycle of [1, 2]) assert.equal((await cycleAuditor(outside)(cycle)).result, "agrees");
  });

  it("lets a miner bring a compressed file or a pack of its own", async (t) => {
    const { folder, paths, subnet } = await openPacked(t);
    const own = join(folder, "own.jsonl.gz");
    writeFileSync(own, gzipSync(`${jsonl(paragraphs().slice(0, 40))}{"text":null}\n`));
    const programs = await openPrograms(t, subnet, { ann: { data_path: own }, bob: { data_path: paths.prose } });
    for (const name of programs.names) await programs.start(name);
    const { models } = await liveThrough(subnet, programs, 1);
    assert.equal(models[0], models[1]);
    assert.deepEqual(programs.errors(), []);
    const { documents } = await programs.said("ann", "data_path written out");
    const { rows } = await programs.said("ann", "rows of data_path left out");
    assert.deepEqual([documents, rows], [40, 1]);
  });

  it("does not begin where a held-out shard is missing", async (t) => {
    const { paths, subnet } = await openPacked(t);
    const [shard] = openPackFolder(paths.prose).manifest.held_out;
    await subnet.store.delete(shard!.hash);
    await assert.rejects(subnet.join("vera"), coded("TEXT_MISSING", new RegExp(`group "prose" \\(${shard!.hash}`)));
  });
});
