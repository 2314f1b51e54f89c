import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import WebSocket from "ws";

/** The browser of the tests and benchmarks. */
export const CHROMIUM = "/usr/bin/chromium";

export const hasBrowser = (): boolean => spawnSync(CHROMIUM, ["--version"]).error === undefined;

/** A page in a headless Chromium, steered over the DevTools protocol. */
export interface BrowserPage {
  /** Opens an address and waits until its documents are loaded. */
  open(url: string): Promise<void>;
  /** The value of an expression, as JSON; promises are awaited. @throws Error what the page throws */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>;
  resize(width: number, height: number, isPhone?: boolean): Promise<void>;
  prefer(features: Readonly<Record<string, string>>): Promise<void>;
  /** Presses a key such as `Tab` or `Enter`. */
  press(key: string): Promise<void>;
  /** Processor time of the page's main thread so far, milliseconds. */
  busy(): Promise<number>;
  /** A PNG of what is seen, or of the whole page. */
  screenshot(isWhole?: boolean): Promise<Buffer>;
  /** What the page wrote as errors, refused resources included. */
  readonly errors: readonly string[];
  /** Addresses that it asked for. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Evaluated {
  readonly result: { readonly value?: unknown };
  readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
}

const KEYS: Readonly<Record<string, { readonly code: number; readonly text?: string }>> = {
  Tab: { code: 9 },
  Enter: { code: 13, text: "\r" },
};

/** Starts a browser of its own, with an empty profile. */
export const openBrowser = async (): Promise<BrowserPage> => {
  const profile = mkdtempSync(join(tmpdir(), "blockzero-browser-"));
  const child = spawn(
    CHROMIUM,
    [
      ...["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-port=0"],
      ...["--no-first-run", "--disable-extensions", "--disable-background-networking", `--user-data-dir=${profile}`],
      "about:blank",
    ],
    { stdio: ["ignore", "ignore", "pipe"], detached: true },
  );
  const exited = new Promise((resolve) => child.once("exit", resolve));
  const endpoint = await new Promise<string>((resolve, reject) => {
    child.once("exit", () => reject(new Error("the browser ended at its start")));
    createInterface({ input: child.stderr }).on("line", (line) => {
      const found = /^DevTools listening on (ws:\S+)$/.exec(line);
      if (found) resolve(found[1]!);
    });
  });
  const targets = (await (await fetch(`http://${new URL(endpoint).host}/json/list`)).json()) as readonly {
    readonly type: string;
    readonly webSocketDebuggerUrl: string;
  }[];
  const socket = new WebSocket(targets.find(({ type }) => type === "page")!.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));

  const waiting = new Map<number, (reply: Reply) => void>();
  const loads: (() => void)[] = [];
  const errors: string[] = [];
  const requests: string[] = [];
  let last = 0;
  socket.on("message", (data) => {
    const reply = JSON.parse(String(data)) as Reply;
    if (reply.id !== undefined) {
      waiting.get(reply.id)?.(reply);
      waiting.delete(reply.id);
    } else if (reply.method === "Page.loadEventFired") for (const loaded of loads.splice(0)) loaded();
    else if (reply.method === "Network.requestWillBeSent")
      requests.push((reply.params as { request: { url: string } }).request.url);
    else if (reply.method === "Runtime.exceptionThrown" || reply.method === "Log.entryAdded") errors.push(String(data));
  });
  const send = <T>(method: string, params: object = {}): Promise<T> => {
    const id = ++last;
    return new Promise((resolve, reject) => {
      waiting.set(id, ({ result, error }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result as T),
      );
      socket.send(JSON.stringify({ id, method, params }));
    });
  };
  for (const domain of ["Page", "Runtime", "Network", "Log"]) await send(`${domain}.enable`);
  await send("Performance.enable", { timeDomain: "threadTicks" });

  const evaluate = async <T>(expression: string): Promise<T> => {
    const { result, exceptionDetails: thrown } = await send<Evaluated>("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    });
    if (thrown) throw new Error(thrown.exception?.description ?? thrown.text);
    return result.value as T;
  };
  return {
    errors,
    requests,
    evaluate,
    open: async (url) => {
      const loaded = new Promise<void>((resolve) => loads.push(resolve));
      await send("Page.navigate", { url });
      await loaded;
    },
    until: (expression) =>
      evaluate(
        `new Promise((done) => { const look = () => (${expression}) ? done(true) : requestAnimationFrame(look); look(); })`,
      ),
    resize: (width, height, mobile = false) =>
      send("Emulation.setDeviceMetricsOverride", { width, height, mobile, deviceScaleFactor: 1 }),
    prefer: (features) =>
      send("Emulation.setEmulatedMedia", {
        features: Object.entries(features).map(([name, value]) => ({ name, value })),
      }),
    press: async (key) => {
      const { code, text } = KEYS[key]!;
      const event = { key, code: key, windowsVirtualKeyCode: code, ...(text && { text }) };
      await send("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", ...event });
      await send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
    },
    busy: async () => {
      const { metrics } = await send<{ metrics: readonly { name: string; value: number }[] }>("Performance.getMetrics");
      return 1000 * (metrics.find(({ name }) => name === "TaskDuration")?.value ?? 0);
    },
    screenshot: async (isWhole = false) => {
      const { data } = await send<{ data: string }>("Page.captureScreenshot", { captureBeyondViewport: isWhole });
      return Buffer.from(data, "base64");
    },
    close: async () => {
      socket.terminate();
      // The whole group: the browser's own children write to the profile too.
      if (child.exitCode === null && child.signalCode === null) process.kill(-child.pid!, "SIGKILL");
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 20 });
    },
  };
};
