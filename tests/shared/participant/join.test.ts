import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Socket } from "node:net";
import { join } from "node:path";
import { it, type TestContext } from "node:test";
import { sha256 } from "#shared/protocol/hash.js";
import { shortHash } from "#shared/protocol/records.js";
import { coded } from "../../support/coded.js";
import { HANG_GUARD } from "../../support/hang-guard.js";
import { heldSockets } from "../../support/held-sockets.js";
import { openSubnet } from "../../support/subnet.js";
import { listen } from "../blobs/support.js";

it("a participant whose home another process took over waits for nothing more, and is told why", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t);
  const ann = await subnet.join("ann");
  const lost = assert.rejects(ann.clock.reach(1_000_000, ann.signal), coded("HOME_IN_USE", /was taken over/));
  writeFileSync(join(subnet.home, "ann", ann.signer.address, "lock"), "another's");
  await lost;
  assert.ok(coded("HOME_IN_USE", /was taken over/)(ann.signal.reason));
});

it("two programs do not take part with one hotkey, though each has a home of its own", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t);
  const ann = await subnet.join("ann");
  const elsewhere = (flags = {}) =>
    subnet.join("ann", { checkpoint_dir: join(subnet.home, "elsewhere"), "listen.port": 0, ...flags });
  await assert.rejects(
    elsewhere(),
    coded(
      "HOTKEY_IN_USE",
      new RegExp(`^process ${process.pid} takes part in subnet 1 with hotkey test/ann .*contradict`),
    ),
  );
  await (await elsewhere({ dry_run: true })).leave();
  await ann.leave();
  const moved = await elsewhere();
  const lost = assert.rejects(moved.clock.reach(1_000_000, moved.signal), coded("HOTKEY_IN_USE", /took over/));
  const { address } = moved.signer;
  writeFileSync(
    join(subnet.home, "keys-in-use", subnet.chain.genesisHash.slice(0, 16), address, "subnet-1.lock"),
    "another's",
  );
  await lost;
});

it("a store elsewhere that does not answer keeps nobody from joining", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await openSubnet(t);
  t.after(() => {
    delete process.env.HF_ENDPOINT;
    delete process.env.HF_TOKEN;
  });
  Object.assign(process.env, { HF_ENDPOINT: "http://127.0.0.1:1", HF_TOKEN: "hf_token" });
  const ann = await subnet.join("ann", { store: "hf://somebody/blobs" });
  assert.deepEqual(
    ann.lines.filter(({ message }) => message.startsWith("the store does not answer")).map(({ fields }) => fields.code),
    ["STORE_FAILED"],
  );
});

/** Where buckets of `s3://` are, until the test is over. */
const bucketAt = (t: TestContext, endpoint: string): void => {
  const env = { AWS_ENDPOINT_URL_S3: endpoint, AWS_ACCESS_KEY_ID: "key", AWS_SECRET_ACCESS_KEY: "secret" };
  t.after(() => {
    for (const name of Object.keys(env)) delete process.env[name];
  });
  Object.assign(process.env, env);
};

it("who leaves the network copies nothing more to a store elsewhere", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await openSubnet(t);
  let hear: (socket: Socket) => void = () => {};
  const sending = new Promise<Socket>((resolve) => {
    hear = resolve;
  });
  // Has nothing, and never says that it has a file.
  const endpoint = await listen(t, (request, response) => {
    if (request.method === "PUT") hear(request.socket);
    else response.writeHead(404).end();
  });
  bucketAt(t, endpoint);
  const ann = await subnet.join("ann", { store: "s3://blobs" });
  const blobs = ["report", "weights"].map((text) => Buffer.from(text));
  for (const bytes of blobs) await ann.blobs.put(bytes);
  const ended = once(await sending, "close");
  await ann.leave();
  await ended;
  const queue = join(subnet.home, "ann", ann.signer.address, "archive.json");
  // After the network file, which it serves as well.
  const { pending } = JSON.parse(readFileSync(queue, "utf8"));
  assert.deepEqual(pending, [subnet.networkHash, ...blobs.map((bytes) => sha256(bytes))]);
  assert.deepEqual(
    ann.lines.filter(({ message }) => /^not archived|given up/.test(message)),
    [],
  );
});

it("who leaves the network lists a store elsewhere no further", { timeout: HANG_GUARD }, async (t) => {
  const subnet = await openSubnet(t);
  let hear = () => {};
  const listing = new Promise<void>((resolve) => {
    hear = resolve;
  });
  const endpoint = await listen(t, (request, response) => {
    if (request.url?.includes("list-type=2")) hear();
    else response.writeHead(404).end();
  });
  bucketAt(t, endpoint);
  const ann = await subnet.join("ann", { store: "s3://blobs" });
  await listing;
  await ann.leave();
  assert.equal(heldSockets(new URL(endpoint).port), 0);
});

it("what a home has of training under another network goes, but for a dry run; its journals stay", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t);
  const home = join(subnet.home, "ann", subnet.signer("ann").address);
  const write = (...path: readonly string[]) => {
    mkdirSync(join(home, ...path.slice(0, -1)), { recursive: true });
    writeFileSync(join(home, ...path), "x");
  };
  const own = shortHash(subnet.networkHash);
  const gone = [
    ["deadbeef", "training", "replica-0", "x"],
    ["deadbeef", "residuals", "x"],
    ["deadbeef", "sprint.nonces"],
  ];
  const kept = [
    ["deadbeef", "miner.json"],
    ["deadbeef", "receipts", "x"],
    ["deadbeef", "stream-secret"],
    [own, "training", "replica-0", "x"],
    ["notes", "training", "x"],
  ];
  for (const path of [...gone, ...kept]) write(...path);
  const there = (paths: readonly (readonly string[])[]) => paths.map((path) => existsSync(join(home, ...path)));
  await (await subnet.join("ann", { dry_run: true })).leave();
  assert.deepEqual(there(gone), [true, true, true]);
  const ann = await subnet.join("ann");
  assert.deepEqual(
    [there(gone), there(kept)],
    [
      [false, false, false],
      [true, true, true, true, true],
    ],
  );
  const said = ann.lines.filter(({ message }) => message.startsWith("removed what was left of training"));
  assert.deepEqual(
    said.map(({ fields }) => fields),
    [{ network: "deadbeef" }],
  );
});
