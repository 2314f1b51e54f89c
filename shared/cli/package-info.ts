import { readFileSync } from "node:fs";

/**
 * What the package says of itself. Each program reads it before anything else, under whatever Node there is: here and in `require-node.ts`
 * stands only syntax that Node 12 reads.
 */
export const packageInfo: {
  readonly version: string;
  readonly engines: { readonly node: string };
  /** SS58 address of the key that signs the publisher's release notes. */
  readonly blockzero?: { readonly releaseKey?: string };
} = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
