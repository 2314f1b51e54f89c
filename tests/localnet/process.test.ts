import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { supervise } from "#localnet/process.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { until } from "#tests/support/subnet.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";

it("a participant's own file counts, not the settings of who started the localnet", {
  timeout: HANG_GUARD,
}, async (t) => {
  const home = temporaryFolder(t);
  const logFile = join(home, "log");
  process.env.BLOCKZERO_LISTEN_PORT = "9000";
  t.after(() => {
    delete process.env.BLOCKZERO_LISTEN_PORT;
  });
  const child = supervise(
    { name: "printer", program: "tests/localnet/print-settings.js", args: () => [], logFile },
    { signal: t.signal, pidFile: join(home, "pid"), onDeath: () => {}, onFatal: () => {} },
  );
  t.after(() => child.stop());
  const said = () => /settings: (.*)\n/.exec(readFileSync(logFile, "utf8"))?.[1];
  await until(t, () => said() !== undefined);
  assert.equal(said(), "[]");
});
