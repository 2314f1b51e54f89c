const MONTHS = "January February March April May June July August September October November December".split(" ");
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

const SHORT = 3;
const DAY_MS = 86_400_000;

/**
 * Python's `strftime` of midnight on one day, in English whatever the machine's language: what a chat template calls `strftime_now`.
 *
 * @param date such as 2024-07-26
 * @throws RangeError from what it gives, for a directive that it does not know
 */
export const strftimeOf = (date: string): ((format: string) => string) => {
  const day = new Date(`${date}T00:00:00Z`);
  const year = day.getUTCFullYear();
  const [month, weekday] = [MONTHS[day.getUTCMonth()]!, DAYS[day.getUTCDay()]!];
  const ofYear = Math.round((day.getTime() - Date.UTC(year, 0, 1)) / DAY_MS) + 1;
  const values: Readonly<Record<string, string>> = {
    "%": "%",
    A: weekday,
    a: weekday.slice(0, SHORT),
    B: month,
    b: month.slice(0, SHORT),
    d: padded(day.getUTCDate()),
    H: "00",
    I: "12",
    j: padded(ofYear, 3),
    M: "00",
    m: padded(day.getUTCMonth() + 1),
    p: "AM",
    S: "00",
    Y: padded(year, 4),
    y: padded(year % 100),
  };
  return (format) =>
    format.replace(/%(-?)(.?)/gsu, (directive, bare: string, name: string) => {
      if (!Object.hasOwn(values, name)) throw new RangeError(`strftime_now does not know ${directive}`);
      const value = values[name]!;
      return bare === "" ? value : value.replace(/^0+(?=\d)/, "");
    });
};

const padded = (value: number, length = 2): string => String(value).padStart(length, "0");
