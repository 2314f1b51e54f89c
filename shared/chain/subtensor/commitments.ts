import { z } from "zod";
import type { Commitment, CommitmentSpace } from "../chain.js";
import { address, count, hex } from "./codecs.js";
import { readEpochClock } from "./epochs.js";
import { noSubnet } from "./faults.js";
import type { State } from "./state.js";

const registration = z.object({
  block: count,
  info: z.object({ fields: z.array(z.record(z.string(), z.unknown())) }),
});

/** Text of every hotkey's commitment. A commitment that holds anything else (several fields, a ciphertext, no UTF-8) is left out. */
export const readCommitments = async (state: State, netuid: number): Promise<readonly Commitment[]> => {
  const [[exists], entries] = await Promise.all([
    state.items([["subtensorModule", "networksAdded", netuid]]),
    state.entries("commitments", "commitmentOf", netuid),
  ]);
  if (exists !== true) throw noSubnet(netuid);
  return entries.flatMap(({ keys: [hotkey], value }) => {
    const { block, info } = registration.parse(value);
    const data = info.fields.length === 1 ? textOf(info.fields[0]!) : null;
    return data === null ? [] : [{ hotkey: address.parse(hotkey), data, block }];
  });
};

/** `Raw0` … `Raw128` hold bytes unchanged. */
const textOf = (field: Readonly<Record<string, unknown>>): string | null => {
  const [kind, content] = Object.entries(field)[0] ?? ["", null];
  if (!/^raw\d+$/i.test(kind)) return null;
  const bytes = Buffer.from(hex.parse(content).slice(2), "hex");
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : null;
};

export const readCommitmentSpace = async (
  state: State,
  netuid: number,
  hotkey: string,
  block: number,
): Promise<CommitmentSpace> => {
  const [epochs, [usage, limit]] = await Promise.all([
    readEpochClock(state, netuid, block),
    state.items([
      ["commitments", "usedSpaceOf", netuid, hotkey],
      ["commitments", "maxSpace"],
    ]),
  ]);
  const { lastEpoch, usedSpace } = z
    .object({ lastEpoch: count, usedSpace: count })
    .nullable()
    .transform((found) => found ?? { lastEpoch: -1, usedSpace: 0 })
    .parse(usage);
  const renewed = epochs.firstBlock(epochs.index + 1);
  return { used: lastEpoch === epochs.index ? usedSpace : 0, limit: count.parse(limit), renewed };
};
