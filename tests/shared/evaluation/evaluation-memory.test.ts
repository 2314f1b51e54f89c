import assert from "node:assert/strict";
import { it } from "node:test";
import { checkHeldWhole } from "#shared/evaluation/evaluation-memory.js";
import { countParameters, parameterShapes } from "#shared/model/parameters.js";
import { template } from "../../support/micro-network.js";

it("a model that a machine cannot hold is refused before it is read", () => {
  const { model } = template;
  const bytes = 4 * countParameters(parameterShapes(model));
  checkHeldWhole(model, bytes + 1);
  assert.throws(() => checkHeldWhole(model, bytes), { code: "MODEL_MEMORY", message: /takes \d+ bytes in float32/ });
});
