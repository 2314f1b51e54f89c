import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { openOwnDocuments } from "#datasets/own-documents.js";
import { readCrowding } from "#miner/affinity/crowding.js";
import { groupAffinity } from "#miner/affinity/group-affinity.js";
import { networkText } from "#owner/network/network-template.js";
import { pinSources } from "#owner/network/pin-sources.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { createRoutingMeter } from "#shared/evaluation/routing-meter.js";
import { writeCheckpoint } from "#shared/model/checkpoint.js";
import { run } from "#tests/programs/process.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { device } from "#tests/shared/model/micro.js";
import { lookAt } from "#tests/support/look-at.js";
import { parameters, template } from "#tests/support/micro-network.js";
import { publishReports, reportOf, scoredEntry } from "#tests/support/reports.js";
import { openSubnet } from "#tests/support/subnet.js";
import { forge, noiseUpdate, submit } from "#tests/support/updates.js";

const ROWS = { batchSize: 4, sequenceLength: template.data.sequence_length, model: async () => parameters };

const documents = (t: TestContext, count: number): string => {
  const file = join(temporaryFolder(t), "mine.jsonl");
  const lines = Array.from({ length: count }, (_, i) => JSON.stringify({ text: `document ${i} of mine, ${i * i}` }));
  writeFileSync(file, `${lines.join("\n")}\n`);
  return file;
};

describe("the affinity of a text to groups", () => {
  it("is what the group's experts get of the gates' weight, with an interval over documents", async (t) => {
    const meter = createRoutingMeter(device, template.model, ROWS);
    t.after(() => meter.dispose());
    const of = (count: number, most: number) =>
      groupAffinity(meter, template, {
        source: openOwnDocuments(documents(t, count), byteTokenizer),
        documents: most,
      });
    const all = await of(12, 100);
    assert.equal(all.documents, 12);
    assert.equal(all.tokens, 12 * 16);
    // The two groups own all four experts between them.
    assert.ok(Math.abs(all.groups.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-6);
    assert.ok(all.groups[0]!.timesEven >= all.groups[1]!.timesEven);
    const [relevance] = all.relevance;
    for (const { group, share, interval, even, timesEven } of all.groups) {
      const [a, b] = template.groups[group]!.experts[0]!;
      assert.ok(Math.abs(share - relevance![a!]! - relevance![b!]!) < 1e-6);
      assert.ok(interval![0] < share && share < interval![1]);
      assert.equal(even, 0.5);
      assert.equal(timesEven, share / even);
    }
    assert.equal((await of(12, 5)).documents, 5);
    assert.equal((await of(1, 5)).groups[0]!.interval, null);
  });

  it("comes with how many miners a group has, and the spread of their scores", async (t) => {
    const subnet = await openSubnet(t);
    const forged = Object.fromEntries(
      (["ann", "bob"] as const).map((miner) => [
        miner,
        forge(subnet, { miner, tensors: noiseUpdate(subnet, miner, 0.01) }),
      ]),
    );
    assert.equal(await readCrowding(await lookAt(t, subnet)), null);
    await submit(subnet, forged);
    const entries = [scoredEntry(forged.ann!, 0.02), scoredEntry(forged.bob!, 0.01)];
    await publishReports(subnet, {
      vera: reportOf(subnet, "vera", { entries }),
      vito: reportOf(subnet, "vito", { entries }),
    });
    const crowding = await readCrowding(await lookAt(t, subnet));
    assert.deepEqual(crowding?.get("math"), {
      cycle: 1,
      miners: 2,
      scores: { least: 0.01, median: 0.01, most: 0.02 },
    });
    assert.deepEqual(crowding?.get("prose"), { cycle: 1, miners: 0, scores: null });
  });

  it("is said by the program, of an exported model and without a chain", async (t) => {
    const cwd = temporaryFolder(t);
    await writeCheckpoint(join(cwd, "model"), template.model, parameters);
    const groups = await pinSources(directoryStore(join(cwd, "texts")), template.groups);
    writeFileSync(join(cwd, "network.yaml"), networkText({ ...template, groups, genesis: "0".repeat(64) }));
    const affinity = (...args: readonly string[]) =>
      run("blockzero-miner", ["affinity", "--data", documents(t, 6), "--from", "model", "--threads", "1", ...args], {
        cwd,
      });
    const said = await affinity("--network", "network.yaml", "--html", "mine.html");
    assert.equal(said.status, 0, said.stderr);
    assert.match(said.stdout, /^6 documents, 96 tokens/);
    assert.match(said.stdout, /^0 \|.{4}\| mmpp$/m);
    assert.match(said.stdout, /fits best|fit alike/);
    assert.match(readFileSync(join(cwd, "mine.html"), "utf8"), /<svg/);
    const json = JSON.parse((await affinity("--network", "network.yaml", "--json")).stdout);
    assert.deepEqual([json.documents, json.layers, json.crowding], [6, [0], null]);
    const unwritten = await affinity("--network", "network.yaml", "--html", "network.yaml/mine.html");
    assert.equal(unwritten.status, 2);
    assert.match(unwritten.stdout, /^6 documents, 96 tokens/);
    assert.match(unwritten.stderr, /^✖ FILE_UNWRITABLE /m);
    const without = await affinity();
    assert.equal(without.status, 2);
    assert.match(without.stderr, /CONFIG_MISSING_KEY/);
  });
});
