import type { Role } from "#shared/telemetry/instruments/definition.js";

export const MINER: readonly Role[] = ["miner"];
export const VALIDATOR: readonly Role[] = ["validator"];
export const PARTICIPANTS: readonly Role[] = ["miner", "validator"];
export const OWNER: readonly Role[] = ["owner"];
export const ALL: readonly Role[] = ["miner", "validator", "owner"];
