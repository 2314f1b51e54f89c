import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openDiskReserve } from "#shared/participant/files/disk-reserve.js";
import { coded } from "#tests/support/coded.js";

const fileOf = (maxBytes: number, received = () => 0) => ({ hash: "a file", maxBytes, received });

describe("room that no stranger's files take", () => {
  it("is kept however many come at once, and by what of them is on the disk already", async () => {
    let free = 100;
    const reserve = openDiskReserve(
      async () => free,
      async () => {},
    );
    await reserve.admit(fileOf(1000));
    reserve.keepFree(40);
    let received = 0;
    const all = await Promise.allSettled([
      reserve.admit(fileOf(25, () => received)),
      reserve.admit(fileOf(35)),
      reserve.admit(fileOf(1)),
    ]);
    assert.deepEqual(
      all.map(({ status }) => status),
      ["fulfilled", "fulfilled", "rejected"],
    );
    received = 25;
    free = 75;
    await assert.rejects(reserve.admit(fileOf(1)), coded("DISK_RESERVED"));
    const [, second] = all;
    assert.ok(second?.status === "fulfilled");
    second.value();
    await reserve.admit(fileOf(35));
    await assert.rejects(reserve.admit(fileOf(1)), coded("DISK_RESERVED"));
  });

  it("is made where files are kept without need", async () => {
    let free = 10;
    const asked: number[] = [];
    const reserve = openDiskReserve(
      async () => free,
      async (bytes) => {
        asked.push(bytes);
        free += bytes;
      },
    );
    reserve.keepFree(8);
    await reserve.admit(fileOf(5));
    assert.deepEqual(asked, [3]);
  });

  it("is not kept where the disk does not say what is free", async () => {
    const reserve = openDiskReserve(
      () => Promise.reject(new Error("no such call")),
      async () => {},
    );
    reserve.keepFree(1);
    await reserve.admit(fileOf(1e15));
  });
});
