import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { it, type TestContext } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createBlobClient } from "#shared/blobs/blob-client.js";
import { startBlobServer } from "#shared/blobs/blob-server.js";
import { type BlobStore, directoryStore } from "#shared/blobs/blob-store.js";
import { observeFetches } from "#shared/blobs/observe-fetches.js";
import { sha256 } from "#shared/protocol/hash.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { signerFromUri, verify } from "#shared/wallet/index.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { parsePrometheus } from "#tests/support/prometheus-text.js";
import { temporaryFolder } from "../artifact/temporary.js";
import { listen, quiet } from "./support.js";

const vera = await signerFromUri("//vera");
const bytes = Buffer.alloc(100_000, 7);
const hash = sha256(bytes);

const open = async (t: TestContext, stream?: BlobStore["stream"]) => {
  const instruments = prometheusInstruments("miner");
  const folder = directoryStore(temporaryFolder(t));
  await folder.put(bytes);
  const store = { ...folder, ...(stream && { stream }) };
  const begun = Date.now();
  const server = await startBlobServer({
    host: "127.0.0.1",
    port: 0,
    store,
    visible: () => true,
    admission: {
      verify,
      roleOf: (hotkey) => (hotkey === vera.address ? "validator" : null),
      serveStrangers: true,
      perHotkey: 600,
      perAddress: 5,
      // No request is allowed again because the machine is slow.
      now: () => begun,
    },
    instruments,
    log: quiet,
  });
  t.after(() => server.close());
  const shown = async () => {
    const all = parsePrometheus(await instruments.text());
    return (name: string) => all.get(`blockzero_blob_${name}`);
  };
  return { instruments, server, shown };
};

it("a blob server counts what it sends by who asked, and what it refuses by why", {
  timeout: HANG_GUARD,
}, async (t) => {
  const { server, shown } = await open(t);
  const client = createBlobClient({ allowPrivateAddresses: true, log: quiet, signer: vera });
  await client.fetchBlob({ hash, maxBytes: bytes.length, location: server.url });
  const get = (path: string, init?: RequestInit) => fetch(`${server.url}${path}`, init).then((answer) => answer.text());
  await get(`/blob/${hash}`);
  await get(`/blob/${"0".repeat(64)}`);
  await get(`/blob/${hash}`, { method: "POST", body: "x" });
  await get(`/blob/${hash}`, { method: "DELETE" });
  await get(`/blob/${hash}`, { headers: { range: "bytes=100000-" } });
  await get(`/blob/${hash}`, { headers: { authorization: "Bearer x" } });
  for (let i = 0; i < 3; i++) await get(`/blob/${hash}`);

  const counts: Readonly<Record<string, number>> = {
    'requests_total{peer="validator"}': 1,
    'requests_total{peer="other"}': 2,
    'requests_refused_total{reason="missing"}': 1,
    'requests_refused_total{reason="body"}': 1,
    'requests_refused_total{reason="method"}': 1,
    'requests_refused_total{reason="range"}': 1,
    'requests_refused_total{reason="unauthorized"}': 1,
    'requests_refused_total{reason="too_many"}': 2,
  };
  const seen = async () => {
    const of = await shown();
    return Object.fromEntries(Object.keys(counts).map((name) => [name, of(name) ?? 0]));
  };
  const total = (these: Readonly<Record<string, number>>) =>
    Object.values(these).reduce((sum, count) => sum + count, 0);
  // The server counts an answer when it has sent it, which its client may see first.
  while (total(await seen()) < total(counts)) {
    t.signal.throwIfAborted();
    await turn();
  }
  assert.deepEqual(await seen(), counts);
  const of = await shown();
  assert.ok(of('sent_bytes_total{peer="validator"}')! >= bytes.length);
  assert.ok(of('sent_bytes_total{peer="other"}')! >= 2 * bytes.length);
});

it("a blob server counts as sent what a client has in full and hangs up on, before the end of the file is seen", {
  timeout: HANG_GUARD,
}, async (t) => {
  let isRead = false;
  const unended = () =>
    new Readable({
      read() {
        if (!isRead) this.push(bytes);
        isRead = true;
      },
    });
  const { server, shown } = await open(t, unended);
  const client = createBlobClient({ allowPrivateAddresses: true, log: quiet, signer: vera });
  await client.fetchBlob({ hash, maxBytes: bytes.length, location: server.url });
  const counts = async () => {
    const of = await shown();
    return [of('requests_total{peer="validator"}') ?? 0, of('requests_refused_total{reason="failed"}') ?? 0];
  };
  while ((await counts()).every((count) => count === 0)) {
    t.signal.throwIfAborted();
    await turn();
  }
  assert.deepEqual(await counts(), [1, 0]);
});

it("a blob client counts what it receives by who sent it, and how attempts end", { timeout: HANG_GUARD }, async (t) => {
  const { instruments, server, shown } = await open(t);
  const withholds = await listen(t, (_, response) => void response.writeHead(404).end());
  const lies = await listen(t, (_, response) => void response.writeHead(200).end("other bytes"));
  const observer = observeFetches(instruments, async (location) => (location === server.url ? "validator" : "miner"));
  const client = createBlobClient({ allowPrivateAddresses: true, log: quiet, observer });
  const receivedFrom = async (location: string) =>
    client.fetchBlob({ hash, maxBytes: bytes.length, location }).catch(() => null);
  await receivedFrom(withholds);
  await receivedFrom(lies);
  await receivedFrom(server.url);

  const of = await shown();
  assert.equal(of('fetches_total{outcome="not_found"}'), 1);
  assert.equal(of('fetches_total{outcome="hash_mismatch"}'), 1);
  assert.equal(of('fetches_total{outcome="received"}'), 1);
  assert.equal(of('received_bytes_total{peer="validator"}'), bytes.length);
  assert.ok(of('received_bytes_total{peer="miner"}')! > 0);
  assert.equal(of('fetch_duration_seconds_count{peer="validator"}'), 1);
});
