import assert from "node:assert/strict";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { parquetWriteBuffer } from "hyparquet-writer";
import { openJsonl } from "#datasets/jsonl.js";
import { minerSettings } from "#miner/config.js";
import { withOwnData } from "#miner/training/own-data.js";
import { loadConfig } from "#shared/config/load.js";
import { temporaryFolder } from "../../shared/artifact/temporary.js";
import { collectingLog } from "../../shared/chain/support.js";
import { parquetThatNeverEnds } from "../../shared/documents/hostile-parquet.js";

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

it("a miner's own text of which a row is too long as JSON is written out without it, and says so", async (t) => {
  const folder = temporaryFolder(t);
  const home = join(folder, "home");
  const path = join(folder, "mine.parquet");
  const columnData = [{ name: "text", data: ["\n".repeat(9 << 20), "short"], type: "STRING" as const }];
  writeFileSync(path, new Uint8Array(parquetWriteBuffer({ columnData })));
  mkdirSync(join(home, "data"), { recursive: true });
  writeFileSync(join(home, "data", "before.jsonl.tmp"), "left by a process that was killed");
  const { log, lines } = collectingLog();
  const config = loadConfig(minerSettings, { env: {}, flags: { expert_group: "math", data_path: path } });
  const { data_path: written } = await withOwnData(config, home, log);
  const source = openJsonl(written!);
  assert.deepEqual([source.size, source.document(0)], [1, "short"]);
  assert.equal(readdirSync(join(home, "data")).length, 1);
  const left = lines.find(({ message }) => message === "rows of data_path left out");
  assert.equal(left?.fields.rows, 1);
  assert.match(String(left?.fields.first), /longer than 16777216 bytes as a line of JSON/);
});

it("a miner's own text that keeps its reader for ever does not keep the miner", async (t) => {
  const folder = temporaryFolder(t);
  const path = join(folder, "mine.parquet");
  writeFileSync(path, parquetThatNeverEnds());
  const config = loadConfig(minerSettings, { env: {}, flags: { expert_group: "math", data_path: path } });
  const stopped = new AbortController();
  const written = withOwnData(config, join(folder, "home"), collectingLog().log, stopped.signal);
  stopped.abort(new Error("stopped"));
  await assert.rejects(written, /^Error: stopped$/);
  assert.deepEqual(readdirSync(join(folder, "home", "data")), []);
});
