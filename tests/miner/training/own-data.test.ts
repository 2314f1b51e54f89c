import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { minerSettings } from "#miner/config.js";
import { withOwnData } from "#miner/training/own-data.js";
import { loadConfig } from "#shared/config/load.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { collectingLog } from "../../shared/chain/support.js";

it("a miner's own text of a few documents is warned of, in any format", async (t) => {
  const folder = temporaryFolder(t);
  const warned = async (name: string, text: string) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    const { log, lines } = collectingLog();
    const config = loadConfig(minerSettings, { env: {}, flags: { expert_group: "math", data_path: path } });
    await withOwnData(config, join(folder, "home"), log);
    return lines.filter(({ level }) => level === "warn").map(({ fields }) => [fields.code, fields.documents]);
  };
  const line = `${JSON.stringify({ text: "one and one is two" })}\n`;
  assert.deepEqual(await warned("one.jsonl", `${line}\n`), [["DATA_FEW", 1]]);
  assert.deepEqual(await warned("one.json", JSON.stringify([{ text: "one and one is two" }])), [["DATA_FEW", 1]]);
  assert.deepEqual(await warned("many.jsonl", line.repeat(100)), []);
});
