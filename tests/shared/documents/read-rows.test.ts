import assert from "node:assert/strict";
import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { parquetWriteBuffer } from "hyparquet-writer";
import { kindOf } from "#shared/documents/formats.js";
import { parseLenientJson } from "#shared/documents/lenient-json.js";
import { PARQUET_PROCESS, type ParquetRequest, parquetRows } from "#shared/documents/parquet-rows.js";
import { readRows } from "#shared/documents/read-rows.js";
import { MAX_ROW_BYTES, type Row } from "#shared/documents/row.js";
import { writeJsonl } from "#shared/documents/write-jsonl.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { temporaryFile } from "#tests/shared/config/fixtures.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { parquetThatEndsItsReader, parquetThatNeverEnds } from "./hostile-parquet.js";
import { LATIN_ZSTD } from "./zstd.js";

const all = async (path: string, textIs: "document" | "lines" = "document"): Promise<readonly Row[]> => {
  const rows: Row[] = [];
  for await (const lot of readRows({ path, fields: ["text"], textIs })) rows.push(...lot);
  return rows;
};

const of = (t: TestContext, name: string, content: string | Uint8Array, textIs?: "document" | "lines") =>
  all(temporaryFile(t, name, content), textIs);

const texts = (rows: readonly Row[]) =>
  rows.map((row) => (row.ok ? (row.value as { readonly text: unknown }).text : `broken: ${row.problem}`));

/** Its start takes less: with so many hundredths of a second it is in its endless loop. */
const PROCESSOR_TICKS = 200;

/** What a process has computed, in hundredths of a second, where the system tells. */
const processorTime = (pid: number | undefined): number => {
  if (process.platform !== "linux") return PROCESSOR_TICKS;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(" ");
  return Number(fields[13]) + Number(fields[14]);
};

describe("rows of a file of documents", { timeout: HANG_GUARD }, () => {
  it("are lines of JSON Lines: byte order mark, CRLF, blank lines and Python's NaN do no harm", async (t) => {
    const content = '\ufeff{"text":"a","score":NaN}\r\n\r\n{"text":"b","x":[-Infinity,"NaN"]}\n{"text":}\n[1]\n\xff';
    const rows = await of(t, "d.jsonl", Buffer.from(content, "utf8"));
    assert.deepEqual(texts(rows.slice(0, 3)), ["a", "b", "broken: not JSON"]);
    assert.deepEqual(rows[3], { ok: true, value: [1] });
    const invalid = await of(t, "d.jsonl", Uint8Array.of(0x22, 0xff, 0x22));
    assert.deepEqual(texts(invalid), ["broken: not UTF-8"]);
  });

  it("leave strings that spell NaN alone", () => {
    assert.deepEqual(parseLenientJson('{"a":"NaN, \\" Infinity","b":NaN,"c":-Infinity}'), {
      a: 'NaN, " Infinity',
      b: null,
      c: null,
    });
    assert.deepEqual(parseLenientJson('{"a\\\\":NaN,"b":"\\n\\\\","c":"NaN\\\\\\"-Infinity"}'), {
      "a\\": null,
      b: "\n\\",
      c: 'NaN\\"-Infinity',
    });
    for (const text of ['{"a":NaNa}', '{"a":NaN,"b":"', '{"a":NaN,"b":"\\', '{"a":\\NaN}'])
      assert.throws(() => parseLenientJson(text), SyntaxError);
  });

  it("are an array's elements, or the one value that a JSON file has", async (t) => {
    assert.deepEqual(texts(await of(t, "d.json", '\ufeff [ {"text":"a,]}"} ,\n{"text":"\\"]"},{"text":x}] ')), [
      "a,]}",
      '"]',
      "broken: not JSON",
    ]);
    assert.deepEqual(texts(await of(t, "d.json", '{"text":"one"}')), ["one"]);
    assert.deepEqual(await of(t, "d.json", "[]"), []);
    assert.deepEqual(texts(await of(t, "d.json", '[{"text":"a"},{"text":')), ["a", "broken: the array does not end"]);
  });

  it("are a text file, or its lines", async (t) => {
    assert.deepEqual(texts(await of(t, "d.txt", "\ufeffone\r\ntwo\n")), ["one\ntwo\n"]);
    assert.deepEqual(texts(await of(t, "d.txt", "one\r\n\ntwo", "lines")), ["one", "two"]);
  });

  it("are a parquet file's, with the wanted column alone", async (t) => {
    const buffer = parquetWriteBuffer({
      columnData: [
        { name: "text", data: ["a", null, "ü"], type: "STRING", nullable: true },
        { name: "id", data: [1, 2, 3], type: "INT32" },
      ],
    });
    const rows = await of(t, "d.parquet", new Uint8Array(buffer));
    assert.deepEqual(
      rows.map((row) => row.ok && row.value),
      [{ text: "a" }, { text: null }, { text: "ü" }],
    );
    await assert.rejects(of(t, "d.parquet", "no parquet at all"), coded("DATASET_MALFORMED"));
    await assert.rejects(all("no-such.parquet"), coded("DATASET_NOT_FOUND"));
  });

  it("are a parquet file's in lots, but for those that are too long, and told of as bytes are read", async (t) => {
    const words = Array.from({ length: 12_000 }, (_, i) => `row ${i}`);
    const data = [...words, "x".repeat(MAX_ROW_BYTES + 1), "y".repeat(3 << 20), "z".repeat(3 << 20), "last"];
    const columnData = [{ name: "text", data, type: "STRING" as const }];
    const content = new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 1 << 20 }));
    const path = temporaryFile(t, "lots.parquet", content);
    const lots: (readonly Row[])[] = [];
    let read = 0;
    const onRead = (bytes: number) => {
      read += bytes;
    };
    for await (const lot of parquetRows(path, ["text"], { onRead })) lots.push(lot);
    assert.deepEqual(
      lots.map(({ length }) => length),
      [10_000, 2_002, 2],
    );
    const expected = data.map((text) =>
      text.length > MAX_ROW_BYTES ? `broken: longer than ${MAX_ROW_BYTES} bytes` : text,
    );
    assert.deepEqual(texts(lots.flat()), expected);
    assert.ok(read > 0);
    // Whoever stops in between is not waited for.
    for await (const lot of parquetRows(path, ["text"])) {
      assert.equal(lot.length, 10_000);
      break;
    }
  });

  it("of a parquet file that ends its reader are one coded error", async (t) => {
    const path = temporaryFile(t, "d.parquet", parquetThatEndsItsReader());
    await assert.rejects(
      parquetRows(path, ["text"], { heapMiB: 128 }).next(),
      coded("DATASET_MALFORMED", /d\.parquet cannot be read as parquet: its reader ended \(/),
    );
  });

  it("of a parquet file that keeps its reader for ever are waited for so long, and no longer than whoever asks wants them", async (t) => {
    const path = temporaryFile(t, "d.parquet", parquetThatNeverEnds());
    const stopped = new AbortController();
    const asked = readRows({ path, fields: ["text"], signal: stopped.signal }).next();
    stopped.abort(new Error("enough"));
    await assert.rejects(asked, /^Error: enough$/);
    await assert.rejects(
      parquetRows(path, ["text"], { lotMs: 1000 }).next(),
      coded("DATASET_MALFORMED", /d\.parquet cannot be read as parquet: no row within 1 s$/),
    );
  });

  it("of a parquet file are not read on when whoever asked is gone, whatever the file does", async (t) => {
    const path = temporaryFile(t, "d.parquet", parquetThatNeverEnds());
    const request: ParquetRequest = { path, columns: ["text"] };
    const reader = fork(PARQUET_PROCESS, [JSON.stringify(request)], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    t.after(() => reader.kill("SIGKILL"));
    reader.send("next");
    while (processorTime(reader.pid) < PROCESSOR_TICKS) await setImmediate();
    const ended = once(reader, "exit");
    reader.disconnect();
    await ended;
  });

  it("are the same compressed; what is cut short is one coded error", async (t) => {
    const content = Array.from({ length: 500 }, (_, i) => `{"text":"row ${i}"}\n`).join("");
    const plain = await of(t, "d.jsonl", content);
    const zipped = gzipSync(content);
    assert.deepEqual(await of(t, "d.jsonl.gz", zipped), plain);
    assert.deepEqual(await of(t, "d.jsonl.gz", Buffer.concat([zipped, zipped])), [...plain, ...plain]);
    assert.deepEqual(texts(await of(t, "d.txt.zst", LATIN_ZSTD)), ["quousque tandem\n"]);
    const refused = coded("DATASET_MALFORMED", /d\.(jsonl\.gz|txt\.zst) is not whole (gzip|zstd)/);
    await assert.rejects(of(t, "d.jsonl.gz", zipped.subarray(0, zipped.length - 9)), refused);
    await assert.rejects(of(t, "d.txt.zst", LATIN_ZSTD.subarray(0, LATIN_ZSTD.length - 6)), refused);
    await assert.rejects(of(t, "d.jsonl.gz", "plain"), refused);
    // Frames that would keep more than 128 MiB in memory: by their window, and by their size as a single segment.
    const frame = (...header: readonly number[]) =>
      Buffer.concat([Buffer.from([0x28, 0xb5, 0x2f, 0xfd, ...header]), Buffer.alloc(20)]);
    for (const head of [frame(0, 0x89), frame(0xa0, 1, 0, 0, 0x08), frame(0xe1, 0, 0, 0, 0, 0, 1)])
      await assert.rejects(of(t, "d.txt.zst", head), coded("DATASET_TOO_LARGE", /window of \d+ bytes/));
  });

  it("that are too long are passed over, and those after them are read", async (t) => {
    const long = Buffer.alloc(MAX_ROW_BYTES + 1, "x");
    const rows = await of(t, "d.jsonl", Buffer.concat([long, Buffer.from('\n{"text":"after"}')]));
    assert.deepEqual(texts(rows), [`broken: longer than ${MAX_ROW_BYTES} bytes`, "after"]);
  });

  it("are not looked for in what has no format, or is no file: a pipe does not hang", async (t) => {
    assert.equal(kindOf("a/b.c/d"), null);
    assert.deepEqual(kindOf("X.JSONL.GZ"), { format: "jsonl", compression: "gzip" });
    await assert.rejects(async () => of(t, "d.csv", "a"), coded("DATASET_FORMAT"));
    await assert.rejects(async () => of(t, "d.parquet.gz", "a"), coded("DATASET_FORMAT"));
    await assert.rejects(all("no-such.jsonl"), coded("DATASET_NOT_FOUND"));
    if (process.platform === "win32") return;
    const pipe = join(temporaryFolder(t), "pipe.jsonl");
    execFileSync("mkfifo", [pipe]);
    await assert.rejects(all(pipe), coded("DATASET_NOT_FOUND", /is not a regular file/));
  });

  it("are not written out where they are too many, too much or none, and nothing is left of them", async (t) => {
    const path = temporaryFile(
      t,
      "d.json",
      JSON.stringify(Array.from({ length: 8 }, () => ({ text: "\n".repeat(30) }))),
    );
    const folder = temporaryFolder(t);
    const written = (limits: object) =>
      writeJsonl({
        path,
        out: join(folder, "out.jsonl"),
        field: "text",
        limits: { fileBytes: 1000, lineBytes: 100, lines: 10, ...limits },
      });
    await assert.rejects(written({ lines: 7 }), coded("DATASET_TOO_LARGE", /d\.json has more than 7 documents/));
    await assert.rejects(written({ fileBytes: 300 }), coded("DATASET_TOO_LARGE", /d\.json has more than 300 bytes/));
    await assert.rejects(
      written({ lineBytes: 60 }),
      coded("DATASET_EMPTY", /d\.json holds no document: longer than 60/),
    );
    assert.deepEqual(readdirSync(folder), []);
    assert.equal((await written({})).documents, 8);
    assert.deepEqual(readdirSync(folder), ["out.jsonl"]);
  });

  it("are written out as JSON Lines, but for those without text", async (t) => {
    const path = temporaryFile(
      t,
      "d.json.gz",
      gzipSync('[{"text":"a"},{"text":null},{"text":""},{"no":1},{"text":"b"}]'),
    );
    const out = join(temporaryFolder(t), "deep/out.jsonl");
    const limits = { fileBytes: 1000, lineBytes: 100, lines: 10 };
    const written = { documents: 2, skipped: 3, reason: 'no text in "text"' };
    assert.deepEqual(await writeJsonl({ path, out, field: "text", limits }), written);
    assert.deepEqual(texts(await all(out)), ["a", "b"]);
  });
});
