import type { Clock } from "../snapshot.js";

/** What the server says after each block: the clock, and the versions of the documents. */
export interface News {
  readonly clock: Clock;
  readonly etag: string;
  readonly history: string;
}

/** Milliseconds between two polls where there is no place on the stream, and between two tries for one. */
const POLL_MS = 5_000;
const RETRY_MS = 60_000;

export type FeedState = "live" | "polling" | "interrupted";

export interface FeedHandlers {
  readonly onNews: (news: News) => void;
  /** Called instead of `onNews` where only polling is left: the stream is closed, or the server gone. */
  readonly onPoll: () => void;
  readonly onState: (state: FeedState) => void;
}

/**
 * Follows the subnet by server-sent events, or by polling where the server has no place for another reader. A page that nobody sees follows
 * nothing: a browser has few connections to one server, and all its tabs share them.
 */
export const followServer = ({ onNews, onPoll, onState }: FeedHandlers): void => {
  let stream: EventSource | null = null;
  let polling: ReturnType<typeof setInterval> | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;

  const stop = () => {
    stream?.close();
    stream = null;
    clearInterval(polling);
    clearTimeout(retry);
    polling = undefined;
  };
  const open = () => {
    stream?.close();
    const opened = new EventSource("/api/stream");
    stream = opened;
    opened.addEventListener("block", ({ data }) => {
      clearInterval(polling);
      polling = undefined;
      onState("live");
      onNews(JSON.parse(data));
    });
    opened.addEventListener("error", () => {
      if (opened.readyState !== EventSource.CLOSED) return onState("interrupted");
      onPoll();
      polling ??= setInterval(onPoll, POLL_MS);
      retry = setTimeout(open, RETRY_MS);
    });
  };
  const followWhileSeen = () => {
    if (document.hidden) stop();
    else if (stream === null) open();
  };
  document.addEventListener("visibilitychange", followWhileSeen);
  addEventListener("pagehide", stop);
  addEventListener("pageshow", followWhileSeen);
  followWhileSeen();
};
