import type { History, MinerPage, SubnetNow } from "../snapshot.js";
import { redrawCharts } from "./charts.js";
import { drawClock } from "./clock.js";
import { byId, setText } from "./dom.js";
import { type FeedState, followServer, type News } from "./feed.js";
import { createMinerView } from "./miner-view.js";
import { createOverview } from "./overview.js";
import { minerHref, routeOf } from "./route.js";

const start = async (): Promise<void> => {
  const overview = createOverview();
  const miner = createMinerView((cycle) => {
    const route = routeOf(location.hash);
    if (route.view === "miner") location.hash = minerHref(route.uid, cycle);
  });
  let shown = { etag: "", history: "" };
  let asked: News | null = null;
  let isFetching = false;
  let cycle: number | null | undefined;
  let state: FeedState | null = null;
  let problem: string | null = null;

  /** Whether what is shown is new: the server may be gone, or the chain that it reads. */
  const showState = (): void => {
    if (state === null) return;
    setText(
      byId("status"),
      state === "interrupted"
        ? "no connection: what is shown is old"
        : problem !== null
          ? "the chain cannot be followed: what is shown is old"
          : { live: "live", polling: "live, asked every 5 s" }[state],
    );
  };
  const enter = (next: FeedState): void => {
    state = next;
    showState();
  };

  /**
   * Fetches and draws what is not shown yet.
   *
   * @param news versions that the server has; null: not known
   * @returns whether the server answered
   */
  const refresh = async (news: News | null): Promise<boolean> => {
    const begun = performance.now();
    const [history, now] = await Promise.all([
      news?.history === shown.history ? null : fetchJson<History>("/api/history"),
      news?.etag === shown.etag ? null : fetchJson<SubnetNow>("/api/subnet"),
    ]);
    if (history === UNREACHABLE || now === UNREACHABLE) return false;
    const received = performance.now();
    if (history && history.etag !== shown.history) overview.showHistory(history.value);
    if (now && now.etag !== shown.etag) showSubnet(now.value);
    shown = { history: history?.etag ?? shown.history, etag: now?.etag ?? shown.etag };
    const took = Math.round(performance.now() - received);
    setText(byId("drawn"), `Fetched in ${Math.round(received - begun)} ms, drawn in ${took} ms.`);
    document.documentElement.dataset.drawn = String(took);
    if (now && now.value.cycle !== cycle) {
      cycle = now.value.cycle;
      if (routeOf(location.hash).view === "miner") await route();
    }
    return true;
  };

  /** One at a time; of those that come meanwhile only the last. */
  const catchUp = async (): Promise<void> => {
    if (isFetching) return;
    isFetching = true;
    try {
      while (asked !== null) {
        const news = asked;
        asked = null;
        await refresh(news);
      }
    } finally {
      isFetching = false;
    }
  };

  const showSubnet = (now: SubnetNow): void => {
    setText(byId("name"), now.name);
    document.title = `${now.name}, subnet ${now.netuid}`;
    setText(byId("where"), `subnet ${now.netuid}, network ${now.network.slice(0, 12)}`);
    drawClock(now.clock);
    overview.show(now);
    const { reads } = now.chain;
    problem = now.chain.problem;
    showState();
    setText(
      byId("cost"),
      `${reads} reads of the chain since the start, shared by everybody who looks.${problem === null ? "" : ` The chain cannot be followed: ${problem}.`}${now.isWhole ? "" : " Not every report of the newest judged cycle can be had."}`,
    );
  };

  const route = async (): Promise<void> => {
    const at = location.hash;
    const to = routeOf(at);
    const page =
      to.view === "miner"
        ? await fetchJson<MinerPage>(`/api/miners/${to.uid}${to.cycle === null ? "" : `?cycle=${to.cycle}`}`)
        : null;
    // Somebody went on before it came.
    if (location.hash !== at) return;
    byId("overview").hidden = to.view !== "overview";
    const isHere = page !== null && page !== UNREACHABLE;
    byId("miner").hidden = !isHere;
    const missing = byId("missing");
    missing.hidden = to.view === "overview" || isHere;
    if (to.view !== "miner") return;
    if (isHere) miner.show(page.value);
    else if (page === UNREACHABLE) setText(missing, "The dashboard does not answer now: try again in a minute.");
    else
      setText(
        missing,
        `Nothing is known of uid ${to.uid}${to.cycle === null ? "" : ` in cycle ${to.cycle}`}: its cycle is not judged yet, or too old.`,
      );
  };

  window.addEventListener("hashchange", async () => {
    await route();
    const isMiner = routeOf(location.hash).view === "miner" && !byId("miner").hidden;
    byId(isMiner ? "h-miner" : "main").focus();
    scrollTo(0, 0);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);

  await refresh(null);
  if (routeOf(location.hash).view === "miner") await route();
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
  followServer({
    onNews: (news) => {
      drawClock(news.clock);
      asked = news;
      void catchUp();
    },
    onPoll: async () => enter((await refresh(null)) ? "polling" : "interrupted"),
    onState: enter,
  });
};

interface Fetched<T> {
  readonly value: T;
  readonly etag: string;
}

/** The server cannot be asked, or cannot answer. */
const UNREACHABLE = "unreachable";

/** Null where the server does not have it. */
const fetchJson = async <T>(path: string): Promise<Fetched<T> | typeof UNREACHABLE | null> => {
  try {
    const response = await fetch(path);
    if (response.status >= 500) return UNREACHABLE;
    if (!response.ok) return null;
    return { value: (await response.json()) as T, etag: response.headers.get("etag") ?? "" };
  } catch {
    return UNREACHABLE;
  }
};

await start();
