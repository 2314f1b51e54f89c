import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parsedJson } from "#shared/config/load-network.js";
import { documentExcess, jsonExcess } from "#shared/protocol/json-excess.js";
import { MAX_REPORT_BYTES, parseReport } from "#shared/protocol/report.js";
import { encodeDocuments, MAX_ENVELOPE_BYTES, parseDocuments } from "#shared/protocol/sealed-text.js";

const filled = (unit: string, bytes: number): Uint8Array =>
  Buffer.from(`[${new Array(Math.floor((bytes - 2) / (unit.length + 1))).fill(unit)}]`);

describe("JSON that is counted before it is parsed", () => {
  it("counts values and depth outside texts alone", () => {
    const text = Buffer.from('{"a":"[,{\\",[","b":[1,2,{}]}');
    assert.equal(jsonExcess(text, { values: 7, depth: 3 }), null);
    assert.match(String(jsonExcess(text, { values: 6, depth: 3 })), /more than 6 values/);
    assert.match(String(jsonExcess(text, { values: 7, depth: 2 })), /more than 2 deep/);
  });

  it("says something of any bytes", () => {
    for (const bytes of ['"', '"\\', "]]]]", "", "\\"]) assert.equal(documentExcess(Buffer.from(bytes)), null);
  });

  it("a document of brackets is refused unread", () => {
    for (const unit of ["[]", "{}", "[1]", "1"])
      assert.match(
        JSON.stringify(parseReport(filled(unit, MAX_REPORT_BYTES))),
        /it holds more than 27852\d values/,
        unit,
      );
    const nested = Buffer.from("[".repeat(MAX_REPORT_BYTES / 2) + "]".repeat(MAX_REPORT_BYTES / 2));
    assert.match(JSON.stringify(parseReport(nested)), /it is more than 32 deep/);
    assert.equal(parsedJson(nested), null);
  });

  it("the shortest documents of sealed text are read", () => {
    const letters = new Array(Math.floor((MAX_ENVELOPE_BYTES - 2) / 4)).fill("a");
    assert.equal(parseDocuments(encodeDocuments(letters)).ok, true);
  });
});
