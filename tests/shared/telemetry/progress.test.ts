import assert from "node:assert/strict";
import { test } from "node:test";
import { fit, LiveView } from "#shared/telemetry/live-view.js";
import { bar, formatDuration, sparkline } from "#shared/telemetry/progress.js";
import { capturingOutput } from "./capture.js";

const ESCAPE = "\u001b";

test("a bar has its width, whatever the fraction", () => {
  assert.equal(bar(0, 4), "░░░░");
  assert.equal(bar(0.5, 4), "██░░");
  assert.equal(bar(0.28125, 4), "█▏░░");
  assert.equal(bar(1, 4), "████");
  for (const fraction of [-1, 2, Number.NaN, 0.999]) assert.equal([...bar(fraction, 7)].length, 7);
});

test("a sparkline spans the least to the greatest", () => {
  assert.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7]), "▁▂▃▄▅▆▇█");
  assert.equal(sparkline([3, Number.NaN, 1]), "█ ▁");
  assert.equal(sparkline([2, 2]), "▅▅");
  assert.equal(sparkline([]), "");
});

test("durations read as people say them", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [4_210, "4.2 s"],
    [59_400, "59 s"],
    [59_600, "1 min 00 s"],
    [185_000, "3 min 05 s"],
    [7_620_000, "2 h 07 min"],
    [273_600_000, "3 d 04 h"],
    [Number.POSITIVE_INFINITY, "–"],
    [-1, "–"],
  ];
  for (const [milliseconds, text] of cases) assert.equal(formatDuration(milliseconds), text);
});

const CONTROLS = new RegExp(`${ESCAPE}\\[[?\\d]*[A-Za-z]|\\r|\\n|[^${ESCAPE}\\r\\n]+`, "g");

/** What a terminal shows after the text: enough of one for cursor-up, return and the two ways of erasing. */
const screenOf = (text: string): string[] => {
  const rows = [""];
  let row = 0;
  for (const part of text.match(CONTROLS) ?? []) {
    if (part === "\n") {
      row += 1;
      rows[row] ??= "";
    } else if (part.startsWith("\u001b[") && part.endsWith("A")) row -= Number(part.slice(2, -1));
    else if (part === "\u001b[2K") rows[row] = "";
    else if (part === "\u001b[J") rows.splice(row, rows.length, "");
    else if (!part.startsWith("\u001b") && part !== "\r") rows[row] += part;
  }
  return rows.at(-1) === "" ? rows.slice(0, -1) : rows;
};

test("on a terminal the block is redrawn in place, throttled, and the last state stays", () => {
  const terminal = capturingOutput(true);
  let time = 0;
  const view = new LiveView({ terminal, everyMs: 100, now: () => time });
  view.update(["one", "two", "three"]);
  view.update(["never", "drawn"]);
  assert.deepEqual(screenOf(terminal.text()), ["one", "two", "three"]);
  time = 100;
  view.update(["four"]);
  assert.deepEqual(screenOf(terminal.text()), ["four"]);
  view.print("a line that stays");
  assert.deepEqual(screenOf(terminal.text()), ["a line that stays", "four"]);
  view.update(["five", "six"]);
  view.close();
  view.update(["after the end"]);
  assert.deepEqual(screenOf(terminal.text()), ["a line that stays", "five", "six"]);
});

test("a line for another stream leaves the block as it is, on its own terminal", () => {
  const terminal = capturingOutput(true);
  const answers = capturingOutput(false);
  const view = new LiveView({ terminal });
  view.update(["one", "two"]);
  view.print("an answer", answers);
  view.close();
  assert.equal(answers.text(), "an answer\n");
  assert.deepEqual(screenOf(terminal.text()), ["one", "two"]);
  // Where both are one terminal, the answer takes the block's place and the block follows.
  const both = capturingOutput(true);
  const shared = new LiveView({ terminal: both });
  shared.update(["one", "two"]);
  shared.print("an answer", both);
  shared.close();
  assert.deepEqual(screenOf(both.text()), ["an answer", "one", "two"]);
});

test("the cursor is hidden while the block lives, and restored when it closes or the process exits", () => {
  const terminal = capturingOutput(true);
  const listeners = process.listenerCount("exit");
  const view = new LiveView({ terminal });
  assert.equal(process.listenerCount("exit"), listeners, "nothing is touched before the first drawing");
  view.update(["x"]);
  assert.equal(process.listenerCount("exit"), listeners + 1);
  assert.ok(terminal.text().startsWith("\u001b[?25l"));
  view.close();
  view.close();
  assert.equal(process.listenerCount("exit"), listeners);
  assert.equal(terminal.text().split("\u001b[?25h").length, 2);
});

test("elsewhere it is an occasional plain line without escapes", () => {
  const output = capturingOutput(false);
  let time = 0;
  const view = new LiveView({ terminal: output, plainEveryMs: 10_000, now: () => time });
  view.update(["bar"], "10 %");
  time = 9_999;
  view.update(["bar"], "20 %");
  time = 10_000;
  view.update(["bar"], "30 %");
  view.print("note");
  view.update(["bar"], "100 %");
  view.close();
  assert.equal(output.text(), "10 %\n30 %\nnote\n100 %\n");
});

test("a line never reaches the last column, where a terminal would wrap", () => {
  assert.equal(fit("short", 80), "short");
  assert.equal(fit("0123456789", 10), "01234567…");
  assert.equal(fit("\u001b[31m0123456789\u001b[0m", 6), "0123…");
  assert.equal(fit("\u001b[31mred\u001b[0m", 6), "\u001b[31mred\u001b[0m");
});
