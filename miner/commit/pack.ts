import { join } from "node:path";
import { type EncodedUpdate, encodePieces } from "#shared/artifact/codec/encode-update.js";
import { CODECS } from "#shared/artifact/codec/index.js";
import { hasCode } from "#shared/errors/error.js";
import type { Participant } from "#shared/participant/participant.js";
import { readPhaseRecords } from "#shared/replay/phase-records.js";
import type { FloatTensor } from "#shared/tensor-files/float32.js";
import type { Miner } from "../context.js";
import { openResidual, type Residual } from "./residuals.js";

/** Writes one cycle's update in the network's codec. */
export interface Packer {
  /** Empties the update: a tensor goes as soon as it is encoded, so that not all of them are held twice. */
  pack(update: Map<string, FloatTensor>): Promise<EncodedUpdate>;
  /** Durable when it resolves: what packing lost is remembered with the artifact. Call it before the journal names the artifact. */
  tie(artifact: string): Promise<void>;
  close(): Promise<void>;
}

/** A packer for a cycle: one update. */
export const openPacker = (miner: Pick<Miner, "participant" | "journal">, cycle: number): Packer => {
  const { network, home, log } = miner.participant;
  const codec = CODECS[network.artifact.codec];
  let residual: Residual | undefined;
  return {
    async pack(update) {
      if (codec.feedback) {
        const shapes = new Map([...update].map(([name, { shape }]) => [name, shape]));
        residual = await openResidual({ dir: join(home, "residuals"), log }, shapes, await lastRevealed(miner, cycle));
      }
      return encodePieces(codec, taken(update), residual);
    },
    tie: async (artifact) => residual?.tie(artifact),
    close: async () => residual?.close(),
  };
};

/** The tensors of a map that lets go of each. */
function* taken(tensors: Map<string, FloatTensor>): Generator<readonly [string, FloatTensor]> {
  for (const [name, tensor] of tensors) {
    tensors.delete(name);
    yield [name, tensor];
  }
}

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
