import type { Row } from "../panel.js";
import { ALL, PARTICIPANTS } from "./roles.js";
import { plain } from "./targets.js";

export const FILES: Row = {
  title: "Files",
  panels: [
    { title: "Bytes sent", roles: ALL, unit: "Bps", targets: plain("blockzero_blob_sent_bytes_total") },
    {
      title: "Bytes received",
      roles: PARTICIPANTS,
      unit: "Bps",
      targets: plain("blockzero_blob_received_bytes_total"),
    },
    {
      title: "Requests answered in a minute",
      roles: ALL,
      unit: "none",
      targets: [
        {
          metric: "blockzero_blob_requests_total",
          expr: "60 * rate(blockzero_blob_requests_total$[5m])",
          legend: "{{peer}}",
        },
      ],
    },
    {
      title: "Requests refused in an hour",
      roles: ALL,
      unit: "none",
      targets: plain("blockzero_blob_requests_refused_total"),
    },
    { title: "Open connections", roles: ALL, unit: "none", targets: plain("blockzero_blob_connections") },
    {
      title: "Fetches in an hour, by how they ended",
      roles: PARTICIPANTS,
      unit: "none",
      targets: plain("blockzero_blob_fetches_total"),
    },
    {
      title: "Time of a fetch, 95 of 100",
      roles: PARTICIPANTS,
      unit: "s",
      targets: plain("blockzero_blob_fetch_duration_seconds"),
    },
    {
      title: "Cache",
      roles: PARTICIPANTS,
      unit: "bytes",
      targets: plain("blockzero_cache_bytes"),
    },
    { title: "Files in the cache", roles: PARTICIPANTS, unit: "none", targets: plain("blockzero_cache_blobs") },
    {
      title: "Disk",
      roles: ALL,
      unit: "bytes",
      targets: [
        { metric: "blockzero_disk_free_bytes", legend: "free" },
        { metric: "blockzero_disk_size_bytes", legend: "size" },
      ],
    },
  ],
};
