import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { heatMapLines } from "#shared/cli/heat-map.js";
import { heatMapPage } from "#shared/cli/heat-map-page.js";

const map = {
  title: "<prose>",
  rows: ["0", "11"],
  values: [
    [0, 0.5],
    [0.25, 0.1],
  ],
  marks: [
    ["", "prose"],
    ["code", ""],
  ],
};

describe("a heat map", () => {
  it("shows in a terminal a row a layer, shaded by the largest value", () => {
    assert.deepEqual(heatMapLines(map), ["<prose> (█ = 50.0 %)", " 0 | █| .p", "11 |▒·| c."]);
    assert.deepEqual(heatMapLines({ title: "flat", rows: ["0"], values: [[0, 0]] }), ["flat (█ = 0.0 %)", "0 |  |"]);
  });

  it("is one page that loads nothing and takes names as text", () => {
    const page = heatMapPage("Experts & corpora", [map]);
    assert.equal(page.match(/<rect/g)?.length, 4);
    assert.match(page, /<title>layer 0, expert 1: 50.00 % \(prose\)<\/title>/);
    assert.match(page, /&lt;prose&gt;/);
    assert.doesNotMatch(page, /<prose>|src=|href=|<script/);
  });
});
