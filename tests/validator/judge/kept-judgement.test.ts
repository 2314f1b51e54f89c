import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { reportBody } from "#shared/protocol/report.js";
import { keepJudgement, keptJudgement } from "#validator/judge/kept-judgement.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";

const network = "ab".repeat(32);
const validator = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
const wanted = { network, cycle: 7, validator };

test("what was to be signed before a crash is what is signed after it, of this cycle alone", (t) => {
  const home = temporaryFolder(t);
  assert.equal(keptJudgement(home, wanted), null);
  const judgement = reportBody({ network, cycle: 7, base: network, seeds: {}, baseline: {}, entries: [] }, validator);
  keepJudgement(home, judgement);
  assert.deepEqual(keptJudgement(home, wanted), judgement);
  const others = [
    { cycle: 8 },
    { network: "cd".repeat(32) },
    { validator: "5FHneW46xGXgs5mUiveU4sbTyGBzmstUspZC92UhjJM694ty" },
  ];
  for (const other of others) assert.equal(keptJudgement(home, { ...wanted, ...other }), null);
  for (const text of ["", "null", "[]", "{", '{"kind":"report"}']) {
    writeFileSync(join(home, "judgement.json"), text);
    assert.equal(keptJudgement(home, wanted), null, text);
  }
});
