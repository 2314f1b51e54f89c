import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { expectedFault } from "#shared/errors/file-fault.js";
import { ensureFolder, ensureFolderSync } from "#shared/files/ensure-folder.js";
import { temporaryFolder } from "../artifact/temporary.js";

const KINDS = {
  ensureFolder,
  ensureFolderSync: async (path: string, mode?: number) => ensureFolderSync(path, mode),
};

for (const [name, make] of Object.entries(KINDS))
  describe(name, () => {
    it("makes a folder and those that it lies in, and says which was the first", async (t) => {
      const folder = temporaryFolder(t);
      const deep = join(folder, "a", "b", "c");
      assert.equal(await make(deep, 0o700), join(folder, "a"));
      assert.equal(await make(deep), undefined);
      assert.equal(await make(join(deep, "d")), join(deep, "d"));
      if (process.platform !== "win32")
        for (const one of ["a", "a/b"]) assert.equal(statSync(join(folder, one)).mode & 0o777, 0o700);
    });

    it("takes a folder that is there by another name", async (t) => {
      const folder = temporaryFolder(t);
      symlinkSync(folder, join(folder, "self"));
      assert.equal(await make(join(folder, "self")), undefined);
      assert.equal(await make(join(folder, "self", "new")), join(folder, "self", "new"));
    });

    it("ends where a folder cannot be made, with a fault that a program tells in a line", async (t) => {
      const folder = temporaryFolder(t);
      writeFileSync(join(folder, "file"), "");
      symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
      // The system calls these missing, in a folder that is there.
      const ofTheSystem = existsSync("/proc/self") ? ["/proc/nope", "/proc/nope/deeper"] : [];
      for (const path of [
        join(folder, "file"),
        join(folder, "file", "in"),
        join(folder, "dangling", "in"),
        ...ofTheSystem,
      ])
        await assert.rejects(make(path), (thrown) => {
          assert.equal(expectedFault(thrown)?.code, "FILE_UNWRITABLE", path);
          return true;
        });
      if (process.getuid?.() === 0) return;
      chmodSync(folder, 0o500);
      await assert.rejects(make(join(folder, "new")), { code: "EACCES" });
      assert.equal(await make(folder), undefined);
      chmodSync(folder, 0o700);
    });
  });

it("no folder is made by Node's own recursive call, which does not end in /proc", () => {
  const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "*.ts", ":!tests"], {
    encoding: "utf8",
  });
  const files = stdout.split("\n").filter((file) => file !== "");
  assert.ok(files.length > 100);
  assert.deepEqual(
    files.filter((file) => /\bmkdir(Sync)?\([^;]*recursive/.test(readFileSync(file, "utf8"))),
    [],
  );
});
