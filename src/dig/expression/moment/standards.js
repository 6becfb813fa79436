// Texts of ISO 8601 and RFC 2822.

// ISO 8601: dates with their formats; whether a time may follow.
const isoDates = [
  [/^[+-]\d{6}-\d\d-\d\d$/, "YYYYYY-MM-DD", true],
  [/^\d{4}-\d\d-\d\d$/, "YYYY-MM-DD", true],
  [/^\d{4}-W\d\d-\d$/, "GGGG-[W]WW-E", true],
  [/^\d{4}-W\d\d$/, "GGGG-[W]WW", false],
  [/^\d{4}-\d{3}$/, "YYYY-DDD", true],
  [/^\d{4}-\d\d$/, "YYYY-MM", false],
  [/^[+-]\d{10}$/, "YYYYYYMMDD", true],
  [/^\d{8}$/, "YYYYMMDD", true],
  [/^\d{4}W\d{3}$/, "GGGG[W]WWE", true],
  [/^\d{4}W\d\d$/, "GGGG[W]WW", false],
  [/^\d{7}$/, "YYYYDDD", true],
];
const isoTimes = [
  [/^\d\d:\d\d:\d\d\.\d+$/, "HH:mm:ss.SSSS"],
  [/^\d\d:\d\d:\d\d,\d+$/, "HH:mm:ss,SSSS"],
  [/^\d\d:\d\d:\d\d$/, "HH:mm:ss"],
  [/^\d\d:\d\d$/, "HH:mm"],
  [/^\d{6}\.\d+$/, "HHmmss.SSSS"],
  [/^\d{6},\d+$/, "HHmmss,SSSS"],
  [/^\d{6}$/, "HHmmss"],
  [/^\d{4}$/, "HHmm"],
  [/^\d\d$/, "HH"],
];
const isoShape =
  /^\s*([+-]\d{6}-\d\d-\d\d|\d{4}-(?:\d\d-\d\d|W\d\d-\d|W\d\d|\d{3}|\d\d)|[+-]\d{10}|\d{8}|\d{4}W\d{2,3}|\d{7}|\d{4})(?:([T ])(\d[\d:.,]*)([+-]\d\d(?::?\d\d)?|\s*Z)?)?$/;

// The moment format of an ISO text, or undefined.
function isoFormat(text) {
  const shape = isoShape.exec(text);
  if (!shape) {
    return undefined;
  }
  const [, datePart, separator, timePart, zonePart] = shape;
  const extended = datePart.slice(1).includes("-") || /^\d{4}$/.test(datePart);
  const date = isoDates.find(([pattern]) => pattern.test(datePart));
  if (!date) {
    return undefined;
  }
  if (timePart === undefined) {
    return date[1];
  }
  const time = isoTimes.find(([pattern]) => pattern.test(timePart));
  const mixed = time && timePart.length > 2 && time[1].includes(":") !== extended;
  if (!time || mixed || !date[2]) {
    return undefined;
  }
  return date[1] + (separator === " " ? " " : "T") + time[1] + (zonePart ? "Z" : "");
}

function parseIso(config) {
  const format = typeof config.input === "string" ? isoFormat(config.input) : undefined;
  if (format === undefined) {
    config.unknown = true;
    return;
  }
  config.format = format;
  parseByFormat(config);
  config.flags.iso = true;
}

const rfcShape =
  /^(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s)?(\d{1,2})\s(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\s(\d{2,4})\s(\d\d):(\d\d)(?::(\d\d))?\s(?:(UT|GMT|[ECMP][SD]T)|([Zz])|([+-]\d{4}))$/;
const rfcZones = { UT: 0, GMT: 0, EDT: -4, EST: -5, CDT: -5, CST: -6, MDT: -6, MST: -7, PDT: -7, PST: -8 };

function parseRfc2822(config) {
  const text = String(config.input).replace(/\([^)]*\)|[\n\t]/g, " ").replace(/(\s\s+)/g, " ").trim();
  const found = rfcShape.exec(text);
  if (!found) {
    config.unknown = true;
    return;
  }
  const [, weekday, day, month, year, hour, minute, second, zone, military, offset] = found;
  config.flags = newFlags();
  const fullYear = Number(year) + (year.length > 2 ? (year.length === 3 ? 1900 : 0) : Number(year) <= 49 ? 2000 : 1900);
  config.parts = [fullYear, english.monthsShort.indexOf(month), Number(day), Number(hour), Number(minute)];
  if (second) {
    config.parts.push(Number(second));
  }
  if (weekday && english.weekdaysShort.indexOf(weekday) !== weekdayOf(wallOf(...config.parts.slice(0, 3)))) {
    config.flags.weekdayMismatch = true;
    config.instant = NaN;
    return;
  }
  const hours = Math.trunc(Number(offset) / 100);
  config.zoneMinutes = zone ? rfcZones[zone] * 60 : military ? 0 : hours * 60 + (Number(offset) - hours * 100);
  config.useUtc = true;
  complete(config);
  checkOverflow(config);
  config.flags.rfc2822 = true;
}
