import assert from "node:assert/strict";
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import { directoryStore } from "#shared/artifact/blob-store.js";
import { sha256 } from "#shared/protocol/hash.js";
import { temporaryFolder } from "./temporary.js";

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
