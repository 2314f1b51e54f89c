import { readFileSync } from "node:fs";
import { genesisSchema } from "#shared/chain/devchain/genesis.js";
import type { PhaseLengths } from "#shared/protocol/network-file/phase-lengths.js";
import { phaseAt, phaseWindow } from "#shared/protocol/phases.js";
import { type ChainRecord, parseRecord } from "#shared/protocol/records.js";
import { applyBlock, genesisState } from "#shared/simulators/devchain/apply.js";
import { blockSchema } from "#shared/simulators/devchain/block.js";

/** What a hotkey writes once a cycle. */
export const WRITES = ["commit", "reveal", "report", "held", "ballot", "model", "weights"] as const;
export type WriteKind = (typeof WRITES)[number];

const isWriteKind = (kind: string): kind is WriteKind => WRITES.some((write) => write === kind);

/** A write that a block holds and no rule forbade. */
export interface Written {
  readonly block: number;
  readonly hotkey: string;
  readonly kind: WriteKind;
  readonly cycle: number;
  readonly text: string;
}

/** A hotkey's journal of one cycle: blocks by the journal's own names. */
export interface Noted {
  readonly hotkey: string;
  readonly cycle: number;
  readonly kind: WriteKind;
  readonly block: number;
}

/** The journals' names of what was written. */
export const NOTES: Readonly<Record<string, WriteKind>> = {
  committed: "commit",
  revealed: "reveal",
  reported: "report",
  exchanged: "held",
  voted: "ballot",
  published: "model",
  weighted: "weights",
};

/** Reads all that took effect from a devchain's log, whose blocks are executed again. */
export const readLedger = (
  blocksFile: string,
  genesisFile: string,
  phases: PhaseLengths,
  firstCycle: number,
): readonly Written[] => {
  let state = genesisState(genesisSchema.parse(JSON.parse(readFileSync(genesisFile, "utf8"))));
  const written: Written[] = [];
  for (const line of readFileSync(blocksFile, "utf8").split("\n").slice(1)) {
    if (line === "") continue;
    const block = blockSchema.parse(JSON.parse(line));
    const applied = applyBlock(state, block);
    state = applied.state;
    for (const [i, { signer, call }] of block.extrinsics.entries()) {
      if (applied.outcomes[i]?.error) continue;
      const { number } = block.header;
      if (call.name === "setWeights") {
        // Weights name no cycle. Those that a busy machine sent late stand in the next one's first blocks.
        const { cycle } = phaseAt(number - phaseWindow(0, "merge", phases).start, phases);
        if (cycle < firstCycle) continue;
        written.push({ block: number, hotkey: signer, kind: "weights", cycle, text: JSON.stringify(call.args) });
      } else if (call.name === "setCommitment") {
        const record = parseRecord(call.args.data);
        if (!record.ok || !isOfCycle(record.value)) continue;
        const { type: kind, cycle } = record.value;
        if (isWriteKind(kind)) written.push({ block: number, hotkey: signer, kind, cycle, text: call.args.data });
      }
    }
  }
  return written;
};

const isOfCycle = (record: ChainRecord): record is Exclude<ChainRecord, { type: "network" }> =>
  record.type !== "network";

const keyOf = ({ hotkey, kind, cycle }: Pick<Written, "hotkey" | "kind" | "cycle">): string =>
  `${hotkey} ${kind} ${cycle}`;

const byKey = (written: readonly Written[]): ReadonlyMap<string, readonly Written[]> => {
  const found = new Map<string, Written[]>();
  for (const one of written) found.set(keyOf(one), [...(found.get(keyOf(one)) ?? []), one]);
  return found;
};

/** What stands on chain more than once. @param nameOf of a hotkey */
export const doubledWrites = (written: readonly Written[], nameOf: (hotkey: string) => string): readonly string[] =>
  [...byKey(written).values()]
    .filter((ones) => ones.length > 1)
    .map(([first, ...more]) => {
      const isSame = more.every(({ text }) => text === first!.text);
      const blocks = [first!, ...more].map(({ block }) => block).join(", ");
      return `${nameOf(first!.hotkey)}: ${first!.kind} of cycle ${first!.cycle} in blocks ${blocks}, ${isSame ? "the same" : "another"} each time`;
    });

/** What a journal says that the chain does not. */
export const lostWrites = (
  noted: readonly Noted[],
  written: readonly Written[],
  nameOf: (hotkey: string) => string,
): readonly string[] => {
  const found = byKey(written);
  return noted
    .filter((note) => !found.get(keyOf(note))?.some(({ block }) => block === note.block))
    .map((note) => {
      const blocks = found.get(keyOf(note))?.map(({ block }) => block) ?? [];
      const there = blocks.length === 0 ? "nowhere" : `in block ${blocks.join(", ")}`;
      return `${nameOf(note.hotkey)}: ${note.kind} of cycle ${note.cycle} noted in block ${note.block}, on chain ${there}`;
    });
};

/** What was due and is not there, in cycles that no fault touched. */
export const missedWrites = (
  due: readonly { readonly hotkey: string; readonly kinds: readonly WriteKind[] }[],
  cycles: readonly number[],
  written: readonly Written[],
): readonly Pick<Written, "hotkey" | "kind" | "cycle">[] => {
  const found = byKey(written);
  return cycles.flatMap((cycle) =>
    due.flatMap(({ hotkey, kinds }) =>
      kinds.map((kind) => ({ hotkey, kind, cycle })).filter((one) => !found.has(keyOf(one))),
    ),
  );
};
