import type { ApiPromise } from "@polkadot/api";
import type { ApiDecoration } from "@polkadot/api/types";
import type { Registry } from "@polkadot/types/types";
import { z } from "zod";
import { BlockZeroError } from "#shared/errors/error.js";
import type { Link } from "./link.js";
import type { Hex } from "./substrate.js";

/** What one runtime's metadata says. */
export type Decorated = Pick<ApiDecoration<"promise">, "registry" | "query" | "call">;

/**
 * The runtime that executed a block.
 * @param parent the block before it, in whose state that runtime is
 * @throws BlockZeroError CHAIN_UNREACHABLE for more runtimes than are kept, and what the node answers
 */
export type RuntimeAt = (hash: Hex, parent: Hex) => Promise<Decorated>;

const versionSchema = z.object({ specName: z.string(), specVersion: z.int() });
type Version = z.infer<typeof versionSchema>;

const MAX_VERSIONS = 256;
/** Past runtimes that are kept in memory: each takes tens of megabytes, all of them a part of what a program has by default. */
const MAX_RUNTIMES = 64;

/**
 * The runtimes of blocks. `@polkadot/api` keeps, for ever, each whose metadata it was made to read: all that read past blocks share one reader, which
 * counts them.
 */
export const runtimeReader = (link: Link, api: ApiPromise): RuntimeAt => {
  const versions = new Map<Hex, Version>();
  const versionAt = async (hash: Hex): Promise<Version> => {
    const known = versions.get(hash);
    if (known !== undefined) return known;
    const version = versionSchema.parse(await link.request("state_getRuntimeVersion", [hash]));
    versions.set(hash, version);
    const [oldest] = versions.keys();
    if (versions.size > MAX_VERSIONS && oldest) versions.delete(oldest);
    return version;
  };
  const kept = new Set<Registry>();
  const known = new Set<string>();
  return async (hash, parent) => {
    const { specName, specVersion } = await versionAt(parent);
    if (api.runtimeVersion.specVersion.eq(specVersion)) return api;
    // A known one takes no more memory, unless the node then says another to `api.at`.
    const isKnown = known.has(nameOf(specName, specVersion));
    if (kept.size >= (isKnown ? 2 * MAX_RUNTIMES : MAX_RUNTIMES)) throw tooManyRuntimes();
    const decorated = await api.at(hash);
    const { runtimeVersion } = decorated;
    kept.add(decorated.registry);
    known.add(nameOf(runtimeVersion.specName.toString(), runtimeVersion.specVersion.toNumber()));
    return decorated;
  };
};

/** The library takes two for one where both are equal. */
const nameOf = (specName: string, specVersion: number): string => `${specVersion} ${specName}`;

/** It blames no endpoint: it may be another that named them, and was left since. */
const tooManyRuntimes = (): BlockZeroError =>
  new BlockZeroError(
    "CHAIN_UNREACHABLE",
    `the blocks that were read are said to have more than ${MAX_RUNTIMES} runtimes, which all stay in memory`,
    "start again; where it comes back at once, leave out the endpoint that names them",
  );
