import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runProgram, statusOf } from "#shared/own-program/run-program.js";
import { temporaryFolder } from "../artifact/temporary.js";

describe("an operator's program", () => {
  it("that has ended is sent no signal, since its ids may be another's by now", async (t) => {
    const running = await runProgram({
      command: [process.execPath, "-e", "process.exitCode = 3"],
      cwd: temporaryFolder(t),
      env: {},
      mark: { name: "BLOCKZERO_JOB", value: "ended" },
      onLine: () => undefined,
      onError: () => undefined,
    });
    const end = await running.ended;
    assert.deepEqual(end, { code: 3, signal: null, wasStopped: false });
    assert.equal(statusOf(end), "exit status 3");
    const kill = t.mock.method(process, "kill", () => true);
    t.mock.timers.enable({ apis: ["setTimeout"] });
    running.stop(0);
    t.mock.timers.tick(1);
    assert.equal(kill.mock.callCount(), 0);
  });
});
