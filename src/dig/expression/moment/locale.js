// Locales: English is built in, others can be defined by a script.

const english = {
  months: "January_February_March_April_May_June_July_August_September_October_November_December".split("_"),
  monthsShort: "Jan_Feb_Mar_Apr_May_Jun_Jul_Aug_Sep_Oct_Nov_Dec".split("_"),
  weekdays: "Sunday_Monday_Tuesday_Wednesday_Thursday_Friday_Saturday".split("_"),
  weekdaysShort: "Sun_Mon_Tue_Wed_Thu_Fri_Sat".split("_"),
  weekdaysMin: "Su_Mo_Tu_We_Th_Fr_Sa".split("_"),
  week: { dow: 0, doy: 6 },
  longDateFormat: {
    LTS: "h:mm:ss A",
    LT: "h:mm A",
    L: "MM/DD/YYYY",
    LL: "MMMM D, YYYY",
    LLL: "MMMM D, YYYY h:mm A",
    LLLL: "dddd, MMMM D, YYYY h:mm A",
  },
  calendar: {
    sameDay: "[Today at] LT",
    nextDay: "[Tomorrow at] LT",
    nextWeek: "dddd [at] LT",
    lastDay: "[Yesterday at] LT",
    lastWeek: "[Last] dddd [at] LT",
    sameElse: "L",
  },
  relativeTime: {
    future: "in %s",
    past: "%s ago",
    s: "a few seconds",
    ss: "%d seconds",
    m: "a minute",
    mm: "%d minutes",
    h: "an hour",
    hh: "%d hours",
    d: "a day",
    dd: "%d days",
    M: "a month",
    MM: "%d months",
    y: "a year",
    yy: "%d years",
  },
  invalidDate: "Invalid date",
  meridiemParse: /[ap]\.?m?\.?/i,
  dayOfMonthOrdinalParse: /\d{1,2}(th|st|nd|rd)/,
  ordinal(number) {
    const teen = Math.trunc((number % 100) / 10) === 1;
    return number + ((!teen && { 1: "st", 2: "nd", 3: "rd" }[number % 10]) || "th");
  },
};

const escapeRegex = (text) => text.replace(/[-/\\^$*+?.()|[\]{}]/g, "\\$&");
const isFunction = (value) => typeof value === "function";
const isPlainObject = (value) => Object.prototype.toString.call(value) === "[object Object]";

class Locale {
  constructor(abbr, config) {
    this._abbr = abbr;
    this._config = config;
    for (const key of Object.keys(config)) {
      // A function such as `meridiem` takes the place of the method of that name; data goes beside the methods.
      this[isFunction(config[key]) && key !== "calendar" ? key : "_" + key] = config[key];
    }
  }

  months(m, format) {
    return this.nameOf(this._months, m && m.month(), /D[oD]?(?:\[[^[\]]*\]|\s)+MMMM?/.test(format || ""));
  }

  monthsShort(m, format) {
    return this.nameOf(this._monthsShort, m && m.month(), /D[oD]?(?:\[[^[\]]*\]|\s)+MMMM?/.test(format || ""));
  }

  weekdays(m, format) {
    const pattern = this._weekdays && this._weekdays.isFormat;
    return this.nameOf(this._weekdays, m && m.day(), pattern ? pattern.test(format) : false);
  }

  weekdaysShort(m) {
    return this.nameOf(this._weekdaysShort, m && m.day(), false);
  }

  weekdaysMin(m) {
    return this.nameOf(this._weekdaysMin, m && m.day(), false);
  }

  // Names are a list, or two lists for "in a date" and "on its own".
  nameOf(names, index, inDate) {
    const list = Array.isArray(names) ? names : inDate ? names.format : names.standalone;
    return index === undefined || index === null ? list : list[index];
  }

  monthsParse(name, format, strict) {
    return this.indexOfName(name, strict, format, ["MMMM", this.months()], ["MMM", this.monthsShort()]);
  }

  weekdaysParse(name, format, strict) {
    return this.indexOfName(name, strict, format, ["dddd", this.weekdays()], ["ddd", this.weekdaysShort()],
      ["dd", this.weekdaysMin()]);
  }

  // The first entry whose whole name is meant (strict, by the list of the format) or that the text begins with.
  indexOfName(name, strict, format, ...lists) {
    for (let index = 0; index < lists[0][1].length; index++) {
      for (const [token, names] of lists) {
        const exact = strict && token === format;
        const pattern = escapeRegex(names[index]).replace(/\\\./g, strict ? "\\." : ".?");
        if (exact ? new RegExp("^" + pattern + "$", "i").test(name) : !strict && new RegExp("^" + pattern, "i").test(name)) {
          return index;
        }
      }
    }
    return undefined;
  }

  week(m) {
    return weekOfYear(m.year(), m.dayOfYear(), this._week.dow, this._week.doy).week;
  }

  firstDayOfWeek() {
    return this._week.dow;
  }

  firstDayOfYear() {
    return this._week.doy;
  }

  longDateFormat(key) {
    const upper = this._longDateFormat[key.toUpperCase()];
    if (this._longDateFormat[key] || !upper) {
      return this._longDateFormat[key];
    }
    return upper.replace(/MMMM|MM|DD|dddd/g, (token) => token.slice(1));
  }

  calendar(key, m, now) {
    const format = this._calendar[key] || this._calendar.sameElse;
    return isFunction(format) ? format.call(m, now) : format;
  }

  relativeTime(number, withoutSuffix, key, isFuture) {
    const format = this._relativeTime[key];
    return isFunction(format) ? format(number, withoutSuffix, key, isFuture) : format.replace(/%d/i, number);
  }

  pastFuture(difference, text) {
    const format = this._relativeTime[difference > 0 ? "future" : "past"];
    return isFunction(format) ? format(text) : format.replace(/%s/i, text);
  }

  ordinal(number) {
    return this._ordinal.replace("%d", number);
  }

  meridiem(hours, minutes, isLower) {
    const text = hours > 11 ? "PM" : "AM";
    return isLower ? text.toLowerCase() : text;
  }

  isPM(text) {
    return (text + "").toLowerCase().charAt(0) === "p";
  }

  invalidDate() {
    return this._invalidDate;
  }

  preparse(text) {
    return text;
  }

  postformat(text) {
    return text;
  }

  set(config) {
    Object.assign(this, new Locale(this._abbr, mergedConfig(this._config, config)));
  }
}

function mergedConfig(base, config) {
  const merged = { ...base, ...config };
  for (const key of Object.keys(config)) {
    if (isPlainObject(base[key]) && isPlainObject(config[key])) {
      merged[key] = { ...base[key], ...config[key] };
    }
  }
  return merged;
}

const locales = { en: new Locale("en", english) };
let globalLocale = locales.en;

function defineLocale(name, config) {
  if (config === null) {
    delete locales[name];
    return null;
  }
  const parent = locales[config.parentLocale] || locales.en;
  locales[name] = new Locale(name, mergedConfig(parent._config, { abbr: name, ...config }));
  switchLocale(name);
  return locales[name];
}

function updateLocale(name, config) {
  if (config === null || config === undefined) {
    if (name !== "en") {
      delete locales[name];
    }
    return locales[name];
  }
  const parent = locales[name] || locales.en;
  locales[name] = new Locale(name, mergedConfig(parent._config, { abbr: name, ...config }));
  switchLocale(name);
  return locales[name];
}

// The first known locale of some names; `en-GB` stands for `en` too.
function findLocale(names) {
  for (const name of [names].flat()) {
    const parts = String(name).toLowerCase().replace(/_/g, "-").split("-");
    for (let length = parts.length; length > 0; length--) {
      const found = locales[parts.slice(0, length).join("-")];
      if (found) {
        return found;
      }
    }
  }
  return undefined;
}

function localeData(key) {
  const own = key && key._locale && key._locale._abbr ? key._locale : key;
  if (own instanceof Locale) {
    return own;
  }
  return own ? findLocale(own) || globalLocale : globalLocale;
}

function switchLocale(names, values) {
  if (names) {
    globalLocale = (values === undefined ? findLocale(names) : defineLocale(names, values)) || globalLocale;
  }
  return globalLocale._abbr;
}

// `moment.months()`, `moment.weekdays(true, 1)`, ...: all names of a list, or one.
function listNames(kind, count, args) {
  let list = [...args];
  const sorted = typeof list[0] === "boolean" ? list.shift() : false;
  const format = typeof list[0] === "number" ? undefined : list.shift();
  const index = list[0];
  const locale = localeData();
  const shift = sorted && count === 7 ? locale.firstDayOfWeek() : 0;
  const nameAt = (at) => {
    const sample = count === 12 ? utcMoment([2000, at]) : utcMoment([2000, 1]).day(floorMod(at + shift, 7));
    return locale[kind](sample, format || "");
  };
  if (index !== undefined && index !== null) {
    return nameAt(index);
  }
  return Array.from({ length: count }, (_, at) => nameAt(at));
}
