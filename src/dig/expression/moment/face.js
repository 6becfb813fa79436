// What hangs on `moment` itself.

Object.assign(moment, {
  version: "2.21.0",
  fn: Moment.prototype,
  prototype: Moment.prototype,
  momentProperties: [],
  suppressDeprecationWarnings: false,
  deprecationHandler: null,
  now: () => host.now,
  utc: utcMoment,
  unix: (seconds) => moment(seconds * 1000),
  parseZone: (...args) => moment(...args).parseZone(),
  invalid: invalidMoment,
  duration,
  min: (...moments) => pick(moments, "isBefore"),
  max: (...moments) => pick(moments, "isAfter"),
  isMoment,
  isDate,
  isDuration,
  normalizeUnits,
  locale: switchLocale,
  lang: switchLocale,
  localeData,
  langData: localeData,
  locales: () => Object.keys(locales),
  defineLocale,
  updateLocale,
  months: (...args) => listNames("months", 12, args.filter((arg) => arg !== undefined)),
  monthsShort: (...args) => listNames("monthsShort", 12, args.filter((arg) => arg !== undefined)),
  weekdays: (...args) => listNames("weekdays", 7, args.filter((arg) => arg !== undefined)),
  weekdaysShort: (...args) => listNames("weekdaysShort", 7, args.filter((arg) => arg !== undefined)),
  weekdaysMin: (...args) => listNames("weekdaysMin", 7, args.filter((arg) => arg !== undefined)),
  calendarFormat: calendarKey,
  updateOffset() {},
  parseTwoDigitYear: twoDigitYear,
  defaultFormat: "YYYY-MM-DDTHH:mm:ssZ",
  defaultFormatUtc: "YYYY-MM-DDTHH:mm:ss[Z]",
  ISO_8601,
  RFC_2822,
  HTML5_FMT: {
    DATETIME_LOCAL: "YYYY-MM-DDTHH:mm",
    DATETIME_LOCAL_SECONDS: "YYYY-MM-DDTHH:mm:ss",
    DATETIME_LOCAL_MS: "YYYY-MM-DDTHH:mm:ss.SSS",
    DATE: "YYYY-MM-DD",
    TIME: "HH:mm",
    TIME_SECONDS: "HH:mm:ss",
    TIME_MS: "HH:mm:ss.SSS",
    WEEK: "YYYY-[W]WW",
    MONTH: "YYYY-MM",
  },
  createFromInputFallback(config) {
    config._config.instant = Date.parse(config._i + (config._useUTC ? " UTC" : ""));
  },
  relativeTimeRounding(rounder) {
    if (rounder === undefined) {
      return rounding;
    }
    if (!isFunction(rounder)) {
      return false;
    }
    rounding = rounder;
    return true;
  },
  relativeTimeThreshold(name, limit) {
    if (thresholds[name] === undefined) {
      return false;
    }
    if (limit === undefined) {
      return thresholds[name];
    }
    thresholds[name] = limit;
    if (name === "s") {
      thresholds.ss = limit - 1;
    }
    return true;
  },
});
moment.duration.fn = Duration.prototype;
moment.duration.invalid = () => duration(NaN);
