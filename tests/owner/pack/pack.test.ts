import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import type { PackProgress } from "#owner/pack/pack-options.js";
import { readSeal } from "#owner/pack/pieces/piece-reader.js";
import { reportText } from "#owner/pack/report/report-text.js";
import { isHeldOut } from "#shared/data/split.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { coded } from "#tests/support/coded.js";
import { HANG_GUARD } from "#tests/support/hang-guard.js";
import { corpus, jsonl, pack, paragraphs, textsOf, writeCorpus } from "./material.js";

describe("a pack", { timeout: HANG_GUARD }, () => {
  it("is filtered, without duplicates, split by clusters and shuffled; nothing is lost or made up", async (t) => {
    const folder = temporaryFolder(t);
    const texts = corpus(220);
    const out = join(folder, "out");
    const { hash, report, manifest } = await pack([writeCorpus(folder, [...texts, "too short"])], out, {
      settings: { held_out: 0.1, shard_bytes: 20_000 },
    });
    const training = textsOf(out, "training");
    const heldOut = textsOf(out, "held_out");
    assert.match(hash, /^[0-9a-f]{64}$/);
    const left = Object.fromEntries(report.stages.map(({ stage, left: rows }) => [stage, rows]));
    assert.equal(left.length, 1);
    assert.equal(left["exact duplicates"], texts.length - new Set(texts).size);
    assert.ok(left["near duplicates"]! > 8 && left["near duplicates"]! <= 20, `${left["near duplicates"]}`);
    assert.equal(report.stages.at(-1)!.rows, training.length + heldOut.length);
    assert.equal(new Set([...training, ...heldOut]).size, training.length + heldOut.length);
    for (const text of [...training, ...heldOut]) assert.ok(texts.includes(text));
    // As from a file of documents: the first of a cluster decides by its hash.
    for (const text of heldOut) assert.ok(isHeldOut(text, 0.1));
    for (const text of training) assert.ok(!isHeldOut(text, 0.1));
    assert.ok(manifest.training.length > 3 && heldOut.length > 5);
    assert.notDeepEqual(
      [...training],
      texts.filter((text) => training.includes(text)),
      "it is shuffled",
    );
    assert.deepEqual(readdirSync(out).sort(), ["blobs", "manifest.json", "report.html", "report.txt"]);
    assert.ok(!existsSync(join(out, "blobs", "incoming")));
    assert.match(reportText(report), /; 1 file, .* rows, /);
  });

  it("is the same bytes whatever the threads, the pieces and how its rows are written", async (t) => {
    const folder = temporaryFolder(t);
    const texts = corpus(120);
    const settings = { held_out: 0.1, shard_bytes: 20_000 };
    const plain = writeCorpus(folder, texts);
    const zipped = join(folder, "corpus.json.gz");
    writeFileSync(zipped, gzipSync(JSON.stringify(texts.map((text) => ({ text })))));
    const first = await pack([plain], join(folder, "a"), { settings });
    const threaded = await pack([plain], join(folder, "b"), { settings, threads: 3, pieceBytes: 9_000 });
    const other = await pack([zipped], join(folder, "c"), { settings });
    assert.equal(threaded.hash, first.hash);
    assert.equal(other.hash, first.hash);
    const seeded = await pack([plain], join(folder, "d"), { settings: { ...settings, seed: 2 } });
    assert.notEqual(seeded.hash, first.hash);
    assert.deepEqual(
      [...textsOf(join(folder, "d"), "training")].sort(),
      [...textsOf(join(folder, "a"), "training")].sort(),
    );
  });

  it("half written is not finished with other settings, and a finished one is not overwritten", async (t) => {
    const folder = temporaryFolder(t);
    const source = writeCorpus(folder, corpus(40));
    const out = join(folder, "out");
    const stop = new AbortController();
    await assert.rejects(pack([source], out, { signal: stop.signal, onProgress: () => stop.abort() }), {
      name: "AbortError",
    });
    await assert.rejects(pack([source], out, { settings: { seed: 5 } }), {
      code: "PACK_CHANGED",
      message: `the work in ${join(out, "work")} was begun with other sources or settings: seed was 1 and is 5`,
    });
    const begun = join(out, "work", "work.json");
    const { rules, ...other } = JSON.parse(readFileSync(begun, "utf8"));
    writeFileSync(begun, JSON.stringify(other));
    await assert.rejects(pack([source], out), {
      code: "PACK_CHANGED",
      message: `the work in ${join(out, "work")} was begun by another version of BlockZero, which makes other documents`,
      hint: /^remove .* all in it but `hub`, which was fetched, and give the same again$/,
    });
    writeFileSync(begun, JSON.stringify({ rules, ...other }));
    await pack([source], out);
    await assert.rejects(pack([source], out), coded("PACK_EXISTS"));
  });

  it("that is refused leaves nothing that is in the way of the next, and nothing of an earlier one goes", async (t) => {
    const folder = temporaryFolder(t);
    const out = join(folder, "out");
    const none = writeCorpus(folder, ["", null], "none.jsonl");
    const source = writeCorpus(folder, corpus(40));
    const left = () => (existsSync(out) ? readdirSync(out) : []);
    await assert.rejects(pack([source], out, { tokenizer: join(folder, "nowhere.json") }));
    assert.deepEqual(left(), []);
    await assert.rejects(pack([none], out), coded("PACK_EMPTY"));
    assert.deepEqual(left(), []);
    await assert.rejects(pack([none], out, { isStrict: true }), coded("PACK_ROW"));
    assert.deepEqual(left(), ["work"], "without --strict it can be gone on with");
    rmSync(join(out, "work"), { recursive: true });
    const stop = new AbortController();
    const onProgress = () => stop.abort();
    await assert.rejects(pack([source], out, { signal: stop.signal, onProgress }), { name: "AbortError" });
    assert.deepEqual(left(), ["work"]);
    await assert.rejects(pack([source], out, { tokenizer: join(folder, "nowhere.json") }));
    await assert.rejects(pack([none], out), coded("PACK_CHANGED"));
    assert.deepEqual(left(), ["work"], "it can be gone on with");
    await pack([source], out);
  });

  it("is not made where blobs of something else lie, which stay", async (t) => {
    const out = temporaryFolder(t);
    const other = join(out, "blobs", "aa", "x");
    mkdirSync(dirname(other), { recursive: true });
    writeFileSync(other, "genesis");
    const source = writeCorpus(temporaryFolder(t), corpus(40));
    await assert.rejects(pack([source], out, { tokenizer: join(out, "nowhere.json") }), coded("PACK_EXISTS"));
    assert.equal(readFileSync(other, "utf8"), "genesis");
  });

  it("goes on after rows that are left out, however many follow one another", async (t) => {
    const folder = temporaryFolder(t);
    const left = writeCorpus(
      folder,
      Array.from({ length: 100 }, (_, i) => `short ${i} ${"x".repeat(1000)}`),
      "left.jsonl",
    );
    const kept = writeCorpus(folder, paragraphs().slice(0, 20), "kept.jsonl");
    const out = join(folder, "out");
    const stop = new AbortController();
    let reads = 0;
    const cut = pack([left, kept], out, {
      pieceBytes: 1000,
      signal: stop.signal,
      onProgress: () => {
        if (++reads === 2) stop.abort();
      },
    });
    await assert.rejects(cut, { name: "AbortError" });
    const seal = readSeal(join(out, "work/pieces"), 0);
    assert.ok(seal && seal.next.row > 0 && seal.tally.rows === seal.next.row, "they are not read again");
    const { hash, report } = await pack([left, kept], out, { pieceBytes: 1000 });
    assert.equal(hash, (await pack([kept], join(folder, "one"))).hash);
    assert.equal(report.tally.rows, 120);
    assert.equal(report.tally.left.length!["fewer than 50 words"]!.rows, 100);
  });

  it("skips and counts rows without text, or ends at the first", async (t) => {
    const folder = temporaryFolder(t);
    const rows = [...paragraphs().slice(0, 5), "", null, 7, "  "].map((text) => JSON.stringify({ text }));
    const deep = `{"x":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
    const path = join(folder, "rows.jsonl");
    writeFileSync(path, `${[...rows, "{broken", '{"txt":"a"}', '{"text":"\\ud800 lone"}', "[]", deep].join("\r\n")}\n`);
    const { report } = await pack([path], join(folder, "out"));
    const counts = Object.fromEntries(
      Object.entries(report.tally.left.rows!).map(([why, { rows: count }]) => [why, count]),
    );
    assert.deepEqual(counts, {
      '"text" is empty': 2,
      '"text" is null': 1,
      '"text" is no text': 1,
      "not JSON": 1,
      'no field "text"': 1,
      "not well-formed Unicode": 1,
      "not an object": 1,
      "nested deeper than 512": 1,
    });
    assert.equal(report.tally.left.rows!["not JSON"]!.samples[0]!.row, 10);
    await assert.rejects(
      pack([path], join(folder, "strict"), { isStrict: true }),
      coded("PACK_ROW", /rows\.jsonl: row 6 has no document: "text" is empty/),
    );
    const none = writeCorpus(folder, ["", null], "none.jsonl");
    await assert.rejects(
      pack([none], join(folder, "none")),
      coded("PACK_EMPTY", /of 2 rows 1 left out by rows: "text" is empty, 1 left out by rows: "text" is null$/),
    );
  });

  it("takes out of the training part what a benchmark or the held-out part has", async (t) => {
    const folder = temporaryFolder(t);
    const texts = paragraphs().slice(0, 60);
    const fragment = texts[3]!.split(" ").slice(10, 30).join(" ").toUpperCase();
    const tests = join(folder, "tests.json");
    writeFileSync(
      tests,
      JSON.stringify([{ question: { text: `So: ${fragment}?` }, choices: ["a", "b"], tokens: Array(200_000).fill(1) }]),
    );
    const out = join(folder, "out");
    const { report } = await pack([writeCorpus(folder, texts)], out, {
      benchmarks: [tests],
      settings: { held_out: 0 },
    });
    const kept = textsOf(out, "training");
    assert.ok(!kept.includes(texts[3]!));
    assert.equal(kept.length, 59);
    assert.equal(report.stages.find(({ stage }) => stage === "overlap")!.left, 1);

    const heldOut = texts.find((text) => isHeldOut(text, 0.1))!;
    const quoting = `${texts[1]} ${heldOut.split(" ").slice(5, 25).join(" ")}`;
    assert.ok(!isHeldOut(quoting, 0.1) && heldOut !== texts[1]);
    const other = join(folder, "other");
    await pack([writeCorpus(folder, [...texts, quoting])], other, {
      settings: { held_out: 0.1, duplicates: { near: "keep" } },
    });
    assert.ok(!textsOf(other, "training").includes(quoting));
    assert.ok(textsOf(other, "held_out").includes(heldOut));
  });

  it("reads folders in the order of their names, and says what it cannot read", async (t) => {
    const folder = temporaryFolder(t);
    const [first, second, third] = [0, 1, 2].map((i) => paragraphs().slice(20 * i, 20 * i + 20));
    mkdirSync(join(folder, "in/b"), { recursive: true });
    writeFileSync(join(folder, "in/a.jsonl"), jsonl(first!));
    writeFileSync(join(folder, "in/b/c.jsonl"), jsonl(second!));
    writeFileSync(join(folder, "in/z.txt"), third!.join("\n"));
    writeFileSync(join(folder, "in/notes.md"), "not for this");
    const { hash } = await pack([join(folder, "in")], join(folder, "out"), { settings: { text_is: "lines" } });
    const whole = writeCorpus(folder, [...first!, ...second!, ...third!]);
    assert.equal((await pack([whole], join(folder, "one"))).hash, hash);
    await assert.rejects(pack([join(folder, "none")], join(folder, "x")), coded("DATASET_NOT_FOUND"));
    await assert.rejects(pack([join(folder, "in/notes.md")], join(folder, "y")), coded("DATASET_FORMAT"));
  });

  it("follows links inside a folder, and none out of it", async (t) => {
    const folder = temporaryFolder(t);
    const within = join(folder, "in");
    for (const kept of ["objects", "creds"]) mkdirSync(join(within, ".git/annex", kept), { recursive: true });
    const [own, annexed, secret] = paragraphs();
    writeFileSync(join(within, "a.txt"), own!);
    writeFileSync(join(within, ".git/annex/objects/x"), annexed!);
    writeFileSync(join(within, ".git/main.txt"), secret!);
    symlinkSync("a.txt", join(within, "b.txt"));
    symlinkSync(".git/annex/objects/x", join(within, "c.txt"));
    symlinkSync("nowhere", join(within, "notes.md"));
    const out = join(folder, "out");
    await pack([within], out, { settings: { held_out: 0, duplicates: { exact: "keep", near: "keep" } } });
    assert.deepEqual([...textsOf(out, "training")].sort(), [own!, own!, annexed!].sort());
    for (const [name, target] of [
      ["secret", "../secret"],
      ["config", ".git/config"],
      ["key", ".git/annex/creds/x"],
    ] as const) {
      writeFileSync(join(within, target), secret!);
      const link = join(within, `${name}.txt`);
      symlinkSync(target, link);
      await assert.rejects(
        pack([within], join(folder, `out-${name}`)),
        coded("DATASET_NOT_FOUND", /leads out of the folder/),
      );
      rmSync(link);
    }
  });

  it("has a shard once where a text comes again that fills one, and the report says so", async (t) => {
    const folder = temporaryFolder(t);
    const [long] = paragraphs().filter((text) => text.length > 1024);
    const out = join(folder, "out");
    const settings = { held_out: 0, shard_bytes: 1024, duplicates: { exact: "keep", near: "keep" } };
    const { manifest, report } = await pack([writeCorpus(folder, [long, long])], out, { settings });
    assert.equal(manifest.training.length, 1);
    assert.deepEqual(textsOf(out, "training"), [long]);
    assert.equal(report.stages.find(({ stage }) => stage === "exact duplicates")!.left, 1);
  });

  it("of more than a manifest can name is refused before it is made, the held-out part before the rest", async (t) => {
    const folder = temporaryFolder(t);
    const source = writeCorpus(folder, paragraphs().slice(0, 60));
    const settings = { held_out: 0.3, shard_bytes: 1024 };
    const many = join(folder, "many");
    await assert.rejects(
      pack([source], many, { settings, limits: { shards: 5 } }),
      coded("PACK_TOO_LARGE", /training part would have \d+ shards, at most 5 can/),
    );
    assert.ok(!existsSync(join(many, "blobs")));
    for (const threads of [1, 2, 1]) {
      const out = join(folder, `large-${threads}`);
      let made = 0;
      const onProgress = ({ stage, done }: PackProgress) => {
        if (stage === "encode") made = Math.max(made, done);
      };
      await assert.rejects(
        pack([source], out, { settings, threads, limits: { heldOutBytes: 3000 }, onProgress }),
        coded("PACK_TOO_LARGE", /held-out shards have more than 3000 bytes/),
      );
      assert.ok(made <= 8);
      assert.deepEqual(readdirSync(out), [], "nothing of it stays");
    }
  });

  it("comes with a report that shows what was left out, safe to open", async (t) => {
    const folder = temporaryFolder(t);
    const evil = `<script>alert(1)</script> \u001b[31m`;
    const out = join(folder, "out");
    await pack([writeCorpus(folder, [...corpus(30), evil], "a\u001b]52;c;eA==\u0007.jsonl")], out);
    const page = readFileSync(join(out, "report.html"), "utf8");
    assert.match(page, /&lt;script&gt;alert/);
    assert.doesNotMatch(page, /<script|https?:|<img|<link/);
    const text = readFileSync(join(out, "report.txt"), "utf8");
    assert.match(text, /near duplicates/);
    assert.match(text, /fewer than 50 words: 1 rows/);
    assert.ok(!text.includes("\u001b"));
  });
});
