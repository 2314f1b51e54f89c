import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createMinerPages } from "#inspect/dashboard/miner-pages.js";
import type { MinerPage } from "#inspect/dashboard/snapshot.js";

const HERE = "127.0.0.1";

const page: MinerPage = {
  uid: 0,
  hotkey: "",
  cycle: 1,
  explained: [1],
  explanation: [],
  advice: [],
  history: [],
  receipt: null,
};

const pagesOf = (hotkey: () => string) => {
  const made: number[] = [];
  let at = 0;
  const pages = createMinerPages(
    (uid) => {
      made.push(uid);
      return uid < 1000 ? { ...page, uid, hotkey: hotkey() } : null;
    },
    () => at,
  );
  const pass = (milliseconds: number): void => {
    at += milliseconds;
  };
  return { pages, made, pass };
};

test("miners' pages are kept by their bytes, those that were asked for last", () => {
  // Text that does not compress: with its compressed form a page takes some 1.75 MiB.
  const { pages, made } = pagesOf(() => randomBytes(3 * 2 ** 18).toString("base64"));
  for (let uid = 1; uid <= 40; uid++) {
    pages.get(uid, 1, HERE);
    pages.get(1, 1, HERE);
  }
  assert.equal(made.length, 40, "who is asked for stays");
  pages.get(40, 1, HERE);
  assert.equal(made.length, 40);
  pages.get(2, 1, HERE);
  assert.equal(made.length, 41, "the one that nobody asked for does not");
});

test("so many pages are made a minute, half of them for one address, and kept ones cost nothing", () => {
  const { pages, made, pass } = pagesOf(() => "");
  const ask = (count: number, address: string, uid = 1) =>
    Array.from({ length: count }, (_, i) => pages.get(uid, Number(address.split(".")[3]) * 1000 + i, address));
  const documents = (answers: readonly unknown[]) => answers.filter((answer) => typeof answer === "object").length;
  assert.equal(documents(ask(400, "10.0.0.1")), 300);
  assert.equal(pages.get(1, 1999, "10.0.0.1"), 1, "a second, the least there is");
  assert.equal(typeof pages.get(1, 1000, "10.0.0.1"), "object");
  assert.equal(documents(ask(400, "10.0.0.2")), 300);
  assert.equal(typeof pages.get(1, 3000, "10.0.0.3"), "number", "all of a minute are made");
  pass(60_000);
  assert.equal(made.length, 600);
  assert.equal(documents(ask(400, "10.0.0.4")), 300);
});

test("who asks for what is not there takes no page from others", () => {
  const { pages } = pagesOf(() => "");
  for (let stranger = 0; stranger < 10; stranger++)
    for (let cycle = 0; cycle < 400; cycle++) pages.get(5000, cycle, `10.0.1.${stranger}`);
  assert.equal(typeof pages.get(1, 1, HERE), "object");
});
