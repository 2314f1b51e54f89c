import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { chatRenderer, readChatFormat } from "#owner/pack/chat.js";
import type { Extracted } from "#owner/pack/extract.js";
import { strftimeOf } from "#owner/pack/fixed-date.js";
import { readPackSettings } from "#owner/pack/read-settings.js";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { renderChat } from "#shared/data/chat-template.js";
import { blobPath, openPackFolder } from "#shared/packs/pack-folder.js";
import { decodeShard } from "#shared/packs/shard.js";
import { temporaryFolder } from "#tests/shared/artifact/temporary.js";
import { coded } from "#tests/support/coded.js";
import { pack } from "./material.js";

const CHATML =
  "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** As Qwen3's: the last answer has a place for thoughts, others only where they have some. */
const THINKING =
  "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' }}{% if m.role == 'assistant' and (loop.last or m.reasoning) %}{{ '<think>\\n' + (m.reasoning or '') + '\\n</think>\\n\\n' }}{% endif %}{{ m.content + '<|im_end|>\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** The parts that count. */
const countedOf = (rendered: Extracted): readonly string[] => {
  assert.ok("document" in rendered);
  const { text, parts } = rendered.document;
  const bytes = Buffer.from(text);
  let at = 0;
  const texts: string[] = [];
  for (const length of parts!) {
    texts.push(bytes.toString("utf8", at, at + length));
    at += length;
  }
  assert.equal(at, bytes.length);
  return texts.filter((_, i) => i % 2 === 1);
};

const chat = (...contents: readonly string[]) =>
  contents.map((content, i) => ({ role: i % 2 === 0 ? "user" : "assistant", content }));

const format = { variables: { eos_token: "<|im_end|>" } };

describe("a conversation in a pack", () => {
  it("is written out by the model's template, and the assistant's words alone count", async (t) => {
    const folder = temporaryFolder(t);
    const config = join(folder, "tokenizer_config.json");
    writeFileSync(
      config,
      JSON.stringify({
        chat_template: [{ name: "default", template: CHATML }],
        bos_token: "<|im_start|>",
        eos_token: { content: "x" },
      }),
    );
    const source = join(folder, "chats.jsonl");
    const messages = chat("Wie geht's, 鯨?", "Gut.", "Und dir?", "Auch gut.");
    writeFileSync(
      source,
      [
        { messages },
        { messages: [{ role: "user", content: "alone" }] },
        { messages: "none" },
        { messages: [{ content: "x" }] },
      ]
        .map((row) => `${JSON.stringify(row)}\n`)
        .concat(`{"messages":${JSON.stringify(messages)},"tools":${"[".repeat(100_000)}${"]".repeat(100_000)}}\n`)
        .join(""),
    );
    const out = join(folder, "out");
    const unfiltered = { length: { use: false }, symbols: { use: false }, repetition: { use: false } };
    const { report } = await pack([source], out, {
      chat: config,
      settings: { field: "messages", messages: true, held_out: 0, filters: unfiltered },
    });
    const reasons = report.tally.left.rows!;
    assert.equal(reasons["no message of the assistant"]!.rows, 1);
    assert.equal(reasons["no list of messages with roles"]!.rows, 2);
    assert.equal(reasons["nested deeper than 512"]!.rows, 1);
    const { manifest, blobs } = openPackFolder(out);
    const shard = decodeShard(readFileSync(blobPath(blobs, manifest.training[0]!.hash)), manifest.tokenizer.size);
    assert.equal(manifest.separators, "written", "a template says itself how a conversation begins and ends");
    const { ids, counts } = shard.document(0);
    const counted = byteTokenizer.decode(ids.filter((_, i) => counts![i] === 1));
    assert.equal(counted, "Gut.<|im_end|>\nAuch gut.<|im_end|>\n");
    assert.match(
      byteTokenizer.decode(ids),
      /^<\|im_start\|>user\nWie geht's, 鯨\?<\|im_end\|>\n<\|im_start\|>assistant\n/,
    );
  });

  it("is skipped where the template changes what stood before, or refuses it", () => {
    const messages = chat("a", "b", "c", "d");
    const forgetful = chatRenderer({ ...format, template: `{{ messages | length }}${CHATML}` });
    assert.deepEqual(forgetful(messages, {}), { problem: "the chat template changes what stands before a message" });
    const strict = chatRenderer({ ...format, template: "{{ raise_exception('only users') }}" });
    assert.match(JSON.stringify(strict(messages, {})), /the chat template refuses it: /);
    const begun = chatRenderer({ ...format, variables: { bos_token: "<s>" }, template: `{{ bos_token }}${CHATML}` });
    const rendered = begun(messages, {});
    assert.ok("document" in rendered && rendered.document.text.startsWith("<s><|im_start|>user"));
  });

  it("counts no answer that the template writes otherwise once more follows, and else all", () => {
    const render = chatRenderer({ ...format, template: THINKING });
    const rendered = render(chat("a", "b", "c", "d"), {});
    assert.ok("document" in rendered);
    assert.equal(
      rendered.document.text,
      "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n<|im_start|>user\nc<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\nd<|im_end|>\n",
    );
    assert.deepEqual(countedOf(rendered), ["<think>\n\n</think>\n\nd<|im_end|>\n"]);
    assert.equal(rendered.remark, "answers that the chat template writes otherwise once more follows do not count");
    const single = render(chat("a", "b"), {});
    assert.deepEqual(countedOf(single), ["<think>\n\n</think>\n\nb<|im_end|>\n"]);
    assert.ok(!("remark" in single));
    const thought = { ...chat("a", "b")[1]!, reasoning: "r" };
    const steps = render([...chat("a", "b", "c"), thought, { role: "tool", content: "t" }, thought], {});
    const answer = "<think>\nr\n</think>\n\nb<|im_end|>\n";
    assert.deepEqual(countedOf(steps), [answer, answer], "each stands there as the model is to write it");
    assert.ok("remark" in steps);
  });

  it("ends with its last answer where no answer stands in it as the model is to write it", () => {
    const render = chatRenderer({ ...format, template: THINKING });
    const rendered = render(chat("a", "b", "c", "d", "e"), {});
    assert.deepEqual(rendered, render(chat("a", "b", "c", "d"), {}));
    const plain = chatRenderer({ ...format, template: CHATML })(chat("a", "b", "c"), {});
    assert.ok("document" in plain && plain.document.text.endsWith("c<|im_end|>\n"));
  });

  it("that counts in part is told with samples", async (t) => {
    const folder = temporaryFolder(t);
    const config = join(folder, "tokenizer_config.json");
    writeFileSync(config, JSON.stringify({ chat_template: THINKING }));
    const source = join(folder, "chats.jsonl");
    const rows = [chat("a", "b", "c", "d"), chat("e", "f"), chat("g", "h", "i", "j")];
    writeFileSync(source, rows.map((messages) => `${JSON.stringify({ messages })}\n`).join(""));
    const out = join(folder, "out");
    const { report } = await pack([source], out, {
      chat: config,
      pieceBytes: 10,
      settings: {
        duplicates: { near: "keep" },
        field: "messages",
        messages: true,
        held_out: 0,
        filters: { length: { use: false }, symbols: { use: false }, repetition: { use: false } },
      },
    });
    const [remark] = Object.entries(report.tally.remarks);
    assert.match(remark![0], /do not count$/);
    assert.equal(remark![1].rows, 2);
    assert.match(
      readFileSync(join(out, "report.txt"), "utf8"),
      /\nkept: answers .* do not count: 2 rows, .*\n {2}.*:3 /,
    );
    assert.match(
      readFileSync(join(out, "report.html"), "utf8"),
      /<h2>To know of what was kept<\/h2>\n<details>.*2 rows/,
    );
    assert.equal(report.sides.training.documents, 3);
  });

  it("is written out the same on every day: there is no clock", () => {
    const dated = (clock: string) =>
      chatRenderer({
        ...format,
        template: `  {%- if strftime_now is defined %}${clock}{% else %}1 May{% endif %}\n${CHATML}`,
      });
    const rendered = dated("{{ strftime_now('%d %b %Y') }}")(chat("a", "b"), {});
    assert.ok("document" in rendered);
    assert.equal(rendered.document.text, "1 May<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nb<|im_end|>\n");
    const plain = chatRenderer({ ...format, template: `{{ strftime_now('%Y') }}${CHATML}` });
    assert.match(JSON.stringify(plain(chat("a", "b"), {})), /the chat template refuses it: /);
  });

  it("has the date that is given, the same on every machine", () => {
    // As Granite 3.1's, which asks without a question before.
    const template = `{{ "Today's Date: " + strftime_now('%B %d, %Y') + '.\\n' }}${CHATML}`;
    const without = chatRenderer({ ...format, template });
    assert.deepEqual(without(chat("a", "b"), {}), {
      problem: "the chat template refuses it: it asks for today's date; name one with --date",
    });
    const rendered = chatRenderer({ ...format, template }, undefined, "2024-07-26")(chat("a", "b"), {});
    assert.ok("document" in rendered);
    assert.ok(rendered.document.text.startsWith("Today's Date: July 26, 2024.\n<|im_start|>user\na<|im_end|>"));
    assert.deepEqual(countedOf(rendered), ["b<|im_end|>\n"]);
    const asking = `  {%- if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% endif %}\n${CHATML}`;
    const asked = chatRenderer({ ...format, template: asking }, undefined, "2024-07-26")(chat("a", "b"), {});
    assert.ok("document" in asked && asked.document.text.startsWith("26 Jul 2024<"));
    const written = strftimeOf("2024-02-05");
    assert.equal(
      written("%A %a %B %b %d %-d %m %-m %Y %y %j %H:%M:%S %I %p %%"),
      "Monday Mon February Feb 05 5 02 2 2024 24 036 00:00:00 12 AM %",
    );
    assert.throws(() => written("%Q"), /does not know %Q/);
    assert.throws(() => written("100 %"), /does not know %/);
    assert.throws(() => readPackSettings(undefined, { date: "26 July" }), coded("PACK_SETTINGS", /date/));
    assert.equal(readPackSettings(undefined, { date: "2024-07-26" }).date, "2024-07-26");
  });

  it("is what it is without transformers' marks of what the assistant writes", () => {
    const [before, after] = CHATML.split("{% endfor %}");
    const template = `{% for message in messages %}{%- generation -%}${before!.slice("{% for message in messages %}".length)}{% endgeneration %}{% endfor %}${after}`;
    const rendered = (source: string) => chatRenderer({ ...format, template: source })(chat("a", "b"), {});
    assert.deepEqual(rendered(template), rendered(CHATML));
    const messages = [{ role: "user", content: "a" }];
    const options = { addGenerationPrompt: true };
    assert.equal(renderChat(template, messages, options), renderChat(CHATML, messages, options));
  });

  it("is skipped by bounds that no machine's speed changes; one that takes for ever ends the work", () => {
    const limits = { messages: 4, units: 600, milliseconds: 60_000 };
    const bounded = chatRenderer({ ...format, template: CHATML }, limits);
    assert.ok("document" in bounded(chat("a", "b"), {}));
    assert.deepEqual(bounded(chat("a", "b", "c", "d", "e"), {}), { problem: "more than 4 messages" });
    const tooMuch = { problem: "the chat template refuses it: it reads and writes too much" };
    assert.deepEqual(bounded(chat("a".repeat(200), "b"), {}), tooMuch);
    const dropping = chatRenderer({ ...format, template: "{{ messages | length }}" }, limits);
    assert.deepEqual(dropping(chat("a".repeat(1000), "b"), {}), tooMuch);
    const slow = "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}";
    const endless = chatRenderer({ ...format, template: slow }, { ...limits, milliseconds: 100 });
    assert.throws(() => endless(chat("a", "b"), {}), coded("PACK_TEMPLATE", /longer than 0\.1 s .* of 2 messages/));
  });

  it("is counted with a reason, of which a template that makes one for each row fills nothing", async (t) => {
    const folder = temporaryFolder(t);
    const config = join(folder, "tokenizer_config.json");
    const refuse =
      "{% if messages[0].role != 'user' %}{{ raise_exception('Unknown role: ' + messages[0].role) }}{% endif %}";
    writeFileSync(config, JSON.stringify({ chat_template: `${refuse}${CHATML}`, eos_token: "x" }));
    const source = join(folder, "chats.jsonl");
    const roles = ["user", ...Array.from({ length: 1000 }, (_, i) => `role-${i}`)];
    const [, answer] = chat("a", "b");
    const rows = roles.map((role) => ({ messages: [{ role, content: "a" }, answer] }));
    writeFileSync(source, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const { report } = await pack([source], join(folder, "out"), {
      chat: config,
      pieceBytes: 1000,
      settings: {
        field: "messages",
        messages: true,
        held_out: 0,
        filters: { length: { use: false }, symbols: { use: false }, repetition: { use: false } },
      },
    });
    const reasons = report.tally.left.rows!;
    assert.ok(Object.keys(reasons).length <= 65, `${Object.keys(reasons).length} reasons`);
    assert.ok(reasons["other reasons"]!.rows > 900);
    assert.equal(
      Object.values(reasons).reduce((sum, { rows: left }) => sum + left, 0),
      1000,
    );
  });

  it("needs a template that is one", (t) => {
    const path = join(temporaryFolder(t), "tokenizer_config.json");
    writeFileSync(path, "{}");
    assert.throws(() => readChatFormat(path), coded("PACK_TEMPLATE", /it has no chat template/));
    writeFileSync(path, "no JSON");
    assert.throws(() => readChatFormat(path), coded("PACK_TEMPLATE"));
    assert.throws(() => chatRenderer({ ...format, template: "{% if %}" }), coded("PACK_TEMPLATE"));
  });

  it("needs a template that is read in time, which one of white space is not", () => {
    const blank = { ...format, template: `${" ".repeat(250_000)}x` };
    assert.throws(() => chatRenderer(blank), coded("PACK_TEMPLATE", /reading it takes longer than 2 s/));
    const long = { ...format, template: "x".repeat(300_000) };
    assert.throws(() => chatRenderer(long), coded("PACK_TEMPLATE", /it is too long/));
  });

  it("has no template that a stranger's link leads to, nor one that is no small file", (t) => {
    const outside = temporaryFolder(t);
    const folder = temporaryFolder(t);
    const path = join(folder, "tokenizer_config.json");
    const own = join(folder, "chat_template.jinja");
    writeFileSync(path, JSON.stringify({ chat_template: CHATML }));
    writeFileSync(join(outside, "secret"), "secret");
    symlinkSync(join(outside, "secret"), own);
    assert.throws(() => readChatFormat(path), coded("PACK_TEMPLATE", /is a link that leads out of the folder/));
    rmSync(own);
    writeFileSync(join(folder, "template"), "of its own");
    symlinkSync("template", own);
    assert.equal(readChatFormat(path).template, "of its own");
    rmSync(own);
    writeFileSync(own, " ".repeat((256 << 10) + 1));
    assert.throws(() => readChatFormat(path), coded("FILE_TOO_LARGE"));
    rmSync(own);
    execFileSync("mkfifo", [own]);
    assert.throws(() => readChatFormat(path), coded("FILE_UNREADABLE", /not a regular file/));
    rmSync(path);
    execFileSync("mkfifo", [path]);
    assert.throws(() => readChatFormat(path), coded("PACK_TEMPLATE", /not a regular file/));
  });
});
