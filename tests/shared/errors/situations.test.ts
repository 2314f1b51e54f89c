import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { it } from "node:test";
import { ERROR_CODES, type ErrorCode } from "#shared/errors/registry.js";

/** Codes that no test raises yet: take out what you test. A new code comes with the situation that raises it. */
const UNTRIED: readonly ErrorCode[] = [
  "BEACON_MISSING",
  "BENCH_HASH",
  "BENCH_NODE",
  "BENCH_SHARD",
  "CHAIN_LOG_WRITE",
  "CHAIN_OUTCOME_UNKNOWN",
  "CHAT_TEMPLATE_MISSING",
  "CHECKPOINT_TOO_LARGE",
  "CHILD_FAILED",
  "CHOPSTICKS_MISSING",
  "FETCH_TURN_OVER",
  "HOTKEY_TAKEN",
  "MODEL_MISMATCH",
  "NETWORK_BEACON_INVALID",
  "NETWORK_FORMER_MISSING",
  "NETWORK_RATE_LIMIT",
  "NOT_AUDITABLE",
  "NOT_SUBTENSOR",
  "NO_TEXT",
  "QUESTIONS_MALFORMED",
  "REGISTRATION_CLOSED",
  "REPLAY_DIVERGED",
  "REPORT_MISSING",
  "REPORT_UNUSABLE",
  "RUNTIME_UNSUPPORTED",
  "RUNTIME_UNUSABLE",
  "SEALED_TEXT_MISSING",
  "SEALED_TEXT_PULSE_MISSING",
  "STAKE_TOO_LOW",
  "START_TOO_EARLY",
  "SUBNET_NOT_STARTED",
  "TRAINER_SHARD_UNEVEN",
  "UPDATE_MISSING",
  "WALLET_MEMORY",
  "WANDB_NOTHING_KEPT",
  "WANDB_UNREACHABLE",
  "WEIGHTS_REFUSED",
  "WINDOW_INVALID",
];

it("each error code has a test that raises it", () => {
  const { stdout } = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "tests"], {
    encoding: "utf8",
  });
  const tests = stdout.split("\n").filter((file) => file.endsWith(".ts") && !file.startsWith("tests/shared/errors/"));
  const words = new Set(tests.flatMap((file) => readFileSync(file, "utf8").match(/\b[A-Z][A-Z_]+\b/g) ?? []));
  const untried = ERROR_CODES.filter((code) => !words.has(code));
  assert.deepEqual(
    untried.filter((code) => !UNTRIED.includes(code)),
    [],
  );
});
