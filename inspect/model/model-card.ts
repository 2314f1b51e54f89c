import { familyOf } from "#shared/model/families/index.js";
import { compareTexts } from "#shared/protocol/compare-texts.js";
import type { MergedUpdate, ModelManifest } from "#shared/protocol/model-manifest.js";
import { markdownTable } from "#shared/util/markdown-table.js";
import { inWords, sharesByGroup } from "./merged-shares.js";
import type { StoredNetwork } from "./model-store.js";

/** What a card says beyond what the model's files do, in the words of the Hub. */
export interface Provenance {
  /** The model that this one was made of, `owner/name`. */
  readonly baseModel?: string;
  /** Identifier of the weights' licence, e.g. `apache-2.0`. */
  readonly license?: string;
  /** Data sets of the Hub that it learnt from, `owner/name`. */
  readonly datasets?: readonly string[];
}

export interface ModelCard extends Provenance {
  readonly hash: string;
  readonly manifest: ModelManifest;
  /** Number of scalars. */
  readonly parameters: number;
  /** The network that it is of. Null if its file is not available. */
  readonly network: StoredNetwork | null;
  /** Manifests that are available, for the lineage. */
  readonly models: ReadonlyMap<string, ModelManifest>;
}

/** Greatest number of ancestors that a card lists. */
const MAX_LINEAGE = 50;

/**
 * A README.md in the form that model hubs show and index: where the weights come from, and how to load them. The same model, manifests and
 * provenance give the same text.
 */
export const modelCard = (card: ModelCard): string => {
  const { hash, manifest, parameters, network, models } = card;
  const { config, cycle, parent, merged } = manifest;
  const origin = parent === null ? "genesis" : `cycle ${cycle}`;
  const name = network && plain(network.network.name);
  const networkHash = manifest.network ?? network?.hash ?? null;
  const experts =
    config.num_experts > 0 ? `, ${config.num_experts} experts, ${config.num_experts_per_tok} a token` : "";
  return `---
${frontMatter(card)}---

# BlockZero ${name === null ? "" : `${name} `}${hash.slice(0, 12)}

A ${familyOf(config).title} language model of ${parameters.toLocaleString("en-US")} parameters, trained in pieces by miners who need not trust each other:
each cycle, validators measure what the miners' updates do to the loss on held-out text, and merge the best.

| | |
|---|---|
| Model | \`${hash}\` |
| Made by | ${origin} |
| Network | ${networkHash === null ? "the one whose file names this model as its genesis" : `${name === null ? "" : `${name}, `}\`${networkHash}\``} |
| Parent | ${parent === null ? "none" : `\`${parent}\``} |
| Shape | ${config.num_hidden_layers} layers, width ${config.hidden_size}${experts}, vocabulary ${config.vocab_size} |

## Merged updates

${merged.length === 0 ? "None." : markdownTable(["UID", "Hotkey", "Group", "Share", "Update"], merged.map(mergedRow))}

## Contributors

${contributors(manifest, models)}

## Lineage

${lineage(manifest, models)}

## Use

\`\`\`python
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = "path/to/this/directory"
model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
inputs = tokenizer("Call me", return_tensors="pt")
print(tokenizer.decode(model.generate(**inputs, max_new_tokens=64)[0]))
\`\`\`

Or \`blockzero generate --model path/to/this/directory --prompt "Call me"\`.
`;
};

/** The keys that the Hub indexes, and the lineage under a key of our own. Strings are written as JSON, which YAML reads. */
const frontMatter = ({ hash, manifest, network, baseModel, license, datasets = [] }: ModelCard): string => {
  const { config, cycle, parent } = manifest;
  const tags = ["blockzero", familyOf(config).type, ...(config.num_experts > 0 ? ["mixture-of-experts"] : [])];
  const lineage = { network: manifest.network ?? network?.hash ?? null, cycle, model: hash, parent };
  const fields: Readonly<Record<string, unknown>> = {
    library_name: "transformers",
    pipeline_tag: "text-generation",
    ...(license !== undefined && { license }),
    ...(baseModel !== undefined && { base_model: baseModel, base_model_relation: "finetune" }),
    ...(datasets.length > 0 && { datasets }),
    tags,
    blockzero: lineage,
  };
  return Object.entries(fields)
    .map(
      ([key, value]) => `${key}: ${typeof value === "string" && SIMPLE.test(value) ? value : JSON.stringify(value)}\n`,
    )
    .join("");
};

/** A string that YAML takes for nothing else. */
const SIMPLE = /^[a-z][a-z-]*$/;

const mergedRow = ({ uid, hotkey, group, share, artifact }: MergedUpdate): string[] => [
  String(uid),
  `\`${hotkey}\``,
  group,
  share.toFixed(4),
  `\`${artifact}\``,
];

/** The contributors to the model and to its ancestors, as far as manifests are available: the sum of the shares, by group. */
const contributors = (manifest: ModelManifest, models: ReadonlyMap<string, ModelManifest>): string => {
  const totals = new Map<string, { readonly hotkey: string; readonly group: string; cycles: number; share: number }>();
  for (let next: ModelManifest | undefined = manifest; next; next = next.parent ? models.get(next.parent) : undefined)
    for (const { hotkey, group, share } of next.merged) {
      const total = totals.get(`${group} ${hotkey}`) ?? { hotkey, group, cycles: 0, share: 0 };
      totals.set(`${group} ${hotkey}`, { ...total, cycles: total.cycles + 1, share: total.share + share });
    }
  const rows = [...totals.values()]
    .sort((a, b) => compareTexts(a.group, b.group) || b.share - a.share || compareTexts(a.hotkey, b.hotkey))
    .map(({ hotkey, group, cycles, share }) => [group, `\`${hotkey}\``, String(cycles), share.toFixed(4)]);
  return rows.length === 0 ? "None yet." : markdownTable(["Group", "Hotkey", "Merged updates", "Sum of shares"], rows);
};

/** The ancestors, newest first, as far as their manifests are available. */
const lineage = (manifest: ModelManifest, models: ReadonlyMap<string, ModelManifest>): string => {
  const rows: string[][] = [];
  let { parent } = manifest;
  while (parent !== null && rows.length < MAX_LINEAGE) {
    const ancestor = models.get(parent);
    const shares = ancestor && [...sharesByGroup(ancestor.merged)].map(([group, all]) => `${group}: ${inWords(all)}`);
    const made = ancestor && (ancestor.parent === null ? "genesis" : `cycle ${ancestor.cycle}`);
    rows.push([`\`${parent}\``, made ?? "not at hand", shares?.join("; ") || "–"]);
    parent = ancestor?.parent ?? null;
  }
  if (rows.length === 0) return "This is the genesis model.";
  return `${markdownTable(["Ancestor", "Made by", "Merged: UID and share"], rows)}${parent === null ? "" : "\n\nOlder ancestors are left out."}`;
};

/** A name that somebody else chose, without any character that Markdown interprets. */
const plain = (name: string): string => name.replace(/[^\p{L}\p{N} .-]/gu, "?").slice(0, 64);
