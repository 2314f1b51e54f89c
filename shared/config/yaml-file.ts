import { type Document, LineCounter, parseDocument } from "yaml";
import { BlockZeroError, type ErrorCode, hasCode, reasonOf } from "#shared/errors/error.js";
import { readSmallFileSync } from "#shared/files/regular-file.js";

const MAX_BYTES = 2 ** 20;
/** Expansions of anchors; more is a file that unpacks to far more than it says. */
export const MAX_ALIASES = 100;

export interface YamlFile {
  readonly document: Document.Parsed;
  /** 1-based line of a character offset. */
  lineAt(offset: number): number;
}

/** The codes that a file's faults carry: each kind of file has its own. */
export interface YamlFaultCodes {
  readonly missing: ErrorCode;
  readonly malformed: ErrorCode;
}

/** Reads a YAML 1.2 file with the core schema: no custom tags, no duplicate keys, at most 1 MiB; pipes and devices are refused. */
export const readYaml = (file: string, codes: YamlFaultCodes): YamlFile => {
  const lines = new LineCounter();
  const document = parseDocument(readText(file, codes), { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) {
    const { line, col } = lines.linePos(fault.pos[0]);
    throw malformed(codes, `${file}:${line}:${col}: ${fault.message}`, fault);
  }
  return { document, lineAt };
};

/** The whole file as plain values. */
export const yamlValue = (file: string, { document }: YamlFile, codes: YamlFaultCodes): unknown => {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (thrown) {
    throw malformed(codes, `${file}: ${reasonOf(thrown)}`, thrown);
  }
};

const readText = (file: string, codes: YamlFaultCodes): string => {
  try {
    return Buffer.from(readSmallFileSync(file, MAX_BYTES)).toString("utf8");
  } catch (thrown) {
    if (hasCode(thrown, "FILE_TOO_LARGE")) throw malformed(codes, thrown.message, thrown);
    throw new BlockZeroError(
      codes.missing,
      reasonOf(thrown),
      "check the path: in a file it is relative to that file, elsewhere to the current folder",
      { cause: thrown },
    );
  }
};

const malformed = (codes: YamlFaultCodes, message: string, cause: unknown): BlockZeroError =>
  new BlockZeroError(codes.malformed, message, "correct the file's YAML", { cause });
