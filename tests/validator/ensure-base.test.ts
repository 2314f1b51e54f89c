import assert from "node:assert/strict";
import { it } from "node:test";
import { BlockZeroError } from "#shared/errors/error.js";
import { mark } from "#shared/participant/writes/journal.js";
import { prometheusInstruments } from "#shared/telemetry/instruments/prometheus.js";
import { ensureBase } from "#validator/ensure-base.js";
import { coded } from "../support/coded.js";
import { HANG_GUARD } from "../support/hang-guard.js";
import { parsePrometheus } from "../support/prometheus-text.js";
import { openSubnet } from "../support/subnet.js";
import { openValidator } from "../support/validator.js";

it("a model that is not the validator's own counts once, however often it is asked for", {
  timeout: HANG_GUARD,
}, async (t) => {
  const subnet = await openSubnet(t);
  const vera = await openValidator(t, subnet, "vera");
  const { participant } = vera;
  const { models } = participant;
  const instruments = prometheusInstruments("validator");
  const telemetry = { ...participant.telemetry, instruments };
  mark(vera, 1, { model: "ab".repeat(32) });
  let left = 3;
  const late: typeof models = {
    ...models,
    outcomeOf: async () => subnet.modelHash,
    baseOf: async () => subnet.modelHash,
    manifest: (hash, signal) => {
      left -= 1;
      if (left < 0) return models.manifest(hash, signal);
      throw new BlockZeroError("FETCH_NOT_FOUND", "nobody has it", "ask again");
    },
  };
  const behind = { ...vera, participant: { ...participant, telemetry, models: late } };
  await subnet.to(subnet.window(2, "distribute").start);
  while (left > 0) await assert.rejects(ensureBase(behind, 2), coded("FETCH_NOT_FOUND"));
  assert.equal(await ensureBase(behind, 2), subnet.modelHash);
  const shown = parsePrometheus(await instruments.text());
  assert.equal(shown.get("blockzero_model_disagreements_total"), 1);
});
