// Parsing by format.

const YEAR = 0, MONTH = 1, DATE = 2, HOURS = 3, MINUTES = 4, SECONDS = 5, MILLISECONDS = 6, WEEK = 7, WEEKDAY = 8;

const newFlags = () => ({
  empty: false,
  unusedTokens: [],
  unusedInput: [],
  overflow: -2,
  charsLeftOver: 0,
  nullInput: false,
  invalidMonth: null,
  invalidFormat: false,
  userInvalidated: false,
  iso: false,
  parsedDateParts: [],
  meridiem: null,
  rfc2822: false,
  weekdayMismatch: false,
});

const parsers = {};

// Registers tokens with the text they take (leniently, strictly) and what they set.
function parser(names, lenient, strict, store) {
  for (const name of [names].flat()) {
    parsers[name] = { lenient, strict: strict || lenient, store };
  }
}

const into = (index, read = whole) => (input, config) => {
  config.parts[index] = read(input);
};
const intoWeek = (key) => (input, config) => {
  config.week[key] = whole(input);
};
const twoDigitYear = (input) => whole(input) + (whole(input) > 68 ? 1900 : 2000);
// Any word; whether it is a name is seen when it is looked up.
const word = /\d{0,256}['a-z\u00A0-\uD7FF\uF900-\uFFEF]{1,256}/i;

parser("M", /\d\d?/, null, into(MONTH, (input) => whole(input) - 1));
parser("MM", /\d\d?/, /\d\d/, into(MONTH, (input) => whole(input) - 1));
parser(["MMM", "MMMM"], word, null, (input, config, name) => {
  const month = config.locale.monthsParse(input, name, config.strict);
  if (month === undefined) {
    config.flags.invalidMonth = input;
  } else {
    config.parts[MONTH] = month;
  }
});
parser("Q", /\d/, null, into(MONTH, (input) => (whole(input) - 1) * 3));
parser("D", /\d\d?/, null, into(DATE));
parser("DD", /\d\d?/, /\d\d/, into(DATE));
parser("Do",
  (config) => new RegExp(config.locale._dayOfMonthOrdinalParse.source + "|\\d{1,2}"),
  (config) => config.locale._dayOfMonthOrdinalParse,
  into(DATE, (input) => whole(input.match(/\d\d?/)[0])));
parser("DDD", /\d{1,3}/, null, (input, config) => {
  config.dayOfYear = whole(input);
});
parser("DDDD", /\d{3}/, null, (input, config) => {
  config.dayOfYear = whole(input);
});
parser("Y", /[+-]?\d+/, null, into(YEAR, (input) => parseInt(input, 10)));
parser("YY", /\d\d?/, /\d\d/, into(YEAR, twoDigitYear));
parser("YYYY", /\d{1,4}/, /\d{4}/, into(YEAR, (input) => (input.length === 2 ? twoDigitYear(input) : whole(input))));
parser(["YYYYY", "YYYYYY"], /[+-]?\d{1,6}/, /[+-]?\d{6}/, into(YEAR));
parser(["gg", "GG"], /\d\d?/, /\d\d/, (input, config, name) => {
  config.week[name] = twoDigitYear(input);
});
parser(["gggg", "GGGG"], /\d{1,4}/, /\d{4}/, (input, config, name) => {
  config.week[name.slice(0, 2)] = whole(input);
});
parser(["ggggg", "GGGGG"], /[+-]?\d{1,6}/, /[+-]?\d{6}/, (input, config, name) => {
  config.week[name.slice(0, 2)] = whole(input);
});
parser("w", /\d\d?/, null, intoWeek("w"));
parser("ww", /\d\d?/, /\d\d/, intoWeek("w"));
parser("W", /\d\d?/, null, intoWeek("W"));
parser("WW", /\d\d?/, /\d\d/, intoWeek("W"));
parser("d", /\d\d?/, null, intoWeek("d"));
parser("e", /\d\d?/, null, intoWeek("e"));
parser("E", /\d\d?/, null, intoWeek("E"));
parser(["dd", "ddd", "dddd"], word, null, (input, config, name) => {
  const weekday = config.locale.weekdaysParse(input, name, config.strict);
  if (weekday === undefined) {
    config.flags.invalidWeekday = input;
  } else {
    config.week.d = weekday;
  }
});
parser("H", /\d\d?/, null, into(HOURS));
parser("HH", /\d\d?/, /\d\d/, into(HOURS));
const twelveHour = (input, config) => {
  config.parts[HOURS] = whole(input);
  config.flags.bigHour = true;
};
parser("h", /\d\d?/, null, twelveHour);
parser("hh", /\d\d?/, /\d\d/, twelveHour);
const fromOne = into(HOURS, (input) => (whole(input) === 24 ? 0 : whole(input)));
parser("k", /\d\d?/, null, fromOne);
parser("kk", /\d\d?/, /\d\d/, fromOne);
const runTogether = (hasSeconds, big) => (input, config) => {
  const tail = hasSeconds ? 4 : 2;
  const at = input.length - tail;
  config.parts[HOURS] = whole(input.slice(0, at));
  config.parts[MINUTES] = whole(input.slice(at, at + 2));
  if (hasSeconds) {
    config.parts[SECONDS] = whole(input.slice(at + 2));
  }
  if (big) {
    config.flags.bigHour = true;
  }
};
parser("hmm", /\d\d\d\d?/, null, runTogether(false, true));
parser("hmmss", /\d{5,6}/, null, runTogether(true, true));
parser("Hmm", /\d\d\d\d?/, null, runTogether(false, false));
parser("Hmmss", /\d{5,6}/, null, runTogether(true, false));
parser(["a", "A"], (config) => config.locale._meridiemParse, null, (input, config) => {
  config.isPm = config.locale.isPM(input);
  config.flags.meridiem = input;
});
parser("m", /\d\d?/, null, into(MINUTES));
parser("mm", /\d\d?/, /\d\d/, into(MINUTES));
parser("s", /\d\d?/, null, into(SECONDS));
parser("ss", /\d\d?/, /\d\d/, into(SECONDS));
for (let digits = 1; digits <= 9; digits++) {
  const strict = digits <= 3 ? new RegExp("\\d{" + digits + "}") : null;
  parser("S".repeat(digits), digits <= 3 ? /\d{1,3}/ : /\d+/, strict, into(MILLISECONDS, (input) => whole(("0." + input) * 1000)));
}
parser("x", /[+-]?\d+/, null, (input, config) => {
  config.instant = whole(input);
});
parser("X", /[+-]?\d+(?:\.\d{1,3})?/, null, (input, config) => {
  config.instant = parseFloat(input) * 1000;
});
const shortOffset = /Z|[+-]\d\d(?::?\d\d)?/gi;
parser(["Z", "ZZ"], shortOffset, null, (input, config) => {
  config.useUtc = true;
  config.zoneMinutes = offsetIn(shortOffset, input);
});

// The minutes of the last offset in a text, null when there is none.
function offsetIn(pattern, text) {
  const found = (text || "").match(pattern);
  if (found === null) {
    return null;
  }
  const parts = found[found.length - 1].match(/[+-]|\d\d/g) || ["-", "0", "0"];
  const minutes = Number(parts[1]) * 60 + whole(parts[2]);
  return minutes === 0 ? 0 : parts[0] === "+" ? minutes : -minutes;
}

function patternOf(name, config) {
  const known = Object.hasOwn(parsers, name) ? parsers[name] : undefined;
  if (known === undefined) {
    const text = name.replace("\\", "").replace(/\\(\[)|\\(\])|\[([^\][]*)\]|\\(.)/g, (_, a, b, c, d) => a || b || c || d || "");
    return new RegExp(escapeRegex(text));
  }
  const pattern = config.strict ? known.strict : known.lenient;
  return isFunction(pattern) ? pattern(config) : pattern;
}

// Reads `config.input` by `config.format`, each token where it is first found in what is left.
function parseByFormat(config) {
  if (config.format === ISO_8601) {
    return parseIso(config);
  }
  if (config.format === RFC_2822) {
    return parseRfc2822(config);
  }
  const flags = (config.flags = newFlags());
  flags.empty = true;
  config.parts = [];
  config.week = {};
  let rest = String(config.input);
  let taken = 0;
  const length = rest.length;
  for (const name of tokensOf(expandFormat(config.format, config.locale))) {
    const found = rest.match(patternOf(name, config));
    const text = found ? found[0] : "";
    if (text) {
      const at = rest.indexOf(text);
      if (at > 0) {
        flags.unusedInput.push(rest.slice(0, at));
      }
      rest = rest.slice(at + text.length);
      taken += text.length;
    }
    if (Object.hasOwn(formatters, name)) {
      if (text) {
        flags.empty = false;
        if (Object.hasOwn(parsers, name)) {
          parsers[name].store(text, config, name);
        }
      } else {
        flags.unusedTokens.push(name);
      }
    } else if (config.strict && !text) {
      flags.unusedTokens.push(name);
    }
  }
  flags.charsLeftOver = length - taken;
  if (rest.length > 0) {
    flags.unusedInput.push(rest);
  }
  if (config.parts[HOURS] <= 12 && flags.bigHour === true && config.parts[HOURS] > 0) {
    flags.bigHour = undefined;
  }
  flags.parsedDateParts = config.parts.slice();
  config.parts[HOURS] = hourOfDay(config, config.parts[HOURS]);
  complete(config);
  checkOverflow(config);
}

function hourOfDay(config, hour) {
  if (config.flags.meridiem === null || config.flags.meridiem === undefined) {
    return hour;
  }
  if (config.isPm && hour < 12) {
    return hour + 12;
  }
  return !config.isPm && hour === 12 ? 0 : hour;
}

// Fills what was not given (larger parts from today, smaller ones with their least value) and finds the instant.
function complete(config) {
  if (config.instant !== undefined) {
    return;
  }
  const now = momentNow();
  const today = dateOf(config.useUtc ? now : now + host.offset(now));
  const current = [today.year, today.month, today.day];
  const parts = config.parts;
  const week = config.week || {};
  if (Object.keys(week).length > 0 && unset(parts[DATE]) && unset(parts[MONTH])) {
    dayFromWeek(config, week);
  }
  if (config.dayOfYear !== undefined) {
    const year = parts[YEAR] ?? current[YEAR];
    if (config.dayOfYear > daysInYear(year) || config.dayOfYear === 0) {
      config.flags.badDayOfYear = true;
    }
    const date = dateOf(wallOf(year, 0, config.dayOfYear));
    parts[MONTH] = date.month;
    parts[DATE] = date.day;
  }
  let index = 0;
  for (; index < 3 && unset(parts[index]); index++) {
    parts[index] = current[index];
  }
  for (; index < 7; index++) {
    parts[index] = unset(parts[index]) ? (index === DATE ? 1 : 0) : parts[index];
  }
  const midnight = parts[HOURS] === 24 && parts[MINUTES] === 0 && parts[SECONDS] === 0 && parts[MILLISECONDS] === 0;
  if (midnight) {
    parts[HOURS] = 0;
  }
  let wall = wallOf(...parts);
  const weekday = weekdayOf(wall);
  if (config.zoneMinutes !== undefined && config.zoneMinutes !== null) {
    wall -= config.zoneMinutes * MINUTE;
  }
  if (midnight) {
    parts[HOURS] = 24;
    wall += DAY;
  }
  config.instant = config.useUtc ? wall : host.utc(wall);
  if (week.d !== undefined && week.d !== weekday) {
    config.flags.weekdayMismatch = true;
  }
}

const unset = (value) => value === undefined || value === null;

function dayFromWeek(config, week) {
  const now = momentNow();
  const wall = now + host.offset(now);
  const today = dateOf(wall);
  const dayOfYear = floorDiv(wall, DAY) - dayNumber(today.year, 0, 1) + 1;
  const iso = !unset(week.GG) || !unset(week.W) || !unset(week.E);
  const { dow, doy } = iso ? { dow: 1, doy: 4 } : config.locale._week;
  const current = weekOfYear(today.year, dayOfYear, dow, doy);
  let year, number, weekday;
  let outside = false;
  if (iso) {
    year = week.GG ?? config.parts[YEAR] ?? current.year;
    number = week.W ?? 1;
    weekday = week.E ?? 1;
    outside = weekday < 1 || weekday > 7;
  } else {
    year = week.gg ?? config.parts[YEAR] ?? current.year;
    number = week.w ?? current.week;
    if (!unset(week.d)) {
      weekday = week.d;
      outside = weekday < 0 || weekday > 6;
    } else if (!unset(week.e)) {
      weekday = week.e + dow;
      outside = week.e < 0 || week.e > 6;
    } else {
      weekday = dow;
    }
  }
  if (number < 1 || number > weeksInYear(year, dow, doy)) {
    config.flags.badWeek = true;
  } else if (outside) {
    config.flags.badWeekday = true;
  } else {
    const day = dayOfWeekYear(year, number, weekday, dow, doy);
    config.parts[YEAR] = day.year;
    config.dayOfYear = day.dayOfYear;
  }
}

// Notes the first part that is out of its range.
function checkOverflow(config) {
  const parts = config.parts;
  if (!parts || config.flags.overflow !== -2) {
    return;
  }
  const outside = (index, from, to) => parts[index] < from || parts[index] > to;
  let overflow = -1;
  if (outside(MONTH, 0, 11)) {
    overflow = MONTH;
  } else if (outside(DATE, 1, daysInMonth(parts[YEAR], parts[MONTH]))) {
    overflow = DATE;
  } else if (outside(HOURS, 0, 24) || (parts[HOURS] === 24 && parts.slice(MINUTES, 7).some((part) => part !== 0))) {
    overflow = HOURS;
  } else if (outside(MINUTES, 0, 59)) {
    overflow = MINUTES;
  } else if (outside(SECONDS, 0, 59)) {
    overflow = SECONDS;
  } else if (outside(MILLISECONDS, 0, 999)) {
    overflow = MILLISECONDS;
  }
  if (config.flags.badDayOfYear && (overflow < YEAR || overflow > DATE)) {
    overflow = DATE;
  }
  if (config.flags.badWeek && overflow === -1) {
    overflow = WEEK;
  }
  if (config.flags.badWeekday && overflow === -1) {
    overflow = WEEKDAY;
  }
  config.flags.overflow = overflow;
}

// Of several formats the one that leaves least of the text unread.
function parseByFormats(config) {
  let best;
  let bestScore;
  for (const format of config.format) {
    const attempt = { input: config.input, format, strict: config.strict, locale: config.locale, useUtc: config.useUtc };
    parseByFormat(attempt);
    if (attempt.unknown || !isValidParse(attempt)) {
      continue;
    }
    const score = attempt.flags.charsLeftOver + attempt.flags.unusedTokens.length * 10;
    if (best === undefined || score < bestScore) {
      best = attempt;
      bestScore = score;
    }
  }
  if (config.format.length === 0) {
    config.flags = Object.assign(newFlags(), { invalidFormat: true });
    config.instant = NaN;
    return;
  }
  if (best === undefined) {
    const last = { input: config.input, format: config.format[config.format.length - 1], strict: config.strict, locale: config.locale, useUtc: config.useUtc };
    parseByFormat(last);
    best = last;
  }
  Object.assign(config, best);
}

function isValidParse(config) {
  const flags = config.flags;
  const read = flags.parsedDateParts.some((part) => !unset(part));
  const valid = !Number.isNaN(config.instant) && flags.overflow < 0 && !flags.empty && !flags.invalidMonth &&
    !flags.invalidWeekday && !flags.weekdayMismatch && !flags.nullInput && !flags.invalidFormat &&
    !flags.userInvalidated && (!flags.meridiem || read);
  if (!config.strict) {
    return valid;
  }
  return valid && flags.charsLeftOver === 0 && flags.unusedTokens.length === 0 && flags.bigHour === undefined;
}
