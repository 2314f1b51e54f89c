import assert from "node:assert/strict";
import { it } from "node:test";
import { openMetrics } from "#shared/telemetry/open-metrics.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { temporaryFolder } from "../shared/artifact/temporary.js";
import { capturingLog } from "../shared/telemetry/capture.js";
import { wandbDouble } from "../shared/telemetry/wandb-double.js";
import { run } from "./process.js";

it("blockzero wandb sync sends what was kept, once, and says what it lacks", { timeout: HANG_GUARD }, async (t) => {
  const service = await wandbDouble(t);
  const checkpoint_dir = temporaryFolder(t);
  const config = { checkpoint_dir, wandb: true, netuid: 1, wallet: { name: "w", hotkey: "ann" } };
  const sink = openMetrics(config, { role: "miner", log: capturingLog().log, env: { WANDB_MODE: "offline" } });
  for (const cycle of [1, 2, 3]) sink.write({ cycle });
  await sink.close();
  const tried = temporaryFolder(t);
  const dry = { ...config, checkpoint_dir: tried, dry_run: true };
  await openMetrics(dry, { role: "miner", log: capturingLog().log, env: { WANDB_MODE: "offline" } }).close();

  const env = { WANDB_API_KEY: "k".repeat(40), WANDB_BASE_URL: service.url };
  const sync = (dir: string, more: Readonly<Record<string, string>> = env) =>
    run("blockzero", ["wandb", "sync", "--checkpoint_dir", dir], { cwd: temporaryFolder(t), env: more });
  const [first, ofDryRun, nothing, nothingKeyless, keyless] = await Promise.all([
    sync(checkpoint_dir),
    sync(tried),
    sync(temporaryFolder(t)),
    sync(temporaryFolder(t), {}),
    sync(checkpoint_dir, {}),
  ]);
  assert.deepEqual([first.status, first.stderr], [0, ""]);
  assert.match(first.stdout, /^run +miner ann\nrows +3\nurl +team\/blockzero-miner\/runs\/[0-9a-f]{16}\n$/);
  assert.match(ofDryRun.stdout, /^rows +0$/m);
  assert.match(nothing.stderr, /^✖ WANDB_NOTHING_KEPT .+ → .+\n$/);
  assert.match(nothingKeyless.stderr, /^✖ WANDB_NOTHING_KEPT /, "who has nothing needs no key");
  assert.match(keyless.stderr, /^✖ WANDB_API_KEY_MISSING .+ → .+\n$/);
  const second = await sync(checkpoint_dir);
  assert.match(second.stdout, /^rows +0$/m);
  assert.equal([...service.runs.values()].find(({ rows }) => rows.length > 0)?.rows.length, 3);
});
