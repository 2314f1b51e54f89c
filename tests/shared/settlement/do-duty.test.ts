import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEFAULT_AUDIT } from "#shared/duty/rules.js";
import type { VrfSigner } from "#shared/protocol/signer.js";
import { answerAudit, type Drawn, doDuty } from "#shared/settlement/do-duty.js";
import { cheapDraw, hashOf, keyOf } from "../duty/support.js";
import { simulateCycle } from "./simulated-cycle.js";

/** Of five others. */
const TASKS = 100;

const { inputs } = simulateCycle("draws", [
  { name: "ann" },
  ...["bob", "cal", "dan", "eve", "fay"].map((name) => ({ name, tasks: TASKS / 5, plants: false })),
]);
const tasks = inputs.tasks.filter(({ task }) => task.executor !== "ann").length;

const counting = (): { readonly signer: VrfSigner; readonly draws: () => number } => {
  let draws = 0;
  const signer: VrfSigner = {
    address: "ann",
    publicKey: keyOf("ann"),
    sign: async () => new Uint8Array(64),
    vrf: (message, context) => {
      draws += 1;
      return cheapDraw("ann", message, context);
    },
  };
  return { signer, draws: () => draws };
};

const checkers = { "sprint-win": async () => ({ verdict: "valid", digest: hashOf("output") }) as const };
const audit = { document: null, auditSeed: hashOf("audit"), votes: [] };

describe("a member's answers", () => {
  it("take the draws that were made for its duty", async () => {
    const { signer, draws } = counting();
    const drawn: Drawn = new Map();
    await doDuty(inputs, { signer, checkers, drawn, milliseconds: 1000 });
    assert.equal(draws(), tasks);
    const { answers } = await answerAudit(inputs, { ...audit, drawn }, signer);
    assert.equal(answers.length, DEFAULT_AUDIT.sample);
    assert.equal(draws(), tasks);
  });

  it("draw for what is asked and nothing else, where no draw was kept", async () => {
    const { signer, draws } = counting();
    const { answers } = await answerAudit(inputs, audit, signer);
    assert.equal(draws(), DEFAULT_AUDIT.sample);
    const { signer: again } = counting();
    const { draws: all } = await doDuty(inputs, { signer: again, checkers, milliseconds: 1000 });
    for (const { task, draw } of answers) assert.equal(draw, all.get(task));
  });

  it("are the same with draws that were made by another seed", async () => {
    const { signer } = counting();
    const drawn: Drawn = new Map();
    await doDuty({ ...inputs, beacon: hashOf("a sibling") }, { signer, checkers, drawn, milliseconds: 1000 });
    const kept = await answerAudit(inputs, { ...audit, drawn }, signer);
    assert.deepEqual(kept.answers, (await answerAudit(inputs, audit, signer)).answers);
  });
});
