import type { DecodedCall } from "./call.js";
import type { ScaleReader } from "./scale-reader.js";

/** The pallets' places in subtensor's runtime. Places of pallets and calls are part of every signature: runtimes keep them. */
const SUBTENSOR_MODULE = 7;
const COMMITMENTS = 18;

/** `Data::Raw0`, the first of the fields of a commitment that hold bytes; `Raw128` is the last. */
const RAW = 1;
const LONGEST_RAW = 128;

type Read = (reader: ScaleReader) => DecodedCall;

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

const commitCall =
  (name: "commitTimelockedWeights" | "commitCrv3Weights"): Read =>
  (reader) => {
    const netuid = reader.u16();
    const commit = hex(reader.take(reader.length()));
    const round = String(reader.u64());
    if (name === "commitTimelockedWeights") reader.u16();
    return { method: `subtensorModule.${name}`, netuid, weights: { commit, round } };
  };

/** The calls that are understood, by the places of pallet and call. */
const CALLS: Readonly<Record<string, Read>> = {
  [`${SUBTENSOR_MODULE}.0`]: (reader) => {
    const netuid = reader.u16();
    const weights = { dests: reader.u16s(), weights: reader.u16s() };
    reader.u64();
    return { method: "subtensorModule.setWeights", netuid, weights };
  },
  [`${SUBTENSOR_MODULE}.2`]: (reader) => {
    reader.take(32);
    const netuid = reader.u16();
    reader.u64();
    return { method: "subtensorModule.addStake", netuid };
  },
  [`${SUBTENSOR_MODULE}.4`]: (reader) => {
    const netuid = reader.u16();
    // Version, address, port, type of address, protocol, two placeholders.
    reader.take(4 + 16 + 2 + 1 + 1 + 1 + 1);
    return { method: "subtensorModule.serveAxon", netuid };
  },
  [`${SUBTENSOR_MODULE}.7`]: (reader) => {
    const netuid = reader.u16();
    reader.take(32);
    return { method: "subtensorModule.burnedRegister", netuid };
  },
  [`${SUBTENSOR_MODULE}.96`]: (reader) => ({
    method: "subtensorModule.commitWeights",
    netuid: reader.u16(),
    weights: { commit: hex(reader.take(32)) },
  }),
  [`${SUBTENSOR_MODULE}.97`]: (reader) => {
    const netuid = reader.u16();
    for (let list = 0; list < 3; list++) reader.u16s();
    reader.u64();
    return { method: "subtensorModule.revealWeights", netuid };
  },
  [`${SUBTENSOR_MODULE}.99`]: commitCall("commitCrv3Weights"),
  [`${SUBTENSOR_MODULE}.113`]: commitCall("commitTimelockedWeights"),
  [`${COMMITMENTS}.0`]: (reader) => {
    const netuid = reader.u16();
    if (reader.compact() !== 1n) throw new RangeError("a commitment of more than one field");
    const length = reader.u8() - RAW;
    if (length < 0 || length > LONGEST_RAW) throw new RangeError("a commitment that is not plain bytes");
    const bytes = reader.take(length);
    return {
      method: "commitments.setCommitment",
      netuid,
      commitment: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes),
    };
  },
};

/**
 * Reads the call at the start of a signing payload.
 *
 * @returns null for a call that is not among those understood
 * @throws RangeError, TypeError where its arguments are not in their form
 */
export const readSubtensorCall = (reader: ScaleReader): DecodedCall | null => {
  const [pallet, call] = [reader.u8(), reader.u8()];
  return CALLS[`${pallet}.${call}`]?.(reader) ?? null;
};
