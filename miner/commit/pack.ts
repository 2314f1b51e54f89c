import { rm } from "node:fs/promises";
import { join } from "node:path";
import { CODECS } from "#shared/artifact/codec/index.js";
import { hasCode } from "#shared/errors/error.js";
import type { Participant } from "#shared/participant/participant.js";
import { throughFaults } from "#shared/participant/through-faults.js";
import { phaseWindow } from "#shared/protocol/phases.js";
import { readPhaseRecords } from "#shared/replay/phase-records.js";
import type { FloatSource } from "#shared/training/float-source.js";
import type { Miner } from "../context.js";
import { openResidual, type Residual } from "./residuals.js";
import { type UpdateFile, writeUpdate } from "./update-file.js";

/** Writes one cycle's update in the network's codec. */
export interface Packer {
  /** The file is there until the packer is closed. After a fault it may be packed once more. */
  pack(update: FloatSource): Promise<UpdateFile>;
  /** Durable when it resolves: what packing lost is remembered with the artifact. Call it before the journal names the artifact. */
  tie(artifact: string): Promise<void>;
  /** Waits for an update that is being packed, and leaves nothing open. */
  close(): Promise<void>;
}

/** A packer for a cycle: one update. */
export const openPacker = (miner: Pick<Miner, "participant" | "journal">, cycle: number): Packer => {
  const { network, home, log } = miner.participant;
  const codec = CODECS[network.artifact.codec];
  const path = join(home, "update.safetensors");
  let residual: Residual | undefined;
  let file: UpdateFile | undefined;
  const discard = async () => {
    await residual?.close();
    await file?.close();
    [residual, file] = [undefined, undefined];
  };
  const write = async (update: FloatSource): Promise<UpdateFile> => {
    await discard();
    if (codec.feedback) {
      const shapes = new Map(Object.entries(update.shapes));
      const { end } = phaseWindow(cycle, "commit", network.phases);
      const limit = { name: `which update was revealed before cycle ${cycle}`, deadline: end };
      const last = await throughFaults(miner.participant, limit, () => lastRevealed(miner, cycle));
      residual = await openResidual({ dir: join(home, "residuals"), log }, shapes, last);
    }
    file = await writeUpdate(path, codec, update, residual);
    return file;
  };
  // Who stopped waiting for it closes the packer while it still writes.
  let writing: Promise<unknown> = Promise.resolve();
  return {
    pack(update) {
      const written = write(update);
      writing = written.catch(() => undefined);
      return written;
    },
    tie: async (artifact) => residual?.tie(artifact),
    async close() {
      await writing;
      await discard();
      await rm(path, { force: true });
    },
  };
};

/**
 * The artifact of the newest cycle before `cycle` that was revealed, or null. An update that was never revealed is dropped whole, with what
 * it left: what earlier updates left is still carried as if the cycle had not been.
 */
const lastRevealed = async (
  { participant, journal }: Pick<Miner, "participant" | "journal">,
  cycle: number,
): Promise<string | null> => {
  const past = Object.entries(journal.value.cycles)
    .map(([number, entry]) => ({ number: Number(number), ...entry }))
    .filter(({ number }) => number < cycle)
    .sort((a, b) => b.number - a.number);
  for (const { number, artifact, committed, revealed } of past) {
    if (artifact === undefined || committed === undefined) continue;
    if (revealed !== undefined || (await wasRevealed(participant, number, artifact))) return artifact;
  }
  return null;
};

/** Whether the chain had our reveal when the phase closed, though a crash kept us from writing that down. */
const wasRevealed = async (participant: Participant, cycle: number, artifact: string): Promise<boolean> => {
  try {
    const revealed = await readPhaseRecords(participant, "reveal", cycle);
    return revealed.get(participant.signer.address)?.record.artifact === artifact;
  } catch (thrown) {
    if (hasCode(thrown, "STATE_DISCARDED")) return false;
    throw thrown;
  }
};
