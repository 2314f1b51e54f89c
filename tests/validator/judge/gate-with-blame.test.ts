import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, it, type TestContext } from "node:test";
import { encodeParameters } from "#shared/model/part-parameters.js";
import { loadModel } from "#shared/participant/agreement/base-model.js";
import { cycleSource } from "#shared/participant/cycle-source.js";
import { commitmentOf } from "#shared/protocol/commitment.js";
import { MAX_MANIFEST_BYTES } from "#shared/protocol/manifest.js";
import type { ReasonCode } from "#shared/protocol/verdict.js";
import { loadUpdate } from "#shared/replay/gate-submission.js";
import type { Submission } from "#shared/replay/submissions.js";
import { encodeSafetensors } from "#shared/tensor-files/safetensors.js";
import { gateWithBlame } from "#validator/judge/gate-with-blame.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { blobsOf, ownServer } from "../../support/own-server.js";
import { openSubnet, type Subnet, until } from "../../support/subnet.js";
import { type Forgery, forge, map, noiseUpdate, serve } from "../../support/updates.js";

const open = async (t: TestContext, options: Parameters<typeof openSubnet>[1] = {}) => {
  const subnet = await openSubnet(t, options);
  const vera = await subnet.join("vera");
  const base = await loadModel(vera, subnet.modelHash);
  const gate = (submission: Submission) => gateWithBlame(vera, submission, { base, cycle: 1 });
  return { subnet, vera, gate, good: noiseUpdate(subnet, "good", 0.01) };
};

const rejects = async (
  gate: (submission: Submission) => ReturnType<typeof gateWithBlame>,
  submission: Submission,
  reason: ReasonCode,
): Promise<void> => {
  const result = await gate(submission);
  assert.deepEqual(
    { ok: result.ok, reason: result.ok ? null : result.reason },
    { ok: false, reason },
    result.ok ? "it passed" : result.detail,
  );
};

const at = (submission: Submission, location: string): Submission => ({
  ...submission,
  reveal: { ...submission.reveal!, location },
});

const forgedAnd = async (subnet: Subnet, forgery: Omit<Forgery, "miner">): Promise<Submission> => {
  const forged = forge(subnet, { miner: "ann", ...forgery });
  await serve(subnet, forged);
  return forged.submission;
};

describe("gateWithBlame", { timeout: HANG_GUARD }, () => {
  it("lets an honest update pass and gives its tensors", async (t) => {
    const { subnet, vera, gate, good } = await open(t);
    const forged = forge(subnet, { miner: "ann", tensors: good });
    await serve(subnet, forged);
    const result = await gate(forged.submission);
    assert.ok(result.ok, JSON.stringify(result));
    assert.deepEqual(
      [result.update.group, result.update.artifact, result.update.tensorsHash],
      ["math", forged.artifact, forged.tensors.hash],
    );
    const tensors = await loadUpdate(cycleSource(vera), result.update);
    assert.deepEqual([...tensors.keys()], Object.keys(good).sort());
    for (const [name, { data }] of tensors) assert.deepEqual(data, good[name]!.data);
  });

  it("tells what was never committed or revealed", async (t) => {
    const { subnet, gate, good } = await open(t);
    const submission = await forgedAnd(subnet, { tensors: good });
    await rejects(gate, { ...submission, commitment: null }, "no_commit");
    await rejects(gate, { ...submission, reveal: null }, "no_reveal");
    await rejects(gate, { ...submission, commitment: { hash: "0".repeat(64), block: 1 } }, "commitment_mismatch");
  });

  it("rejects each fault of the manifest by its name", async (t) => {
    const { subnet, gate, good } = await open(t);
    const other = "1".repeat(64);
    const bob = subnet.signer("bob");
    const faults: [ReasonCode, Omit<Forgery, "miner" | "tensors">][] = [
      // Bob signs in Ann's name; then Ann submits what Bob signed as his own.
      ["bad_signature", { signer: { address: subnet.signer("ann").address, signBytes: bob.signBytes } }],
      ["bad_signature", { signer: bob }],
      ["wrong_group", { change: { group: "prose" } }],
      ["wrong_group", { group: "nobody" }],
      ["stale_base", { change: { base: other } }],
      ["wrong_codec", { change: { codec: "bfloat16" } }],
      ["wrong_network", { change: { network: other } }],
      ["wrong_cycle", { change: { cycle: 0 } }],
      ["too_large", { change: { bytes: subnet.network.limits.artifact_bytes + 1 } }],
    ];
    for (const [reason, forgery] of faults)
      await rejects(gate, await forgedAnd(subnet, { tensors: good, ...forgery }), reason);
  });

  it("rejects a manifest that is none", async (t) => {
    const { subnet, gate, good } = await open(t);
    const forged = forge(subnet, { miner: "ann", tensors: good });
    const small = new TextEncoder().encode('{"kind":"update"}');
    const artifact = await subnet.store.put(small);
    const commitment = commitmentOf(artifact, subnet.signer("ann").publicKey, 1);
    const { submission } = forged;
    await rejects(
      gate,
      { ...submission, commitment: { hash: commitment, block: 1 }, reveal: { ...submission.reveal!, artifact } },
      "malformed",
    );
  });

  it("takes no part of a model for a manifest, though it is at hand, and does not read it", async (t) => {
    const { subnet, vera, gate, good } = await open(t);
    const { submission } = forge(subnet, { miner: "ann", tensors: good });
    const { weights } = (await vera.models.manifest(subnet.modelHash, vera.signal)).parts.groups.math!;
    const { hash: artifact, bytes } = [weights].flat()[0]!;
    assert.ok(bytes > MAX_MANIFEST_BYTES);
    const commitment = { hash: commitmentOf(artifact, subnet.signer("ann").publicKey, 1), block: 1 };
    const reveal = { ...submission.reveal!, artifact };
    const own = join(blobsOf(vera), artifact.slice(0, 2), artifact);
    const part = readFileSync(own);
    // Whoever read it would find it damaged, and remove it.
    writeFileSync(own, Buffer.alloc(bytes));
    await rejects(gate, { ...submission, commitment, reveal }, "unreachable");
    assert.deepEqual(readFileSync(own), Buffer.alloc(bytes));
    writeFileSync(own, part);
    await rejects(gate, { ...submission, commitment, reveal }, "unreachable");
  });

  it("rejects each fault of the tensors by its name", async (t) => {
    const { subnet, gate, good } = await open(t);
    const [first = "", ...others] = Object.keys(good);
    const { [first]: lacking, ...rest } = good;
    const tensor = good[first]!;
    const half = encodeSafetensors(
      new Map(
        Object.entries(good).map(([name, { shape, data }]) => [
          name,
          { dtype: "F16", shape, data: new Uint8Array(data.length * 2) },
        ]),
      ),
    );
    assert.ok(lacking && others.length > 0);
    const faults: [ReasonCode, Forgery["tensors"]][] = [
      ["not_finite", map(good, (value, name, i) => (name === first && i === 3 ? Number.NaN : value))],
      ["not_finite", map(good, (value, name, i) => (name === first && i === 3 ? Number.POSITIVE_INFINITY : value))],
      ["unknown_tensor", { ...good, "model.embed_tokens.weight": tensor }],
      ["unknown_tensor", { ...rest, [first.replace("experts.0", "experts.2")]: tensor }],
      ["missing_tensor", rest],
      ["wrong_shape", { ...good, [first]: { ...tensor, shape: [...tensor.shape].reverse() } }],
      ["wrong_dtype", half],
      ["norm", noiseUpdate(subnet, "loud", subnet.network.scoring.max_update_norm * 1.01)],
      ["malformed", new TextEncoder().encode("no safetensors")],
    ];
    for (const [reason, tensors] of faults) await rejects(gate, await forgedAnd(subnet, { tensors }), reason);
    const limit = noiseUpdate(subnet, "loud", subnet.network.scoring.max_update_norm * 0.99);
    assert.ok((await gate(await forgedAnd(subnet, { tensors: limit }))).ok, "at the limit it passes");
  });

  it("does not hold one server's bytes against the miner, and has them of who gives the right ones", async (t) => {
    const { subnet, gate, good } = await open(t);
    const forged = forge(subnet, { miner: "ann", tensors: good });
    const other = encodeParameters(noiseUpdate(subnet, "another", 0.01)).bytes;
    const liar = await ownServer(t, forged, (store) => ({
      ...store,
      stream: (hash) => (hash === forged.tensors.hash ? Readable.from([other]) : store.stream(hash)),
    }));
    assert.equal(other.length, forged.tensors.bytes.length);
    await rejects(gate, at(forged.submission, liar.url), "unreachable");
    const fat = forge(subnet, { miner: "ann", tensors: good, change: { bytes: 100 } });
    const server = await ownServer(t, fat);
    await rejects(gate, at(fat.submission, server.url), "unreachable");
    await serve(subnet, forged);
    assert.ok((await gate(at(forged.submission, liar.url))).ok);
  });

  it("calls unreachable what nobody serves, and takes it from a validator that does", async (t) => {
    const { subnet, gate, good } = await open(t);
    const forged = forge(subnet, { miner: "ann", tensors: good });
    const server = await ownServer(t, forged);
    await server.close();
    const gone = at(forged.submission, server.url);
    await rejects(gate, gone, "unreachable");
    await rejects(gate, forged.submission, "unreachable");
    await subnet.store.put(forged.manifest);
    await rejects(gate, gone, "unreachable");
    await subnet.store.put(forged.tensors.bytes);
    assert.ok((await gate(gone)).ok);
  });

  it("does not contact private addresses unless told to", async (t) => {
    const subnet = await openSubnet(t);
    const vera = await subnet.join("vera");
    const base = await loadModel(vera, subnet.modelHash);
    const forged = forge(subnet, { miner: "ann", tensors: noiseUpdate(subnet, "good", 0.01) });
    const server = await ownServer(t, forged);
    await vera.leave();
    const careful = await subnet.join("vera", {
      allow_private_addresses: false,
      "listen.public_url": "https://vera.example.org",
    });
    const result = await gateWithBlame(careful, at(forged.submission, server.url), { base, cycle: 1 });
    assert.equal(result.ok, false);
    assert.match(result.ok ? "" : result.detail, /is not a public address/);
  });

  it("stops waiting when time is up, and stops altogether when the program does", async (t) => {
    const { subnet, vera, good } = await open(t);
    const base = await loadModel(vera, subnet.modelHash);
    const forged = forge(subnet, { miner: "ann", tensors: good });
    let asked = false;
    const silent = await ownServer(t, forged, (store) => ({
      ...store,
      stream: () => {
        asked = true;
        return new Readable({ read() {} });
      },
    }));
    const patience = new AbortController();
    const waiting = gateWithBlame(vera, at(forged.submission, silent.url), { base, cycle: 1, until: patience.signal });
    await until(t, () => asked);
    patience.abort();
    const result = await waiting;
    assert.equal(result.ok || result.reason, "unreachable");
    const stopped = gateWithBlame(vera, at(forged.submission, silent.url), { base, cycle: 1 });
    const ended = assert.rejects(stopped, { name: "AbortError" });
    vera.abort();
    await ended;
  });
});
