import { type Check, ok, warning } from "../check.js";

const VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] as const;

/** Proxies of the environment are not used: a participant connects to addresses that it has checked itself. */
export const proxyCheck: Check = {
  name: "proxy",
  deadlineMs: 1_000,
  run: async ({ env }) => {
    const set = VARIABLES.flatMap((name) => [name, name.toLowerCase()]).filter((name) => (env[name] ?? "") !== "");
    if (set.length === 0) return ok("none in the environment");
    return warning(
      `${set.join(", ")} ${set.length === 1 ? "is" : "are"} set, and not used: chain, stores, peers and Weights & Biases are connected to directly`,
      "allow direct connections out of this machine, or route them below the programs, as with a VPN; then unset it",
    );
  },
};
