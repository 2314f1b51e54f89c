import { sha256 } from "#shared/protocol/hash.js";
import { MAX_WINS } from "#shared/protocol/records.js";
import { MAX_REPORT_BYTES } from "#shared/protocol/report.js";
import { maxGapsBytes } from "#shared/sprint/proof/gaps.js";
import { encodeFile } from "#shared/sprint/proof/proof-file.js";
import { DEFAULT_SAFETENSORS_LIMITS } from "#shared/tensor-files/safetensors.js";
import { modelManifest, report, winners } from "./corpus.js";
import type { FuzzTarget } from "./targets.js";

/** An input as large as its reader takes, made to cost it as much as possible. */
export interface Bomb {
  readonly name: string;
  readonly target: FuzzTarget["name"];
  readonly bytes: Uint8Array;
}

/** What reading one took. */
export interface BombCost {
  readonly name: string;
  readonly bytes: number;
  readonly ms: number;
  /** Bytes by which resident memory grew while it was read. */
  readonly growth: number;
}

const repeated = (unit: string, bytes: number, before = "", after = ""): string =>
  before + unit.repeat(Math.floor((bytes - before.length - after.length) / unit.length)) + after;

/** `"0":x,"1":x,…` */
const members = (value: string, bytes: number): string => {
  const all: string[] = [];
  for (let length = 2; length < bytes - 20; ) {
    const member = `"${all.length}":${value}`;
    all.push(member);
    length += member.length + 1;
  }
  return `{${all.join(",")}}`;
};

/** A proof of as many wins as there may be, its gaps made of one unit and as long as they may be. */
const manyWins = (unit: readonly number[]): Uint8Array => {
  const gaps = Buffer.alloc(maxGapsBytes(MAX_WINS), Buffer.from(unit));
  const { version, kind, network, cycle, hotkey, difficulty, nonces, signature } = winners;
  const fields = { version, kind, network, cycle, hotkey, difficulty, nonces, signature };
  return encodeFile({ head: { ...fields, wins: MAX_WINS, gaps: sha256(gaps) }, gaps });
};

export const bombs = (): readonly Bomb[] => {
  const headers: Readonly<Record<string, (bytes: number) => string>> = {
    "nested lists": (bytes) => repeated("[", bytes, '{"a":'),
    "a million tensors": (bytes) => members("{}", bytes),
    "many keys of metadata": (bytes) => `{"__metadata__":${members('""', bytes - 20)}}`,
    "a shape of zeros": (bytes) => repeated("0,", bytes, '{"a":{"shape":[', "0]}}"),
    "one long name": (bytes) => repeated("a", bytes, '{"', '":{}}'),
    "one long name of escapes": (bytes) => repeated("\\u0061", bytes, '{"', '":{}}'),
    "one long number": (bytes) => repeated("9", bytes, '{"a":', "}"),
    blanks: (bytes) => repeated(" ", bytes, "{"),
    quotes: (bytes) => repeated('"" ', bytes, "{"),
  };
  const documents: Readonly<Record<string, readonly [FuzzTarget["name"], object]>> = {
    "report: a million entries": ["report", { ...report, entries: new Array(MAX_REPORT_BYTES / 3.2).fill({}) }],
    "report: many groups": ["report", { ...report, seeds: JSON.parse(members("0", MAX_REPORT_BYTES / 2)) }],
    "report: unknown fields": ["report", { ...report, ...JSON.parse(members("0", MAX_REPORT_BYTES / 2)) }],
    "model: many groups": [
      "model manifest",
      { ...modelManifest(), parts: { groups: JSON.parse(members("{}", MAX_REPORT_BYTES / 2)) } },
    ],
  };
  return [
    ...Object.entries(headers).flatMap(([name, make]) => {
      const header = Buffer.from(make(DEFAULT_SAFETENSORS_LIMITS.headerBytes));
      const prefix = Buffer.alloc(8);
      prefix.writeBigUInt64LE(BigInt(header.length));
      return [
        { name: `header: ${name}`, target: "safetensors", bytes: Buffer.concat([prefix, header]) },
        { name: `report: ${name}`, target: "report", bytes: Buffer.from(make(MAX_REPORT_BYTES)) },
      ];
    }),
    ...Object.entries(documents).map(([name, [target, document]]) => ({
      name,
      target,
      bytes: Buffer.from(JSON.stringify(document)),
    })),
    ...[[0], [1], [0xff], [0x81, 0x01]].map((unit) => ({
      name: `winners: gaps of ${Buffer.from(unit).toString("hex")}`,
      target: "winners proof",
      bytes: manyWins(unit),
    })),
  ];
};

/** @param collect forces garbage collection */
export const detonate = async (
  bombs: readonly Bomb[],
  targets: readonly FuzzTarget[],
  collect: () => void,
): Promise<readonly BombCost[]> => {
  const costs: BombCost[] = [];
  for (const { name, target, bytes } of bombs) {
    const { read } = targets.find((each) => each.name === target)!;
    collect();
    const before = process.memoryUsage.rss();
    const begin = performance.now();
    await read(bytes);
    const ms = performance.now() - begin;
    costs.push({ name, bytes: bytes.length, ms, growth: Math.max(0, process.memoryUsage.rss() - before) });
  }
  return costs;
};
