import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type AuditContext, cycleAuditor } from "#inspect/audit/audit-cycle.js";
import { encodeUpdate } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { directoryStore } from "#shared/blobs/blob-store.js";
import type { CodecName } from "#shared/protocol/codec-name.js";
import { encodeRecord, shortHash } from "#shared/protocol/records.js";
import { openSubnetFiles, type SubnetFilesOptions } from "#shared/subnet/files.js";
import { serverCopies } from "#shared/subnet/remote-copies.js";
import { silentLog } from "#shared/telemetry/log.js";
import { parseSafetensors } from "#shared/tensor-files/safetensors.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { publishReports, reportOf, scoredEntry } from "#tests/support/reports.js";
import { openSubnet, type Subnet } from "#tests/support/subnet.js";
import { type Forged, forge, noiseUpdate, serve, submit } from "#tests/support/updates.js";
import { agreeOn, mergeCycle } from "#validator/merge/merge-cycle.js";

/** A miner's server, and a way to make it serve other bytes. */
const minersServer = async (t: TestContext) => {
  const folder = temporaryFolder(t);
  const store = directoryStore(folder);
  const server = await startBlobServer({ host: "127.0.0.1", port: 0, store, visible: () => true, log: silentLog });
  t.after(() => server.close());
  const spoil = (hash: string, bytes: Uint8Array) => writeFileSync(join(folder, hash.slice(0, 2), hash), bytes);
  return { url: server.url, store, spoil };
};

/** A cycle that everybody agrees on. Ann's and Bob's updates were merged, Eve's was not; each has a server of its own. */
const mergedCycle = async (t: TestContext, codec: CodecName = "float32") => {
  const subnet = await openSubnet(t, { miners: ["ann", "bob", "eve"], network: { artifact: { codec } } });
  const vera = await subnet.join("vera");
  const forged: Record<string, Forged> = {};
  const servers: Record<string, Awaited<ReturnType<typeof minersServer>>> = {};
  for (const miner of ["ann", "bob", "eve"]) {
    servers[miner] = await minersServer(t);
    const update = new Map(Object.entries(noiseUpdate(subnet, miner, 0.05)));
    const { bytes: tensors } = await encodeUpdate(CODECS[codec], update);
    forged[miner] = forge(subnet, { miner, tensors, location: servers[miner].url });
    await serve(servers[miner], forged[miner]);
  }
  const [ann, bob, eve] = [forged.ann!, forged.bob!, forged.eve!];
  await submit(subnet, forged);
  const { networkHash: network } = subnet;
  const entries = [ann, bob].map((one) => scoredEntry(one, 0.3));
  await publishReports(subnet, {
    vera: reportOf(subnet, "vera", { entries }),
    vito: reportOf(subnet, "vito", { entries }),
  });
  const { hash: model } = await mergeCycle(vera, 1, await agreeOn(vera, 1));
  const { location } = subnet;
  const record = encodeRecord({ type: "model", network: shortHash(network), cycle: 1, model, location });
  await subnet.record({ vera: record, vito: record });
  await subnet.to(subnet.window(2, "distribute").end);
  const lose = ({ artifact, tensors }: Forged) => {
    for (const hash of [artifact, tensors.hash]) rmSync(join(subnet.home, "owner", hash.slice(0, 2), hash));
  };
  lose(eve);
  return { subnet, servers: { ann: servers.ann!, eve: servers.eve! }, ann, bob, eve, model, lose };
};

type Change = (source: AuditContext["source"]) => Partial<AuditContext["source"]>;

const openAudit = async (
  t: TestContext,
  subnet: Subnet,
  options: Partial<SubnetFilesOptions> = {},
  change: Change = () => ({}),
) => {
  const client = createBlobClient({ allowPrivateAddresses: true, log: silentLog });
  const remote = serverCopies({ client, servers: async () => [subnet.location], signal: t.signal });
  const files = openSubnetFiles({ folders: [], remote, ...options });
  t.after(() => files.close());
  const { chain, network, networkHash } = subnet;
  const source = { chain, network, networkHash, fetch: files.fetch, open: files.open };
  const head = subnet.node.head.number;
  const context = { source: { ...source, ...change(source) }, files, head };
  return { auditing: cycleAuditor(context), context, files };
};

const audit = async (...args: Parameters<typeof openAudit>) => (await openAudit(...args)).auditing;

describe("an audit of what hostile servers give", { timeout: HANG_GUARD }, () => {
  it("is not decided by a miner, unless everybody's copy was to be looked at or nobody has a sound one", async (t) => {
    const { subnet, servers, ann, eve, model, lose } = await mergedCycle(t);
    const sound = await (await audit(t, subnet))(1);
    assert.deepEqual([sound.result, sound.recomputed], ["agrees", model], sound.divergences.join());
    const silent = ["vera", "vito"].map(
      (name) => `report of ${subnet.signer(name).address} says nothing of uid ${subnet.uid("eve")}`,
    );
    assert.deepEqual([...sound.notes].sort(), silent.sort());
    assert.deepEqual([sound.scored, sound.merged], [2, 2]);

    const flipped = Uint8Array.from(ann.tensors.bytes);
    const [name, { data }] = [...parseSafetensors(ann.tensors.bytes).tensors].at(-1)!;
    const at = data.byteOffset - ann.tensors.bytes.byteOffset + 4 * 5;
    flipped[at] = flipped[at]! ^ 8;
    servers.ann.spoil(ann.tensors.hash, flipped);
    servers.eve.spoil(eve.artifact, Buffer.from("nothing"));
    const named = `file ${servers.ann.url}/blob/${ann.tensors.hash} is not what its hash says: it differs in tensor "${name}" at index 5 `;
    const evil = `file ${servers.eve.url}/blob/${eve.artifact} is not what its hash says, and no sound copy is at hand`;

    const found = await (await audit(t, subnet))(1);
    assert.deepEqual([found.result, found.divergences, found.missing], ["agrees", [], []]);
    assert.equal(found.notes.length, 2 + silent.length);
    for (const what of [named, evil]) assert.ok(found.notes.some((note) => note.startsWith(what)));

    const thorough = await (await audit(t, subnet, { everyCopy: true }))(1);
    assert.equal(thorough.result, "diverges");
    for (const what of [named, evil]) assert.ok(thorough.divergences.some((one) => one.startsWith(what)));

    lose(ann);
    const { auditing, files } = await openAudit(t, subnet);
    const gone = await auditing(1);
    assert.deepEqual([gone.result, gone.divergences], ["not auditable", []]);
    assert.match(gone.missing.join(), new RegExp(`uid ${subnet.uid("ann")}: .*${servers.ann.url}. served other bytes`));
    assert.equal(await files.sound(subnet.modelHash), null, "what was fetched for it does not stay");
  });

  it("ends with its signal's reason", async (t) => {
    const { subnet } = await mergedCycle(t);
    const { context } = await openAudit(t, subnet);
    const signal = AbortSignal.abort(new Error("stopped"));
    await assert.rejects(cycleAuditor({ ...context, signal })(1), /^Error: stopped$/);
  });

  it("gates submissions at the same time, reads a manifest once, and finds an update that cannot be merged", async (t) => {
    const { subnet, ann, bob, model } = await mergedCycle(t, "int8");
    const asked: string[] = [];
    let release = () => {};
    const bothAsked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const auditing = await audit(t, subnet, {}, (source) => ({
      fetch: async (file) => {
        asked.push(file.hash);
        const isUpdate = [ann, bob].some(({ artifact }) => artifact === file.hash);
        if ([ann, bob].every(({ artifact }) => asked.includes(artifact))) release();
        if (isUpdate) await bothAsked;
        return source.fetch(file);
      },
    }));
    for (let round = 0; round < 2; round++) {
      const { result, recomputed } = await auditing(1);
      assert.deepEqual([result, recomputed], ["agrees", model]);
    }
    assert.equal(asked.filter((hash) => hash === subnet.modelHash).length, 1);

    // It changes under the reader once the gates have been through it.
    const dataStart = ann.tensors.bytes.length - dataLength(ann);
    const spoiled = await audit(t, subnet, {}, (source) => ({
      open: async (file) => {
        const opened = await source.open(file);
        if (file.hash !== ann.tensors.hash) return opened;
        const read = new Set<number>();
        return {
          ...opened,
          fill: async (into, position) => {
            await opened.fill(into, position);
            if (position >= dataStart && read.has(position)) into.fill(0xff);
            read.add(position);
          },
        };
      },
    }));
    const { result, divergences } = await spoiled(1);
    assert.equal(result, "diverges");
    assert.match(divergences.join(), /^tensor .+: scale 0 is NaN$/);
  });
});

const dataLength = ({ tensors }: Forged): number =>
  [...parseSafetensors(tensors.bytes).tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
