// Signs a release note with a hotkey: what `blockzero version --check` reads.
//   node scripts/sign-release.mjs VERSION same|new "summary" WALLETS NAME HOTKEY > release.json
const [version, protocol, summary, path, name, hotkey] = process.argv.slice(2);
if (hotkey === undefined) {
  console.error('usage: node scripts/sign-release.mjs VERSION same|new "summary" WALLETS NAME HOTKEY > release.json');
  process.exit(2);
}
const load = (module) => import(new URL(`../dist/${module}`, import.meta.url).href);
const { loadHotkey, verify } = await load("shared/wallet/index.js");
const { signDocument } = await load("shared/protocol/signing.js");
const { parseReleaseNote } = await load("upkeep/release/release-note.js");

const signer = await loadHotkey({ path, name, hotkey });
const published = new Date().toISOString();
const note = JSON.stringify(
  await signDocument({ kind: "blockzero/release/1", version, published, summary, protocol }, signer),
);
parseReleaseNote(note, signer.address, verify);
console.log(note);
console.error(`signed by ${signer.address}`);
