import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { BlockZeroError, type ErrorCode } from "#shared/errors/error.js";
import { expectedFault } from "#shared/errors/file-fault.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";

const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (thrown) {
    return thrown;
  }
  return assert.fail("nothing was thrown");
};

const answered = (code: string, syscall?: string): Error =>
  Object.assign(new Error(`${code}: so it is`), { code, ...(syscall !== undefined && { syscall }) });

describe("a fault that is expected", () => {
  it("is what the system answers to work on a file", (t) => {
    const folder = temporaryFolder(t);
    const file = join(folder, "file");
    writeFileSync(file, "");
    const none = join(folder, "none");
    const calls: readonly (readonly [ErrorCode, () => unknown])[] = [
      ["FILE_UNREADABLE", () => readFileSync(none)],
      ["FILE_UNREADABLE", () => readFileSync(folder)],
      ["FILE_UNREADABLE", () => readdirSync(file)],
      ["FILE_UNREADABLE", () => readFileSync(join(folder, "x".repeat(300)))],
      ["FILE_UNWRITABLE", () => mkdirSync(join(file, "below"))],
      ["FILE_UNWRITABLE", () => mkdirSync(folder)],
      ["FILE_UNWRITABLE", () => mkdtempSync(join(none, "x"))],
      ["FILE_UNWRITABLE", () => renameSync(none, file)],
      ["FILE_UNWRITABLE", () => writeFileSync(file, "", { flag: "wx" })],
      ...(existsSync("/dev/full") ? [["FILE_UNWRITABLE", () => writeFileSync("/dev/full", "x")] as const] : []),
    ];
    for (const [code, call] of calls) {
      const thrown = thrownBy(call) as Error;
      const fault = expectedFault(thrown);
      assert.ok(fault, thrown.message);
      assert.equal(fault.code, code, thrown.message);
      assert.equal(fault.message, thrown.message);
      assert.equal(fault.cause, thrown);
    }
    for (const [code, thrown] of [
      ["FILE_UNWRITABLE", answered("EACCES", "open")],
      ["FILE_UNWRITABLE", answered("ENOSPC")],
      ["FILE_UNREADABLE", answered("EACCES", "scandir")],
      ["FILE_UNREADABLE", answered("EMFILE", "open")],
    ] as const)
      assert.equal(expectedFault(thrown)?.code, code, String(thrown));
  });

  it("is that a disk which is mounted from elsewhere is away", () => {
    const stale = (syscall: string) =>
      Object.assign(new Error("Unknown system error"), {
        code: `Unknown system error -${constants.errno.ESTALE}`,
        errno: -constants.errno.ESTALE,
        syscall,
      });
    for (const [code, thrown] of [
      ["FILE_UNWRITABLE", stale("open")],
      ["FILE_UNWRITABLE", stale("write")],
      ["FILE_UNREADABLE", stale("stat")],
      ["FILE_UNREADABLE", stale("read")],
      ["FILE_UNWRITABLE", answered("ENOTCONN", "open")],
      ["FILE_UNWRITABLE", answered("EREMOTEIO", "fsync")],
      ["FILE_UNWRITABLE", answered("EHOSTDOWN", "rename")],
      ["FILE_UNREADABLE", answered("ETIMEDOUT", "scandir")],
    ] as const)
      assert.equal(expectedFault(thrown)?.code, code, String(thrown));
    for (const thrown of [
      answered("ETIMEDOUT", "read"),
      answered("EHOSTUNREACH", "write"),
      answered("ETIMEDOUT", "connect"),
    ])
      assert.equal(expectedFault(thrown), null, String(thrown));
  });

  it("is a program's own, and nothing else", () => {
    const own = new BlockZeroError("NO_DATA", "none", "give some");
    assert.equal(expectedFault(own), own);
    for (const thrown of [
      new TypeError("x is not a function"),
      thrownBy(() => JSON.parse("{")),
      answered("ENOENT", "connect"),
      answered("EACCES", "listen"),
      answered("ENOENT", "spawn git"),
      answered("ENOENT"),
      "ENOSPC",
      null,
    ])
      assert.equal(expectedFault(thrown), null, String(thrown));
  });
});
