import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openMobyDick } from "#datasets/moby-dick.js";
import { makePack } from "#owner/pack/pack.js";
import type { PackOptions } from "#owner/pack/pack-options.js";
import { packSettingsSchema } from "#owner/pack/settings.js";
import { byteTokenizer } from "#shared/data/byte-tokenizer.js";
import { createRandom } from "#shared/data/random.js";
import { blobPath, openPackFolder } from "#shared/packs/pack-folder.js";
import { decodeShard } from "#shared/packs/shard.js";

/** Paragraphs of Moby-Dick, each long enough for the filters. */
export const paragraphs = (): readonly string[] => {
  const book = openMobyDick();
  return Array.from({ length: Number(book.size) }, (_, i) => book.document(i))
    .flatMap((chapter) => chapter.split(/\n\s*\n/))
    .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
    .filter((paragraph) => paragraph.split(" ").length >= 60);
};

/** The text with some of its words changed, drawn by the seed. */
export const perturbed = (text: string, share: number, seed: string): string => {
  const random = createRandom(seed);
  return text
    .split(" ")
    .map((word) => (random.next() < share ? `x${random.below(1_000_000)}` : word))
    .join(" ");
};

/** Paragraphs, of which every 7th comes again and every 11th comes again with few words changed. */
export const corpus = (count: number): readonly string[] =>
  paragraphs()
    .slice(0, count)
    .flatMap((text, i) => [
      text,
      ...(i % 7 === 0 ? [text] : []),
      ...(i % 11 === 0 ? [perturbed(text, 0.01, String(i))] : []),
    ]);

export const jsonl = (texts: readonly unknown[]): string =>
  texts.map((text) => `${JSON.stringify({ text })}\n`).join("");

export const writeCorpus = (folder: string, texts: readonly unknown[], name = "corpus.jsonl"): string => {
  const path = join(folder, name);
  writeFileSync(path, jsonl(texts));
  return path;
};

export const packOptions = (
  sources: readonly string[],
  out: string,
  { settings = {}, ...options }: Partial<Omit<PackOptions, "settings">> & { readonly settings?: unknown } = {},
): PackOptions => ({
  sources,
  out,
  settings: packSettingsSchema.parse(settings),
  tokenizer: "byte",
  benchmarks: [],
  isStrict: false,
  threads: 1,
  env: {},
  signal: new AbortController().signal,
  ...options,
});

export const pack = (...options: Parameters<typeof packOptions>) => makePack(packOptions(...options));

/** The texts of a part of a byte pack, in its order. */
export const textsOf = (out: string, part: "training" | "held_out"): readonly string[] => {
  const { manifest, blobs } = openPackFolder(out);
  return manifest[part].flatMap(({ hash }) => {
    const shard = decodeShard(readFileSync(blobPath(blobs, hash)), manifest.tokenizer.size);
    return Array.from({ length: shard.documents }, (_, i) => byteTokenizer.decode(shard.document(i).ids));
  });
};
