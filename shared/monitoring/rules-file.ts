import { stringify } from "yaml";
import { ALERTS } from "./alerts.js";

/** The alert rules as Prometheus reads them. */
export const rulesFile = (): string =>
  stringify(
    {
      groups: [
        {
          name: "blockzero",
          rules: ALERTS.map(({ name, expr, for: duration, severity, summary, action }) => ({
            alert: name,
            expr,
            for: duration,
            labels: { severity },
            annotations: { summary, action },
          })),
        },
      ],
    },
    { lineWidth: 0 },
  );
