/** How a file of documents is written. */
export type Format = "jsonl" | "json" | "text" | "parquet";
export type Compression = "none" | "gzip" | "zstd";

export interface FileKind {
  readonly format: Format;
  readonly compression: Compression;
}

const FORMATS: Readonly<Record<string, Format>> = {
  jsonl: "jsonl",
  ndjson: "jsonl",
  json: "json",
  txt: "text",
  parquet: "parquet",
};

const COMPRESSIONS: Readonly<Record<string, Compression>> = { gz: "gzip", zst: "zstd" };

/** The kind of a file by its name's endings, as `part-0.jsonl.gz`; null for a name that says none. */
export const kindOf = (name: string): FileKind | null => {
  const endings = name.toLowerCase().split(".").slice(1);
  const last = endings.at(-1) ?? "";
  const compression = Object.hasOwn(COMPRESSIONS, last) ? COMPRESSIONS[last]! : "none";
  const ending = (compression === "none" ? last : endings.at(-2)) ?? "";
  const format = Object.hasOwn(FORMATS, ending) ? FORMATS[ending]! : undefined;
  return format === undefined ? null : { format, compression };
};
