import { decodeAddress, encodeAddress } from "@polkadot/util-crypto";
import { z } from "zod";

/** Bittensor's SS58 prefix. */
export const SS58_PREFIX = 42;

const isAddress = (text: string): boolean => {
  try {
    return encodeAddress(decodeAddress(text, false, SS58_PREFIX), SS58_PREFIX) === text;
  } catch {
    return false;
  }
};

/** An SS58 address of a 32-byte key, prefix 42, in its one canonical spelling. */
export const addressSchema = z.string().min(46).max(48).refine(isAddress, "not an SS58 address with prefix 42");
