import type { ApiPromise } from "@polkadot/api";
import { StorageKey } from "@polkadot/types";
import type { StorageEntry } from "@polkadot/types/primitive/types";
import type { Registry } from "@polkadot/types/types";
import { compactStripLength, hexToU8a, u8aToHex } from "@polkadot/util";
import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Link } from "./link.js";
import { pagedKeys } from "./paged-keys.js";
import type { Decorated, RuntimeAt } from "./runtimes.js";
import { type Hex, hexSchema } from "./substrate.js";

/** One item of a pallet's storage, keys included. */
export type Item = readonly [pallet: string, item: string, ...keys: readonly unknown[]];

/** The chain's state after one block, read with that block's metadata. Decoded values are JSON, to be checked with a schema. */
export interface State {
  readonly hash: Hex;
  readonly registry: Registry;
  /** Whether the runtime has a storage item. */
  has(pallet: string, item: string): boolean;
  /** All items in one round trip. An item without a stored value gives its default, or null if it has none. */
  items(wanted: readonly Item[]): Promise<readonly unknown[]>;
  /** Every entry under the leading keys, with the remaining keys. */
  entries(...prefix: Item): Promise<readonly { readonly keys: readonly unknown[]; readonly value: unknown }[]>;
  /** Answer of a runtime API. Undefined if the runtime has none of that name. */
  call(api: string, method: string, ...args: readonly unknown[]): Promise<unknown>;
}

/** Number of values requested in one message. */
const VALUES_AT_ONCE = 1000;

export const stateAt = (link: Link, api: Decorated, hash: Hex): State => {
  const { registry } = api;
  const entryOf = (pallet: string, item: string): StorageEntry => {
    const entry = api.query[pallet]?.[item]?.creator;
    if (!entry) throw notInRuntime(`storage ${pallet}.${item}`);
    return entry;
  };
  const decode = ({ meta }: StorageEntry, stored: Hex | null): unknown => {
    if (stored === null && meta.modifier.isOptional) return null;
    const type = registry.createLookupType(meta.type.isPlain ? meta.type.asPlain : meta.type.asMap.value);
    const bytes = stored === null ? meta.fallback.toU8a(true) : hexToU8a(stored);
    return registry.createTypeUnsafe(type, [bytes]).toJSON();
  };
  const stored = async (keys: readonly Hex[]): Promise<ReadonlyMap<string, Hex | null>> => {
    const found = new Map<string, Hex | null>();
    for (let at = 0; at < keys.length; at += VALUES_AT_ONCE) {
      const answer = await link.request("state_queryStorageAt", [keys.slice(at, at + VALUES_AT_ONCE), hash]);
      for (const { changes } of changeSets.parse(answer)) for (const [key, value] of changes) found.set(key, value);
    }
    return found;
  };

  return {
    hash,
    registry,
    has: (pallet, item) => api.query[pallet]?.[item] !== undefined,
    items: async (wanted) => {
      const asked = wanted.map(([pallet, item, ...keys]) => {
        const entry = entryOf(pallet, item);
        return { entry, key: keyOf(entry, keys) };
      });
      const values = await stored(asked.map(({ key }) => key));
      return asked.map(({ entry, key }) => decode(entry, values.get(key) ?? null));
    },
    entries: async (pallet, item, ...args) => {
      const entry = entryOf(pallet, item);
      const prefix = u8aToHex(entry.keyPrefix(...args));
      const keys = await pagedKeys(link.request, prefix, hash);
      const values = await stored(keys);
      return keys.map((key) => {
        const { args: all } = new StorageKey(registry, key, { section: pallet, method: item }).setMeta(entry.meta);
        return {
          keys: all.slice(args.length).map((arg) => arg.toJSON()),
          value: decode(entry, values.get(key) ?? null),
        };
      });
    },
    call: async (section, method, ...args) => {
      const found = api.call[section]?.[method];
      if (!found) return undefined;
      const definition = apiDefinition.parse(found);
      const encoded = definition.params.map(({ type }, i) => registry.createTypeUnsafe(type, [args[i]]).toU8a());
      const answer = await link.request("state_call", [definition.name, u8aToHex(Buffer.concat(encoded)), hash]);
      return registry.createTypeUnsafe(definition.type, [hexToU8a(hexSchema.parse(answer))]).toJSON();
    },
  };
};

/** The metadata of a runtime API, which is attached to the decorated function. */
const apiDefinition = z
  .custom<object>((value) => typeof value === "function")
  .transform((value) => ("meta" in value ? value.meta : undefined))
  .pipe(z.object({ name: z.string(), type: z.string(), params: z.array(z.object({ type: z.string() })) }));

const changeSets = z.array(z.object({ changes: z.array(z.tuple([z.string(), hexSchema.nullable()])) }));

/** Metadata entries return their key with its length before it. */
const keyOf = (entry: StorageEntry, keys: readonly unknown[]): Hex => u8aToHex(compactStripLength(entry(...keys))[1]);

const notInRuntime = (what: string): BlockZeroError =>
  new BlockZeroError(
    "RUNTIME_UNSUPPORTED",
    `the chain's runtime has no ${what}`,
    "check the endpoint; a newer chain may need a newer BlockZero",
  );

/** States by block, each with the metadata of its own runtime. */
export const stateReader = (link: Link, api: ApiPromise, runtimeAt: RuntimeAt) => ({
  /** The state after the newest known block. */
  newest: (): State & { readonly block: number } => {
    const { number, hash } = link.heads.last!;
    return { ...stateAt(link, api, `0x${hash}`), block: number };
  },
  /** @param parent the block before it, whose runtime executed it */
  at: async (hash: Hex, parent: Hex): Promise<State> => stateAt(link, await runtimeAt(hash, parent), hash),
});
