// Formatting: tokens, escapes and localized formats.

const formatters = {};
const tokenNames = [];

// Registers a token with what it shows; `width` pads numbers, `ordinal` adds the token with `o`.
function token(name, read, { width = 0, ordinal } = {}) {
  const show = (m, format) => {
    const value = read(m, format);
    return width > 0 && typeof value === "number" ? pad(value, width) : String(value);
  };
  formatters[name] = show;
  tokenNames.push(name);
  if (ordinal) {
    formatters[name + "o"] = (m, format) => m.localeData().ordinal(read(m, format), ordinal);
    tokenNames.push(name + "o");
  }
}

const twelveHours = (m) => m.hours() % 12 || 12;

token("M", (m) => m.month() + 1, { ordinal: "M" });
token("MM", (m) => m.month() + 1, { width: 2 });
token("MMM", (m, format) => m.localeData().monthsShort(m, format));
token("MMMM", (m, format) => m.localeData().months(m, format));
token("Q", (m) => m.quarter(), { ordinal: "Q" });
token("D", (m) => m.date(), { ordinal: "D" });
token("DD", (m) => m.date(), { width: 2 });
token("DDD", (m) => m.dayOfYear(), { ordinal: "DDD" });
token("DDDD", (m) => m.dayOfYear(), { width: 3 });
token("d", (m) => m.day(), { ordinal: "d" });
token("dd", (m, format) => m.localeData().weekdaysMin(m, format));
token("ddd", (m, format) => m.localeData().weekdaysShort(m, format));
token("dddd", (m, format) => m.localeData().weekdays(m, format));
token("e", (m) => m.weekday());
token("E", (m) => m.isoWeekday());
token("w", (m) => m.week(), { ordinal: "w" });
token("ww", (m) => m.week(), { width: 2 });
token("W", (m) => m.isoWeek(), { ordinal: "W" });
token("WW", (m) => m.isoWeek(), { width: 2 });
token("Y", (m) => (m.year() <= 9999 ? m.year() : "+" + m.year()));
token("YY", (m) => m.year() % 100, { width: 2 });
token("YYYY", (m) => m.year(), { width: 4 });
token("YYYYY", (m) => m.year(), { width: 5 });
token("YYYYYY", (m) => pad(m.year(), 6, true));
token("gg", (m) => m.weekYear() % 100, { width: 2 });
token("gggg", (m) => m.weekYear(), { width: 4 });
token("ggggg", (m) => m.weekYear(), { width: 5 });
token("GG", (m) => m.isoWeekYear() % 100, { width: 2 });
token("GGGG", (m) => m.isoWeekYear(), { width: 4 });
token("GGGGG", (m) => m.isoWeekYear(), { width: 5 });
token("H", (m) => m.hours());
token("HH", (m) => m.hours(), { width: 2 });
token("h", twelveHours);
token("hh", twelveHours, { width: 2 });
token("k", (m) => m.hours() || 24);
token("kk", (m) => m.hours() || 24, { width: 2 });
token("hmm", (m) => twelveHours(m) + pad(m.minutes(), 2));
token("hmmss", (m) => twelveHours(m) + pad(m.minutes(), 2) + pad(m.seconds(), 2));
token("Hmm", (m) => m.hours() + pad(m.minutes(), 2));
token("Hmmss", (m) => m.hours() + pad(m.minutes(), 2) + pad(m.seconds(), 2));
token("a", (m) => m.localeData().meridiem(m.hours(), m.minutes(), true));
token("A", (m) => m.localeData().meridiem(m.hours(), m.minutes(), false));
token("m", (m) => m.minutes());
token("mm", (m) => m.minutes(), { width: 2 });
token("s", (m) => m.seconds());
token("ss", (m) => m.seconds(), { width: 2 });
for (let digits = 1; digits <= 9; digits++) {
  token("S".repeat(digits), (m) => {
    const fraction = pad(m.milliseconds(), 3);
    return fraction.padEnd(digits, "0").slice(0, digits);
  });
}
token("x", (m) => m.valueOf());
token("X", (m) => m.unix());
token("z", (m) => m.zoneAbbr());
token("zz", (m) => m.zoneName());
token("Z", (m) => offsetText(m, ":"));
token("ZZ", (m) => offsetText(m, ""));

function offsetText(m, separator) {
  const minutes = m.utcOffset();
  const size = Math.abs(minutes);
  return (minutes < 0 ? "-" : "+") + pad(Math.trunc(size / 60), 2) + separator + pad(size % 60, 2);
}

// Bracketed text, an escaped token, a token (the longest that fits), or any other character.
const longestFirst = tokenNames.sort((a, b) => b.length - a.length).join("|");
const tokenPattern = new RegExp("(\\[[^\\[]*\\])|(\\\\)?(?:" + longestFirst + "|.)", "g");
const localizedPattern = /(\[[^[]*\])|(\\)?(LTS|LT|LL?L?L?|l{1,4})/g;

const tokensOf = (format) => format.match(tokenPattern) || [];

// Replaces LT, LL, ... by what they stand for; these may hold such formats again.
function expandFormat(format, locale) {
  for (let round = 0; round < 5; round++) {
    const expanded = format.replace(localizedPattern, (found) => locale.longDateFormat(found) || found);
    if (expanded === format) {
      break;
    }
    format = expanded;
  }
  return format;
}

const unescaped = (text) => (/\[[\s\S]/.test(text) ? text.replace(/^\[|\]$/g, "") : text.replace(/\\/g, ""));

function formatMoment(m, format) {
  if (!m.isValid()) {
    return m.localeData().invalidDate();
  }
  const expanded = expandFormat(format, m.localeData());
  return tokensOf(expanded)
    .map((part) => (Object.hasOwn(formatters, part) ? formatters[part](m, expanded) : unescaped(part)))
    .join("");
}
