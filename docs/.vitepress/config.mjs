// The site that `npm run docs:site` makes of these pages: searched in the browser, nothing from another host.
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const docs = fileURLToPath(new URL("..", import.meta.url));

/** A page's title is its first heading. */
const titleOf = (path) => /^# (.+)$/m.exec(readFileSync(path, "utf8"))?.[1].replaceAll("`", "") ?? path;

const pagesIn = (folder) =>
  readdirSync(join(docs, folder))
    .filter((file) => file.endsWith(".md"))
    .map((file) => ({
      text: titleOf(join(docs, folder, file)),
      link: `/${folder === "" ? "" : `${folder}/`}${file === "README.md" ? "" : file.replace(/\.md$/, "")}`,
    }));

/** The pages beside the guides, by whom they are for; what stands in no list is listed last. */
const SECTIONS = {
  "Run a subnet": [
    ...[
      "by-hand",
      "operations",
      "signer",
      "dashboard",
      "monitoring",
      "wandb",
      "configuration",
      "commands",
      "errors",
      "stores",
    ],
    ...["network-changes", "network-file", "chain", "subtensor"],
  ],
  "Models and text": [
    ...["models", "data", "tokenizers", "shard-modes", "large-models", "own-trainer", "own-evaluator"],
    "generate-and-eval",
  ],
  "From an update to its pay": ["scoring", "independence", "rewards", "learning", "attacks", "audit"],
  "Proof of compute": ["compute", "sprint", "duty", "beacon", "compute-simulate"],
  "Build on it": ["architecture", "protocol", "engine", "library", "testing"],
};

const pages = pagesIn("");
const page = (name) => pages.find(({ link }) => link === `/${name}`);
const listed = Object.values(SECTIONS).flat().map(page);
const rest = pages.filter((one) => !listed.includes(one));

/** Links to files that are no pages (sources, vectors, the changelog) become plain text. */
const unlinkOutside = ({ tokens, env }) => {
  for (const { children } of tokens) {
    let isOutside = false;
    for (const token of children ?? []) {
      if (token.type === "link_open") {
        const href = token.attrGet("href");
        isOutside = href.startsWith(".") && posix.join(posix.dirname(env.relativePath), href).startsWith("..");
      }
      if (!isOutside || !token.type.startsWith("link_")) continue;
      isOutside = token.type === "link_open";
      Object.assign(token, { type: "text", content: "", nesting: 0 });
    }
  }
};

export default {
  title: "BlockZero",
  description: "Strangers train one Mixture-of-Experts model together, and nobody has to trust anybody.",
  outDir: "../.blockzero/site/pages",
  cacheDir: "../.blockzero/site/cache",
  // A name in angle brackets is a name, not an element.
  markdown: { html: false, config: (md) => md.core.ruler.push("outside", unlinkOutside) },
  rewrites: { "decisions/README.md": "decisions/index.md" },
  themeConfig: {
    search: { provider: "local" },
    outline: "deep",
    sidebar: [
      { text: "Guides", items: pagesIn("guides") },
      ...Object.entries(SECTIONS).map(([text, names]) => ({ text, items: names.map(page) })),
      ...(rest.length > 0 ? [{ text: "More", items: rest }] : []),
      { text: "Decisions", collapsed: true, items: pagesIn("decisions") },
      { text: "Library", collapsed: true, items: pagesIn("api") },
    ],
  },
};
