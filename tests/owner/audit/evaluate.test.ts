import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { createReevaluation } from "#owner/audit/evaluate.js";
import { openFindings } from "#owner/audit/findings.js";
import { manifestReader } from "#owner/audit/manifest-reader.js";
import { l2Norm } from "#shared/artifact/update.js";
import type { Report } from "#shared/protocol/report.js";
import { gateUpdate } from "#shared/replay/gate-update.js";
import type { CycleSource } from "#shared/replay/source.js";
import { openSubnetFiles } from "#shared/subnet/files.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { reportOf, scoredEntry } from "../../support/reports.js";
import { sealedPages } from "../../support/sealed-pages.js";
import { openSubnet, type Subnet, type SubnetOptions } from "../../support/subnet.js";
import { device, forge, genesisBase, noiseUpdate, submit } from "../../support/updates.js";

const SEEDS = { math: "5".repeat(64) };

const open = async (t: TestContext, options: SubnetOptions = {}) => {
  const subnet = await openSubnet(t, options);
  const ann = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "ann", 0.05) });
  await submit(subnet, { ann });
  await subnet.to(subnet.window(1, "evaluate").start);
  const files = openSubnetFiles({ folders: [join(subnet.home, "owner")] });
  t.after(() => files.close());
  const { chain, network, networkHash } = subnet;
  const source: CycleSource = { chain, network, networkHash, fetch: files.fetch, open: files.open };
  const groups = new Map([["math", { norm: l2Norm(Object.values(genesisBase(subnet).group("math"))) }]]);
  const result = await gateUpdate(source, ann.submission, { base: { hash: subnet.modelHash, groups }, cycle: 1 });
  assert.ok(result.ok);
  return { subnet, source, ann, regated: [{ submission: ann.submission, result, isRepeated: false }] };
};

const measure = async (
  t: TestContext,
  { modelHash: hash }: Subnet,
  source: CycleSource,
  measured: { reports: readonly Report[]; regated: Awaited<ReturnType<typeof open>>["regated"] },
) => {
  const findings = openFindings(1);
  const base = { hash, manifest: await manifestReader(source)(hash) };
  const reevaluation = createReevaluation(device, source, 1e-3);
  t.after(() => reevaluation.dispose());
  await reevaluation.measure({ source, cycle: 1, base, seeds: SEEDS, ...measured }, findings);
  const { divergences, missing } = findings.finish();
  return { divergences, missing };
};

describe("measuring again what a report says", { timeout: HANG_GUARD }, () => {
  it("does not begin with batches that the network does not have", async (t) => {
    const { subnet, source, ann, regated } = await open(t);
    const { eval_batches: most } = subnet.network.scoring;
    const entry = { ...scoredEntry(ann, 0.3), batches: most + 1 };
    const report = reportOf(subnet, "vera", { entries: [entry] });
    for (const batches of [most + 1, 2 ** 33, Number.MAX_SAFE_INTEGER]) {
      const hostile = { ...report, baseline: { math: { loss: 1, batches } } };
      assert.deepEqual(await measure(t, subnet, source, { reports: [hostile], regated }), {
        divergences: [
          `report of ${report.validator} on the base, group "math": ${batches} batches are said to be measured, there are ${most}`,
          `report of ${report.validator} on uid ${entry.uid}: ${most + 1} batches are said to be measured, there are ${most}`,
        ],
        missing: [],
      });
    }
  });

  it("finds that nobody can have measured on text that cannot be opened by anybody", async (t) => {
    const { subnet, source, regated } = await open(t, { sealed: sealedPages(10) });
    const { index } = subnet.network.groups.math!.sealed!;
    // What the owner committed to in the network file is what is read here: an index that is too short for its envelopes.
    const fetch: CycleSource["fetch"] = async (file) => {
      const bytes = await source.fetch(file);
      return file.hash === index ? bytes.subarray(32) : bytes;
    };
    const report = reportOf(subnet, "vera");
    const silent = { ...reportOf(subnet, "vito"), baseline: {} };
    const found = await measure(t, subnet, { ...source, fetch }, { reports: [report, silent], regated });
    assert.deepEqual(found.missing, []);
    assert.equal(found.divergences.length, 1);
    assert.match(
      found.divergences[0]!,
      new RegExp(`^report of ${report.validator} scores what had no text: sealed text: its index has `),
    );
  });
});
