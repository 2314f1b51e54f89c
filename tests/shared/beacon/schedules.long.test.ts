import assert from "node:assert/strict";
import { it } from "node:test";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { checkSchedule } from "./check-schedule.js";
import { realCrypto, type SimulatedCrypto, standInCrypto } from "./crypto.js";

/** How often each origin comes about. @param isCalm which schedules have no faults but the contributors' own */
const count = async (crypto: SimulatedCrypto, schedules: number, isCalm: (n: number) => boolean = () => false) => {
  const origins: Record<string, number> = {};
  for (let n = 0; n < schedules; n++) {
    const { origin } = await checkSchedule({ crypto, seed: `${n}`, ...(isCalm(n) && { isCalm: true }) });
    origins[origin] = (origins[origin] ?? 0) + 1;
  }
  return origins;
};

it("everybody agrees or falls back in 1,000 schedules of missing, late and malformed contributions", {
  timeout: HANG_GUARD,
}, async (t) => {
  const origins = await count(standInCrypto, 1_000);
  t.diagnostic(JSON.stringify(origins));
  for (const origin of ["contributions", "pulse", "blocks"]) assert.ok((origins[origin] ?? 0) >= 50, origin);
});

it("and in 20 with drand's timelock and signatures of sr25519", { timeout: HANG_GUARD }, async (t) => {
  const origins = await count(realCrypto, 20, (n) => n % 2 === 0);
  t.diagnostic(JSON.stringify(origins));
  assert.ok((origins.contributions ?? 0) >= 5);
});
