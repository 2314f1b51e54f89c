import type { DispatchError, EventRecord } from "@polkadot/types/interfaces";
import type { Vec } from "@polkadot/types-codec";
import { hexToU8a } from "@polkadot/util";
import { blake2AsHex, xxhashAsHex } from "@polkadot/util-crypto";
import { z } from "zod";
import type { BlockZeroError } from "#shared/errors/error.js";
import { ChainRejected } from "../writer/chain-rejected.js";
import type { Settlement } from "../writer/extrinsic.js";
import type { Link } from "./link.js";
import type { RuntimeAt } from "./runtimes.js";
import { bare, type Hex, headerSchema, hexSchema } from "./substrate.js";

const EVENTS: Hex = `0x${xxhashAsHex("System", 128).slice(2)}${xxhashAsHex("Events", 128).slice(2)}`;
const blockSchema = z.object({ block: z.object({ header: headerSchema, extrinsics: z.array(hexSchema) }) }).nullable();

/** What a block did with the wanted ones of its extrinsics, by their hashes (64 hex digits). Null if the node lacks the block. */
export const settlementsIn = async (
  link: Link,
  runtimeAt: RuntimeAt,
  block: { readonly number: number; readonly hash: Hex },
  wanted: ReadonlySet<string>,
): Promise<readonly Settlement[] | null> => {
  const found = blockSchema.parse(await link.request("chain_getBlock", [block.hash]));
  if (found === null) return null;
  const { extrinsics, header } = found.block;
  const ours = extrinsics.flatMap((bytes, index) => {
    const hash = bare(blake2AsHex(hexToU8a(bytes), 256));
    return wanted.has(hash) ? [{ hash, index }] : [];
  });
  if (ours.length === 0) return [];
  const events = await eventsOf(link, runtimeAt, block.hash, header.parentHash);
  return ours.map(({ hash, index }) => ({
    hash,
    block: block.number,
    blockHash: bare(block.hash),
    error: failureOf(events, index),
  }));
};

const eventsOf = async (link: Link, runtimeAt: RuntimeAt, hash: Hex, parent: Hex): Promise<readonly EventRecord[]> => {
  const [stored, { registry }] = await Promise.all([
    link.request("state_getStorage", [EVENTS, hash]),
    runtimeAt(hash, parent),
  ]);
  const bytes = hexToU8a(hexSchema.nullable().parse(stored) ?? "0x00");
  return registry.createType<Vec<EventRecord>>("Vec<EventRecord>", bytes);
};

/** Why an extrinsic failed: the dispatch error in its events. */
const failureOf = (events: readonly EventRecord[], index: number): BlockZeroError | undefined => {
  const own = events.filter(({ phase }) => phase.isApplyExtrinsic && phase.asApplyExtrinsic.eq(index));
  for (const { event } of own) {
    const [outcome] = event.data;
    if (event.section === "system" && event.method === "ExtrinsicFailed" && outcome)
      return dispatchFault(event.registry.createType<DispatchError>("DispatchError", outcome.toU8a()));
    // A call within a call may fail without failing the extrinsic: Result<(), DispatchError>.
    if (event.section === "sudo" && event.method === "Sudid" && outcome && outcome.toU8a()[0] === 1)
      return dispatchFault(event.registry.createType<DispatchError>("DispatchError", outcome.toU8a().subarray(1)));
  }
  return undefined;
};

const dispatchFault = (error: DispatchError): ChainRejected => {
  if (!error.isModule) return new ChainRejected(error.type, error.toString().slice(0, 200));
  const { name, section, docs } = error.registry.findMetaError(error.asModule);
  return new ChainRejected(name, docs.join(" ").trim() || `pallet ${section}`);
};
