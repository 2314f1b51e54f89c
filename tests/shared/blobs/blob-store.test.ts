import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { directoryStore } from "#shared/blobs/blob-store.js";
import { PIECE_BYTES } from "#shared/files/byte-source.js";
import { sha256 } from "#shared/protocol/hash.js";
import { temporaryFolder } from "../artifact/temporary.js";

const bytes = Buffer.from("some bytes");
const hash = sha256(bytes);
const absent = sha256(Buffer.from("absent"));

test("what is put can be got, by hash only, until it is deleted", async (context) => {
  const store = directoryStore(temporaryFolder(context));
  assert.equal(await store.get(hash), null);
  assert.equal(await store.put(bytes), hash);
  assert.equal(await store.put(bytes), hash);
  assert.ok(await store.has(hash));
  assert.equal(await store.size(hash), bytes.length);
  assert.deepEqual(await store.get(hash), bytes);
  assert.deepEqual(await buffer(store.stream(hash)), bytes);
  const listed: string[] = [];
  for await (const found of store.list()) listed.push(found);
  assert.deepEqual(listed, [hash]);
  await store.delete(hash);
  await store.delete(hash);
  assert.ok(!(await store.has(hash)));
  assert.equal(await store.size(absent), null);
});

test("nothing but a hash becomes a path", async (context) => {
  const store = directoryStore(temporaryFolder(context));
  const bad = ["", "../../etc/passwd", `../${hash.slice(3)}`, hash.toUpperCase(), `${hash}\n`, `${hash}/..`];
  for (const name of bad) {
    for (const use of [store.has, store.get, store.size, store.delete]) {
      await assert.rejects(use(name), { code: "HASH_INVALID" });
    }
    assert.throws(() => store.stream(name), { code: "HASH_INVALID" });
  }
});

test("a damaged file is reported, removed, and reads as missing", async (context) => {
  const dir = temporaryFolder(context);
  const warnings: unknown[] = [];
  const store = directoryStore(dir, { warn: (_message, fields) => warnings.push(fields) });
  await store.put(bytes);
  writeFileSync(join(dir, hash.slice(0, 2), hash), "other bytes");
  assert.equal(await store.get(hash), null);
  assert.deepEqual(warnings, [{ hash, bytes: 11 }]);
  assert.ok(!(await store.has(hash)));
  await store.put(bytes);
  assert.deepEqual(await store.get(hash), bytes);
});

test("what a crash left half-written is no blob and goes with the next write", async (context) => {
  const dir = temporaryFolder(context);
  mkdirSync(join(dir, "incoming"));
  writeFileSync(join(dir, "incoming", "half"), "half");
  const store = directoryStore(dir);
  for await (const found of store.list()) assert.fail(found);
  await store.put(bytes);
  assert.deepEqual(readdirSync(join(dir, "incoming")), []);
});

test("in a shared folder others' unfinished files stay, until nobody wrote to them for a day", async (context) => {
  const dir = temporaryFolder(context);
  const shared = () => directoryStore(dir, undefined, { isShared: true });
  const writer = await shared().create();
  await writer.append(bytes);
  const [old, recent] = [join(dir, "incoming", "old"), join(dir, "incoming", "recent")];
  for (const file of [old, recent]) writeFileSync(file, "half");
  const now = Date.now() / 1000;
  utimesSync(old, now, now - 25 * 3600);
  utimesSync(recent, now, now - 23 * 3600);
  await shared().put(Buffer.from("another's"));
  assert.equal((await writer.finish()).hash, hash);
  assert.deepEqual(readdirSync(join(dir, "incoming")), ["recent"]);
});

test("many writers of one blob leave one whole file", async (context) => {
  const dir = temporaryFolder(context);
  const store = directoryStore(dir);
  await Promise.all(Array.from({ length: 16 }, () => store.put(bytes)));
  assert.deepEqual(readdirSync(join(dir, hash.slice(0, 2))), [hash]);
  assert.deepEqual(await store.get(hash), bytes);
});

test("a file system that refuses gives one coded error, and the store recovers", async (context) => {
  const dir = join(temporaryFolder(context), "store");
  writeFileSync(dir, "a file where the folder should be");
  const store = directoryStore(dir);
  await assert.rejects(store.put(bytes), { code: "STORE_FAILED" });
  rmSync(dir);
  assert.equal(await store.put(bytes), hash);
});

test("a blob written in pieces has its name once it is whole, and nothing of it is left where it is given up", async (context) => {
  const dir = temporaryFolder(context);
  const store = directoryStore(dir);
  const listed = async () => {
    const found: string[] = [];
    for await (const name of store.list()) found.push(name);
    return found;
  };
  const writer = await store.create();
  const given = Buffer.from(bytes.subarray(0, 3));
  await writer.append(given);
  // What was appended may be used for something else.
  given.fill(0);
  await writer.append(bytes.subarray(3));
  assert.deepEqual(await listed(), []);
  assert.equal(await store.open(hash), null);
  assert.deepEqual(await writer.finish(), { hash, bytes: bytes.length });
  await writer.discard();
  assert.deepEqual(await listed(), [hash]);
  await assert.rejects(writer.append(bytes), { code: "STORE_FAILED" });

  const abandoned = await store.create();
  await abandoned.append(bytes);
  await abandoned.discard();
  assert.deepEqual([await listed(), readdirSync(join(dir, "incoming"))], [[hash], []]);

  // A crash: nobody finishes it, and the next run begins.
  const interrupted = await store.create();
  await interrupted.append(Buffer.from("half"));
  assert.equal(readdirSync(join(dir, "incoming")).length, 1);
  const again = directoryStore(dir);
  await again.put(Buffer.from("next"));
  assert.deepEqual(readdirSync(join(dir, "incoming")), []);
  await assert.rejects(interrupted.finish(), { code: "STORE_FAILED" });
  assert.equal(await again.has(sha256(Buffer.from("half"))), false);
});

test("an open blob is verified first, read anywhere, and stays readable when it is deleted", async (context) => {
  const dir = temporaryFolder(context);
  const warnings: unknown[] = [];
  const store = directoryStore(dir, { warn: (_message, fields) => warnings.push(fields) });
  const large = Buffer.alloc(3 * PIECE_BYTES + 5, "a blob larger than a piece, ");
  const name = await store.put(large);
  const blob = await store.open(name);
  assert.ok(blob);
  assert.deepEqual([blob.size, blob.hash], [large.length, name]);
  if (process.platform !== "win32") await store.delete(name);
  const part = new Uint8Array(100);
  await blob.fill(part, 2 * PIECE_BYTES - 50);
  assert.deepEqual(Buffer.from(part), large.subarray(2 * PIECE_BYTES - 50, 2 * PIECE_BYTES + 50));
  await assert.rejects(blob.fill(part, large.length - 99), { code: "FILE_SHRANK" });
  await blob.close();

  await store.put(bytes);
  writeFileSync(join(dir, hash.slice(0, 2), hash), "other bytes");
  assert.equal(await store.open(hash), null);
  assert.deepEqual(warnings, [{ hash, bytes: 11 }]);
  assert.ok(!(await store.has(hash)));
  await assert.rejects(store.open("../../etc/passwd"), { code: "HASH_INVALID" });
});
