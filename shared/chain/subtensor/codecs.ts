import { z } from "zod";

/** Shapes of decoded SCALE values as JSON. Numbers beyond 2^53 are hex digits. */

export const amount = z
  .union([z.int().min(0), z.string().regex(/^(0x[0-9a-fA-F]+|\d+)$/)])
  .transform((value) => BigInt(value));
export const count = amount.transform(Number);
export const flag = z.boolean();
export const address = z.string().regex(/^[1-9A-HJ-NP-Za-km-z]{40,60}$/);
export const hex = z.string().regex(/^0x[0-9a-fA-F]*$/);
/** u16 share: 65,535 stands for one. */
export const share = z
  .int()
  .min(0)
  .max(65_535)
  .transform((value) => value / 65_535);
