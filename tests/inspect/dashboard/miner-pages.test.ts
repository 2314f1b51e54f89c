import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { createMinerPages } from "#inspect/dashboard/miner-pages.js";
import type { MinerPage } from "#inspect/dashboard/snapshot.js";

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
    pages.get(uid, 1);
    pages.get(1, 1);
  }
  assert.equal(made.length, 40, "who is asked for stays");
  pages.get(40, 1);
  assert.equal(made.length, 40);
  pages.get(2, 1);
  assert.equal(made.length, 41, "the one that nobody asked for does not");
});

test("so many pages are made a minute, whoever asks, and kept ones cost nothing", () => {
  const { pages, made, pass } = pagesOf(() => "");
  for (let cycle = 1; cycle <= 700; cycle++) pages.get(cycle % 2 === 0 ? 1 : 5000, cycle);
  assert.equal(made.length, 600);
  assert.equal(pages.get(1, 601), 1, "a second, the least there is");
  assert.equal(typeof pages.get(1, 2), "object");
  pass(30_000);
  for (let cycle = 1001; cycle <= 1700; cycle++) pages.get(1, cycle);
  assert.equal(made.length, 900);
});
