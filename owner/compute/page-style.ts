/** The page's colours and layout: by the reader's theme, and for a phone. */
export const PAGE_STYLE = `
:root { --back: #f6f7f9; --card: #fff; --text: #1d2430; --soft: #5b6678; --line: #d5dae3; --accent: #2f6fde; --good: #14784a; --bad: #b93232; }
@media (prefers-color-scheme: dark) {
  :root { --back: #10141b; --card: #181e28; --text: #e6eaf2; --soft: #9aa7bb; --line: #333d4d; --accent: #5b93f5; --good: #3fbf85; --bad: #f07c7c; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 14px/1.45 system-ui, sans-serif; }
header, main { max-width: 1180px; margin: 0 auto; padding: 16px; }
header { padding-bottom: 0; }
h1 { font-size: 22px; margin: 0; }
h2 { font-size: 16px; margin: 0 0 4px; }
p { margin: 0 0 8px; color: var(--soft); max-width: 75ch; }
main { display: grid; grid-template-columns: minmax(0, 1fr); gap: 14px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 14px; min-width: 0; }
.scroll { overflow-x: auto; }
.scroll:focus-visible, summary:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 5px 8px; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child th, tr:last-child td { border-bottom: 0; }
th { font-weight: 600; }
th[scope="col"] { color: var(--soft); vertical-align: bottom; }
th[scope="row"] { white-space: nowrap; }
.scroll th:first-child { position: sticky; left: 0; background: var(--card); }
.value[data-level="more"] { color: var(--bad); font-weight: 700; }
.value[data-level="less"] { color: var(--good); }
.bar { display: inline-block; width: min(40vw, 220px); height: 10px; margin-right: 8px; border-radius: 5px; background: var(--line); overflow: hidden; }
.bar span { display: block; height: 100%; background: var(--accent); }
.scroll td { white-space: nowrap; }
.scroll .bar { width: 90px; }
.amount { white-space: nowrap; }
summary { cursor: pointer; margin-top: 8px; color: var(--accent); width: fit-content; }
figure { margin: 8px 0 0; }
svg { display: block; width: 100%; height: auto; max-width: 760px; }
svg text { fill: var(--soft); font-size: 11px; }
svg .grid { stroke: var(--line); }
svg .line { fill: none; stroke-width: 2; }
figcaption { display: flex; flex-wrap: wrap; gap: 4px 14px; }
figcaption i { display: inline-block; width: 18px; height: 0; border-top: 3px solid; margin-right: 6px; vertical-align: middle; }
@media (max-width: 520px) {
  header, main { padding: 10px; }
  .bars th[scope="row"] { white-space: normal; }
  .bar { width: 26vw; }
  .scroll .bar { width: 48px; }
}
`;
