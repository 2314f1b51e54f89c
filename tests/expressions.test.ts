import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ROOMS } from "./rooms.js";
import { isLinear } from "./support/growth.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** An expression in the source, where a value may stand: after an operator, a bracket or a comma. */
const EXPRESSION =
  /(?<=(?:[=(,:?[!&|;{}]|=>|\breturn|^)\s*)\/((?:[^\\/[\n*]|\\.|\[(?:[^\]\\\n]|\\.)*\])(?:[^\\/[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])*)\/([dgimsuvy]*)(?=[\s,.;)\]}]|$)/gm;

/** Without a loop that has no end an expression looks at each character a fixed number of times. */
const HAS_LOOP = /[*+]|\{\d+,\}/;

/** Long enough that a square takes seconds, short enough that hundreds of expressions take no longer. */
const LENGTH = 1 << 15;

/** Expressions that take the square, and meet nothing but a setting or a flag that the operator wrote. */
const OF_THE_OPERATOR = new Set([
  String.raw`owner/pack/sources/hub-files.ts: /\/+$/`,
  String.raw`shared/blobs/hugging-face-store.ts: /\/+$/`,
  String.raw`shared/chain/subtensor/axon.ts: /(\d+)\.(\d+)\.(\d+)\.(\d+)$/`,
  String.raw`shared/cli/numbers.ts: /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i`,
  "shared/cli/tokens.ts: /0+$/",
  String.raw`shared/config/allowed.ts: /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i`,
  String.raw`shared/hub/hub.ts: /\/+$/`,
  String.raw`shared/planning/read-model.ts: /\/+$/`,
  String.raw`shared/telemetry/wandb/metrics-sink.ts: /\/+$/`,
]);

const compiled = (source: string, flags: string): RegExp | null => {
  try {
    return new RegExp(source, flags);
  } catch {
    return null;
  }
};

const expressionsOf = (file: string): readonly RegExp[] =>
  [...readFileSync(join(root, file), "utf8").matchAll(EXPRESSION)].flatMap(([, source = "", flags = ""]) =>
    HAS_LOOP.test(source) ? (compiled(source, flags) ?? []) : [],
  );

const files = [...new Set(ROOMS.map(({ room }) => room.split("/")[0]!))].flatMap((top) =>
  readdirSync(join(root, top), { recursive: true, encoding: "utf8" })
    .map((path) => join(top, path).replaceAll("\\", "/"))
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts")),
);

/** What an expression may loop over: its own signs, one of each kind, and pairs of them, as those that begin with an escape or end a word. */
const partsOf = ({ source }: RegExp): readonly string[] => {
  const signs = [...new Set(` \n\ta0A/.-\x1b€${source}`)];
  const pairs = signs.flatMap((sign) => ["a", ".", "\\", " "].flatMap((other) => [sign + other, other + sign]));
  return [...signs, ...pairs];
};

describe("a regular expression", () => {
  it("takes time in proportion to the text, whoever wrote that", () => {
    let found = 0;
    const squares: string[] = [];
    for (const file of files)
      for (const expression of expressionsOf(file)) {
        found += 1;
        if (OF_THE_OPERATOR.has(`${file}: ${expression}`)) continue;
        const look = (text: string) => {
          expression.lastIndex = 0;
          return text.replace(expression, "");
        };
        const isSquare = (part: string) =>
          !isLinear(look, (length) => `${part.repeat(length / part.length)}\x01`, [LENGTH]);
        const part = partsOf(expression).find(isSquare);
        if (part !== undefined) squares.push(`${file}: ${expression} of ${JSON.stringify(part)}`);
      }
    assert.ok(found > 80, `only ${found} were found`);
    assert.deepEqual(squares, []);
  });
});
