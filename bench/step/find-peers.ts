import { delimiter } from "node:path";
import { BlockZeroError } from "#shared/errors/error.js";
import { type Peer, type PeerOptions, startPeer } from "./peer.js";

const VARIABLE = "BLOCKZERO_BENCH_PYTHON";

/** A Python that has no PyTorch for us, and what it said. */
export interface Refusal {
  readonly python: string;
  readonly reason: string;
}

/** The Pythons to ask: those of the option --python, else those of the environment variable, else `python3`. */
export const pythonsOf = (
  option: readonly string[] | undefined,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] => {
  const named = option ?? env[VARIABLE]?.split(delimiter) ?? [];
  const pythons = [...new Set(named.map((python) => python.trim()).filter((python) => python !== ""))];
  return pythons.length === 0 ? ["python3"] : pythons;
};

export interface FindOptions extends Omit<PeerOptions, "python" | "mode"> {
  readonly pythons: readonly string[];
  /** Whether to let each compile as well, if its version can. */
  readonly compiled: boolean;
}

/** Every Python's PyTorch, eager and compiled, each in a process of its own. */
export const findPeers = async ({
  pythons,
  compiled,
  ...options
}: FindOptions): Promise<{ readonly peers: readonly Peer[]; readonly refusals: readonly Refusal[] }> => {
  const peers: Peer[] = [];
  const refusals: Refusal[] = [];
  for (const python of pythons) {
    try {
      const eager = await startPeer({ ...options, python, mode: "eager" });
      peers.push(eager);
      if (compiled && eager.compiles) peers.push(await startPeer({ ...options, python, mode: "compiled" }));
    } catch (thrown) {
      if (!(thrown instanceof BlockZeroError)) throw thrown;
      refusals.push({ python, reason: thrown.message });
    }
  }
  return { peers, refusals };
};

/** What to tell about the Pythons that were of no use; how to get one where there is no other. */
export const describeRefusals = (refusals: readonly Refusal[], peers: number): readonly string[] => [
  ...refusals.map(({ python, reason }) => `no PyTorch from ${python}: ${sayReason(reason)}`),
  ...(peers > 0
    ? []
    : [
        "nothing to compare with, so these are our figures alone. To get PyTorch, either",
        "  python3 -m venv ~/.venvs/bench && ~/.venvs/bench/bin/pip install torch",
        `  ${VARIABLE}=~/.venvs/bench/bin/python npm run bench -- step`,
        "or Debian's: apt install python3-torch libopenblas0-pthread (bench/README.md)",
      ]),
];

const sayReason = (reason: string): string => (/ENOENT/.test(reason) ? "there is no such program" : reason);
