import { Metadata, TypeRegistry } from "@polkadot/types";
import { compactAddLength, compactStripLength, hexToU8a, stringToU8a, u8aToHex } from "@polkadot/util";
import { z } from "zod";
import type { DrandSetting } from "#shared/chain/devchain/genesis.js";
import { SIGNED_EXTENSIONS } from "#shared/chain/subtensor/signed-extensions.js";
import type { Executor, Hex, StorageView } from "./executor.js";

/** The initial state of the chain. */
export interface SubtensorGenesis {
  /** SS58 of the key that may change every parameter. */
  readonly sudo: string;
  /** Account → smallest units of its balance. */
  readonly balances: Readonly<Record<string, bigint>>;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  /** The chain's own beacon, whose pulses are in its storage as soon as they are published. Unset: there are no pulses. */
  readonly drand?: DrandSetting | undefined;
}

export interface GenesisState {
  readonly storage: ReadonlyMap<Hex, Hex>;
  readonly registry: TypeRegistry;
  /** Least time between two blocks, in milliseconds. */
  readonly slotDuration: number;
}

const CODE: Hex = "0x3a636f6465";
/** Storage key of `Timestamp.Now`. */
const TIMESTAMP_NOW: Hex = "0xf0c365c3cf59d671eb72da0e7a4113c49f1f0515f462cdcf84e0f1d6045dfcbb";
const EVM_CHAIN = 42;
const nothing: StorageView = { get: () => undefined, nextKey: () => undefined };

/** The fields of the runtime's presets that are changed here. */
const presetSchema = z.looseObject({
  aura: z.looseObject({}),
  grandpa: z.looseObject({}),
  balances: z.looseObject({}),
  sudo: z.looseObject({}),
  senateMembers: z.looseObject({}).optional(),
  triumvirateMembers: z.looseObject({}).optional(),
});

/** Storage of block 0, made by the runtime's own genesis builder from its default preset. */
export const buildGenesis = async (executor: Executor, wasm: Hex, genesis: SubtensorGenesis): Promise<GenesisState> => {
  const call = async (name: string, argument: Hex) => executor.run([[name, argument]], nothing);

  const preset = hexToU8a((await call("GenesisBuilder_get_preset", "0x00")).result);
  const config = presetSchema.parse(JSON.parse(Buffer.from(preset.subarray(preset.indexOf(0x7b))).toString()));
  const amended = {
    ...config,
    aura: { ...config.aura, authorities: [genesis.sudo] },
    grandpa: { ...config.grandpa, authorities: [[genesis.sudo, 1]] },
    balances: { ...config.balances, balances: "BALANCES" },
    sudo: { ...config.sudo, key: genesis.sudo },
    ...(config.senateMembers && { senateMembers: { ...config.senateMembers, members: [genesis.sudo] } }),
    ...(config.triumvirateMembers && {
      triumvirateMembers: { ...config.triumvirateMembers, members: [genesis.sudo] },
    }),
    evmChainId: { chainId: EVM_CHAIN },
  };
  // Amounts may be larger than a JSON number can hold exactly.
  const balances = Object.entries(genesis.balances).map(([account, amount]) => `["${account}",${amount}]`);
  const json = JSON.stringify(amended).replace('"BALANCES"', `[${balances.join(",")}]`);
  const built = await call("GenesisBuilder_build_state", u8aToHex(compactAddLength(stringToU8a(json))));

  const storage = new Map<Hex, Hex>();
  for (const [key, value] of built.changes) if (value !== null) storage.set(key, value);
  storage.set(CODE, wasm);
  const timestamp = Buffer.alloc(8);
  timestamp.writeBigUInt64LE(BigInt(genesis.timestamp));
  storage.set(TIMESTAMP_NOW, u8aToHex(timestamp));

  const registry = new TypeRegistry();
  // Option<OpaqueMetadata>: one byte, then bytes after their length.
  const [, metadata] = compactStripLength(
    hexToU8a((await call("Metadata_metadata_at_version", "0x0e000000")).result).subarray(1),
  );
  registry.setMetadata(new Metadata(registry, u8aToHex(metadata)), undefined, SIGNED_EXTENSIONS);
  const slot = hexToU8a(
    (await executor.run([["AuraApi_slot_duration"]], { ...nothing, get: (key) => storage.get(key) })).result,
  );
  return { storage, registry, slotDuration: Number(Buffer.from(slot).readBigUInt64LE()) };
};
