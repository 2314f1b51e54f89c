import { JSON_FLAG, printJson } from "#shared/cli/json.js";
import type { CommandGroup, CommandSpec } from "#shared/cli/program.js";
import { amountText } from "#shared/cli/tokens.js";
import { BlockZeroError } from "#shared/errors/error.js";
import { readSmallFile } from "#shared/files/regular-file.js";
import { artifactHash } from "#shared/protocol/manifest.js";
import { networkHash } from "#shared/protocol/network.js";
import {
  MAX_RECEIPT_BYTES,
  parseReceipt,
  RECEIPT_VERSION,
  type Receipt,
  receiptVersion,
} from "#shared/protocol/receipt.js";
import { sumStake } from "#shared/protocol/voting/stake.js";
import { plural } from "#shared/util/plural.js";
import { receiptProblem } from "./verify-receipt.js";

const verify: CommandSpec = {
  name: "verify",
  description:
    "check a receipt offline: its signatures, and how commitment, artifact, hotkey, cycle and reports hang together; records, blocks and stakes are the miner's word",
  examples: ["blockzero-miner receipt verify cycle-7.json", "blockzero-miner receipt verify cycle-7.json --json"],
  define: (command) => {
    command
      .argument("<file>", "a receipt that a miner keeps under receipts/ in its home")
      .option(...JSON_FLAG)
      .action(async (file: string, { json = false }: { readonly json?: boolean }) => {
        const receipt = await read(file);
        const problem = receiptProblem(receipt);
        if (problem !== null)
          throw new BlockZeroError("RECEIPT_INVALID", `${file}: ${problem}`, "trust nothing that it says");
        if (json) printJson(factsOf(receipt));
        else for (const line of linesOf(receipt)) console.log(line);
      });
  },
};

export const receiptCommands: CommandGroup = {
  name: "receipt",
  description: "look after the signed records that a miner keeps of its cycles",
  commands: [verify],
};

const read = async (file: string): Promise<Receipt> => {
  const invalid = (reason: string) =>
    new BlockZeroError("RECEIPT_INVALID", `${file}: ${reason}`, "give a file as blockzero-miner wrote it");
  const bytes = await readSmallFile(file, MAX_RECEIPT_BYTES).catch((thrown: unknown) => {
    if (!(thrown instanceof BlockZeroError)) throw thrown;
    throw new BlockZeroError("RECEIPT_INVALID", thrown.message, thrown.hint, { cause: thrown });
  });
  const parsed = parseReceipt(bytes);
  if (parsed.ok) return parsed.value;
  const version = receiptVersion(bytes) ?? RECEIPT_VERSION;
  if (version === RECEIPT_VERSION) throw invalid(parsed.problem);
  throw new BlockZeroError(
    "RECEIPT_VERSION",
    `${file} is a receipt of version ${version}, and this program checks version ${RECEIPT_VERSION}`,
    "check it with the version of BlockZero that wrote it",
  );
};

const linesOf = (receipt: Receipt): readonly string[] => {
  const { chain, network, cycle, uid, hotkey, update, commit, reveal, reports, unheard } = receipt;
  const { shareOf, restsOn } = stakesOf(receipt);
  return [
    `receipt of ${hotkey}, uid ${uid}, cycle ${cycle}: signatures and hashes hold together`,
    `  update    ${artifactHash(update)}, group ${update.group}, ${update.tokens} tokens`,
    `  committed block ${commit.block} ${commit.blockHash}`,
    `  revealed  block ${reveal.block} ${reveal.blockHash}`,
    ...reports.map(
      (one) =>
        `  report    ${one.report.validator}: ${verdictIn(one, receipt)}; stake ${shareOf(one.report.validator)}`,
    ),
    ...unheard.map((validator) => `  unheard   ${validator}; stake ${shareOf(validator)}`),
    `  outcome   ${inWords(receipt.outcome)}, from ${plural(reports.length, "report")} of ${restsOn}, stakes as the miner says`,
    `  network   ${networkHash(network)} on subnet ${network.netuid}`,
    `  chain     ${chain}`,
    "The miner says, and only that chain confirms: that it holds these records in these blocks, who its validators are, their stakes, whose report is unheard, and that no report is left out.",
  ];
};

/** The same as data. Records, blocks and stakes are the miner's word. */
const factsOf = ({
  chain,
  network,
  cycle,
  uid,
  hotkey,
  update,
  commit,
  reveal,
  reports,
  outcome,
  stakes,
  unheard,
}: Receipt) => ({
  valid: true,
  chain,
  network: networkHash(network),
  netuid: network.netuid,
  cycle,
  uid,
  hotkey,
  artifact: artifactHash(update),
  group: update.group,
  tokens: update.tokens,
  commit,
  reveal,
  reports: reports.map(({ report }) => ({
    validator: report.validator,
    stake: stakes[report.validator] ?? "0",
    entry: report.entries.find((one) => one.uid === uid && one.hotkey === hotkey) ?? null,
  })),
  unheard: unheard.map((validator) => ({ validator, stake: stakes[validator] ?? "0" })),
  outcome,
});

/** How the validators' stakes, as the receipt has them, stand to each other. */
const stakesOf = ({ stakes, reports }: Receipt) => {
  const all = sumStake(Object.values(stakes).map(BigInt));
  const share = (stake: bigint) => `${(Number((10_000n * stake) / all) / 100).toFixed(2)} %`;
  const reporting = [...new Set(reports.map(({ report }) => report.validator))].map((one) => BigInt(stakes[one] ?? 0));
  return {
    shareOf: (validator: string) =>
      `${amountText(BigInt(stakes[validator] ?? 0))}, ${share(BigInt(stakes[validator] ?? 0))}`,
    restsOn: all === 0n ? "nobody" : `${share(sumStake(reporting))} of all stake`,
  };
};

const verdictIn = ({ report }: Receipt["reports"][number], { uid, hotkey }: Receipt): string => {
  const entry = report.entries.find((one) => one.uid === uid && one.hotkey === hotkey);
  return entry === undefined ? "says nothing of it" : inWords(entry);
};

const inWords = ({ verdict, reason, score }: Pick<Receipt["outcome"], "verdict" | "reason" | "score">) =>
  `${verdict}${reason === null ? `, score ${score}` : `: ${reason}`}`;
