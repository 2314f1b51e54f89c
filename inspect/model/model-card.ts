import type { MergedUpdate, ModelManifest } from "#shared/protocol/model-manifest.js";
import { inWords, sharesByGroup } from "./merged-shares.js";

export interface ModelCard {
  readonly hash: string;
  readonly manifest: ModelManifest;
  /** Number of scalars. */
  readonly parameters: number;
  /** The name in the network file. Null if the file is not available. */
  readonly networkName: string | null;
  /** Manifests that are available, for the lineage. */
  readonly models: ReadonlyMap<string, ModelManifest>;
}

/** Greatest number of ancestors that a card lists. */
const MAX_LINEAGE = 50;

/**
 * A README.md in the form that model hubs show: where the weights come from, and how to load them. The same model and manifests give the
 * same text.
 */
export const modelCard = ({ hash, manifest, parameters, networkName, models }: ModelCard): string => {
  const { config, network, cycle, parent, merged } = manifest;
  const origin = parent === null ? "genesis" : `cycle ${cycle}`;
  return `---
library_name: transformers
pipeline_tag: text-generation
tags: [blockzero, qwen3_moe, mixture-of-experts]
---

# BlockZero ${networkName === null ? "" : `${plain(networkName)} `}${hash.slice(0, 12)}

A Qwen3-MoE language model of ${parameters.toLocaleString("en-US")} parameters, trained in pieces by miners who need not trust each other:
each cycle, validators measure what the miners' updates do to the loss on held-out text, and merge the best.

| | |
|---|---|
| Model | \`${hash}\` |
| Made by | ${origin} |
| Network | ${network === null ? "the one whose file names this model as its genesis" : `${networkName === null ? "" : `${plain(networkName)}, `}\`${network}\``} |
| Parent | ${parent === null ? "none" : `\`${parent}\``} |
| Shape | ${config.num_hidden_layers} layers, width ${config.hidden_size}, ${config.num_experts} experts, ${config.num_experts_per_tok} a token, vocabulary ${config.vocab_size} |

## Merged updates

${merged.length === 0 ? "None." : table(["UID", "Hotkey", "Group", "Share", "Update"], merged.map(mergedRow))}

## Contributors

${contributors(manifest, models)}

## Lineage

${lineage(manifest, models)}

## Use

\`\`\`python
import torch
from transformers import AutoModelForCausalLM

model = AutoModelForCausalLM.from_pretrained("path/to/this/directory")
ids = torch.tensor([list("Call me ".encode())])
print(bytes(model.generate(ids, max_new_tokens=64)[0].clamp(max=255).tolist()).decode(errors="replace"))
\`\`\`

There is no tokenizer file: token ids are the bytes of UTF-8, and 256 separates documents.
`;
};

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
    .sort((a, b) =>
      a.group < b.group ? -1 : a.group > b.group ? 1 : b.share - a.share || (a.hotkey < b.hotkey ? -1 : 1),
    )
    .map(({ hotkey, group, cycles, share }) => [group, `\`${hotkey}\``, String(cycles), share.toFixed(4)]);
  return rows.length === 0 ? "None yet." : table(["Group", "Hotkey", "Merged updates", "Sum of shares"], rows);
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
  return `${table(["Ancestor", "Made by", "Merged: UID and share"], rows)}${parent === null ? "" : "\n\nOlder ancestors are left out."}`;
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** A name that somebody else chose, without any character that Markdown interprets. */
const plain = (name: string): string => name.replace(/[^\p{L}\p{N} .-]/gu, "?").slice(0, 64);
