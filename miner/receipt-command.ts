import { readFileSync, statSync } from "node:fs";
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { BlockZeroError, reasonOf } from "#shared/errors.js";
import { artifactHash } from "#shared/protocol/manifest.js";
import { networkHash } from "#shared/protocol/network.js";
import { MAX_RECEIPT_BYTES, parseReceipt, type Receipt } from "./receipt.js";
import { receiptProblem } from "./verify-receipt.js";

const verify: CommandSpec = {
  name: "verify",
  description:
    "check a receipt offline: its signatures, and how commitment, artifact, hotkey, cycle and reports hang together",
  examples: ["blockzero-miner receipt verify cycle-7.json"],
  define: (command) => {
    command.argument("<file>", "a receipt that a miner keeps under receipts/ in its home").action((file: string) => {
      const receipt = read(file);
      const problem = receiptProblem(receipt);
      if (problem !== null)
        throw new BlockZeroError("RECEIPT_INVALID", `${file}: ${problem}`, "trust nothing that it says");
      for (const line of linesOf(receipt)) console.log(line);
    });
  },
};

export const receiptCommands: CommandGroup = {
  name: "receipt",
  description: "look after the signed records that a miner keeps of its cycles",
  commands: [verify],
};

const read = (file: string): Receipt => {
  const invalid = (reason: string) =>
    new BlockZeroError("RECEIPT_INVALID", `${file}: ${reason}`, "give a file as blockzero-miner wrote it");
  let bytes: Uint8Array;
  try {
    const { size } = statSync(file);
    if (size > MAX_RECEIPT_BYTES) throw invalid(`${size} bytes, at most ${MAX_RECEIPT_BYTES} are read`);
    bytes = readFileSync(file);
  } catch (thrown) {
    throw thrown instanceof BlockZeroError ? thrown : invalid(reasonOf(thrown));
  }
  const parsed = parseReceipt(bytes);
  if (parsed.ok) return parsed.value;
  throw invalid(parsed.problem);
};

const linesOf = ({ chain, network, cycle, uid, hotkey, update, commit, reveal, reports, outcome }: Receipt) => [
  `receipt of ${hotkey}, uid ${uid}, cycle ${cycle}: it holds`,
  `  update    ${artifactHash(update)}, group ${update.group}, ${update.tokens} tokens`,
  `  committed block ${commit.block} ${commit.blockHash}`,
  `  revealed  block ${reveal.block} ${reveal.blockHash}`,
  `  outcome   ${outcome === null ? "none" : `${outcome.verdict}${outcome.reason === null ? `, score ${outcome.score}` : `: ${outcome.reason}`}`}, from ${reports.length} reports`,
  `  network   ${networkHash(network)} on subnet ${network.netuid}`,
  `  chain     ${chain}: whether it holds these records in these blocks is for whoever has the chain to say`,
];
