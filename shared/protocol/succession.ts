import { hashJson } from "./hash-json.js";
import { modelConfigOf, type Network } from "./network.js";
import { cycleLength } from "./phases.js";
import { mapTokenizerFiles } from "./tokenizer-files.js";

/** What a change of the network file does to the existing model and scores. */
export type Change =
  | { readonly effect: "keeps" }
  /** `reasons`: why the model, its cycles and scores cannot continue. */
  | { readonly effect: "resets"; readonly reasons: readonly string[] };

/** What happens to the model when `next` takes the place of `former`. */
export const changeOf = (former: Network, next: Network): Change => {
  const reasons = [
    ...(former.netuid === next.netuid ? [] : ["netuid: it is another subnet"]),
    ...(cycleLength(former.phases) === cycleLength(next.phases)
      ? []
      : ["phases: a cycle has another length, so that cycles have other numbers"]),
    ...(hashJson(modelConfigOf(former)) === hashJson(modelConfigOf(next)) ? [] : ["model: its tensors are others"]),
    ...(hashJson(expertsOf(former)) === hashJson(expertsOf(next)) ? [] : ["groups: their experts are others"]),
    ...(hashJson(tokenizerOf(former)) === hashJson(tokenizerOf(next)) ? [] : ["data.tokenizer: its tokens are others"]),
    ...(former.genesis === next.genesis ? [] : ["genesis: it begins with another model"]),
  ];
  return reasons.length === 0 ? { effect: "keeps" } : { effect: "resets", reasons };
};

const expertsOf = ({ groups }: Network) =>
  Object.fromEntries(Object.entries(groups).map(([name, { experts }]) => [name, experts]));

/** What decides ids. How a chat is written and where the model's own text ends may change. */
const tokenizerOf = ({ data }: Network) => {
  const tokenizer = mapTokenizerFiles(data.tokenizer, ({ path: _, ...file }) => file);
  if (tokenizer === "byte") return tokenizer;
  const { chat_template: _, generation_config: __, ...decisive } = tokenizer;
  return decisive;
};

/** Why a network file cannot succeed the file that it names as its former one. Null if it can. @param formerHash of `former` */
export const successionProblem = (former: Network, formerHash: string, next: Network): string | null => {
  const { succeeds } = next;
  if (succeeds?.network !== formerHash) return "it does not name the file in force as the one that it succeeds";
  if (succeeds.origin !== originOf(former, formerHash)) return "it names another first file than the one in force";
  if (next.first_cycle <= former.first_cycle) return `its first cycle, ${next.first_cycle}, is not after the former's`;
  const change = changeOf(former, next);
  return change.effect === "keeps" ? null : change.reasons.join("; ");
};

/** Hash of the first file in the succession that ends with this network file. */
export const originOf = ({ succeeds }: Network, hash: string): string => succeeds?.origin ?? hash;
