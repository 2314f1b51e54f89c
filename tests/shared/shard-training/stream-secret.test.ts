import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { streamOwner } from "#shared/shard-training/stream-secret.js";

const ADDRESS = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";

const temporaryDirectory = (t: TestContext): string => {
  const folder = mkdtempSync(join(tmpdir(), "blockzero-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
};

describe("stream secret", () => {
  it("gives one home one stream for ever, another home another, and each hotkey its own", (t) => {
    const [home, other] = [temporaryDirectory(t), temporaryDirectory(t)];
    const first = streamOwner(home, ADDRESS);
    assert.equal(streamOwner(home, ADDRESS), first);
    assert.notEqual(streamOwner(other, ADDRESS), first);
    assert.notEqual(streamOwner(home, `${ADDRESS}2`), first);
    assert.match(first, /^[0-9a-f]{64}$/);
  });

  it("is read by its owner alone, and does not show in the stream's name", (t) => {
    const home = temporaryDirectory(t);
    const owner = streamOwner(home, ADDRESS);
    const path = join(home, "stream-secret");
    if (process.platform !== "win32") assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.ok(!owner.includes(readFileSync(path, "utf8").trim().slice(0, 16)));
  });

  it("refuses a file that holds something else", (t) => {
    const home = temporaryDirectory(t);
    writeFileSync(join(home, "stream-secret"), "short\n");
    assert.throws(() => streamOwner(home, ADDRESS), { code: "STREAM_SECRET_INVALID" });
  });
});
