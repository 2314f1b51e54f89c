import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { basename } from "node:path";
import { type TestContext, test } from "node:test";
import { sourceDigest } from "#datasets/digest.js";
import { builtInKinds, openSource, type SourceName } from "#datasets/index.js";
import { openJsonl } from "#datasets/jsonl.js";
import { BlockZeroError, formatError } from "#shared/errors/error.js";
import { temporaryFile } from "#tests/shared/config/fixtures.js";

const lineOf = (act: () => unknown, file = ""): string => {
  try {
    act();
  } catch (thrown) {
    assert.ok(thrown instanceof BlockZeroError, String(thrown));
    return formatError(thrown).replaceAll(file, basename(file));
  }
  return assert.fail("nothing was thrown");
};

test("Moby-Dick: a chapter a document, without the table of contents", () => {
  const source = openSource({ kind: "moby-dick" });
  assert.equal(source.size, 138);
  const texts = Array.from({ length: 138 }, (_, index) => source.document(index));
  assert.match(texts[2] ?? "", /^CHAPTER 1\. Loomings\.\n\nCall me Ishmael\./);
  assert.ok(texts.reduce((sum, text) => sum + text.length, 0) > 1_000_000);
  assert.throws(() => source.document(138), RangeError);
});

test("State of the Union: an address a document, ordered by year", () => {
  const source = openSource({ kind: "sotu" });
  assert.ok(typeof source.size === "number" && source.size >= 233);
  assert.match(source.document(0), /^Fellow-Citizens of the Senate and House of Representatives/);
  assert.throws(() => source.document(-1), RangeError);
});

test("a source of the toolkit is opened once", () => {
  for (const kind of builtInKinds) {
    assert.equal(openSource({ kind }), openSource({ kind }));
    assert.equal(openSource({ kind }).kind, kind);
  }
});

test("an unknown name is told the nearest", () => {
  const open = (name: SourceName) => () => openSource(name);
  assert.equal(
    lineOf(open({ kind: "mobydick" })),
    '✖ UNKNOWN_DATASET no data source is called "mobydick", did you mean "moby-dick"? → use one of arithmetic, moby-dick, sotu, jsonl, pack',
  );
  assert.equal(
    lineOf(open({ kind: "__proto__" })),
    '✖ UNKNOWN_DATASET no data source is called "__proto__" → use one of arithmetic, moby-dick, sotu, jsonl, pack',
  );
  assert.match(lineOf(open({ kind: "jsonl" })), /^✖ DATASET_PATH_MISSING /);
  assert.match(lineOf(open({ kind: "sotu", path: "x" })), /^✖ DATASET_PATH_UNEXPECTED /);
});

test("an operator's file: one document a line, in any order, blank lines and other fields ignored", (context) => {
  const long = "ü".repeat(700_000);
  const content = `{"text":"first"}\r\n\n{"id":7,"text":${JSON.stringify(long)}}\n  \n{"text":"last\\nline"}`;
  const source = openJsonl(temporaryFile(context, "d.jsonl", content));
  assert.equal(source.size, 3);
  assert.equal(source.document(2), "last\nline");
  assert.equal(source.document(1), long);
  assert.equal(source.document(0), "first");
  assert.throws(() => source.document(3), RangeError);
});

test("what Python and editors of other systems write is read, and lines without text are left out", (context) => {
  const content =
    '\ufeff{"text":"first","loss":NaN}\r\n{"text":""}\r\n{"text":null}\r\n{"text":"last","loss":-Infinity}\r\n';
  const source = openJsonl(temporaryFile(context, "d.jsonl", content));
  assert.equal(source.size, 2);
  assert.deepEqual([source.document(0), source.document(1)], ["first", "last"]);
});

test("a pipe is refused at once, and nobody waits for it", { skip: process.platform === "win32" }, (context) => {
  const pipe = `${temporaryFile(context, "d.jsonl", "")}.pipe`;
  execFileSync("mkfifo", [pipe]);
  assert.match(
    lineOf(() => openJsonl(pipe)),
    /^✖ DATASET_NOT_FOUND .*d\.jsonl\.pipe is not a file/,
  );
});

test("a line that is no document is named by its number", (context) => {
  const fault = (content: string | Uint8Array): string => {
    const file = temporaryFile(context, "d.jsonl", content);
    return lineOf(() => openJsonl(file), file);
  };
  const hint = '→ every line must be a JSON object such as {"text": "…"}';
  assert.equal(fault('{"text":"a"}\n\n{"text":\n'), `✖ DATASET_MALFORMED d.jsonl:3: not JSON ${hint}`);
  assert.equal(fault('{"text":"a"}\n{"txt":"b"}'), `✖ DATASET_MALFORMED d.jsonl:2: no string "text" ${hint}`);
  assert.equal(fault(Uint8Array.of(0x22, 0xff, 0x22)), `✖ DATASET_MALFORMED d.jsonl:1: not UTF-8 ${hint}`);
  assert.equal(fault("\n\n"), '✖ DATASET_EMPTY d.jsonl holds no document → write one {"text": …} a line');
});

test("what the network file names by its content is that, or is not opened", (context) => {
  const content = '{"text":"first"}\n{"text":"second"}\n';
  const file = temporaryFile(context, "d.jsonl", content);
  const pinned = createHash("sha256").update(content).digest("hex");
  const source = openSource({ kind: "jsonl", path: file, sha256: pinned });
  assert.equal(source.document(1), "second");
  assert.equal(openSource({ kind: "jsonl", path: file, sha256: pinned }), source, "it is read once");
  const other = "0".repeat(64);
  assert.equal(
    lineOf(() => openSource({ kind: "jsonl", path: file, sha256: other }), file),
    `✖ DATASET_MISMATCH d.jsonl is not the file that the network file names: its SHA-256 is ${pinned}, not ${other} → give the owner's file, or leave the path out and it is fetched`,
  );
  for (const kind of builtInKinds) {
    const digest = sourceDigest(openSource({ kind }));
    assert.equal(openSource({ kind, sha256: digest }).kind, kind);
    assert.match(
      lineOf(() => openSource({ kind, sha256: other })),
      /^✖ DATASET_VERSION .* as 00000000, this toolkit has /,
    );
  }
});

test("the toolkit's sources are those that networks name: another text is another version", () => {
  const digests = Object.fromEntries(builtInKinds.map((kind) => [kind, sourceDigest(openSource({ kind }))]));
  assert.deepEqual(digests, {
    arithmetic: "d7e37073302f08abd854776365077a7b2b576efd6467b7e5d111512aa4667903",
    "moby-dick": "130b36d5ef9e7848a71b80fd8b23b8630cdc460ac26a23da56aff952a0b7cb7b",
    sotu: "6b3e4613244189f77b0a4b463713a238bbe0a15a054fc9a6d7cb4d2d83782f10",
  });
});

const small = { fileBytes: 100, lineBytes: 40, lines: 2 };

const limited = (context: TestContext, content: string): string => {
  const file = temporaryFile(context, "d.jsonl", content);
  return lineOf(() => openJsonl(file, { limits: small }), file);
};

test("size limits name what is too large", (context) => {
  const hint = "→ split it into smaller files or shorter documents";
  assert.equal(limited(context, "x".repeat(101)), `✖ DATASET_TOO_LARGE d.jsonl has 101 bytes, more than 100 ${hint}`);
  assert.equal(
    limited(context, `{"text":"a"}\n{"text":"${"b".repeat(40)}"}`),
    `✖ DATASET_TOO_LARGE d.jsonl:2: the line has more than 40 bytes ${hint}`,
  );
  assert.equal(
    limited(context, '{"text":"a"}\n'.repeat(3)),
    `✖ DATASET_TOO_LARGE d.jsonl has more than 2 documents ${hint}`,
  );
});

test("a file that is missing, no file, or changed in use", (context) => {
  assert.equal(
    lineOf(() => openSource({ kind: "jsonl", path: "no-such.jsonl" })),
    "✖ DATASET_NOT_FOUND cannot open the data file no-such.jsonl: ENOENT: no such file or directory, open 'no-such.jsonl' → check the path: in a file it is relative to that file, elsewhere to the current folder",
  );
  assert.equal(
    lineOf(() => openJsonl("/")),
    "✖ DATASET_NOT_FOUND / is not a file → name a file, not a folder or a device",
  );
  const file = temporaryFile(context, "d.jsonl", '{"text":"a"}\n');
  const source = openJsonl(file);
  appendFileSync(file, '{"text":"b"}\n');
  assert.match(
    lineOf(() => source.document(0), file),
    /^✖ DATASET_CHANGED d\.jsonl changed while it was in use →/,
  );
});
